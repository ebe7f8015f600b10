// Numbers, durations and days as text. Days are UTC.
import type { Cell } from "./types.ts";

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const twoDecimals = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 2 });
const abbreviated = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });

const significant = (value: number) => Number(value.toPrecision(value >= 100 ? 3 : 2)).toString();

type Units = readonly (readonly [string, number])[];

function withUnit(value: number, units: Units): string {
  const [unit, size] = units.findLast(([, from]) => Math.abs(value) >= from) ?? units[0] ?? ["", 1];
  return `${significant(value / (size || 1))}\u00a0${unit}`;
}

const MILLISECONDS: Units = [
  ["ms", 0],
  ["s", 1000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
];
const BYTES: Units = [
  ["B", 0],
  ["KiB", 1024],
  ["MiB", 1_048_576],
  ["GiB", 1_073_741_824],
];
const SECONDS: Units = [
  ["s", 0],
  ["min", 60],
  ["h", 3600],
  ["d", 86_400],
];

export function percent(ratio: number): string {
  const value = ratio * 100;
  if (value !== 0 && Math.abs(value) < 0.1) return value > 0 ? "<0.1\u00a0%" : ">−0.1\u00a0%";
  // Below each other, 11.0 % and 13.9 % have their points in one line; nothing, all and more need none.
  return `${value === 0 || Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1)}\u00a0%`;
}

export function number(value: Cell | undefined, unit = ""): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return value;
  if (unit === "ms" || unit === "milliseconds") return withUnit(value, MILLISECONDS);
  if (unit === "s" || unit === "seconds") return withUnit(value, SECONDS);
  if (unit === "ratio") return percent(value);
  if (unit === "ago") return ago(value);
  if (unit === "bytes") return withUnit(value, BYTES);
  return Number.isInteger(value) ? whole.format(value) : twoDecimals.format(value);
}

const isDuration = (unit: string) => ["ms", "milliseconds", "s", "seconds"].includes(unit);

// On an axis: 5 %, not 5.0 %; and 0, not 0 ms, where the others are seconds or minutes.
export const tick = (value: number, unit: string) =>
  value === 0 && isDuration(unit) ? "0" : compact(value, unit).replace(".0\u00a0", "\u00a0");

export function compact(value: number | null, unit = ""): string {
  if (value === null || isDuration(unit) || unit === "ratio") return number(value, unit);
  return Math.abs(value) < 10_000 ? number(value, unit) : abbreviated.format(value);
}

const DAY = { day: "numeric", month: "short", timeZone: "UTC" } as const;
const formats = {
  day: new Intl.DateTimeFormat("en-GB", DAY),
  year: new Intl.DateTimeFormat("en-GB", { ...DAY, year: "numeric" }),
  month: new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric", timeZone: "UTC" }),
  weekday: new Intl.DateTimeFormat("en-GB", { ...DAY, weekday: "short", year: "numeric" }),
  time: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC", hour12: false }),
};

// Milliseconds of a day ("2026-11-24") or a moment ("2026-11-24T13:00:00Z"). A text without a zone is UTC.
export function moment(text: Cell | undefined): number {
  const value = String(text).replace(" ", "T");
  if (isDay(value)) return Date.parse(`${value}T00:00:00Z`);
  return Date.parse(/Z$|[+-]\d{2}:?\d{2}$/.test(value) ? value : `${value}Z`);
}

export const isDay = (text: Cell | undefined) => /^\d{4}-\d{2}-\d{2}$/.test(String(text));
export const day = (time: number) => formats.day.format(time);
export const monthYear = (time: number) => formats.month.format(time);
export const date = (time: number) => formats.year.format(time);
export const time = (at: number) => formats.time.format(at);

// From one day to another: "1–30 Nov 2026", "15 Oct – 13 Nov 2026", "28 Dec 2025 – 3 Jan 2026".
export function days(first: number, last: number, between = " – "): string {
  const [from, to] = [new Date(first), new Date(last)];
  if (date(first) === date(last)) return date(first);
  if (from.getUTCFullYear() !== to.getUTCFullYear()) return `${date(first)}${between}${date(last)}`;
  if (from.getUTCMonth() !== to.getUTCMonth()) return `${day(first)}${between}${date(last)}`;
  return `${from.getUTCDate()}${between.replace(" – ", "–")}${date(last)}`;
}

// From one moment to another, whose day is said once where it is one: "24 Nov 2026, 09:30 – 10:30".
export function moments(first: number, last: number): string {
  if (date(first) === date(last)) return `${date(first)}, ${time(first)} – ${time(last)}`;
  const isOneYear = new Date(first).getUTCFullYear() === new Date(last).getUTCFullYear();
  return `${isOneYear ? day(first) : date(first)}, ${time(first)} – ${date(last)}, ${time(last)}`;
}

const unbroken = (text: string) => text.replaceAll(/(?<=\d) | (?=\d)/g, "\u00a0");

// The days and moments in a text as people write them: "22 Nov 2026, 13:00", "from 26 Oct to 22 Nov 2026". A day does
// not break.
export const plainDates = (text: string) =>
  text
    .replace(/\b(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)(?![\d-])/g, (_, first: string, last: string) =>
      days(Date.parse(first), Date.parse(last), " to ").split(" to ").map(unbroken).join(" to "),
    )
    .replace(
      /\b(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::\d\d)?Z?)?(?![\d-])/g,
      (_, on: string, at?: string) => unbroken(date(Date.parse(on))) + (at ? `, ${at}` : ""),
    );

export const longMoment = (at: number, daily: boolean) =>
  daily ? `${formats.weekday.format(at)} (UTC)` : `${formats.weekday.format(at)}, ${formats.time.format(at)} UTC`;

export function ago(seconds: number): string {
  if (seconds < 2) return "just now";
  return seconds < 90 ? `${Math.round(seconds)} s ago` : `${withUnit(seconds, SECONDS)} ago`;
}

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

// "1 regression", "1,234 regressions".
export const quantity = (count: number, noun: string) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
