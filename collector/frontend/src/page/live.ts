// Live update: asks every two seconds whether events were loaded, and refreshes the page when they were.
// A hidden page does not ask.
import * as api from "../data/api.ts";
import { ago } from "../data/format.ts";
import { find } from "../dom.ts";

const ASK_MS = 2000;
const REFRESH_MS = 60_000;
const indicator = find("#pulse");
// The page's frame was made before its numbers: they are at least as new as this token.
let lastToken = document.documentElement.dataset.pulse ?? "";
let refreshedAt = 0;
let paused = false;
let failure = "";

export function start(refresh: () => Promise<void>): void {
  let busy = false;
  const beat = async () => {
    if (busy || document.hidden || paused || isDrawing()) return;
    busy = true;
    try {
      const { token } = await api.get<{ token: string }>("/api/pulse");
      if (token !== lastToken || failure || Date.now() - refreshedAt > REFRESH_MS) {
        await refresh();
        lastToken = token;
      }
      failure = "";
    } catch (error) {
      failure = api.messageOf(error);
    }
    busy = false;
    show();
  };
  setInterval(beat, ASK_MS);
  setInterval(show, 1000);
  document.addEventListener("visibilitychange", beat);
  find("[data-do=pause]").addEventListener("click", (event) => {
    paused = !paused;
    (event.currentTarget as HTMLElement).setAttribute("aria-pressed", String(paused));
    show();
    beat();
  });
}

// A page that is slow to draw would otherwise begin again, and be slower.
const isDrawing = () => document.documentElement.dataset.drawing !== undefined;

export function refreshed(): void {
  refreshedAt = Date.now();
  failure = "";
  indicator.dataset.state = paused ? "paused" : "fresh";
  show();
}

function show(): void {
  const seconds = (Date.now() - refreshedAt) / 1000;
  const state = failure ? "error" : paused ? "paused" : seconds < 2 && refreshedAt ? "fresh" : "live";
  if (indicator.dataset.state !== state) indicator.dataset.state = state;
  const label = find(".text", indicator);
  const text = words(seconds);
  if (label.textContent !== text) label.textContent = text;
}

function words(seconds: number): string {
  if (failure) return "No answer, trying again";
  if (paused) return `Paused · ${ago(seconds)}`;
  return refreshedAt ? `Live · ${ago(seconds)}` : "Loading";
}
