// A ranked list: the label on its bar, the numbers next to it. A click on a label filters the page by it.
import { el } from "../dom.js";
import { axis, base } from "./echart.js";
import { number, percent, tick } from "../data/format.js";
import { get } from "../data/state.js";

const SHOWN = 8;

// Properties that the events don't carry are left out.
const labelOf = (row, config) => config.label.map((column) => row[column]).filter((part) => part !== null && part !== undefined).join(" · ") || "not given";

export function draw(host, data, config, actions) {
  const limit = config.limit ?? SHOWN;
  const rows = data.rows;
  const largest = Math.max(...rows.map((row) => row[config.value] ?? 0), Number.MIN_VALUE);
  const all = host.dataset.all === "yes" || rows.length <= limit + 1;
  const shown = all ? rows : rows.slice(0, limit);
  const table = el("table", { class: `bars ${config.tone ?? ""}` }, columns(config, data), head(data, config), el("tbody", {}, shown.map((row) => line(row, largest, data, config, actions))));
  const others = rows.length - limit;
  const more = rows.length > limit + 1 && el("button", {
    class: "button quiet small more", type: "button", "data-key": "more", "aria-expanded": String(all),
    onclick: () => { host.dataset.all = all ? "" : "yes"; draw(host, data, config, actions); },
  }, all ? "Show fewer" : `Show ${others} more`);
  host.replaceChildren(table, more || "");
}

// Columns that a narrow screen leaves out; the table has them.
const wideOnly = (config, index) => (index > (config.label.length > 1 ? 0 : 1) ? "wide-only" : null);

function columns(config, data) {
  return el("colgroup", {}, el("col", {}), config.numbers.map((column, index) => el("col", { class: wideOnly(config, index), style: { width: config.widths?.[column] ?? "82px" } })),
    data.before && el("col", { style: { width: "84px" } }));
}

function head(data, config) {
  const names = config.label.map((column) => data.name(column)).join(" · ");
  return el("thead", {}, el("tr", {}, el("th", { scope: "col" }, names),
    config.numbers.map((column, index) => el("th", { scope: "col", class: wideOnly(config, index) }, data.name(column))),
    data.before && el("th", { scope: "col" }, "Change")));
}

function line(row, largest, data, config, actions) {
  const text = labelOf(row, config);
  const fill = el("span", { class: "fill", style: { width: `${(100 * (row[config.value] ?? 0)) / largest}%` } });
  const name = el("span", { class: "name" }, text);
  const column = config.filter?.column;
  const filterable = column && row[column] !== null && row[column] !== undefined;
  const active = filterable && get(config.filter.param) === String(row[column]);
  const cell = filterable && !active
    ? el("button", { class: "bar-row", type: "button", "data-key": text, "aria-label": `${text}: filter by it`, onclick: () => actions.filter(config.filter.param, row[column]) }, fill, name)
    : el("div", { class: "bar-row" }, fill, name);
  const cells = config.numbers.map((name, index) => el("td", { class: `num ${name === config.value ? "" : "soft"} ${wideOnly(config, index) ?? ""}` }, number(row[name], data.unit(name))));
  const was = previousValue(data, config, row);
  const entry = el("tr", { class: row[column] === "other" ? "dim" : null }, el("td", {}, cell), cells, data.before && el("td", {}, change(row[config.value], was, data.unit(config.value), config.tone)));
  actions.tip(entry, () => ({ title: text, rows: [
    ...data.columns.filter((c) => !config.label.includes(c)).map((c) => [data.name(c), number(row[c], data.unit(c))]),
    ...(data.before ? [[`${data.name(config.value)}, previous period`, number(was, data.unit(config.value))]] : []),
  ] }));
  return entry;
}

// The value of the same label in the previous period; 0 where that has none.
function previousValue(data, config, row) {
  if (!data.before) return null;
  return data.before.find((other) => config.label.every((column) => other[column] === row[column]))?.[config.value] ?? 0;
}

function change(now, was, unit, tone) {
  if (!was) return el("span", { class: "delta" }, "new");
  const up = now > was;
  const text = unit === "ratio" ? `${Math.abs((now - was) * 100).toFixed(1)} pp` : percent(Math.abs(now / was - 1));
  if (now === was) return el("span", { class: "delta" }, "same");
  return el("span", { class: `delta ${tone === "bad" ? (up ? "bad" : "good") : ""}` }, el("span", { "aria-hidden": "true" }, up ? "↑" : "↓"), el("span", { class: "sr-only" }, up ? "up " : "down "), text);
}

export function option(data, config, colours) {
  const rows = data.rows.slice(0, 20).reverse();
  const unit = data.unit(config.value);
  return {
    ...base(colours),
    xAxis: axis(colours, { type: "value", axisLabel: { color: colours.muted, formatter: (value) => tick(value, unit) } }),
    yAxis: axis(colours, { type: "category", data: rows.map((row) => labelOf(row, config)), axisLabel: { color: colours.text, width: 220, overflow: "truncate" } }),
    series: [{
      type: "bar", barMaxWidth: 22, itemStyle: { color: config.tone === "bad" ? colours.bad : colours.accent, borderRadius: [0, 4, 4, 0] },
      label: { show: true, position: "right", color: colours.text, formatter: ({ value }) => number(value, unit) },
      data: rows.map((row) => row[config.value]),
    }],
    exportHeight: 90 + rows.length * 30,
  };
}
