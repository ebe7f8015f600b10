// The collector's JSON. An answer that is not 200 becomes an error with the sentence that the collector gave.
export class ApiError extends Error {}

const root = document.documentElement.dataset.root ?? "";

export const address = (path, query) => `${root}${path}${query?.size ? `?${query}` : ""}`;

export async function get(path, query, signal) {
  let response;
  try {
    response = await fetch(address(path, query), { signal, headers: { accept: "application/json" }, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The collector does not answer. Is it still running? The page tries again by itself.");
  }
  // The session ended: the page itself leads to the sign-in.
  if (response.status === 401) location.reload();
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const body = isJson ? await response.json() : null;
  if (!response.ok || !body) throw new ApiError(body?.error ?? `The collector answered ${response.status}.`);
  return body;
}
