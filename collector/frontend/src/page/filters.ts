// The filter bar: ranges, version, provider, internal events, comparison. The address has their values.
import * as api from "../data/api.ts";
import { number } from "../data/format.ts";
import * as segments from "../data/segments.ts";
import * as state from "../data/state.ts";
import { draw, find, html, icon, nothing } from "../dom.ts";
import * as chips from "./chips.ts";
import * as period from "./period.ts";

const bar = find("#filters");
const field = <Kind extends HTMLElement>(name: string) => bar.querySelector<Kind>(`[name="${name}"]`);
const DEFAULT_RANGE = bar.dataset.range ?? "30d";
const SELECTS = ["version", "provider", "internal", "product"];
const PROPERTIES: Record<string, string> = { version: "product_version", provider: "ai_provider" };
const DAY = 86_400_000;

// Whether days are being picked; nothing is asked until they are applied.
let isPicking = false;
const range = () => state.get("range") || (state.get("start") ? "custom" : DEFAULT_RANGE);

export function start(): void {
  for (const button of bar.querySelectorAll<HTMLElement>("button[data-range]")) {
    button.addEventListener("click", () => choose(button.dataset.range ?? DEFAULT_RANGE));
  }
  for (const name of SELECTS) {
    const select = field<HTMLSelectElement>(name);
    select?.addEventListener("change", () => chosen(name, select.value));
  }
  for (const name of ["start", "end"]) {
    field(name)?.addEventListener("keydown", ({ key }) => {
      if (key === "Enter") custom();
      if (key === "Escape" && isPicking) leave();
    });
  }
  find("[data-do=apply-range]", bar).addEventListener("click", custom);
  find("[data-do=earlier]", bar).addEventListener("click", () => period.move(-1));
  find("[data-do=later]", bar).addEventListener("click", () => period.move(1));
  find("[data-do=compare]", bar).addEventListener("click", () =>
    state.set({ compare: state.get("compare") ? "" : "1" }),
  );
  find("[data-do=fold]", bar).addEventListener("click", (event) => {
    const open = bar.classList.toggle("open");
    (event.currentTarget as HTMLElement).setAttribute("aria-expanded", String(open));
  });
  document.querySelector("[data-do=sign-out]")?.addEventListener("click", signOut);
  const theme = find("[data-do=theme]");
  const showTheme = () => {
    const text = `Theme: ${globalThis.footfallTheme.chosen()}. Change it.`;
    theme.title = text;
    theme.setAttribute("aria-label", text);
  };
  theme.addEventListener("click", () => {
    globalThis.footfallTheme.toggle();
    showTheme();
    find("#announcements").textContent = theme.title;
  });
  showTheme();
  state.onChange(show);
  show();
}

function chosen(name: string, value: string): void {
  const property = PROPERTIES[name];
  if (property && value) segments.pick([[property, value]], "only");
  else if (property) segments.drop(property);
  else if (name === "product") ofProduct(value);
  else state.set({ [name]: value });
}

// Another product has other tools and other properties: no condition comes along.
function ofProduct(product: string): void {
  const query = segments.withoutConditions();
  query.set("product", product);
  state.replaceAll(query);
}

function choose(name: string): void {
  if (name !== "custom") {
    isPicking = false;
    return state.set({ range: name === DEFAULT_RANGE ? "" : name, start: "", end: "" });
  }
  isPicking = !isPicking;
  show();
  if (!isPicking) return;
  const today = new Date().toISOString().slice(0, 10);
  const week = new Date(Date.now() - 6 * DAY).toISOString().slice(0, 10);
  const days = { start: state.get("start").slice(0, 10) || week, end: state.get("end").slice(0, 10) || today };
  for (const [day, value] of Object.entries(days)) {
    const input = field<HTMLInputElement>(day);
    if (input) input.value = value;
  }
  field("start")?.focus();
}

// No day is applied; the focus goes back to where they were asked for.
function leave(): void {
  isPicking = false;
  show();
  find("button[data-range=custom]", bar).focus();
}

function custom(): void {
  const from = field<HTMLInputElement>("start")?.value;
  const to = field<HTMLInputElement>("end")?.value;
  isPicking = false;
  if (from && to) state.set({ range: "custom", start: from < to ? from : to, end: from < to ? to : from });
}

function show(): void {
  const now = range();
  for (const button of bar.querySelectorAll<HTMLElement>("button[data-range]")) {
    button.setAttribute("aria-pressed", String(button.dataset.range === now));
  }
  find(".custom-range", bar).hidden = now !== "custom" && !isPicking;
  find("#filters button[data-range=custom]", document).setAttribute(
    "aria-expanded",
    String(now === "custom" || isPicking),
  );
  for (const name of isPicking ? [] : ["start", "end"]) {
    const input = field<HTMLInputElement>(name);
    if (input) input.value = state.get(name).slice(0, 10);
  }
  for (const name of SELECTS) showValue(name);
  find("[data-do=compare]", bar).setAttribute("aria-pressed", String(Boolean(state.get("compare"))));
  chips.draw();
}

function showValue(name: string): void {
  const select = field<HTMLSelectElement>(name);
  if (!select) return;
  const value = state.get(name);
  if (value && ![...select.options].some((option) => option.value === value)) select.add(new Option(value, value));
  select.value = value || (select.options[0]?.value ?? "");
  select.closest(".field")?.classList.toggle("set", Boolean(value) && name !== "product");
}

export async function options(signal: AbortSignal): Promise<void> {
  if (state.isFixed) return;
  type Options = { versions: string[]; providers: string[]; products: string[] };
  const values = await api.get<Options>("/api/options", state.query(), signal);
  fill("version", "All versions", values.versions);
  fill("provider", "All providers", values.providers);
  fill("product", null, values.products);
  const product = field("product")?.closest<HTMLElement>(".field");
  if (product) product.hidden = values.products.length < 2;
  show();
  // A phone has the menu folded: which product the numbers are of stands on what unfolds it.
  find("[data-do=fold] .product", bar).textContent = product?.hidden
    ? ""
    : ` · ${field<HTMLSelectElement>("product")?.value}`;
}

function fill(name: string, all: string | null, values: string[]): void {
  const select = field<HTMLSelectElement>(name);
  if (!select) return;
  const list = values.map((value) => [value, value]);
  if (all) list.unshift(["", all]);
  const isSame =
    list.length === select.options.length && list.every(([value], index) => select.options[index]?.value === value);
  if (!isSame) select.replaceChildren(...list.map(([value, text]) => new Option(text, value)));
}

// "1,234 internal events hidden · show": tells that the numbers are not of all events.
export function showHidden(count: number): void {
  const place = find("#hidden-internal");
  const mode = state.get("internal") || "hide";
  place.hidden = mode === "hide" && !count;
  const hides = mode === "hide";
  const events = `${number(count)} internal ${count === 1 ? "event" : "events"} hidden`;
  const text = hides ? events : mode === "only" ? "Only internal events are shown" : "Internal events are included";
  draw(
    place,
    html`${icon(hides ? "eye-off" : "eye")}${text}${
      state.isFixed
        ? nothing
        : html` · <button type="button"
      aria-label=${hides ? "Show internal events" : "Hide internal events"}
      @click=${() => state.set({ internal: hides ? "all" : "" })}>${hides ? "show" : "hide"}</button>`
    }`,
  );
}

// By script, because a form of this page would send no referrer, and the collector checks the origin.
async function signOut(): Promise<void> {
  const answer = await fetch(api.address("/sign-out"), { method: "POST", credentials: "same-origin" }).catch(
    () => null,
  );
  if (answer?.ok) location.assign(api.address("/sign-in"));
  else find("#announcements").textContent = "The collector did not answer; you are still signed in.";
}
