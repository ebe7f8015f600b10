// The Events page: the questions that every property of the product's events has, event by event. An event that is
// folded asks nothing.
import * as api from "../data/api.ts";
import { capital } from "../data/format.ts";
import { eventName, isStandard, labelOf } from "../data/labels.ts";
import { isAlias, parameterOf } from "../data/segments.ts";
import * as state from "../data/state.ts";
import type { Column, PanelConfig } from "../data/types.ts";
import { draw, html } from "../dom.ts";
import { card } from "./card.ts";
import type { Context } from "./context.ts";
import { Panel } from "./panel.ts";

interface Question {
  product: string;
  event: string;
  property: string;
  kind: string;
  // What a number counts; empty for all else.
  unit: string;
  meaning: string;
  shape: "bars" | "distribution" | "over time";
  ask: string;
}

const host = document.getElementById("events");
const NUMBER = "bounded number";
const FLAG = "bool";
// Units that a value is shown with; the others stand in the panel's head.
const SHOWN_UNITS = ["milliseconds", "ms", "seconds", "s", "bytes"];
const panels = new Map<HTMLElement, Panel>();
// Those that were asked for: an event that is open from the start is not asked for again when the browser says so.
const asked = new WeakSet<Panel>();
let drawnProduct: string | null = null;
// In the address, the word for no open event; no event is called that.
const NONE = "-";
// What the address last said of open events.
let appliedOpen: string | null = null;

const productOf = () => state.query().get("product") ?? document.documentElement.dataset.shown ?? "";

// `context()` is that of the other panels of the page.
export async function refresh(signal: AbortSignal, quiet: boolean, context: () => Context): Promise<void> {
  if (!host) return;
  if (drawnProduct !== productOf()) await show(host, signal, context);
  if (appliedOpen !== state.get("open")) applyOpen(host);
  await Promise.all(
    openPanels().map((panel) => {
      asked.add(panel);
      return panel.refresh({ quiet });
    }),
  );
}

const openPanels = () =>
  [...panels].filter(([node]) => node.closest<HTMLDetailsElement>("details")?.open).map(([, panel]) => panel);

async function show(place: HTMLElement, signal: AbortSignal, context: () => Context): Promise<void> {
  const product = productOf();
  const { questions } = await api.get<{ questions: Question[] }>("/api/charts", undefined, signal);
  const own = questions.filter((question) => question.product === product);
  const byEvent = Map.groupBy(own, ({ event }) => event);
  const isShared = ({ event, property }: Question) =>
    own.some((other) => other.property === property && other.event !== event);
  draw(
    place,
    [...byEvent].map(([event, list]) => section(event, arranged(list), isShared)),
  );
  appliedOpen = null;
  panels.clear();
  for (const node of place.querySelectorAll<HTMLElement>("[data-panel]")) panels.set(node, new Panel(node, context));
  drawnProduct = product;
}

const section = (event: string, questions: Question[], isShared: (question: Question) => boolean) => html`
  <details class="event" data-event=${event} @toggle=${turned}>
    <summary><h2>${capital(eventName(event))}</h2><span class="unit">${questions.length} ${questions.length === 1 ? "chart" : "charts"}</span></summary>
    <div class="grid">${questions.map((question) => card(configOf(question, filterOf(question, isShared(question))), eventName(question.event)))}</div>
  </details>`;

// Two charts stand in a row: those of one number beside each other, lists beside lists, and the two rows of a yes or no
// last, where nothing taller is beside them.
function arranged(questions: Question[]): Question[] {
  const lists = questions.filter(({ shape, kind }) => shape === "bars" && kind !== FLAG);
  const paired = lists.slice(0, lists.length - (lists.length % 2));
  const flags = questions.filter(({ kind }) => kind === FLAG);
  const others = questions.filter((each) => !lists.includes(each) && !flags.includes(each));
  return others.length % 2 ? questions : [...paired, ...others, ...lists.slice(paired.length), ...flags];
}

// The events that the address opens: the first one where it says nothing of the product's.
function openEvents(sections: readonly HTMLDetailsElement[]): HTMLDetailsElement[] {
  const names = state.get("open").split(",");
  const open = sections.filter(({ dataset }) => names.includes(dataset.event ?? ""));
  return open.length || names.includes(NONE) ? open : sections.slice(0, 1);
}

const sectionsOf = (place: HTMLElement) => [...place.querySelectorAll<HTMLDetailsElement>("details.event")];

function applyOpen(place: HTMLElement): void {
  const sections = sectionsOf(place);
  const open = openEvents(sections);
  for (const each of sections) each.open = open.includes(each);
  appliedOpen = state.get("open");
}

// The browser also says it of what the address opened, which is no change.
function rememberOpen(place: HTMLElement): void {
  const sections = sectionsOf(place);
  const names = (list: readonly HTMLDetailsElement[]) => list.map(({ dataset }) => dataset.event).join(",");
  const open = names(sections.filter((each) => each.open));
  if (open === names(openEvents(sections))) return;
  state.set({ open: open === names(sections.slice(0, 1)) ? "" : open || NONE }, { quiet: true });
  appliedOpen = state.get("open");
}

function turned(event: Event): void {
  const details = event.currentTarget as HTMLDetailsElement;
  if (host) rememberOpen(host);
  if (!details.open) return;
  for (const [node, panel] of panels) {
    if (!details.contains(node) || asked.has(panel)) continue;
    asked.add(panel);
    panel.refresh().catch(() => {});
  }
}

const EVENTS: Column = { name: "events", unit: "" };

// What a click filters by: exactly this event's property, where another event or a filter has its name. A property that
// the filters name is the same in all standard events.
const filterOf = ({ event, property }: Question, isShared: boolean) =>
  isAlias(property) || (isShared && !(isStandard(event) && parameterOf(property))) ? `${event}.${property}` : property;

// Words that answers give to columns: the API writes a property of such a name after that of its event.
const OTHER_COLUMNS =
  /^(minute|hour|day|week|events|instances|share|rate|median|p95|p99|new|returning|lost|came_back|retention|hits|returned|weeks_later)$/i;

function configOf({ event, property, kind, unit, meaning, shape, ask }: Question, filter: string): PanelConfig {
  const query = Object.fromEntries(new URLSearchParams(ask.split("?")[1]));
  delete query.product;
  const name = capital(labelOf(parameterOf(property) ?? property).replace(/ (ms|seconds)$/, ""));
  const isNumber = kind === NUMBER;
  const column = OTHER_COLUMNS.test(property) ? `${event}.${property}` : property;
  const says = meaning.replaceAll("`", "");
  const common = {
    id: `${event}-${property}-${shape === "over time" ? "time" : shape}`,
    chart: `${event}-${property}`,
    unit: isNumber && unit && !SHOWN_UNITS.includes(unit) ? `${says}, in ${unit}` : says,
    empty: "No such event has this property yet.",
    asks: true,
    query,
    label: [column],
    value: "events",
    values: ["events"],
    numbers: ["events"],
    x: "day",
    cohort: "",
    offset: "",
    segments: isNumber ? {} : { [column]: filter },
    columns: { [column]: { name, unit }, events: EVENTS, day: { name: "day", unit: "" } },
  } satisfies Partial<PanelConfig>;
  if (!property) {
    const columns = { events: EVENTS, day: { name: "day", unit: "" } };
    return { ...common, kind: "series", title: "Events over time", label: [], segments: {}, columns };
  }
  if (shape === "bars") return { ...common, kind: "bars", title: name };
  if (shape === "distribution")
    return { ...common, kind: "columns", title: `${name}: distribution`, isDistribution: true };
  const title = `${name} over time`;
  if (query.measure === "share") return { ...common, kind: "series", title, series: column, stack: true, share: true };
  const columns = { ...common.columns, median: { name: "median", unit } };
  return { ...common, kind: "series", title, values: ["median"], gap: "empty", columns };
}
