// Saved segments and views: the collector's list, and what an address says of one.
import * as api from "./api.ts";
import * as segments from "./segments.ts";
import * as state from "./state.ts";

export interface Saved {
  product: string;
  name: string;
  where: string[];
  page: string;
  view: Record<string, string>;
}

const PATH = "/api/segments";
const LONGEST_VALUE = 200;
const NOT_OF_A_VIEW = ["product", "segment", "where", "a", "b", "explain", "against"];

let known: Saved[] = [];

export const all = (): readonly Saved[] => known;
export const named = (name: string) => known.find((each) => each.name === name);

const product = () => new URLSearchParams({ product: state.product() });

export async function refresh(signal?: AbortSignal): Promise<void> {
  known = (await api.get<{ segments: Saved[] }>(PATH, product(), signal)).segments;
}

// The conditions of the address, those of a saved segment in it and of a page about one thing too.
export function conditionsHere(): string[] {
  const followed = named(state.get("segment"))?.where ?? [];
  return [...new Set([...followed, ...segments.conditions(state.query()).map(segments.text)])];
}

// Saves the conditions, the page and the rest of the address under a name. `page` is empty where only conditions count.
export async function save(name: string, page: string, replace: boolean): Promise<void> {
  const view: Record<string, string> = {};
  for (const [key, value] of segments.withoutConditions()) {
    if (!NOT_OF_A_VIEW.includes(key) && value.length <= LONGEST_VALUE) view[key] = value;
  }
  await api.send("POST", PATH, product(), { name, where: conditionsHere(), page, view, replace });
  await refresh();
}

export async function remove({ name }: Saved): Promise<void> {
  const query = product();
  query.set("name", name);
  await api.send("DELETE", PATH, query);
  await refresh();
}

// The address of a saved view on its page: its conditions are written out, so that a link stays as it is.
export function addressOf(saved: Saved): URLSearchParams {
  const query = new URLSearchParams(saved.view);
  if (state.get("product")) query.set("product", saved.product);
  return segments.withConditions(query, conditionsOf(saved));
}

export const conditionsOf = ({ where }: Saved) =>
  where.map(segments.parse).filter((condition): condition is segments.Condition => condition !== null);

// The one that the address shows: the same conditions, whatever their order.
export function current(): Saved | undefined {
  const key = (texts: readonly string[]) => [...texts].sort().join("\n");
  const here = key(conditionsHere());
  return here ? known.find((each) => key(conditionsOf(each).map(segments.text)) === here) : undefined;
}
