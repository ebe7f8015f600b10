// A chart of ECharts on an element: the page's colours, tooltips as elements, arrow keys, resizing.
import { colour, el } from "../dom.js";
import * as legend from "./legend.js";

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const charts = new Map();

export function palette() {
  const names = ["text", "muted", "line", "line-strong", "surface", "accent", "bad", "good", "bar", "bad-bar", "series-other"];
  const colours = Object.fromEntries(names.map((name) => [name, colour(name)]));
  colours.series = [1, 2, 3, 4, 5, 6].map((n) => colour(`series-${n}`));
  colours.font = colour("font");
  return colours;
}

// The options that all charts share; those of a kind override them.
export function base(colours) {
  return {
    useUTC: true,
    animation: !reducedMotion.matches, animationDuration: 300, animationDurationUpdate: 0,
    textStyle: { fontFamily: colours.font, color: colours.muted, fontSize: 12 },
    grid: { left: 4, right: 12, top: 12, bottom: 4, containLabel: true },
    // The page has a legend of buttons (legend.js); pictures show this one.
    legend: { show: false, left: 16, bottom: 12, itemWidth: 10, itemHeight: 10, itemGap: 16, icon: "roundRect", textStyle: { color: colours.text, fontSize: 12 } },
    tooltip: {
      confine: true, appendTo: undefined, className: "tip", transitionDuration: 0, padding: [9, 12], borderWidth: 1, borderRadius: 9,
      borderColor: colours.line, backgroundColor: colour("raised"), textStyle: { color: colours.text, fontSize: 13, fontFamily: colours.font },
      extraCssText: `box-shadow: ${colour("shadow-raised")}`,
    },
  };
}

export const axis = (colours, more = {}) => ({
  axisLine: { show: false }, axisTick: { show: false }, splitLine: { lineStyle: { color: colours.line } },
  axisLabel: { color: colours.muted, fontSize: 12, hideOverlap: true }, ...more,
});

// A tooltip as elements: `rows` are [colour, name, text].
export function tip(title, rows, note) {
  const list = el("dl", {}, rows.flatMap(([paint, name, text]) => [
    el("i", { style: { background: paint } }), el("dt", {}, name), el("dd", {}, text),
  ]));
  return el("div", {}, el("h3", {}, title), list, note && el("p", {}, note));
}

// Draws the options that `build(colours, narrow)` returns, and again when the width changes between narrow and wide.
export function draw(host, build, label) {
  const state = charts.get(host) ?? create(host);
  state.build = build;
  const { chart, canvas } = state;
  canvas.setAttribute("role", "group");
  canvas.setAttribute("aria-roledescription", "chart");
  canvas.setAttribute("aria-label", `${label}. Use the arrow keys to read the values, or the table.`);
  canvas.tabIndex = 0;
  state.narrow = isNarrow(host);
  const selected = chart.getOption()?.legend?.[0]?.selected;
  const option = build(palette(), state.narrow);
  if (selected) option.legend.selected = selected;
  const { tip: shown } = state;
  chart.setOption(option, { notMerge: true });
  // An open tooltip stays open when new numbers arrive.
  if (shown) chart.dispatchAction({ type: "showTip", x: shown.x, y: shown.y });
  legend.draw(state.legend, chart, legendEntries(option));
  chart.resize();
}

const isNarrow = (host) => host.clientWidth < 480;

const legendEntries = (option) => option.series.filter((line) => line.name)
  .map(({ name, itemStyle, lineStyle }) => ({ name, paint: itemStyle.borderColor ?? itemStyle.color, dashed: Boolean(itemStyle.borderColor) || Array.isArray(lineStyle?.type) }));

function create(host) {
  const canvas = el("div", { class: "canvas" });
  const keys = el("div", { class: "legend", role: "group", "aria-label": "Legend" });
  host.replaceChildren(canvas, keys);
  const state = { canvas, legend: keys, chart: echarts.init(canvas, null, { renderer: "canvas" }) };
  charts.set(host, state);
  state.chart.on("showTip", (event) => { state.tip = event; });
  state.chart.on("hideTip", () => { state.tip = null; });
  const watcher = new ResizeObserver(() => {
    if (!host.isConnected) return remove(host, watcher);
    state.chart.resize();
    if (isNarrow(host) !== state.narrow) draw(host, state.build, canvas.getAttribute("aria-label").split(". Use")[0]);
  });
  watcher.observe(canvas);
  keyboard(canvas, state.chart);
  return state;
}

function remove(host, watcher) {
  watcher.disconnect();
  charts.get(host)?.chart.dispose();
  charts.delete(host);
}

// Left and right move through the points of the first series; Escape closes the tooltip.
function keyboard(host, chart) {
  let at = -1;
  const announcements = document.getElementById("announcements");
  host.addEventListener("keydown", (event) => {
    const count = chart.getOption().series?.[0]?.data?.length ?? 0;
    if (event.key === "Escape") chart.dispatchAction({ type: "hideTip" });
    if (!count || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Home") at = 0;
    else if (event.key === "End") at = count - 1;
    else at = at < 0 ? count - 1 : Math.min(count - 1, Math.max(0, at + (event.key === "ArrowRight" ? 1 : -1)));
    chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: at });
    const shown = host.querySelector(".tip");
    if (shown && announcements) announcements.textContent = shown.innerText.replaceAll("\n", ", ");
  });
  host.addEventListener("blur", () => { at = -1; chart.dispatchAction({ type: "hideTip" }); });
}

// A picture of a chart, drawn off screen at a fixed size.
export function picture(option, format, { width, height }) {
  const still = { ...option, animation: false, backgroundColor: colour("surface") };
  if (format === "svg") {
    const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
    chart.setOption(still);
    const text = chart.renderToSVGString();
    chart.dispose();
    return new Blob([text], { type: "image/svg+xml" });
  }
  const canvas = document.createElement("canvas");
  const chart = echarts.init(canvas, null, { renderer: "canvas", width, height, devicePixelRatio: 2 });
  chart.setOption(still);
  chart.getZr().flush();
  const [head, body] = chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: colour("surface") }).split(",");
  chart.dispose();
  const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: /image\/\w+/.exec(head)?.[0] ?? "image/png" });
}
