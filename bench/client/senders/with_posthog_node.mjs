// posthog-node as a sender; the modes are those of program.py, of which it has all but `fork`.
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../node/package.json", import.meta.url));
const [url, key, mode, ...rest] = process.argv.slice(2);
const BURST = 100;
const ROOM = 1_000_000; // its queue's default of 1,000 events would drop most of a measurement

const began = performance.now();
const { PostHog } = require("posthog-node");
const imported = performance.now() - began;
const measured = mode === "latency" || mode === "deliver";
const client = new PostHog(key, { host: url, ...(measured ? { maxQueueSize: ROOM, flushAt: 100 } : {}) });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (what) => writeSync(1, JSON.stringify(what) + "\n");

function capture() {
  client.capture({
    distinctId: "cluster_0123456789abcdef",
    event: "tool_executed",
    properties: {
      tool: "recommend",
      success: true,
      duration_ms: 12,
      mcp_client: "claude-code",
      dot_ai_version: "2.2.0",
      ai_provider: "none",
      is_internal: false,
    },
  });
}

// A promise that stays pending would let the process end early.
async function delivered() {
  const alive = setInterval(() => {}, 1000);
  await client.flush();
  clearInterval(alive);
}

async function latency(count) {
  capture();
  const taken = [];
  for (let burst = 0; burst < count / BURST; burst++) {
    for (let i = 0; i < BURST; i++) {
      const start = process.hrtime.bigint();
      capture();
      taken.push(Number(process.hrtime.bigint() - start) / 1000);
    }
    await pause(20);
  }
  await delivered();
  taken.sort((a, b) => a - b);
  say({ p50: taken[Math.floor(taken.length / 2)], p99: taken[Math.floor(taken.length * 0.99)] });
}

async function deliver(count) {
  capture();
  await delivered();
  const used = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    capture();
    // Its sending needs the event loop: an application that never yields delivers nothing.
    if (i % BURST === 0) await pause(0);
  }
  await delivered();
  const { user, system } = process.cpuUsage(used);
  say({ cpu: (user + system) / count, rate: count / ((performance.now() - start) / 1000) });
}

async function start() {
  capture();
  await delivered();
  say({ milliseconds: performance.now() - began, imported });
}

async function record(rate, count) {
  const start = performance.now();
  let done = 0;
  while (done < count) {
    const due = Math.min(count, Math.floor(((performance.now() - start) / 1000) * rate) + 1);
    for (; done < due; done++) {
      capture();
      writeSync(1, ".");
    }
    await pause(Math.min(10, 1000 / rate));
  }
  writeSync(1, "\n");
  await new Promise((resolve) => createInterface({ input: process.stdin }).once("line", resolve));
  const ending = performance.now();
  await client.shutdown();
  say({ seconds: (performance.now() - ending) / 1000 });
  process.exit(0);
}

if (mode === "latency") await latency(Number(rest[0]));
else if (mode === "deliver") await deliver(Number(rest[0]));
else if (mode === "start") await start();
else if (mode === "record") await record(Number(rest[0]), Number(rest[1]));
else await client.shutdown();
if (mode !== "record") await client.shutdown();
