// A chip for each filter by values. Its text opens an editor of the values; its cross removes the filter.
import * as api from "../data/api.ts";
import { labelOf, valueText } from "../data/labels.ts";
import * as segments from "../data/segments.ts";
import * as state from "../data/state.ts";
import type { ChartAnswer } from "../data/types.ts";
import { find, html, icon, nothing, placeBelow, draw as render } from "../dom.ts";
import { links } from "./open.ts";

// The bar's menus show a single version and a single provider. A phone has the menus folded, and shows chips of them too.
const isInBar = ({ property, negated, values }: segments.Condition) =>
  ["product_version", "ai_provider"].includes(property) && !negated && values.length === 1 && values[0] !== "";

const nameOf = ({ property }: segments.Condition) => labelOf(segments.parameterOf(property) ?? property);

export function words(condition: segments.Condition): string {
  const values = condition.values.map((value) => valueText(condition.property, value)).join(" or ");
  return `${nameOf(condition)}${condition.negated ? " is not" : ":"} ${values}`;
}

export function draw(): void {
  // The head of a read-only link's page says them.
  if (state.isFixed) return;
  const named = state.get("segment");
  const host = find("#chips");
  const hadFocus = host.contains(document.activeElement);
  render(host, [named ? savedChip(named) : nothing, ...segments.conditions().map(chip)]);
  // Who removes a filter by a key stays among the filters.
  const next = host.querySelector<HTMLElement>("button") ?? document.querySelector<HTMLElement>("[data-do=explain]");
  if (hadFocus && !host.contains(document.activeElement)) next?.focus();
}

// The address follows a saved segment by its name.
const savedChip = (name: string) => html`
  <li class="pill chip"><span class="text">saved segment: ${name}</span
    ><button type="button" class="cross" aria-label="Remove the saved segment ${name}"
    @click=${() => state.set({ segment: "" })}>${icon("close")}</button></li>`;

const chip = (condition: segments.Condition) => html`
  <li class="pill chip ${isInBar(condition) ? "if-folded" : ""}"><button type="button" class="text" aria-haspopup="dialog" aria-label="Edit the filter ${words(condition)}"
    @click=${(event: Event) => edit(condition, event.currentTarget as HTMLElement)}>${words(condition)}</button
    ><button type="button" class="cross" aria-label="Remove the filter ${words(condition)}"
    @click=${() => segments.remove(condition)}>${icon("close")}</button></li>`;

const editor = document.createElement("div");
editor.className = "menu-list editor";
editor.popover = "auto";
editor.setAttribute("role", "dialog");

// Opens the editor below a chip: is or is not, and a tick for each value.
function edit(condition: segments.Condition, chip: HTMLElement): void {
  if (!editor.isConnected) document.body.append(editor);
  show(condition, [...condition.values]);
  editor.setAttribute("aria-label", `Filter by ${nameOf(condition)}`);
  editor.showPopover();
  placeBelow(editor, chip);
  editor.querySelector<HTMLElement>("input")?.focus();
  valuesOf(condition).then(
    (values) => {
      show(condition, values);
      placeBelow(editor, chip);
    },
    () => {},
  );
}

// Those of the condition first, then all others by frequency.
export async function valuesOf(condition: segments.Condition): Promise<string[]> {
  const query = new URLSearchParams({ by: condition.property });
  for (const name of ["product", "range", "start", "end", "internal"]) {
    const value = state.query().get(name);
    if (value) query.set(name, value);
  }
  const { rows } = await api.get<ChartAnswer>("/api/ask", query);
  return [...new Set([...condition.values, ...rows.map(([value]) => (value === null ? "" : String(value)))])];
}

function show(condition: segments.Condition, values: string[]): void {
  const relation = (value: string, text: string, checked: boolean) =>
    html`<label><input type="radio" name="relation" value=${value} ?checked=${checked}>${text}</label>`;
  const option = (value: string) => html`<label><input type="checkbox" name="value" value=${value}
    ?checked=${condition.values.includes(value)}>${valueText(condition.property, value)}</label>`;
  render(
    editor,
    html`<form @submit=${(event: SubmitEvent) => apply(condition, event)}><fieldset class="relation"><legend>${nameOf(condition)}</legend>
        ${relation("is", "is", !condition.negated)}${relation("is_not", "is not", condition.negated)}</fieldset>
      <fieldset class="values"><legend class="sr-only">Values</legend>${values.map(option)}</fieldset>
      <button class="button small" type="submit">Apply</button>
      ${links(condition.values.map((value) => [condition.property, value] as const)).map((link) => html`<a href=${link.to}>${link.name}</a>`)}</form>`,
  );
}

function apply(condition: segments.Condition, event: SubmitEvent): void {
  event.preventDefault();
  const form = new FormData(event.currentTarget as HTMLFormElement);
  editor.hidePopover();
  const values = form.getAll("value").map(String);
  segments.change(condition, { ...condition, negated: form.get("relation") === "is_not", values });
}
