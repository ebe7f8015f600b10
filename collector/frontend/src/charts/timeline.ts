// What happened on a time axis: releases, annotations and alerts, on the steps in which they were.
import { day, moment, time } from "../data/format.ts";
import type { DrawnConfig } from "../data/types.ts";

export const DAY = 86_400_000;

export interface Timeline {
  config: DrawnConfig;
  // The beginnings of the steps, which are `step` milliseconds long.
  times: number[];
  step: number;
}

interface Happened {
  // The step of the time axis that it is in.
  at: number;
  moment: number;
  name: string;
  isRelease: boolean;
}

// Releases, which are known by day, and annotations, on the steps of the time axis; the earliest first.
export function happened({ config, times, step }: Timeline): Happened[] {
  const all = [
    ...config.marks.map(({ name, at }) => ({ name, moment: moment(at), isRelease: true })),
    ...config.annotations.map(({ text, at }) => ({ name: text, moment: moment(at), isRelease: false })),
  ];
  const placed = all.map((each) => ({ ...each, at: times.find((at) => at <= each.moment && each.moment < at + step) }));
  return placed.filter((each): each is Happened => each.at !== undefined).sort((a, b) => a.moment - b.moment);
}

interface Alert {
  // The steps of the time axis in which it was open.
  steps: number[];
  text: string;
}

export function alertsOf({ config, times, step }: Timeline): Alert[] {
  const exactly = (at: number) => `${day(at)}, ${time(at)}`;
  return config.alerts.map(({ at, until, text }) => {
    const [begin, end] = [moment(at), until === null ? Date.now() : moment(until)];
    const span = until === null ? `since ${exactly(begin)}` : `from ${exactly(begin)} to ${exactly(end)}`;
    return { steps: times.filter((each) => each <= end && begin < each + step), text: `Alert ${span}: ${text}` };
  });
}

// A sentence for each of them in the step that begins at `at`.
export function notesAt(timeline: Timeline, at: number): string[] {
  const { step } = timeline;
  const here = happened(timeline).filter((each) => each.at === at);
  const released = here.filter((each) => each.isRelease).map((each) => each.name);
  return [
    ...(released.length ? [`First seen${releasedIn(step)}: ${released.join(", ")}.`] : []),
    ...here.filter((each) => !each.isRelease).map((each) => `${momentIn(step, each.moment)}: ${each.name}.`),
    ...alertsOf(timeline)
      .filter(({ steps }) => steps.includes(at))
      .map((each) => each.text),
  ];
}

// Releases are known by day, also where a step is shorter or longer.
const releasedIn = (step: number) => (step < DAY ? " on this day" : step > DAY ? " in this week" : "");
const momentIn = (step: number, at: number) => (step > DAY ? `${day(at)}, ${time(at)}` : time(at));
