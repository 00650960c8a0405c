// Pictures of posted cards, light and dark.

import { join } from "node:path";
import { message, open, startDemo } from "./harness.mjs";

/** Wide enough for a card at its full width, tall enough for any that fits into a message. */
const TALL = { width: 900, height: 3200 };
/** The page keeps no more than a few hundred messages. */
const AT_ONCE = 100;

/** Takes NAME.light.png and NAME.dark.png of each body; `told` is given the path of each. */
export async function shoot(browser, bodies, out, told) {
  for (let at = 0; at < bodies.length; at += AT_ONCE) await shootSome(browser, bodies.slice(at, at + AT_ONCE), out, told);
}

async function shootSome(browser, some, out, told) {
  const demo = await startDemo({ kept: some.map(({ body }, index) => message(index + 1, body)) });
  for (const colorScheme of ["light", "dark"]) {
    const { page, close } = await open(browser, demo.url, { colorScheme, deviceScaleFactor: 2, viewport: TALL });
    const posts = page.locator(".message .post");
    await posts.nth(some.length - 1).waitFor();
    for (const [index, { name }] of some.entries()) {
      const path = join(out, `${name}.${colorScheme}.png`);
      await posts.nth(index).screenshot({ path });
      told(path);
    }
    await close();
  }
  await demo.stop();
}

