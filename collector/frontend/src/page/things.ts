// The page about one thing: what fails of it, how long it takes, who uses it, and what comes before and after it.
import { capital } from "../data/format.ts";
import { labelOf } from "../data/labels.ts";
import { parameterOf } from "../data/segments.ts";
import { thing } from "../data/things.ts";
import type { Column, PanelConfig } from "../data/types.ts";
import { draw, html } from "../dom.ts";
import { card } from "./card.ts";
import type { Context } from "./context.ts";
import { Panel } from "./panel.ts";

const CALLS = "tool_executed";
const ERRORS = "tool_error";
const host = document.getElementById("thing");
const name = thing?.name ?? "";
const isError = thing?.property === "error_type";
// Two lists stand beside each other, short ones beside short ones: of a tool and a transport there are few.
const LONG = ["mcp_client", "ai_provider", "product_version", "k8s_version"];
const PROPERTIES = isError
  ? ["tool", "transport", ...LONG, "deployment_method"]
  : ["tool", ...LONG, "transport", "deployment_method"];
const others = PROPERTIES.filter((property) => property !== thing?.property);
// Beside the transports, of which there are four at most with what is not given, the list of deployment methods is short too.
const limitOf = (property: string) =>
  property === "deployment_method" && !isError && others.includes("transport") ? { limit: 4 } : {};
const wordOf = (property: string) => labelOf(parameterOf(property) ?? property);

const COLUMNS: Record<string, Column> = {
  events: { name: "calls", unit: "" },
  hits: { name: "failed", unit: "" },
  instances: { name: "instances", unit: "" },
  rate: { name: "error rate", unit: "ratio" },
  times: { name: "times", unit: "" },
  share: { name: "share", unit: "ratio" },
};

function bars(id: string, title: string, unit: string, query: Record<string, string>, label: string[]): PanelConfig {
  const [column = ""] = label;
  const value = query.measure ?? "";
  const names = Object.fromEntries(label.map((each) => [each, { name: wordOf(each), unit: "" }]));
  return {
    id,
    chart: id,
    kind: "bars",
    title,
    unit,
    empty: "Nothing was counted in this time range.",
    asks: true,
    query,
    label,
    value,
    values: [value],
    numbers: [value],
    x: "",
    cohort: "",
    offset: "",
    segments: { [column]: column },
    columns: { ...COLUMNS, ...names },
  };
}

const failures = (property: string): PanelConfig =>
  isError
    ? {
        ...bars(
          `errors-by-${property}`,
          `By ${wordOf(property)}`,
          "errors of this class",
          { measure: "events", event: ERRORS, by: property },
          [property],
        ),
        tone: "bad",
        columns: { ...COLUMNS, events: { name: "errors", unit: "" }, [property]: { name: wordOf(property), unit: "" } },
      }
    : {
        ...bars(
          `failures-by-${property}`,
          `By ${wordOf(property)}`,
          "failed calls and their share of all calls",
          { measure: "rate", event: CALLS, by: property },
          [property],
        ),
        // Among what fails of a tool, its error classes stand beside the transports.
        ...(thing?.property === "tool" ? {} : limitOf(property)),
        value: "hits",
        numbers: ["hits", "rate", "events"],
        sorted: true,
        tone: "bad",
      };

// Of an error class, the instances that met it; of anything else, those that use it.
const users = (property: string): PanelConfig => ({
  ...bars(
    `instances-by-${property}`,
    `${capital(wordOf(property))}`,
    isError ? "instances that met it" : "instances",
    {
      measure: "instances",
      ...(USED_AS[thing?.property ?? ""] ? { event: USED_AS[thing?.property ?? ""] ?? "" } : {}),
      by: property,
    },
    [property],
  ),
  ...limitOf(property),
});

// The event that uses a thing; of the others any event.
const USED_AS: Record<string, string> = {
  tool: CALLS,
  error_type: ERRORS,
  mcp_client: "client_connected",
  transport: "client_connected",
};

const classes = (): PanelConfig => ({
  ...bars(
    "errors-by-class",
    "By error class",
    "errors by class of exception",
    { measure: "events", event: ERRORS, by: "error_type" },
    ["error_type"],
  ),
  tone: "bad",
  columns: { ...COLUMNS, events: { name: "errors", unit: "" }, error_type: { name: "error class", unit: "" } },
});

// A tool has few classes, which stand beside its transports.
function withClasses(lists: PanelConfig[]): PanelConfig[] {
  const at = thing?.property === "tool" ? others.indexOf("transport") + 1 : lists.length;
  return lists.toSpliced(at, 0, classes());
}

const DURATION: Column = { name: "duration", unit: "milliseconds" };
const durations = (): PanelConfig[] => [
  {
    ...bars("durations", "Distribution", "calls by duration", { measure: "events", event: CALLS, by: "duration_ms" }, [
      "duration_ms",
    ]),
    kind: "columns",
    isDistribution: true,
    segments: {},
    columns: { ...COLUMNS, duration_ms: DURATION },
  },
  ...(["median", "p95"] as const).map((measure) => ({
    ...bars(
      measure,
      measure === "median" ? "Median" : "95th percentile",
      "by day, UTC",
      { measure, event: CALLS, of: "duration_ms", step: "day" },
      ["day"],
    ),
    kind: "series" as const,
    x: "day",
    gap: "empty",
    segments: {},
    columns: {
      ...COLUMNS,
      day: { name: "day", unit: "" },
      [measure]: { ...DURATION, name: measure === "median" ? "median" : "95th percentile" },
    },
  })),
];

function chart(id: string, of: string, title: string, unit: string, label: string[], numbers: string[]): PanelConfig {
  const [value = ""] = numbers;
  const tools = Object.fromEntries(label.map((column) => [column, { name: TOOL_COLUMNS[column] ?? column, unit: "" }]));
  return {
    ...bars(id, title, unit, { measure: value }, label),
    chart: of,
    asks: false,
    query: {},
    value,
    numbers,
    segments: label.length === 1 ? { [label[0] ?? ""]: "tool" } : {},
    ...(of === "tool-sequences" ? { none: NO_SEQUENCE } : {}),
    columns: { ...COLUMNS, ...tools },
  };
}

// Sequences are read from single calls, those of the end of a long range.
const RECENT = ", in the last 32 days of the range";
const NO_SEQUENCE = "No call of the last 32 days of the range has another one after it.";
const TOOL_COLUMNS: Record<string, string> = { tool: "tool", next_tool: "next", with_tool: "other tool" };

const sequences = (): PanelConfig[] =>
  thing?.property === "tool"
    ? [
        {
          ...chart(
            "called-next",
            "tool-sequences",
            "Called next",
            `which tool the next call of an instance is of${RECENT}`,
            ["next_tool"],
            ["times", "share"],
          ),
          about: { value: name, column: "tool", other: "next_tool", either: false },
        },
        {
          ...chart(
            "called-before",
            "tool-sequences",
            "Called before",
            `which tool the call before was of${RECENT}`,
            ["tool"],
            ["times"],
          ),
          about: { value: name, column: "next_tool", other: "tool", either: false },
        },
        {
          ...chart(
            "used-together",
            "tool-pairs",
            "Used together",
            "tools that the same instances call",
            ["with_tool"],
            ["instances", "share"],
          ),
          about: { value: name, column: "tool", other: "with_tool", either: true },
        },
      ]
    : [
        chart(
          "sequences",
          "tool-sequences",
          "Tools one after the other",
          `calls with the next call of the same instance and day${RECENT}`,
          ["tool", "next_tool"],
          ["times", "instances"],
        ),
        chart(
          "used-together",
          "tool-pairs",
          "Tools used together",
          "tools that the same instances call",
          ["tool", "with_tool"],
          ["instances", "share"],
        ),
      ];

const SECTIONS: [title: string, panels: PanelConfig[]][] = thing
  ? [
      [isError ? "Where it is met" : "What fails", isError ? others.map(failures) : withClasses(others.map(failures))],
      ...(isError ? [] : [["Durations", durations()] as [string, PanelConfig[]]]),
      [isError ? "Who meets it" : "Who uses it", others.map(users)],
      ["Sequences", sequences()],
    ]
  : [];

const panels: Panel[] = [];

// The panels of the page; `context()` is that of all others.
export function start(context: () => Context): void {
  if (!host) return;
  draw(
    host,
    SECTIONS.map(
      ([title, list]) => html`<section class="things"><h2>${title}</h2>
        <div class="grid">${list.map((config) => card(config, title.toLowerCase()))}</div></section>`,
    ),
  );
  for (const node of host.querySelectorAll<HTMLElement>("[data-panel]")) panels.push(new Panel(node, context));
}

export async function refresh(quiet: boolean): Promise<void> {
  await Promise.all(panels.map((panel) => panel.refresh({ quiet })));
}
