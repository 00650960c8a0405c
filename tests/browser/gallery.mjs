// A sheet of each provider's cards, beside the single pictures.
//
//   node gallery.mjs BODIES OUT
//
// BODIES is a folder of posted bodies, PROVIDER.NAME.json.

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "./harness.mjs";
import { shoot } from "./shoot.mjs";

/** Cards on one sheet: more than these are too small to be read. */
const ON_A_SHEET = 12;

const [from, out] = process.argv.slice(2);
await mkdir(out, { recursive: true });
const files = (await readdir(from)).filter((name) => name.endsWith(".json")).sort();
const bodies = [];
for (const file of files) {
  const text = await readFile(join(from, file), "utf8");
  // A body that could not be rendered left nothing.
  if (text.trim()) bodies.push({ name: file.slice(0, -".json".length), body: JSON.parse(text) });
}
const browser = await launch();
try {
  await shoot(browser, bodies, out, () => {});
  const providers = new Map();
  for (const card of bodies) {
    const provider = card.name.split(".")[0];
    providers.set(provider, [...(providers.get(provider) ?? []), card]);
  }
  for (const [provider, cards] of providers) {
    for (let at = 0; at < cards.length; at += ON_A_SHEET) {
      const number = cards.length > ON_A_SHEET ? `-${at / ON_A_SHEET + 1}` : "";
      for (const scheme of ["light", "dark"]) await sheet(cards.slice(at, at + ON_A_SHEET), scheme, join(out, `sheet-${provider}${number}.${scheme}.png`));
    }
  }
} finally {
  await browser.close();
}

async function sheet(cards, scheme, path) {
  const figures = await Promise.all(
    cards.map(async ({ name }) => {
      const picture = await readFile(join(out, `${name}.${scheme}.png`), "base64");
      return `<figure><img src="data:image/png;base64,${picture}"><figcaption>${name}</figcaption></figure>`;
    }),
  );
  const page = await browser.newPage({ viewport: { width: 1560, height: 400 } });
  const [ground, ink] = scheme === "dark" ? ["#111", "#ddd"] : ["#fff", "#222"];
  await page.setContent(`<style>body{margin:8px;display:grid;grid-template-columns:repeat(3,1fr);gap:14px;align-items:start;background:${ground};color:${ink};font:13px sans-serif}
    figure{margin:0} img{width:100%}</style>${figures.join("")}`);
  await page.screenshot({ path, fullPage: true });
  await page.close();
  console.log(path);
}
