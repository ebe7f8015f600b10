// The state of the page is its address: filters, range, comparison, open events, and the panels that show a table.
const VIEW_ONLY = ["compare", "tables", "hide", "explain", "against", "chart", "by", "open", "a", "b"];
// On a page about one thing, the condition that selects it.
const { where } = document.documentElement.dataset;
// The conditions of a read-only link, which stand for those of the address; a reader only chooses how it looks.
const { link } = document.documentElement.dataset;
export const LOOKS = ["chart", "by", "open", "tables", "hide"];
export const isFixed = link !== undefined;
const listeners: (() => void)[] = [];

export function params(): URLSearchParams {
  const address = new URLSearchParams(location.search);
  if (!isFixed) return address;
  const fixed = new URLSearchParams(link);
  for (const name of LOOKS) if (address.get(name)) fixed.set(name, address.get(name) ?? "");
  return fixed;
}
export const get = (name: string) => params().get(name) ?? "";
export const all = (name: string) => params().getAll(name).filter(Boolean);

type Changes = Record<string, string | null | undefined>;

// `changes`: name → value; an empty value removes the parameter. Each change is a history entry, so that Back undoes it.
export function set(changes: Changes, { quiet = false } = {}): void {
  const query = params();
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  replaceAll(query, { quiet });
}

export function replaceAll(query: URLSearchParams, { quiet = false } = {}): void {
  for (const name of isFixed ? [...query.keys()] : []) if (!LOOKS.includes(name)) query.delete(name);
  history.pushState(null, "", query.size ? `?${query}` : location.pathname);
  announce(quiet);
}

export function onChange(listener: () => void): void {
  listeners.push(listener);
}

function announce(quiet: boolean): void {
  linkPages();
  if (!quiet) for (const listener of listeners) listener();
}

// The part of the address that the API understands; with several products, one is always named.
export function query(): URLSearchParams {
  const all = chosen();
  if (where) all.append("where", where);
  return all;
}

// The same without the condition that selects the thing of the page.
export function chosen(): URLSearchParams {
  const all = params();
  for (const name of VIEW_ONLY) all.delete(name);
  const several = document.documentElement.dataset.product;
  if (several && !all.get("product")) all.set("product", several);
  return all;
}

// The product that the page is about.
export const product = () => get("product") || document.documentElement.dataset.shown || "";

export const tables = () => new Set(get("tables").split(",").filter(Boolean));

export function toggleTable(id: string): boolean {
  const open = tables();
  if (!open.delete(id)) open.add(id);
  set({ tables: [...open].join(",") }, { quiet: true });
  return open.has(id);
}

// The part of the address that other pages understand.
export function filters(): URLSearchParams {
  const carried = params();
  for (const name of ["tables", "explain", "against", "chart", "by", "open", "a", "b"]) carried.delete(name);
  return carried;
}

// Links to the other pages carry the same filters.
export function linkPages(): void {
  const carried = filters();
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-page]")) {
    const page = link.dataset.page ?? "/";
    link.href = carried.size ? `${page}?${carried}` : page;
  }
}

addEventListener("popstate", () => announce(false));
