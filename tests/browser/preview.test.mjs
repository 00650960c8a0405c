// The page to try a template on, against a running demo: what is edited is what is drawn, and mistakes are shown where
// they are. Needs DEMO_URL, the address that `teams-relay demo` printed.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, open } from "./harness.mjs";

const live = process.env.DEMO_URL;
const options = { skip: live ? false : "DEMO_URL is not set" };

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Opens the page with a sample; afterwards nothing may have been complained of or asked elsewhere. */
async function withPreview({ sample = "github/push", excuse = /^$/, ...look }, body) {
  const opened = await open(browser, new URL(`preview#${sample}`, live).href, { viewport: { width: 1400, height: 900 }, ...look });
  try {
    await opened.page.locator("#light .card").waitFor();
    await body(opened);
    assert.deepEqual(opened.strangers, [], "the page asked another host");
    assert.deepEqual(opened.complaints.filter((line) => !excuse.test(line)), [], "the browser complained");
  } finally {
    await opened.close();
  }
}

const template = (page) => page.getByRole("textbox", { name: "Template" });
const payload = (page) => page.getByRole("textbox", { name: "Payload" });

/** Writes a text in the place of another in a field. */
async function replace(field, from, to) {
  const text = await field.inputValue();
  assert.ok(text.includes(from), `${from} is not in ${text}`);
  await field.fill(text.replace(from, to));
}

const ORDER = '{\n  "summary": "Order",\n  "body": [{"type": "TextBlock", "text": "Order {{payload.ref}}"}]\n}';

test("a template that is edited changes the card, in both looks", options, async () => {
  await withPreview({}, async ({ page }) => {
    await template(page).fill(ORDER);
    for (const look of ["light", "dark"]) await page.locator(`#${look}`).getByText("Order refs/heads/").waitFor();
    await replace(template(page), "Order {{", "Mended {{");
    await page.locator("#dark").getByText("Mended refs/heads/").waitFor();
    await replace(payload(page), '"ref": "refs/heads/', '"ref": "refs/tags/');
    await page.locator("#light").getByText("Mended refs/tags/").waitFor();
    await page.getByText(/^\d{3} of 28,672 bytes$/).waitFor();
    const ground = (look) => page.locator(`#${look} .card`).evaluate((card) => getComputedStyle(card).backgroundColor);
    assert.equal(await ground("light"), "rgb(255, 255, 255)");
    assert.equal(await ground("dark"), "rgb(43, 43, 49)");
  });
});

test("a mistake is shown with its line and caret, leads to its place, and keeps the last card", options, async () => {
  await withPreview({}, async ({ page }) => {
    await template(page).fill(ORDER.replace("{{payload.ref}}", "{{trunkate payload.ref 5}}"));
    const problem = page.getByRole("button", { name: /^template:3:49: there is no helper `trunkate`; did you mean `truncate`\?/ });
    await problem.waitFor();
    const [line, caret] = (await page.locator(".problem-excerpt").textContent()).split("\n");
    assert.match(line, /^ {4}3 \|.*\{\{trunkate/);
    assert.equal(caret.indexOf("^"), line.indexOf("{{trunkate"));
    assert.ok(await page.locator("#light .card").isVisible());
    await page.getByText("The last card that could be made.").waitFor();
    await problem.focus();
    await page.keyboard.press("Enter");
    const at = await template(page).evaluate((area) => area.value.slice(area.selectionStart));
    assert.ok(at.startsWith("{{trunkate"), at);
    await replace(template(page), "trunkate", "truncate");
    await page.locator("#light").getByText("Order refs…").waitFor();
    assert.equal(await problem.count(), 0);
  });
});

test("a mistake in the card shows the plain card that would go out", options, async () => {
  await withPreview({}, async ({ page }) => {
    await template(page).fill(ORDER.replace('"text":', '"colour": "good", "text":'));
    await page.getByRole("button", { name: /^template:3:34: .*did you mean `color`\?/ }).waitFor();
    await page.locator("#light").getByText("Shown plainly because the template failed").waitFor();
  });
});

test("what the payload lacks is noted, and a payload that is no JSON is told", options, async () => {
  await withPreview({}, async ({ page }) => {
    await template(page).fill(ORDER.replace("payload.ref", "payload.reff"));
    await page.locator(".problem-note").getByText("`payload.reff` is not there").waitFor();
    await payload(page).fill('{\n  "ref" 1\n}');
    await page.getByRole("button", { name: "line 2, column 9: this is not JSON" }).waitFor();
  });
});

test("every sample can be chosen from the menu, and its template is started over", options, async () => {
  await withPreview({}, async ({ page }) => {
    await page.getByLabel("Sample").selectOption("github/pull_request.merged");
    await page.locator("#light").getByText("Merged").first().waitFor();
    assert.equal(await page.locator("#name").innerText(), "github/pull_request");
    assert.equal(new URL(page.url()).hash, "#github/pull_request.merged");
    const first = await template(page).inputValue();
    await template(page).fill("{{");
    await page.getByText("a `{{` has no `}}`").waitFor();
    await page.getByRole("button", { name: "Start over" }).click();
    await page.waitForFunction(() => !document.querySelector(".problem"));
    assert.equal(await template(page).inputValue(), first);
  });
});

test("what would be posted can be read", options, async () => {
  await withPreview({}, async ({ page }) => {
    await page.getByText("What would be posted").click();
    const body = JSON.parse(await page.locator("#json").textContent());
    assert.equal(body.attachments[0].contentType, "application/vnd.microsoft.card.adaptive");
  });
});

test("the channel leads to the page, and back", options, async () => {
  const { page, complaints, close } = await open(browser, live);
  await page.getByRole("link", { name: "Try a template" }).click();
  await page.locator("#light .card").waitFor();
  await page.getByRole("link", { name: "The channel" }).click();
  await page.getByRole("heading", { name: "General" }).waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

for (const width of [700, 360]) {
  test(`the panes stand below each other on a screen ${width} pixels wide`, options, async () => {
    await withPreview({ viewport: { width, height: 700 } }, async ({ page }) => {
      const tops = await page.locator(".pane").evaluateAll((panes) => panes.map((pane) => pane.getBoundingClientRect().top));
      assert.ok(tops[0] < tops[1] && tops[1] < tops[2], String(tops));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(over, 0);
    });
  });
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing to mend (${colorScheme})`, options, async () => {
    const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    await withPreview({ colorScheme }, async ({ page }) => {
      await template(page).fill(ORDER.replace('"text":', '"colour": "good", "text":'));
      await page.getByRole("button", { name: /did you mean `color`/ }).waitFor();
      await page.getByText("What would be posted").click();
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`), []);
    });
  });
}
