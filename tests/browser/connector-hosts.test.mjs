// The connector's pages and hosts that do not do what Teams does: silent, unknown or foreign ones; and signing in.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CONSENT, scriptedApi } from "./connector-api.mjs";
import { FOREIGN, RELAY, UNKNOWN, fresh, inTeams, startConnector } from "./connector-server.mjs";
import { eventually, withTeams } from "./connector-waits.mjs";

let connector;

before(async () => {
  connector = await startConnector();
});

after(() => connector?.stop());

for (const { name, at, silent } of [
  { name: "a host that never answers", at: undefined, silent: ["initialize"] },
  { name: "a host that TeamsJS does not know is not believed, and", at: UNKNOWN, silent: [] },
]) {
  test(`${name} is told of in words after ten seconds, with a way out`, async () => {
    await withTeams(connector, { at, silent }, async ({ frame, api, page }) => {
      await frame.getByText("One moment…").waitFor();
      await eventually(() => api.asked.length, 1);
      await page.clock.fastForward(9_000);
      assert.equal(await frame.getByText("Teams does not answer this page.").count(), 0);
      await page.clock.fastForward(1_100);
      await frame.getByText("Teams does not answer this page.").waitFor();
      const way = frame.getByRole("link", { name: "Open the plain page" });
      assert.equal(await way.getAttribute("href"), `${RELAY}/connector/tab`);
      assert.deepEqual(api.asked.map(({ what }) => what), ["GET about"], "it asked for a token's worth");
    });
  });
}

test("a host that goes silent in the midst of a save is told of, and the save is not left hanging", async () => {
  await withTeams(connector, {}, async ({ frame, heard, save, be, api, page, times }) => {
    await frame.getByRole("radio", { name: /^GitHub/ }).check();
    await be({ silent: ["settings.setSettings"] });
    await save();
    await eventually(times("settings.setSettings"), 1);
    await page.clock.fastForward(10_100);
    await eventually(() => heard("settings.save.failure"), [["Teams does not answer this page."]]);
    assert.deepEqual(api.sent("POST subscriptions"), []);
  });
});

test("without TeamsJS the page says so at once", async () => {
  await withTeams(connector, { script: "none" }, async ({ frame }) => {
    await frame.getByText("The part of this page that talks to Teams could not be loaded.").waitFor();
  });
});

for (const script of ["stalled", "altered"]) {
  test(`a TeamsJS that is ${script} is told of in words`, async () => {
    await withTeams(connector, { script, excuse: /integrity/ }, async ({ frame, api, page }) => {
      await frame.getByText("One moment…").or(frame.getByRole("alert")).waitFor();
      await eventually(() => api.asked.length, 1);
      await page.clock.fastForward(10_100);
      await frame.getByText("The part of this page that talks to Teams could not be loaded.").waitFor();
    });
  });
}

test("a page from elsewhere cannot hold ours", async () => {
  connector.serve(scriptedApi());
  const { page, complaints, close } = await fresh(connector);
  await inTeams(page, "config", { at: FOREIGN });
  await eventually(() => complaints.some((line) => /frame-ancestors/.test(line)), true);
  assert.equal(page.frames().some((one) => one.url().startsWith(RELAY)), false);
  await close();
});

test("where Teams cannot sign one in silently a window asks for consent, and the page goes on", async () => {
  const api = scriptedApi({ consent: CONSENT });
  await withTeams(connector, { api, tokens: [null, "entra-token"] }, async ({ frame, context, heard }) => {
    await frame.getByText("Teams could not sign you in by itself.").waitFor();
    const closed = context.waitForEvent("page").then((popup) => popup.waitForEvent("close"));
    await frame.getByRole("button", { name: "Sign in" }).click();
    await frame.getByRole("radio", { name: /^GitHub/ }).waitFor();
    assert.deepEqual(await heard("authentication.authenticate.success"), [["signed-in"]]);
    await closed;
  });
});

test("without a window for consent Teams asks for it itself", async () => {
  await withTeams(connector, { tokens: [null, "entra-token"] }, async ({ frame, heard }) => {
    await frame.getByRole("button", { name: "Sign in" }).click();
    await frame.getByRole("radio", { name: /^GitHub/ }).waitFor();
    assert.deepEqual((await heard("authentication.getAuthToken")).map(([, , silent]) => silent), [true, false]);
    assert.deepEqual(await heard("authentication.authenticate"), []);
  });
});

test("a host that promises answers which it does not give holds nothing up", async () => {
  const runtime = JSON.stringify({ apiVersion: 4, supports: { app: { notifySuccessResponse: {} }, pages: { config: {} } } });
  await withTeams(connector, { runtime, silent: ["appInitialization.success"] }, async ({ frame, save, times }) => {
    await frame.getByRole("radio", { name: /^GitHub/ }).check();
    await save();
    await eventually(times("settings.save.success"), 1);
  });
});

test("an answer that the window did not ask for signs nobody in", async () => {
  const api = scriptedApi({ consent: CONSENT });
  const login = (to) => to.replace(/state=[^&]+/, "state=another");
  await withTeams(connector, { api, login, tokens: [null] }, async ({ frame, heard }) => {
    await frame.getByRole("button", { name: "Sign in" }).click();
    await frame.getByText("Signing in did not work.").waitFor();
    assert.equal((await heard("authentication.authenticate.success")).length, 0);
    assert.equal((await heard("authentication.authenticate.failure")).length, 1);
  });
});

test("where nobody is signed in by Teams an invitation is taken in its place", async () => {
  await withTeams(connector, { api: scriptedApi({ sign_in: false }) }, async ({ frame, heard }) => {
    await frame.getByText("You need an invitation from your admin.").waitFor();
    assert.equal(await frame.getByRole("button", { name: "Sign in" }).count(), 0);
    await frame.getByLabel("Invitation link").fill(`${RELAY}/connector/tab#invite=one-time-invitation`);
    await frame.getByRole("button", { name: "Use the invitation" }).click();
    await frame.getByRole("radio", { name: /^GitHub/ }).waitFor();
    assert.deepEqual(await heard("authentication.getAuthToken"), []);
  });
});

test("a token that has grown old is renewed and the question asked again", async () => {
  const api = scriptedApi();
  api.refuse("POST subscriptions", 401, "Sign in again.");
  await withTeams(connector, { api, excuse: /401/ }, async ({ frame, heard, save, times }) => {
    await frame.getByRole("radio", { name: /^GitHub/ }).check();
    await save();
    await eventually(times("settings.save.success"), 1);
    assert.equal((await heard("authentication.getAuthToken")).length, 2);
    assert.equal(api.subscriptions.length, 1);
  });
});
