// A browser, and a server that stands in for the relay's demo: the page's files under the same policy, a stream that
// the test scripts, and no way out to any other host.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const PAGE = fileURLToPath(new URL("../../src/cli/demo/page/", import.meta.url));
const CARD_PAGE = fileURLToPath(new URL("../../src/http/card_page/", import.meta.url));
const CARDS = fileURLToPath(new URL("cards/", import.meta.url));
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:";
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8" };

export const ABOUT = {
  hooks: "http://127.0.0.1:8767/hooks/github",
  commands: [
    { title: "Send a push as GitHub would", command: "teams-relay send --source github --event push --payload push.json --to http://127.0.0.1:8767/hooks/github" },
    { title: "Send a failed run", command: "teams-relay send --source github --event workflow_run --payload run.json" },
  ],
};

/** One of the bodies under cards/. */
export async function sample(name) {
  return JSON.parse(await readFile(join(CARDS, `${name}.json`), "utf8"));
}

/** A message as the demo streams it. */
export function message(number, body, more = {}) {
  const bytes = Buffer.byteLength(JSON.stringify(body));
  return { number, channel: "General", at: `2026-11-23T08:00:${String(number % 60).padStart(2, "0")}Z`, bytes, body, ...more };
}

/** Serves the page; `kept` is sent to every stream as it opens, `send` reaches those that are open. */
export async function startDemo({ kept = [], about = ABOUT, port = 0 } = {}) {
  const streams = new Set();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://demo");
    if (pathname === "/about") return response.setHeader("content-type", "application/json").end(JSON.stringify(about));
    if (pathname === "/messages") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write("retry: 200\n\n");
      for (const one of kept) response.write(event(one));
      streams.add(response);
      return response.on("close", () => streams.delete(response));
    }
    const name = pathname === "/" ? "page.html" : pathname.slice(1);
    const type = TYPES[extname(name)];
    const file = type && /^[a-z-]+\.[a-z]+$/.test(name) ? await readFile(join(PAGE, name)).catch(() => readFile(join(CARD_PAGE, name)).catch(() => null)) : null;
    if (!file) return response.writeHead(404).end();
    return response.writeHead(200, { "content-type": type, "content-security-policy": POLICY }).end(file);
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    port: server.address().port,
    send(one) {
      kept.push(one);
      for (const stream of streams) stream.write(event(one));
    },
    dropStreams() {
      for (const stream of streams) stream.destroy();
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function event(one) {
  return `event: message\ndata: ${JSON.stringify(one)}\n\n`;
}

/**
 * The system's Chromium, with all that it does of its own accord switched off. One start in some hundreds ends in a crash
 * of Chromium's own before any page is asked for, so a start that fails is tried again, and told.
 */
export async function launch(more = []) {
  const options = {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    timeout: 60_000,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-default-apps",
      "--disable-extensions",
      "--disable-sync",
      "--no-first-run",
      ...more,
    ],
  };
  for (let left = 2; ; left -= 1) {
    try {
      return await chromium.launch(options);
    } catch (fault) {
      if (left === 0) throw fault;
      console.error(`Chromium did not start (${/signal=\w+/.exec(fault.message)?.[0] ?? fault.message.split("\n")[0]}); trying again`);
    }
  }
}

/** Opens the page and keeps what it complains of and whom else it asked. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, reducedMotion: "reduce", ...options });
  const complaints = [];
  const strangers = [];
  const { origin } = new URL(url);
  await context.route(
    (asked) => asked.origin !== origin && asked.protocol !== "data:",
    (route) => {
      strangers.push(route.request().url());
      return route.abort();
    },
  );
  const page = await context.newPage();
  page.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
  page.on("pageerror", (problem) => complaints.push(problem.message));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  await page.goto(url);
  return { page, complaints, strangers, close: () => context.close() };
}
