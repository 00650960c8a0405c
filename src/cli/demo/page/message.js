// Draws one message of the channel: who posted it and when, the card, and what was posted byte for byte.

import { renderPost } from "./card.js";
import { make, notice, textOf } from "./parts.js";
import { colored, weighed } from "./posted.js";

/** The list item for one message as the relay's demo streams it. */
export function renderMessage(message, { document, copied }) {
  const item = make(document, "li", "message");
  const face = make(document, "span", "face", "tr");
  face.setAttribute("aria-hidden", "true");
  const line = make(document, "p", "message-line", make(document, "span", "message-author", "teams-relay"), timeOf(message.at, document));
  const from = [message.source, message.event].map(textOf).filter(Boolean).join(" · ");
  if (from) line.append(make(document, "span", "message-from", from));
  const article = make(document, "article", "message-main", line, drawn(message.body, document), posted(message, { document, copied }));
  article.setAttribute("aria-label", `Card ${textOf(message.number)} by teams-relay`);
  item.append(face, article);
  return item;
}

/** The first words of a drawn message, for telling what came. */
export function firstWords(item) {
  const text = item.querySelector(".card-text, .card-notice")?.textContent.trim() ?? "";
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

function drawn(body, document) {
  try {
    return renderPost(body, { document });
  } catch (problem) {
    return notice(document, `This stand-in could not draw the card (${problem.message}). What was posted stands below.`);
  }
}

function timeOf(at, document) {
  const when = new Date(textOf(at));
  const time = make(document, "time", "message-time");
  if (Number.isNaN(when.getTime())) return time;
  time.dateTime = when.toISOString();
  time.title = when.toLocaleString();
  const today = when.toDateString() === new Date().toDateString();
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  time.textContent = when.toLocaleString([], today ? clock : { month: "short", day: "numeric", ...clock });
  return time;
}

/** The disclosure; its text is made when it is first opened, so that a long channel stays light. */
function posted(message, { document, copied }) {
  const weight = weighed(Number(message.bytes) || 0, document);
  const summary = make(document, "summary", "", make(document, "span", "posted-title", "What was posted"), ...weight);
  const disclosure = make(document, "details", "posted", summary);
  disclosure.addEventListener("toggle", () => fill(disclosure, message, { document, copied }), { once: true });
  return disclosure;
}

function fill(disclosure, message, { document, copied }) {
  const text = JSON.stringify(message.body, null, 2);
  const json = make(document, "pre", "json", ...colored(text, document));
  json.tabIndex = 0;
  json.setAttribute("role", "region");
  json.setAttribute("aria-label", `Body of card ${textOf(message.number)}`);
  const copy = make(document, "button", "quiet", "Copy");
  copy.type = "button";
  copy.setAttribute("aria-label", `Copy the body of card ${textOf(message.number)}`);
  copy.addEventListener("click", () => copied(text, copy));
  disclosure.append(make(document, "div", "posted-body", copy, json));
}
