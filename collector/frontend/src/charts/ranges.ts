// Percentiles on a logarithmic axis: a dot for each, and a line from the median to the 99th. A click on a row filters by it.
import { compact, number } from "../data/format.ts";
import { valueText } from "../data/labels.ts";
import type { Cell, ChartData, DrawnConfig, Row } from "../data/types.ts";
import { pickOf } from "./bars.ts";
import type { ChartOption, Palette, Series, TipPoint, TipRow } from "./echart.ts";
import { axis, base, draw as chart, seriesColour, tip } from "./echart.ts";

const LIMIT = 12;
const SMALLEST = 0.1;
// The colours of the median, the 95th and the 99th percentile.
const PAINTS = [1, 0, 3];

export function draw(host: HTMLElement, data: ChartData, config: DrawnConfig): void {
  const rows = Math.min(data.rows.length, LIMIT);
  host.style.setProperty("min-height", `${Math.max(200, 80 + rows * 34)}px`);
  chart(host, (colours, narrow) => option(data, config, colours, narrow), config.title);
}

const floor = (value: Cell | undefined) => Math.max(Number(value ?? 0), SMALLEST);
const labelOf = (row: Row | undefined, { label: [column = ""], segments }: DrawnConfig) =>
  valueText(segments[column] ?? "", row?.[column]);

export function option(data: ChartData, config: DrawnConfig, colours: Palette, narrow = false): ChartOption {
  const rows = data.rows.slice(0, LIMIT).reverse();
  const unit = data.unit(config.values[0] ?? "");
  return {
    ...base(colours),
    grid: { left: 2, right: 22, top: 6, bottom: 5, containLabel: true },
    legend: { ...base(colours).legend, data: config.values.map((column) => data.name(column)) },
    xAxis: axis(colours, {
      type: "log",
      logBase: 10,
      min: axisStart(rows, config),
      axisLabel: {
        color: colours.muted,
        hideOverlap: true,
        formatter: (value: number) => (narrow && !isEven(value) ? "" : decade(value, unit)),
      },
    }),
    yAxis: axis(colours, {
      type: "category",
      data: rows.map((row) => labelOf(row, config)),
      axisLabel: { color: colours.text, width: narrow ? 110 : 170, overflow: "truncate" },
    }),
    tooltip: {
      ...base(colours).tooltip,
      trigger: "axis",
      axisPointer: { type: "none" },
      formatter: (points: TipPoint[]) => tooltip(points, rows, data, config),
    },
    series: [
      ...config.values.map((column, index) => dots(rows, column, index, data, colours)),
      span(rows, config, colours),
    ],
    picks: rows.map((row) => pickOf(row, config)),
    exportHeight: 130 + rows.length * 34,
  };
}

// Dots: a line that is not drawn.
const dots = (rows: Row[], column: string, index: number, data: ChartData, colours: Palette): Series => ({
  name: data.name(column),
  type: "line",
  symbol: "circle",
  symbolSize: 11,
  showAllSymbol: true,
  z: 3,
  lineStyle: { width: 0 },
  emphasis: { disabled: true },
  itemStyle: { opacity: 1, color: seriesColour(colours, PAINTS[index] ?? index) },
  data: rows.map((row) => floor(row[column])),
});

// On a narrow screen every second power of ten is named.
const isEven = (value: number) => Math.round(Math.log10(value)) % 2 === 0;

// Powers of ten stay readable as such: 100 s, not 1.7 min.
function decade(value: number, unit: string): string {
  if (unit !== "milliseconds") return compact(value, unit);
  return value < 1000 ? `${value} ms` : `${compact(value / 1000)} s`;
}

const axisStart = (rows: Row[], { values }: DrawnConfig) =>
  10 ** Math.floor(Math.log10(Math.min(...rows.map((row) => floor(row[values[0] ?? ""])), 1000)));

interface Drawer {
  value(dimension: number): number;
  coord(point: number[]): number[];
}

function span(rows: Row[], { values }: DrawnConfig, colours: Palette): Series {
  const [first = "", last = ""] = [values.at(0), values.at(-1)];
  return {
    type: "custom",
    silent: true,
    z: 2,
    tooltip: { show: false },
    data: rows.map((row, index) => [floor(row[first]), floor(row[last]), index]),
    encode: { x: [0, 1], y: 2 },
    renderItem: (_: unknown, api: Drawer) => {
      const [x1, y1] = api.coord([api.value(0), api.value(2)]);
      const [x2, y2] = api.coord([api.value(1), api.value(2)]);
      const style = { stroke: colours.lineStrong, lineWidth: 3, lineCap: "round" };
      return { type: "line", shape: { x1, y1, x2, y2 }, style };
    },
  };
}

function tooltip(points: TipPoint[], rows: Row[], data: ChartData, config: DrawnConfig): HTMLElement {
  const row = rows[points[0]?.dataIndex ?? 0];
  const percentiles = points.filter((point) => point.seriesIndex < config.values.length);
  const others = data.columns.filter((column) => !config.values.includes(column) && !config.label.includes(column));
  const note = others.map((column) => `${data.name(column)}: ${number(row?.[column], data.unit(column))}`).join(" · ");
  const unit = data.unit(config.values[0] ?? "");
  const rowOf = ({ color, seriesName, seriesIndex }: TipPoint): TipRow => [
    color,
    seriesName,
    number(row?.[config.values[seriesIndex] ?? ""], unit),
  ];
  return tip(labelOf(row, config), percentiles.map(rowOf), note);
}
