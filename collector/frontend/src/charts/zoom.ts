// A click or a drag on a time axis zooms: to one week, day, hour or minute, or to those between two points.
import type { ECharts } from "echarts/core";
import * as state from "../data/state.ts";

const DAY = 86_400_000;
const CLICK_PX = 5;

interface TimeAxis {
  times: number[];
  step: number;
}

const axes = new WeakMap<HTMLElement, TimeAxis>();
const iso = (at: number, step: number) =>
  step >= DAY ? new Date(at).toISOString().slice(0, 10) : new Date(at).toISOString().replace(".000Z", "Z");

// The moments between which a chart's values lie now; without any the chart can't be zoomed.
export function setTimes(canvas: HTMLElement, times: number[], step: number): void {
  axes.set(canvas, { times, step });
  canvas.classList.toggle("zoomable", isZoomable(canvas));
}

const isZoomable = (canvas: HTMLElement) => {
  const axis = axes.get(canvas);
  return Boolean(axis && (axis.times.length > 1 || axis.step >= DAY));
};

export function zoom(canvas: HTMLElement, from: number, to: number): void {
  const { times, step } = axes.get(canvas) ?? { times: [], step: DAY };
  const [first, last] = [times[Math.min(from, to)], times[Math.max(from, to)]];
  if (first === undefined || last === undefined) return;
  // A range of days includes its last one, which is the last of a week; a range of moments ends before its end.
  state.set({ range: "custom", start: iso(first, step), end: iso(last + step - (step >= DAY ? DAY : 0), step) });
}

export function attach(canvas: HTMLElement, chart: ECharts): void {
  const overlay = document.createElement("div");
  overlay.className = "zoom-span";
  let startX: number | null = null;
  const x = (event: PointerEvent) => event.clientX - canvas.getBoundingClientRect().left;
  const index = (at: number) => {
    const { times } = axes.get(canvas) ?? { times: [] };
    const point = chart.convertFromPixel({ xAxisIndex: 0 }, at) as unknown as number;
    return Math.max(0, Math.min(times.length - 1, Math.round(point)));
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && isZoomable(canvas)) startX = x(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (startX === null || Math.abs(x(event) - startX) < CLICK_PX) return;
    if (!overlay.isConnected) canvas.append(overlay);
    overlay.style.setProperty("left", `${Math.min(startX, x(event))}px`);
    overlay.style.setProperty("width", `${Math.abs(x(event) - startX)}px`);
  });
  const end = (event: PointerEvent) => {
    overlay.remove();
    const from = startX;
    startX = null;
    if (from === null || event.type === "pointercancel") return;
    const at = x(event);
    const height = event.clientY - canvas.getBoundingClientRect().top;
    const isClick = Math.abs(at - from) < CLICK_PX;
    if (isClick && !chart.containPixel({ gridIndex: 0 }, [at, height])) return;
    zoom(canvas, index(from), index(isClick ? from : at));
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", end);
}
