// The stand-in Teams channel: takes the relay's messages as they come and shows them. It asks nothing of anyone but
// the relay that served it.

import { Channels } from "./channels.js";
import { firstWords, renderMessage } from "./message.js";
import { make, textOf } from "./parts.js";

/** How long a stream may be gone before the page says so, in milliseconds: a hiccup is no news. */
const PATIENCE = 1_500;
/** How long the page waits before it opens a stream that the browser gave up, in milliseconds. */
const PAUSE = 2_000;
/** Messages that come within this time are told in one sentence, in milliseconds. */
const BREATH = 700;
const GONE = "The demo has stopped. Start it again: cargo run --release -- demo";

const part = (id) => document.getElementById(id);
const channels = new Channels(document, {
  rail: part("channels"),
  name: part("channel-name"),
  scroller: part("messages"),
  empty: part("empty"),
  newer: part("newer"),
});

listen();
tryBox();
theme();

/** Opens the stream. A message is known by its number; a known number with another time is a demo started anew. */
function listen() {
  const known = new Map();
  let patience = null;
  const stream = () => {
    const source = new EventSource("messages");
    source.addEventListener("open", () => {
      clearTimeout(patience);
      patience = null;
      if (!part("gone").hidden) tryBox();
      part("gone").hidden = true;
    });
    source.addEventListener("message", ({ data }) => take(JSON.parse(data), known));
    source.addEventListener("error", () => {
      patience ??= setTimeout(sayGone, PATIENCE);
      if (source.readyState === EventSource.CLOSED) setTimeout(stream, PAUSE);
    });
  };
  stream();
}

function sayGone() {
  part("gone").textContent = GONE;
  part("gone").hidden = false;
}

function take(message, known) {
  if (known.get(message.number) === message.at) return;
  if (known.has(message.number)) {
    known.clear();
    channels.clear();
  }
  known.set(message.number, message.at);
  const item = renderMessage(message, { document, copied });
  const channel = textOf(message.channel) || "General";
  channels.add(channel, item);
  tell(channel, item);
}

let news = [];

/** For readers who hear the page: what came, in one sentence. */
function tell(channel, item) {
  if (news.length === 0) {
    setTimeout(() => {
      part("news").textContent = news.length === 1 ? news[0] : `${news.length} new cards`;
      news = [];
    }, BREATH);
  }
  news.push(`New card in ${channel}: ${firstWords(item)}`);
}

/** The commands that the relay offers to try. */
async function tryBox() {
  const reply = await fetch("about").catch(() => null);
  if (!reply?.ok) return;
  const { hooks, commands } = await reply.json();
  const choice = part("command-choice");
  choice.replaceChildren(...commands.map(({ title }) => make(document, "option", "", title)));
  const choose = () => {
    part("command").textContent = commands[choice.selectedIndex]?.command ?? "";
  };
  choice.onchange = choose;
  choose();
  part("copy").onclick = () => copied(part("command").textContent, part("copy"));
  part("hooks").textContent = `The relay takes webhooks at ${hooks}`;
  if (part("try").hidden && matchMedia("(max-width: 700px), (max-height: 620px)").matches) part("try").open = false;
  part("try").hidden = commands.length === 0;
}

/** Copies, and lets the button say whether that went well. */
async function copied(text, button) {
  const went = await navigator.clipboard.writeText(text).then(() => true, () => false);
  button.textContent = went ? "Copied" : "Copying is not allowed here";
  setTimeout(() => {
    button.textContent = "Copy";
  }, PAUSE);
}

/** Follows the system until the reader chooses. */
function theme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const show = () => {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
    part("theme").setAttribute("aria-pressed", String(isDark));
  };
  const chosen = localStorage.getItem("theme");
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  part("theme").addEventListener("click", () => {
    root.dataset.theme = part("theme").getAttribute("aria-pressed") === "true" ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    show();
  });
  dark.addEventListener("change", show);
  show();
}
