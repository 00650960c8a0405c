// The connector's pages and the real relay together: what is chosen in the browser is what a webhook then does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FOREIGN, RELAY, fresh, inTeams } from "./connector-server.mjs";
import { eventually } from "./connector-waits.mjs";
import { missing, withRelay } from "./relay-daemon.mjs";

const options = { skip: missing, timeout: 120_000 };
/** TeamsJS fetches a list from elsewhere as it loads; the policy forbids it, and TeamsJS has the list built in. */
const OWN_FETCH = /res\.cdn\.office\.net\/teams-js\/validDomains/;

/** A browser beside the relay; afterwards nothing may have been complained of or asked elsewhere. */
function withBrowser(body) {
  return withRelay(async (relay) => {
    const opened = await fresh(relay);
    try {
      await body({ ...relay, ...opened });
      assert.deepEqual(opened.strangers, [], "the page asked another host");
      assert.deepEqual(opened.complaints.filter((line) => !OWN_FETCH.test(line)), [], "the browser complained");
    } finally {
      await opened.close();
    }
  });
}

/** The branches of the pushes whose cards a channel has, in the order they came. */
const branches = (cards) => cards.map((card) => /\b(?:main|wip\/\w+)\b/.exec(JSON.stringify(card.attachments[0].content))?.[0]);

test("what is added, edited and removed in Teams is what a push then does", options, async () => {
  await withBrowser(async ({ page, invite, subscriptions, events, push, channel, cards }) => {
    const arrived = () => branches(cards("general"));
    const saved = ({ heard }) => async () => (await heard("settings.save.success")).length;

    const adding = await inTeams(page, "config", { webhookUrl: channel("general") });
    await adding.frame.getByLabel("Invitation link").fill(await invite());
    await adding.frame.getByRole("button", { name: "Use the invitation" }).click();
    await adding.frame.getByRole("radio", { name: /^GitHub/ }).check();
    await adding.frame.getByRole("checkbox", { name: /^Push/ }).check();
    await adding.frame.getByLabel("Name", { exact: true }).fill("Builds");
    await adding.frame.getByRole("region", { name: "Sample card" }).getByText(/pushed|commit/i).first().waitFor();
    let release;
    await page.route(`${RELAY}/connector/api/subscriptions`, (route) => {
      release = () => route.continue();
    });
    await adding.save();
    await eventually(() => Boolean(release), true);
    assert.equal(await saved(adding)(), 0, "Teams was told before the relay answered");
    assert.deepEqual(await subscriptions(), []);
    await release();
    await eventually(saved(adding), 1);
    await page.unroute(`${RELAY}/connector/api/subscriptions`);
    const [added, ...others] = await subscriptions();
    assert.deepEqual(others, []);
    const kept = await adding.settings();
    assert.equal(kept.entityId, added.id);
    assert.equal(kept.removeUrl, `${RELAY}/connector/remove`);
    assert.equal(await push(1, "main"), 202);
    await eventually(arrived, ["main"]);

    // The browser still has the pass.
    const editing = await inTeams(page, "config", { settings: kept, webhookUrl: channel("general") });
    await editing.frame.getByRole("checkbox", { name: /^Push/ }).waitFor();
    assert.equal(await editing.frame.getByRole("checkbox", { name: /^Push/ }).isChecked(), true);
    assert.equal(await editing.frame.getByRole("checkbox", { name: /^Everything/ }).isChecked(), false);
    assert.equal(await editing.frame.getByLabel("Name", { exact: true }).inputValue(), "Builds");
    await editing.frame.getByLabel("Condition", { exact: true }).selectOption("Branch");
    await editing.frame.getByLabel("Called", { exact: true }).fill("wip/*");
    await editing.frame.getByLabel("Called", { exact: true }).press("Enter");
    await editing.frame.getByRole("button", { name: "not branch wip/*" }).click();
    await editing.frame.getByText("Only branch not wip/*.").first().waitFor();
    await editing.save();
    await eventually(saved(editing), 1);
    assert.deepEqual((await subscriptions()).map(({ id }) => id), [added.id]);
    // A channel gets its cards in order, so the first of these would have come before the second.
    assert.equal(await push(2, "wip/x"), 202);
    assert.equal(await push(3, "main"), 202);
    await eventually(arrived, ["main", "main"]);

    const removing = await inTeams(page, "remove", { frame: "remove", settings: await editing.settings() });
    await removing.frame.getByText("Press Remove to stop these posts").waitFor();
    await removing.remove();
    await eventually(async () => (await removing.heard("settings.remove.success")).length, 1);
    assert.deepEqual(await subscriptions(), []);
    assert.equal(await push(4, "main"), 202);
    const [last] = await events();
    assert.deepEqual([last.delivery_id, last.ignored, last.deliveries], ["d-4", "no_subscription", []]);
    assert.deepEqual(arrived(), ["main", "main"]);
  });
});

test("a pasted address is the channel's once the code on its card is typed", options, async () => {
  await withBrowser(async ({ page, invite, subscriptions, push, channel, cards }) => {
    await page.goto(await invite());
    await page.getByText("You are here by an invitation.").waitFor();
    assert.equal(page.url(), `${RELAY}/connector/tab`);
    await page.getByRole("button", { name: "Add a channel" }).click();
    await page.getByRole("radio", { name: /^GitHub/ }).check();
    await page.getByLabel("Workflows address of the channel").fill(channel("pasted"));
    await page.getByRole("button", { name: "Add", exact: true }).last().click();
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    await eventually(() => cards("pasted").length, 1);
    const code = /"(\d{3} \d{3})"/.exec(JSON.stringify(cards("pasted")[0]))[1];
    assert.equal(await push(1, "wip/early"), 202);
    await page.getByLabel("Code").fill(code);
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("Done. Posts now come to the channel.").waitFor();
    assert.equal((await subscriptions()).length, 1);
    assert.equal(await push(2, "main"), 202);
    await eventually(() => branches(cards("pasted").slice(1)), ["main"]);
    await eventually(async () => {
      await page.getByRole("button", { name: "Refresh" }).click();
      return page.getByText("Works", { exact: true }).isVisible();
    }, true);
    await page.getByRole("button", { name: "Send a test card" }).click();
    await page.getByText("A test card was posted; look into the channel.").waitFor();
    assert.equal(cards("pasted").length, 3);
    await page.getByRole("button", { name: /^Remove/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("It was removed.").waitFor();
    assert.deepEqual(await subscriptions(), []);
  });
});

test("by another's invitation one may neither see nor remove what Teams keeps for a channel", options, async () => {
  await withBrowser(async ({ page, invite, subscriptions, channel, complaints }) => {
    const entered = async (path, more) => {
      const teams = await inTeams(page, path, { webhookUrl: channel("general"), ...more });
      await teams.frame.getByLabel("Invitation link").fill(await invite());
      await teams.frame.getByRole("button", { name: "Use the invitation" }).click();
      return teams;
    };
    const mona = await entered("config");
    await mona.frame.getByRole("radio", { name: /^GitHub/ }).check();
    await mona.save();
    await eventually(async () => (await mona.heard("settings.save.success")).length, 1);
    const settings = await mona.settings();
    await mona.inner().evaluate(() => localStorage.clear());

    const lisa = await entered("config", { settings });
    await lisa.frame.getByText("this subscription is somebody else's").waitFor();
    const removing = await inTeams(page, "remove", { frame: "remove", settings });
    await removing.frame.getByText("Press Remove to stop these posts").waitFor();
    await removing.remove();
    await eventually(async () => (await removing.heard("settings.remove.failure")).length, 1);
    assert.deepEqual(await removing.heard("settings.remove.success"), []);
    assert.equal((await subscriptions()).length, 1);
    // The browser tells of each refused answer.
    assert.equal(complaints.splice(0).filter((line) => /403/.test(line)).length, 2);
  });
});

test("a page from elsewhere cannot hold the relay's", options, async () => {
  await withRelay(async (relay) => {
    const { page, complaints, close } = await fresh(relay);
    await inTeams(page, "config", { at: FOREIGN });
    await eventually(() => complaints.some((line) => /frame-ancestors/.test(line)), true);
    assert.equal(page.frames().some((one) => one.url().startsWith(RELAY)), false);
    await close();
  });
});
