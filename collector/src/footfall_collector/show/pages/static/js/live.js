// Live without reload: a cheap question every two seconds, "has anything been loaded?", and a new look when it has.
// Nothing is asked while the page is not visible.
import * as api from "./api.js";
import { ago } from "./format.js";

const ASK = 2000;
const ANYWAY = 60_000;
const place = document.getElementById("pulse");
let last = "";
let drawn = 0;
let paused = false;
let failed = "";

export function start(refresh) {
  let busy = false;
  // What the page is drawn with first is at least as new as this.
  api.get("/api/pulse").then(({ token }) => { last = token; }, () => {});
  const beat = async () => {
    if (busy || document.hidden || paused) return;
    busy = true;
    try {
      const { token } = await api.get("/api/pulse");
      if (token !== last || failed || Date.now() - drawn > ANYWAY) {
        await refresh();
        last = token;
      }
      failed = "";
    } catch (error) {
      failed = error.message;
    }
    busy = false;
    show();
  };
  setInterval(beat, ASK);
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
  drawn = Date.now();
  failed = "";
  place.dataset.state = paused ? "paused" : "fresh";
  show();
}

function show() {
  const seconds = (Date.now() - drawn) / 1000;
  const state = failed ? "error" : paused ? "paused" : seconds < 2 && drawn ? "fresh" : "live";
  if (place.dataset.state !== state) place.dataset.state = state;
  const text = failed ? "No answer, trying again" : paused ? `Paused · ${ago(seconds)}` : drawn ? `Live · ${ago(seconds)}` : "Loading";
  const label = place.querySelector(".text");
  if (label.textContent !== text) label.textContent = text;
}
