// The API's answers and the definitions of panels.
export type Cell = string | number | boolean | null;
export type Row = Record<string, Cell>;

export interface ChartAnswer {
  columns: string[];
  rows: Cell[][];
  generated_at: string;
  hidden_internal?: number;
  not_applied?: string[];
  // What counts, in one phrase for each kind of events.
  scope?: string;
  // Columns whose rarest values are shown as `other`, to the number of those.
  folded?: Record<string, number> | number;
}

export interface ReleaseMark {
  name: string;
  at: string;
}

// What else happened: `at` is a moment.
export interface Annotation {
  id: string;
  at: string;
  text: string;
  by: string;
}

// What a rule found: open from `at` until `until`, which is null while it goes on.
export interface OpenAlert {
  rule: string;
  text: string;
  at: string;
  until: string | null;
}

// Milliseconds; the previous period stays in RFC 3339, because panels send it back to the API.
export interface Period {
  start: number;
  end: number;
  step: number;
  before_start: string;
  before_end: string;
  // Whether events were counted in all of the previous period; otherwise nothing is compared with it.
  before_counts: boolean;
  // Where changes stop counting, in this period and in the previous one: what is not over is in none.
  compared_end: string;
  before_compared_end: string;
}

export interface TileAnswer {
  id: string;
  title: string;
  meaning: string;
  value: number | null;
  before: number | null;
  // What `before` is compared with, where the range has the present day: the number of the days that are over.
  ended: number | null;
  unit: string;
  better: "more" | "less" | "none";
  spark: (number | null)[];
  standing: string;
  not_applied: string[];
}

export interface PageHead {
  answer: string;
  empty?: boolean;
  // Of the head of a page about one thing: whether any event ever named it.
  known?: boolean;
  hidden_internal?: number;
  not_applied?: string[];
  period?: Omit<Period, "start" | "end"> & { start: string; end: string };
  releases?: ReleaseMark[];
  annotations?: Annotation[];
  alerts?: OpenAlert[];
  tiles?: TileAnswer[];
}

export interface Column {
  name: string;
  unit: string;
}

// The definition of a panel: what `panels.py` says of it.
export interface PanelConfig {
  id: string;
  chart: string;
  kind: "bars" | "columns" | "heat" | "ranges" | "series";
  title: string;
  unit: string;
  empty: string;
  columns: Record<string, Column>;
  label: string[];
  value: string;
  values: string[];
  numbers: string[];
  widths?: Record<string, string>;
  limit?: number;
  // In place of rows, where the reason is known whatever the filters are.
  none?: string;
  tone?: string;
  x: string;
  series?: string;
  stack?: boolean;
  share?: boolean;
  order?: string;
  gap?: string;
  top?: number;
  // Whether the rows are in the order of their values, instead of the answer's.
  sorted?: boolean;
  // Rows of one value are one row that opens them: columns to add up, columns that they share, and one that a question of
  // its own answers (`totals`), because instances of several rows can't be added up.
  group?: { by: string; sum: string[]; same: string[]; total?: string; totals?: Record<string, string> };
  // Rows that a row opens: those of a question about it, by the property `by`, whose numbers stand in the column `value`.
  opens?: { by: string; name: string; value: string; query: Record<string, string> };
  // The last day of support by value.
  ends?: Record<string, string>;
  // Whether versions count as their minor ones.
  minor?: boolean;
  ratio?: { part: string; whole: string; name: string };
  cohort: string;
  offset: string;
  short?: string;
  shortest?: string;
  query?: Record<string, string>;
  // Whether the chart is the answer of `/api/ask` to `query`, and whether its numbers are counted in classes.
  asks?: boolean;
  isDistribution?: boolean;
  // Whether the rates of values add up to that of all calls: each is the part of the calls that failed with it.
  contributes?: boolean;
  // Of a chart over time, the days from one point to the next.
  days?: number;
  // Of a chart of pairs, the value that the rows are about, and the columns that it can be in.
  about?: { value: string; column: string; other: string; either: boolean };
  // Columns whose values can be clicked, to the property that each is a value of.
  segments: Record<string, string>;
}

// A panel's definition together with what the head of the page says.
export interface DrawnConfig extends PanelConfig {
  marks: ReleaseMark[];
  annotations: Annotation[];
  alerts: OpenAlert[];
  period: Period | null;
}

// A chart's rows as objects, with the title and unit of each column.
export interface ChartData {
  columns: string[];
  rows: Row[];
  before?: Row[];
  // What the rows before are compared with, where a part of the range is not over.
  ended?: Row[];
  totals?: Map<string, number>;
  name(column: string): string;
  unit(column: string): string;
  // The address that a cell leads to, where its column alone does not say it.
  leadsTo?(row: Row, column: string): string | null;
}
