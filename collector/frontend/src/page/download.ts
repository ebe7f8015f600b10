// A panel as a PNG or SVG file: the chart with its title, unit and active filters.

import { palette, picture } from "../charts/echart.ts";
import { kinds } from "../charts/index.ts";
import { date, time } from "../data/format.ts";
import * as state from "../data/state.ts";
import type { ChartData, PanelConfig, Period } from "../data/types.ts";
import { colour } from "../dom.ts";

export interface Saved {
  config: PanelConfig;
  data: ChartData;
  generatedAt: string;
  period: Period | null;
}

export function save({ config, data, generatedAt, period }: Saved, format: string): void {
  const drawn = { ...config, marks: [], period };
  const { exportHeight = 420, ...chart } = kinds[config.kind].option(data, drawn, palette());
  const at = Date.parse(generatedAt);
  const filters = [...state.query()].map(([name, value]) => `${name}: ${value}`).join("   ");
  const title = {
    text: config.title,
    subtext: [config.unit, filters, `${date(at)}, ${time(at)} UTC`].filter(Boolean).join("   ·   "),
    left: 16,
    top: 12,
    itemGap: 6,
    textStyle: { color: colour("text"), fontSize: 16, fontWeight: 600 },
    subtextStyle: { color: colour("muted"), fontSize: 12 },
  };
  const hasLegend = chart.series.filter((line) => line.name).length > 1;
  const bottom = hasLegend ? 44 : 16;
  const option = {
    ...chart,
    title,
    grid: { left: 18, right: 48, top: 76, bottom, containLabel: true },
    legend: { ...chart.legend, show: hasLegend },
  };
  const blob = picture(option, format, { width: 960, height: exportHeight + 40 });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${config.chart}.${format}`;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads the file after the click; half a minute is ample.
  setTimeout(() => URL.revokeObjectURL(link.href), 30_000);
}
