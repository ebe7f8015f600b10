// posthog-node sends the events that come as JSON on stdin; what it complains of goes to stdout as JSON.
const { createRequire } = require("node:module");
const path = require("node:path");

const own = createRequire(path.join(__dirname, "..", "node", "package.json"));
const [url, key, options, name = "posthog-node"] = process.argv.slice(2);
const { PostHog } = own(name);

async function main() {
  let text = "";
  for await (const part of process.stdin) text += part;
  const complaints = [];
  for (const name of ["warn", "error"]) console[name] = (...said) => complaints.push([name, said.map(String).join(" ")]);
  process.on("warning", (warning) => complaints.push(["process", String(warning)]));
  const client = new PostHog(key, { host: url, ...JSON.parse(options) });
  client.on("error", (error) => complaints.push(["event", String(error), error.drops ?? null]));
  for (const { distinct_id: distinctId, ...event } of JSON.parse(text).capture) client.capture({ distinctId, ...event });
  const planted = JSON.parse(text).planted;
  if (planted) {
    client.identify({ distinctId: planted, properties: { email: planted } });
    client.captureException(new Error(planted), "cluster_1");
    const flags = await client.evaluateFlags(planted, { personProperties: { email: planted } });
    if (flags.isEnabled(planted)) complaints.push(["flag", "on"]);
  }
  await client.shutdown();
  process.stdout.write(JSON.stringify(complaints));
}

main();
