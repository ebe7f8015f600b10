// "What differs here": what explains the difference of the error rates, of the durations, or of the numbers of calls and
// instances, between the range and the weeks before, or between two versions. Each finding leads to its segment. The state's `explain` is the measure.
import * as api from "../data/api.ts";
import { compact, plainDates } from "../data/format.ts";
import { listOf } from "../data/labels.ts";
import type { Pick } from "../data/segments.ts";
import { conditions } from "../data/segments.ts";
import * as state from "../data/state.ts";
import { type Content, draw, find, html, markup, nothing } from "../dom.ts";
import { named } from "./comparison.ts";
import { say } from "./refused.ts";

interface Finding {
  kind: keyof typeof PROPERTIES | "client_version" | "day" | "tools" | "clients" | "providers";
  value: string | null;
  tools: string[];
  start: string | null;
  effect: number;
  low: number;
  high: number;
  text: string;
}
interface ErrorClass {
  value: string;
  effect: number;
  low: number;
  high: number;
  text: string;
}
interface Explanation {
  unit: keyof typeof SIZES;
  answer: string;
  findings: Finding[];
  error_classes: ErrorClass[];
  error_class_scope: string;
  note: string;
  not_applied: string[];
}

const PROPERTIES = {
  tool: "tool",
  provider: "ai_provider",
  client: "mcp_client",
  version: "product_version",
  k8s_version: "k8s_version",
  deployment: "deployment_method",
  error_type: "error_type",
};
const MEASURES = {
  error_rate: "error rate",
  median: "median duration",
  p95: "95th percentile of durations",
  p99: "99th percentile of durations",
  calls: "number of calls",
  instances: "number of instances",
};
const MOST_TOOLS = 3;
const host = document.getElementById("explain");
const button = document.querySelector<HTMLElement>("[data-do=explain]");

export function start(): void {
  button?.addEventListener("click", () => state.set({ explain: state.get("explain") ? "" : "1", against: "" }));
}

const measure = () =>
  state.get("explain") in MEASURES ? (state.get("explain") as keyof typeof MEASURES) : "error_rate";

// Without its version there is nothing to compare another one with.
const otherVersion = () => (state.get("version") ? state.get("against") : "");
const isOpen = () => Boolean(state.get("explain") || otherVersion());

export async function refresh(signal: AbortSignal): Promise<void> {
  button?.setAttribute("aria-pressed", String(isOpen()));
  if (!host) return;
  host.hidden = !isOpen();
  if (host.hidden) return;
  const body = find(".panel-body", host);
  const against = otherVersion();
  const query = state.query();
  if (against) query.set("against", against);
  if (measure() !== "error_rate") query.set("measure", measure());
  const [a, b] = [state.all("a"), state.all("b")];
  const isOfSides = a.length && b.length && !against;
  for (const side of isOfSides ? a : []) query.append("a", side);
  for (const side of isOfSides ? b : []) query.append("b", side);
  find(".unit", host).textContent = against
    ? `${MEASURES[measure()]} of ${query.get("version") ?? "this version"} against ${against}`
    : isOfSides
      ? `${MEASURES[measure()]} of ${named(a, b).join(" against ")}`
      : `${MEASURES[measure()]} of this range against the weeks before, same weekdays`;
  try {
    draw(body, content(await api.get<Explanation>("/api/explain", query, signal)));
  } catch (error) {
    if (api.isAbort(error)) throw error;
    say(body, error);
  }
}

function content({
  unit,
  answer,
  findings,
  error_classes,
  error_class_scope,
  note,
  not_applied,
}: Explanation): Content {
  const classes = error_classes.map((each): Finding => ({ ...each, kind: "error_type", tools: [], start: null }));
  const largest = Math.max(
    ...[...findings, ...classes].flatMap(({ low, high }) => [Math.abs(low), Math.abs(high)]),
    Number.MIN_VALUE,
  );
  const applied = not_applied.length
    ? html`<p class="panel-note">Not filtered by ${listOf(not_applied)}.</p>`
    : nothing;
  const of = error_class_scope ? html`<p class="panel-note">These are ${error_class_scope}.</p>` : nothing;
  const list = (each: Finding[]) => html`<ul class="findings">${each.map((one) => row(one, largest, unit))}</ul>`;
  return html`${state.isFixed ? nothing : chooser()}${applied}<p class="answer">${markup(answer)}</p>
    ${findings.length ? list(findings) : nothing}
    ${classes.length ? html`<h3>Error classes</h3>${of}${list(classes)}` : nothing}
    <details class="how"><summary>How this is computed</summary><p class="unit">${note}</p></details>`;
}

// Opens the same explanation of another measure.
function chooser(): Content {
  const choose = (event: Event) => state.set({ explain: (event.target as HTMLSelectElement).value });
  return html`<p><label class="field">Explain <select @change=${choose}>${Object.entries(MEASURES).map(
    ([name, title]) => html`<option value=${name} ?selected=${name === measure()}>${title}</option>`,
  )}</select></label></p>`;
}

const signed = (value: number, text: (size: number) => string) => `${value < 0 ? "−" : "+"}${text(Math.abs(value))}`;
const length = (size: number) => compact(size, "milliseconds");
// It does not break: half of it says nothing.
const interval = (low: string, high: string) => `(${low}\u00a0to\u00a0${high})`;
const count = (effect: number, low: number, high: number) =>
  `${signed(effect, compact)} ${interval(signed(low, compact), signed(high, compact))}`;
const points = (effect: number) => signed(effect, (size) => (size * 100).toFixed(1));
const SIZES = {
  ratio: (effect: number, low: number, high: number) =>
    `${points(effect)}\u00a0points ${interval(points(low), points(high))}`,
  milliseconds: (effect: number, low: number, high: number) =>
    `${signed(effect, length)} ${interval(signed(low, length), signed(high, length))}`,
  calls: count,
  instances: count,
};
const WORSE_IF_MORE: readonly (keyof typeof SIZES)[] = ["ratio", "milliseconds"];

function row(finding: Finding, largest: number, unit: keyof typeof SIZES): Content {
  const { effect, low, high, text } = finding;
  const size = SIZES[unit](effect, low, high);
  const kind = effect > 0 === WORSE_IF_MORE.includes(unit) ? "bad" : "good";
  return html`<li>
    <div class="effect" aria-label=${size}>${bar(kind, effect, low, high, largest)}<span>${size}</span></div>
    <p>${markup(text)}</p>${action(finding)}
  </li>`;
}

// The effect as a bar from the middle, its interval as a line on it.
function bar(kind: string, effect: number, low: number, high: number, largest: number): Content {
  const x = (value: number) => 50 + (value / largest) * 48;
  const [left, right] = [Math.min(50, x(effect)), Math.max(50, x(effect))];
  return html`<svg class=${kind} viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">
    <line class="zero" x1="50" x2="50" y1="0" y2="14"></line>
    <rect x=${left} y="2" width=${Math.max(0.5, right - left)} height="10"></rect>
    <line class="interval" x1=${x(low)} x2=${x(high)} y1="7" y2="7"></line></svg>`;
}

function action(finding: Finding): Content {
  if (state.isFixed) return nothing;
  const { kind, value, start: from, tools } = finding;
  if (kind === "day" && from) {
    const zoom = () => state.set({ range: "custom", start: from, end: from });
    return html`<button type="button" class="button small" @click=${zoom}>Show ${plainDates(from)}</button>`;
  }
  if (kind === "client_version" && value) {
    const at = value.lastIndexOf(" ");
    return segmentButton([
      ["mcp_client", value.slice(0, at)],
      ["mcp_client_version", value.slice(at + 1)],
    ]);
  }
  const property = kind in PROPERTIES ? PROPERTIES[kind as keyof typeof PROPERTIES] : "";
  if (!property || !value) return nothing;
  const only = tools.length && tools.length <= MOST_TOOLS ? tools.map((tool) => ["tool", tool] as const) : [];
  const pick: Pick = only.length === 1 ? [[property, value], ...only] : [[property, value]];
  return segmentButton(pick);
}

// Leads to a segment, unless its first condition holds already.
function segmentButton(pick: Pick): Content {
  const [[property, value] = ["", ""]] = pick;
  const known = conditions().some((each) => each.property === property && each.values.includes(value));
  const name = pick.map(([, text]) => text).join(" · ");
  return known ? nothing : html`<button type="button" class="button small" .pick=${pick}>Show ${name}</button>`;
}
