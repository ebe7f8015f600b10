// The names of filters and of values on the page.
import type { Cell } from "./types.ts";

const labels: Record<string, string> = JSON.parse(document.getElementById("chips")?.dataset.labels ?? "{}");

const events: Record<string, string> = JSON.parse(document.getElementById("chips")?.dataset.events ?? "{}");

// That of `EVENT.PROPERTY` names both: "error of backup finished".
export function labelOf(name: string): string {
  const dot = name.lastIndexOf(".");
  if (dot > 0) return `${labelOf(name.slice(dot + 1))} of ${eventName(name.slice(0, dot))}`;
  return labels[name] ?? name.replaceAll("_", " ");
}

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

// Whether every product has the event.
export const isStandard = (event: string) => event in events;

// Several events of that name: "tool calls"; those of a product's own have the words of their name.
export const eventName = (event: string) => events[event] ?? event.replaceAll("_", " ");

const BOOLEANS: Record<string, string> = { true: "yes", false: "no" };

// How a value of a property is said, which is the same where it comes from the address: `other` stands for all that no list has, nothing for events without the property.
export function valueText(property: string, value: Cell | undefined): string {
  if (value === null || value === undefined || value === "") return "not given";
  if (property === "event") return eventName(String(value));
  return value === "other" ? (UNLISTED[property] ?? "unlisted") : (BOOLEANS[String(value)] ?? String(value));
}
