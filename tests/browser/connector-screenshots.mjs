// Pictures of every connector page and state, at 400 and 1200 pixels, in Teams' three themes, for people to look at.
//
//   node connector-screenshots.mjs OUT [STATE…]

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { STATES } from "./connector-states.mjs";
import { startConnector } from "./connector-server.mjs";

const [out, ...wanted] = process.argv.slice(2);
if (!out) {
  console.error("usage: node connector-screenshots.mjs OUT [STATE…]");
  process.exit(2);
}

await mkdir(out, { recursive: true });
const connector = await startConnector();
try {
  for (const state of STATES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    await shoot(state);
  }
} finally {
  await connector.stop();
}

async function shoot(state) {
  const { page, target, become, close } = await state.open(connector);
  for (const theme of ["default", "dark", "contrast"]) {
    await become(theme);
    for (const width of [1200, 400]) {
      await page.setViewportSize({ width, height: 240 });
      const height = await target.evaluate(() => document.documentElement.scrollHeight);
      await page.setViewportSize({ width, height: Math.max(height, 240) });
      // A framed page is drawn by another process, a little later.
      await target.waitForFunction((wanted) => innerHeight >= wanted, height);
      await target.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      const path = join(out, `${state.name}.${width}.${theme}.png`);
      await page.screenshot({ path });
      console.log(path);
    }
  }
  await close();
}
