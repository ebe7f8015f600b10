// The filter bar: ranges, version, provider, internal events, comparison. The address has their values.
import * as api from "../data/api.js";
import { el, icon } from "../dom.js";
import { number } from "../data/format.js";
import { labelOf } from "../data/labels.js";
import * as state from "../data/state.js";

const IN_BAR = new Set(["product", "range", "start", "end", "version", "provider", "internal"]);
const bar = document.getElementById("filters");
const find = (name) => bar.querySelector(`[name="${name}"]`);
const DEFAULT_RANGE = bar.dataset.range;

export const range = () => state.get("range") || (state.get("start") ? "custom" : DEFAULT_RANGE);

export function start() {
  for (const button of bar.querySelectorAll("[data-range]")) button.addEventListener("click", () => choose(button.dataset.range));
  for (const name of ["product", "version", "provider", "internal"]) {
    find(name)?.addEventListener("change", (event) => {
      const cleared = name === "product" ? { version: "", provider: "" } : {};
      state.set({ ...cleared, [name]: event.target.value });
    });
  }
  for (const name of ["start", "end"]) find(name).addEventListener("change", custom);
  bar.querySelector("[data-do=compare]")?.addEventListener("click", () => state.set({ compare: state.get("compare") ? "" : "1" }));
  bar.querySelector("[data-do=fold]").addEventListener("click", (event) => {
    const open = bar.classList.toggle("open");
    event.currentTarget.setAttribute("aria-expanded", String(open));
  });
  document.querySelector("[data-do=sign-out]")?.addEventListener("click", signOut);
  document.querySelector("[data-do=theme]").addEventListener("click", () => globalThis.footfallTheme.toggle());
  state.onChange(show);
  show();
}

function choose(name) {
  if (name !== "custom") return state.set({ range: name === DEFAULT_RANGE ? "" : name, start: "", end: "" });
  const today = new Date().toISOString().slice(0, 10);
  const week = new Date(Date.now() - 6 * 86_400_000).toISOString().slice(0, 10);
  state.set({ range: "custom", start: state.get("start") || week, end: state.get("end") || today });
}

function custom() {
  const [from, to] = [find("start").value, find("end").value];
  if (from && to) state.set({ range: "custom", start: from < to ? from : to, end: from < to ? to : from });
}

function show() {
  const now = range();
  for (const button of bar.querySelectorAll("[data-range]")) button.setAttribute("aria-pressed", String(button.dataset.range === now));
  bar.querySelector(".custom-range").hidden = now !== "custom";
  for (const name of ["start", "end"]) find(name).value = state.get(name).slice(0, 10);
  for (const name of ["version", "provider", "internal", "product"]) {
    const select = find(name);
    if (!select) continue;
    const value = state.get(name);
    if (value && ![...select.options].some((option) => option.value === value)) select.append(el("option", { value }, value));
    select.value = value || select.options[0]?.value;
    select.closest(".field").classList.toggle("set", Boolean(value) && name !== "product");
  }
  bar.querySelector("[data-do=compare]")?.setAttribute("aria-pressed", String(Boolean(state.get("compare"))));
  drawChips();
}

// A chip for each filter that was set by a click on a value; its button removes the filter.
function drawChips() {
  const place = document.getElementById("chips");
  const byValue = [...state.query()].filter(([name]) => !IN_BAR.has(name));
  place.replaceChildren(...byValue.map(([name, value]) => el("li", { class: "pill chip" }, `${labelOf(name)}: ${value}`,
    el("button", { type: "button", "aria-label": `Remove the filter ${labelOf(name)}: ${value}`, onclick: () => state.set({ [name]: "" }) }, icon("close")))));
}

export async function options(signal) {
  const values = await api.get("/api/options", state.query(), signal);
  fill("version", [["", "All versions"], ...values.versions.map((version) => [version, version])]);
  fill("provider", [["", "All providers"], ...values.providers.map((provider) => [provider, provider])]);
  fill("product", values.products.map((product) => [product, product]));
  const product = find("product");
  if (product) product.closest(".field").hidden = values.products.length < 2;
  show();
}

function fill(name, list) {
  const select = find(name);
  if (!select) return;
  const same = list.length === select.options.length && list.every(([value], index) => select.options[index].value === value);
  if (!same) select.replaceChildren(...list.map(([value, text]) => el("option", { value }, text)));
}

// "1,234 internal events hidden · show": tells that the numbers are not of all events.
export function showHidden(count) {
  const place = document.getElementById("hidden-internal");
  const mode = state.get("internal") || "hide";
  place.hidden = mode === "hide" && !count;
  if (mode === "hide") {
    place.replaceChildren(icon("eye-off"), `${number(count)} internal ${count === 1 ? "event" : "events"} hidden`, " · ",
      el("button", { type: "button", "aria-label": "Show internal events", onclick: () => state.set({ internal: "all" }) }, "show"));
  } else {
    place.replaceChildren(icon("eye"), mode === "only" ? "Only internal events are shown" : "Internal events are included", " · ",
      el("button", { type: "button", "aria-label": "Hide internal events", onclick: () => state.set({ internal: "" }) }, "hide"));
  }
}

// By script, because a form of this page would send no referrer, and the collector checks the origin.
async function signOut() {
  const answer = await fetch(api.address("/sign-out"), { method: "POST", credentials: "same-origin" }).catch(() => null);
  if (answer?.ok) location.assign(api.address("/sign-in"));
  else document.getElementById("announcements").textContent = "The collector did not answer; you are still signed in.";
}
