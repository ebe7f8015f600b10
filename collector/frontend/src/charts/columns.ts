// Upright bars over ordered groups, such as uptimes.
import { number, tick } from "../data/format.ts";
import type { ChartData, DrawnConfig } from "../data/types.ts";
import type { ChartOption, Palette, Series, TipPoint, TipRow } from "./echart.ts";
import { axis, base, draw as chart, tip } from "./echart.ts";

const PICTURE_PX = 900;
const VALUES_PX = 48;
const GAP_PX = 3;

export function draw(host: HTMLElement, data: ChartData, config: DrawnConfig): void {
  const width = () => host.clientWidth;
  chart(host, (colours, narrow) => option(data, config, colours, narrow, width), config.title);
}

// A label broken into lines of about `room` characters.
function wrapLabel(text: string, room: number): string {
  const words = text.replaceAll(/(\d) (?=[a-z])| (?=–)/g, "$1\u00a0").split(" ");
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}

// Labels on one line where all fit; else broken into lines, all of them or those at even distances. The width is that of
// the moment: a chart is resized without a new option.
function fitting(names: string[], font: string, room: number, width: () => number) {
  const context = document.createElement("canvas").getContext("2d");
  if (context) context.font = font;
  const widest = (lines: string[]) => Math.max(...lines.map((line) => context?.measureText(line).width ?? 0)) + GAP_PX;
  const whole = widest(names) * names.length;
  const broken = widest(names.flatMap((name) => wrapLabel(name, room).split("\n"))) * names.length;
  const place = () => width() - VALUES_PX;
  return {
    formatter: (name: string) => (whole <= place() ? name : wrapLabel(name, room)),
    interval: (index: number) => whole <= place() || index % Math.max(1, Math.ceil(broken / place())) === 0,
  };
}

const groupOf = ({ label }: DrawnConfig) => label[0] ?? "";
const values = (data: ChartData, config: DrawnConfig) => data.rows.map((row) => Number(row[config.value] ?? 0));

export function option(
  data: ChartData,
  config: DrawnConfig,
  colours: Palette,
  narrow = false,
  width = () => PICTURE_PX,
): ChartOption {
  const fontSize = narrow ? 10 : 12;
  const names = data.rows.map((row) => String(row[groupOf(config)] ?? ""));
  const unit = data.unit(config.value);
  const sum = values(data, config).reduce((all, value) => all + value, 0) || 1;
  const text = (value: number) => `${number(value, unit)} · ${number(value / sum, "ratio")}`;
  const tooltip = ([point]: TipPoint[]) => {
    const { name = "", value = 0 } = point ?? {};
    const rows: TipRow[] = [[colours.accent, data.name(config.value), text(value)]];
    return tip(`${data.name(groupOf(config))}: ${name}`, [...rows, ...previousRow(data, config, name, colours)]);
  };
  return {
    ...base(colours),
    xAxis: axis(colours, {
      type: "category",
      data: data.rows.map((row) => row[groupOf(config)]),
      splitLine: { show: false },
      axisLabel: {
        color: colours.muted,
        ...fitting(names, `${fontSize}px ${colours.font}`, narrow ? 6 : 9, width),
        // Where the values take more room than expected.
        hideOverlap: true,
        textMargin: 0,
        fontSize,
        lineHeight: narrow ? 13 : 15,
      },
    }),
    yAxis: axis(colours, {
      type: "value",
      min: 0,
      minInterval: 1,
      splitNumber: 4,
      axisLabel: { color: colours.muted, formatter: (value: number) => tick(value, unit) },
    }),
    tooltip: {
      ...base(colours).tooltip,
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours.line, opacity: 0.4 } },
      formatter: tooltip,
    },
    series: [
      {
        name: data.name(config.value),
        type: "bar",
        barMaxWidth: 46,
        itemStyle: { color: colours.accent, borderRadius: [4, 4, 0, 0] },
        data: values(data, config),
      },
      ...previousBars(data, config, colours),
    ],
  };
}

const previousValue = (data: ChartData, config: DrawnConfig, name: string) =>
  Number(data.before?.find((row) => row[groupOf(config)] === name)?.[config.value] ?? 0);

function previousRow(data: ChartData, config: DrawnConfig, name: string, colours: Palette): TipRow[] {
  if (!data.before) return [];
  return [[colours.muted, "Previous period", number(previousValue(data, config, name), data.unit(config.value))]];
}

// The previous period: an outline next to each bar.
function previousBars(data: ChartData, config: DrawnConfig, colours: Palette): Series[] {
  if (!data.before) return [];
  return [
    {
      name: "Previous period",
      type: "bar",
      barMaxWidth: 46,
      barGap: "10%",
      itemStyle: {
        color: "transparent",
        borderColor: colours.muted,
        borderType: [4, 4],
        borderWidth: 1,
        borderRadius: [4, 4, 0, 0],
      },
      data: data.rows.map((row) => previousValue(data, config, String(row[groupOf(config)]))),
    },
  ];
}
