// Percentiles on a logarithmic axis: a dot for each, and a line from the median to the 99th.
import { axis, base, draw as chart, tip } from "./echart.js";
import { compact, number } from "../data/format.js";

const LIMIT = 12;

export function draw(host, data, config) {
  const rows = Math.min(data.rows.length, LIMIT);
  host.style.setProperty("min-height", `${Math.max(200, 80 + rows * 34)}px`);
  chart(host, (colours, narrow) => option(data, config, colours, narrow), config.title);
}

export function option(data, config, colours, narrow = false) {
  const rows = data.rows.slice(0, LIMIT).reverse();
  const unit = data.unit(config.values[0]);
  const floor = (value) => Math.max(value ?? 0, 0.1);
  const names = rows.map((row) => row[config.label[0]]);
  return {
    ...base(colours),
    grid: { left: 2, right: 22, top: 6, bottom: 2, containLabel: true },
    legend: { ...base(colours).legend, data: config.values.map((column) => data.name(column)) },
    xAxis: axis(colours, { type: "log", logBase: 10, min: axisStart(rows, config, floor), axisLabel: { color: colours.muted, hideOverlap: true, formatter: (value) => decade(value, unit) } }),
    yAxis: axis(colours, { type: "category", data: names, axisLabel: { color: colours.text, width: narrow ? 110 : 170, overflow: "truncate" } }),
    tooltip: { ...base(colours).tooltip, trigger: "axis", axisPointer: { type: "none" }, formatter: (points) => tooltip(points, rows, data, config) },
    series: [
      ...config.values.map((column, index) => ({
        name: data.name(column), type: "scatter", symbolSize: 11, z: 3, itemStyle: { opacity: 1, color: [colours.series[1], colours.series[0], colours.series[3]][index] },
        data: rows.map((row) => floor(row[column])),
      })),
      span(rows, config, floor, colours),
    ],
    exportHeight: 130 + rows.length * 34,
  };
}

// Powers of ten stay readable as such: 100 s, not 1.7 min.
const decade = (value, unit) => (unit === "milliseconds" ? (value < 1000 ? `${value} ms` : `${compact(value / 1000)} s`) : compact(value, unit));

const axisStart = (rows, config, floor) => 10 ** Math.floor(Math.log10(Math.min(...rows.map((row) => floor(row[config.values[0]])), 1000)));

function span(rows, config, floor, colours) {
  return {
    type: "custom", silent: true, z: 2, tooltip: { show: false }, data: rows.map((row, index) => [floor(row[config.values[0]]), floor(row[config.values.at(-1)]), index]),
    encode: { x: [0, 1], y: 2 },
    renderItem: (_, api) => {
      const [from, to] = [api.coord([api.value(0), api.value(2)]), api.coord([api.value(1), api.value(2)])];
      return { type: "line", shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }, style: { stroke: colours["line-strong"], lineWidth: 3, lineCap: "round" } };
    },
  };
}

function tooltip(points, rows, data, config) {
  const row = rows[points[0].dataIndex];
  const percentiles = points.filter((point) => point.seriesIndex < config.values.length);
  const others = data.columns.filter((column) => !config.values.includes(column) && !config.label.includes(column));
  const note = others.map((column) => `${data.name(column)}: ${number(row[column], data.unit(column))}`).join(" · ");
  return tip(row[config.label[0]], percentiles.map((point) => [point.color, point.seriesName, number(row[config.values[point.seriesIndex]], data.unit(config.values[0]))]), note);
}
