// Values over time: lines, stacked areas or bars. Days are UTC; a day without a row counts as 0.
import { day, isDay, longMoment, monthYear, number, tick, time } from "../data/format.ts";
import type { Pick } from "../data/segments.ts";
import type { ChartData, DrawnConfig } from "../data/types.ts";
import type { ChartOption, Palette, Series, TipPoint, TipRow } from "./echart.ts";
import { axis, base, draw as chart, seriesColour, tip } from "./echart.ts";
import type { Line, PreviousLine } from "./lines.ts";
import { lines, moments, previousLines } from "./lines.ts";
import { alertsOf, DAY, happened, notesAt } from "./timeline.ts";
import { setTimes } from "./zoom.ts";

interface Drawing {
  current: Line[];
  previous: PreviousLine[];
  times: number[];
  config: DrawnConfig;
  colours: Palette;
  narrow: boolean;
  daily: boolean;
  step: number;
}

export function draw(host: HTMLElement, data: ChartData, config: DrawnConfig): void {
  const { canvas } = chart(host, (colours, narrow) => option(data, config, colours, narrow), config.title);
  const times = moments(data, config);
  setTimes(canvas, times, stepOf(times, isDay(data.rows[0]?.[config.x]), config));
}

// The length of a step of the time axis: days, weeks, or the distance of shorter ones.
const stepOf = ([first, second]: number[], daily: boolean, { days = 1 }: DrawnConfig) =>
  daily || first === undefined || second === undefined ? DAY * days : second - first;

// What a line stands for: a value of a property, unless it is a sum or an amount.
function pickOf(line: Line, { series, segments }: DrawnConfig): Pick | null {
  const property = series && segments[series];
  return property && line.value !== null && line.value !== undefined ? [[property, line.value]] : null;
}

export function option(data: ChartData, config: DrawnConfig, colours: Palette, narrow = false): ChartOption {
  const current = lines(data, config);
  const times = moments(data, config);
  const previous = previousLines(data, config, times);
  const daily = isDay(data.rows[0]?.[config.x]);
  const drawing = { current, previous, times, config, colours, narrow, daily, step: stepOf(times, daily, config) };
  const marks = timeMarks(drawing);
  return {
    ...base(colours),
    grid: { left: 8, right: 14, top: marks && !narrow ? 26 : 12, bottom: 5, containLabel: true },
    xAxis: timeAxis(drawing),
    yAxis: valueAxis(drawing),
    tooltip: { ...base(colours).tooltip, trigger: "axis", formatter: (points: TipPoint[]) => tooltip(points, drawing) },
    series: [
      ...current.map((line, index) => seriesOf(line, index, drawing, marks)),
      ...previous.map((line) => previousLine(line, drawing)),
      ...unfinished(drawing),
    ],
  };
}

function timeAxis(drawing: Drawing) {
  const { colours, times, narrow } = drawing;
  const bars = isBars(drawing);
  return axis(colours, {
    type: "category",
    data: times.map(String),
    boundaryGap: bars,
    splitLine: { show: false },
    axisPointer: { lineStyle: { color: colours.lineStrong } },
    axisLabel: {
      color: colours.muted,
      margin: 12,
      hideOverlap: true,
      alignMaxLabel: bars ? undefined : "right",
      interval: every(times.length, narrow),
      formatter: (at: string) => label(Number(at), drawing),
    },
  });
}

function valueAxis({ current, config, colours }: Drawing) {
  const unit = config.share ? "ratio" : (current[0]?.unit ?? "");
  return axis(colours, {
    type: "value",
    min: 0,
    max: config.share ? 1 : undefined,
    interval: config.share ? 0.25 : undefined,
    minInterval: ["ratio", "milliseconds", "seconds"].includes(unit) || config.gap === "empty" ? 0 : 1,
    splitNumber: 4,
    axisLabel: { color: colours.muted, formatter: (at: number) => tick(at, unit) },
  });
}

// One or two points make no line: they are drawn as bars, and so are counts per hour or minute.
const isBars = ({ times, config, daily }: Drawing) => times.length < 3 || Boolean(config.stack && !daily);

const totalAt = (current: Line[], at: number) => current.reduce((sum, line) => sum + (line.values.get(at) ?? 0), 0);

function seriesOf(line: Line, index: number, drawing: Drawing, marks: object | undefined): Series {
  const { current, times, config, colours } = drawing;
  const pick = pickOf(line, config);
  const fallback = config.gap === "empty" || config.ratio ? null : 0;
  const value = (at: number) =>
    config.share ? (line.values.get(at) ?? 0) / (totalAt(current, at) || 1) : (line.values.get(at) ?? fallback);
  return {
    name: line.name,
    ...(pick ? { pick } : {}),
    type: isBars(drawing) ? "bar" : "line",
    stack: config.stack ? "all" : undefined,
    showSymbol: false,
    symbolSize: 6,
    barMaxWidth: 46,
    emphasis: { disabled: true },
    lineStyle: { width: config.stack ? 1.5 : 2 },
    itemStyle: { color: paintOf(line, index, config, colours) },
    connectNulls: true,
    areaStyle: config.stack ? { opacity: 0.3 } : current.length > 1 ? undefined : { opacity: 0.1 },
    markLine: index === 0 ? marks : undefined,
    data: times.map(value),
  };
}

// Today, or this week, is not over: gaps in the colour of the surface make the last piece of each line a dashed one. They have no name,
// so that neither the legend nor a tooltip shows them.
function unfinished(drawing: Drawing): Series[] {
  const { current, times, config, colours, daily, step } = drawing;
  const last = times.at(-1);
  if (last === undefined || !daily || isBars(drawing) || last + step <= Date.now()) return [];
  const fallback = config.gap === "empty" || config.ratio ? null : 0;
  const ends = [times.length - 2, times.length - 1];
  let below = ends.map(() => 0);
  return current.map((line) => {
    const own = ends.map((index) => {
      const at = times[index] ?? 0;
      const value = line.values.get(at) ?? fallback;
      return config.share ? (value ?? 0) / (totalAt(current, at) || 1) : value;
    });
    const shown = config.stack ? own.map((value, index) => (value ?? 0) + (below[index] ?? 0)) : own;
    below = shown.map((value) => value ?? 0);
    return {
      type: "line",
      silent: true,
      showSymbol: false,
      z: 6,
      emphasis: { disabled: true },
      itemStyle: { color: colours.surface },
      lineStyle: { width: 3, type: [4, 4], color: colours.surface },
      data: times.map((_, index) => shown[ends.indexOf(index)] ?? null),
    };
  });
}

function paintOf(line: Line, index: number, config: DrawnConfig, colours: Palette): string {
  if (line.isRest || line.value === "other") return colours.other;
  return config.tone === "bad" ? colours.bad : seriesColour(colours, index);
}

function previousLine({ name, index, data }: PreviousLine, { colours, times }: Drawing): Series {
  const paint = index < 0 ? colours.muted : seriesColour(colours, index);
  return {
    name,
    type: "line",
    showSymbol: times.length < 3,
    z: 5,
    emphasis: { disabled: true },
    itemStyle: { color: paint },
    lineStyle: { width: 1.5, type: [4, 4], color: paint },
    connectNulls: true,
    data,
  };
}

// About seven labels at even distances.
const every = (count: number, narrow: boolean) => (index: number) =>
  index % Math.max(1, Math.ceil(count / (narrow ? 4 : 8))) === 0;

function label(at: number, { daily, times }: Drawing): string {
  if (!daily && new Date(at).getUTCHours() + new Date(at).getUTCMinutes() !== 0) return time(at);
  return times.length > 200 ? monthYear(at) : day(at);
}

function tooltip(points: TipPoint[], drawing: Drawing): HTMLElement {
  const { current, previous, daily, step } = drawing;
  const at = Number(points[0]?.axisValue);
  const named = points.filter(({ seriesIndex }) => seriesIndex < current.length + previous.length);
  const rows = named.map((point): TipRow => {
    const line = current[point.seriesIndex];
    if (line) return [point.color, line.name, text(line, at, drawing)];
    return [point.color, point.seriesName, number(point.value, previous[point.seriesIndex - current.length]?.unit)];
  });
  const notes = [
    daily && at + step > Date.now() ? `The ${step > DAY ? "week" : "day"} is not over.` : "",
    ...notesAt(drawing, at),
  ];
  return tip(longMoment(at, daily), rows, notes.filter(Boolean).join(" "));
}

function text(line: Line, at: number, { config, current }: Drawing): string {
  const raw = line.values.get(at) ?? (config.gap === "empty" || config.ratio ? null : 0);
  if (config.share) return `${number(raw, line.unit)} · ${number((raw ?? 0) / (totalAt(current, at) || 1), "ratio")}`;
  const sum = line.sums?.get(at);
  return sum ? `${number(raw, "ratio")} · ${number(sum.part)} of ${number(sum.whole)}` : number(raw, line.unit);
}

// A thick line on the axis while an alert was open.
function alertMarks(drawing: Drawing): object[][] {
  const { bad, surface } = drawing.colours;
  const end = (at: number | undefined) => ({
    coord: [String(at), 0],
    symbol: "circle",
    symbolSize: 8,
    itemStyle: { color: bad, borderColor: surface, borderWidth: 1 },
    lineStyle: { color: bad, type: "solid", width: 4 },
    label: { show: false },
  });
  return alertsOf(drawing)
    .filter(({ steps }) => steps.length)
    .map(({ steps }) => [end(steps[0]), end(steps.at(-1))]);
}

const MARK_LETTERS = 16;

// A thin line where something happened, with the version or the beginning of the text; the tooltip has all of it.
function timeMarks(drawing: Drawing): object | undefined {
  const { times, colours, narrow } = drawing;
  const list = happened(drawing);
  const alerts = alertMarks(drawing);
  if (!list.length && !alerts.length) return undefined;
  const room = times.length / 12;
  const apart = (from: number, to: number) => times.indexOf(to) - times.indexOf(from);
  // A name too close to a later one, or to the numbers of the axis, is left out.
  const names = list.map(({ at, name }, index) => {
    const next = list[index + 1];
    const crowded = (next && apart(at, next.at) < room) || apart(times[0] ?? at, at) < room / 2;
    return crowded ? "" : name.length > MARK_LETTERS ? `${name.slice(0, MARK_LETTERS)}…` : name;
  });
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: colours.lineStrong, type: [3, 4], width: 1 },
    label: {
      show: !narrow,
      formatter: ({ name }: { name: string }) => name,
      color: colours.muted,
      fontSize: 11,
      position: "end",
      rotate: 0,
      distance: 4,
    },
    data: [...list.map(({ at }, index) => ({ name: names[index], xAxis: String(at) })), ...alerts],
  };
}
