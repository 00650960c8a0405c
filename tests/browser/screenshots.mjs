// Pictures of cards, light and dark, for people to look at.
//
//   node screenshots.mjs BODIES OUT
//
// BODIES is a JSON file with one posted body or a list of them, or a folder of such files.

import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { launch } from "./harness.mjs";
import { shoot } from "./shoot.mjs";

const [from, out] = process.argv.slice(2);
if (!from || !out) {
  console.error("usage: node screenshots.mjs BODIES OUT\nBODIES: a JSON file of posted bodies, or a folder of such files");
  process.exit(2);
}

const bodies = await bodiesOf(from);
await mkdir(out, { recursive: true });
const browser = await launch();
try {
  await shoot(browser, bodies, out, console.log);
} finally {
  await browser.close();
}

async function bodiesOf(path) {
  const folder = (await stat(path)).isDirectory();
  const files = folder ? (await readdir(path)).filter((name) => name.endsWith(".json")).sort().map((name) => join(path, name)) : [path];
  const found = await Promise.all(files.map(fileOf));
  return found.flat();
}

async function fileOf(path) {
  const name = basename(path, ".json");
  const read = JSON.parse(await readFile(path, "utf8"));
  if (!Array.isArray(read)) return [{ name, body: read }];
  return read.map((body, index) => ({ name: `${name}-${index + 1}`, body }));
}
