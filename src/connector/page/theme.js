// The look of the page: Teams' themes where Teams tells one, else what the browser prefers.

const DARK = matchMedia("(prefers-color-scheme: dark)");
const KNOWN = ["default", "dark", "contrast"];
const hearers = [];

/** The theme's name as the server's samples take it. */
export function theme() {
  return document.documentElement.dataset.theme ?? (DARK.matches ? "dark" : "default");
}

/** Takes a theme of Teams'; one that is not known is drawn like the dark one, as new ones have been. */
export function setTheme(name) {
  if (typeof name !== "string" || name === "") return;
  document.documentElement.dataset.theme = KNOWN.includes(name) ? name : "dark";
  changed();
}

/** Calls `hear` whenever the look changes. */
export function onTheme(hear) {
  hearers.push(hear);
}

function changed() {
  for (const hear of hearers) hear(theme());
}

DARK.addEventListener("change", () => document.documentElement.dataset.theme === undefined && changed());
