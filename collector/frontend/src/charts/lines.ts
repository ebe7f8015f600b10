// Rows of a chart over time as lines: time → number. Days are UTC.
import { isDay, moment } from "../data/format.ts";
import { valueText } from "../data/labels.ts";
import type { Cell, ChartData, DrawnConfig, Row } from "../data/types.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export interface Line {
  name: string;
  // What the line stands for: null where it is a sum of several values or an amount.
  value?: string | null;
  unit: string;
  values: Map<number, number | null>;
  sums?: Map<number, { part: number; whole: number }>;
  isRest?: boolean;
}

interface Ranked extends Line {
  sum: number;
}

const amount = (row: Row, column: string) => (typeof row[column] === "number" ? row[column] : null);

export function lines(data: ChartData, config: DrawnConfig): Line[] {
  if (config.ratio) return [ratio(data, config, config.ratio)];
  const { series } = config;
  if (!series) return config.values.map((column) => single(data, config, column));
  const ranked = ranking(data, config, series);
  const named = ranked.filter((line) => line.value && line.value !== "other");
  const top = topLines(named, config);
  const others = ranked.filter((line) => !top.includes(line));
  return others.length ? [...top, merged(others)] : top;
}

function single(data: ChartData, config: DrawnConfig, column: string): Line {
  const values = new Map(data.rows.map((row) => [moment(row[config.x]), amount(row, column)]));
  return { name: data.name(column), unit: data.unit(column), values };
}

// "1.32" of "1.32.4".
const minor = (version: Cell | undefined) =>
  typeof version === "string" ? (/^\d+\.\d+/.exec(version)?.[0] ?? version) : (version ?? null);

function ranking(data: ChartData, config: DrawnConfig, series: string): Ranked[] {
  const column = config.values[0] ?? "";
  const byName = new Map<string, Ranked>();
  for (const row of data.rows) {
    const value = config.minor ? minor(row[series]) : row[series];
    const name = valueText(config.segments[series] ?? series, value);
    const line = byName.get(name) ?? {
      name,
      value: value === null || value === undefined ? "" : String(value),
      unit: data.unit(column),
      values: new Map(),
      sum: 0,
    };
    byName.set(name, line);
    const at = moment(row[config.x]);
    line.values.set(at, config.minor ? (line.values.get(at) ?? 0) + (amount(row, column) ?? 0) : amount(row, column));
    line.sum += amount(row, column) ?? 0;
  }
  return [...byName.values()].sort((a, b) => b.sum - a.sum);
}

// The largest lines. Of versions the newest one is always among them, and they are in version order.
function topLines(named: Ranked[], { top = 6, order }: DrawnConfig): Ranked[] {
  if (order !== "version") return named.slice(0, top);
  const byAge = [...named].sort((a, b) => newestFirst(a.name, b.name));
  const included = new Set([...byAge.slice(0, 1), ...named].slice(0, top + 1));
  return byAge.filter((line) => included.has(line)).slice(0, top);
}

// One line of `part` / `whole`, summed over all rows of a moment; a moment whose `whole` is 0 has no value.
function ratio(
  data: ChartData,
  { x }: DrawnConfig,
  { part, whole, name }: { part: string; whole: string; name: string },
): Line {
  const sums = new Map<number, { part: number; whole: number }>();
  for (const row of data.rows) {
    const at = moment(row[x]);
    const sum = sums.get(at) ?? { part: 0, whole: 0 };
    sums.set(at, { part: sum.part + (amount(row, part) ?? 0), whole: sum.whole + (amount(row, whole) ?? 0) });
  }
  const defined = [...sums].filter(([, sum]) => sum.whole);
  return { name, unit: "ratio", sums, values: new Map(defined.map(([at, sum]) => [at, sum.part / sum.whole])) };
}

function newestFirst(a: string, b: string): number {
  const [left = "", tag] = a.split("-");
  const [right = "", otherTag] = b.split("-");
  return right.localeCompare(left, "en", { numeric: true }) || Number(Boolean(tag)) - Number(Boolean(otherTag));
}

function merged(rest: Line[]): Line {
  const values = new Map<number, number | null>();
  for (const line of rest) for (const [at, value] of line.values) values.set(at, (values.get(at) ?? 0) + (value ?? 0));
  const [only] = rest;
  const name = rest.length > 1 || !only ? `${rest.length} others` : only.name;
  return { name, value: rest.length > 1 ? null : (only?.value ?? null), unit: only?.unit ?? "", values, isRest: true };
}

// All moments of the chart: days from the first row to the last; shorter steps over the whole range. A gap is a moment
// without events.
export function moments(data: ChartData, config: DrawnConfig): number[] {
  const times = data.rows.map((row) => moment(row[config.x])).sort((a, b) => a - b);
  const [first, last] = [times.at(0), times.at(-1)];
  if (first === undefined || last === undefined) return [];
  const daily = isDay(data.rows[0]?.[config.x]);
  const { start, end, step } = (!daily && config.period) || {
    start: first,
    end: last + 1,
    step: daily ? DAY * (config.days ?? 1) : HOUR,
  };
  const all = [];
  for (let at = daily ? start : Math.floor(start / step) * step; at < end; at += step) all.push(at);
  return all;
}

export interface PreviousLine {
  name: string;
  unit: string;
  index: number;
  data: (number | null)[];
}

// The previous period, shifted onto this one; stacked lines become one line of their sum.
export function previousLines(data: ChartData, config: DrawnConfig, times: number[]): PreviousLine[] {
  if (!data.before?.length || config.share) return [];
  const before = lines({ ...data, rows: data.before }, { ...config, top: 99 });
  const shift = config.period ? config.period.start - Date.parse(config.period.before_start) : 0;
  const fallback = config.ratio || config.gap === "empty" ? null : 0;
  const valueAt = (line: Line, time: number) => line.values.get(time - shift) ?? fallback;
  if (config.stack) {
    const sum = (time: number) => before.reduce((all, line) => all + (valueAt(line, time) ?? 0), 0);
    return [{ name: "all, previous period", unit: before[0]?.unit ?? "", index: -1, data: times.map(sum) }];
  }
  return before.map((line, index) => ({
    name: `${line.name}, previous period`,
    unit: line.unit,
    index,
    data: times.map((time) => valueAt(line, time)),
  }));
}
