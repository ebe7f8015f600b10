// A chart's numbers as a table; a click on a heading sorts it.
import { el, replaceKeepingFocus } from "../dom.js";
import { number } from "../data/format.js";

const isNumber = (data, column) => data.rows.some((row) => typeof row[column] === "number");

export function draw(host, data, title) {
  const [sortedBy, direction] = (host.dataset.sort ?? "").split(" ");
  const rows = sortedBy ? [...data.rows].sort((a, b) => order(a[sortedBy], b[sortedBy]) * (direction === "descending" ? -1 : 1)) : data.rows;
  const head = el("tr", {}, data.columns.map((column) => heading(host, data, title, column, sortedBy, direction)));
  const body = rows.map((row) => el("tr", {}, data.columns.map((column) => cell(row[column], data, column))));
  const table = el("table", { class: "data" }, el("caption", { class: "sr-only" }, title), el("thead", {}, head), el("tbody", {}, body));
  replaceKeepingFocus(host, el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": `${title}, table` }, table));
}

function heading(host, data, title, column, sortedBy, direction) {
  const next = sortedBy === column && direction === "descending" ? "ascending" : "descending";
  const button = el("button", { type: "button", "data-key": column, onclick: () => { host.dataset.sort = `${column} ${next}`; draw(host, data, title); } },
    data.name(column), sortedBy === column ? el("span", { "aria-hidden": "true" }, direction === "descending" ? " ↓" : " ↑") : "");
  return el("th", { scope: "col", class: isNumber(data, column) ? "num" : null, "aria-sort": sortedBy === column ? direction : null }, button);
}

// `data-value` holds the exact value for programs.
function cell(value, data, column) {
  const raw = value === null || value === undefined ? "" : String(value);
  return el("td", { class: typeof value === "number" ? "num" : null, "data-value": raw }, number(value, data.unit(column)));
}

function order(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
}
