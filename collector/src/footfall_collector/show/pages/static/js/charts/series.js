// Values over time: lines, stacked areas or bars. Days are UTC; a day without a row counts as 0.
import { axis, base, draw as chart, tip } from "./echart.js";
import { day, isDay, longMoment, moment, monthYear, number, tick, time } from "../data/format.js";
import { lines, moments, previousLines } from "./lines.js";

const DAY = 86_400_000;

export function draw(host, data, config) {
  chart(host, (colours, narrow) => option(data, config, colours, narrow), config.title);
}

export function option(data, config, colours, narrow = false) {
  const current = lines(data, config);
  const times = moments(data, config);
  const previous = previousLines(data, config, times);
  const context = { current, previous, times, config, colours, narrow, daily: data.rows.length > 0 && isDay(data.rows[0][config.x]) };
  context.total = (at) => current.reduce((sum, line) => sum + (line.values.get(at) ?? 0), 0);
  const marks = releaseMarks(context);
  return {
    ...base(colours),
    grid: { left: 2, right: 14, top: marks && !narrow ? 26 : 12, bottom: 2, containLabel: true },
    xAxis: axis(colours, {
      type: "category", data: times.map(String), boundaryGap: isBars(context), splitLine: { show: false }, axisPointer: { lineStyle: { color: colours["line-strong"] } },
      axisLabel: { color: colours.muted, margin: 12, alignMinLabel: isBars(context) ? undefined : "left", alignMaxLabel: isBars(context) ? undefined : "right", interval: every(times.length, narrow), formatter: (at) => label(Number(at), context) },
    }),
    yAxis: valueAxis(context),
    tooltip: { ...base(colours).tooltip, trigger: "axis", formatter: (points) => tooltip(points, context) },
    series: [...current.map((line, index) => seriesOf(line, index, context, marks)), ...previous.map((line) => previousLine(line, context))],
  };
}

function valueAxis({ current, config, colours }) {
  const unit = config.share ? "ratio" : current[0]?.unit ?? "";
  return axis(colours, {
    type: "value", min: 0, max: config.share ? 1 : undefined, interval: config.share ? 0.25 : undefined,
    minInterval: ["ratio", "milliseconds", "seconds"].includes(unit) ? 0 : 1, splitNumber: 4,
    axisLabel: { color: colours.muted, formatter: (at) => tick(at, unit) },
  });
}

// One or two points make no line: they are drawn as bars, and so are counts per hour or minute.
const isBars = ({ times, config, daily }) => times.length < 3 || Boolean(config.stack && !daily);

function seriesOf(line, index, context, marks) {
  const { current, times, config, colours, total } = context;
  const fallback = config.gap === "empty" || config.ratio ? null : 0;
  const value = (at) => (config.share ? (line.values.get(at) ?? 0) / (total(at) || 1) : line.values.get(at) ?? fallback);
  const paint = line.other || line.name === "other" ? colours["series-other"] : config.tone === "bad" ? colours.bad : colours.series[index % 6];
  return {
    name: line.name, type: isBars(context) ? "bar" : "line", stack: config.stack ? "all" : undefined, showSymbol: false, symbolSize: 6, barMaxWidth: 46,
    emphasis: { disabled: true }, lineStyle: { width: config.stack ? 1.5 : 2 }, itemStyle: { color: paint }, connectNulls: true,
    areaStyle: config.stack ? { opacity: 0.3 } : current.length > 1 ? undefined : { opacity: 0.1 }, markLine: index === 0 ? marks : undefined,
    data: times.map(value),
  };
}

function previousLine({ name, index, data }, context) {
  const { colours } = context;
  const paint = index < 0 ? colours.muted : colours.series[index % 6];
  return { name, type: "line", showSymbol: context.times.length < 3, z: 5, emphasis: { disabled: true }, itemStyle: { color: paint }, lineStyle: { width: 1.5, type: [4, 4], color: paint }, connectNulls: true, data };
}

// About seven labels at even distances.
const every = (count, narrow) => (index) => index % Math.max(1, Math.ceil(count / (narrow ? 4 : 8))) === 0;

function label(at, { daily, times }) {
  if (!daily && new Date(at).getUTCHours() + new Date(at).getUTCMinutes() !== 0) return time(at);
  return times.length > 200 ? monthYear(at) : day(at);
}

function tooltip(points, context) {
  const { current, previous, daily, config } = context;
  const at = Number(points[0].axisValue);
  const rows = points.map((point) => {
    const line = current[point.seriesIndex];
    return line ? [point.color, line.name, text(line, at, context)] : [point.color, point.seriesName, number(point.value, previous[point.seriesIndex - current.length]?.unit)];
  });
  const released = (config.marks ?? []).filter((mark) => daily && moment(mark.at) === at).map((mark) => mark.name);
  const notes = [daily && at + DAY > Date.now() ? "The day is not over." : "", released.length ? `First seen: ${released.join(", ")}` : ""];
  return tip(longMoment(at, daily), rows, notes.filter(Boolean).join(" "));
}

function text(line, at, { config, total }) {
  const raw = line.values.get(at) ?? (config.gap === "empty" || config.ratio ? null : 0);
  if (config.share) return `${number(raw, line.unit)} · ${number(raw / (total(at) || 1), "ratio")}`;
  const sum = line.sums?.get(at);
  return sum ? `${number(raw, "ratio")} · ${number(sum.part)} of ${number(sum.whole)}` : number(raw, line.unit);
}

// A thin line on the day on which a release was first seen.
function releaseMarks({ config, times, colours, narrow }) {
  const list = (config.marks ?? []).filter((mark) => times.includes(moment(mark.at)));
  if (!list.length) return undefined;
  const room = times.length / 12;
  const apart = (from, to) => (to - from) / DAY;
  // A name too close to a newer one, or to the numbers of the axis, is left out.
  const crowded = (mark, index) => (index + 1 < list.length && apart(moment(mark.at), moment(list[index + 1].at)) < room) || apart(times[0], moment(mark.at)) < room / 2;
  return {
    silent: true, symbol: "none", lineStyle: { color: colours["line-strong"], type: [3, 4], width: 1 },
    label: { show: !narrow, formatter: ({ name }) => name, color: colours.muted, fontSize: 11, position: "end", rotate: 0, distance: 4 },
    data: list.map((mark, index) => ({ name: crowded(mark, index) ? "" : mark.name, xAxis: String(moment(mark.at)) })),
  };
}
