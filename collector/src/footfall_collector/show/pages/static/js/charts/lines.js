// Rows of a chart over time as lines: `{name, unit, values: Map(time → number)}`. Days are UTC.
import { isDay, moment } from "../data/format.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export function lines(data, config) {
  if (config.ratio) return [ratio(data, config)];
  if (!config.series) return config.values.map((column) => ({ name: data.name(column), unit: data.unit(column), values: new Map(data.rows.map((row) => [moment(row[config.x]), row[column]])) }));
  const [column] = config.values;
  const byName = new Map();
  for (const row of data.rows) {
    const name = row[config.series] ?? "not given";
    if (!byName.has(name)) byName.set(name, { name, unit: data.unit(column), values: new Map(), sum: 0 });
    const line = byName.get(name);
    line.values.set(moment(row[config.x]), row[column]);
    line.sum += row[column] ?? 0;
  }
  const ranked = [...byName.values()].sort((a, b) => b.sum - a.sum);
  const named = ranked.filter((line) => !["other", "not given"].includes(line.name));
  const top = topLines(named, config);
  const others = ranked.filter((line) => !top.includes(line));
  return others.length ? [...top, merged(others)] : top;
}

// The largest lines. Of versions the newest one is always among them, and they are in version order.
function topLines(named, { top = 6, order }) {
  if (order !== "version") return named.slice(0, top);
  const byAge = [...named].sort((a, b) => newestFirst(a.name, b.name));
  const included = new Set([...byAge.slice(0, 1), ...named].slice(0, top + 1));
  return byAge.filter((line) => included.has(line)).slice(0, top);
}

// One line of `part` / `whole`, summed over all rows of a moment; a moment whose `whole` is 0 has no value.
function ratio(data, { x, ratio: { part, whole, name } }) {
  const sums = new Map();
  for (const row of data.rows) {
    const at = moment(row[x]);
    const sum = sums.get(at) ?? { part: 0, whole: 0 };
    sums.set(at, { part: sum.part + (row[part] ?? 0), whole: sum.whole + (row[whole] ?? 0) });
  }
  const defined = [...sums].filter(([, sum]) => sum.whole);
  return { name, unit: "ratio", sums, values: new Map(defined.map(([at, sum]) => [at, sum.part / sum.whole])) };
}

function newestFirst(a, b) {
  const [[left, tag], [right, otherTag]] = [a.split("-"), b.split("-")];
  return right.localeCompare(left, "en", { numeric: true }) || Boolean(tag) - Boolean(otherTag);
}

function merged(lines) {
  const values = new Map();
  for (const line of lines) for (const [at, value] of line.values) values.set(at, (values.get(at) ?? 0) + (value ?? 0));
  return { name: lines.length > 1 ? `${lines.length} others` : lines[0].name, unit: lines[0].unit, values, other: true };
}

// All moments of the chart: days from the first row to the last; shorter steps over the whole range. A gap is a moment
// without events.
export function moments(data, config) {
  const times = data.rows.map((row) => moment(row[config.x])).sort((a, b) => a - b);
  if (!times.length) return [];
  const daily = isDay(data.rows[0][config.x]);
  const { start, end, step } = (!daily && config.period) || { start: times[0], end: times.at(-1) + 1, step: daily ? DAY : HOUR };
  const all = [];
  for (let at = Math.floor(start / step) * step; at < end; at += step) all.push(at);
  return all;
}

const shiftOf = ({ period }) => (period ? period.end - period.start : 0);

// The previous period, shifted onto this one; stacked lines become one line of their sum.
export function previousLines(data, config, times) {
  if (!data.before?.length || config.share) return [];
  const before = lines({ ...data, rows: data.before }, { ...config, top: 99 });
  const valueAt = (line, time) => line.values.get(time - shiftOf(config)) ?? (config.ratio || config.gap === "empty" ? null : 0);
  if (!config.stack) return before.map((line, index) => ({ name: `${line.name}, previous period`, unit: line.unit, index, data: times.map((time) => valueAt(line, time)) }));
  const sum = (time) => before.reduce((all, line) => all + (valueAt(line, time) ?? 0), 0);
  return [{ name: "all, previous period", unit: before[0].unit, index: -1, data: times.map(sum) }];
}
