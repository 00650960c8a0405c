// What the connector's tests wait and look with.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** Waits until `look` gives what is wanted, and says what it gave where it never does. */
export async function eventually(look, wanted, within = 8_000) {
  const end = Date.now() + within;
  let seen = await look();
  while (JSON.stringify(seen) !== JSON.stringify(wanted) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    seen = await look();
  }
  assert.deepEqual(seen, wanted);
}

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What axe would mend in a page or a frame. */
export async function mended(page) {
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}
