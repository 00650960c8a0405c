// What the connector's tests wait and look with.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { scriptedApi } from "./connector-api.mjs";
import { fresh, inTeams } from "./connector-server.mjs";

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

/** The address that the stand-in for Teams gives a channel. */
export const ADDRESS = "https://prod.westeurope.logic.azure.example/workflows/1";
/** TeamsJS fetches a list from elsewhere as it loads; the policy forbids it, and TeamsJS has the list built in. */
const OWN_FETCH = /res\.cdn\.office\.net\/teams-js\/validDomains/;

/** Opens a page in the host; afterwards nothing may have been complained of or asked elsewhere. */
export async function withTeams(connector, { page: path = "config", api = scriptedApi(), script, login, excuse = /^$/, look = {}, ...host }, body) {
  connector.serve(api, { script, login });
  const opened = await fresh(connector, look);
  try {
    const teams = await inTeams(opened.page, path, { webhookUrl: ADDRESS, ...host });
    const times = (func) => async () => (await teams.heard(func)).length;
    const valid = async () => (await teams.heard("settings.setValidityState")).at(-1)?.[0];
    await body({ ...opened, ...teams, times, valid, api });
    assert.deepEqual(opened.strangers, [], "the page asked another host");
    assert.deepEqual(opened.complaints.filter((line) => !OWN_FETCH.test(line) && !excuse.test(line)), [], "the browser complained");
  } finally {
    await opened.close();
  }
}
