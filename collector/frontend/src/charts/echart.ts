// A chart of ECharts on an element: the page's colours, tooltips as elements, arrow keys, resizing.
import type { ECharts } from "echarts/core";
import type { Pick } from "../data/segments.ts";
import { colour, element, find, html, nothing, draw as render } from "../dom.ts";
import { draw as drawLegend, type LegendEntry, selection } from "./legend.ts";
import * as picking from "./picking.ts";
import * as zooming from "./zoom.ts";

declare global {
  // The library's own script (`src/echarts.ts`); `library` says when it is there.
  var echarts: typeof import("../echarts.ts");
}

export interface Series {
  [option: string]: unknown;
  name?: string;
  itemStyle?: { color?: string; borderColor?: string; [option: string]: unknown };
  lineStyle?: { type?: unknown; [option: string]: unknown };
  data?: unknown[];
  // What a click on the entry of the legend filters by.
  pick?: Pick;
}
export interface ChartOption {
  [option: string]: unknown;
  series: Series[];
  legend: Record<string, unknown>;
  exportHeight?: number;
  // What a click on each row filters by, in the order of the axis.
  picks?: readonly Pick[];
}

export interface TipPoint {
  axisValue: string;
  name: string;
  seriesName: string;
  seriesIndex: number;
  dataIndex: number;
  color: string;
  value: number;
}

export type Build = (colours: Palette, narrow: boolean) => ChartOption;
export interface Palette {
  text: string;
  muted: string;
  line: string;
  lineStrong: string;
  surface: string;
  accent: string;
  bad: string;
  other: string;
  series: string[];
  font: string;
}

interface State {
  canvas: HTMLElement;
  legend: HTMLElement;
  chart: ECharts;
  build: Build;
  label: string;
  narrow: boolean;
  tip: { x: number; y: number } | null;
}

const script = document.querySelector("script[data-library]");
// The library is large, so the page asks its questions before that is read. Answers can come first.
export const library = new Promise<void>((resolve, reject) => {
  if ("echarts" in globalThis) resolve();
  script?.addEventListener("load", () => resolve());
  script?.addEventListener("error", () => reject(new Error("A script of the page did not arrive. Reload the page.")));
});
library.catch(() => {});

const NARROW_PX = 480;
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const charts = new Map<HTMLElement, State>();

export function palette(): Palette {
  return {
    text: colour("text"),
    muted: colour("muted"),
    line: colour("line"),
    lineStrong: colour("line-strong"),
    surface: colour("surface"),
    accent: colour("accent"),
    bad: colour("bad"),
    other: colour("series-other"),
    series: [1, 2, 3, 4, 5, 6].map((n) => colour(`series-${n}`)),
    font: colour("font"),
  };
}

export const seriesColour = (colours: Palette, index: number) => colours.series[index % 6] ?? colours.accent;

// The options that all charts share; those of a kind override them.
export function base(colours: Palette) {
  return {
    useUTC: true,
    animation: !reducedMotion.matches,
    animationDuration: 300,
    animationDurationUpdate: 0,
    textStyle: { fontFamily: colours.font, color: colours.muted, fontSize: 12 },
    grid: { left: 4, right: 12, top: 12, bottom: 5, containLabel: true },
    // The page has a legend of buttons (legend.ts); pictures show this one.
    legend: {
      show: false,
      left: 16,
      bottom: 12,
      itemWidth: 10,
      itemHeight: 10,
      itemGap: 16,
      icon: "roundRect",
      textStyle: { color: colours.text, fontSize: 12 },
    },
    tooltip: {
      confine: true,
      className: "tip",
      transitionDuration: 0,
      padding: [9, 12],
      borderWidth: 1,
      borderRadius: 9,
      borderColor: colours.line,
      backgroundColor: colour("raised"),
      textStyle: { color: colours.text, fontSize: 13, fontFamily: colours.font },
      extraCssText: `box-shadow: ${colour("shadow-raised")}`,
    },
  };
}

export const axis = (colours: Palette, more: Record<string, unknown> = {}) => ({
  axisLine: { show: false },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: colours.line } },
  axisLabel: { color: colours.muted, fontSize: 12, hideOverlap: true },
  ...more,
});

export type TipRow = readonly [paint: string, name: string, text: string];

// A tooltip as elements.
export const tip = (title: string, rows: readonly TipRow[], note = "") =>
  element(html`<h3>${title}</h3>
    <dl>${rows.map(([paint, name, text]) => html`<i .style=${`background: ${paint}`}></i><dt>${name}</dt><dd>${text}</dd>`)}</dl>
    ${note ? html`<p>${note}</p>` : nothing}`);

// Draws the options that `build(colours, narrow)` returns, and again when the width changes between narrow and wide.
export function draw(host: HTMLElement, build: Build, label: string): State {
  const state = charts.get(host) ?? create(host);
  Object.assign(state, { build, label, narrow: isNarrow(host) });
  const { chart, canvas, tip: shown } = state;
  canvas.setAttribute("aria-label", `${label}. Use the arrow keys to read the values, or the table.`);
  const selected = selection(chart);
  const { picks, ...option } = build(palette(), state.narrow);
  picking.setPicks(canvas, picks);
  if (selected) option.legend.selected = selected;
  // The legend takes its part of the height first: a chart that gets another size is drawn again as a whole.
  drawLegend(state.legend, chart, legendEntries(option));
  fit(state);
  chart.setOption(option, { notMerge: true });
  // An open tooltip stays open when new numbers arrive.
  if (shown) chart.dispatchAction({ type: "showTip", x: shown.x, y: shown.y });
  return state;
}

// The library draws all again even where the size is the same.
function fit({ chart, canvas }: State): void {
  if (chart.getWidth() !== canvas.clientWidth || chart.getHeight() !== canvas.clientHeight) chart.resize();
}

const isNarrow = (host: HTMLElement) => host.clientWidth < NARROW_PX;

function legendEntries({ series }: ChartOption): LegendEntry[] {
  return series.flatMap(({ name, itemStyle, lineStyle, pick }) => {
    if (!name) return [];
    const dashed = Boolean(itemStyle?.borderColor) || Array.isArray(lineStyle?.type);
    return [{ name, paint: itemStyle?.borderColor ?? itemStyle?.color ?? "", dashed, ...(pick ? { pick } : {}) }];
  });
}

function create(host: HTMLElement): State {
  render(
    host,
    html`<div class="canvas" role="group" aria-roledescription="chart" tabindex="0"></div>
      <div class="legend" role="group" aria-label="Legend"></div>`,
  );
  const canvas = find(".canvas", host);
  const state: State = {
    canvas,
    legend: find(".legend", host),
    chart: echarts.init(canvas, null, { renderer: "canvas" }),
    build: () => ({ series: [], legend: {} }),
    label: "",
    narrow: false,
    tip: null,
  };
  charts.set(host, state);
  state.chart.on("showTip", (event) => {
    state.tip = event as State["tip"];
  });
  state.chart.on("hideTip", () => {
    state.tip = null;
  });
  const watcher = new ResizeObserver(() => {
    if (!host.isConnected) return remove(host, watcher);
    fit(state);
    if (isNarrow(host) !== state.narrow) draw(host, state.build, state.label);
  });
  watcher.observe(canvas);
  keyboard(canvas, state.chart);
  takeFocus(canvas);
  zooming.attach(canvas, state.chart);
  picking.attach(canvas, state.chart);
  return state;
}

function remove(host: HTMLElement, watcher: ResizeObserver): void {
  watcher.disconnect();
  charts.get(host)?.chart.dispose();
  charts.delete(host);
}

// Left and right move through the points of the first series; Escape closes the tooltip.
function keyboard(host: HTMLElement, chart: ECharts): void {
  let at = -1;
  const announcements = document.getElementById("announcements");
  host.addEventListener("keydown", (event) => {
    const count = (chart.getOption() as { series?: Series[] }).series?.[0]?.data?.length ?? 0;
    if (event.key === "Escape") chart.dispatchAction({ type: "hideTip" });
    if (event.key === "Enter" && at >= 0) {
      if (picking.reach(host, at)) host.click();
      else {
        keepFocus(host);
        zooming.zoom(host, at, at);
      }
    }
    if (!count || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    at = nextPoint(event.key, at, count);
    picking.reach(host, at);
    chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: at });
    const shown = host.querySelector<HTMLElement>(".tip");
    if (shown && announcements) announcements.textContent = shown.innerText.replaceAll("\n", ", ");
  });
  host.addEventListener("blur", () => {
    at = -1;
    chart.dispatchAction({ type: "hideTip" });
  });
}

// A zoom may ask for hours instead of days, whose chart is another element: that takes the focus of the one before.
let zoomedPanel: Element | null = null;

function keepFocus(canvas: HTMLElement): void {
  zoomedPanel = canvas.closest("[data-panel]");
  document.addEventListener("focusin", () => (zoomedPanel = null), { once: true });
}

function takeFocus(canvas: HTMLElement): void {
  if (zoomedPanel?.contains(canvas) && document.activeElement === document.body) canvas.focus();
}

function nextPoint(key: string, at: number, count: number): number {
  if (key === "Home") return 0;
  if (key === "End" || at < 0) return count - 1;
  return Math.min(count - 1, Math.max(0, at + (key === "ArrowRight" ? 1 : -1)));
}

interface Size {
  width: number;
  height: number;
}

// A picture of a chart, drawn off screen at a fixed size.
export function picture(option: ChartOption, format: string, size: Size): Blob {
  const still = { ...option, animation: false, backgroundColor: colour("surface") };
  return format === "svg" ? svgPicture(still, size) : pngPicture(still, size);
}

function svgPicture(option: ChartOption, size: Size): Blob {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
  chart.setOption(option);
  const text = chart.renderToSVGString();
  chart.dispose();
  return new Blob([text], { type: "image/svg+xml" });
}

function pngPicture(option: ChartOption, size: Size): Blob {
  const chart = echarts.init(document.createElement("canvas"), null, {
    renderer: "canvas",
    devicePixelRatio: 2,
    ...size,
  });
  chart.setOption(option);
  chart.getZr().flush();
  const url = chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: colour("surface") });
  chart.dispose();
  const bytes = Uint8Array.from(atob(url.split(",")[1] ?? ""), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}
