// Pictures of cards, light and dark, for people to look at.
//
//   node screenshots.mjs BODIES OUT
//
// BODIES is a JSON file with one posted body or a list of them, or a folder of such files.

import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { launch, message, open, startDemo } from "./harness.mjs";

/** Wide enough for a card at its full width, tall enough for any that fits into a message. */
const TALL = { width: 900, height: 3200 };
/** The page keeps no more than a few hundred messages. */
const AT_ONCE = 100;

const [from, out] = process.argv.slice(2);
if (!from || !out) {
  console.error("usage: node screenshots.mjs BODIES OUT\nBODIES: a JSON file of posted bodies, or a folder of such files");
  process.exit(2);
}

const bodies = await bodiesOf(from);
await mkdir(out, { recursive: true });
const browser = await launch();
try {
  for (let at = 0; at < bodies.length; at += AT_ONCE) await shoot(bodies.slice(at, at + AT_ONCE));
} finally {
  await browser.close();
}

async function shoot(some) {
  const demo = await startDemo({ kept: some.map(({ body }, index) => message(index + 1, body)) });
  for (const colorScheme of ["light", "dark"]) {
    const { page, close } = await open(browser, demo.url, { colorScheme, deviceScaleFactor: 2, viewport: TALL });
    const posts = page.locator(".message .post");
    await posts.nth(some.length - 1).waitFor();
    for (const [index, { name }] of some.entries()) {
      const path = join(out, `${name}.${colorScheme}.png`);
      await posts.nth(index).screenshot({ path });
      console.log(path);
    }
    await close();
  }
  await demo.stop();
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
