// Releases compared with the previous one: adoption, error rate with its interval, and regressions.
import * as api from "../data/api.ts";
import { date, moment, number, quantity } from "../data/format.ts";
import { listOf, valueText } from "../data/labels.ts";
import { openedRows } from "../data/opened_rows.ts";
import type { Pick } from "../data/segments.ts";
import * as state from "../data/state.ts";
import type { Row } from "../data/types.ts";
import { type Content, draw, find, html, markup, nothing } from "../dom.ts";
import { arrow } from "./open.ts";
import { wordsOf } from "./pick.ts";
import { orSay } from "./refused.ts";

interface Release {
  version: string;
  first_seen: string | null;
  adoption: number | null;
  instances: number;
  calls: number;
  error_rate: number | null;
  low: number | null;
  high: number | null;
  p50_ms: number | null;
  before: string | null;
  before_calls: number | null;
  difference: number;
  verdict: "worse" | "better" | "same" | "few" | "first";
}
interface Regression {
  version: string;
  tool: string;
  text: string;
}
interface Comparison {
  releases: Release[];
  regressions: Regression[];
  older: number;
  note: string;
  apart: string[];
  all_count: boolean;
  not_applied: string[];
}

const host = document.getElementById("releases");

export async function refresh(signal: AbortSignal): Promise<void> {
  if (!host) return;
  const place = host;
  const answer = api.get<Comparison>("/api/releases", state.query(), signal);
  await orSay(
    find(".panel-body", place),
    answer.then((comparison) => show(place, comparison)),
  );
}

function show(place: HTMLElement, comparison: Comparison): void {
  draw(
    find(".panel-body", place),
    comparison.releases.length ? [...notes(comparison), table(comparison, place), flags(comparison)] : EMPTY,
  );
}

const EMPTY = html`<div class="state">
  <strong>No version was active in this time range</strong>
  <p>A release appears here with its first event.</p>
</div>`;

const note = (text: string) => (text ? html`<p class="panel-note">${text}</p>` : nothing);

const notes = ({ not_applied, apart, all_count }: Comparison): Content[] => [
  note(not_applied.length ? `Not filtered by ${listOf(not_applied)}.` : ""),
  note(standing(apart, all_count)),
];

function standing(apart: string[], allCount: boolean): string {
  if (allCount) return "No instance is established yet, so every version counts.";
  if (!apart.length) return "";
  return `Not compared, because no established instance ran ${apart.length === 1 ? "it" : "them"}: ${listOf(apart)}.`;
}

const COLUMNS = [
  ["Version", ""],
  ["First seen (UTC)", "widest-only"],
  ["Adoption", "num wider-only"],
  ["Instances", "num wider-only"],
  ["Calls", "num wider-only"],
  ["Error rate", "num"],
  ["95 % interval", "num widest-only"],
  ["Median", "num widest-only"],
  ["vs previous release", ""],
];

const table = (comparison: Comparison, place: HTMLElement) => html`
  <div class="scroll" tabindex="0" role="group" aria-label="Releases">
    <table class="data">
      <thead><tr>${COLUMNS.map(([name, kind]) => html`<th scope="col" class=${kind}>${name}</th>`)}</tr></thead>
      <tbody>${comparison.releases.map((release) => [
        row(release, () => turn(release.version, comparison, place)),
        opened.has(release.version) ? below(release.version, comparison, place) : nothing,
      ])}</tbody>
    </table>
  </div>
  ${comparison.older ? html`<p class="unit">${comparison.older} older ${comparison.older === 1 ? "version is" : "versions are"} left out.</p>` : nothing}`;

// The versions whose clients are shown.
const opened = new Set<string>();
const CLIENTS = {
  by: "mcp_client",
  name: "Clients",
  value: "calls",
  query: { measure: "events", event: "tool_executed", by: "mcp_client" },
};

function turn(version: string, comparison: Comparison, place: HTMLElement): void {
  if (!opened.delete(version)) opened.add(version);
  show(place, comparison);
}

// The clients that call a version, each a click to both.
function below(version: string, comparison: Comparison, place: HTMLElement): Content {
  const done = () => show(place, comparison);
  const rows = openedRows(comparison, { product_version: version }, "product_version", CLIENTS, done);
  const client = (each: Row) => {
    const pick = pickOf(each);
    const name = valueText("mcp_client", each.mcp_client) || "not given";
    return html`<li><button type="button" class="button small" .pick=${pick} aria-label="${name} ${number(each.calls)}: filter by ${wordsOf(pick)}"
      >${name} <span class="unit">${number(each.calls)}</span></button></li>`;
  };
  const none = html`<p class="unit">No calls of it in this time range.</p>`;
  const list = Array.isArray(rows) ? (rows.length ? html`<ul>${rows.map(client)}</ul>` : none) : (rows ?? "Counting…");
  return html`<tr class="below"><td colspan=${COLUMNS.length} role="status"><span class="unit">Calls by client</span>${list}</td></tr>`;
}

const pickOf = ({ product_version, mcp_client }: Row): Pick => [
  ["product_version", String(product_version)],
  ["mcp_client", String(mcp_client ?? "")],
];

const expander = (version: string, turnIt: () => void) =>
  state.isFixed
    ? nothing
    : html`<button class="expander" type="button" aria-expanded=${String(opened.has(version))} aria-label="Clients of ${version}"
      @click=${turnIt}><span aria-hidden="true">${opened.has(version) ? "▾" : "▸"}</span></button>`;

const row = (release: Release, turnIt: () => void) => html`
  <tr data-version=${release.version}>
    <td class="version">${expander(release.version, turnIt)}<button type="button" class="button small" aria-label="${release.version}: filter by it"
      .pick=${[["product_version", release.version]]}>${release.version}</button>${arrow([["product_version", release.version]])}</td>
    <td class="widest-only">${release.first_seen ? date(moment(release.first_seen)) : "–"}</td>
    <td class="num wider-only">${number(release.adoption, "ratio")}</td>
    <td class="num wider-only">${number(release.instances)}</td>
    <td class="num wider-only">${number(release.calls)}</td>
    <td class="num">${number(release.error_rate, "ratio")}</td>
    <td class="num widest-only">${interval(release)}</td>
    <td class="num widest-only">${number(release.p50_ms, "ms")}</td>
    <td class="wrap">${verdict(release)}${compare(release)}</td>
  </tr>`;

const interval = ({ low, high }: Release) =>
  low === null ? "–" : `${number(low, "ratio")} – ${number(high, "ratio")}`;

const VERDICTS = {
  worse: ["bad", "↑ more errors"],
  better: ["good", "↓ fewer errors"],
  same: ["", "no clear change"],
  few: ["", ""],
  first: ["", "no earlier release in this period"],
};

function verdict({ version, calls, verdict: name, difference, before, before_calls }: Release): Content {
  const fewer = before !== null && (before_calls ?? 0) < calls ? before : version;
  if (name === "few") return html`<span class="tag">too few calls of ${fewer} to compare</span>`;
  const [tone, text] = VERDICTS[name];
  const isClear = name === "worse" || name === "better";
  const size = isClear ? ` ${difference > 0 ? "+" : "−"}${Math.abs(difference * 100).toFixed(1)}\u00a0points` : "";
  return html`<span class="tag ${tone}">${text}${size}</span>`;
}

// Opens what explains the difference from the release before.
function compare({ version, before, before_calls }: Release): Content {
  if (!before || !before_calls || state.isFixed) return nothing;
  const open = () => state.set({ version, against: before });
  return html`<button type="button" class="button quiet small" aria-label="vs ${before}: what explains the difference of ${version}"
    @click=${open}>vs ${before}</button>`;
}

const SHOWN = 6;

function flags({ regressions, note: method }: Comparison): Content {
  const how = html`<details class="how"><summary>How regressions are detected</summary><p class="unit">${method}</p></details>`;
  if (!regressions.length) {
    return html`<div class="flags"><p class="unit">No tool got worse from one release to the next beyond chance.</p>${how}</div>`;
  }
  const others = regressions.slice(SHOWN);
  const more = html`<details class="how"><summary>${quantity(others.length, "more regression")}</summary><ul>${others.map(regression)}</ul></details>`;
  return html`<div class="flags">
    <h3>${quantity(regressions.length, "regression")}</h3>
    <ul>${regressions.slice(0, SHOWN).map(regression)}</ul>
    ${others.length ? more : nothing}${how}
  </div>`;
}

const segment = (version: string, tool: string): Pick => [
  ["product_version", version],
  ["tool", tool],
];

const regression = ({ version, tool, text }: Regression) =>
  html`<li><button type="button" class="segment" .pick=${segment(version, tool)} aria-label="${version} · ${valueText("tool", tool)}: filter by it"
    ><span class="tag bad">${version}</span> ${tool === "other" ? valueText("tool", tool) : html`<code>${tool}</code>`}</button>${arrow(segment(version, tool).toReversed())} ${markup(text)}</li>`;
