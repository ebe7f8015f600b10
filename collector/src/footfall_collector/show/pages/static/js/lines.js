// Rows of a chart over time as lines: `{name, unit, values: Map(time → number)}`. Days are UTC.
import { isDay, moment } from "./format.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export function lines(data, config) {
  if (config.ratio) return [ratio(data, config)];
  if (!config.series) return config.values.map((column) => ({ name: data.name(column), unit: data.unit(column), values: new Map(data.rows.map((row) => [moment(row[config.x]), row[column]])) }));
  const [column] = config.values;
  const found = new Map();
  for (const row of data.rows) {
    const name = row[config.series] ?? "not given";
    if (!found.has(name)) found.set(name, { name, unit: data.unit(column), values: new Map(), sum: 0 });
    const line = found.get(name);
    line.values.set(moment(row[config.x]), row[column]);
    line.sum += row[column] ?? 0;
  }
  const ranked = [...found.values()].sort((a, b) => b.sum - a.sum);
  const named = ranked.filter((line) => !["other", "not given"].includes(line.name));
  const top = chosen(named, config);
  const rest = ranked.filter((line) => !top.includes(line));
  return rest.length ? [...top, together(rest)] : top;
}

// The largest few; of versions the newest one in any case, and all in their order.
function chosen(named, { top = 6, order }) {
  if (order !== "version") return named.slice(0, top);
  const byAge = [...named].sort((a, b) => newestFirst(a.name, b.name));
  const kept = new Set([...byAge.slice(0, 1), ...named].slice(0, top + 1));
  return byAge.filter((line) => kept.has(line)).slice(0, top);
}

// One line of `part` by `whole`, summed over all rows of a moment; a moment on which nothing was tried has no value.
function ratio(data, { x, ratio: { part, whole, name } }) {
  const sums = new Map();
  for (const row of data.rows) {
    const at = moment(row[x]);
    const sum = sums.get(at) ?? { part: 0, whole: 0 };
    sums.set(at, { part: sum.part + (row[part] ?? 0), whole: sum.whole + (row[whole] ?? 0) });
  }
  const tried = [...sums].filter(([, sum]) => sum.whole);
  return { name, unit: "ratio", sums, values: new Map(tried.map(([at, sum]) => [at, sum.part / sum.whole])) };
}

function newestFirst(a, b) {
  const [[left, tag], [right, otherTag]] = [a.split("-"), b.split("-")];
  return right.localeCompare(left, "en", { numeric: true }) || Boolean(tag) - Boolean(otherTag);
}

function together(rest) {
  const values = new Map();
  for (const line of rest) for (const [at, value] of line.values) values.set(at, (values.get(at) ?? 0) + (value ?? 0));
  return { name: rest.length > 1 ? `${rest.length} others` : rest[0].name, unit: rest[0].unit, values, other: true };
}

// Every moment: of days from the first that has a row to the last, of shorter steps those of the whole range. Gaps are
// days on which nothing came.
export function moments(data, config) {
  const seen = data.rows.map((row) => moment(row[config.x])).sort((a, b) => a - b);
  if (!seen.length) return [];
  const daily = isDay(data.rows[0][config.x]);
  const { start, end, step } = (!daily && config.period) || { start: seen[0], end: seen.at(-1) + 1, step: daily ? DAY : HOUR };
  const all = [];
  for (let at = Math.floor(start / step) * step; at < end; at += step) all.push(at);
  return all;
}

const shiftOf = ({ period }) => (period ? period.end - period.start : 0);

// The period before, moved onto this one: one line for everything that is stacked.
export function earlier(data, config, times) {
  if (!data.before?.length || config.share) return [];
  const before = lines({ ...data, rows: data.before }, { ...config, top: 99 });
  const valueAt = (line, time) => line.values.get(time - shiftOf(config)) ?? (config.ratio || config.gap === "empty" ? null : 0);
  if (!config.stack) return before.map((line, index) => ({ name: `${line.name}, period before`, unit: line.unit, index, data: times.map((time) => valueAt(line, time)) }));
  const sum = (time) => before.reduce((all, line) => all + (valueAt(line, time) ?? 0), 0);
  return [{ name: "all, period before", unit: before[0].unit, index: -1, data: times.map(sum) }];
}
