// The kinds of charts. Each has `draw(host, data, config)`, and `option(…)` for a picture.
import type { ChartData, DrawnConfig, PanelConfig } from "../data/types.ts";
import * as bars from "./bars.ts";
import * as columns from "./columns.ts";
import type { ChartOption, Palette } from "./echart.ts";
import * as heat from "./heat.ts";
import * as ranges from "./ranges.ts";
import * as series from "./series.ts";

interface Kind {
  draw(host: HTMLElement, data: ChartData, config: DrawnConfig): void;
  option(data: ChartData, config: DrawnConfig, colours: Palette, narrow?: boolean): ChartOption;
}

export const kinds: Record<PanelConfig["kind"], Kind> = { bars, columns, heat, ranges, series };
