// A page: filters, the answer, tiles and panels; all are refreshed when the filters or the data change.
import * as api from "./data/api.js";
import { el, renderMarkup } from "./dom.js";
import * as filters from "./page/filters.js";
import { Panel } from "./page/panel.js";
import * as health from "./page/health.js";
import { listOf } from "./data/labels.js";
import * as live from "./page/live.js";
import * as releases from "./page/releases.js";
import * as state from "./data/state.js";
import * as tiles from "./page/tiles.js";

const root = document.documentElement;
const page = root.dataset.name;
const answer = document.getElementById("answer");
const tileHost = document.getElementById("tiles");
const emptyPage = document.getElementById("empty-page");
const notApplied = document.getElementById("not-applied");
let context = { releases: [], period: null };
let pending = new AbortController();
const panels = [...document.querySelectorAll("[data-panel]")].map((node) => new Panel(node, () => context));

async function refreshHead(signal) {
  const head = await api.get(`/api/pages/${page}`, state.query(), signal);
  context = { releases: head.releases ?? [], period: inMilliseconds(head.period) };
  answer.classList.remove("loading");
  if (answer.dataset.text !== head.answer) {
    answer.dataset.text = head.answer;
    answer.replaceChildren(...renderMarkup(head.answer));
  }
  filters.showHidden(head.hidden_internal ?? 0);
  const names = head.not_applied ?? [];
  notApplied.hidden = !names.length;
  notApplied.textContent = names.length ? `The sentence is not filtered by ${listOf(names)}.` : "";
  if (emptyPage) emptyPage.hidden = !head.empty;
  for (const section of document.querySelectorAll("#tiles, #releases, .grid")) section.hidden = Boolean(head.empty);
  if (tileHost && head.tiles) tiles.draw(tileHost, head.tiles);
  for (const panel of panels) panel.repaintWithHead();
}

// The previous period stays in RFC 3339: panels send it back to the API.
function inMilliseconds(period) {
  return period ? { ...period, start: Date.parse(period.start), end: Date.parse(period.end), step: period.step * 1000 } : null;
}

// `data-drawing` stands on the page from here until it is complete, `data-ready` counts the complete drawings.
async function refresh(quiet) {
  root.dataset.drawing = "";
  pending.abort();
  pending = new AbortController();
  const { signal } = pending;
  const first = refreshHead(signal);
  // A comparison needs the previous period, which is part of the head.
  if (state.get("compare")) await first.catch(() => {});
  const jobs = [first, filters.options(signal), ...panels.map((panel) => panel.refresh({ quiet })), releases.refresh(signal), health.refresh(signal)];
  const results = await Promise.allSettled(jobs);
  // A later refresh took over, and reports when the page is complete.
  if (signal.aborted) return;
  delete root.dataset.drawing;
  const failed = results.find((job) => job.status === "rejected" && job.reason.name !== "AbortError");
  if (failed) {
    if (!answer.dataset.text) answer.replaceChildren(el("span", { role: "alert" }, failed.reason.message));
    throw failed.reason;
  }
  live.refreshed();
  root.dataset.ready = String(Number(root.dataset.ready ?? 0) + 1);
}

filters.start();
document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
state.linkPages();
state.onChange(() => { delete answer.dataset.text; refresh(false).catch(() => {}); });
live.start(() => refresh(true));
refresh(false).catch(() => {});
