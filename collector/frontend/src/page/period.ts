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
  return `Compared with ${words(before)}${isDaily(period) ? `: ${distance}, the same weekdays` : ""}.`;
}

// "1–30 Nov 2026 (UTC)": what a picture and a printed page say.
export function words(period: Pick<Period, "start" | "end"> | null = shown): string {
  if (!period) return "";
  const { start, end } = period;
  return isDaily(period) ? `${format.days(start, end - 1)} (UTC)` : `${format.moments(start, end)} UTC`;
}
