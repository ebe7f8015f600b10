// The legend below a chart: one button per line. Where the line stands for a value, the button filters by it; otherwise
// it shows or hides the line. Unlike a drawn legend it wraps.
import type { ECharts } from "echarts/core";
import { isPicked, type Pick } from "../data/segments.ts";
import { html, nothing, draw as render } from "../dom.ts";

export interface LegendEntry {
  name: string;
  paint: string;
  dashed: boolean;
  pick?: Pick;
}

interface Drawn {
  legend?: { selected?: Record<string, boolean> }[];
}

export const selection = (chart: ECharts) => (chart.getOption() as Drawn | undefined)?.legend?.[0]?.selected;

export function draw(host: HTMLElement, chart: ECharts, entries: LegendEntry[]): void {
  const selected = selection(chart);
  const toggle = (name: string) => {
    chart.dispatchAction({ type: "legendToggleSelect", name });
    draw(host, chart, entries);
  };
  const button = ({ name, paint, dashed, pick }: LegendEntry) => {
    const swatch = html`<i .style=${`--paint: ${paint}`}></i>`;
    if (pick) {
      return html`<button type="button" class="value" title="Filter by it" aria-pressed=${String(isPicked(pick))}
        .pick=${pick}>${swatch}${name}</button>`;
    }
    const isShown = selected?.[name] !== false;
    return html`<button type="button" class=${dashed ? "dashed" : nothing} aria-pressed=${String(isShown)}
      title=${isShown ? "Hide it" : "Show it"} @click=${() => toggle(name)}>${swatch}${name}</button>`;
  };
  host.hidden = entries.length < 2 && !entries[0]?.pick;
  render(host, entries.map(button));
}
