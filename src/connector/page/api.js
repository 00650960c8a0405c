// What the pages ask the server, and its refusals in words. It knows addresses and nothing of the page.

const HERE = new URL("../", import.meta.url);
/** How long an answer may take, in milliseconds. */
const PATIENCE = 30_000;

/** A refusal; its message is for people. */
export class Problem extends Error {
  constructor(words, { status = 0, reason = "" } = {}) {
    super(words);
    this.status = status;
    this.reason = reason;
  }
}

/** An address below `/connector/`. */
export function address(path) {
  return new URL(path, HERE).href;
}

/** `credentials` has `token()`, and `renew()` for a token that was refused; without them one asks as nobody. */
export function connect(credentials = null) {
  const ask = (method, path, body) => asked(credentials, method, path, body);
  const one = (id) => `subscriptions/${encodeURIComponent(id)}`;
  return {
    about: () => ask("GET", "about"),
    exchange: (invitation) => ask("POST", "passes", { invitation }),
    me: () => ask("GET", "me"),
    sources: () => ask("GET", "sources"),
    sample: (source, type, theme) =>
      ask("GET", `sources/${encodeURIComponent(source)}/samples/${encodeURIComponent(type)}?theme=${encodeURIComponent(theme)}`),
    list: () => ask("GET", "subscriptions"),
    get: (id) => ask("GET", one(id)),
    add: (wanted) => ask("POST", "subscriptions", wanted),
    change: (id, wanted) => ask("PUT", one(id), wanted),
    remove: (id) => ask("DELETE", one(id)),
    pause: (id) => ask("POST", `${one(id)}/pause`),
    resume: (id) => ask("POST", `${one(id)}/resume`),
    test: (id) => ask("POST", `${one(id)}/test`),
    code: (id) => ask("POST", `${one(id)}/code`),
    prove: (id, code) => ask("POST", `${one(id)}/proof`, { code }),
  };
}

async function asked(credentials, method, path, body) {
  const response = await once(credentials, method, path, body);
  if (response.status !== 401 || !credentials) return answer(response);
  // A token lives for an hour, a page may be open for longer.
  const renewed = await credentials.renew();
  return answer(renewed ? await once(credentials, method, path, body) : response);
}

async function once(credentials, method, path, body) {
  const headers = { accept: "application/json" };
  const token = await credentials?.token();
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const options = { method, headers, body: JSON.stringify(body), cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(PATIENCE) };
  try {
    return await fetch(address(`api/${path}`), options);
  } catch {
    throw new Problem("The server could not be reached. Check your connection and try again.");
  }
}

async function answer(response) {
  if (response.ok && (response.status === 204 || response.status === 202)) return null;
  const said = await response.json().catch(() => null);
  if (response.ok && said !== null) return said;
  const { status } = response;
  throw new Problem(words(status, said, response.headers.get("retry-after")), { status, reason: textOf(said?.reason) });
}

function words(status, said, after) {
  const detail = sentence(textOf(said?.detail));
  const wait = /^\d+$/.test(after ?? "") ? ` Try again in ${after === "1" ? "a second" : `${after} seconds`}.` : "";
  if (detail) return detail + (/again/i.test(detail) ? "" : wait);
  if (status === 401) return "You are not signed in any more. Load the page again.";
  if (status === 403) return "You may not do this. Ask your admin.";
  if (status === 404) return "This is not there any more.";
  if (status === 429) return `That was a bit much at once.${wait || " Wait a moment and try again."}`;
  return `The server could not do this (${status}).${wait || " Try again in a moment."}`;
}

/** The server writes its refusals as parts of a log's line: without a capital and a stop. */
function sentence(text) {
  return text && text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}

function textOf(value) {
  return typeof value === "string" ? value : "";
}
