// Pages about one thing, such as a tool or a client: `/things/tool/query`.
import { address as addressOf } from "./api.ts";
import * as segments from "./segments.ts";
import * as state from "./state.ts";
import type { Cell } from "./types.ts";

const { kind = "", thing: name = "" } = document.documentElement.dataset;

// What the page is about; null on all other pages.
export const thing = kind ? { kind, name, property: segments.propertyOf(kind) ?? kind } : null;

// The address of a value's page, with the page's other filters; null where a value has none. `product` is that of the
// value, where a page has the values of several.
export function address(property: string, value: Cell | undefined, product = ""): string | null {
  const name = segments.parameterOf(property);
  if (state.isFixed || !name || typeof value !== "string" || !value || value === "other") return null;
  const carried = segments.without(property, state.filters());
  if (product && document.documentElement.dataset.product) carried.set("product", product);
  return addressOf(`/things/${name}/${encodeURIComponent(value)}`, carried);
}

// A value of the property that the page is about leads to its own page: no event is about both.
export function start(): void {
  segments.leaveBy((values) => {
    const other = thing && values.find(([property]) => property === thing.property);
    const to = other && address(...other);
    if (to) location.assign(to);
    return Boolean(to);
  });
}
