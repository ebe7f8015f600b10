// What a chart shows as CSV, where that is more than its answer: shares, rates, classes, groups, or the previous period.
import { lines, moments, previousLines } from "../charts/lines.ts";
import { isDay } from "../data/format.ts";
import type { Cell, ChartData, DrawnConfig, Row } from "../data/types.ts";

// Whether the file of the API lacks what the chart shows.
export const isDerived = (data: ChartData, { ratio, share, minor, isDistribution, group }: DrawnConfig) =>
  Boolean(ratio || share || minor || isDistribution || group?.total || data.before);

type Sheet = (Cell | undefined)[][];

export function csv(data: ChartData, config: DrawnConfig): string {
  const sheet = config.kind === "series" ? overTime(data, config) : listed(data, config);
  return sheet
    .map((row) => row.map(field).join(","))
    .join("\r\n")
    .concat("\r\n");
}

// A cell that begins like a formula is a text for spreadsheets, as in the files of the API.
function field(value: Cell | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function overTime(data: ChartData, config: DrawnConfig): Sheet {
  const times = moments(data, config);
  const daily = isDay(data.rows[0]?.[config.x]);
  const moment = (at: number) => new Date(at).toISOString().slice(0, daily ? 10 : 19) + (daily ? "" : "Z");
  const current = lines(data, config);
  const previous = previousLines(data, config, times);
  const total = (at: number) => current.reduce((sum, line) => sum + (line.values.get(at) ?? 0), 0) || 1;
  const columns = current.flatMap(
    (line): [string, (at: number) => Cell | undefined][] =>
      [
        [line.name, (at) => line.values.get(at) ?? (config.gap === "empty" || config.ratio ? null : 0)],
        ...(config.share
          ? [[`${line.name}, share`, (at: number) => (line.values.get(at) ?? 0) / total(at)] as const]
          : []),
      ] as [string, (at: number) => Cell | undefined][],
  );
  const before = previous.map((line): [string, (at: number) => Cell | undefined] => [
    line.name,
    (at) => line.data[times.indexOf(at)],
  ]);
  const all = [...columns, ...before];
  return [
    [config.x, ...all.map(([name]) => name)],
    ...times.map((at) => [moment(at), ...all.map(([, value]) => value(at))]),
  ];
}

function listed(data: ChartData, config: DrawnConfig): Sheet {
  const total = config.group?.total;
  const extra = total && data.totals ? [`${total}_of_all_versions`] : [];
  const name = (row: Row) => (config.group ? String(row[config.group.by]) : "");
  // Where a part of the range is not over, the previous period is compared with what is.
  const compared = { [`${config.value}_as_far_as_over`]: data.ended, [`${config.value}_previous_period`]: data.before };
  const sides = Object.entries(compared).filter(([, rows]) => rows);
  const same = (a: Row, b: Row) => config.label.every((column) => a[column] === b[column]);
  return [
    [...data.columns, ...extra, ...sides.map(([column]) => column)],
    ...data.rows.map((row) => [
      ...data.columns.map((column) => row[column]),
      ...extra.map(() => data.totals?.get(name(row)) ?? null),
      ...sides.map(([, rows]) => rows?.find((each) => same(each, row))?.[config.value] ?? 0),
    ]),
  ];
}
