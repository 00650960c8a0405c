// How the connector's pages look: nothing for axe to mend, nothing cut off, in every state, theme and width.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { STATES } from "./connector-states.mjs";
import { startConnector } from "./connector-server.mjs";
import { mended } from "./connector-waits.mjs";

let connector;

before(async () => {
  connector = await startConnector();
});

after(() => connector?.stop());

for (const state of STATES) {
  test(`${state.name}: axe finds nothing to mend in any theme, and nothing is cut off`, async () => {
    const { page, target, become, close } = await state.open(connector);
    for (const width of [1200, 400]) {
      await page.setViewportSize({ width, height: 800 });
      for (const theme of ["default", "dark", "contrast"]) {
        await become(theme);
        assert.deepEqual(await mended(target), [], `${theme} at ${width} pixels`);
        const over = await target.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(over, 0, `${theme} is wider than ${width} pixels`);
      }
    }
    await close();
  });
}
