// The connector's pages inside Teams: the real TeamsJS, a host on Teams' own origin, the policy that the relay sends.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { GITHUB, scriptedApi, subscription } from "./connector-api.mjs";
import { NEW_TEAMS, RELAY, TEAMSJS, pinned, startConnector } from "./connector-server.mjs";
import { ADDRESS, eventually, withTeams } from "./connector-waits.mjs";

let connector;

before(async () => {
  connector = await startConnector();
});

after(() => connector?.stop());

const SET_UP = { entityId: "sub-1", contentUrl: `${RELAY}/connector/config` };

test("the script of TeamsJS is the one that is pinned", async () => {
  const { version, integrity } = await pinned();
  const packed = JSON.parse(await readFile(new URL("package.json", import.meta.url), "utf8"));
  assert.equal(packed.devDependencies["@microsoft/teams-js"], version);
  assert.equal(`sha384-${createHash("sha384").update(await readFile(TEAMSJS)).digest("base64")}`, integrity);
});

for (const { script, version, name } of [
  { script: "cdn", version: "2.58.0", name: "TeamsJS 2 of the CDN" },
  { script: "self", version: "2.58.0", name: "TeamsJS 2 of our own" },
  { script: "self-1", version: "1.13.1", name: "TeamsJS 1.13.1" },
]) {
  test(`with ${name} what is chosen is stored before Teams is told that it is saved`, async () => {
    await withTeams(connector, { script }, async ({ frame, heard, order, save, settings, api, times, valid }) => {
      await eventually(valid, false);
      assert.equal((await heard("initialize"))[0][0], version);
      await frame.getByRole("radio", { name: /^GitHub/ }).check();
      await eventually(valid, true);
      await frame.getByRole("checkbox", { name: /^Workflow runs/ }).check();
      await frame.getByLabel("Called").fill("octo/*");
      await frame.getByLabel("Called").press("Enter");
      await frame.getByLabel("Which news").selectOption("Only failures");
      await frame.getByLabel("Name", { exact: true }).fill("Builds");
      const release = api.hold("POST subscriptions");
      await save();
      await eventually(() => api.sent("POST subscriptions").length, 1);
      assert.deepEqual(await heard("settings.save.success"), []);
      release();
      await eventually(times("settings.save.success"), 1);
      const [sent] = api.sent("POST subscriptions");
      assert.deepEqual(sent, {
        source: "github",
        events: ["workflow_run"],
        chips: { all: true, repository: [{ glob: "octo/*", not: false }], branch: [], label: [] },
        min_severity: "critical",
        name: "Builds",
        url: ADDRESS,
        by: "connector",
        team: { app_type: "teams", tenant: "tenant-1", team: "group-1", team_name: "Octo", channel: "19:channel", channel_name: "Builds", user: "user-1" },
      });
      const kept = await settings();
      assert.equal(kept.entityId, "sub-1");
      assert.equal(kept.contentUrl, `${RELAY}/connector/config`);
      assert.equal(kept.websiteUrl, `${RELAY}/connector/tab`);
      assert.equal(kept.removeUrl, `${RELAY}/connector/remove`);
      assert.equal(kept.configName, "Builds");
      const saving = (await order()).filter((func) => !/Validity|authentication/.test(func));
      assert.deepEqual(saving, ["settings.getSettings", "settings.setSettings", "settings.getSettings", "settings.setSettings", "settings.save.success"]);
    });
  });

  test(`with ${name} what was chosen is filled in again, and changed in place`, async () => {
    const api = scriptedApi({ kept: [subscription({ min_severity: "warning" })] });
    await withTeams(connector, { script, api, settings: SET_UP }, async ({ frame, save, settings, times }) => {
      await frame.getByRole("checkbox", { name: /^Push/ }).waitFor();
      assert.equal(await frame.getByRole("checkbox", { name: /^Push/ }).isChecked(), true);
      assert.equal(await frame.getByRole("checkbox", { name: /^Everything/ }).isChecked(), false);
      assert.equal(await frame.getByLabel("Name", { exact: true }).inputValue(), "Builds");
      assert.equal(await frame.getByLabel("Which news").inputValue(), "warning");
      await frame.getByText("Only repository octo/*.").waitFor();
      assert.equal(await frame.getByRole("radio", { name: /^GitHub/ }).count(), 0);
      await frame.getByRole("button", { name: "not repository octo/*" }).click();
      await save();
      await eventually(times("settings.save.success"), 1);
      assert.deepEqual(api.sent("PUT subscriptions/sub-1"), [
        { events: ["push"], chips: { all: true, repository: [{ glob: "octo/*", not: true }], branch: [], label: [] }, min_severity: "warning", name: "Builds" },
      ]);
      assert.deepEqual(api.sent("POST subscriptions"), []);
      assert.equal((await settings()).entityId, "sub-1");
    });
  });

  test(`with ${name} what Teams removes is removed before Teams is told`, async () => {
    const api = scriptedApi({ kept: [subscription()] });
    await withTeams(connector, { script, api, page: "remove", frame: "remove", settings: SET_UP }, async ({ frame, remove, times, valid }) => {
      await frame.getByText("Press Remove to stop these posts").waitFor();
      await eventually(valid, true);
      await remove();
      await eventually(times("settings.remove.success"), 1);
      assert.deepEqual(api.subscriptions, []);
    });
  });
}

test("the new Teams is known as well, and the address may come with the save event alone", async () => {
  await withTeams(connector, { at: NEW_TEAMS, urlInEvent: true }, async ({ frame, save, api, times, valid }) => {
    await frame.getByRole("radio", { name: /^Alerts/ }).check();
    await eventually(valid, true);
    await save();
    await eventually(times("settings.save.success"), 1);
    assert.equal(api.sent("POST subscriptions")[0].url, ADDRESS);
  });
});

test("what the server refuses Teams is told in the server's words, and the next save goes on", async () => {
  const api = scriptedApi();
  api.refuse("POST subscriptions", 422, "This channel cannot be posted to.");
  await withTeams(connector, { api, excuse: /422/ }, async ({ frame, heard, save, times }) => {
    await frame.getByRole("radio", { name: /^GitHub/ }).check();
    await save();
    await eventually(() => heard("settings.save.failure"), [["This channel cannot be posted to."]]);
    await frame.getByRole("alert").getByText("This channel cannot be posted to.").waitFor();
    assert.deepEqual(await heard("settings.save.success"), []);
    await save();
    await eventually(times("settings.save.success"), 1);
    assert.equal(await frame.getByText("This channel cannot be posted to.").count(), 0);
  });
});

test("a save that Teams itself refuses is told, and what the server has by then is not made twice", async () => {
  await withTeams(connector, {}, async ({ frame, save, be, settings, api, times }) => {
    await frame.getByRole("radio", { name: /^GitHub/ }).check();
    const release = api.hold("POST subscriptions");
    await save();
    await eventually(() => api.sent("POST subscriptions").length, 1);
    await be({ refuses: "Settings are locked" });
    release();
    await eventually(times("settings.save.failure"), 1);
    await be({ refuses: null });
    await save();
    await eventually(times("settings.save.success"), 1);
    assert.equal(api.sent("POST subscriptions").length, 1);
    assert.equal(api.sent("PUT subscriptions/sub-1").length, 1);
    assert.equal((await settings()).entityId, "sub-1");
  });
});

test("a second save while the first runs is refused, and the first goes on", async () => {
  await withTeams(connector, {}, async ({ frame, heard, save, api, times }) => {
    await frame.getByRole("radio", { name: /^GitHub/ }).check();
    const release = api.hold("POST subscriptions");
    await save();
    await eventually(() => api.sent("POST subscriptions").length, 1);
    await save();
    await eventually(() => heard("settings.save.failure"), [["Your choices are being saved already. Wait a moment."]]);
    release();
    await eventually(times("settings.save.success"), 1);
    assert.equal(api.sent("POST subscriptions").length, 1);
    assert.equal((await heard("settings.save.failure")).length, 1);
  });
});

test("what is no longer there is said, and chosen anew", async () => {
  await withTeams(connector, { settings: { entityId: "sub-9" }, excuse: /404/ }, async ({ frame, save, settings, times }) => {
    await frame.getByText("What was set up here is not there any more.").first().waitFor();
    await frame.getByRole("radio", { name: /^GitHub/ }).check();
    await save();
    await eventually(times("settings.save.success"), 1);
    assert.equal((await settings()).entityId, "sub-1");
  });
});

test("no event chosen cannot be saved, and is said", async () => {
  await withTeams(connector, { api: scriptedApi({ sources: [GITHUB] }) }, async ({ frame, heard, save, valid }) => {
    await eventually(valid, true);
    await frame.getByRole("checkbox", { name: /^Everything/ }).uncheck();
    await eventually(valid, false);
    await frame.getByText("Choose at least one, or everything.").waitFor();
    await save();
    await eventually(() => heard("settings.save.failure"), [["Choose at least one event, or everything."]]);
  });
});

for (const path of ["config?for=tab", "config"]) {
  test(`where Teams gives no address one is pasted and proved before the tab can be saved (${path})`, async () => {
    await withTeams(connector, { page: path, webhookUrl: null, api: scriptedApi({ sources: [GITHUB] }) , excuse: /422/ }, async ({ frame, save, settings, api, times, valid }) => {
      if (path === "config") {
        await eventually(valid, true);
        await save();
        await eventually(times("settings.save.failure"), 1);
      }
      await eventually(valid, false);
      await frame.getByLabel("Workflows address of the channel").fill(ADDRESS);
      await frame.getByRole("button", { name: "Post a card with a code" }).click();
      await frame.getByLabel("Code").fill("999999");
      await frame.getByRole("button", { name: "Confirm" }).click();
      await frame.getByText("That is not the code. Two tries are left.").waitFor();
      assert.equal(await valid(), false);
      await frame.getByLabel("Code").fill("123 456");
      await frame.getByLabel("Code").press("Enter");
      await frame.getByText("Press Save to finish").waitFor();
      await eventually(valid, true);
      await save();
      await eventually(times("settings.save.success"), 1);
      assert.equal(api.sent("POST subscriptions")[0].by, "pasted");
      const kept = await settings();
      assert.equal(kept.entityId, "sub-1");
      assert.equal(kept.contentUrl, `${RELAY}/connector/tab`);
    });
  });
}

test("the theme is Teams' from the start, follows it, and the sample is asked for anew", async () => {
  await withTeams(connector, { theme: "dark", api: scriptedApi({ sources: [GITHUB] }) }, async ({ frame, theme, api }) => {
    await frame.getByText("3 commits pushed to main").waitFor();
    const ground = () => frame.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
    assert.equal(await ground(), "rgb(31, 31, 31)");
    await theme("contrast");
    await eventually(ground, "rgb(0, 0, 0)");
    await theme("default");
    await eventually(ground, "rgb(245, 245, 245)");
    const asked = () => api.asked.map(({ what }) => /samples\/push\?theme=(\w+)/.exec(what)?.[1]).filter(Boolean);
    await eventually(asked, ["dark", "contrast", "default"]);
  });
});

test("the sample follows what is chosen", async () => {
  await withTeams(connector, { api: scriptedApi({ sources: [GITHUB] }), excuse: /404/ }, async ({ frame }) => {
    await frame.getByRole("checkbox", { name: /^Workflow runs/ }).check();
    assert.equal(await frame.getByLabel("Sample of").inputValue(), "workflow_run");
    await frame.getByRole("region", { name: "Sample card" }).getByText("failed", { exact: false }).first().waitFor();
    await frame.getByLabel("Sample of").selectOption("Issues");
    await frame.getByText("There is no sample of this event").waitFor();
  });
});

test("a source that is not on offer any more is shown by its name, and its channel can still be changed", async () => {
  const api = scriptedApi({ kept: [subscription({ source: "former" })] });
  await withTeams(connector, { api, settings: SET_UP }, async ({ frame, save, times }) => {
    await frame.getByText("former").first().waitFor();
    await frame.getByLabel("Name", { exact: true }).fill("Old builds");
    await save();
    await eventually(times("settings.save.success"), 1);
    assert.deepEqual(api.sent("PUT subscriptions/sub-1").map(({ events, name }) => [events, name]), [[["push"], "Old builds"]]);
  });
});

test("what was removed while it was being edited is added anew", async () => {
  const api = scriptedApi({ kept: [subscription()] });
  await withTeams(connector, { api, settings: SET_UP, excuse: /404/ }, async ({ frame, save, settings, times }) => {
    await frame.getByRole("checkbox", { name: /^Push/ }).waitFor();
    api.subscriptions.length = 0;
    await save();
    await eventually(times("settings.save.success"), 1);
    assert.equal(api.sent("POST subscriptions")[0].by, "connector");
    assert.equal((await settings()).entityId, "sub-2");
  });
});

test("a removal that the server refuses is told to Teams; one that is gone already is done", async () => {
  const api = scriptedApi({ kept: [subscription()] });
  api.refuse("DELETE subscriptions/sub-1", 503, "The server is starting. Try again in a moment.");
  api.refuse("DELETE subscriptions/sub-1", 404, "It was removed.");
  await withTeams(connector, { api, page: "remove", frame: "remove", settings: SET_UP, excuse: /503|404/ }, async ({ frame, heard, remove, times }) => {
    await frame.getByText("Press Remove").waitFor();
    await remove();
    await eventually(() => heard("settings.remove.failure"), [["The server is starting. Try again in a moment."]]);
    await remove();
    await eventually(times("settings.remove.success"), 1);
  });
});

test("a channel that is removed from its own settings page is removed from the server too", async () => {
  const api = scriptedApi({ kept: [subscription()] });
  await withTeams(connector, { api, settings: SET_UP }, async ({ frame, remove, times }) => {
    await frame.getByRole("checkbox", { name: /^Push/ }).waitFor();
    await remove();
    await eventually(times("settings.remove.success"), 1);
    assert.deepEqual(api.subscriptions, []);
  });
});

test("as a tab the page lists what is mine", async () => {
  const api = scriptedApi({ kept: [subscription()] });
  await withTeams(connector, { api, page: "tab", frame: "content" }, async ({ frame }) => {
    await frame.getByText("Signed in as Mona L.").waitFor();
    await frame.getByRole("listitem", { name: "Builds" }).waitFor();
  });
});
