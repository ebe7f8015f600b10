// A panel: fetches its chart and draws it or its table, or explains why there is nothing.

import { library } from "../charts/echart.ts";
import { kinds } from "../charts/index.ts";
import { shaped } from "../charts/rows.ts";
import * as api from "../data/api.ts";
import { capital, number, quantity } from "../data/format.ts";
import { labelOf, listOf } from "../data/labels.ts";
import * as segments from "../data/segments.ts";
import * as state from "../data/state.ts";
import type { ChartAnswer, ChartData, DrawnConfig, PanelConfig } from "../data/types.ts";
import * as values from "../data/values.ts";
import { draw, find, html, icon, nothing } from "../dom.ts";
import type { Context } from "./context.ts";
import { save, saveSheet } from "./download.ts";
import { comparedQueries } from "./period.ts";
import { isDerived } from "./sheet.ts";
import * as table from "./table.ts";

const COMPARABLE = new Set(["bars", "series", "columns"]);
const DRAWN_AS_ELEMENTS = new Set(["bars", "heat"]);
const HOUR = 3600_000;
const DAY = 24 * HOUR;

const objects = ({ columns, rows }: ChartAnswer) =>
  rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])));

// Rows as objects, with the title and unit of each column.
export function byColumn(
  answer: ChartAnswer,
  config: PanelConfig,
  previous?: ChartAnswer | null,
  ended?: ChartAnswer | null,
): ChartData {
  return {
    columns: answer.columns,
    rows: objects(answer),
    ...(previous ? { before: objects(previous) } : {}),
    ...(ended ? { ended: objects(ended) } : {}),
    name: (column) => capital(config.columns[column]?.name ?? column),
    unit: (column) => config.columns[column]?.unit ?? "",
  };
}

export class Panel {
  readonly config: PanelConfig;
  private readonly body: HTMLElement;
  private readonly note: HTMLElement;
  private showsTable: boolean;
  private pending = new AbortController();
  private answer: ChartAnswer | null = null;
  private data: ChartData | null = null;

  // `context()` returns the release marks and the periods of the page's head.
  constructor(
    private readonly node: HTMLElement,
    private readonly context: () => Context,
    // The definition of a panel that the address changes.
    private readonly defined?: (context: Context) => Partial<PanelConfig>,
  ) {
    this.config = JSON.parse(node.dataset.panel ?? "{}");
    this.body = find(".panel-body", node);
    this.note = find(".panel-note", node);
    this.showsTable = state.tables().has(this.config.id);
    find("[data-do=table]", node).addEventListener("click", () => {
      this.showsTable = state.toggleTable(this.config.id);
      this.paint();
    });
    for (const button of node.querySelectorAll<HTMLElement>("[data-picture]")) {
      button.addEventListener("click", () => this.save(button.dataset.picture ?? "png"));
    }
    find("[data-format=csv]", node).addEventListener("click", (event) => this.saveShown(event));
    for (const menu of node.querySelectorAll<HTMLDetailsElement>("details.menu")) makeDismissable(menu);
    document.addEventListener("themechange", () => this.paint());
  }

  get isLoaded(): boolean {
    return this.answer !== null;
  }

  private save(format: string): void {
    if (!this.data || !this.answer) return;
    save({ config: this.drawn(), data: this.data, generatedAt: this.answer.generated_at }, format);
  }

  // The panel's definition with what the head of the page says.
  private drawn(): DrawnConfig {
    const { releases, annotations, alerts, period } = this.context();
    return { ...this.config, unit: this.unit(), marks: releases, annotations, alerts, period };
  }

  // The file of the API has the numbers of the answer; this one has what the chart makes of them.
  private saveShown(event: Event): void {
    if (!this.data || !this.answer || !isDerived(this.data, this.drawn())) return;
    event.preventDefault();
    saveSheet({ config: this.drawn(), data: this.data, generatedAt: this.answer.generated_at });
  }

  private query(): URLSearchParams {
    const query = state.query();
    for (const [name, value] of Object.entries(this.config.query ?? {})) query.set(name, value);
    return query;
  }

  // A chart of something else is another one: nothing of it stays until the answer is there.
  private define(): void {
    if (!this.defined) return;
    const before = JSON.stringify(this.config.query);
    Object.assign(this.config, this.defined(this.context()));
    find("h2, h3", this.node).textContent = this.config.title;
    if (before !== JSON.stringify(this.config.query)) this.answer = null;
  }

  async refresh({ quiet = false } = {}): Promise<void> {
    this.define();
    this.showsTable = state.tables().has(this.config.id);
    this.updateLinks();
    this.pending.abort();
    this.pending = new AbortController();
    if (!this.answer) this.showLoading();
    else if (!quiet) this.node.classList.add("stale");
    try {
      const [previous, over] = this.comparedQueries();
      const [answer, before, ended, totals] = await Promise.all([
        this.fetch(this.query()),
        previous && this.fetch(previous),
        over && this.fetch(over),
        this.totals(),
        DRAWN_AS_ELEMENTS.has(this.config.kind) ? null : library,
      ]);
      this.answer = answer;
      const data = { ...byColumn(answer, this.config, before, ended), ...(totals ? { totals } : {}) };
      this.data = shaped(data, this.config);
    } catch (error) {
      if (api.isAbort(error)) return;
      this.showError(error);
      throw error;
    }
    this.node.classList.remove("stale");
    this.learnValues();
    this.paint();
  }

  // Words of the answer that are values of this chart can be clicked as well.
  private learnValues(): void {
    for (const [column, property] of Object.entries(this.config.segments)) {
      for (const row of this.data?.rows ?? []) values.learn(property, String(row[column] ?? ""));
    }
  }

  // The head, with release marks and periods, can arrive after the chart.
  repaintWithHead(): void {
    if (["series", "heat"].includes(this.config.kind)) this.paint();
  }

  private fetch(query: URLSearchParams): Promise<ChartAnswer> {
    return api.get<ChartAnswer>(this.path(), query, this.pending.signal);
  }

  // The numbers of groups that can't be added up from their rows.
  private async totals(): Promise<Map<string, number> | null> {
    const { totals } = this.config.group ?? {};
    if (!totals) return null;
    const query = state.query();
    for (const [name, value] of Object.entries(totals)) query.set(name, value);
    const { rows } = await api.get<ChartAnswer>("/api/ask", query, this.pending.signal);
    return new Map(rows.map(([name, value]) => [String(name), Number(value)]));
  }

  private path(): string {
    return this.config.asks ? "/api/ask" : `/api/charts/${this.config.chart}`;
  }

  private unit(): string {
    const { unit, short, shortest } = this.config;
    const step = this.context().period?.step ?? DAY;
    const all = (step < HOUR ? shortest : step < DAY ? short : "") || unit;
    // By a read-only link no row asks for others.
    return state.isFixed && this.config.opens ? (all.split("; ")[0] ?? all) : all;
  }

  // What is asked of the previous period, and of the part of this one that is compared where that is not all of it.
  private comparedQueries(): (URLSearchParams | null)[] {
    const { period } = this.context();
    if (!state.get("compare") || !COMPARABLE.has(this.config.kind) || this.config.share || !period?.before_counts)
      return [];
    // Lines are drawn for each moment by itself; only numbers of the whole range depend on what is over.
    return comparedQueries(period, () => this.query(), DRAWN_AS_ELEMENTS.has(this.config.kind));
  }

  private updateLinks(): void {
    for (const link of this.node.querySelectorAll<HTMLAnchorElement>("[data-format]")) {
      link.href = api.address(`${this.path()}.${link.dataset.format}`, this.query());
    }
  }

  private paint(): void {
    if (!this.data || !this.answer) return;
    find("[data-do=table]", this.node).setAttribute("aria-pressed", String(this.showsTable));
    const [unit, opens] = this.unit().split(/(?=; a row opens )/); // nothing opens on paper
    draw(find(".unit", this.node), html`${unit}<span class="screen-only">${opens}</span>`);
    this.note.textContent = notes(this.answer, this.config).join(" ");
    this.note.hidden = !this.note.textContent;
    if (!this.data.rows.length) return this.showEmpty();
    const config = this.drawn();
    if (this.showsTable) table.draw(this.figure("table"), this.data, this.config.title);
    else kinds[this.config.kind].draw(this.figure("chart"), this.data, config);
  }

  // The element that a chart or a table fills; each of them has its own.
  private figure(view: "chart" | "table"): HTMLElement {
    if (view === "table") draw(this.body, html`<div class="figure" data-view="table"></div>`);
    else if (DRAWN_AS_ELEMENTS.has(this.config.kind))
      draw(this.body, html`<div class="figure" data-view="chart"></div>`);
    else draw(this.body, html`<div class="figure plot" data-view="chart"></div>`);
    return find(".figure", this.body);
  }

  private showLoading(): void {
    draw(this.body, html`<div class="shimmer" role="status" aria-label="Loading"></div>`);
  }

  // Explains why there is nothing, with a button where that helps.
  private showEmpty(): void {
    const { text, action } = this.emptyReason();
    const button =
      action && html`<button class="button small" type="button" @click=${action.go}>${action.name}</button>`;
    draw(
      this.body,
      html`<div class="state" data-view="empty"><strong>Nothing to show</strong><p>${text}</p>${button ?? nothing}</div>`,
    );
  }

  private emptyReason(): { text: string; action?: { name: string; go: () => void } } {
    if (this.config.none) return { text: this.config.none };
    const hidden = this.answer?.hidden_internal ?? 0;
    if (hidden && !state.get("internal") && !state.isFixed) {
      const events = hidden === 1 ? "event (CI and tests) is" : "events (CI and tests) are";
      const go = () => state.set({ internal: "all" });
      return { text: `${number(hidden)} internal ${events} hidden.`, action: { name: "Include them", go } };
    }
    const filters = [...state.query().keys()].filter((name) => name !== "product");
    if (!filters.length) return { text: this.config.empty };
    if (state.isFixed) return { text: "No event matches the filters of this link in its time range." };
    const go = () => state.set(Object.fromEntries(filters.map((name) => [name, ""])));
    const isFiltered = segments.conditions().length > 0 || Boolean(state.get("segment"));
    return {
      text: `No event ${isFiltered ? "matches these filters" : "was counted"} in this time range.`,
      action: { name: isFiltered ? "Clear the filters" : "Show the default range", go },
    };
  }

  private showError(error: unknown): void {
    this.node.classList.remove("stale");
    if (this.data) return;
    draw(
      this.body,
      html`<div class="state" role="alert" data-view="error">
        ${icon("alert")}<strong>This chart could not be loaded</strong><p>${api.messageOf(error)}</p>
        <button class="button small" type="button" @click=${() => this.refresh().catch(() => {})}>Try again</button>
      </div>`,
    );
  }
}

// "is not" leaves out whole instances where a chart counts what has no such property, which would look like a mistake.
function instancesLeftOut(scope = ""): string[] {
  const isLeftOut =
    segments.conditions().some(({ negated }) => negated) && / of instances that .* in the range/.test(scope);
  return isLeftOut ? [`This chart counts ${scope.replaceAll("; ", ", and ")}.`] : [];
}

// What the numbers leave out, and what the row of unlisted values stands for.
function notes({ not_applied = [], folded = {}, scope }: ChartAnswer, { query }: PanelConfig): string[] {
  // A question counts the values of its one property.
  const counts = typeof folded === "number" ? { [query?.by ?? ""]: folded } : folded;
  const more = Object.entries(counts)
    .filter(([, count]) => count)
    .map(([column, count]) => `“unlisted” stands for ${quantity(count, "more value")} of ${labelOf(column)}.`);
  return [
    ...(not_applied.length ? [`This chart can't be filtered by ${listOf(not_applied)}.`] : []),
    ...instancesLeftOut(scope),
    ...more,
  ];
}

// A menu closes on Escape, on a click outside, and when it loses the focus.
function makeDismissable(menu: HTMLDetailsElement): void {
  menu.addEventListener("focusout", (event) => {
    if (!menu.contains(event.relatedTarget as Node | null)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    find("summary", menu).focus();
  });
  menu.addEventListener("click", (event) => {
    if ((event.target as HTMLElement).closest("a, .menu-list button")) menu.open = false;
  });
}
