// The relay as a process: a daemon that takes webhooks, and `send`, whose requests are written down here.

import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const PROGRAM = process.env.TEAMS_RELAY;

/** Where the senders believe the relay to be; some of them sign that. */
export const PUBLIC_URL = "https://hooks.example.com";

/** A config folder with these sources: `[{ name, preset, secret }]`. */
export async function configure(sources) {
  const folder = await mkdtemp(join(tmpdir(), "teams-relay-signers-"));
  await mkdir(join(folder, "sources"));
  await mkdir(join(folder, "payloads"));
  await writeFile(
    join(folder, "teams-relay.toml"),
    `[server]\nlisten = "127.0.0.1:0"\npublic_url = "${PUBLIC_URL}"\n[log]\nformat = "json"\n`,
  );
  for (const { name, preset, secret } of sources) {
    // What JSON writes between quotation marks, TOML reads as the same text.
    const text = `provider = "${preset}"\nsecrets = ${JSON.stringify(secret)}\n`;
    await writeFile(join(folder, "sources", `${name}.toml`), text);
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Starts the daemon on a free port and waits until it takes webhooks. */
export async function serve(folder) {
  const daemon = spawn(PROGRAM, ["--config", folder, "serve"], { stdio: ["ignore", "inherit", "pipe"] });
  const log = [];
  const address = await new Promise((resolve, reject) => {
    createInterface(daemon.stderr).on("line", (line) => {
      log.push(line);
      if (line.includes("taking webhooks")) resolve(JSON.parse(line).hooks);
    });
    daemon.on("error", reject);
    daemon.on("exit", () => reject(new Error(`the daemon ended:\n${log.join("\n")}`)));
  });
  return {
    /** Posts to a source; gives the status and what was said. `from` is an address of loopback. */
    post: (path, headers, body, from) => post(`http://${address}${path}`, headers, body, from),
    async stop() {
      const gone = new Promise((resolve) => daemon.on("exit", resolve));
      daemon.kill("SIGTERM");
      await gone;
    },
  };
}

function post(url, headers, body, localAddress) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: "POST", headers, localAddress, agent: false }, async (response) => {
      const pieces = await response.toArray();
      resolve({ status: response.statusCode, said: Buffer.concat(pieces).toString() });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** A server that takes whatever `teams-relay send` posts and keeps the last of it by path. */
export async function startRecorder(folder) {
  const kept = new Map();
  const server = createServer(async (request, response) => {
    const pieces = await request.toArray();
    const { pathname, search } = new URL(request.url, PUBLIC_URL);
    kept.set(pathname, { headers: request.headers, body: Buffer.concat(pieces).toString(), query: search });
    response.end("{}");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    /** What `send` makes of this body: headers, in lower case, and the body as it went out. */
    async sent({ name, body, headers = {}, form = false }) {
      const file = join(folder, "payloads", name);
      const payload = `${file}.${form ? "form" : "json"}`;
      await writeFile(payload, body);
      await writeFile(`${file}.headers.json`, JSON.stringify(headers));
      const path = `/hooks/${name}`;
      const to = `http://127.0.0.1:${server.address().port}${path}`;
      const options = ["--config", folder, "send", "--source", name, "--payload", payload, "--to", to];
      await promisify(execFile)(PROGRAM, options);
      return { ...kept.get(path), path };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The libraries of PyPI, in one process for all tests: importing them takes seconds. */
export function startPython() {
  const child = spawn(process.env.PYTHON, ["signers.py"], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let last = Promise.resolve();
  return {
    /** Calls a function of signers.py. Throws what it raised. */
    ask(name, args) {
      const answer = last.then(async () => {
        child.stdin.write(`${JSON.stringify([name, args])}\n`);
        const { value, done } = await lines.next();
        if (done) throw new Error("signers.py ended");
        return JSON.parse(value);
      });
      last = answer.catch(() => {});
      return answer.then(({ answer, raised }) => {
        if (raised) throw new Error(raised);
        return answer;
      });
    },
    stop: () => child.stdin.end(),
  };
}
