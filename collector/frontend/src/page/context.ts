// What the head of a page says for its panels: the marks of charts over time, and the periods.
import type { Annotation, OpenAlert, Period, ReleaseMark } from "../data/types.ts";

export interface Context {
  releases: ReleaseMark[];
  annotations: Annotation[];
  alerts: OpenAlert[];
  period: Period | null;
}

// Before the head has come, or where there is none.
export const contextOf = (period: Period | null): Context => ({ releases: [], annotations: [], alerts: [], period });
