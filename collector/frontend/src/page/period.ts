// The period before or after the one that is shown, equally long.
import * as format from "../data/format.ts";
import * as state from "../data/state.ts";
import type { Period } from "../data/types.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const RANGES: Record<string, number> = {
  "1h": HOUR,
  "24h": DAY,
  "7d": 7 * DAY,
  "30d": 30 * DAY,
  "90d": 90 * DAY,
  "365d": 365 * DAY,
};

let shown: Pick<Period, "start" | "end" | "step"> | null = null;

// Whether all of the range is over, so that changes are those of all of it.
const isWhole = ({ end, compared_end }: Period) => Date.parse(compared_end) >= end;

const isDaily = ({ start, end }: { start: number; end: number }) => start % DAY === 0 && end % DAY === 0;

// Takes the period of the page's head, in milliseconds.
export function show(period: Period | null): void {
  shown = period;
  const later = document.querySelector<HTMLButtonElement>("[data-do=later]");
  if (later) later.disabled = !shown || shown.end >= Date.now() - HOUR / 60;
}

export function move(periods: number): void {
  if (!shown) return;
  const length = shown.end - shown.start;
  const [start, end] = [shown.start + periods * length, shown.end + periods * length];
  if (periods > 0 && shown.end >= Date.now() - HOUR / 60) return;
  const named = Object.keys(RANGES).find((name) => RANGES[name] === length);
  // The period that today is in has a name, and goes on with the day.
  if (end >= Date.now() && named) return state.set({ range: named, start: "", end: "" });
  const text = (at: number) => new Date(at).toISOString();
  const days = isDaily(shown);
  state.set({
    range: "custom",
    start: days ? text(start).slice(0, 10) : text(start).replace(/\.\d+Z/, "Z"),
    end: days ? text(end - 1).slice(0, 10) : text(end).replace(/\.\d+Z/, "Z"),
  });
}

// What Compare compares with, and why that and not the days just before.
export function compared(period: Period): string {
  const before = { start: Date.parse(period.before_start), end: Date.parse(period.before_end) };
  if (!period.before_counts) return `Not compared: events were not counted in all of ${words(before)}.`;
  const weeks = (period.start - before.start) / (7 * DAY);
  const distance = weeks === 1 ? "a week earlier" : `${weeks} weeks earlier`;
  const text = `Compared with ${words(before)}: ${distance}, the same ${isDaily(period) ? "weekdays" : "hours"}.`;
  return isWhole(period)
    ? text
    : `${text} Changes are those of ${isDaily(period) ? "the days that are" : "what is"} over.`;
}

// What a chart asks of the previous period and, for changes where a part of this one is not over, of the part that is.
export function comparedQueries(period: Period, base: () => URLSearchParams, forChanges: boolean): URLSearchParams[] {
  // A read-only link may send no other period, so it names them.
  const query = (name: string, start: string, end: string) => {
    const filters = base();
    if (state.isFixed) filters.set("period", name);
    else {
      filters.delete("range");
      filters.set("start", start);
      filters.set("end", end);
    }
    return filters;
  };
  const { before_start, before_end, before_compared_end, compared_end } = period;
  if (!forChanges || isWhole(period)) return [query("before", before_start, before_end)];
  return [
    query("before_compared", before_start, before_compared_end),
    query("compared", new Date(period.start).toISOString(), compared_end),
  ];
}

// "1–30 Nov 2026 (UTC)": what a picture and a printed page say.
export function words(period: Pick<Period, "start" | "end"> | null = shown): string {
  if (!period) return "";
  const { start, end } = period;
  return isDaily(period) ? `${format.days(start, end - 1)} (UTC)` : `${format.moments(start, end)} UTC`;
}
