// Values over time: lines, or stacked areas. Days are UTC; a day without a row counts as none.
import { axis, base, draw as chart, tip } from "../echart.js";
import { day, isDay, longMoment, moment, monthYear, number, tick, time } from "../format.js";
import { earlier, lines, moments } from "../lines.js";

const DAY = 86_400_000;

export function draw(host, data, config) {
  chart(host, (colours, narrow) => option(data, config, colours, narrow), config.title);
}

export function option(data, config, colours, narrow = false) {
  const found = lines(data, config);
  const times = moments(data, config);
  const before = earlier(data, config, times);
  const about = { found, before, times, config, colours, narrow, daily: data.rows.length > 0 && isDay(data.rows[0][config.x]) };
  about.total = (at) => found.reduce((sum, line) => sum + (line.values.get(at) ?? 0), 0);
  const marked = marks(about);
  return {
    ...base(colours),
    grid: { left: 2, right: 14, top: marked && !narrow ? 26 : 12, bottom: 2, containLabel: true },
    xAxis: axis(colours, {
      type: "category", data: times.map(String), boundaryGap: isBars(about), splitLine: { show: false }, axisPointer: { lineStyle: { color: colours["line-strong"] } },
      axisLabel: { color: colours.muted, margin: 12, alignMinLabel: isBars(about) ? undefined : "left", alignMaxLabel: isBars(about) ? undefined : "right", interval: every(times.length, narrow), formatter: (at) => label(Number(at), about) },
    }),
    yAxis: upright(about),
    tooltip: { ...base(colours).tooltip, trigger: "axis", formatter: (points) => bubble(points, about) },
    series: [...found.map((line, index) => drawn(line, index, about, marked)), ...before.map((line) => ghost(line, about))],
  };
}

function upright({ found, config, colours }) {
  const unit = config.share ? "ratio" : found[0]?.unit ?? "";
  return axis(colours, {
    type: "value", min: 0, max: config.share ? 1 : undefined, interval: config.share ? 0.25 : undefined,
    minInterval: ["ratio", "milliseconds", "seconds"].includes(unit) ? 0 : 1, splitNumber: 4,
    axisLabel: { color: colours.muted, formatter: (at) => tick(at, unit) },
  });
}

// One or two days are no line, and neither are counts by the hour or minute: they are drawn as bars.
const isBars = ({ times, config, daily }) => times.length < 3 || Boolean(config.stack && !daily);

function drawn(line, index, about, marked) {
  const { found, times, config, colours, total } = about;
  const missing = config.gap === "empty" || config.ratio ? null : 0;
  const value = (at) => (config.share ? (line.values.get(at) ?? 0) / (total(at) || 1) : line.values.get(at) ?? missing);
  const paint = line.other || line.name === "other" ? colours["series-other"] : config.tone === "bad" ? colours.bad : colours.series[index % 6];
  return {
    name: line.name, type: isBars(about) ? "bar" : "line", stack: config.stack ? "all" : undefined, showSymbol: false, symbolSize: 6, barMaxWidth: 46,
    emphasis: { disabled: true }, lineStyle: { width: config.stack ? 1.5 : 2 }, itemStyle: { color: paint }, connectNulls: true,
    areaStyle: config.stack ? { opacity: 0.3 } : found.length > 1 ? undefined : { opacity: 0.1 }, markLine: index === 0 ? marked : undefined,
    data: times.map(value),
  };
}

function ghost({ name, index, data }, about) {
  const { colours } = about;
  const paint = index < 0 ? colours.muted : colours.series[index % 6];
  return { name, type: "line", showSymbol: about.times.length < 3, z: 5, emphasis: { disabled: true }, itemStyle: { color: paint }, lineStyle: { width: 1.5, type: [4, 4], color: paint }, connectNulls: true, data };
}

// About seven labels, at even distances.
const every = (count, narrow) => (index) => index % Math.max(1, Math.ceil(count / (narrow ? 4 : 8))) === 0;

function label(at, { daily, times }) {
  if (!daily && new Date(at).getUTCHours() + new Date(at).getUTCMinutes() !== 0) return time(at);
  return times.length > 200 ? monthYear(at) : day(at);
}

function bubble(points, about) {
  const { found, before, daily, config } = about;
  const at = Number(points[0].axisValue);
  const rows = points.map((point) => {
    const line = found[point.seriesIndex];
    return line ? [point.color, line.name, text(line, at, about)] : [point.color, point.seriesName, number(point.value, before[point.seriesIndex - found.length]?.unit)];
  });
  const born = (config.marks ?? []).filter((mark) => daily && moment(mark.at) === at).map((mark) => mark.name);
  const notes = [daily && at + DAY > Date.now() ? "The day is not over." : "", born.length ? `First seen: ${born.join(", ")}` : ""];
  return tip(longMoment(at, daily), rows, notes.filter(Boolean).join(" "));
}

function text(line, at, { config, total }) {
  const raw = line.values.get(at) ?? (config.gap === "empty" || config.ratio ? null : 0);
  if (config.share) return `${number(raw, line.unit)} · ${number(raw / (total(at) || 1), "ratio")}`;
  const sum = line.sums?.get(at);
  return sum ? `${number(raw, "ratio")} · ${number(sum.part)} of ${number(sum.whole)}` : number(raw, line.unit);
}

// Releases: a thin line on the day on which a version was first seen. A name gives way to a newer one's beside it.
function marks({ config, times, colours, narrow }) {
  const list = (config.marks ?? []).filter((mark) => times.includes(moment(mark.at)));
  if (!list.length) return undefined;
  const room = times.length / 12;
  const apart = (from, to) => (to - from) / DAY;
  // Beside a newer one, or on the axis' own numbers.
  const crowded = (mark, index) => (index + 1 < list.length && apart(moment(mark.at), moment(list[index + 1].at)) < room) || apart(times[0], moment(mark.at)) < room / 2;
  return {
    silent: true, symbol: "none", lineStyle: { color: colours["line-strong"], type: [3, 4], width: 1 },
    label: { show: !narrow, formatter: ({ name }) => name, color: colours.muted, fontSize: 11, position: "end", rotate: 0, distance: 4 },
    data: list.map((mark, index) => ({ name: crowded(mark, index) ? "" : mark.name, xAxis: String(moment(mark.at)) })),
  };
}
