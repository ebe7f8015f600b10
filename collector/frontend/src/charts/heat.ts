// Weekly retention: a row for each week in which instances were first seen, a column for each later week. A row whose week
// had a release, an annotation or an alert is marked; the tooltip of a cell says what happened in its own week.
import { address } from "../data/api.ts";
import { date, day, moment, number } from "../data/format.ts";
import * as state from "../data/state.ts";
import type { ChartData, DrawnConfig } from "../data/types.ts";
import { type Content, colour, html, nothing, draw as render } from "../dom.ts";
import type { TipContent } from "../page/tooltip.ts";
import type { ChartOption, Palette } from "./echart.ts";
import { axis, base } from "./echart.ts";
import { notesAt } from "./timeline.ts";

const DAY = 86_400_000;
const WEEK = 7 * DAY;
const SHOWN_WEEKS = 12;
// A phone has room for so many columns of "78 %". Of more, it shows the numbers alone, and not that all were there at first.
const MOST_ROOMY = 6;

interface Cohort {
  start: string;
  size: number;
  weeks: Map<number, number>;
}

// The last twelve cohorts, and the last week that any of these has, from rows of cohort, offset and instances.
export function cohorts(data: ChartData, config: DrawnConfig): { list: Cohort[]; last: number } {
  const byStart = new Map<string, Cohort>();
  for (const row of data.rows) {
    const start = String(row[config.cohort]);
    const cohort = byStart.get(start) ?? { start, size: 0, weeks: new Map() };
    byStart.set(start, cohort);
    const [offset, count] = [Number(row[config.offset]), Number(row[config.value] ?? 0)];
    cohort.weeks.set(offset, count);
    if (offset === 0) cohort.size = count;
  }
  const list = [...byStart.values()].sort((a, b) => moment(a.start) - moment(b.start));
  const shown = list.slice(-SHOWN_WEEKS);
  // The weeks that the rows have: a longer row may not be among them.
  const longest = Math.max(0, ...shown.flatMap(({ weeks }) => [...weeks.keys()]));
  return { list: shown, last: Math.min(longest, SHOWN_WEEKS) };
}

const weekName = (offset: number) => (offset === 0 ? "Week 0" : `+${offset}`);

export function draw(host: HTMLElement, data: ChartData, config: DrawnConfig): void {
  const { list, last } = cohorts(data, config);
  const offsets = Array.from({ length: last + 1 }, (_, index) => index);
  const isDense = offsets.length > MOST_ROOMY;
  render(
    host,
    html`<div class="scroll" tabindex="0" role="group" aria-label=${config.title}>
      <table class="heat ${isDense ? "dense" : ""}" @keydown=${moveFocus}>
        <thead><tr>
          <th scope="col">First seen<span class="more-words"> in week of</span></th><th scope="col" class="size">Instances</th>
          ${offsets.map((offset) => html`<th scope="col" class=${offset ? nothing : "first"}>${offset ? html`<span class="sign">+</span>${offset}` : weekName(offset)}</th>`)}
        </tr></thead>
        <tbody>${list.map((cohort, index) => row(cohort, offsets, config, index ? -1 : Number(isDense)))}</tbody>
      </table>
    </div>`,
  );
}

const OPENS =
  "A click shows that week with all its active instances: no filter selects them by the week they were first seen.";

// What happened in the week of a cell, in sentences.
function weekNotes(cohort: Cohort, offset: number, config: DrawnConfig): string {
  const at = moment(cohort.start) + offset * WEEK;
  return notesAt({ config, times: [at], step: WEEK }, at).join(" ");
}

// The cells are one stop of the Tab key; the arrow keys move between them.
const STEPS: Record<string, [down: number, right: number]> = {
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
};

function moveFocus(event: KeyboardEvent): void {
  const [down, right] = STEPS[event.key] ?? [0, 0];
  const link = (event.target as HTMLElement).closest("a");
  const from = link?.closest("td");
  const line = from?.closest("tr");
  if (!link || !from || !line || !(down || right)) return;
  event.preventDefault();
  const to = line.closest("table")?.rows[line.rowIndex + down]?.cells[from.cellIndex + right]?.querySelector("a");
  if (!to?.checkVisibility()) return;
  link.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

// The page of a week's active instances: no condition says when an instance was first seen.
function weekAddress(from: number): string {
  const query = state.filters();
  const isoDay = (at: number) => new Date(at).toISOString().slice(0, 10);
  const end = Math.min(from + 6 * DAY, Date.now());
  for (const [name, value] of Object.entries({
    range: "custom",
    start: isoDay(from),
    end: isoDay(end),
    chart: "instances",
  }))
    query.set(name, value);
  return address("/", query);
}

// `stop` is the week that the Tab key reaches, which a phone shows too.
const row = (cohort: Cohort, offsets: number[], config: DrawnConfig, stop: number) => html`<tr>
  ${heading(cohort, weekNotes(cohort, 0, config))}<td class="size">${number(cohort.size)}</td>
  ${offsets.map((offset) => cell(cohort, offset, config, offset === stop))}
</tr>`;

function heading({ start }: Cohort, note: string): Content {
  const at = moment(start);
  if (!note) return html`<th scope="row">${day(at)}</th>`;
  const tip = (): TipContent => ({ title: `In the week of ${date(at)} (UTC)`, rows: [], note });
  return html`<th scope="row" class="marked" .tip=${tip}>${day(at)}<span class="sr-only">. ${note}</span></th>`;
}

function cell(cohort: Cohort, offset: number, config: DrawnConfig, isTabStop: boolean): Content {
  const count = cohort.weeks.get(offset);
  if (count === undefined) return html`<td class="none"></td>`;
  const isOpen = moment(cohort.start) + (offset + 1) * WEEK > Math.min(config.period?.end ?? Infinity, Date.now());
  const ratio = cohort.size ? count / cohort.size : 0;
  // At most 60 % of the accent: the page's text stays readable on every cell in both schemes.
  const strength = Math.round(5 + ratio * 55);
  const tip = (): TipContent => ({
    title: `First seen in the week of ${date(moment(cohort.start))} (UTC)`,
    rows: [
      ["Week", weekName(offset)],
      ["Still active", `${number(count)} of ${number(cohort.size)}`],
      ["Share", number(ratio, "ratio")],
      ...(isOpen ? ([["The week", "is not over"]] as const) : []),
    ],
    note: [weekNotes(cohort, offset, config), state.isFixed ? "" : OPENS].filter(Boolean).join(" "),
  });
  const percent = Math.round(ratio * 100);
  const text = `${percent} %`;
  const shown = html`${percent}<span class="sign">\u00a0%</span>`;
  const at = moment(cohort.start) + offset * WEEK;
  const link = () => html`<a href=${weekAddress(at)} tabindex=${isTabStop ? 0 : -1}
    aria-label="${text}: ${number(count)} of ${number(cohort.size)} first seen in the week of ${date(moment(cohort.start))}. Show the week of ${date(at)}">${shown}</a>`;
  return html`<td class="${isOpen ? "open" : ""} ${offset ? "" : "first"}" .tip=${tip}
    .style=${`background: color-mix(in srgb, var(--accent) ${strength}%, var(--surface))`}>${state.isFixed ? shown : link()}</td>`;
}

interface Drawer {
  value(dimension: number): number;
  coord(point: number[]): [number, number];
  size(span: number[]): [number, number];
}

// For a picture: rectangles with their text, as strong as on the page.
export function option(data: ChartData, config: DrawnConfig, colours: Palette): ChartOption {
  const { list, last } = cohorts(data, config);
  const cells = list.flatMap((cohort, index) =>
    [...cohort.weeks]
      .filter(([offset]) => offset <= last)
      .map(([offset, count]) => [offset, list.length - 1 - index, cohort.size ? count / cohort.size : 0]),
  );
  const renderItem = (_: unknown, api: Drawer) => {
    const [x, y] = api.coord([api.value(0), api.value(1)]);
    const [width, height] = api.size([1, 1]);
    const ratio = api.value(2);
    const shape = { x: x - width / 2 + 1.5, y: y - height / 2 + 1.5, width: width - 3, height: height - 3, r: 4 };
    const text = {
      text: `${Math.round(ratio * 100)} %`,
      x,
      y,
      fill: colours.text,
      align: "center",
      verticalAlign: "middle",
    };
    const style = { fill: colour("accent"), opacity: 0.05 + ratio * 0.55 };
    return {
      type: "group",
      children: [
        { type: "rect", shape, style },
        { type: "text", style: text },
      ],
    };
  };
  return {
    ...base(colours),
    xAxis: axis(colours, {
      type: "category",
      data: Array.from({ length: last + 1 }, (_, offset) => weekName(offset)),
      splitLine: { show: false },
    }),
    yAxis: axis(colours, {
      type: "category",
      data: list.map((cohort) => day(moment(cohort.start))).reverse(),
      splitLine: { show: false },
    }),
    series: [{ type: "custom", data: cells, encode: { x: 0, y: 1 }, renderItem }],
    exportHeight: 100 + list.length * 34,
  };
}
