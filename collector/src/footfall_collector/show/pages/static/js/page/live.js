// Live update: asks every two seconds whether events were loaded, and refreshes the page when they were.
// A hidden page does not ask.
import * as api from "../data/api.js";
import { ago } from "../data/format.js";

const ASK_MS = 2000;
const REFRESH_MS = 60_000;
const indicator = document.getElementById("pulse");
let lastToken = "";
let refreshedAt = 0;
let paused = false;
let failure = "";

export function start(refresh) {
  let busy = false;
  // The first draw is at least as new as this token.
  api.get("/api/pulse").then(({ token }) => { lastToken = token; }, () => {});
  const beat = async () => {
    if (busy || document.hidden || paused) return;
    busy = true;
    try {
      const { token } = await api.get("/api/pulse");
      if (token !== lastToken || failure || Date.now() - refreshedAt > REFRESH_MS) {
        await refresh();
        lastToken = token;
      }
      failure = "";
    } catch (error) {
      failure = error.message;
    }
    busy = false;
    show();
  };
  setInterval(beat, ASK_MS);
  setInterval(show, 1000);
  document.addEventListener("visibilitychange", beat);
  document.querySelector("[data-do=pause]").addEventListener("click", (event) => {
    paused = !paused;
    event.currentTarget.setAttribute("aria-pressed", String(paused));
    show();
    beat();
  });
}

export function refreshed() {
  refreshedAt = Date.now();
  failure = "";
  indicator.dataset.state = paused ? "paused" : "fresh";
  show();
}

function show() {
  const seconds = (Date.now() - refreshedAt) / 1000;
  const state = failure ? "error" : paused ? "paused" : seconds < 2 && refreshedAt ? "fresh" : "live";
  if (indicator.dataset.state !== state) indicator.dataset.state = state;
  const text = failure ? "No answer, trying again" : paused ? `Paused · ${ago(seconds)}` : refreshedAt ? `Live · ${ago(seconds)}` : "Loading";
  const label = indicator.querySelector(".text");
  if (label.textContent !== text) label.textContent = text;
}
