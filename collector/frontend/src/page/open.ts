// Links to the pages about one thing.
import { labelOf, valueText } from "../data/labels.ts";
import type { Pick } from "../data/segments.ts";
import { parameterOf } from "../data/segments.ts";
import * as things from "../data/things.ts";
import type { Cell } from "../data/types.ts";
import { type Content, html, icon, nothing } from "../dom.ts";

// "Open the page of the tool query".
const nameOf = (property: string, value: string) =>
  `Open the page of the ${labelOf(parameterOf(property) ?? property)} ${valueText(property, value)}`;

// A value as a link to its page; its text where it has none.
export function linked(property: string, value: Cell | undefined, text: Content): Content {
  const to = things.address(property, value);
  return to ? html`<a class="thing" href=${to}>${text}</a>` : text;
}

// An arrow to the page of the first value that has one, for rows whose name filters.
export function arrow(values: Pick): Content {
  const [first] = links(values);
  return first
    ? html`<a class="open" href=${first.to} aria-label=${first.name} title=${first.name}>${icon("open")}</a>`
    : nothing;
}

// The pages of all values that have one.
export const links = (values: Pick) =>
  values.flatMap(([property, value]) => {
    const to = things.address(property, value);
    return to ? [{ to, name: nameOf(property, value) }] : [];
  });
