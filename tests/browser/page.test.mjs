// The page: how messages come, what a reader can do with them, and what the page must never do.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { ABOUT, launch, message, open, sample, startDemo } from "./harness.mjs";

const NAMES = ["push", "workflow-failed", "pull-request-merged", "alert-warning", "digest", "message-card", "hostile"];

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Runs `body` on a fresh demo and page; afterwards nothing may have been complained of or asked elsewhere. */
async function withPage({ kept = [], excuse = /^$/, ...options }, body) {
  const demo = await startDemo({ kept });
  const opened = await open(browser, demo.url, options);
  try {
    await body({ ...opened, demo });
    assert.deepEqual(opened.strangers, [], "the page asked another host");
    assert.deepEqual(opened.complaints.filter((line) => !excuse.test(line)), [], "the browser complained");
  } finally {
    await opened.close();
    await demo.stop();
  }
}

async function everyCard() {
  const bodies = await Promise.all(NAMES.map(sample));
  return bodies.map((body, index) => message(index + 1, body));
}

/** A card of one line. */
function line(words) {
  return { type: "AdaptiveCard", version: "1.4", body: [{ type: "TextBlock", text: words, wrap: true }] };
}

function lines(count, more = {}) {
  return Array.from({ length: count }, (_, index) => message(index + 1, line(`card ${index + 1}`), more));
}

/** Waits until `look` gives what is wanted, and says what it gave where it never does. */
async function eventually(look, wanted, within = 8_000) {
  const end = Date.now() + within;
  let seen = await look();
  while (JSON.stringify(seen) !== JSON.stringify(wanted) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    seen = await look();
  }
  assert.deepEqual(seen, wanted);
}

const shown = (page) => () => page.locator(".messages:not([hidden]) .card").allInnerTexts();

test("before the first card the page says what will happen, then the card comes by itself and is told", async () => {
  await withPage({}, async ({ page, demo }) => {
    await page.getByText("The sample senders begin in a moment").waitFor();
    await page.getByText("every card here was posted by the relay you just started").waitFor();
    await page.getByText(`The relay takes webhooks at ${ABOUT.hooks}`).waitFor();
    demo.send(message(1, line("hello there")));
    await eventually(shown(page), ["hello there"]);
    assert.ok(await page.locator("#empty").isHidden());
    await eventually(() => page.getByRole("status").innerText(), "New card in General: hello there");
  });
});

test("many cards at once are told in one sentence", async () => {
  await withPage({ kept: lines(5) }, async ({ page }) => {
    await eventually(() => page.getByRole("status").innerText(), "5 new cards");
  });
});

test("a stream that breaks is opened again without a card shown twice or drawn anew", async () => {
  await withPage({ kept: lines(2), excuse: /ERR_/ }, async ({ page, demo }) => {
    await eventually(shown(page), ["card 1", "card 2"]);
    await page.locator(".posted summary").first().click();
    demo.dropStreams();
    demo.send(message(3, line("card 3")));
    await eventually(shown(page), ["card 1", "card 2", "card 3"]);
    assert.equal(await page.locator(".posted[open]").count(), 1, "what the reader opened stays open");
    assert.ok(await page.locator("#gone").isHidden());
  });
});

test("a demo that has stopped is named, and one that is started anew takes its place", async () => {
  await withPage({ kept: lines(2), excuse: /ERR_/ }, async ({ page, demo }) => {
    await eventually(shown(page), ["card 1", "card 2"]);
    await demo.stop();
    await page.getByRole("alert").getByText("The demo has stopped. Start it again: cargo run --release -- demo").waitFor();
    const anew = await startDemo({ port: demo.port, kept: [message(1, line("first of the new"), { at: "2026-11-23T09:30:00Z" })] });
    try {
      await eventually(shown(page), ["first of the new"], 15_000);
      assert.ok(await page.locator("#gone").isHidden());
    } finally {
      await anew.stop();
    }
  });
});

test("cards of other channels wait there, counted, and the keyboard gets to them", async () => {
  await withPage({ kept: [message(1, line("in general"))] }, async ({ page, demo }) => {
    await eventually(shown(page), ["in general"]);
    demo.send(message(2, line("a build"), { channel: "Builds <b>" }));
    const builds = page.getByRole("button", { name: /^Builds <b>\s?1 unread$/ });
    await builds.focus();
    await page.keyboard.press("Enter");
    await eventually(shown(page), ["a build"]);
    assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Builds <b>");
    assert.equal(await page.locator("[aria-current]").innerText(), "Builds <b>");
    assert.equal(await page.locator(".unread").allInnerTexts().then((all) => all.join("")), "");
  });
});

test("the first channel with a card is shown as long as the reader chose none", async () => {
  await withPage({ kept: [message(1, line("a build"), { channel: "Builds" }), message(2, line("in general"))] }, async ({ page }) => {
    await eventually(shown(page), ["a build"]);
    assert.equal(await page.getByRole("button", { name: /^General\s?1 unread$/ }).count(), 1);
  });
});

const fromEnd = (page) => () => page.locator("#messages").evaluate((one) => Math.round(one.scrollHeight - one.clientHeight - one.scrollTop));

for (const reducedMotion of ["reduce", "no-preference"]) {
  test(`the newest card is in sight, unless the reader went up (motion: ${reducedMotion})`, async () => {
    await withPage({ kept: lines(20), reducedMotion }, async ({ page, demo }) => {
      await eventually(async () => (await shown(page)()).length, 20);
      await eventually(fromEnd(page), 0);
      demo.send(message(21, line("card 21")));
      demo.send(message(22, line("card 22")));
      await eventually(async () => (await shown(page)()).length, 22);
      await eventually(fromEnd(page), 0);
      await page.locator("#messages").hover();
      await page.mouse.wheel(0, -600);
      await eventually(async () => (await fromEnd(page)()) > 300, true);
      demo.send(message(23, line("card 23")));
      demo.send(message(24, line("card 24")));
      const pill = page.getByRole("button", { name: "2 new" });
      await pill.waitFor();
      assert.ok((await fromEnd(page)()) > 300);
      await pill.click();
      await eventually(fromEnd(page), 0);
      assert.ok(await page.locator("#newer").isHidden());
    });
  });
}

test("what was posted can be read and copied, with its size and where it came from", async () => {
  const body = await sample("hostile");
  const kept = [message(1, body, { bytes: 12_345, source: "github", event: "push" })];
  await withPage({ kept, permissions: ["clipboard-read", "clipboard-write"] }, async ({ page }) => {
    const post = page.getByRole("article");
    await post.getByText("12,345 of 28,672 bytes").waitFor();
    assert.equal(await post.locator(".message-from").innerText(), "github · push");
    assert.equal(await post.locator("time").getAttribute("datetime"), "2026-11-23T08:00:01.000Z");
    await post.locator("summary").focus();
    await page.keyboard.press("Enter");
    assert.deepEqual(JSON.parse(await post.locator(".json").textContent()), body);
    await post.getByRole("button", { name: "Copy the body" }).click();
    await eventually(() => page.evaluate(() => navigator.clipboard.readText()), JSON.stringify(body, null, 2));
  });
});

test("the command that the relay offers can be chosen and copied", async () => {
  await withPage({ permissions: ["clipboard-read", "clipboard-write"] }, async ({ page }) => {
    await eventually(() => page.locator("#command").innerText(), ABOUT.commands[0].command);
    await page.getByLabel("Which command").selectOption("Send a failed run");
    await page.getByRole("button", { name: "Copy" }).click();
    await eventually(() => page.evaluate(() => navigator.clipboard.readText()), ABOUT.commands[1].command);
  });
});

test("the page follows the system into the dark, and the reader's choice holds", async () => {
  const ground = (page) => page.evaluate(() => getComputedStyle(document.querySelector(".heading")).backgroundColor);
  const [light, dark] = ["rgb(255, 255, 255)", "rgb(34, 34, 39)"];
  await withPage({ colorScheme: "dark" }, async ({ page }) => {
    assert.equal(await ground(page), dark);
    await page.emulateMedia({ colorScheme: "light" });
    assert.equal(await ground(page), light);
    const toggle = page.getByRole("button", { name: "Dark" });
    assert.equal(await toggle.getAttribute("aria-pressed"), "false");
    await toggle.click();
    assert.equal(await toggle.getAttribute("aria-pressed"), "true");
    assert.equal(await ground(page), dark);
    await page.reload();
    assert.equal(await ground(page), dark);
  });
});

for (const width of [360, 320]) {
  test(`nothing reaches beyond a screen ${width} pixels wide`, async () => {
    await withPage({ kept: await everyCard(), viewport: { width, height: 640 } }, async ({ page }) => {
      await eventually(async () => (await shown(page)()).length, NAMES.length);
      for (const one of await page.locator(".posted summary").all()) await one.click();
      const over = await page.evaluate(() =>
        [document.documentElement, document.querySelector("#messages"), ...document.querySelectorAll(".card")].map((one) => one.scrollWidth - one.clientWidth),
      );
      assert.deepEqual(over, over.map(() => 0));
    });
  });
}

const LOOKS = [
  { colorScheme: "light" },
  { colorScheme: "dark" },
  { colorScheme: "light", viewport: { width: 360, height: 640 } },
];

for (const look of LOOKS) {
  test(`axe finds nothing to mend (${JSON.stringify(look)})`, async () => {
    const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    const kept = [...(await everyCard()), message(90, line("a build"), { channel: "Builds" })];
    await withPage({ ...look, kept }, async ({ page }) => {
      await eventually(async () => (await shown(page)()).length, NAMES.length);
      await page.locator(".posted summary").first().click();
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
      assert.deepEqual(found, []);
      assert.ok(passes.some(({ id }) => id === "color-contrast"));
    });
  });
}

test("a picture from elsewhere is stopped by the page's policy", async () => {
  await withPage({ excuse: /Content Security Policy/ }, async ({ page, complaints }) => {
    await page.evaluate(() => document.body.append(Object.assign(new Image(), { src: "https://tracker.example.net/pixel.png" })));
    await eventually(() => complaints.some((line) => line.includes("Content Security Policy")), true);
  });
});

const live = process.env.DEMO_URL;

test("the relay's own demo shows a card, with nothing to complain of", { skip: live ? false : "DEMO_URL is not set" }, async () => {
  const { page, complaints, strangers, close } = await open(browser, live);
  await page.locator(".message .card").first().waitFor({ timeout: 60_000 });
  await page.locator(".message .posted summary").first().click();
  await page.locator(".message .json").first().waitFor();
  assert.equal(await page.locator(".card-notice").count(), 0, "a card holds what Teams would not draw");
  assert.match(await page.locator("#command").innerText(), /^curl .*\/hooks\/curl$/);
  assert.deepEqual([complaints, strangers], [[], []]);
  await close();
});
