// What a click on a value does: it filters by exactly what it says. An element stands for values if its property `pick`
// has them. With Ctrl, ⌘ or Shift the values are added to those of the filter, with Alt they are left out; the menu of
// the right button, or the menu key, has the same three.
import { valueText } from "../data/labels.ts";
import { type Condition, type How, isPicked, type Pick, pick, text, without } from "../data/segments.ts";
import { isFixed, params, replaceAll } from "../data/state.ts";
import { type Content, draw, html, nothing, pageWidth } from "../dom.ts";
import { valuesOf } from "./chips.ts";
import { links } from "./open.ts";

type Pickable = HTMLElement & { pick?: Pick };

function picked(event: Event): Pick | null {
  for (let node = event.target as Pickable | null; node; node = node.parentElement) if (node.pick) return node.pick;
  return null;
}

export function howOf(event: { altKey?: boolean; ctrlKey?: boolean; metaKey?: boolean; shiftKey?: boolean }): How {
  if (event.altKey) return "not";
  return event.ctrlKey || event.metaKey || event.shiftKey ? "also" : "only";
}

export const wordsOf = (values: Pick) => values.map(([property, value]) => valueText(property, value)).join(" · ");

const menu = document.createElement("div");
menu.className = "menu-list pick-menu";
menu.id = "pick-menu";
menu.popover = "auto";
menu.setAttribute("role", "dialog");

export function openMenu(values: Pick, x: number, y: number): void {
  if (!menu.isConnected) document.body.append(menu);
  show(values, []);
  menu.showPopover();
  place(x, y);
  menu.querySelector<HTMLElement>("button")?.focus();
  Promise.all(values.map(([property, value]) => valuesOf({ property, negated: false, values: [value] }))).then(
    (others) => show(values, others),
    () => {},
  );
}

// `others`: for each of the values those that it can be compared with, itself first.
function show(values: Pick, others: string[][]): void {
  const name = wordsOf(values);
  const entry = (how: How, title: string) => html`
    <button type="button" data-how=${how} @click=${() => {
      menu.hidePopover();
      pick(values, how);
    }}>${title}</button>`;
  menu.setAttribute("aria-label", `Filter by ${name}`);
  draw(
    menu,
    html`${entry("only", isPicked(values) ? `Don't filter by ${name}` : `Only ${name}`)}
      ${isPicked(values) ? nothing : html`${entry("also", `Also ${name}`)}${entry("not", `Not ${name}`)}`}
      ${values.map(([property, value], index) => comparer(property, value, others[index] ?? []))}
      ${links(values).map((link) => html`<a href=${link.to}>${link.name}</a>`)}`,
  );
}

// In a closed list an arrow or a letter chooses at once, and this one goes away then: it opens first.
function openList(event: KeyboardEvent): void {
  const moves = event.key.startsWith("Arrow") || ["Home", "End", "PageUp", "PageDown"].includes(event.key);
  const isLetter = event.key.length === 1 && event.key !== " ";
  if (event.altKey || event.ctrlKey || event.metaKey || !(moves || isLetter)) return;
  event.preventDefault();
  (event.currentTarget as HTMLSelectElement).showPicker();
}

// Compares what has a value with what has another one, or with all else.
function comparer(property: string, value: string, others: string[]): Content {
  const chosen = (event: Event) => {
    const other = (event.target as HTMLSelectElement).value;
    menu.hidePopover();
    const side = (condition: Partial<Condition>) => text({ property, negated: false, values: [value], ...condition });
    // A filter on the property would restrict both sides.
    const query = without(property, params());
    query.set("a", side({}));
    query.set("b", other ? side({ values: [other.slice(1)] }) : side({ negated: true }));
    replaceAll(query);
  };
  return html`<label class="compare-with">Compare ${valueText(property, value)} with
    <select @change=${chosen} @keydown=${openList}><option value="-" disabled selected>…</option><option value="">all others</option>
    ${others.filter((each) => each !== value).map((each) => html`<option value=${`=${each}`}>${valueText(property, each)}</option>`)}</select></label>`;
}

function place(x: number, y: number): void {
  const { width, height } = menu.getBoundingClientRect();
  menu.style.setProperty("left", `${Math.max(8, Math.min(x, pageWidth() - width - 8))}px`);
  menu.style.setProperty("top", `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`);
}

export function start(): void {
  if (isFixed) return;
  document.addEventListener("click", (event) => {
    const values = picked(event);
    if (values) pick(values, howOf(event));
  });
  document.addEventListener("contextmenu", (event) => {
    const values = picked(event);
    if (!values) return;
    event.preventDefault();
    const { left, bottom } = (event.target as HTMLElement).getBoundingClientRect();
    // The menu key has no pointer: its menu opens below the element.
    const byKey = event.clientX === 0 && event.clientY === 0;
    openMenu(values, byKey ? left : event.clientX, byKey ? bottom : event.clientY);
  });
}
