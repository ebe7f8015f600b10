// Upright bars over ordered groups, such as uptimes.
import { number, tick } from "../data/format.ts";
import type { ChartData, DrawnConfig } from "../data/types.ts";
import type { ChartOption, Palette, Series, TipPoint, TipRow } from "./echart.ts";
import { axis, base, draw as chart, tip } from "./echart.ts";

export function draw(host: HTMLElement, data: ChartData, config: DrawnConfig): void {
  chart(host, (colours, narrow) => option(data, config, colours, narrow), config.title);
}

// A label broken into lines of about `room` characters.
function wrapLabel(text: string, room: number): string {
  const words = text.replaceAll(/(\d) (?=[a-z])/g, "$1\u00a0").split(" ");
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}

const groupOf = ({ label }: DrawnConfig) => label[0] ?? "";
const values = (data: ChartData, config: DrawnConfig) => data.rows.map((row) => Number(row[config.value] ?? 0));

export function option(data: ChartData, config: DrawnConfig, colours: Palette, narrow = false): ChartOption {
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
        interval: Math.ceil(data.rows.length / (narrow ? 8 : 9)) - 1,
        fontSize: narrow ? 10 : 12,
        lineHeight: narrow ? 13 : 15,
        formatter: (name: string) => wrapLabel(name, narrow ? 6 : 9),
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
