// The main chart of a page: a tile chooses what it shows, buttons by what it is divided. Both are in the address.
import * as state from "../data/state.ts";
import { thing } from "../data/things.ts";
import type { PanelConfig } from "../data/types.ts";
import type { Context } from "./context.ts";

interface Measure {
  title: string;
  // What a point counts: "tool calls per day, UTC".
  counts: string;
  query: Record<string, string>;
  unit?: string;
  // Whether the values of a property add up to the whole.
  adds?: boolean;
}

const CALLS = "tool_executed";
const ERRORS = "tool_error";
const MEASURES: Record<string, Measure> = {
  calls: { title: "Tool calls", counts: "tool calls", query: { measure: "events", event: CALLS }, adds: true },
  instances: { title: "Active instances", counts: "active instances", query: { measure: "instances" } },
  callers: { title: "Calling instances", counts: "calling instances", query: { measure: "instances", event: CALLS } },
  error_rate: {
    title: "Error rate",
    counts: "share of calls that failed",
    query: { measure: "rate", event: CALLS },
    unit: "ratio",
    adds: true,
  },
  median: {
    title: "Median duration",
    counts: "median duration of calls",
    query: { measure: "median", event: CALLS, of: "duration_ms" },
    unit: "milliseconds",
  },
  errors: { title: "Errors", counts: "failed calls", query: { measure: "events", event: ERRORS }, adds: true },
  met_by: {
    title: "Instances that met it",
    counts: "instances that met it",
    query: { measure: "instances", event: ERRORS },
  },
};
const DIVISIONS: Record<string, string> = {
  tool: "tool",
  mcp_client: "client",
  ai_provider: "provider",
  product_version: "version",
};
const NAMES: Record<string, string> = { day: "Day (UTC)", hour: "Hour (UTC)", minute: "Minute (UTC)" };
const HOUR = 3_600_000;
const MINUTES_UP_TO = 3 * HOUR;
const HOURS_UP_TO = 48 * HOUR;

const host = document.getElementById("panel-main");
const fallback = thing?.property === "error_type" ? "errors" : "calls";

export const isChart = (id: string) => Boolean(host && MEASURES[id]);
const chosen = () => (MEASURES[state.get("chart")] ? state.get("chart") : fallback);
// Filters by what only calls say turn active instances into calling ones.
const family = (id: string) => (id === "callers" ? "instances" : id);
export const isChosen = (id: string) => family(id) === family(chosen());

function division(): string {
  const by = state.get("by");
  return DIVISIONS[by] && by !== thing?.property ? by : "";
}

export function start(): void {
  for (const button of buttons()) {
    button.hidden = button.dataset.by === thing?.property;
    button.addEventListener("click", () => state.set({ by: button.dataset.by ?? "" }));
  }
}

const buttons = () => [...document.querySelectorAll<HTMLElement>("#panel-main [data-by]")];

// The definition by the address.
function config({ period }: Context): Partial<PanelConfig> {
  for (const button of buttons()) button.setAttribute("aria-pressed", String((button.dataset.by ?? "") === division()));
  return overTime(chosen(), division(), stepOf(period));
}

// The error rate of the Errors page, which has no tiles to choose.
function errorRate({ period }: Context): Partial<PanelConfig> {
  const step = stepOf(period);
  const unit = `share of each ${step}'s calls that failed, UTC`;
  return { ...overTime("error_rate", "", step), chart: "error-rate", title: "Error rate over time", unit };
}

const DEFINITIONS: Record<string, (context: Context) => Partial<PanelConfig>> = {
  "panel-main": config,
  "panel-error-rate": errorRate,
};
// What the address and the range say of a panel; undefined for those that stay as they are.
export const definitionOf = (panel: HTMLElement) => DEFINITIONS[panel.id];

function overTime(name: string, by: string, step: string): Partial<PanelConfig> {
  const measure = MEASURES[name] ?? MEASURES.calls;
  if (!measure) return {};
  const { title, counts, query, unit = "", adds = false } = measure;
  const value = query.measure ?? "";
  const isRate = value === "rate";
  const divided = by ? `, by ${DIVISIONS[by]},` : "";
  const what = isRate && by ? "share of all calls that failed" : counts;
  return {
    chart: name,
    title,
    unit: `${what}${divided} per ${step}, UTC`,
    query: { ...query, step, ...(by ? { by } : {}) },
    x: step,
    values: [value],
    series: by,
    stack: adds && Boolean(by),
    gap: (isRate && !by) || value === "median" ? "empty" : "",
    contributes: isRate && Boolean(by),
    order: by === "product_version" ? "version" : "",
    segments: by ? { [by]: by } : {},
    columns: {
      [step]: { name: NAMES[step] ?? step, unit: "" },
      [by]: { name: DIVISIONS[by] ?? by, unit: "" },
      [value]: { name: title, unit },
      hits: { name: "failed calls", unit: "" },
      ...(value === "events" ? {} : { events: { name: "calls", unit: "" } }),
    },
    ...(isRate && !by ? { ratio: { part: "hits", whole: "events", name: title } } : { ratio: undefined }),
    ...(isRate ? { tone: by ? "" : "bad" } : { tone: "" }),
    label: [step],
    value,
    numbers: [value],
    empty: "Each tool call of an instrumented server is counted here.",
  };
}

// By day, or by hour or minute in short ranges, as other charts over time.
function stepOf(period: Context["period"]): string {
  const range = state.get("range") || (state.get("start") ? "custom" : "");
  const named = range === "1h" ? HOUR : range === "24h" ? 24 * HOUR : null;
  const length = named ?? (range === "custom" ? customLength(period) : Number.POSITIVE_INFINITY);
  return length <= MINUTES_UP_TO ? "minute" : length <= HOURS_UP_TO ? "hour" : "day";
}

// The head of the page, which knows the period, can come after the chart; days in the address are both included.
function customLength(period: Context["period"]): number {
  const [from, to] = [state.get("start"), state.get("end")];
  const isDay = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text);
  const end = to ? Date.parse(to) + (isDay(to) ? 24 * HOUR : 0) : (period?.end ?? Date.now());
  return from ? end - Date.parse(from) : Number.POSITIVE_INFINITY;
}
