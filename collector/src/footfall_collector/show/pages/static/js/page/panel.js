// A panel: fetches its chart and draws it or its table, or explains why there is nothing.
import * as api from "../data/api.js";
import { el, icon, replaceKeepingFocus } from "../dom.js";
import { save } from "./download.js";
import { number } from "../data/format.js";
import { kinds } from "../charts/index.js";
import { listOf } from "../data/labels.js";
import * as state from "../data/state.js";
import * as table from "./table.js";
import { attach } from "./tooltip.js";

const COMPARABLE = new Set(["bars", "series", "columns"]);

const HOUR = 3600_000;
const DAY = 24 * HOUR;

const actions = {
  filter: (param, value) => state.set({ [param]: value }),
  tip: attach,
};

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// Rows as objects, with the title and unit of each column.
export function byColumn(answer, config) {
  const rows = answer.rows.map((row) => Object.fromEntries(answer.columns.map((column, index) => [column, row[index]])));
  return {
    columns: answer.columns, rows,
    name: (column) => capital(config.columns[column]?.name ?? column),
    unit: (column) => config.columns[column]?.unit ?? "",
  };
}

export class Panel {
  // `context()` returns the release marks and the periods of the page's head.
  constructor(node, context) {
    this.node = node;
    this.config = JSON.parse(node.dataset.panel);
    this.body = node.querySelector(".panel-body");
    this.note = node.querySelector(".panel-note");
    this.context = context;
    this.showsTable = state.tables().has(this.config.id);
    node.querySelector("[data-do=table]").addEventListener("click", () => {
      this.showsTable = state.toggleTable(this.config.id);
      this.paint();
    });
    for (const button of node.querySelectorAll("[data-picture]")) {
      button.addEventListener("click", () => this.data && save(this, button.dataset.picture));
    }
    for (const menu of node.querySelectorAll("details.menu")) makeDismissable(menu);
    document.addEventListener("themechange", () => this.paint());
  }

  query() {
    const query = state.query();
    for (const [name, value] of Object.entries(this.config.query ?? {})) query.set(name, value);
    return query;
  }

  async refresh({ quiet = false } = {}) {
    this.showsTable = state.tables().has(this.config.id);
    this.updateLinks();
    this.pending?.abort();
    this.pending = new AbortController();
    const query = this.query();
    if (!this.answer) this.showLoading();
    else if (!quiet) this.node.classList.add("stale");
    try {
      [this.answer, this.previous] = await Promise.all([this.fetch(query), this.compares() ? this.fetch(this.previousQuery()) : null]);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.showError(error);
      throw error;
    }
    this.node.classList.remove("stale");
    this.data = byColumn(this.answer, this.config);
    if (this.previous) this.data.before = byColumn(this.previous, this.config).rows;
    this.paint();
  }

  // The head can arrive after the chart.
  repaintWithHead() { if (["series", "heat"].includes(this.config.kind)) this.paint(); }

  unit() {
    const { unit, short, shortest } = this.config;
    const step = this.context().period?.step ?? DAY;
    return (step < HOUR ? shortest : step < DAY ? short : "") || unit;
  }

  fetch(query) { return api.get(`/api/charts/${this.config.chart}`, query, this.pending.signal); }

  compares() { return Boolean(state.get("compare") && this.context().period?.before_counts && COMPARABLE.has(this.config.kind)); }

  previousQuery() {
    const query = this.query();
    const { before_start: start, before_end: end } = this.context().period;
    query.delete("range");
    query.set("start", start);
    query.set("end", end);
    return query;
  }

  updateLinks() {
    for (const link of this.node.querySelectorAll("[data-format]")) link.href = api.address(`/api/charts/${this.config.chart}.${link.dataset.format}`, this.query());
  }

  paint() {
    if (!this.data) return;
    this.updateToggle();
    this.node.querySelector(".unit").textContent = this.unit();
    const notApplied = this.answer.not_applied ?? [];
    const folded = Object.entries(this.answer.folded ?? {}).map(([column, count]) => `${number(count)} more values of ${listOf([column]).replaceAll("_", " ")}`);
    const notes = [notApplied.length && `Not filtered by ${listOf(notApplied)}: these events don't carry it.`, folded.length && `“other” has ${folded.join(", ")}.`];
    this.note.textContent = notes.filter(Boolean).join(" ");
    this.note.hidden = !this.note.textContent;
    if (!this.data.rows.length) return this.showEmpty();
    const host = this.figure(this.showsTable ? "table" : "chart");
    if (this.showsTable) table.draw(host, this.data, this.config.title);
    else {
      const kind = kinds[this.config.kind];
      const { releases, period } = this.context();
      const config = { ...this.config, marks: this.config.releases ? releases : [], period };
      const focused = document.activeElement;
      const key = host.contains(focused) ? focused.dataset.key : null;
      kind.draw(host, this.data, config, actions);
      if (key && !host.contains(document.activeElement)) host.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
    }
  }

  figure(view) {
    const host = this.body.firstElementChild;
    if (host?.dataset.view === view) return host;
    const isPlot = view === "chart" && !["bars", "heat"].includes(this.config.kind);
    const figure = el("div", { class: isPlot ? "figure plot" : "figure", "data-view": view });
    this.body.replaceChildren(figure);
    return figure;
  }

  updateToggle() {
    const button = this.node.querySelector("[data-do=table]");
    button.setAttribute("aria-pressed", String(this.showsTable));
  }

  showLoading() { this.body.replaceChildren(el("div", { class: "shimmer", role: "status", "aria-label": "Loading" })); }

  // Explains why there is nothing, with a button where that helps.
  showEmpty() {
    const [text, action] = this.emptyReason();
    replaceKeepingFocus(this.body, el("div", { class: "state", "data-view": "empty" }, el("strong", {}, "Nothing to show"), el("p", {}, text),
      action && el("button", { class: "button small", type: "button", "data-key": "clear", onclick: action.go }, action.name)));
  }

  emptyReason() {
    const hidden = this.answer.hidden_internal ?? 0;
    if (hidden && !state.get("internal")) return [`${number(hidden)} internal ${hidden === 1 ? "event (CI and tests) is" : "events (CI and tests) are"} hidden.`, { name: "Include them", go: () => state.set({ internal: "all" }) }];
    const filters = [...state.query().keys()].filter((name) => name !== "product");
    if (!filters.length) return [this.config.empty, null];
    return ["No event matches these filters in this time range.", { name: "Clear the filters", go: () => state.set(Object.fromEntries(filters.map((name) => [name, ""]))) }];
  }

  showError(error) {
    this.node.classList.remove("stale");
    if (this.data) return;
    replaceKeepingFocus(this.body, el("div", { class: "state", role: "alert", "data-view": "error" },
      icon("alert"), el("strong", {}, "This chart could not be loaded"), el("p", {}, error.message),
      el("button", { class: "button small", type: "button", "data-key": "again", onclick: () => this.refresh().catch(() => {}) }, "Try again")));
  }
}

// A menu closes on Escape, on a click outside, and when it loses the focus.
function makeDismissable(menu) {
  menu.addEventListener("focusout", (event) => { if (!menu.contains(event.relatedTarget)) menu.open = false; });
  menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); } });
  menu.addEventListener("click", (event) => { if (event.target.closest("a, .menu-list button")) menu.open = false; });
}
