// A ranked list: the label on its bar, the numbers next to it. A click on a label filters the page by it.
import { date, number, percent, tick } from "../data/format.ts";
import { valueText } from "../data/labels.ts";
import { openedRows } from "../data/opened_rows.ts";
import { isPicked, type Pick } from "../data/segments.ts";
import { isFixed } from "../data/state.ts";
import type { Cell, ChartData, DrawnConfig, Row } from "../data/types.ts";
import { breakable, type Content, html, nothing, draw as render } from "../dom.ts";
import { arrow } from "../page/open.ts";
import type { TipContent } from "../page/tooltip.ts";
import type { ChartOption, Palette } from "./echart.ts";
import { axis, base } from "./echart.ts";
import { type Group, groups } from "./groups.ts";

const SHOWN = 8;
const WIDTH = "82px";
const PICTURE_ROWS = 20;
const SOON = 90 * 86_400_000;
const expanded = new WeakSet<HTMLElement>();
// The groups of each list that show their rows.
const opened = new WeakMap<HTMLElement, Set<string>>();

const isGiven = (value: Cell | undefined) => value !== null && value !== undefined;

// Properties that the events don't carry are left out.
const labelOf = (row: Row, { label, segments }: DrawnConfig) =>
  label
    .filter((column) => isGiven(row[column]))
    .map((column) => valueText(segments[column] ?? "", row[column]))
    .join(" · ") || "not given";

export function draw(host: HTMLElement, data: ChartData, config: DrawnConfig): void {
  const limit = config.limit ?? SHOWN;
  const rows = groups(data.rows, data, config);
  const largest = Math.max(...rows.map(({ row }) => amount(row, config)), Number.MIN_VALUE);
  const all = (of: Row[]) => groups(of, data, config).flatMap(({ row, inner }) => [row, ...inner]);
  const shown = {
    ...data,
    ...(data.before ? { before: all(data.before) } : {}),
    ...(data.ended ? { ended: all(data.ended) } : {}),
  };
  const open = opened.get(host) ?? new Set<string>();
  opened.set(host, open);
  const turn = (name: string) => {
    if (!open.delete(name)) open.add(name);
    draw(host, data, config);
  };
  const part = ({ row, inner }: Group) => {
    const name = labelOf(row, config);
    const isOpen = open.has(name);
    const [column = ""] = config.label;
    // A read-only link may ask for nothing below a row.
    const opens = isFixed || !isGiven(row[column]) ? undefined : config.opens;
    const below = opens && isOpen ? openedRows(data, row, column, opens, () => draw(host, data, config)) : inner;
    const what = opens?.name ?? "Versions";
    const has = opens || inner.length;
    const own = has
      ? expander(what, name, isOpen, () => turn(name))
      : config.group || (config.opens && !isFixed)
        ? SPACER
        : nothing;
    return [line(row, largest, shown, config, own), ...(isOpen ? innerLines(below, largest, shown, config) : [])];
  };
  const isLong = rows.length > limit + 1;
  const showsAll = !isLong || expanded.has(host);
  const toggle = () => {
    if (!expanded.delete(host)) expanded.add(host);
    draw(host, data, config);
  };
  const more = html`<button class="button quiet small more" type="button" aria-expanded=${String(showsAll)} @click=${toggle}
    >${showsAll ? "Show fewer" : `Show ${rows.length - limit} more`}</button>`;
  render(
    host,
    html`<table class="bars ${config.tone ?? ""}">
        ${columns(config, data)}${head(data, config)}
        <tbody>${(showsAll ? rows : rows.slice(0, limit)).map(part)}</tbody>
      </table>${isLong ? more : nothing}`,
  );
}

const amount = (row: Row, { value }: DrawnConfig) => Number(row[value] ?? 0);

// Columns that a narrow screen leaves out, one more beside long names and beside changes; the table has them.
const wideOnly = ({ label }: DrawnConfig, { before }: ChartData, index: number) =>
  index > (label.length > 1 || before ? 0 : 1) ? "wide-only" : "";

function columns(config: DrawnConfig, data: ChartData): Content {
  const column = (name: string, index: number) =>
    html`<col class=${wideOnly(config, data, index)} .style=${`width: ${config.widths?.[name] ?? WIDTH}`}>`;
  // "points" takes more room than "%".
  const change = () => html`<col class="change ${data.unit(config.value) === "ratio" ? "points" : ""}">`;
  return html`<colgroup><col>${config.numbers.map(column)}${data.before ? change() : nothing}</colgroup>`;
}

function head(data: ChartData, config: DrawnConfig): Content {
  const heading = (column: string, index: number) =>
    html`<th scope="col" class=${wideOnly(config, data, index)}>${data.name(column)}</th>`;
  return html`<thead><tr>
    <th scope="col">${(config.group ? config.label.slice(0, 1) : config.label).map((column) => data.name(column)).join(" · ")}</th>
    ${config.numbers.map(heading)}${data.before ? html`<th scope="col">Change</th>` : nothing}
  </tr></thead>`;
}

// What a row's label says: a value for each of its properties; '' stands for events without it.
export function pickOf(row: Row, { label, segments }: DrawnConfig): Pick {
  return label.flatMap((column) => {
    const property = segments[column];
    return property ? [[property, isGiven(row[column]) ? String(row[column]) : ""] as const] : [];
  });
}

const SPACER = html`<span class="expander"></span>`;
const expander = (
  what: string,
  name: string,
  open: boolean,
  turn: () => void,
) => html`<button class="expander" type="button"
  aria-expanded=${String(open)} aria-label="${what} of ${name}" @click=${turn}><span aria-hidden="true">${open ? "▾" : "▸"}</span></button>`;

function innerLines(
  rows: Row[] | string | undefined,
  largest: number,
  data: ChartData,
  config: DrawnConfig,
): Content[] {
  if (Array.isArray(rows)) return rows.map((each) => innerLine(each, largest, data, config));
  const count = config.numbers.length + (data.before ? 2 : 1);
  return [html`<tr class="inner"><td colspan=${count} role="status">${rows ?? "Counting…"}</td></tr>`];
}

// A row below its group: its own numbers, and nothing where only the group has one.
function innerLine(row: Row, largest: number, data: ChartData, config: DrawnConfig): Content {
  const own = Object.fromEntries(Object.entries(row).filter(([name]) => !config.group?.same.includes(name)));
  const { opens, segments } = config;
  const known = opens
    ? { ...config, label: [opens.by], segments: { ...segments, [opens.by]: opens.by } }
    : { ...config, label: config.label.slice(1) };
  return html`${line(own, largest, data, { ...known, inner: row })}`;
}

function line(
  row: Row,
  largest: number,
  data: ChartData,
  config: DrawnConfig & { inner?: Row },
  own: Content = nothing,
): Content {
  const text = labelOf(row, config);
  const was = valueIn(data.before, config, row);
  const now = data.ended ? valueIn(data.ended, config, row) : amount(row, config);
  const isRest = config.label.some((column) => row[column] === "other");
  const isTotal = (name: string) => name === config.value;
  return html`<tr class="${isRest ? "dim" : ""} ${config.inner ? "inner" : ""}" .tip=${() => tip(row, text, was, data, config)}>
    <td><div class="bar-cell">${own}${label(row, text, (100 * amount(row, config)) / largest, config)}</div></td>
    ${config.numbers.map(
      (name, index) =>
        html`<td class="num ${isTotal(name) ? "" : "soft"} ${wideOnly(config, data, index)}">${number(row[name], data.unit(name))}</td>`,
    )}
    ${data.before ? html`<td>${config.inner && config.opens ? nothing : change(now, was, data.unit(config.value), config.tone)}</td>` : nothing}
  </tr>`;
}

function label(row: Row, text: string, width: number, config: DrawnConfig & { inner?: Row }): Content {
  const over = ended(row, config);
  const inner = html`<span class="fill" .style=${`width: ${width}%`}></span><span class="name">${breakable(text)}${over ? html` <span class="tag ${over.tone}">${over.text}</span>` : nothing}</span>`;
  const pick = config.inner
    ? pickOf(config.inner, {
        ...config,
        label: config.opens ? Object.keys(config.inner) : Object.keys(config.segments),
      })
    : pickOf(row, config);
  if (!pick.length) return html`<div class="bar-row">${inner}</div>`;
  return html`<div class="bar-cell"><button class="bar-row" type="button" aria-pressed=${String(isPicked(pick))} aria-label="${[text, over?.text].filter(Boolean).join(" ")}: filter by it"
    .pick=${pick}>${inner}</button>${arrow(pick)}</div>`;
}

// What the mark of a version says whose support is over, or ends within three months.
function ended(row: Row, { label: [column = ""], ends = {} }: DrawnConfig): { tone: string; text: string } | null {
  const end = ends[String(row[column])];
  if (!end) return null;
  const left = Date.parse(end) - Date.now();
  if (left > SOON) return null;
  const day = date(Date.parse(end)).replaceAll(" ", "\u00a0");
  return left < 0 ? { tone: "bad", text: `end of life ${day}` } : { tone: "warn", text: `support ends ${day}` };
}

function tip(row: Row, title: string, was: number, data: ChartData, config: DrawnConfig): TipContent {
  const others = data.columns.filter((column) => !config.label.includes(column));
  const rows = others.map((column) => [data.name(column), number(row[column], data.unit(column))] as const);
  const [name, unit] = [data.name(config.value), data.unit(config.value)];
  if (!data.before) return { title, rows };
  if (!data.ended) return { title, rows: [...rows, [`${name}, previous period`, number(was, unit)]] };
  const now = number(valueIn(data.ended, config, row), unit);
  return { title, rows: [...rows, [`${name}, as far as over`, now], [`${name}, the same before`, number(was, unit)]] };
}

// The value of the same label in rows of a comparison; 0 where these have none.
function valueIn(rows: Row[] | undefined, config: DrawnConfig, row: Row): number {
  const same = rows?.find((other) => config.label.every((column) => other[column] === row[column]));
  return same ? amount(same, config) : 0;
}

function change(now: number, was: number, unit: string, tone = ""): Content {
  if (!was) return html`<span class="delta">new</span>`;
  if (now === was) return html`<span class="delta">same</span>`;
  const up = now > was;
  const text =
    unit === "ratio" ? `${Math.abs((now - was) * 100).toFixed(1)}\u00a0points` : percent(Math.abs(now / was - 1));
  const kind = tone === "bad" ? (up ? "bad" : "good") : "";
  return html`<span class="delta ${kind}"><span aria-hidden="true">${up ? "↑" : "↓"}</span
    ><span class="sr-only">${up ? "up " : "down "}</span>${text}</span>`;
}

export function option(data: ChartData, config: DrawnConfig, colours: Palette): ChartOption {
  const rows = groups(data.rows, data, config)
    .map(({ row }) => row)
    .slice(0, PICTURE_ROWS)
    .reverse();
  const unit = data.unit(config.value);
  const names = rows.map((row) => labelOf(row, config));
  return {
    ...base(colours),
    xAxis: axis(colours, {
      type: "value",
      axisLabel: { color: colours.muted, formatter: (value: number) => tick(value, unit) },
    }),
    yAxis: axis(colours, {
      type: "category",
      data: names,
      axisLabel: { color: colours.text, width: 220, overflow: "truncate" },
    }),
    series: [
      {
        type: "bar",
        barMaxWidth: 22,
        itemStyle: { color: config.tone === "bad" ? colours.bad : colours.accent, borderRadius: [0, 4, 4, 0] },
        label: {
          show: true,
          position: "right",
          color: colours.text,
          formatter: ({ value }: { value: number }) => number(value, unit),
        },
        data: rows.map((row) => amount(row, config)),
      },
    ],
    exportHeight: 90 + rows.length * 30,
  };
}
