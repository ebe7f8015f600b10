// One chart of the library on one element: colours of the page, tooltips without markup, arrow keys, resize.
import { colour, el } from "./dom.js";
import * as legend from "./legend.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const drawn = new Map();

export function palette() {
  const names = ["text", "muted", "line", "line-strong", "surface", "accent", "bad", "good", "bar", "bad-bar", "series-other"];
  const colours = Object.fromEntries(names.map((name) => [name, colour(name)]));
  colours.series = [1, 2, 3, 4, 5, 6].map((n) => colour(`series-${n}`));
  colours.font = colour("font");
  return colours;
}

// What all charts share; `option` of a kind is laid over it.
export function base(colours) {
  return {
    useUTC: true,
    animation: !calm.matches, animationDuration: 300, animationDurationUpdate: 0,
    textStyle: { fontFamily: colours.font, color: colours.muted, fontSize: 12 },
    grid: { left: 4, right: 12, top: 12, bottom: 4, containLabel: true },
    // On the page the legend is a row of buttons (legend.js); pictures show this one.
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

// Draws what `build(colours, narrow)` says, and again when the width changes between narrow and wide.
export function draw(host, build, label) {
  const part = drawn.get(host) ?? begin(host);
  part.build = build;
  const { chart, canvas } = part;
  canvas.setAttribute("role", "group");
  canvas.setAttribute("aria-roledescription", "chart");
  canvas.setAttribute("aria-label", `${label}. Use the arrow keys to read the values, or the table.`);
  canvas.tabIndex = 0;
  part.narrow = isNarrow(host);
  const selected = chart.getOption()?.legend?.[0]?.selected;
  const option = build(palette(), part.narrow);
  if (selected) option.legend.selected = selected;
  const { tip: read } = part;
  chart.setOption(option, { notMerge: true });
  // Whoever reads a value goes on reading it when new ones come in.
  if (read) chart.dispatchAction({ type: "showTip", x: read.x, y: read.y });
  legend.draw(part.legend, chart, entriesOf(option));
  chart.resize();
}

const isNarrow = (host) => host.clientWidth < 480;

const entriesOf = (option) => option.series.filter((line) => line.name)
  .map(({ name, itemStyle, lineStyle }) => ({ name, paint: itemStyle.borderColor ?? itemStyle.color, dashed: Boolean(itemStyle.borderColor) || Array.isArray(lineStyle?.type) }));

function begin(host) {
  const canvas = el("div", { class: "canvas" });
  const keys = el("div", { class: "legend", role: "group", "aria-label": "Legend" });
  host.replaceChildren(canvas, keys);
  const part = { canvas, legend: keys, chart: echarts.init(canvas, null, { renderer: "canvas" }) };
  drawn.set(host, part);
  part.chart.on("showTip", (event) => { part.tip = event; });
  part.chart.on("hideTip", () => { part.tip = null; });
  const watcher = new ResizeObserver(() => {
    if (!host.isConnected) return forget(host, watcher);
    part.chart.resize();
    if (isNarrow(host) !== part.narrow) draw(host, part.build, canvas.getAttribute("aria-label").split(". Use")[0]);
  });
  watcher.observe(canvas);
  keyboard(canvas, part.chart);
  return part;
}

function forget(host, watcher) {
  watcher.disconnect();
  drawn.get(host)?.chart.dispose();
  drawn.delete(host);
}

// Left and right move through the points of the first visible series; Escape puts the tooltip away.
function keyboard(host, chart) {
  let at = -1;
  const voice = document.getElementById("voice");
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
    if (shown && voice) voice.textContent = shown.innerText.replaceAll("\n", ", ");
  });
  host.addEventListener("blur", () => { at = -1; chart.dispatchAction({ type: "hideTip" }); });
}

// A picture of a chart that is not on the page: drawn off screen, with its title, at a fixed size.
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
