// A panel as a PNG or SVG file: the chart with its title, unit and active filters.
import { colour, el } from "../dom.js";
import { palette, picture } from "../charts/echart.js";
import { date, time } from "../data/format.js";
import { kinds } from "../charts/index.js";
import * as state from "../data/state.js";

export function save(panel, format) {
  const { exportHeight = 420, ...chart } = kinds[panel.config.kind].option(panel.data, { ...panel.config, marks: [] }, palette());
  const at = panel.answer.generated_at;
  const filters = [...state.query()].map(([name, value]) => `${name}: ${value}`).join("   ");
  const title = {
    text: panel.config.title, subtext: [panel.config.unit, filters, `${date(Date.parse(at))}, ${time(Date.parse(at))} UTC`].filter(Boolean).join("   ·   "), left: 16, top: 12, itemGap: 6,
    textStyle: { color: colour("text"), fontSize: 16, fontWeight: 600 }, subtextStyle: { color: colour("muted"), fontSize: 12 },
  };
  const hasLegend = chart.series.filter((line) => line.name).length > 1;
  const bottom = hasLegend ? 44 : 16;
  const option = { ...chart, title, grid: { left: 18, right: 48, top: 76, bottom, containLabel: true }, legend: { ...chart.legend, show: hasLegend } };
  const blob = picture(option, format, { width: 960, height: exportHeight + 40 });
  const link = el("a", { href: URL.createObjectURL(blob), download: `${panel.config.chart}.${format}` });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads the file after the click; half a minute is ample.
  setTimeout(() => URL.revokeObjectURL(link.href), 30_000);
}
