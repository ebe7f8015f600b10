// Two segments against each other, saved ones or those of two values: each measure with its difference and the interval of that.
import * as api from "../data/api.ts";
import { number } from "../data/format.ts";
import { valueText } from "../data/labels.ts";
import * as segments from "../data/segments.ts";
import * as state from "../data/state.ts";
import { breakable, type Content, draw, find, html, icon, markup, nothing, wholeRanges } from "../dom.ts";
import { words } from "./chips.ts";

interface Measured {
  name: string;
  unit: string;
  a: number | null;
  b: number | null;
  difference: number | null;
  low: number | null;
  high: number | null;
}
interface Comparison {
  answer: string;
  measures: Measured[];
  note: string;
}

const NAMES: Record<string, string> = {
  calls: "Calls",
  instances: "Instances",
  error_rate: "Error rate",
  median: "Median duration",
  p95: "95th percentile",
  p99: "99th percentile",
  share: "Share of all calls",
  new: "New instances",
  returning: "Returning instances",
  lost: "Lost instances",
};
const host = document.getElementById("comparison");

export async function refresh(signal: AbortSignal): Promise<void> {
  if (!host) return;
  const [a, b] = [state.all("a"), state.all("b")];
  const wasHidden = host.hidden;
  host.hidden = !(a.length && b.length);
  if (host.hidden) return;
  if (wasHidden) host.scrollIntoView({ block: "nearest" });
  const [first, second] = named(a, b);
  find("h2", host).textContent = `${first} against ${second}`;
  const query = state.query();
  for (const side of a) query.append("a", side);
  for (const side of b) query.append("b", side);
  const body = find(".panel-body", host);
  try {
    draw(body, content(first, second, await api.get<Comparison>("/api/compare", query, signal)));
  } catch (error) {
    if (api.isAbort(error)) throw error;
    draw(body, html`<p role="alert">${api.messageOf(error)}</p>${close()}`);
  }
}

// A saved segment has a name; conditions are said as in a filter. A read-only link has those of a saved segment.
const said = (side: readonly string[]) =>
  side
    .map((text) => {
      const condition = segments.parse(text);
      return condition ? words(condition) : text;
    })
    .join(", ");

// What both sides are called: by their values alone where these are of the same property.
export function named(a: readonly string[], b: readonly string[]): [string, string] {
  const [first, second] = [a, b].map((side) => (side.length === 1 ? segments.parse(side[0] ?? "") : null));
  if (!first || !second || first.negated || first.property !== second.property) return [said(a), said(b)];
  const list = ({ property, values }: segments.Condition) =>
    values.map((value) => valueText(property, value)).join(" or ");
  const isRest = second.negated && list(first) === list(second);
  return isRest || !second.negated ? [list(first), isRest ? "all others" : list(second)] : [said(a), said(b)];
}

const close = () =>
  state.isFixed
    ? nothing
    : html`<button type="button" class="button small" @click=${() => state.set({ a: "", b: "" })}
  >${icon("close")}Close the comparison</button>`;

function content(a: string, b: string, { answer, measures, note }: Comparison): Content {
  return html`<p class="answer">${markup(answer)}</p>
    <div class="scroll" tabindex="0" role="group" aria-label="${a} and ${b}, table"><table class="data">
      <thead><tr><th scope="col">Measure</th><th scope="col" class="num">${breakable(a)}</th><th scope="col" class="num">${breakable(b)}</th>
        <th scope="col" class="num">Difference <span class="interval">(95 % interval)</span></th></tr></thead>
      <tbody>${measures.map(row)}</tbody></table></div>
    <div class="explain-actions">${close()}<details class="how"><summary>How this is computed</summary><p class="unit">${note}</p></details></div>`;
}

function row({ name, unit, a, b, difference, low, high }: Measured): Content {
  const interval = low === null || high === null ? "" : `(${signed(low, unit, true)} to ${signed(high, unit, true)})`;
  return html`<tr><th scope="row">${NAMES[name] ?? name}</th><td class="num" data-value=${String(a ?? "")}>${number(a, unit)}</td>
    <td class="num" data-value=${String(b ?? "")}>${number(b, unit)}</td>
    <td class="num">${difference === null ? "–" : signed(difference, unit)}${interval ? html` <span class="interval">${wholeRanges(interval)}</span>` : nothing}</td></tr>`;
}

const NUMBERS = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

// A difference of rates is in points, hundredths, which an interval after it need not say again.
function signed(value: number, unit: string, isBare = false): string {
  const size = Math.abs(value);
  const text =
    unit === "ratio"
      ? `${(100 * size).toFixed(1)}${isBare ? "" : "\u00a0points"}`
      : unit === "milliseconds"
        ? number(size, unit)
        : NUMBERS.format(size);
  // A zero has no sign.
  return text === "0" ? text : `${value < 0 ? "−" : "+"}${text}`;
}
