// The menu of saved segments and views: open, filter, compare two of them, save this view, delete.
import * as api from "../data/api.ts";
import * as saved from "../data/saved.ts";
import * as segments from "../data/segments.ts";
import * as state from "../data/state.ts";
import { type Content, draw, find, html, icon, nothing, placeBelow } from "../dom.ts";
import * as share from "./share.ts";

const button = find<HTMLButtonElement>("[data-do=saved]");
const menu = find("#saved-menu");
const page = document.documentElement.dataset.name;
const announcements = find("#announcements");

export function start(): void {
  menu.addEventListener("beforetoggle", (event) => {
    if (isOpening(event)) drawMenu();
  });
  menu.addEventListener("toggle", (event) => {
    button.setAttribute("aria-expanded", String(isOpening(event)));
    if (isOpening(event)) open();
  });
  menu.addEventListener("keydown", moveFocus);
  state.onChange(show);
}

const isOpening = (event: Event) => (event as ToggleEvent).newState === "open";

// The list is asked for only when it is needed: no first visit waits for it.
async function open(): Promise<void> {
  place();
  let problem = "";
  try {
    await saved.refresh();
  } catch (error) {
    problem = api.messageOf(error);
  }
  if (!menu.matches(":popover-open")) return;
  const isTyping = menu.contains(document.activeElement) && document.activeElement?.matches("input, select");
  drawMenu(problem);
  place();
  // Who was faster than the list keeps the place.
  if (!isTyping) menu.querySelector<HTMLElement>("button, input")?.focus();
}

const place = () => placeBelow(menu, button);

export async function refresh(signal: AbortSignal): Promise<void> {
  // Without conditions the page shows none of them.
  if (state.isFixed) return;
  if (state.get("segment") || saved.conditionsHere().length) await saved.refresh(signal);
  show();
}

export function show(): void {
  const current = saved.current();
  find(".text", button).textContent = current ? current.name : "Saved";
  button.classList.toggle("set", current !== undefined);
  if (menu.contains(document.activeElement) && document.activeElement?.matches("input, select")) return;
  drawMenu();
}

function drawMenu(problem = "", replaced = ""): void {
  const list = saved.all();
  const current = saved.current();
  draw(
    menu,
    html`<p class="menu-title" id="saved-title">Saved views and segments</p>
      ${list.length ? html`<ul class="saved-list">${list.map((each) => entry(each, each === current))}</ul>` : html`<p class="menu-note">None yet.</p>`}
      ${compareForm(list)}${saveForm()}${share.form()}
      <p class="menu-note problem" role="alert" ?hidden=${!problem}>${problem}</p>
      ${replaced ? html`<button type="button" class="button small" @click=${() => store(replaced, true)}>Replace ${replaced}</button>` : nothing}`,
  );
}

function entry(each: saved.Saved, isCurrent: boolean): Content {
  const onPage = each.page ? titleOf(each.page) : "filters only";
  return html`<li>
    <button type="button" class="open" aria-current=${isCurrent ? "true" : nothing} @click=${() => apply(each)}>${each.name} <span>${onPage}</span></button>
    ${each.page && each.where.length ? html`<button type="button" class="square" aria-label="Use only the filters of ${each.name}" title="Only its filters" @click=${() => filter(each)}>${icon("filter")}</button>` : nothing}
    <button type="button" class="square" aria-label="Delete ${each.name}" title="Delete" @click=${() => remove(each)}>${icon("close")}</button>
  </li>`;
}

const linkOf = (name: string) => document.querySelector<HTMLAnchorElement>(`.nav a[data-name="${name}"]`);
const titleOf = (name: string) => linkOf(name)?.textContent?.trim() ?? name;

function apply(each: saved.Saved): void {
  if (!each.page) return filter(each);
  const query = saved.addressOf(each);
  menu.hidePopover();
  goTo(each.page, query);
}

// Shows an address here, or on the page that it is of.
function goTo(name: string, query: URLSearchParams): void {
  const path = linkOf(name)?.dataset.page;
  if (path && path !== location.pathname) location.assign(query.size ? `${path}?${query}` : path);
  else state.replaceAll(query);
}

function filter(each: saved.Saved): void {
  menu.hidePopover();
  segments.replace(saved.conditionsOf(each));
}

async function remove(each: saved.Saved): Promise<void> {
  try {
    await saved.remove(each);
    announcements.textContent = `${each.name} is deleted.`;
    show();
    drawMenu();
    menu.querySelector<HTMLElement>("button, input")?.focus();
  } catch (error) {
    drawMenu(api.messageOf(error));
  }
}

function compareForm(list: readonly saved.Saved[]): Content {
  const sides = list.filter(({ where }) => where.length);
  if (sides.length < 2) return nothing;
  const choice = (name: string, label: string, chosen: string) => html`<label><span>${label}</span>
    <select name=${name}>${sides.map((each) => html`<option ?selected=${each.name === chosen}>${each.name}</option>`)}</select></label>`;
  const first = saved.current()?.name ?? sides[0]?.name ?? "";
  const second = sides.find(({ name }) => name !== first)?.name ?? "";
  return html`<form class="compare-saved" @submit=${compare} aria-label="Compare two saved segments">
    ${choice("a", "Compare", state.get("a") || first)}${choice("b", "with", state.get("b") || second)}
    <button type="submit" class="button small">Compare</button></form>`;
}

function compare(event: SubmitEvent): void {
  event.preventDefault();
  const form = new FormData(event.currentTarget as HTMLFormElement);
  menu.hidePopover();
  // The sides say what is compared: the filters that led here would restrict both.
  const query = segments.withoutConditions();
  for (const name of ["a", "b"]) query.set(name, String(form.get(name)));
  goTo(document.getElementById("comparison") && page ? page : "overview", query);
}

const saveForm = () => html`<form class="save-view" @submit=${save} aria-label="Save this view">
    <label><span>Save this view as</span><input name="name" required maxlength="64" autocomplete="off"
      pattern="[A-Za-z0-9]([A-Za-z0-9 _.\\-]*[A-Za-z0-9_.\\-])?" title="Letters, digits, spaces, _, . and -"></label>
    <button type="submit" class="button small">Save</button></form>`;

function save(event: SubmitEvent): void {
  event.preventDefault();
  const name = String(new FormData(event.currentTarget as HTMLFormElement).get("name")).trim();
  if (saved.named(name)) drawMenu(`There is a ${name} already.`, name);
  else store(name, false);
}

async function store(name: string, replace: boolean): Promise<void> {
  try {
    // A page about one thing is the segment of that thing.
    await saved.save(name, page && linkOf(page) ? page : "", replace);
    announcements.textContent = `${name} is saved.`;
    for (const form of menu.querySelectorAll("form")) form.reset();
    menu.hidePopover();
    button.focus();
    show();
  } catch (error) {
    drawMenu(api.messageOf(error));
  }
}

// Arrow keys move between the buttons of the list.
function moveFocus(event: KeyboardEvent): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const openers = [...menu.querySelectorAll<HTMLElement>(".open")];
  const at = openers.findIndex((each) => each.parentElement?.contains(document.activeElement));
  if (!step || at < 0) return;
  event.preventDefault();
  openers[(at + step + openers.length) % openers.length]?.focus();
}
