// The legend below a chart: one button per line, which shows or hides it. Unlike a drawn legend it wraps.
import { el, replaceKeepingFocus } from "../dom.js";

export function draw(host, chart, entries) {
  const shown = (name) => chart.getOption().legend?.[0]?.selected?.[name] !== false;
  const button = ({ name, paint, dashed }) => el("button", {
    type: "button", class: dashed ? "dashed" : null, "aria-pressed": String(shown(name)), "data-key": name, title: shown(name) ? "Hide it" : "Show it",
    onclick: () => {
      chart.dispatchAction({ type: "legendToggleSelect", name });
      draw(host, chart, entries);
    },
  }, el("i", { style: { "--paint": paint } }), name);
  host.hidden = entries.length < 2;
  replaceKeepingFocus(host, ...entries.map(button));
}
