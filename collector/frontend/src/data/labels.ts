// The names of filters and of values on the page.
import type { Cell } from "./types.ts";

const labels: Record<string, string> = JSON.parse(document.getElementById("chips")?.dataset.labels ?? "{}");

const events: Record<string, string> = JSON.parse(document.getElementById("chips")?.dataset.events ?? "{}");

export const labelOf = (name: string) => labels[name] ?? name.replaceAll("_", " ");

// "client", "client and transport", "client, tool and transport".
export function listOf(names: readonly string[]): string {
  const all = names.map(labelOf);
  return all.length < 3 ? all.join(" and ") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

const UNLISTED: Record<string, string> = {
  tool: "unlisted tools",
  error_type: "unlisted errors",
  mcp_client: "unlisted clients",
  ai_provider: "unlisted providers",
};

// Several events of that name: "tool calls"; those of a product's own have the words of their name.
export const eventName = (event: string) => events[event] ?? event.replaceAll("_", " ");

// How a value of a property is said: `other` stands for all that no list has, nothing for events without the property.
export function valueText(property: string, value: Cell | undefined): string {
  if (value === null || value === undefined || value === "") return "not given";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (property === "event") return eventName(String(value));
  return value === "other" ? (UNLISTED[property] ?? "unlisted") : String(value);
}
