// Rows of a ranked list in the order in which they are shown: by group, by value where the answer has another order, and
// what is not given last.
import type { Cell, ChartData, DrawnConfig, Row } from "../data/types.ts";

export interface Group {
  row: Row;
  // The rows that it opens; empty where it stands for itself.
  inner: Row[];
}

const isGiven = (value: Cell | undefined) => value !== null && value !== undefined && value !== "";
const amount = (row: Row, { value }: DrawnConfig) => Number(row[value] ?? 0);

// Every row of the answer by itself, where the panel has no groups.
export function groups(rows: Row[], data: ChartData, config: DrawnConfig): Group[] {
  const all = config.group ? grouped(rows, data, config.group) : rows.map((row) => ({ row, inner: [] }));
  const ordered =
    config.sorted || config.group ? all.sort((a, b) => amount(b.row, config) - amount(a.row, config)) : all;
  const [first = ""] = config.label;
  const last = ({ row }: Group) => Number(!isGiven(row[first]));
  return ordered.sort((a, b) => last(a) - last(b));
}

function grouped(rows: Row[], data: ChartData, { by, sum, same, total }: NonNullable<DrawnConfig["group"]>): Group[] {
  return [...Map.groupBy(rows, (row) => row[by])].map(([value, inner]) => {
    const row: Row = { [by]: value ?? null };
    for (const column of sum) row[column] = inner.reduce((all, each) => all + Number(each[column] ?? 0), 0);
    for (const column of same) row[column] = inner[0]?.[column] ?? null;
    if (total) row[total] = data.totals?.get(String(value)) ?? inner[0]?.[total] ?? null;
    return { row, inner: inner.some((each) => isVersioned(each, by, sum)) ? inner : [] };
  });
}

// Whether a row says more than its group: it has a text of its own.
const isVersioned = (row: Row, by: string, sum: string[]) =>
  Object.entries(row).some(([name, value]) => name !== by && !sum.includes(name) && typeof value === "string" && value);
