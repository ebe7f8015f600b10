// The data-health page: facts, and tables of products, refusals and versions.
import * as api from "../data/api.ts";
import { capital, number, plainDates } from "../data/format.ts";
import * as things from "../data/things.ts";
import type { Cell, ChartData } from "../data/types.ts";
import { draw, find, html } from "../dom.ts";
import * as table from "./table.ts";

interface Fact {
  id: string;
  title: string;
  value: Cell;
  unit: string;
  tone: string;
}
interface HealthTable {
  id: string;
  title: string;
  empty: string;
  columns: string[];
  rows: Cell[][];
}

// What the API calls events without a version.
const NO_VERSION = "not given";
const facts = document.getElementById("facts");

export async function refresh(signal: AbortSignal): Promise<void> {
  if (!facts) return;
  const health = await api.get<{ facts: Fact[]; tables: HealthTable[] }>("/api/health", undefined, signal);
  draw(facts, health.facts.map(fact));
  for (const data of health.tables) {
    const body = find(`#panel-${data.id} .panel-body`);
    const empty = html`<div class="state"><p>${data.empty}</p></div>`;
    draw(body, data.rows.length ? html`<div class="figure" data-view="table"></div>` : empty);
    if (data.rows.length) table.draw(find("[data-view=table]", body), byColumn(data), data.title);
  }
}

const fact = ({ id, title, value, unit, tone }: Fact) => html`
  <div class="fact ${tone}" data-fact=${id} data-value=${String(value ?? "")}>
    <dt>${title}</dt><dd>${plainDates(number(value, unit))}</dd>
  </div>`;

function byColumn({ columns, rows }: HealthTable): ChartData {
  return {
    columns,
    rows: rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null]))),
    name: (column) => capital(column.replaceAll("_", " ")),
    unit: () => "",
    leadsTo: ({ version, product }, column) =>
      column === "version" && version !== NO_VERSION
        ? things.address("product_version", version, String(product))
        : null,
  };
}
