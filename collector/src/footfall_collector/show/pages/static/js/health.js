// The data-health page: what came in, what was refused and why, how far behind the store is.
import * as api from "./api.js";
import { el } from "./dom.js";
import { number } from "./format.js";
import * as table from "./table.js";

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const facts = document.getElementById("facts");

export async function refresh(signal) {
  if (!facts) return;
  const found = await api.get("/api/health", undefined, signal);
  facts.replaceChildren(...found.facts.map((fact) => el("div", { class: `fact ${fact.tone}`, "data-fact": fact.id, "data-value": String(fact.value ?? "") },
    el("dt", {}, fact.title), el("dd", {}, fact.value === null ? "–" : number(fact.value, fact.unit)))));
  for (const part of found.tables) {
    const host = document.querySelector(`#panel-${part.id} .panel-body`);
    if (!part.rows.length) host.replaceChildren(el("div", { class: "state" }, el("p", {}, part.empty)));
    else table.draw(inner(host), dataOf(part), part.title);
  }
}

function inner(host) {
  if (!host.firstElementChild?.matches("[data-view=table]")) host.replaceChildren(el("div", { class: "figure", "data-view": "table" }));
  return host.firstElementChild;
}

function dataOf(part) {
  const rows = part.rows.map((row) => Object.fromEntries(part.columns.map((column, index) => [column, row[index]])));
  return { columns: part.columns, rows, name: (column) => capital(column.replaceAll("_", " ")), unit: () => "" };
}
