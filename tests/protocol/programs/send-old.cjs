// An old posthog-node, which gives events no uuid, sends the events that come as JSON on stdin.
const { createRequire } = require("node:module");
const path = require("node:path");

const own = createRequire(path.join(__dirname, "..", "node", "package.json"));
const [url, key, name, flushAt] = process.argv.slice(2);
const sdk = own(name);
const PostHog = sdk.PostHog ?? sdk.default ?? sdk;

async function main() {
  let text = "";
  for await (const part of process.stdin) text += part;
  const client = new PostHog(key, { host: url, flushAt: Number(flushAt), flushInterval: 60000 });
  for (const { event, distinct_id: distinctId, properties } of JSON.parse(text).capture) {
    client.capture({ distinctId, event, properties });
  }
  // The first releases flush with a callback, later ones with a promise.
  if (client.shutdownAsync) await client.shutdownAsync();
  else await new Promise((resolve, reject) => client.flush((error) => (error ? reject(error) : resolve())));
}

main();
