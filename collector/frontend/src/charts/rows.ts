// Rows that a panel makes of an answer's: the parts of a rate, and the pairs of one value.
import type { ChartData, PanelConfig, Row } from "../data/types.ts";
import { classes } from "./classes.ts";

export function shaped(data: ChartData, config: PanelConfig): ChartData {
  if (config.isDistribution) return classes(data, config);
  if (config.contributes) return each(data, (rows) => contributions(rows, config));
  if (config.about) return each(data, (rows) => pairs(rows, config.about));
  return data;
}

const each = (data: ChartData, change: (rows: Row[]) => Row[]): ChartData => ({
  ...data,
  rows: change(data.rows),
  ...(data.before ? { before: change(data.before) } : {}),
  ...(data.ended ? { ended: change(data.ended) } : {}),
});

// Failed calls of a value as a share of all calls of the moment: so that the parts add up to the rate of all.
function contributions(rows: Row[], { x, value }: PanelConfig): Row[] {
  const calls = new Map<Row[string] | undefined, number>();
  for (const row of rows) calls.set(row[x], (calls.get(row[x]) ?? 0) + Number(row.events ?? 0));
  return rows.map((row) => ({ ...row, [value]: Number(row.hits ?? 0) / (calls.get(row[x]) || 1) }));
}

// The pairs with the value in the column; where the order of a pair says nothing, those of the other column turned round.
function pairs(rows: Row[], about: PanelConfig["about"]): Row[] {
  if (!about) return rows;
  const { value, column, other, either } = about;
  return rows.flatMap((row) => {
    if (row[column] === value) return [row];
    return either && row[other] === value ? [{ ...row, [column]: value, [other]: row[column] ?? null }] : [];
  });
}
