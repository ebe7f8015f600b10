// The state of the page is its address: filters, range, comparison, and the panels that show a table.
const VIEW_ONLY = new Set(["compare", "tables", "hide"]);
const listeners = [];

export const params = () => new URLSearchParams(location.search);
export const get = (name) => params().get(name) ?? "";

// `changes`: name → value; an empty value removes the parameter. Each change is a history entry, so that Back undoes it.
export function set(changes, { quiet = false } = {}) {
  const query = params();
  for (const [name, value] of Object.entries(changes)) {
    if (value === "" || value === null || value === undefined) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.pushState(null, "", text ? `?${text}` : location.pathname);
  announce(quiet);
}

export function onChange(listener) { listeners.push(listener); }

function announce(quiet) {
  linkPages();
  if (!quiet) for (const listener of listeners) listener();
}

// The part of the address that the API understands; with several products, one is always named.
export function query() {
  const all = params();
  for (const name of VIEW_ONLY) all.delete(name);
  const { product } = document.documentElement.dataset;
  if (product && !all.get("product")) all.set("product", product);
  return all;
}

export const tables = () => new Set(get("tables").split(",").filter(Boolean));
export function toggleTable(id) {
  const open = tables();
  if (!open.delete(id)) open.add(id);
  set({ tables: [...open].join(",") }, { quiet: true });
  return open.has(id);
}

// Links to the other pages carry the same filters.
export function linkPages() {
  const carried = params();
  carried.delete("tables");
  for (const link of document.querySelectorAll("a[data-page]")) link.href = carried.size ? `${link.dataset.page}?${carried}` : link.dataset.page;
}

addEventListener("popstate", () => announce(false));
