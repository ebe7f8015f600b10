// The collector's JSON. An answer other than 200 throws an error with the collector's sentence.
export class ApiError extends Error {}

const root = document.documentElement.dataset.root ?? "";

// In a frame of another site there are no cookies: the secret of the page's address says what may be read.
const isEmbedded = document.documentElement.dataset.embed !== undefined;

export const address = (path: string, query?: URLSearchParams) => `${root}${path}${query?.size ? `?${query}` : ""}`;

const RETRIES = 3;

export async function get<Answer>(
  path: string,
  query?: URLSearchParams,
  signal?: AbortSignal,
  retries = RETRIES,
): Promise<Answer> {
  const response = await fetchJson(address(path, query), signal);
  // The session ended: reloading the page leads to the sign-in.
  if (response.status === 401) location.reload();
  // Too many questions wait for the store.
  const busy = response.status === 503 && Number(response.headers.get("retry-after"));
  if (busy && retries) {
    await new Promise((resolve) => {
      setTimeout(resolve, busy * 1000);
    });
    return get(path, query, signal, retries - 1);
  }
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const body = isJson ? await response.json() : null;
  if (!response.ok || !body) throw new ApiError(body?.error ?? `The collector answered ${response.status}.`);
  return body;
}

// Changes something. The collector checks that the request comes from its own page.
export async function send(method: string, path: string, query: URLSearchParams, content?: unknown): Promise<void> {
  const body = content === undefined ? undefined : JSON.stringify(content);
  await change(address(path, query), { method, body });
}

// Makes something, and returns what the collector says of it.
export async function made<Answer>(path: string, content: unknown): Promise<Answer> {
  return (await change(address(path), { method: "POST", body: JSON.stringify(content) })).json();
}

async function change(url: string, init: RequestInit): Promise<Response> {
  const response = await fetchJson(url, undefined, init);
  if (response.status === 401) location.reload();
  if (response.ok) return response;
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  throw new ApiError(isJson ? (await response.json()).error : (await response.text()).trim());
}

async function fetchJson(url: string, signal?: AbortSignal, change: RequestInit = {}): Promise<Response> {
  const headers = {
    accept: "application/json",
    ...(isEmbedded ? { "x-footfall-link": location.pathname.split("/").pop() ?? "" } : {}),
    ...(change.body ? { "content-type": "application/json" } : {}),
  };
  try {
    return await fetch(url, { ...change, signal, headers, credentials: "same-origin" });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError("Can't reach the collector. Retrying automatically.");
  }
}

export const isAbort = (error: unknown) => error instanceof Error && error.name === "AbortError";
export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
