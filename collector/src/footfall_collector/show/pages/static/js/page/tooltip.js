// The tooltip of ordinary elements (charts have their own): at the pointer, or below the focused element.
import { el } from "../dom.js";

const box = el("div", { class: "tip floating", role: "tooltip", hidden: true });

export function attach(node, content) {
  node.addEventListener("pointermove", (event) => show(content(), event.clientX + 14, event.clientY + 14));
  node.addEventListener("pointerleave", hide);
  node.addEventListener("focusin", () => {
    const place = node.getBoundingClientRect();
    if (node.matches(":focus-within") && node.querySelector(":focus-visible")) show(content(), place.left + 24, place.bottom + 4);
  });
  node.addEventListener("focusout", hide);
}

function show({ title, rows }, x, y) {
  if (!box.isConnected) document.body.append(box);
  box.replaceChildren(el("h3", {}, title), el("dl", {}, rows.flatMap(([name, value]) => [el("i", { hidden: true }), el("dt", {}, name), el("dd", {}, value)])));
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  box.style.setProperty("left", `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`);
  box.style.setProperty("top", `${y + height > innerHeight - 8 ? Math.max(8, y - height - 32) : y}px`);
}

export function hide() { box.hidden = true; }

addEventListener("scroll", hide, { passive: true });
addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
