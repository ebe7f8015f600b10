// Values over time: lines, or stacked areas and bars. Days are UTC; a day without a row counts as none.
import { axis, base, draw as chart, tip } from "../echart.js";
import { compact, day, isDay, longMoment, moment, monthYear, number, time } from "../format.js";

const DAY = 86_400_000;

export function draw(host, data, config) {
  const narrow = host.clientWidth < 480;
  chart(host, (colours) => option(data, config, colours, narrow), config.title);
}

// `[{name, values: Map(time → number)}]`, the largest first, the smallest together as `other`.
export function lines(data, config) {
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
  const top = ranked.filter((line) => line.name !== "other").slice(0, config.top ?? 6);
  const rest = ranked.filter((line) => !top.includes(line));
  return rest.length ? [...top, together(rest)] : top;
}

function together(rest) {
  const values = new Map();
  for (const line of rest) for (const [at, value] of line.values) values.set(at, (values.get(at) ?? 0) + (value ?? 0));
  return { name: rest.length > 1 ? `other (${rest.length})` : rest[0].name, unit: rest[0].unit, values, other: true };
}

// Every moment of the range: gaps between days are days on which nothing came.
export function moments(data, config) {
  const seen = [...new Set(data.rows.map((row) => moment(row[config.x])))].sort((a, b) => a - b);
  if (seen.length < 2) return seen;
  const daily = isDay(data.rows[0][config.x]);
  const step = daily ? (config.step ?? 1) * DAY : Math.min(...seen.slice(1).map((at, index) => at - seen[index]));
  const all = [];
  for (let at = seen[0]; at <= seen.at(-1) && all.length < 3000; at += step) all.push(at);
  return all.length >= seen.length ? all : seen;
}

export function option(data, config, colours, narrow = false) {
  const found = lines(data, config);
  const times = moments(data, config);
  const daily = data.rows.length > 0 && isDay(data.rows[0][config.x]);
  const many = found.length > 1;
  const unit = found[0]?.unit ?? "";
  const missing = config.gap === "empty" ? null : 0;
  const total = (at) => found.reduce((sum, line) => sum + (line.values.get(at) ?? 0), 0);
  const value = (line, at) => (config.share ? (line.values.get(at) ?? 0) / (total(at) || 1) : line.values.get(at) ?? missing);
  const shownUnit = config.share ? "ratio" : unit;
  const paint = (line, index) => (line.other || line.name === "other" ? colours["series-other"] : config.tone === "bad" ? colours.bad : colours.series[index % 6]);
  return {
    ...base(colours, narrow),
    grid: { left: 2, right: 14, top: config.marks?.length && !narrow ? 26 : 12, bottom: many ? 34 : 2, containLabel: true },
    legend: { ...base(colours, narrow).legend, show: many },
    xAxis: axis(colours, {
      type: "category", data: times, boundaryGap: Boolean(config.bars), splitLine: { show: false }, axisPointer: { lineStyle: { color: colours["line-strong"] } },
      axisLabel: { color: colours.muted, margin: 12, alignMinLabel: "left", alignMaxLabel: "right", interval: every(times.length, narrow), formatter: (at) => label(Number(at), daily, times) },
    }),
    yAxis: axis(colours, { type: "value", min: 0, max: config.share ? 1 : undefined, interval: config.share ? 0.25 : undefined, minInterval: shownUnit === "ratio" || unit === "ms" ? 0 : 1, splitNumber: 4, axisLabel: { color: colours.muted, formatter: (at) => compact(at, shownUnit) } }),
    tooltip: { ...base(colours).tooltip, trigger: "axis", formatter: (points) => bubble(points, found, daily, config, unit, total) },
    series: [...found.map((line, index) => ({
      name: line.name, type: config.bars ? "bar" : "line", stack: config.stack ? "all" : undefined, showSymbol: times.length < 2, symbolSize: 6, barMaxWidth: 26,
      emphasis: { disabled: true }, lineStyle: { width: config.stack ? 1.5 : 2 }, itemStyle: { color: paint(line, index) }, connectNulls: true,
      areaStyle: config.stack ? { opacity: 0.3 } : many ? undefined : { opacity: 0.1 }, markLine: index === 0 ? marks(config.marks, colours, narrow) : undefined,
      data: times.map((at) => value(line, at)),
    })), ...ghosts(data, config, times, colours)],
  };
}

// About seven labels, at even distances.
const every = (count, narrow) => (index) => index % Math.max(1, Math.ceil(count / (narrow ? 4 : 8))) === 0;

const label = (at, daily, times) => {
  const year = times.length > 200;
  if (daily || new Date(at).getUTCHours() + new Date(at).getUTCMinutes() === 0) return year ? monthYear(at) : day(at);
  return time(at);
};

function bubble(points, found, daily, config, unit, total) {
  const at = Number(points[0].axisValue);
  const rows = points.map((point) => {
    if (!found[point.seriesIndex]) return [point.color, point.seriesName, number(point.value, unit)];
    const line = found[point.seriesIndex];
    const raw = line.values.get(at) ?? (config.gap === "empty" ? null : 0);
    return [point.color, line.name, config.share ? `${number(raw, unit)} · ${number(raw / (total(at) || 1), "ratio")}` : number(raw, line.unit)];
  });
  return tip(config.step === 7 ? `Week of ${longMoment(at, true)}` : longMoment(at, daily), rows);
}

// The period before, moved onto this one: dashed, one line for everything that is stacked.
function ghosts(data, config, times, colours) {
  if (!data.before || config.share) return [];
  const before = lines({ ...data, rows: data.before }, { ...config, top: 99 });
  const at = (list, time) => list.reduce((sum, line) => sum + (line.values.get(time - config.shift) ?? 0), 0);
  const drawn = config.stack ? [{ name: "all, period before", list: before, paint: colours.muted }]
    : before.map((line, index) => ({ name: `${line.name}, period before`, list: [line], paint: colours.series[index % 6] }));
  return drawn.map(({ name, list, paint }) => ({
    name, type: "line", showSymbol: false, z: 5, emphasis: { disabled: true }, itemStyle: { color: paint }, lineStyle: { width: 1.5, type: [4, 4], color: paint },
    data: times.map((time) => at(list, time)),
  }));
}

// Releases: a thin line on the day on which a version was first seen.
function marks(list, colours, narrow) {
  if (!list?.length) return undefined;
  return {
    silent: true, symbol: "none", lineStyle: { color: colours["line-strong"], type: [3, 4], width: 1 },
    label: { show: !narrow, formatter: ({ name }) => name, color: colours.muted, fontSize: 11, position: "end", rotate: 0, distance: 4 },
    data: list.map((mark) => ({ name: mark.name, xAxis: String(moment(mark.at)) })),
  };
}
