// Keyboard shortcuts, and the sheet of them that `?` opens. They can be switched off there, for who speaks to the browser.
import * as segments from "../data/segments.ts";
import { draw, find, html } from "../dom.ts";
import * as period from "./period.ts";

interface Shortcut {
  key: string;
  text: string;
  run: () => void;
}

const press = (selector: string) => document.querySelector<HTMLElement>(selector)?.click();
const rangeButtons = [...document.querySelectorAll<HTMLElement>("#filters button[data-range]")];
const RANGE_KEYS: Record<string, string> = { "1h": "h", "24h": "d", "7d": "w", "30d": "m", "90d": "q", "365d": "y" };
const links = [...document.querySelectorAll<HTMLAnchorElement>(".nav a[data-page]")];

const hasFilters = !document.querySelector("#filters.simple");
const shortcuts: Shortcut[] = [
  { key: "?", text: "Show these shortcuts", run: () => open() },
  ...links.map((link, index) => ({ key: String(index + 1), text: link.innerText.trim(), run: () => link.click() })),
  ...(hasFilters ? filtering() : []),
  { key: "p", text: "Pause the live update", run: () => press("[data-do=pause]") },
  { key: "t", text: "Change the theme", run: () => press("[data-do=theme]") },
];

function filtering(): Shortcut[] {
  const ranges = rangeButtons.flatMap((button) => {
    const key = RANGE_KEYS[button.dataset.range ?? ""];
    return key ? [{ key, text: button.title, run: () => button.click() }] : [];
  });
  return [
    ...ranges,
    { key: "[", text: "Earlier period", run: () => period.move(-1) },
    { key: "]", text: "Later period", run: () => period.move(1) },
    { key: "c", text: "Compare with the previous period", run: () => press("[data-do=compare]") },
    { key: "x", text: "Remove all filters", run: () => segments.clear() },
  ];
}

const STORED = "footfall-shortcuts";
const sheet = document.createElement("div");
sheet.className = "menu-list sheet";
sheet.popover = "auto";
sheet.setAttribute("role", "dialog");
sheet.setAttribute("aria-label", "Keyboard shortcuts");

function isOn(): boolean {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

function turn(on: boolean): void {
  try {
    localStorage.setItem(STORED, on ? "on" : "off");
  } catch {
    // A browser without storage has them on.
  }
}

export function open(): void {
  if (!sheet.isConnected) document.body.append(sheet);
  const turned = (event: Event) => turn((event.target as HTMLInputElement).checked);
  draw(
    sheet,
    html`<h2>Keyboard shortcuts</h2>
      <dl>${shortcuts.map(({ key, text }) => html`<dt><kbd>${key}</kbd></dt><dd>${text}</dd>`)}</dl>
      <label><input type="checkbox" ?checked=${isOn()} @change=${turned}>Single keys are shortcuts</label>
      <p>In a chart: ← → read its values, Enter zooms or filters. On a value: Enter filters, the menu key has more.</p>
      <button type="button" class="button small" @click=${() => sheet.hidePopover()}>Close</button>`,
  );
  sheet.showPopover();
  find<HTMLElement>(".button", sheet).focus();
}

// Typing is no shortcut, nor are the keys of an open menu. One that was closed can have the focus until the next frame.
const isBusy = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (Boolean(target.closest("input, select, textarea, [contenteditable]")) || Boolean(target.closest(":popover-open")));

export function start(): void {
  document.querySelector("[data-do=shortcuts]")?.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isBusy(event.target) || !isOn()) return;
    const shortcut = shortcuts.find(({ key }) => key === event.key);
    if (!shortcut) return;
    event.preventDefault();
    shortcut.run();
  });
}
