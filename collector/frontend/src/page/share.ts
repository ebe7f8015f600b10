// The form of the saved menu that makes a read-only link to this page, under its filters and its period, and copies it.
import * as api from "../data/api.ts";
import { date, moment } from "../data/format.ts";
import * as segments from "../data/segments.ts";
import * as state from "../data/state.ts";
import { type Content, draw, find, html, nothing } from "../dom.ts";

const { share: page, frames } = document.getElementById("saved-menu")?.dataset ?? {};
const ENDS: [string, string][] = [
  ["1", "tomorrow"],
  ["7", "in 7 days"],
  ["30", "in 30 days"],
  ["90", "in 90 days"],
  ["365", "in a year"],
];

interface Made {
  path: string;
  ends: string;
}

export const form = (): Content =>
  page
    ? html`<form class="share-view" @submit=${make} aria-label="Share this view">
    <label><span>Read-only link that ends</span>
      <select name="days">${ENDS.map(([days, text]) => html`<option value=${days} ?selected=${days === "7"}>${text}</option>`)}</select></label>
    ${frames === undefined ? nothing : what()}
    <label><span>Password, if any</span><input name="password" type="password" minlength="8" maxlength="200" autocomplete="new-password"></label>
    <button type="submit" class="button small">Copy a link</button>
    <p class="menu-note shared" role="status"></p></form>`
    : nothing;

// Where the collector names sites that may show panels: the page, or one of its panels for a frame there.
function what(): Content {
  const panels = [...document.querySelectorAll<HTMLElement>("[data-panel]")].filter((each) => !each.closest("#events"));
  const option = (panel: HTMLElement) =>
    html`<option value=${panel.id.replace("panel-", "")}>${find("h2", panel).textContent}, in a frame</option>`;
  return html`<label><span>Shows</span><select name="panel"><option value="">this page</option>${panels.map(option)}</select></label>`;
}

async function make(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  const place = find(".shared", form);
  const chosen = new FormData(form);
  // The collector writes the conditions out; on several products the address may not name the one that it shows.
  const query = state.params();
  if (!query.get("product")) query.set("product", state.product());
  const panel = String(chosen.get("panel") ?? "");
  const body = {
    page,
    panel,
    query: String(query),
    days: Number(chosen.get("days")),
    password: String(chosen.get("password")),
  };
  try {
    const { path, ends } = await api.made<Made>("/api/links", body);
    const address = panel ? frame(`${location.origin}${path}`, panel) : `${location.origin}${path}${looks()}`;
    const isCopied = await copied(address);
    draw(
      place,
      html`<label><span>${isCopied ? "Copied; it ends on" : "Copy it; it ends on"} ${date(moment(ends))}</span>
        <input readonly value=${address} @focus=${(focus: Event) => (focus.target as HTMLInputElement).select()}></label>`,
    );
    find<HTMLInputElement>("input", place).focus();
  } catch (error) {
    draw(place, html`<span class="problem">${api.messageOf(error)}</span>`);
  }
}

function frame(address: string, panel: string): string {
  const title = find("h2", find(`#panel-${panel}`)).textContent ?? panel;
  return Object.assign(document.createElement("iframe"), { src: address, title, width: "700", height: "420" })
    .outerHTML;
}

// What is chosen beside the conditions, such as the main chart.
function looks(): string {
  const query = segments.withoutConditions();
  for (const name of [...query.keys()]) if (!state.LOOKS.includes(name)) query.delete(name);
  return query.size ? `?${query}` : "";
}

// Browsers give the clipboard to pages over TLS and on loopback only.
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
