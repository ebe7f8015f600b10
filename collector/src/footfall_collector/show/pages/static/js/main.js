// A page: filters on top, the answer in a sentence, tiles, panels; all of it again whenever something changed.
import * as api from "./api.js";
import { el, prose } from "./dom.js";
import * as filters from "./filters.js";
import { Panel } from "./panel.js";
import * as health from "./health.js";
import { listOf } from "./labels.js";
import * as live from "./live.js";
import * as releases from "./releases.js";
import * as state from "./state.js";
import * as tiles from "./tiles.js";

const page = document.documentElement.dataset.name;
const answer = document.getElementById("answer");
const tileHost = document.getElementById("tiles");
const emptyPage = document.getElementById("empty-page");
const spared = document.getElementById("spared");
let context = { releases: [], period: null };
let pending = new AbortController();
const panels = [...document.querySelectorAll("[data-panel]")].map((node) => new Panel(node, () => context));

async function head(signal) {
  const found = await api.get(`/api/pages/${page}`, state.query(), signal);
  context = { releases: found.releases ?? [], period: periodOf(found.period) };
  answer.classList.remove("waiting");
  if (answer.dataset.text !== found.answer) {
    answer.dataset.text = found.answer;
    answer.replaceChildren(...prose(found.answer));
  }
  filters.hidden(found.hidden_internal ?? 0);
  const names = found.not_applied ?? [];
  spared.hidden = !names.length;
  spared.textContent = names.length ? `The sentence is not filtered by ${listOf(names)}.` : "";
  if (emptyPage) emptyPage.hidden = !found.empty;
  for (const part of document.querySelectorAll("#tiles, #releases, .grid")) part.hidden = Boolean(found.empty);
  if (tileHost && found.tiles) tiles.draw(tileHost, found.tiles);
  for (const panel of panels) panel.reconsider();
}

// The period in milliseconds; the one before stays as the API wants it.
function periodOf(period) {
  return period ? { ...period, start: Date.parse(period.start), end: Date.parse(period.end), step: period.step * 1000 } : null;
}

async function refresh(quiet) {
  pending.abort();
  pending = new AbortController();
  const { signal } = pending;
  const first = head(signal);
  // A comparison needs to know the period before, which the head says.
  if (state.get("compare")) await first.catch(() => {});
  const jobs = [first, filters.options(signal), ...panels.map((panel) => panel.refresh({ quiet })), releases.refresh(signal), health.refresh(signal)];
  const ended = await Promise.allSettled(jobs);
  // A later refresh took over: it says when the page is whole.
  if (signal.aborted) return;
  const failed = ended.find((job) => job.status === "rejected" && job.reason.name !== "AbortError");
  if (failed) {
    if (!answer.dataset.text) answer.replaceChildren(el("span", { role: "alert" }, failed.reason.message));
    throw failed.reason;
  }
  live.refreshed();
  document.documentElement.dataset.ready = String(Number(document.documentElement.dataset.ready ?? 0) + 1);
}

filters.start();
document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
state.linkPages();
state.onChange(() => { delete answer.dataset.text; refresh(false).catch(() => {}); });
live.start(() => refresh(true));
refresh(false).catch(() => {});
