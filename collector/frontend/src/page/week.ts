// What changed this week, in sentences: each leads to the page that shows it.
import * as api from "../data/api.ts";
import * as state from "../data/state.ts";
import { draw, find, html, markup } from "../dom.ts";
import { orSay } from "./refused.ts";

interface Sentence {
  about: string;
  text: string;
  ask: string;
}

const host = document.getElementById("week");
// The page that a sentence leads to, and what it shows there.
const PLACES: Record<string, { path: string; shows: Record<string, string>; name: string }> = {
  use: { path: "/", shows: { chart: "calls", compare: "1" }, name: "Show the calls of this week" },
  errors: { path: "/errors", shows: { explain: "1" }, name: "Show the errors of this week, and what differs" },
  instances: { path: "/", shows: { chart: "instances", compare: "1" }, name: "Show the instances of this week" },
};

export async function refresh(signal: AbortSignal): Promise<void> {
  if (!host) return;
  const body = find(".panel-body", host);
  const answer = api.get<{ sentences: Sentence[] }>("/api/week", state.query(), signal);
  await orSay(
    body,
    answer.then(({ sentences }) => draw(body, html`<ul class="week">${sentences.map(sentence)}</ul>`)),
  );
}

function sentence({ about, text, ask }: Sentence) {
  const { path, shows, name } = PLACES[about] ?? { path: "/", shows: {}, name: "Show this week" };
  const query = state.filters();
  query.delete("range");
  const week = new URLSearchParams(ask.split("?")[1]);
  for (const [key, value] of Object.entries({
    range: "custom",
    start: week.get("start"),
    end: week.get("end"),
    ...shows,
  }))
    if (value) query.set(key, value);
  return html`<li><a href=${api.address(path, query)} title=${name}>${markup(text)}</a></li>`;
}
