// Releases side by side with the one before: adoption, error rate with its interval, and what got worse.
import * as api from "./api.js";
import { el, replaceKeepingFocus } from "./dom.js";
import { date, moment, number } from "./format.js";
import * as state from "./state.js";

const host = document.getElementById("releases");

export async function refresh(signal) {
  if (!host) return;
  const found = await api.get("/api/releases", state.query(), signal);
  const body = found.releases.length ? [table(found.releases), flags(found)] : [el("div", { class: "state" }, el("strong", {}, "No version was seen in this time range"), el("p", {}, "A release appears here with its first event."))];
  replaceKeepingFocus(host.querySelector(".panel-body"), ...body);
}

function table(list) {
  const names = ["Version", "First seen (UTC)", "Instances", "Calls", "Error rate", "95 % interval", "Against the one before"];
  const head = el("tr", {}, names.map((name, index) => el("th", { scope: "col", class: index > 1 && index < 6 ? "num" : null }, name)));
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Releases" }, el("table", { class: "data" }, el("thead", {}, head), el("tbody", {}, list.map(row))));
}

function row(release) {
  const choose = el("button", { type: "button", class: "button small", "data-key": release.version, "aria-label": `${release.version}: filter by it`, onclick: () => state.set({ version: release.version }) }, release.version);
  const interval = release.low === null ? "–" : `${number(release.low, "ratio")} – ${number(release.high, "ratio")}`;
  return el("tr", { "data-version": release.version }, el("td", {}, choose), el("td", {}, release.first_seen ? date(moment(release.first_seen)) : "–"),
    el("td", { class: "num" }, number(release.instances)), el("td", { class: "num" }, number(release.calls)), el("td", { class: "num" }, number(release.error_rate, "ratio")),
    el("td", { class: "num" }, interval), el("td", {}, verdict(release)));
}

function verdict(release) {
  const words = { worse: ["bad", "↑ more errors"], better: ["good", "↓ fewer errors"], same: ["", "no clear change"], few: ["", "too few calls to tell"], first: ["", "first seen"] };
  const [tone, text] = words[release.verdict];
  const by = release.difference === null || ["few", "first"].includes(release.verdict) ? "" : ` ${release.difference > 0 ? "+" : "−"}${Math.abs(release.difference * 100).toFixed(1)} pp`;
  return el("span", { class: `tag ${tone}` }, `${text}${by}`);
}

function flags(found) {
  if (!found.regressions.length) return el("p", { class: "unit" }, found.note);
  const list = found.regressions.map((flag) => el("li", {}, el("span", { class: "tag bad" }, flag.version), " ", el("code", {}, flag.tool), ` ${flag.text}`));
  return el("div", { class: "flags" }, el("h3", {}, "Regressions"), el("ul", {}, list), el("p", { class: "unit" }, found.note));
}
