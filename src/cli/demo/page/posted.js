// What was posted, byte for byte, and how much of what Teams takes it weighs.

import { make } from "./parts.js";

/** What Teams lets one message weigh, in bytes. */
export const LIMIT = 28_672;

/** A bar and the number beside it. */
export function weighed(bytes, document) {
  const share = make(document, "span", "weight-share");
  share.style.width = `${Math.min(100, (bytes / LIMIT) * 100)}%`;
  if (bytes > LIMIT) share.classList.add("weight-over");
  const weight = make(document, "span", "weight", share);
  weight.setAttribute("aria-hidden", "true");
  return [weight, make(document, "span", "weight-text", `${grouped(bytes)} of ${grouped(LIMIT)} bytes`)];
}

/** Keys, strings and the rest told apart by class. */
export function colored(json, document) {
  const parts = json.split(/("(?:[^"\\]|\\.)*"(?:: )?)/);
  return parts.filter(Boolean).map((part) => {
    if (!part.startsWith('"')) return part;
    return make(document, "span", part.endsWith(": ") ? "json-key" : "json-string", part);
  });
}

function grouped(number) {
  return number.toLocaleString("en");
}
