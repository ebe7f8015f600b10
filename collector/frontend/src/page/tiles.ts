// The four numbers on top: value, change since the previous period, and a sparkline of the days.

import { compact, number, percent } from "../data/format.ts";
import { listOf } from "../data/labels.ts";
import * as state from "../data/state.ts";
import type { TileAnswer } from "../data/types.ts";
import { type Content, html, nothing, draw as render, svg } from "../dom.ts";
import { isChart, isChosen } from "./main_chart.ts";

export function draw(host: HTMLElement, tiles: TileAnswer[]): void {
  render(host, tiles.map(tile));
}

// On a page with a main chart, a tile with a chart of its own is a button that chooses it.
function heading({ id, title }: TileAnswer): Content {
  if (!isChart(id)) return title;
  return html`<button type="button" class="choose" aria-pressed=${String(isChosen(id))} title="Show it in the chart"
    @click=${() => state.set({ chart: id })}>${title}</button>`;
}

const tip = (item: TileAnswer) => ({
  title: item.meaning,
  rows: [
    ["This period", number(item.value, item.unit)],
    ...(item.ended === null ? [] : ([["Its days that are over", number(item.ended, item.unit)]] as const)),
    [item.ended === null ? "Previous period" : "The same days before", number(item.before, item.unit)] as const,
  ],
});

const tile = (item: TileAnswer) => html`
  <div class="tile" role="group" data-tile=${item.id} data-value=${String(item.value ?? "")} aria-label=${item.title}
    .tip=${() => tip(item)}>
    <h2>${heading(item)}</h2>
    <div class="value">${split(compact(item.value, item.unit))}</div>
    ${delta(item)}
    ${item.standing ? html`<p class="standing">${item.standing}</p>` : nothing}
    ${item.not_applied.length ? html`<p class="not-applied">not filtered by ${listOf(item.not_applied)}</p>` : nothing}
    <div class="spark" aria-hidden="true">${spark(item.spark)}</div>
  </div>`;

function split(text: string): Content {
  const [, value, unit] = /^(\S+)\s(\D+)$/.exec(text) ?? [];
  return unit ? html`${value}<small>${unit}</small>` : text;
}

function delta({ value: whole, ended, before, unit, better }: TileAnswer): Content {
  const value = ended ?? whole;
  if (value === null || before === null) return html`<span class="delta">no earlier data</span>`;
  const difference = value - before;
  const text = size(difference, before, unit);
  if (["0.0\u00a0points", "0\u00a0%"].includes(text)) return html`<span class="delta">no change</span>`;
  const tone = better === "none" ? "" : difference > 0 === (better === "more") ? "good" : "bad";
  const up = difference > 0;
  return html`<span class="delta ${tone}"><span aria-hidden="true">${up ? "↑" : "↓"}</span
    ><span class="sr-only">${up ? "up " : "down "}</span>${text}<span class="sr-only"> since the previous period</span></span>`;
}

function size(difference: number, before: number, unit: string): string {
  if (unit === "ratio") return `${Math.abs(difference * 100).toFixed(1)}\u00a0points`;
  return before === 0 ? "new" : percent(Math.abs(difference) / before);
}

function spark(values: (number | null)[]): Content {
  const known = values.flatMap((value, index) => (value === null ? [] : [{ index, value }]));
  const [first, last] = [known.at(0), known.at(-1)];
  if (known.length < 3 || !first || !last) return html`<svg viewBox="0 0 100 40" preserveAspectRatio="none"></svg>`;
  const largest = Math.max(...known.map(({ value }) => value)) || 1;
  const x = (index: number) => ((index * 100) / (values.length - 1)).toFixed(2);
  const points = known.map(({ index, value }) => `${x(index)},${(38 - (value / largest) * 32).toFixed(2)}`).join(" L");
  const area = `M${x(first.index)},40 L${points} L${x(last.index)},40 Z`;
  return html`<svg viewBox="0 0 100 40" preserveAspectRatio="none">
    ${svg`<path class="area" d=${area}></path><path class="line" d=${`M${points}`}></path>`}</svg>`;
}
