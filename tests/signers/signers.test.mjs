// The providers' own libraries and the relay, each judging what the other signed.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { PUBLIC_URL, configure, serve, startPython, startRecorder } from "./relay.mjs";
import { table } from "./table.mjs";

const python = startPython();
const all = table((name, args) => python.ask(name, args));
const wanted = process.argv.slice(2);
// Each row has a source of its own, so that no delivery is a repeat of another's, and posts from an address of loopback
// of its own: who keeps being refused may be made to wait.
const rows = all
  .map((row, index) => ({ ...row, name: `row-${index}`, own: keys(row), other: keys(row), from: `127.0.1.${index + 1}` }))
  .filter(({ preset }) => wanted.length === 0 || wanted.includes(preset));

let settings, daemon, recorder;

before(async () => {
  settings = await configure(rows.map(({ name, preset, own }) => ({ name, preset, secret: own.proves })));
  [daemon, recorder] = await Promise.all([serve(settings.folder), startRecorder(settings.folder)]);
});

after(async () => {
  python.stop();
  await Promise.all([daemon?.stop(), recorder?.stop()]);
  await settings?.remove();
});

/** One text for both ends, or a pair of keys. */
function keys(row) {
  const secret = row.secret();
  return typeof secret === "string" ? { signs: secret, proves: secret } : secret;
}

/** The same body with one bit changed, where it still is a body of its kind. */
function changed(body) {
  const other = body.replace("Invented", "Hnvented");
  assert.notEqual(other, body);
  return other;
}

const lowerCase = (headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** The body as it is sent. */
const written = (row, event) => (row.form ? new URLSearchParams(event).toString() : JSON.stringify(event));

const fresh = () => ({ id: randomUUID(), now: Math.floor(Date.now() / 1000) });

/** A request as the provider's own library signs it. */
async function signed(row, secret) {
  const about = fresh();
  const body = written(row, row.body(about));
  const path = `/hooks/${row.name}${row.query?.(body) ?? ""}`;
  const url = PUBLIC_URL + path;
  const type = row.form ? "application/x-www-form-urlencoded" : "application/json";
  const proof = await row.sign({ ...about, secret, body, url });
  return { path, url, body, headers: { "Content-Type": type, ...row.headers?.(about), ...proof } };
}

const relayAnswers = async (row, { path, headers, body }) => (await daemon.post(path, headers, body, row.from)).status;

/** Whether the library believes it; an error is its way to refuse. */
async function libraryBelieves(row, { url, headers, body }, secret) {
  try {
    return await row.verify({ secret, url, body, headers: lowerCase(headers) });
  } catch (error) {
    // A fault in these tests is no refusal.
    if (error instanceof TypeError || error instanceof ReferenceError) throw error;
    return false;
  }
}

for (const row of rows.filter(({ sign }) => sign)) {
  describe(`what ${row.library} ${row.witness ? "can prove" : "signs"}, sent to ${row.preset}`, () => {
    test("is believed", async () => {
      const request = await signed(row, row.own.signs);
      if (row.witness) assert.equal(await libraryBelieves(row, request, row.own.proves), true);
      assert.equal(await relayAnswers(row, request), row.yes ?? 202);
    });

    test("is refused with one byte of its body changed on the way", async () => {
      const sent = await signed(row, row.own.signs);
      const request = { ...sent, body: changed(sent.body) };
      if (row.witness) assert.equal(await libraryBelieves(row, request, row.own.proves), false);
      assert.equal(await relayAnswers(row, request), 401);
    });

    test("is refused when another secret signed it", async () => {
      const request = await signed(row, row.other.signs);
      if (row.witness) assert.equal(await libraryBelieves(row, request, row.own.proves), false);
      assert.equal(await relayAnswers(row, request), 401);
    });
  });
}

for (const row of rows.filter(({ verify, witness }) => verify && !witness)) {
  describe(`what \`send\` signs as ${row.preset}, read by ${row.library}`, () => {
    let request;

    before(async () => {
      const about = fresh();
      const { name, form } = row;
      request = await recorder.sent({ name, form, body: written(row, row.body(about)), headers: row.headers?.(about) });
      request.url = PUBLIC_URL + request.path + request.query;
    });

    test("is believed", async () => {
      assert.equal(await libraryBelieves(row, request, row.own.proves), true);
    });

    test("is refused with one byte of its body changed on the way", async () => {
      assert.equal(await libraryBelieves(row, { ...request, body: changed(request.body) }, row.own.proves), false);
    });

    test("is refused by a receiver with another secret", async () => {
      assert.equal(await libraryBelieves(row, request, row.other.proves), false);
    });
  });
}

test("every library that is installed has its row", async () => {
  const read = (name) => readFile(new URL(name, import.meta.url), "utf8");
  const npm = Object.keys(JSON.parse(await read("package.json")).devDependencies).map((name) => `${name} (npm)`);
  const pypi = [...(await read("requirements.in")).matchAll(/^([\w-]+)==/gm)].map(([, name]) => `${name} (PyPI)`);
  const inTable = new Set(all.map(({ library }) => library.replace(/, .*/, "")));
  assert.deepEqual([...inTable].sort(), [...npm, ...pypi].sort());
});
