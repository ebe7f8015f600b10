// The rows that a row of a list opens, each the answer of a question of its own, asked when the row is opened.
import * as api from "./api.ts";
import * as state from "./state.ts";
import type { PanelConfig, Row } from "./types.ts";

type Opens = NonNullable<PanelConfig["opens"]>;

// Of each drawing's data, because its answers are as old as the data.
const known = new WeakMap<object, Map<string, Row[] | string>>();

// The rows below `row`, or why there are none; undefined while they are asked for. `done` is called when they are there.
export function openedRows(
  data: object,
  row: Row,
  column: string,
  opens: Opens,
  done: () => void,
): Row[] | string | undefined {
  const rows = known.get(data) ?? new Map<string, Row[] | string>();
  known.set(data, rows);
  const value = String(row[column]);
  if (!rows.has(value)) void ask(rows, value, row, column, opens, done);
  return rows.get(value) || undefined;
}

async function ask(
  rows: Map<string, Row[] | string>,
  value: string,
  row: Row,
  column: string,
  opens: Opens,
  done: () => void,
): Promise<void> {
  rows.set(value, "");
  const query = state.query();
  for (const [name, text] of Object.entries(opens.query)) query.set(name, text);
  // Releases are compared whatever version the page is filtered by.
  if (column === "product_version") query.delete("version");
  query.append("where", `${column}:is:${value}`);
  try {
    const answer = await api.get<{ rows: (string | number | null)[][] }>("/api/ask", query);
    rows.set(
      value,
      answer.rows.map(([name, number]) => ({
        [column]: row[column] ?? null,
        [opens.by]: name ?? null,
        [opens.value]: number ?? 0,
      })),
    );
  } catch (error) {
    rows.set(value, api.messageOf(error));
  }
  done();
}
