// A click on a row of a chart that is drawn, and not made of elements, filters by what the row says: the canvas stands for
// the values of the row under the pointer, or of the one that the arrow keys have reached (`pick.ts`).
import type { ECharts } from "echarts/core";
import type { Pick } from "../data/segments.ts";
import { isFixed } from "../data/state.ts";

type Pickable = HTMLElement & { pick?: Pick };

const rows = new WeakMap<HTMLElement, readonly Pick[]>();

// What each row filters by, from the bottom up; nothing where a click is not about rows.
export function setPicks(canvas: HTMLElement, picks: readonly Pick[] = []): void {
  rows.set(canvas, isFixed ? [] : picks);
  canvas.classList.toggle("pickable", !isFixed && picks.length > 0);
  reach(canvas, -1);
}

// Whether the canvas stands for a row's values from now on.
export function reach(canvas: HTMLElement, row: number): boolean {
  const pick = rows.get(canvas)?.[row];
  (canvas as Pickable).pick = pick;
  return pick !== undefined;
}

export function attach(canvas: HTMLElement, chart: ECharts): void {
  const point = (event: PointerEvent) => {
    const picks = rows.get(canvas) ?? [];
    if (!picks.length) return;
    const y = event.clientY - canvas.getBoundingClientRect().top;
    const row = chart.convertFromPixel({ yAxisIndex: 0 }, y) as unknown as number;
    reach(canvas, Math.max(0, Math.min(picks.length - 1, Math.round(row))));
  };
  for (const name of ["pointermove", "pointerdown"] as const) canvas.addEventListener(name, point);
  canvas.addEventListener("pointerleave", () => reach(canvas, -1));
}
