// Conditions on properties in the address: `tool=query` for one value, `where=tool:is_not:query,version` for the others.
// The syntax of `where` is that of the API: a comma in a value is written `\,`, a backslash `\\`.
import * as state from "./state.ts";

export interface Condition {
  property: string;
  negated: boolean;
  values: string[];
}

// The parameters that are a filter by themselves, to the property that each restricts.
const PARAMETERS: Record<string, string> = {
  version: "product_version",
  provider: "ai_provider",
  tool: "tool",
  error_type: "error_type",
  mcp_client: "mcp_client",
  transport: "transport",
  k8s_version: "k8s_version",
  deployment_method: "deployment_method",
};
const FORM = /^([^:]+(?::[^:]+)*?):(is|is_not):(.*)$/s;

export const propertyOf = (parameter: string) => PARAMETERS[parameter] ?? null;

export const parameterOf = (property: string) =>
  Object.keys(PARAMETERS).find((name) => PARAMETERS[name] === property) ?? null;

// Whether a filter has the name, and means a property that is called otherwise.
export const isAlias = (name: string) => (PARAMETERS[name] ?? name) !== name;

export function parse(text: string): Condition | null {
  const [, property, relation, list] = FORM.exec(text) ?? [];
  if (property === undefined || list === undefined) return null;
  const values = list.match(/(?:\\.|[^\\,])*(?:,|$)/gs) ?? [];
  const plain = values.slice(0, splits(list) + 1).map((value) => value.replace(/,$/, "").replaceAll(/\\(.)/gs, "$1"));
  return { property: PARAMETERS[property] ?? property, negated: relation === "is_not", values: plain };
}

// The number of commas that separate values.
const splits = (list: string) => list.replaceAll(/\\./gs, "").split(",").length - 1;

export function text({ property, negated, values }: Condition): string {
  const escaped = values.map((value) => value.replaceAll(/[\\,]/g, "\\$&"));
  return `${property}:${negated ? "is_not" : "is"}:${escaped.join(",")}`;
}

// Every condition of the address, in its order.
export function conditions(query = state.params()): Condition[] {
  const found: Condition[] = [];
  for (const [name, value] of query) {
    const property = PARAMETERS[name];
    const condition = property ? { property, negated: false, values: [value] } : name === "where" ? parse(value) : null;
    if (condition) found.push(condition);
  }
  return found;
}

// The names of saved segments in the address: of one that filters, and of two that are compared.
const SAVED = ["segment", "a", "b"];

function strip(query: URLSearchParams, names: readonly string[] = []): URLSearchParams {
  for (const name of [...Object.keys(PARAMETERS), "where", "against", ...names]) query.delete(name);
  return query;
}

// The parameters of the address that are no conditions.
export const withoutConditions = () => strip(state.params(), SAVED);

// Parameters, and conditions among them.
export function withConditions(query: URLSearchParams, list: readonly Condition[]): URLSearchParams {
  for (const condition of list) {
    const [value, ...others] = condition.values;
    if (value === undefined) continue;
    const name = parameterOf(condition.property);
    if (name && value && !others.length && !condition.negated && !query.has(name)) query.set(name, value);
    else query.append("where", text(condition));
  }
  return query;
}

// The same conditions as parameters of the address. A saved segment that it names stays.
function write(list: readonly Condition[]): void {
  state.replaceAll(withConditions(strip(state.params()), list));
}

// These conditions and no other.
export const replace = (list: readonly Condition[]) => state.replaceAll(withConditions(withoutConditions(), list));

const same = (a: Condition, b: Condition) => text(a) === text(b);

export function remove(condition: Condition): void {
  write(conditions().filter((each) => !same(each, condition)));
}

export function change(before: Condition, after: Condition): void {
  write(conditions().map((each) => (same(each, before) ? after : each)));
}

export const clear = () => replace([]);

export type How = "only" | "also" | "not";
export type Pick = readonly (readonly [property: string, value: string])[];

// Whether the address has exactly these values.
export function isPicked(pick: Pick): boolean {
  const all = conditions();
  const holds = ([property, value]: Pick[number]) =>
    all.some(
      (each) => each.property === property && !each.negated && each.values.length === 1 && each.values[0] === value,
    );
  return pick.length > 0 && pick.every(holds);
}

// Leads from the page of one thing to that of another of its kind, which a filter could never show.
let leave = (_values: Pick): boolean => false;
export const leaveBy = (go: (values: Pick) => boolean) => {
  leave = go;
};

// Filters by values: by them alone, by them and those that are there, or by all others.
export function pick(values: Pick, how: How): void {
  if (how === "only" && leave(values)) return;
  if (how === "only" && isPicked(values)) {
    return write(conditions().filter(({ property }) => !values.some(([name]) => name === property)));
  }
  let list = conditions();
  for (const [property, value] of values) {
    const negated = how === "not";
    const opposite = list.find(
      (each) => each.property === property && each.negated !== negated && each.values.includes(value),
    );
    // A value is either chosen or left out: it leaves the condition that says the opposite, which then says all.
    if (how !== "only" && opposite) {
      const others = opposite.values.filter((each) => each !== value);
      list = list.flatMap((each) => (each !== opposite ? [each] : others.length ? [{ ...each, values: others }] : []));
      if (!negated || others.length) continue;
    }
    const before =
      how === "only" ? undefined : list.find((each) => each.property === property && each.negated === negated);
    if (before) {
      const union = { ...before, values: [...new Set([...before.values, value])] };
      list = list.map((each) => (each === before ? union : each));
    } else {
      const kept = how === "only" ? list.filter((each) => each.property !== property) : list;
      list = [...kept, { property, negated, values: [value] }];
    }
  }
  write(list);
}

export function drop(property: string): void {
  write(conditions().filter((each) => each.property !== property));
}

// A query without the conditions on a property.
export function without(property: string, query: URLSearchParams): URLSearchParams {
  const others = conditions(query).filter((each) => each.property !== property);
  return withConditions(strip(query), others);
}
