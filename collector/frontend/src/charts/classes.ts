// The distribution of an amount: its values counted in classes whose bounds are 1, 2 and 5 times a power of ten.
import { number } from "../data/format.ts";
import type { ChartData, DrawnConfig, PanelConfig, Row } from "../data/types.ts";

const STEPS = [1, 2, 5, 10];

// The class of a value by its upper bound; 0 has one of its own.
function upperBound(value: number): number {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return power * (STEPS.find((step) => value < power * step * (1 - 1e-9)) ?? 10);
}

const lowerBound = (upper: number) => {
  const power = 10 ** Math.floor(Math.log10(upper) - 1e-9);
  const steps = STEPS.toReversed();
  return power * (steps.find((step) => power * step < upper * (1 - 1e-9)) ?? 1);
};

export function classes(data: ChartData, config: PanelConfig | DrawnConfig): ChartData {
  const [column = ""] = config.label;
  const unit = config.columns[column]?.unit ?? "";
  const rows = (of: Row[]) => {
    const counts = new Map<number, number>();
    for (const row of of) {
      if (typeof row[column] !== "number") continue;
      const upper = upperBound(row[column]);
      counts.set(upper, (counts.get(upper) ?? 0) + Number(row[config.value] ?? 0));
    }
    return [...counts]
      .sort(([a], [b]) => a - b)
      .map(([upper, count]) => ({ [column]: name(upper, unit), [config.value]: count }));
  };
  const before = data.before && { before: rows(data.before) };
  const ended = data.ended && { ended: rows(data.ended) };
  return { ...data, columns: [column, config.value], rows: rows(data.rows), ...before, ...ended };
}

const name = (upper: number, unit: string) =>
  upper ? `${number(round(lowerBound(upper)), unit)} – ${number(round(upper), unit)}` : "0";

const round = (value: number) => Number(value.toPrecision(2));
