// The data-health page: facts, and tables of products, refusals and versions.
import * as api from "../data/api.js";
import { el } from "../dom.js";
import { number } from "../data/format.js";
import * as table from "./table.js";

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const facts = document.getElementById("facts");

export async function refresh(signal) {
  if (!facts) return;
  const health = await api.get("/api/health", undefined, signal);
  facts.replaceChildren(...health.facts.map((fact) => el("div", { class: `fact ${fact.tone}`, "data-fact": fact.id, "data-value": String(fact.value ?? "") },
    el("dt", {}, fact.title), el("dd", {}, fact.value === null ? "–" : number(fact.value, fact.unit)))));
  for (const data of health.tables) {
    const host = document.querySelector(`#panel-${data.id} .panel-body`);
    if (!data.rows.length) host.replaceChildren(el("div", { class: "state" }, el("p", {}, data.empty)));
    else table.draw(tableHost(host), byColumn(data), data.title);
  }
}

function tableHost(host) {
  if (!host.firstElementChild?.matches("[data-view=table]")) host.replaceChildren(el("div", { class: "figure", "data-view": "table" }));
  return host.firstElementChild;
}

function byColumn(data) {
  const rows = data.rows.map((row) => Object.fromEntries(data.columns.map((column, index) => [column, row[index]])));
  return { columns: data.columns, rows, name: (column) => capital(column.replaceAll("_", " ")), unit: () => "" };
}
