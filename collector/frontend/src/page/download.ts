// A panel as a file: a picture with its title, unit, product, period and filters, or what it shows as CSV.

import { palette, picture, type Series } from "../charts/echart.ts";
import { kinds } from "../charts/index.ts";
import { date, time } from "../data/format.ts";
import * as segments from "../data/segments.ts";
import * as state from "../data/state.ts";
import type { ChartData, DrawnConfig } from "../data/types.ts";
import { colour } from "../dom.ts";
import { words as conditionWords } from "./chips.ts";
import * as period from "./period.ts";
import * as sheet from "./sheet.ts";

export interface Saved {
  config: DrawnConfig;
  data: ChartData;
  generatedAt: string;
}

const WIDTH = 960;
const LINE = 18;
// The letters that fit the width at this size.
const LETTERS = 140;

// What the page is filtered by, and the thing that it is about, in words: "provider: anthropic · internal events included".
export function filterWords(): string {
  const internal = { all: "internal events included", only: "internal events only" }[state.get("internal")] ?? "";
  const named = state.get("segment");
  return [
    ...(named ? [`saved segment: ${named}`] : []),
    ...segments.conditions(state.query()).map(conditionWords),
    internal,
  ]
    .filter(Boolean)
    .join(" · ");
}

const product = () => state.query().get("product") ?? document.documentElement.dataset.shown ?? "";

// Product, period and filters, in lines that fit.
function subtitle(config: DrawnConfig, generatedAt: string): string[] {
  const at = Date.parse(generatedAt);
  const about = [product(), period.words(config.period), `as of ${date(at)}, ${time(at)} UTC`].filter(Boolean);
  const filters = filterWords();
  // No row of a picture opens.
  const unit = config.opens ? (config.unit.split("; ")[0] ?? "") : config.unit;
  return [unit, about.join(" · "), ...(filters ? wrapped(`Filters: ${filters}`) : [])];
}

// A legend wraps; each row takes its part of the picture.
function legendRows(series: Series[]): number {
  const names = series.flatMap(({ name }) => name ?? []);
  const width = names.reduce((sum, name) => sum + 30 + name.length * 7, 0);
  return names.length > 1 ? Math.ceil(width / (WIDTH - 32)) : 0;
}

function wrapped(text: string): string[] {
  const rows = [""];
  for (const word of text.split(" ")) {
    const row = rows.at(-1) ?? "";
    if (row && `${row} ${word}`.length > LETTERS) rows.push(word);
    else rows[rows.length - 1] = row ? `${row} ${word}` : word;
  }
  return rows;
}

export function save({ config, data, generatedAt }: Saved, format: string): void {
  const { exportHeight = 420, ...chart } = kinds[config.kind].option(data, config, palette());
  const rows = subtitle(config, generatedAt);
  const title = {
    text: config.title,
    subtext: rows.join("\n"),
    left: 16,
    top: 14,
    itemGap: 8,
    textStyle: { color: colour("text"), fontSize: 17, fontWeight: 600 },
    subtextStyle: { color: colour("muted"), fontSize: 12, lineHeight: LINE },
  };
  const bottom = 20 + legendRows(chart.series) * 24;
  const head = 44 + rows.length * LINE;
  const marks = config.marks.length + config.annotations.length ? 18 : 0;
  const option = {
    ...chart,
    title,
    grid: { left: 20, right: 48, top: head + 16 + marks, bottom, containLabel: true },
    legend: { ...chart.legend, show: bottom > 20 },
  };
  offer(picture(option, format, { width: WIDTH, height: exportHeight + head }), `${config.id}.${format}`);
}

export const saveSheet = ({ config, data }: Saved) =>
  offer(new Blob([sheet.csv(data, config)], { type: "text/csv" }), `${config.id}.csv`);

function offer(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads the file after the click; half a minute is ample.
  setTimeout(() => URL.revokeObjectURL(link.href), 30_000);
}
