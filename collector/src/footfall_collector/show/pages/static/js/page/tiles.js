// The four numbers on top: value, change since the previous period, and a sparkline of the days.
import { el, replaceKeepingFocus, svg } from "../dom.js";
import { compact, number, percent } from "../data/format.js";
import { listOf } from "../data/labels.js";
import { attach } from "./tooltip.js";

export function draw(host, tiles) {
  replaceKeepingFocus(host, ...tiles.map(tile));
}

function tile(item) {
  const node = el("div", { class: "tile", role: "group", "data-tile": item.id, "data-value": String(item.value ?? ""), "aria-label": item.title },
    el("h2", {}, item.title),
    el("div", { class: "value" }, ...split(compact(item.value, item.unit))),
    delta(item),
    item.standing ? el("p", { class: "standing" }, item.standing) : null,
    item.not_applied.length ? el("p", { class: "not-applied" }, `not filtered by ${listOf(item.not_applied)}`) : null,
    el("div", { class: "spark", "aria-hidden": "true" }, spark(item.spark)));
  attach(node, () => ({ title: item.meaning, rows: [["This period", number(item.value, item.unit)], ["Previous period", number(item.before, item.unit)]] }));
  return node;
}

function split(text) {
  const parts = /^(\S+)\s(\D+)$/.exec(text);
  return parts ? [parts[1], el("small", {}, parts[2])] : [text];
}

function delta({ value, before, unit, better }) {
  if (value === null || before === null || before === undefined) return el("span", { class: "delta" }, "no earlier data");
  const difference = value - before;
  const text = unit === "ratio" ? `${Math.abs(difference * 100).toFixed(1)} pp` : before === 0 ? "new" : percent(Math.abs(difference) / before);
  if (["0.0 pp", "0\u00a0%"].includes(text)) return el("span", { class: "delta" }, "no change");
  const tone = better === "none" ? "" : (difference > 0) === (better === "more") ? "good" : "bad";
  return el("span", { class: `delta ${tone}` }, el("span", { "aria-hidden": "true" }, difference > 0 ? "↑" : "↓"),
    el("span", { class: "sr-only" }, difference > 0 ? "up " : "down "), text, el("span", { class: "sr-only" }, " since the previous period"));
}

function spark(values) {
  const picture = svg("svg", { viewBox: "0 0 100 40", preserveAspectRatio: "none" });
  const known = values.map((value, index) => [index, value]).filter(([, value]) => value !== null);
  if (known.length < 3) return picture;
  const largest = Math.max(...known.map(([, value]) => value)) || 1;
  const x = (index) => ((index * 100) / (values.length - 1)).toFixed(2);
  const points = known.map(([index, value]) => `${x(index)},${(38 - (value / largest) * 32).toFixed(2)}`);
  const [first, last] = [x(known[0][0]), x(known.at(-1)[0])];
  picture.append(svg("path", { class: "area", d: `M${first},40 L${points.join(" L")} L${last},40 Z` }), svg("path", { class: "line", d: `M${points.join(" L")}` }));
  return picture;
}
