// Rendering: templates of lit-html, the page's icons and colours, and the markup of answers.
// Styles are set as properties (`.style`), because the content security policy forbids style attributes.

import { html, nothing, render, svg, type TemplateResult } from "lit-html";
import { plainDates } from "./data/format.ts";

export type { TemplateResult };
export { html, nothing, svg };
export type Content = TemplateResult | typeof nothing | string | number | null | readonly Content[];

const owned = new WeakSet<HTMLElement>();

// Renders into an element. What the server sent into it, such as a placeholder, goes at the first time.
export function draw(host: HTMLElement, content: Content): void {
  if (!owned.has(host)) host.replaceChildren();
  owned.add(host);
  render(content, host);
}

// Content as an element of its own, for a library that wants one.
export function element(content: Content): HTMLElement {
  const host = document.createElement("div");
  draw(host, content);
  return host;
}

export const icon = (name: string) => html`<svg class="icon" aria-hidden="true"><use href="#icon-${name}"></use></svg>`;

// An element that the page's template has.
export function find<Found extends HTMLElement = HTMLElement>(selector: string, within: ParentNode = document): Found {
  const found = within.querySelector<Found>(selector);
  if (!found) throw new Error(`The page has no element ${selector}.`);
  return found;
}

// What a word in code is shown as; by default as code.
type Word = (word: string) => Content;
const asCode: Word = (word) => html`<code>${breakable(word)}</code>`;

// The markup of answers: `code`, **strong**, {bad|…} and {good|…}, which can contain code. Days are as on charts.
export function markup(text: string, word: Word = asCode): Content[] {
  const parts = text.split(/(`[^`]*`|\*\*[^*]*\*\*|\{(?:bad|good)\|[^}]*\})/);
  return parts.filter(Boolean).map((part) => {
    if (part.startsWith("`")) return word(part.slice(1, -1));
    if (part.startsWith("**")) return html`<strong>${wholeRanges(plainDates(part.slice(2, -2)))}</strong>`;
    const [, tone, inner] = /^\{(bad|good)\|(.*)\}$/s.exec(part) ?? [];
    return inner === undefined
      ? wholeRanges(plainDates(part))
      : html`<strong class="up-${tone}">${markup(inner, word)}</strong>`;
  });
}

// "36–65 points", "0.2 ms – 0.5 ms", "−3 to +5": units follow their numbers after a space that does not break.
const RANGE = /([^ –]*\d[^ –]*(?:–| – | to )[+−]?\d[^ ]*)/;

// A text whose ranges of numbers stay on one line, each with its unit.
export function wholeRanges(text: string): Content {
  const parts = text.split(RANGE);
  return parts.length < 2
    ? text
    : parts.map((part, index) => (index % 2 ? html`<span class="whole">${part}</span>` : part));
}

// A name that can break after its separators and between its words, and only there: no version breaks.
export function breakable(name: string): Content {
  const parts = name.split(/(?<=[_\-./:·])(?<!\d\.(?=\d))|(?<=[a-z])(?=[A-Z])/);
  return parts.map((part, index) => (index ? html`<wbr>${part}` : part));
}

const forced = matchMedia("(forced-colors: active)");

// The value of a variable of the style sheet. Charts can't draw with a system's colour by its name.
export function colour(name: string): string {
  const value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  if (!forced.matches || name === "font") return value;
  const probe = document.createElement("i");
  probe.style.setProperty("forced-color-adjust", "none");
  probe.style.color = value;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  // Lines of a grid stay behind what is drawn on it.
  return name.startsWith("line") ? resolved.replace(/^rgb\((.*)\)$/, "rgba($1, 0.35)") : resolved;
}

// Without the scroll bar, whose place the window counts.
export const pageWidth = () => document.body.clientWidth;

// An open menu stands below what opened it, and within the window however long it is.
export function placeBelow(menu: HTMLElement, opener: HTMLElement): void {
  const { left, bottom } = opener.getBoundingClientRect();
  const within = (at: number, most: number) => `${Math.max(8, Math.min(at, most - 8))}px`;
  menu.style.setProperty("left", within(left, pageWidth() - menu.offsetWidth));
  menu.style.setProperty("top", within(bottom + 6, innerHeight - menu.offsetHeight));
}
