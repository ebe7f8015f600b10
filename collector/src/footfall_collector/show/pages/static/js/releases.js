// Releases side by side with the one before: adoption, error rate with its interval, and what got worse.
import * as api from "./api.js";
import { el, replaceKeepingFocus } from "./dom.js";
import { date, moment, number } from "./format.js";
import { listOf } from "./labels.js";
import * as state from "./state.js";

const host = document.getElementById("releases");

export async function refresh(signal) {
  if (!host) return;
  const found = await api.get("/api/releases", state.query(), signal);
  const spared = found.not_applied.length && el("p", { class: "panel-note" }, `Not filtered by ${listOf(found.not_applied)}.`);
  const body = found.releases.length ? [spared || "", table(found.releases), flags(found)] : [el("div", { class: "state" }, el("strong", {}, "No version was seen in this time range"), el("p", {}, "A release appears here with its first event."))];
  replaceKeepingFocus(host.querySelector(".panel-body"), ...body);
}

function table(list) {
  const names = [["Version"], ["First seen (UTC)", "wide-only"], ["Adoption", "num wide-only"], ["Instances", "num wide-only"], ["Calls", "num wide-only"], ["Error rate", "num"], ["95 % interval", "num wide-only"], ["Median", "num wide-only"], ["Against the one before"]];
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
  const words = { worse: ["bad", "↑ more errors"], better: ["good", "↓ fewer errors"], same: ["", "no clear change"], few: ["", "too few calls to tell"], first: ["", "nothing older in this range"] };
  const [tone, text] = words[release.verdict];
  const by = ["worse", "better"].includes(release.verdict) ? ` ${release.difference > 0 ? "+" : "−"}${Math.abs(release.difference * 100).toFixed(1)} pp` : "";
  return el("span", { class: `tag ${tone}` }, `${text}${by}`);
}

const SHOWN = 6;

function flags({ regressions, note }) {
  const how = el("details", { class: "how" }, el("summary", { "data-key": "how" }, "How a regression is told"), el("p", { class: "unit" }, note));
  if (!regressions.length) return el("div", { class: "flags" }, el("p", { class: "unit" }, "No tool got worse from one release to the next beyond what chance explains."), how);
  const [first, rest] = [regressions.slice(0, SHOWN), regressions.slice(SHOWN)];
  const more = rest.length > 0 && el("details", { class: "how" }, el("summary", { "data-key": "rest" }, `${rest.length} more`), el("ul", {}, rest.map(flag)));
  return el("div", { class: "flags" }, el("h3", {}, regressions.length === 1 ? "1 regression" : `${regressions.length} regressions`), el("ul", {}, first.map(flag)), more || "", how);
}

const flag = ({ version, tool, text }) => el("li", {}, el("span", { class: "tag bad" }, version), " ", el("code", {}, tool), ` ${text}`);
