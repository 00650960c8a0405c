// The connector's pages that nobody holds: invitations, a pasted address and its code, and the list of what is mine.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { GITHUB, INVITATION, scriptedApi, subscription } from "./connector-api.mjs";
import { RELAY, fresh, startConnector } from "./connector-server.mjs";
import { eventually } from "./connector-waits.mjs";

const ADDRESS = "https://prod.westeurope.logic.azure.example/workflows/1";

let connector;

before(async () => {
  connector = await startConnector();
});

after(() => connector?.stop());

/** Opens a page; afterwards nothing may have been complained of or asked elsewhere. */
async function withPage({ path = "tab", api = scriptedApi(), pass = "guest-pass", excuse = /^$/, ...look }, body) {
  connector.serve(api);
  const opened = await fresh(connector, look);
  try {
    if (pass) await opened.context.addInitScript((kept) => localStorage.getItem("teams-relay.pass") ?? localStorage.setItem("teams-relay.pass", kept), JSON.stringify({ pass, expires: "2099-01-01T00:00:00Z" }));
    await opened.page.goto(`${RELAY}/connector/${path}`);
    await body({ ...opened, api });
    assert.deepEqual(opened.strangers, [], "the page asked another host");
    const complaints = opened.complaints.filter((line) => !/validDomains/.test(line) && !excuse.test(line));
    assert.deepEqual(complaints, [], "the browser complained");
  } finally {
    await opened.close();
  }
}

const focused = (page) => () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);

test("an invitation becomes a pass, leaves the address bar at once, and is not needed again", async () => {
  await withPage({ pass: null, path: `tab#invite=${INVITATION}` }, async ({ page, api }) => {
    await page.getByText("You are here by an invitation.").waitFor();
    assert.equal(page.url(), `${RELAY}/connector/tab`);
    assert.deepEqual(api.sent("POST passes"), [{ invitation: INVITATION }]);
    assert.equal(api.asked.find(({ what }) => what === "POST passes").authorization, undefined);
    await page.reload();
    await page.getByText("You are here by an invitation.").waitFor();
    assert.equal(api.sent("POST passes").length, 1);
    assert.deepEqual(await page.context().cookies(), []);
  });
});

test("without a pass the page says that an invitation is needed, and takes a pasted one", async () => {
  await withPage({ pass: null, excuse: /403/ }, async ({ page, api }) => {
    await page.getByText("teams-relay invite").waitFor();
    await page.getByLabel("Invitation link").fill("what?");
    await page.getByLabel("Invitation link").press("Enter");
    await page.getByText("This is no invitation.").waitFor();
    await page.getByLabel("Invitation link").fill("used-up-invitation");
    await page.getByLabel("Invitation link").press("Enter");
    await page.getByText("This invitation was used already").waitFor();
    await page.getByLabel("Invitation link").fill(` ${RELAY}/connector/tab#invite=${INVITATION} `);
    await page.getByLabel("Invitation link").press("Enter");
    await page.getByText("You are here by an invitation.").waitFor();
    assert.deepEqual(api.sent("POST passes").map(({ invitation }) => invitation), ["used-up-invitation", INVITATION]);
  });
});

test("a pass that no longer holds is forgotten", async () => {
  await withPage({ pass: "old-pass", excuse: /401/ }, async ({ page }) => {
    await page.getByText("You need an invitation from your admin.").waitFor();
    assert.equal(await page.evaluate(() => localStorage.getItem("teams-relay.pass")), null);
  });
});

test("a pasted address is proved by the code that was posted to the channel", async () => {
  await withPage({ path: "config", excuse: /422/ }, async ({ page, api }) => {
    await page.getByRole("radio", { name: /^GitHub/ }).check();
    const add = page.locator("button[type=submit]");
    await add.click();
    await page.getByText("Paste the Workflows address of the channel.").waitFor();
    const address = page.getByLabel("Workflows address of the channel");
    assert.equal(await address.getAttribute("type"), "password");
    assert.equal(await address.getAttribute("autocomplete"), "off");
    await address.fill("http://example.test/");
    await add.click();
    await page.getByText("it begins with https://").waitFor();
    assert.deepEqual(api.sent("POST subscriptions"), []);
    await page.getByLabel("Show it").check();
    assert.equal(await address.getAttribute("type"), "text");
    await address.fill(` ${ADDRESS}\n`);
    await add.click();
    await page.getByText("A card with a code was posted to the channel.").first().waitFor();
    const [sent] = api.sent("POST subscriptions");
    assert.deepEqual([sent.url, sent.by, sent.team, sent.events], [ADDRESS, "pasted", null, ["*"]]);
    assert.equal((await page.content()).includes(ADDRESS), false);
    await page.getByLabel("Code").fill("111111");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("That is not the code. Two tries are left.").waitFor();
    await page.getByRole("button", { name: "Post a new code" }).click();
    await page.getByText("The old code no longer counts.").waitFor();
    assert.equal(api.sent("POST subscriptions/sub-1/code").length, 1);
    await page.getByLabel("Code").fill("123456");
    await page.getByLabel("Code").press("Enter");
    await page.getByRole("heading", { name: "Done" }).waitFor();
    await page.getByRole("link", { name: "My channels" }).click();
    await page.getByText("Posts come to the channel.").waitFor();
  });
});

test("how the URL is made is one link away, in a tab of its own, where the admin wrote about it", async () => {
  const guide = "https://intranet.octo.example/teams#url";
  await withPage({ path: "config", api: scriptedApi({ guide }) }, async ({ page }) => {
    const link = page.getByRole("link", { name: "How to make this address" });
    await link.waitFor();
    assert.equal(await link.getAttribute("href"), guide);
    assert.equal(await link.getAttribute("target"), "_blank");
    assert.match(await link.getAttribute("rel"), /\bnoopener\b/);
  });
  for (const none of [null, "javascript:alert(1)"]) {
    await withPage({ path: "config", api: scriptedApi({ guide: none }) }, async ({ page }) => {
      await page.getByLabel("Workflows address of the channel").waitFor();
      assert.equal(await page.getByRole("link", { name: "How to make this address" }).count(), 0);
    });
  }
});

test("too many tries are told with how long to wait", async () => {
  const api = scriptedApi({ kept: [subscription({ state: "unproved" })] });
  api.refuse("POST subscriptions/sub-1/proof", 429, "", { "retry-after": "30" });
  await withPage({ api, excuse: /429/ }, async ({ page }) => {
    await page.getByLabel("Code").fill("111111");
    await page.getByLabel("Code").press("Enter");
    await page.getByText("That was a bit much at once. Try again in 30 seconds.").waitFor();
    await page.getByLabel("Code").fill("123456");
    await page.getByLabel("Code").press("Enter");
    await page.getByText("Works").waitFor();
  });
});

test("conditions are added, turned into NOT and taken away by the keyboard alone", async () => {
  await withPage({ path: "config" }, async ({ page, api }) => {
    await page.getByRole("radio", { name: /^GitHub/ }).focus();
    await page.keyboard.press("Space");
    const called = page.getByLabel("Called");
    for (const glob of ["octo/*", "acme/*", "octo/*"]) {
      await called.fill(glob);
      await called.press("Enter");
    }
    await page.getByText("octo/* is there already.").waitFor();
    await page.getByText("Only repository octo/* or acme/*.").first().waitFor();
    await page.getByLabel("Condition", { exact: true }).selectOption("Branch");
    await called.fill("main");
    await called.press("Enter");
    await page.getByRole("radio", { name: "Any is enough" }).check();
    await page.getByRole("button", { name: "not repository acme/*" }).focus();
    await page.keyboard.press("Space");
    assert.equal(await focused(page)(), "not repository acme/*");
    assert.equal(await page.getByRole("button", { name: "not repository acme/*" }).getAttribute("aria-pressed"), "true");
    await page.getByText("Only repository octo/* but not acme/*, or branch main.").first().waitFor();
    assert.equal(await page.getByRole("status").filter({ hasText: "but not acme/*" }).count(), 1);
    await page.getByRole("button", { name: "Remove repository octo/*" }).focus();
    await page.keyboard.press("Enter");
    assert.equal(await focused(page)(), "Remove repository acme/*");
    await page.getByLabel("Workflows address of the channel").fill(ADDRESS);
    await page.locator("button[type=submit]").click();
    await page.getByLabel("Code").waitFor();
    assert.deepEqual(api.sent("POST subscriptions")[0].chips, { all: false, repository: [{ glob: "acme/*", not: true }], branch: [{ glob: "main", not: false }], label: [] });
  });
});

test("among many events one is found by typing, and what is chosen stays in sight", async () => {
  const events = Array.from({ length: 40 }, (_, index) => ({ type: `type_${index}`, title: `Event ${index}`, says: `About ${index}` }));
  await withPage({ path: "config", api: scriptedApi({ sources: [{ ...GITHUB, events }] }), excuse: /404/ }, async ({ page }) => {
    await page.getByRole("checkbox", { name: /^Event 7/ }).check();
    await page.getByLabel("Find an event").fill("about 39");
    await eventually(() => page.getByRole("checkbox", { name: /^Event/ }).count(), 2);
    await page.getByLabel("Find an event").fill("");
    await eventually(() => page.getByRole("checkbox", { name: /^Event/ }).count(), 40);
  });
});

test("a channel is paused, resumed and tried, and the cursor stays", async () => {
  await withPage({ api: scriptedApi({ kept: [subscription()] }) }, async ({ page, api }) => {
    await page.getByRole("button", { name: "Pause: Builds" }).click();
    await page.getByText("What comes meanwhile waits.").first().waitFor();
    await eventually(focused(page), "Resume: Builds");
    await page.keyboard.press("Enter");
    await eventually(focused(page), "Pause: Builds");
    await page.getByRole("button", { name: "Send a test card: Builds" }).click();
    await page.getByText("Teams took the card.").waitFor();
    assert.deepEqual(api.asked.slice(-3).map(({ what }) => what), ["POST subscriptions/sub-1/pause", "POST subscriptions/sub-1/resume", "POST subscriptions/sub-1/test"]);
  });
});

test("what is refused is said beside the channel", async () => {
  const api = scriptedApi({ kept: [subscription()] });
  api.refuse("POST subscriptions/sub-1/test", 429, "The channel has no posts left.", { "retry-after": "120" });
  await withPage({ api, excuse: /429/ }, async ({ page }) => {
    await page.getByRole("button", { name: "Send a test card: Builds" }).click();
    await page.getByRole("listitem", { name: "Builds" }).getByText("The channel has no posts left. Try again in 120 seconds.").waitFor();
  });
});

test("a channel is removed only after one more question, which Escape takes back", async () => {
  await withPage({ api: scriptedApi({ kept: [subscription()] }) }, async ({ page, api }) => {
    await page.getByRole("button", { name: "Remove: Builds" }).click();
    const dialog = page.getByRole("dialog", { name: "Remove Builds?" });
    await dialog.waitFor();
    assert.equal(await focused(page)(), "Keep it");
    await page.keyboard.press("Escape");
    await eventually(focused(page), "Remove: Builds");
    assert.equal(api.subscriptions.length, 1);
    await page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: "Remove" }).click();
    await page.getByText("Nothing is posted anywhere yet.").waitFor();
    assert.equal(api.subscriptions.length, 0);
    await eventually(focused(page), "My channels");
  });
});

test("a channel is edited in place, its patterns kept as they are", async () => {
  const kept = subscription({ events: ["push", "check_*"], name: null });
  await withPage({ api: scriptedApi({ kept: [kept] }), excuse: /404/ }, async ({ page, api }) => {
    await page.getByRole("button", { name: "Edit: GitHub" }).click();
    await page.getByRole("checkbox", { name: /^check_\*/ }).waitFor();
    await page.getByRole("checkbox", { name: /^Push/ }).uncheck();
    await page.getByRole("checkbox", { name: /^Releases/ }).check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Your changes are saved.").waitFor();
    assert.deepEqual(api.sent("PUT subscriptions/sub-1")[0].events, ["release", "check_*"]);
  });
});

test("a channel is added from the list", async () => {
  await withPage({}, async ({ page }) => {
    await page.getByRole("button", { name: "Add a channel" }).click();
    await page.getByRole("radio", { name: /^Alerts/ }).check();
    await page.getByLabel("Workflows address of the channel").fill(ADDRESS);
    await page.locator("button[type=submit]").click();
    await page.getByLabel("Code").fill("123456");
    await page.getByLabel("Code").press("Enter");
    await page.getByText("Done. Posts now come to the channel.").waitFor();
    await page.getByRole("listitem", { name: "Alerts" }).waitFor();
  });
});

test("what a name, a source or a glob says is text, whatever it looks like", async () => {
  const hostile = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
  const kept = subscription({ name: hostile, says: hostile, warning: hostile, destination: hostile, events: [hostile], chips: { all: true, repository: [{ glob: hostile, not: true }], branch: [], label: [] } });
  await withPage({ api: scriptedApi({ kept: [kept] }) }, async ({ page }) => {
    await page.getByRole("heading", { name: hostile }).waitFor();
    await page.getByRole("button", { name: `Edit: ${hostile}` }).click();
    await page.getByLabel("Name", { exact: true }).waitFor();
    assert.equal(await page.locator("img[src=x], main script").count(), 0);
    assert.equal(await page.title(), "My channels");
  });
});

test("a server that does not answer is said, and tried again", async () => {
  const api = scriptedApi();
  api.refuse("GET sources", 503, "");
  await withPage({ api, excuse: /503/ }, async ({ page }) => {
    await page.getByText("The server could not do this (503). Try again in a moment.").waitFor();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("Nothing is posted anywhere yet.").waitFor();
  });
});

test("outside Teams the browser's look counts, and the sample follows it", async () => {
  await withPage({ path: "config", colorScheme: "dark" }, async ({ page, api }) => {
    await page.getByRole("radio", { name: /^GitHub/ }).check();
    await page.getByText("3 commits pushed to main").waitFor();
    await page.emulateMedia({ colorScheme: "light" });
    const asked = () => api.asked.map(({ what }) => /\?theme=(\w+)/.exec(what)?.[1]).filter(Boolean);
    await eventually(asked, ["dark", "default"]);
  });
});
