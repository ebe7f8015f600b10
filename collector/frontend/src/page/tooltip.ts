// The tooltip of ordinary elements (charts have their own): at the pointer, or below the focused element. An element has
// one if its property `tip` is a function that returns its content.
import { type Content, draw, html, pageWidth, wholeRanges } from "../dom.ts";

export interface TipContent {
  title: string;
  rows: (readonly [name: string, text: string])[];
  note?: string;
}

type Tipped = HTMLElement & { tip?: () => TipContent };

const box = document.createElement("div");
box.className = "tip floating";
box.setAttribute("role", "tooltip");
box.hidden = true;

function tipped(target: EventTarget | null): Tipped | null {
  for (let node = target as Tipped | null; node; node = node.parentElement) if (node.tip) return node;
  return null;
}

const content = ({ title, rows, note }: TipContent): Content => html`
  <h3>${wholeRanges(title)}</h3>
  <dl>${rows.map(([name, text]) => html`<i hidden></i><dt>${name}</dt><dd>${text}</dd>`)}</dl>
  ${note ? html`<p>${note}</p>` : ""}`;

function show(of: TipContent, x: number, y: number): void {
  if (!box.isConnected) document.body.append(box);
  draw(box, content(of));
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  box.style.setProperty("left", `${Math.max(8, Math.min(x, pageWidth() - width - 8))}px`);
  box.style.setProperty("top", `${y + height > innerHeight - 8 ? Math.max(8, y - height - 32) : y}px`);
}

export function hide(): void {
  box.hidden = true;
}

addEventListener("pointermove", (event) => {
  const node = tipped(event.target);
  if (node?.tip) show(node.tip(), event.clientX + 14, event.clientY + 14);
  else hide();
});
addEventListener("focusin", (event) => {
  const node = tipped(event.target);
  if (!node?.tip || !node.querySelector(":focus-visible")) return;
  const place = node.getBoundingClientRect();
  show(node.tip(), place.left + 24, place.bottom + 4);
});
addEventListener("focusout", hide);
document.documentElement.addEventListener("pointerleave", hide);
addEventListener("scroll", hide, { passive: true });
addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
});
