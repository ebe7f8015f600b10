// Builds the dashboard's scripts and style sheet into the collector's package, the larger ones compressed as well: the
// best compression takes seconds, too long for a collector's start. Releases of Node compress differently, so that a
// compressed file counts as the same if its content is.
//
// node build.mjs            writes them
// node build.mjs --check    writes nothing; exit code 1 where a file differs from its sources
// node build.mjs --to DIR   writes them into another folder
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const STATIC = resolve(here, "../src/footfall_collector/show/pages/static");
const { values: options } = parseArgs({ options: { check: { type: "boolean" }, to: { type: "string" } } });

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  write: false,
  logLevel: "error",
};
const builds = [
  { entryPoints: ["src/main.ts"], format: "esm", outfile: join(STATIC, "app.js") },
  { entryPoints: ["src/embed.ts"], format: "esm", outfile: join(STATIC, "embed.js") },
  { entryPoints: ["src/theme.ts"], format: "iife", outfile: join(STATIC, "theme.js") },
  {
    entryPoints: ["src/echarts.ts"],
    format: "iife",
    globalName: "echarts",
    outfile: join(STATIC, "vendor/echarts.js"),
  },
  { entryPoints: ["src/app.css"], outfile: join(STATIC, "app.css") },
];

const COMPRESSED_FROM = 4096;
const differing = [];
for (const settings of builds) {
  const { outputFiles } = await build({ ...common, ...settings });
  for (const { path, contents } of outputFiles) {
    const name = relative(STATIC, path);
    if (options.to) write(resolve(options.to, name), contents);
    else if (options.check) compare(name, path, contents);
    else update(path, contents);
  }
}
for (const name of differing) console.error(`${name} differs from its sources: run \`make generate\`.`);
process.exitCode = differing.length ? 1 : 0;

function write(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}

function update(path, contents) {
  write(path, contents);
  const compressed = `${path}.br`;
  if (contents.length >= COMPRESSED_FROM && !holds(compressed, contents))
    write(compressed, brotliCompressSync(contents));
}

function compare(name, path, contents) {
  if (!Buffer.from(contents).equals(read(path))) differing.push(name);
  else if (contents.length >= COMPRESSED_FROM && !holds(`${path}.br`, contents)) differing.push(`${name}.br`);
}

// Whether a compressed file has this content.
function holds(path, contents) {
  try {
    return brotliDecompressSync(readFileSync(path)).equals(Buffer.from(contents));
  } catch {
    return false;
  }
}

function read(path) {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
