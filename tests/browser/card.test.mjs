// Cards: what card.js draws for a posted body.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, open, sample, startDemo } from "./harness.mjs";

const PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

let demo;
let browser;
let opened;
let stage;

before(async () => {
  demo = await startDemo();
  browser = await launch();
  opened = await open(browser, demo.url);
  stage = opened.page.locator("#stage");
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

afterEach(() => {
  assert.deepEqual(opened.strangers, [], "a card asked another host");
  assert.deepEqual(opened.complaints, [], "the browser complained");
});

/** Draws a body alone on the page, in a stage 560 pixels wide. */
async function draw(body) {
  await opened.page.evaluate(async (body) => {
    const { renderPost } = await import("/card.js");
    document.querySelector(".shell").hidden = true;
    document.getElementById("stage")?.remove();
    const stage = document.createElement("div");
    stage.id = "stage";
    stage.style.width = "560px";
    stage.append(renderPost(body, { document }));
    document.body.append(stage);
  }, body);
}

function card(body, more = {}) {
  return { type: "AdaptiveCard", version: "1.4", body, ...more };
}

function text(words, more = {}) {
  return { type: "TextBlock", text: words, wrap: true, ...more };
}

/** What one TextBlock becomes, as markup. */
async function markup(words, more = {}) {
  await draw(card([text(words)], more));
  return stage.locator(".card-text").innerHTML();
}

function entity(name, id) {
  return { msteams: { entities: [{ type: "mention", text: `<at>${name}</at>`, mentioned: { id, name } }] } };
}

test("hostile text stays text", async () => {
  await draw(await sample("hostile"));
  const words = await stage.innerText();
  for (const kept of ["<img src=x onerror=alert(1)>", "<script>alert(2)</script>", "[press me](javascript:alert(3))", '"><svg onload=alert(4)>']) {
    assert.ok(words.includes(kept), `${kept} should be readable`);
  }
  assert.equal(await stage.locator("img, script, svg, iframe, b, i").count(), 0);
  const handlers = await stage.evaluate((root) =>
    [...root.querySelectorAll("*")].flatMap((one) => [...one.attributes]).filter(({ name }) => name.startsWith("on")).length,
  );
  assert.equal(handlers, 0);
});

test("only absolute http and https addresses become links, and those open outside", async () => {
  await draw(await sample("hostile"));
  const links = await stage.locator("a").evaluateAll((all) => all.map(({ href, target, rel }) => ({ href, target, rel })));
  const outside = { target: "_blank", rel: "noopener noreferrer" };
  assert.deepEqual(links, [
    { href: "https://code.example.net/a_(b)?c=1&d=2", ...outside },
    { href: "https://code.example.net/", ...outside },
  ]);
  assert.ok(await stage.getByRole("button", { name: "<i>bad</i>" }).isDisabled());
});

test("an address of another kind is no link, however it is written", async () => {
  for (const address of ["javascript://example.net/%0aalert(8)", "JavaScript:alert(8)", "&#106;avascript:alert(8)", "vbscript://x", "file:///etc/hosts", "//example.net/", "https:example.net", "http://"]) {
    await draw(card([text(`[words](${address})`)], { actions: [{ type: "Action.OpenUrl", title: "words", url: address }] }));
    assert.equal(await stage.locator("a").count(), 0, address);
    assert.match(await stage.locator(".card-text").innerText(), /^\[words\]\(/);
  }
});

test("bold, italic and both nest", async () => {
  assert.equal(
    await markup("**bold**, *slanted*, _slanted_, ***both***, **bold _and_ slanted**"),
    "<p><strong>bold</strong>, <em>slanted</em>, <em>slanted</em>, <strong><em>both</em></strong>, <strong>bold <em>and</em> slanted</strong></p>",
  );
});

test("marks that open nothing are kept as they are written", async () => {
  assert.equal(await markup("2 * 3 * 4, snake_case_name, **open, a ** b"), "<p>2 * 3 * 4, snake_case_name, **open, a ** b</p>");
});

test("a backslash takes the meaning from what follows", async () => {
  assert.equal(
    await markup("\\*a\\* \\_b\\_ \\[c\\](https://example.net) \\\\ C:\\temp \\<at>Odile\\</at>", entity("Odile", "odile@larkspur.example")),
    "<p>*a* _b_ [c](https://example.net) \\ C:\\temp &lt;at&gt;Odile&lt;/at&gt;</p>",
  );
  assert.equal(await markup("**a \\\\**"), "<p><strong>a \\</strong></p>");
  assert.equal(await markup("\\- no item\n1\\. no item"), "<p>- no item 1. no item</p>");
});

test("character references are read once", async () => {
  assert.equal(await markup("&lt;b&gt; &amp;lt; &#9731; &#x2603; &copy"), "<p>&lt;b&gt; &amp;lt; ☃ ☃ &amp;copy</p>");
});

test("an empty line parts paragraphs, a single line break does not", async () => {
  assert.equal(await markup("one\ntwo\r\n\r\nthree"), "<p>one two</p><p>three</p>");
});

test("lists are bulleted, numbered from where they start, and nest", async () => {
  assert.equal(
    await markup("Seen:\n- a\n- **b**\n\n4. c\n   - d\n5. e"),
    "<p>Seen:</p><ul><li><p>a</p></li><li><p><strong>b</strong></p></li></ul>" +
      '<ol start="4"><li><p>c</p><ul><li><p>d</p></li></ul></li><li><p>e</p></li></ol>',
  );
});

test("what Teams does not read in a text block is not read here", async () => {
  assert.equal(await markup("# heading"), "<p># heading</p>");
  assert.equal(await markup("> quote `code` ~~gone~~"), "<p>&gt; quote `code` ~~gone~~</p>");
});

test("a mention needs an entity that names a person by id", async () => {
  await draw(card([text("<at>Odile</at> and <at>Tobias</at>")], entity("Odile", "odile@larkspur.example")));
  assert.deepEqual(await stage.locator(".card-mention").allInnerTexts(), ["Odile"]);
  assert.equal(await stage.innerText(), "Odile and <at>Tobias</at>");
  await draw(card([text("<at>Odile</at>")], entity("Odile", "")));
  assert.equal(await stage.locator(".card-mention").count(), 0);
});

// What is drawn in a time that grows with the square of its length would not be done within the minute.
test("text made to take long is drawn all the same", { timeout: 60_000 }, async () => {
  for (const piece of ["*_", "[", "**a ", "- ", "  - a\n", "![](", "\\", "&#"]) {
    await draw(card([text(piece.repeat(28_000 / piece.length))]));
    assert.equal(await stage.locator(".card-text").count(), 1);
  }
});

test("facts stand in two columns, names before values", async () => {
  await draw(await sample("workflow-failed"));
  const facts = stage.locator(".card-facts");
  assert.deepEqual(await facts.locator("dt").allInnerTexts(), ["Branch", "Job", "Step", "Took", "Commit"]);
  assert.equal((await facts.locator("dd").allInnerTexts())[1], "integration (debian, node 20)");
  assert.equal(await facts.locator("dd a").getAttribute("href"), "https://code.example.net/larkspur/ferry/commit/c3a55e8");
  const name = await facts.locator("dt").first().boundingBox();
  const value = await facts.locator("dd").first().boundingBox();
  assert.ok(name.x + name.width <= value.x);
  assert.ok(Math.abs(name.y - value.y) < 2);
});

test("a person without a fetched picture is drawn as initials, another picture as its words", async () => {
  await draw(await sample("pull-request-merged"));
  const person = stage.getByRole("img", { name: "Tobias Ekwueme" });
  assert.equal(await person.innerText(), "TE");
  const { width, height } = await person.boundingBox();
  assert.deepEqual([width, height], [40, 40]);
  await draw(card([{ type: "Image", url: "https://graphs.example.net/p.png", altText: "Pushes a minute" }]));
  assert.equal(await stage.getByRole("img", { name: "Pushes a minute" }).innerText(), "Pushes a minute");
});

test("a picture that the card carries is shown", async () => {
  await draw(card([{ type: "Image", url: PIXEL, altText: "a dot", width: "24px" }]));
  const shown = stage.locator("img");
  assert.equal(await shown.getAttribute("alt"), "a dot");
  assert.equal((await shown.boundingBox()).width, 24);
});

test("a styled container has its own ground, and bleeds to the card's edge", async () => {
  const box = (style, bleed) => ({ type: "Container", style, bleed, items: [text(style)] });
  await draw(card([box("good", true), box("attention", false), box("warning"), box("accent"), box("emphasis")]));
  const boxes = stage.locator(".card-container");
  const grounds = await boxes.evaluateAll((all) => all.map((one) => getComputedStyle(one).backgroundColor));
  assert.equal(new Set(grounds).size, 5);
  const edge = await stage.locator(".card").boundingBox();
  const bleeding = await boxes.nth(0).boundingBox();
  const held = await boxes.nth(1).boundingBox();
  assert.ok(Math.abs(bleeding.width - edge.width) <= 2 && bleeding.y - edge.y <= 1);
  assert.ok(held.width <= edge.width - 32);
});

test("columns take a fixed width, a weight, what they need, or what is left", async () => {
  const column = (width) => ({ type: "Column", width, items: [text("abc")] });
  await draw(card([{ type: "ColumnSet", columns: [column("50px"), column("auto"), column(2), column(1), column("stretch")] }]));
  const widths = await stage.locator(".card-column").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
  const [fixed, needed, two, one, left] = widths;
  assert.equal(fixed, 50);
  assert.ok(needed > 10 && needed < 60);
  assert.ok(Math.abs(two - 2 * one) < 1);
  assert.ok(Math.abs(one - left) < 1);
});

test("text without wrap keeps to one line, with maxLines to that many", async () => {
  const long = "word ".repeat(100);
  await draw(card([text("one line"), text(long, { wrap: false }), text(long, { maxLines: 3 })]));
  const heights = await stage.locator(".card-text").evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().height)));
  assert.deepEqual(heights, [heights[0], heights[0], heights[0] * 3]);
});

test("words for sizes and colours are read in whatever case", async () => {
  await draw(card([text("a"), text("b", { size: "extralarge", weight: "BOLDER", color: "Attention" })]));
  const look = (at) => stage.locator(".card-text").nth(at).evaluate((one) => {
    const { fontSize, fontWeight, color } = getComputedStyle(one);
    return { fontSize, fontWeight, color };
  });
  const [plain, loud] = [await look(0), await look(1)];
  assert.deepEqual([plain.fontSize, loud.fontSize, loud.fontWeight], ["14px", "24px", "600"]);
  assert.notEqual(plain.color, loud.color);
});

test("runs of rich text carry their own looks and no Markdown", async () => {
  await draw(card([{ type: "RichTextBlock", inlines: ["plain ", { type: "TextRun", text: "**run**", italic: true, selectAction: { type: "Action.OpenUrl", url: "https://example.net/" } }] }]));
  assert.equal(await stage.innerText(), "plain **run**");
  assert.equal(await stage.getByRole("link", { name: "**run**" }).evaluate((one) => getComputedStyle(one).fontStyle), "italic");
});

test("a box with a selectAction opens it, and the link inside keeps its own", async () => {
  await draw(card([
    { type: "Container", style: "emphasis", selectAction: { type: "Action.OpenUrl", title: "Outer", url: "https://outer.example/" }, items: [text("words"), text("[inner](https://inner.example/)")] },
  ]));
  const under = (locator) => locator.evaluate((one) => {
    const { x, y, height } = one.getBoundingClientRect();
    return document.elementFromPoint(x + 4, y + height / 2).closest("a")?.href;
  });
  assert.equal(await under(stage.locator(".card-text").first()), "https://outer.example/");
  assert.equal(await under(stage.getByRole("link", { name: "inner" })), "https://inner.example/");
  assert.equal(await stage.getByRole("link", { name: "Outer" }).count(), 1);
});

test("only what Teams opens is a live button", async () => {
  await draw(await sample("alert-warning"));
  assert.equal(await stage.getByRole("link", { name: "Open dashboard" }).getAttribute("href"), "https://graphs.example.net/d/pier-03");
  assert.ok(await stage.getByRole("button", { name: "Silence" }).isDisabled());
});

test("what is hidden is not drawn, and what is unknown is named or replaced", async () => {
  await draw(card([
    text("hidden", { isVisible: false }),
    { type: "Table", fallback: text("instead") },
    { type: "Table", fallback: "drop" },
    { type: "Media" },
    null,
  ]));
  assert.equal(await stage.locator(".card-text").allInnerTexts().then(String), "instead");
  assert.deepEqual(await stage.locator(".card-notice").allInnerTexts(), ["(Media is not drawn here)", "(an element without type is not drawn here)"]);
});

test("a card of a version that Workflows refuse is not shown", async () => {
  await draw({ ...card([text("never seen")]), version: "1.5" });
  assert.match(await stage.innerText(), /version 1\.5, where Workflows take 1\.4/);
  assert.doesNotMatch(await stage.innerText(), /never seen/);
});

test("a MessageCard is drawn with its colour, activity, facts and buttons", async () => {
  await draw(await sample("message-card"));
  assert.equal(await stage.locator(".message-card-bar").evaluate((one) => getComputedStyle(one).backgroundColor), "rgb(46, 125, 50)");
  assert.match(await stage.innerText(), /Release 4\.1 is out/);
  assert.equal(await stage.getByRole("img", { name: "Odile Maren" }).innerText(), "OM");
  assert.deepEqual(await stage.locator("dt").allInnerTexts(), ["Tag", "Assets"]);
  assert.equal(await stage.getByRole("link", { name: "Release notes" }).count(), 1);
  assert.ok(await stage.getByRole("button", { name: "Acknowledge" }).isDisabled());
});

test("an envelope, a bare card and a plain text are all drawn; anything else is refused in words", async () => {
  const content = card([text("words")]);
  const envelope = { type: "message", attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", content }] };
  for (const body of [envelope, content, { text: "words" }]) {
    await draw(body);
    assert.equal(await stage.locator(".card").innerText(), "words");
  }
  for (const body of [{ zen: "Keep it simple" }, [], null, "words", 7]) {
    await draw(body);
    assert.match(await stage.innerText(), /This is none of them/);
  }
});
