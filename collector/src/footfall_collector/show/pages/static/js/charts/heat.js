// Weekly retention: a row for each week in which instances were first seen, a column for each later week.
import { colour, el } from "../dom.js";
import { axis, base } from "./echart.js";
import { date, day, moment, number } from "../data/format.js";

// `{cohorts: [{start, size, weeks: Map(offset → {ratio, count})}], last}` from rows of cohort, offset and instances.
export function cohorts(data, config) {
  const byStart = new Map();
  let last = 0;
  for (const row of data.rows) {
    const start = row[config.cohort];
    if (!byStart.has(start)) byStart.set(start, { start, size: 0, weeks: new Map() });
    const cohort = byStart.get(start);
    const offset = row[config.offset];
    cohort.weeks.set(offset, row[config.value]);
    if (offset === 0) cohort.size = row[config.value];
    last = Math.max(last, offset);
  }
  const list = [...byStart.values()].sort((a, b) => moment(a.start) - moment(b.start));
  for (const cohort of list) if (config.size) cohort.size = data.rows.find((row) => row[config.cohort] === cohort.start)[config.size];
  return { cohorts: list.slice(-12), last: Math.min(last, 12) };
}

export function draw(host, data, config, actions) {
  const { cohorts: list, last } = cohorts(data, config);
  const offsets = Array.from({ length: last + 1 }, (_, index) => index);
  const head = el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "First seen in week of"), el("th", { scope: "col", class: "size" }, "Instances"), offsets.map((offset) => el("th", { scope: "col" }, offset === 0 ? "Week 0" : `+${offset}`))));
  const body = el("tbody", {}, list.map((cohort) => el("tr", {}, el("th", { scope: "row" }, day(moment(cohort.start))), el("td", { class: "size" }, number(cohort.size)), offsets.map((offset) => cell(cohort, offset, config, actions)))));
  host.replaceChildren(el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": config.title }, el("table", { class: "heat" }, head, body)));
}

const WEEK = 7 * 86_400_000;

function cell(cohort, offset, config, actions) {
  if (!cohort.weeks.has(offset)) return el("td", { class: "none" });
  const isOpen = moment(cohort.start) + (offset + 1) * WEEK > Math.min(config.period?.end ?? Infinity, Date.now());
  const count = cohort.weeks.get(offset);
  const ratio = cohort.size ? count / cohort.size : 0;
  // At most 60 % of the accent: the page's text stays readable on every cell in both schemes.
  const strength = Math.round(5 + ratio * 55);
  const node = el("td", { class: isOpen ? "open" : null, style: { background: `color-mix(in srgb, var(--accent) ${strength}%, var(--surface))` } }, `${Math.round(ratio * 100)} %`);
  actions.tip(node, () => ({ title: `First seen in the week of ${date(moment(cohort.start))} (UTC)`, rows: [["Week", `+${offset}`], ["Still active", `${number(count)} of ${number(cohort.size)}`], ["Share", number(ratio, "ratio")], ...(isOpen ? [["The week", "is not over"]] : [])] }));
  return node;
}

export function option(data, config, colours) {
  const { cohorts: list, last } = cohorts(data, config);
  const cells = list.flatMap((cohort, y) => [...cohort.weeks].filter(([offset]) => offset <= last).map(([offset, count]) => [offset, list.length - 1 - y, cohort.size ? count / cohort.size : 0]));
  return {
    ...base(colours),
    xAxis: axis(colours, { type: "category", data: Array.from({ length: last + 1 }, (_, n) => (n === 0 ? "Week 0" : `+${n}`)) }),
    yAxis: axis(colours, { type: "category", data: list.map((cohort) => day(moment(cohort.start))).reverse() }),
    visualMap: { show: false, min: 0, max: 1, inRange: { color: [colours.surface, colour("accent")] } },
    series: [{ type: "heatmap", data: cells, label: { show: true, formatter: ({ value }) => `${Math.round(value[2] * 100)} %` } }],
    exportHeight: 100 + list.length * 34,
  };
}
