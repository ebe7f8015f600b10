// A page: filters, the answer, tiles and panels; all are refreshed when the filters or the data change.
import * as api from "./data/api.ts";
import { listOf } from "./data/labels.ts";
import * as state from "./data/state.ts";
import * as thingPages from "./data/things.ts";
import { thing } from "./data/things.ts";
import type { PageHead } from "./data/types.ts";
import * as values from "./data/values.ts";
import { breakable, draw, find, html, markup, wholeRanges } from "./dom.ts";
import * as comparison from "./page/comparison.ts";
import { type Context, contextOf } from "./page/context.ts";
import { filterWords } from "./page/download.ts";
import * as events from "./page/events.ts";
import * as explain from "./page/explain.ts";
import * as filters from "./page/filters.ts";
import * as health from "./page/health.ts";
import * as live from "./page/live.ts";
import * as mainChart from "./page/main_chart.ts";
import { Panel } from "./page/panel.ts";
import * as period from "./page/period.ts";
import * as pick from "./page/pick.ts";
import * as releases from "./page/releases.ts";
import * as saved from "./page/saved.ts";
import "./page/scroll_hint.ts";
import * as shortcuts from "./page/shortcuts.ts";
import * as things from "./page/things.ts";
import * as tiles from "./page/tiles.ts";
import "./page/tooltip.ts";
import * as week from "./page/week.ts";

const root = document.documentElement;
const page = root.dataset.name;
const answer = find("#answer");
const tileHost = document.getElementById("tiles");
const emptyPage = document.getElementById("empty-page");
const notApplied = find("#not-applied");
const compared = find("#compared");
let context = contextOf(null);
let pending = new AbortController();
const panels = [...document.querySelectorAll<HTMLElement>("[data-panel]")].map(
  (node) => new Panel(node, () => context, mainChart.definitionOf(node)),
);

// The address of the page's head; that of a page about one thing names the thing, all its other questions its condition.
function headOf(name: string): [string, URLSearchParams] {
  if (!thing) return [`/api/pages/${name}`, state.query()];
  const query = state.chosen();
  query.set("thing", thing.name);
  return [`/api/things/${thing.kind}`, query];
}

async function refreshHead(signal: AbortSignal): Promise<void> {
  const head = await api.get<PageHead>(...headOf(page ?? ""), signal);
  const { releases = [], annotations = [], alerts = [] } = head;
  context = { releases, annotations, alerts, period: inMilliseconds(head.period) };
  answer.classList.remove("loading");
  period.show(context.period);
  showPrintHead();
  if (answer.dataset.text !== head.answer) {
    answer.dataset.text = head.answer;
    drawAnswer();
  }
  filters.showHidden(head.hidden_internal ?? 0);
  const names = head.not_applied ?? [];
  notApplied.hidden = !names.length;
  notApplied.textContent = names.length ? `A part of the sentence is not filtered by ${listOf(names)}.` : "";
  compared.hidden = !state.get("compare") || !context.period || Boolean(head.empty);
  draw(compared, context.period ? html`<span>${wholeRanges(period.compared(context.period))}</span>` : "");
  if (emptyPage) emptyPage.hidden = !head.empty;
  const unknown = document.getElementById("unknown-thing");
  if (unknown) unknown.hidden = head.known !== false || Boolean(head.empty);
  for (const section of document.querySelectorAll<HTMLElement>(
    "#tiles, .pill.explain, #releases, #events, .main-chart, .grid, .things",
  )) {
    section.hidden = Boolean(head.empty) || head.known === false;
  }
  if (tileHost && head.tiles) tiles.draw(tileHost, head.tiles);
  for (const panel of panels) panel.repaintWithHead();
}

// What a printed page is of; the controls that say it are not printed.
function showPrintHead(): void {
  const product = state.query().get("product") ?? root.dataset.shown ?? "";
  const parts = [product, period.words(context.period), filterWords()];
  find("#print-head").textContent = parts.filter(Boolean).join(" · ");
}

// The words of the answer that are values of the page's charts filter by them.
function drawAnswer(): void {
  draw(answer, markup(answer.dataset.text ?? "", word));
}

function word(text: string) {
  const property = state.isFixed ? null : values.propertyOf(text);
  if (!property) return html`<code>${breakable(text)}</code>`;
  return html`<button type="button" class="word" title="Filter by it" .pick=${[[property, text]]}><code>${breakable(text)}</code></button>`;
}

// The previous period stays in RFC 3339: panels send it back to the API.
function inMilliseconds(period: PageHead["period"]): Context["period"] {
  if (!period) return null;
  return { ...period, start: Date.parse(period.start), end: Date.parse(period.end), step: period.step * 1000 };
}

// `data-drawing` stands on the page from here until it is complete, `data-ready` counts the complete drawings.
async function refresh(quiet: boolean): Promise<void> {
  root.dataset.drawing = "";
  pending.abort();
  pending = new AbortController();
  const { signal } = pending;
  const first = refreshHead(signal);
  // A comparison needs the previous period, which is part of the head.
  if (state.get("compare")) await first.catch(() => {});
  // Two are answered at a time, in this order: first what takes long and what is in sight, last what is only offered.
  const jobs = [
    first,
    releases.refresh(signal),
    week.refresh(signal),
    health.refresh(signal),
    ...panels.map((panel) => panel.refresh({ quiet })),
    explain.refresh(signal),
    comparison.refresh(signal),
    saved.refresh(signal),
    events.refresh(signal, quiet, () => context),
    things.refresh(quiet),
    filters.options(signal),
  ];
  const results = await Promise.allSettled(jobs);
  // A later refresh took over, and reports when the page is complete.
  if (signal.aborted) return;
  delete root.dataset.drawing;
  delete root.dataset.settling;
  const failed = results.find((job) => job.status === "rejected" && !api.isAbort(job.reason));
  if (failed?.status === "rejected") {
    if (!answer.dataset.text) draw(answer, html`<span role="alert">${api.messageOf(failed.reason)}</span>`);
    throw failed.reason;
  }
  drawAnswer();
  live.refreshed();
  root.dataset.ready = String(Number(root.dataset.ready ?? 0) + 1);
}

// A narrow navigation scrolls; only its own position changes.
function showCurrentPage(): void {
  const link = document.querySelector<HTMLElement>(".nav [aria-current]");
  const nav = link?.parentElement;
  if (nav) nav.scrollLeft = link.offsetLeft - nav.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
}

filters.start();
pick.start();
thingPages.start();
mainChart.start();
things.start(() => context);
explain.start();
saved.start();
shortcuts.start();
showCurrentPage();
addEventListener("resize", showCurrentPage);
state.linkPages();
state.onChange(() => {
  delete answer.dataset.text;
  refresh(false).catch(() => {});
});
live.start(() => refresh(true));
refresh(false).catch(() => {});
