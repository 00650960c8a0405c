// The window in which one consents to being signed in: it begins here, goes to Microsoft, and ends here. No token passes
// through it; afterwards Teams signs one in silently.

import { address, connect } from "./api.js";
import { el, note } from "./elements.js";
import { meetHost } from "./host.js";
import { setTheme } from "./theme.js";

const STATE = "teams-relay.state";
const place = document.getElementById("place");
const answer = new URLSearchParams(location.hash.slice(1) || location.search);
const expected = sessionStorage.getItem(STATE);

if (!window.opener && !window.nativeInterface) say("plain", "You can close this window.");
else if (answer.has("state") || answer.has("error")) await end();
else await begin();

async function begin() {
  const { consent } = await connect()
    .about()
    .catch(() => ({}));
  if (!consent || !URL.canParse(consent) || new URL(consent).protocol !== "https:") return finish("Signing in is not set up here. Ask your admin.");
  const state = crypto.randomUUID();
  sessionStorage.setItem(STATE, state);
  const to = new URL(consent);
  to.searchParams.set("state", state);
  to.searchParams.set("redirect_uri", address("signed-in"));
  to.searchParams.set("response_mode", "fragment");
  return location.replace(to);
}

async function end() {
  history.replaceState(null, "", location.pathname);
  sessionStorage.removeItem(STATE);
  if (!expected || answer.get("state") !== expected) return finish("This window was not opened by this page. Try again.");
  if (answer.has("error")) return finish("You were not signed in. Try again, or use an invitation.");
  return finish(null);
}

/** Tells the page that opened the window; `fault` says in words what went wrong. */
async function finish(fault) {
  try {
    const host = await meetHost();
    setTheme(host.context.theme);
    if (fault) host.popupFailed(fault);
    else host.popupDone();
    say(fault ? "alarm" : "good", fault ?? "You are signed in. You can close this window.");
  } catch {
    say("alarm", fault ?? "Teams does not answer. Close this window and try again.");
  }
}

function say(kind, words) {
  place.replaceChildren(el("section", "sheet", note(kind, words)));
}
