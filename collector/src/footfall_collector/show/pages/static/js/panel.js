// One card: fetches its chart, draws it or its table, and says what to do when there is nothing or something failed.
import * as api from "./api.js";
import { el, icon, replaceKeepingFocus } from "./dom.js";
import { save } from "./download.js";
import { number } from "./format.js";
import { kinds } from "./kinds/index.js";
import { listOf } from "./labels.js";
import * as state from "./state.js";
import * as table from "./table.js";
import { attach } from "./tooltip.js";

const COMPARED = new Set(["bars", "series", "columns"]);

const HOUR = 3600_000;
const DAY = 24 * HOUR;

const actions = {
  filter: (param, value) => state.set({ [param]: value }),
  tip: attach,
};

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// Rows as objects, with the reader's name and unit of each column.
export function dataOf(answer, config) {
  const rows = answer.rows.map((row) => Object.fromEntries(answer.columns.map((column, index) => [column, row[index]])));
  return {
    columns: answer.columns, rows,
    name: (column) => capital(config.columns[column]?.name ?? column),
    unit: (column) => config.columns[column]?.unit ?? "",
  };
}

export class Panel {
  // `context()` gives what the page's head said: the days of releases, and the period before this one.
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
    for (const menu of node.querySelectorAll("details.menu")) dismissable(menu);
    document.addEventListener("themechange", () => this.paint());
  }

  query() {
    const query = state.query();
    for (const [name, value] of Object.entries(this.config.query ?? {})) query.set(name, value);
    return query;
  }

  async refresh({ quiet = false } = {}) {
    this.showsTable = state.tables().has(this.config.id);
    this.links();
    this.pending?.abort();
    this.pending = new AbortController();
    const query = this.query();
    if (!this.answer) this.waiting();
    else if (!quiet) this.node.classList.add("stale");
    try {
      [this.answer, this.earlier] = await Promise.all([this.fetch(query), this.compares() ? this.fetch(this.queryBefore()) : null]);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.failed(error);
      throw error;
    }
    this.node.classList.remove("stale");
    this.data = dataOf(this.answer, this.config);
    if (this.earlier) this.data.before = dataOf(this.earlier, this.config).rows;
    this.paint();
  }

  // What the head said may come after the chart.
  reconsider() { if (["series", "heat"].includes(this.config.kind)) this.paint(); }

  unit() {
    const { unit, short, shortest } = this.config;
    const step = this.context().period?.step ?? DAY;
    return (step < HOUR ? shortest : step < DAY ? short : "") || unit;
  }

  fetch(query) { return api.get(`/api/charts/${this.config.chart}`, query, this.pending.signal); }

  compares() { return Boolean(state.get("compare") && this.context().period && COMPARED.has(this.config.kind)); }

  queryBefore() {
    const query = this.query();
    const { before_start: start, before_end: end } = this.context().period;
    query.delete("range");
    query.set("start", start);
    query.set("end", end);
    return query;
  }

  links() {
    for (const link of this.node.querySelectorAll("[data-format]")) link.href = api.address(`/api/charts/${this.config.chart}.${link.dataset.format}`, this.query());
  }

  paint() {
    if (!this.data) return;
    this.toggleState();
    this.node.querySelector(".unit").textContent = this.unit();
    const spared = this.answer.not_applied ?? [];
    this.note.hidden = !spared.length;
    this.note.textContent = spared.length ? `Not filtered by ${listOf(spared)}: these events don't say it.` : "";
    if (!this.data.rows.length) return this.empty();
    const host = this.figure(this.showsTable ? "table" : "chart");
    if (this.showsTable) table.draw(host, this.data, this.config.title);
    else {
      const kind = kinds[this.config.kind];
      const { releases, period } = this.context();
      const config = { ...this.config, marks: this.config.releases ? releases : [], period };
      const before = document.activeElement;
      const key = host.contains(before) ? before.dataset.key : null;
      kind.draw(host, this.data, config, actions);
      if (key && !host.contains(document.activeElement)) host.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
    }
  }

  figure(view) {
    const host = this.body.firstElementChild;
    if (host?.dataset.view === view) return host;
    const drawn = view === "chart" && !["bars", "heat"].includes(this.config.kind);
    const fresh = el("div", { class: drawn ? "figure plot" : "figure", "data-view": view });
    this.body.replaceChildren(fresh);
    return fresh;
  }

  toggleState() {
    const button = this.node.querySelector("[data-do=table]");
    button.setAttribute("aria-pressed", String(this.showsTable));
  }

  waiting() { this.body.replaceChildren(el("div", { class: "shimmer", role: "status", "aria-label": "Loading" })); }

  // Says why there is nothing, and what to do about it.
  empty() {
    const [text, action] = this.reason();
    replaceKeepingFocus(this.body, el("div", { class: "state", "data-view": "empty" }, el("strong", {}, "Nothing to show"), el("p", {}, text),
      action && el("button", { class: "button small", type: "button", "data-key": "clear", onclick: action.go }, action.name)));
  }

  reason() {
    const hidden = this.answer.hidden_internal ?? 0;
    if (hidden && !state.get("internal")) return [`${number(hidden)} internal ${hidden === 1 ? "event (CI and tests) is" : "events (CI and tests) are"} hidden.`, { name: "Include them", go: () => state.set({ internal: "all" }) }];
    const narrowed = [...state.query().keys()].filter((name) => name !== "product");
    if (!narrowed.length) return [this.config.empty, null];
    return ["No event matches these filters in this time range.", { name: "Clear the filters", go: () => state.set(Object.fromEntries(narrowed.map((name) => [name, ""]))) }];
  }

  failed(error) {
    this.node.classList.remove("stale");
    if (this.data) return;
    replaceKeepingFocus(this.body, el("div", { class: "state", role: "alert", "data-view": "error" },
      icon("alert"), el("strong", {}, "This chart could not be loaded"), el("p", {}, error.message),
      el("button", { class: "button small", type: "button", "data-key": "again", onclick: () => this.refresh().catch(() => {}) }, "Try again")));
  }
}

// A menu closes when the focus or a click leaves it, and with Escape.
function dismissable(menu) {
  menu.addEventListener("focusout", (event) => { if (!menu.contains(event.relatedTarget)) menu.open = false; });
  menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); } });
  menu.addEventListener("click", (event) => { if (event.target.closest("a, .menu-list button")) menu.open = false; });
}
