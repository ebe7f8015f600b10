// A chart's numbers as a table; a click on a heading sorts it.

import { number, plainDates } from "../data/format.ts";
import { valueText } from "../data/labels.ts";
import type { Cell, ChartData, Row } from "../data/types.ts";
import { breakable, type Content, html, nothing, draw as render, wholeRanges } from "../dom.ts";
import { linked } from "./open.ts";

type Direction = "ascending" | "descending";
// A narrow panel shows a row of so many columns as a list.
const MANY = 5;

interface Sort {
  column: string;
  direction: Direction;
}

const sorts = new WeakMap<HTMLElement, Sort>();

export function draw(host: HTMLElement, data: ChartData, title: string): void {
  const sort = sorts.get(host);
  const sortBy = (column: string) => {
    const direction = sort?.column === column && sort.direction === "descending" ? "ascending" : "descending";
    sorts.set(host, { column, direction });
    draw(host, data, title);
  };
  render(
    host,
    html`<div class="scroll" tabindex="0" role="group" aria-label="${title}, table">
      <table class="data ${data.columns.length >= MANY ? "many" : ""}">
        <caption class="sr-only">${title}</caption>
        <thead><tr>${data.columns.map((column) => heading(data, column, sort, sortBy))}</tr></thead>
        <tbody>${sorted(data, sort).map((row) => html`<tr>${data.columns.map((name) => cell(row, name, data))}</tr>`)}</tbody>
      </table>
    </div>`,
  );
}

function sorted(data: ChartData, sort?: Sort): Row[] {
  if (!sort) return data.rows;
  const sign = sort.direction === "descending" ? -1 : 1;
  return [...data.rows].sort((a, b) => sign * order(a[sort.column], b[sort.column]));
}

function heading(data: ChartData, column: string, sort: Sort | undefined, sortBy: (column: string) => void) {
  const direction = sort?.column === column ? sort.direction : null;
  const arrow = html`<span aria-hidden="true">${direction === "descending" ? " ↓" : " ↑"}</span>`;
  const isNumber = data.rows.some((row) => typeof row[column] === "number");
  return html`<th scope="col" class=${isNumber ? "num" : nothing} aria-sort=${direction ?? nothing}
    ><button type="button" @click=${() => sortBy(column)}>${data.name(column)}${direction ? arrow : nothing}</button></th>`;
}

// `data-value` holds the exact value for programs.
const cell = (row: Row, column: string, data: ChartData) =>
  html`<td class=${typeof row[column] === "number" ? "num" : nothing} data-value=${String(row[column] ?? "")} data-label=${data.name(column)}
    ><span>${shown(row, column, data)}</span></td>`;

// Columns of pairs, whose values are tools.
const TOOLS = new Set(["next_tool", "with_tool"]);

const DATED = /^\d{4}-\d\d-\d\d([T ]|$)/;

function shown(row: Row, column: string, data: ChartData): Content {
  const value = row[column];
  if (column === "event" || value === "other") return valueText(column, value);
  const words = number(value, data.unit(column));
  // A version or a text of an alert can have days in it; only a cell that begins with one is a day.
  const ranged = wholeRanges(DATED.test(words) ? plainDates(words) : words);
  const text = ranged === words ? breakable(words) : ranged;
  const to = data.leadsTo?.(row, column);
  return to ? html`<a class="thing" href=${to}>${text}</a>` : linked(TOOLS.has(column) ? "tool" : column, value, text);
}

function order(a: Cell | undefined, b: Cell | undefined): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
