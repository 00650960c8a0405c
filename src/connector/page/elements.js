// Pieces that the pages are built of. Everything goes in as text; nothing here reads a string as HTML.

import { make } from "./parts.js";

let ids = 0;

/** An id that nothing else on the page has. */
export function fresh(word) {
  ids += 1;
  return `${word}-${ids}`;
}

/** An element with a class and children; strings among the children become text. */
export function el(tag, className = "", ...children) {
  return make(document, tag, className, ...children);
}

/** A button; while what it does goes on, a second press does nothing. */
export function button(words, className, pressed) {
  const made = el("button", className, words);
  made.type = "button";
  let busy = false;
  made.addEventListener("click", async () => {
    if (busy) return;
    busy = true;
    made.setAttribute("aria-busy", "true");
    try {
      await pressed(made);
    } finally {
      busy = false;
      made.removeAttribute("aria-busy");
    }
  });
  return made;
}

/** An input of a kind, with what else it is. */
export function input(type, more = {}) {
  return Object.assign(el("input"), { type, ...more });
}

/** A label, its input, and a line below that says more. */
export function field(words, entry, hint = "") {
  entry.id ||= fresh("field");
  const label = el("label", "field-label", words);
  label.htmlFor = entry.id;
  const made = el("div", "field", label, entry);
  if (hint) {
    const line = el("p", "hint", hint);
    line.id = fresh("hint");
    entry.setAttribute("aria-describedby", line.id);
    made.append(line);
  }
  return made;
}

/** A group of inputs under one heading. */
export function group(words, ...children) {
  return el("fieldset", "group", el("legend", "", words), ...children);
}

/** A line that stands out: `alarm`, `warning`, `good` or `plain`. */
export function note(kind, ...children) {
  return el("div", `note note-${kind}`, ...children);
}

/** A place for a line that is read out when it changes. */
export function told(role = "status") {
  const place = el("div", "told");
  place.setAttribute("role", role);
  return {
    place,
    clear: () => place.replaceChildren(),
    say: (kind, ...children) => place.replaceChildren(note(kind, ...children)),
  };
}

/** Says something to those who listen to the page and do not see it. */
export function announce(words) {
  document.getElementById("news").textContent = words;
}

/** A letter on a colour, the same for a name every time. The colours are those of card.css. */
export function mark(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 65_521;
  const made = el("span", `mark tint-${sum % 8}`, [...name][0]?.toUpperCase() ?? "?");
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** A point in time as people of this browser write it. */
export function time(at) {
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return el("span", "", "unknown");
  const made = el("time", "", when.toLocaleString([], { dateStyle: "medium", timeStyle: "short" }));
  made.dateTime = when.toISOString();
  return made;
}

/** "5m" as people say it. */
export function span(per) {
  const found = /^(\d+)\s*(ms|s|m|h|d)$/.exec(per);
  if (!found) return per;
  const [, number, unit] = found;
  const word = { ms: "millisecond", s: "second", m: "minute", h: "hour", d: "day" }[unit];
  return number === "1" ? `a${word === "hour" ? "n" : ""} ${word}` : `${number} ${word}s`;
}
