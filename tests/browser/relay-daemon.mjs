// The real relay on loopback, with pages and one source, and all that stands around it: channels, and a page on Teams' origin.

import { execFile, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request as ask } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FOREIGN, RELAY, TEAMS, TEAMSJS } from "./connector-server.mjs";
import { launch } from "./harness.mjs";
import { HOST_PAGE, HOST_SCRIPT } from "./teams-host.mjs";

const BINARY = process.env.TEAMS_RELAY ?? fileURLToPath(new URL("../../target/debug/teams-relay", import.meta.url));
const SECRET = "a-secret-of-the-tests";
/** Takes the place of Playwright's own list, which has the partitioning of storage in it: without that a frame keeps nothing. */
const AS_PEOPLE_HAVE_IT = "--disable-features=MediaRouter";
/** How long a command, and the start and the end of the daemon may take, in milliseconds. */
const PATIENCE = 20_000;

/** Why the relay cannot be tried, or false; whoever names a binary wants it tried. */
export const missing = !process.env.TEAMS_RELAY && !existsSync(BINARY) && "there is no teams-relay; `cargo build` makes it";

/** Runs `body` with a relay, and a browser that finds it and its hosts under their real names; afterwards nothing is left. */
export async function withRelay(body) {
  const folder = await mkdtemp(join(tmpdir(), "connector-relay-"));
  const ends = [() => rm(folder, { recursive: true })];
  const faults = [];
  try {
    const pair = await certificate(folder);
    const around = await surroundings(pair);
    ends.unshift(around.stop);
    const config = await settings(folder);
    const daemon = await started(config);
    ends.unshift(daemon.stop);
    const browser = await launch([`--host-resolver-rules=${rules(daemon.port, around.port)}`, "--ignore-certificate-errors", AS_PEOPLE_HAVE_IT]);
    ends.unshift(() => browser.close());
    const command = async (...args) => (await promisify(execFile)(BINARY, [...args, "--config", config], { timeout: PATIENCE })).stdout;
    const list = async (what) => JSON.parse(await command(what, "list", "--json"));
    await body({
      browser,
      ...around,
      invite: async () => (await command("invite")).trim(),
      subscriptions: () => list("subscription"),
      events: () => list("event"),
      push: (number, branch) => push(daemon.port, number, branch),
    });
  } catch (fault) {
    faults.push(fault);
  }
  for (const end of ends) await end().catch((fault) => faults.push(fault));
  // The first is the cause; what could not be ended after it is told beside it.
  for (const later of faults.slice(1)) console.error(later);
  if (faults.length > 0) throw faults[0];
}

/** Any other name is none, so that nothing leaves the machine. */
function rules(relay, around) {
  const mapped = [[RELAY, relay], [TEAMS, around], [FOREIGN, around]].map(([origin, port]) => `MAP ${new URL(origin).host}:443 127.0.0.1:${port}`);
  return [...mapped, "MAP * ~NOTFOUND"].join(", ");
}

/** One certificate for all; the relay is told to trust it where it posts. */
async function certificate(folder) {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const options = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=stand-in"];
  const more = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"];
  await promisify(execFile)("openssl", [...options, ...more, "-keyout", key, "-out", cert], { timeout: PATIENCE });
  return { key: await readFile(key), cert: await readFile(cert) };
}

async function settings(folder) {
  const config = join(folder, "config");
  await mkdir(join(config, "sources"), { recursive: true });
  await mkdir(join(folder, "teamsjs"));
  await copyFile(TEAMSJS, join(folder, "teamsjs/MicrosoftTeams.min.js"));
  const quota = 'windows = [{ posts = 5000, per = "1s" }]';
  await writeFile(
    join(config, "teams-relay.toml"),
    `[server]
listen = "127.0.0.1:0"
public_url = "${RELAY}/"
tls = { cert = "../cert.pem", key = "../key.pem" }
[admin]
socket = "../admin.sock"
[store]
path = "../data"
[destinations]
allow_private = true
ca = "../cert.pem"
[connector]
assets = "../teamsjs"
[quotas.workflow]
${quota}
[quotas.connector]
${quota}
`,
  );
  await writeFile(join(config, "sources/github.toml"), `provider = "github"\nsecrets = "${SECRET}"\n`);
  return config;
}

/** The daemon, once it says where it takes webhooks. */
async function started(config) {
  const child = spawn(BINARY, ["serve", "--config", config], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const ended = new Promise((resolve) => {
    child.once("error", (fault) => resolve(fault.message));
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  const listens = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => {
        said += text;
        const port = /hooks=127\.0\.0\.1:(\d+)/.exec(said)?.[1];
        if (port) resolve(Number(port));
      });
    }
  });
  const port = await within(Promise.race([listens, ended.then(() => null)]));
  if (!port) {
    child.kill("SIGKILL");
    throw new Error(`the relay did not start (${BINARY}): ${await ended}\n${said}`);
  }
  return {
    port,
    async stop() {
      child.kill("SIGINT");
      const code = await within(ended);
      if (code === null) child.kill("SIGKILL");
      if (code !== 0) throw new Error(`the relay did not end as it should: ${code}\n${said}`);
    },
  };
}

/** What a promise gives, or null where it takes too long. */
async function within(promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE, null);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Channels that take every card, and the pages of hosts. */
async function surroundings(pair) {
  const cards = new Map();
  const server = createServer(pair, async (request, response) => {
    const channel = /^\/channels\/([a-z]+)$/.exec(request.url)?.[1];
    if (!channel) {
      const [type, text] = request.url === "/host.js" ? ["text/javascript", HOST_SCRIPT] : ["text/html", HOST_PAGE];
      return response.writeHead(200, { "content-type": `${type}; charset=utf-8` }).end(text);
    }
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    cards.set(channel, [...(cards.get(channel) ?? []), JSON.parse(Buffer.concat(chunks).toString())]);
    return response.writeHead(202).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return {
    port,
    channel: (name) => `https://127.0.0.1:${port}/channels/${name}`,
    cards: (name) => cards.get(name) ?? [],
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Posts a push as GitHub does, rightly signed; resolves to the status of the answer. */
function push(port, number, branch) {
  const body = JSON.stringify({
    ref: `refs/heads/${branch}`,
    before: `${number - 1}`.padStart(40, "0"),
    after: `${number}`.padStart(40, "0"),
    repository: { full_name: "octo/hello", html_url: "https://github.com/octo/hello" },
    sender: { login: "mona" },
    commits: [],
  });
  const headers = {
    "content-type": "application/json",
    "x-github-event": "push",
    "x-github-delivery": `d-${number}`,
    "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
  };
  return new Promise((resolve, refused) => {
    const options = { host: "127.0.0.1", port, path: "/hooks/github", method: "POST", headers, rejectUnauthorized: false, timeout: PATIENCE, agent: false };
    const request = ask(options, (answer) => answer.resume().once("end", () => resolve(answer.statusCode)));
    request.once("timeout", () => request.destroy(new Error("the relay does not answer")));
    request.once("error", refused);
    request.end(body);
  });
}
