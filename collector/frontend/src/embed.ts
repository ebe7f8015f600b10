// A page with one panel, for a frame of another site.
import * as state from "./data/state.ts";
import { find } from "./dom.ts";
import { contextOf } from "./page/context.ts";
import { filterWords } from "./page/download.ts";
import * as mainChart from "./page/main_chart.ts";
import { Panel } from "./page/panel.ts";
import * as period from "./page/period.ts";
import "./page/tooltip.ts";

const REFRESH_MS = 60_000;
const root = document.documentElement;
const { start = "", end = "", step = "", shown = "" } = root.dataset;
const context = contextOf({
  start: Date.parse(start),
  end: Date.parse(end),
  step: Number(step) * 1000,
  before_start: "",
  before_end: "",
  before_counts: false,
  compared_end: "",
  before_compared_end: "",
});
const node = find("[data-panel]");
const panel = new Panel(node, () => context, mainChart.definitionOf(node));

async function refresh(quiet: boolean): Promise<void> {
  await panel.refresh({ quiet });
  root.dataset.ready = String(Number(root.dataset.ready ?? 0) + 1);
}

find("#about").textContent = [shown, period.words(context.period), filterWords()].filter(Boolean).join(" · ");
refresh(false).catch(() => {});
setInterval(() => {
  if (document.hidden) return;
  // A named period goes on with the time: the page says which it is.
  if (state.get("range") && !state.get("start") && Date.now() >= Date.parse(end)) location.reload();
  else refresh(true).catch(() => {});
}, REFRESH_MS);
