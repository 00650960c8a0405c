// One TLS server on loopback that is every host a test needs: the relay's connector door, Teams, Microsoft's login and the
// place of TeamsJS. The browser is told to find them all there, so that origins are the real ones.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launch } from "./harness.mjs";
import { HOST_PAGE, HOST_SCRIPT } from "./teams-host.mjs";

const PAGES = fileURLToPath(new URL("../../src/connector/page/", import.meta.url));
const CARDS = fileURLToPath(new URL("../../src/http/card_page/", import.meta.url));
const SHARED = ["card.css", "card.js", "markdown.js", "message-card.js", "parts.js"];
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8" };

export const RELAY = "https://relay.example.test";
export const TEAMS = "https://teams.microsoft.com";
export const NEW_TEAMS = "https://teams.cloud.microsoft";
/** Its pages may hold ours by the policy, but TeamsJS does not know it. */
export const UNKNOWN = "https://a.b.cloud.microsoft";
export const FOREIGN = "https://elsewhere.example.test";
const HOSTS = [TEAMS, NEW_TEAMS, UNKNOWN, FOREIGN];
const CDN = "https://res.cdn.office.net";
const LOGIN = "https://login.microsoftonline.com";

const POLICY = [
  "default-src 'none'",
  `script-src 'self' ${CDN}`,
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: https:",
  "frame-ancestors https://teams.microsoft.com https://*.teams.microsoft.com https://*.cloud.microsoft https://*.microsoft365.com https://*.office.com https://outlook.office.com https://outlook.office365.com https://outlook-sdf.office.com https://outlook-sdf.office365.com",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const modules = createRequire(import.meta.url);
export const TEAMSJS = join(modules.resolve("@microsoft/teams-js/package.json"), "../dist/umd/MicrosoftTeams.min.js");
const TEAMSJS_1 = join(modules.resolve("teams-js-1/package.json"), "../dist/MicrosoftTeams.min.js");

/** What is pinned: the version and its hash. */
export async function pinned() {
  return JSON.parse(await readFile(join(PAGES, "teamsjs.json"), "utf8"));
}

/** The server and a browser that finds all hosts there. `serve` sets what the next test is served. */
export async function startConnector() {
  const pin = await pinned();
  let api = null;
  let script = "cdn";
  let login = (to) => to;

  const server = createServer(await certificate(), async (request, response) => {
    try {
      await answered(request, response);
    } catch (fault) {
      console.error(fault);
      response.writeHead(500).end();
    }
  });

  async function answered(request, response) {
    const url = new URL(request.url, `https://${request.headers.host}`);
    if (url.origin === RELAY) return relay(request, response, url);
    if (HOSTS.includes(url.origin)) return teams(response, url);
    if (url.origin === CDN && url.pathname.endsWith(`/${pin.version}/js/MicrosoftTeams.min.js`)) {
      if (script === "stalled") return undefined;
      const text = await readFile(TEAMSJS, "utf8");
      const headers = { "content-type": TYPES[".js"], "access-control-allow-origin": "*" };
      return response.writeHead(200, headers).end(script === "altered" ? `${text}\n` : text);
    }
    if (url.origin === LOGIN) return response.writeHead(302, { location: login(consented(url)) }).end();
    // What Chromium asks of its own accord.
    return response.writeHead(404).end();
  }

  function teams(response, { pathname }) {
    const [type, text] = pathname === "/host.js" ? [TYPES[".js"], HOST_SCRIPT] : [TYPES[".html"], HOST_PAGE];
    return response.writeHead(200, { "content-type": type }).end(text);
  }

  async function relay(request, response, url) {
    const path = /^\/connector\/(.+)$/.exec(url.pathname)?.[1] ?? "";
    if (path.startsWith("api/")) return apiAnswer(request, response, path.slice(4) + url.search);
    const asset = /^assets\/([A-Za-z-]+(?:\.min)?\.(?:css|js))$/.exec(path)?.[1];
    if (asset === "MicrosoftTeams.min.js") return file(response, script === "self-1" ? TEAMSJS_1 : TEAMSJS);
    if (asset) return file(response, join(SHARED.includes(asset) ? CARDS : PAGES, asset));
    return ["config", "tab", "remove", "signed-in"].includes(path) ? file(response, join(PAGES, `${path}.html`)) : response.writeHead(404).end();
  }

  async function file(response, path) {
    const read = await readFile(path, "utf8").catch(() => null);
    if (read === null) return response.writeHead(404).end();
    const text = read.replace("<!-- teamsjs -->", scriptTag());
    return response.writeHead(200, { "content-type": TYPES[extname(path)], "content-security-policy": POLICY }).end(text);
  }

  function scriptTag() {
    if (["cdn", "stalled", "altered"].includes(script)) return `<script src="${CDN}/teams-js/${pin.version}/js/MicrosoftTeams.min.js" integrity="${pin.integrity}" crossorigin="anonymous" async></script>`;
    return script === "none" ? "" : '<script src="assets/MicrosoftTeams.min.js"></script>';
  }

  async function apiAnswer(request, response, path) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const { status, body, headers = {} } = await api.answer({ method: request.method, path, body: text ? JSON.parse(text) : undefined, authorization: request.headers.authorization });
    response.writeHead(status, { "content-type": "application/json", ...headers });
    return response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  const browser = await launch([`--host-resolver-rules=MAP * 127.0.0.1:${port}`, "--ignore-certificate-errors"]).catch(async (fault) => {
    // A server that nobody stops would keep the tests from ending.
    await closed(server);
    throw fault;
  });
  return {
    browser,
    serve(next, more = {}) {
      api = next;
      script = more.script ?? "cdn";
      login = more.login ?? ((to) => to);
    },
    async stop() {
      await browser.close();
      await closed(server);
    },
  };
}

async function closed(server) {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Where Microsoft's login leads after someone has consented. */
function consented(url) {
  const { redirect_uri: back, state } = Object.fromEntries(url.searchParams);
  return `${back}#${new URLSearchParams({ code: "unused", state })}`;
}

async function certificate() {
  const folder = await mkdtemp(join(tmpdir(), "connector-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const options = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=stand-in", "-keyout", key, "-out", cert];
  await promisify(execFile)("openssl", options);
  const made = { key: await readFile(key), cert: await readFile(cert) };
  await rm(folder, { recursive: true });
  return made;
}

/** A page of the browser that keeps what it complains of. */
export async function fresh({ browser }, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, reducedMotion: "reduce", ignoreHTTPSErrors: true, ...options });
  // Hours pass when a test says so; until then the clock runs as ever.
  await context.clock.install();
  const complaints = [];
  const strangers = [];
  context.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "data:" && ![RELAY, CDN, LOGIN, ...HOSTS].includes(origin)) strangers.push(request.url());
  });
  const page = await context.newPage();
  const watched = (one) => {
    one.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
    one.on("pageerror", (problem) => complaints.push(problem.message));
    one.on("dialog", (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });
  };
  watched(page);
  context.on("page", watched);
  return { context, page, complaints, strangers, close: () => context.close() };
}

/** Opens one of our pages inside a host; what the host did and heard is asked of `teams`. */
export async function inTeams(page, path, { at = TEAMS, ...options } = {}) {
  await page.goto(`${at}/`);
  await page.waitForFunction(() => window.teams);
  await page.evaluate(([url, more]) => window.teams.open(url, more), [`${RELAY}/connector/${path}`, options]);
  const frame = page.frameLocator("iframe");
  return {
    frame,
    inner: () => page.frames().find((one) => one.url().startsWith(RELAY)),
    heard: (func) => page.evaluate((wanted) => window.teams.heard.filter((one) => one.func === wanted).map(({ args }) => args), func),
    order: () => page.evaluate(() => window.teams.heard.filter(({ func }) => /settings\.|authentication/.test(func)).map(({ func }) => func)),
    settings: () => page.evaluate(() => window.teams.settings()),
    be: (more) => page.evaluate((one) => window.teams.be(one), more),
    save: () => page.evaluate(() => window.teams.save()),
    remove: () => page.evaluate(() => window.teams.remove()),
    theme: (name) => page.evaluate((one) => window.teams.theme(one), name),
  };
}
