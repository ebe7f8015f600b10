// The collector's JSON. An answer other than 200 throws an error with the collector's sentence.
export class ApiError extends Error {}

const root = document.documentElement.dataset.root ?? "";

export const address = (path, query) => `${root}${path}${query?.size ? `?${query}` : ""}`;

export async function get(path, query, signal) {
  let response;
  try {
    response = await fetch(address(path, query), { signal, headers: { accept: "application/json" }, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The collector does not answer. Is it still running? The page keeps trying.");
  }
  // The session ended: reloading the page leads to the sign-in.
  if (response.status === 401) location.reload();
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const body = isJson ? await response.json() : null;
  if (!response.ok || !body) throw new ApiError(body?.error ?? `The collector answered ${response.status}.`);
  return body;
}
