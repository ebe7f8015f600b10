// Releases compared with the previous one: adoption, error rate with its interval, and regressions.
import * as api from "../data/api.js";
import { el, renderMarkup, replaceKeepingFocus } from "../dom.js";
import { date, moment, number } from "../data/format.js";
import { listOf } from "../data/labels.js";
import * as state from "../data/state.js";

const host = document.getElementById("releases");

export async function refresh(signal) {
  if (!host) return;
  const comparison = await api.get("/api/releases", state.query(), signal);
  const notApplied = comparison.not_applied.length && el("p", { class: "panel-note" }, `Not filtered by ${listOf(comparison.not_applied)}.`);
  const standing = standingNote(comparison);
  const body = comparison.releases.length ? [notApplied || "", standing || "", table(comparison.releases), regressionList(comparison)] : [el("div", { class: "state" }, el("strong", {}, "No version was active in this time range"), el("p", {}, "A release appears here with its first event."))];
  replaceKeepingFocus(host.querySelector(".panel-body"), ...body);
}

function standingNote({ apart, all_count }) {
  const text = all_count ? "No instance is established yet, so every version counts." : apart.length && `Not compared, because no established instance ran ${apart.length === 1 ? "it" : "them"}: ${listOf(apart)}.`;
  return text && el("p", { class: "panel-note" }, text);
}

function table(list) {
  const names = [["Version"], ["First seen (UTC)", "wide-only"], ["Adoption", "num wide-only"], ["Instances", "num wide-only"], ["Calls", "num wide-only"], ["Error rate", "num"], ["95 % interval", "num wide-only"], ["Median", "num wide-only"], ["Compared with previous"]];
  const head = el("tr", {}, names.map(([name, kind]) => el("th", { scope: "col", class: kind }, name)));
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Releases" }, el("table", { class: "data" }, el("thead", {}, head), el("tbody", {}, list.map(row))));
}

function row(release) {
  const choose = el("button", { type: "button", class: "button small", "data-key": release.version, "aria-label": `${release.version}: filter by it`, onclick: () => state.set({ version: release.version }) }, release.version);
  const interval = release.low === null ? "–" : `${number(release.low, "ratio")} – ${number(release.high, "ratio")}`;
  return el("tr", { "data-version": release.version }, el("td", {}, choose), el("td", { class: "wide-only" }, release.first_seen ? date(moment(release.first_seen)) : "–"),
    el("td", { class: "num wide-only" }, number(release.adoption, "ratio")), el("td", { class: "num wide-only" }, number(release.instances)), el("td", { class: "num wide-only" }, number(release.calls)), el("td", { class: "num" }, number(release.error_rate, "ratio")),
    el("td", { class: "num wide-only" }, interval), el("td", { class: "num wide-only" }, number(release.p50_ms, "ms")), el("td", { class: "wrap" }, verdict(release)));
}

function verdict(release) {
  const verdicts = { worse: ["bad", "↑ more errors"], better: ["good", "↓ fewer errors"], same: ["", "no clear change"], few: ["", "too few calls to tell"], first: ["", "no older version in this range"] };
  const [tone, text] = verdicts[release.verdict];
  const difference = ["worse", "better"].includes(release.verdict) ? ` ${release.difference > 0 ? "+" : "−"}${Math.abs(release.difference * 100).toFixed(1)} pp` : "";
  return el("span", { class: `tag ${tone}` }, `${text}${difference}`);
}

const SHOWN = 6;

function regressionList({ regressions, note }) {
  const method = el("details", { class: "how" }, el("summary", { "data-key": "how" }, "How regressions are detected"), el("p", { class: "unit" }, note));
  if (!regressions.length) return el("div", { class: "flags" }, el("p", { class: "unit" }, "No tool got worse from one release to the next beyond chance."), method);
  const [first, others] = [regressions.slice(0, SHOWN), regressions.slice(SHOWN)];
  const more = others.length > 0 && el("details", { class: "how" }, el("summary", { "data-key": "rest" }, `${others.length} more`), el("ul", {}, others.map(regression)));
  return el("div", { class: "flags" }, el("h3", {}, regressions.length === 1 ? "1 regression" : `${regressions.length} regressions`), el("ul", {}, first.map(regression)), more || "", method);
}

const regression = ({ version, tool, text }) => el("li", {}, el("span", { class: "tag bad" }, version), " ", el("code", {}, tool), " ", ...renderMarkup(text));
