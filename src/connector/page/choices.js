// Which source, and which of its events.

import { el, field, fresh, group, input, mark } from "./elements.js";

/** What stands in a subscription for all events of a source. */
const EVERYTHING = "*";
/** More rows than these are looked for rather than read. */
const AT_ONCE = 12;

/** The sources on offer, one of which is chosen. */
export function sourceChoice(sources, chosen, changed) {
  const name = fresh("source");
  const rows = sources.map((source) => {
    const entry = input("radio", { name, value: source.name, checked: source === chosen });
    entry.addEventListener("change", () => changed(source));
    const words = el("span", "choice-words", el("span", "choice-title", source.title), el("span", "hint", sends(source)));
    return el("label", "choice choice-source", entry, mark(source.title), words);
  });
  return group("Where from", ...finder("Find a source", rows), el("div", "sources", ...rows));
}

/** The source of a subscription that is there already; it stays what it is. */
export function sourceShown(source) {
  const words = el("span", "choice-words", el("span", "choice-title", source.title), el("span", "hint", sends(source)));
  return el("div", "choice choice-source choice-fixed", mark(source.title), words);
}

function sends({ events }) {
  const titles = events.map(({ title }) => title);
  if (titles.length === 0) return "Sends whatever comes";
  const some = titles.slice(0, 4).join(", ");
  return titles.length > 4 ? `${some} and ${titles.length - 4} more` : some;
}

/** The events of a source as check boxes; `value()` is what a subscription's `events` holds. */
export function eventChoice(source, wanted, { changed, looked }) {
  const known = new Set(source.events.map(({ type }) => type));
  const all = input("checkbox", { checked: !wanted || wanted.includes(EVERYTHING) });
  // Patterns that an admin wrote are kept as they are: the page offers types alone.
  const kept = (wanted ?? []).filter((type) => type !== EVERYTHING && !known.has(type));
  const boxes = [
    ...source.events.map(({ type, title, says }) => box(type, title, says, wanted)),
    ...kept.map((type) => box(type, type, "Chosen by its name", wanted)),
  ];
  const said = el("p", "hint");
  said.setAttribute("role", "status");

  all.addEventListener("change", () => {
    if (all.checked) for (const { entry } of boxes) entry.checked = false;
    settle();
  });
  for (const { entry, type } of boxes) {
    entry.addEventListener("change", () => {
      if (entry.checked) all.checked = false;
      if (entry.checked && known.has(type)) looked(type);
      settle();
    });
  }
  settle(false);

  function settle(tell = true) {
    said.textContent = value().length === 0 ? "Choose at least one, or everything." : "";
    if (tell) changed();
  }

  function value() {
    return all.checked ? [EVERYTHING] : boxes.filter(({ entry }) => entry.checked).map(({ type }) => type);
  }

  const first = row(all, "Everything", "All that it sends, also what it learns to send later");
  // What is chosen already is seen without looking for it.
  const rows = boxes.toSorted((one, other) => other.entry.checked - one.entry.checked).map(({ element }) => element);
  const list = el("div", rows.length > AT_ONCE ? "choices choices-many" : "choices", ...rows);
  return { element: group("What", first, ...finder("Find an event", rows), list, said), value };
}

function box(type, title, says, wanted) {
  const entry = input("checkbox", { value: type, checked: wanted?.includes(type) ?? false });
  return { type, entry, element: row(entry, title, says) };
}

function row(entry, title, says) {
  const words = el("span", "choice-words", el("span", "choice-title", title));
  if (says) words.append(el("span", "hint", says));
  return el("label", "choice", entry, words);
}

/** A field that leaves only those rows which say what is typed; none where all can be seen at once. */
function finder(words, rows) {
  if (rows.length <= AT_ONCE) return [];
  const entry = input("search", { autocomplete: "off", spellcheck: false });
  entry.addEventListener("input", () => {
    const wanted = entry.value.trim().toLowerCase();
    for (const one of rows) one.hidden = !one.textContent.toLowerCase().includes(wanted) && !one.querySelector(":checked");
  });
  return [field(words, entry)];
}

const GRAVITIES = [
  ["", "Good and bad news"],
  ["info", "All but good news"],
  ["warning", "Warnings and failures"],
  ["critical", "Only failures"],
];

/** From which severity on something is posted; `value()` is null for all. */
export function gravityChoice(wanted, changed) {
  const select = el("select");
  for (const [value, words] of GRAVITIES) {
    if (value === "info" && wanted !== "info") continue;
    select.append(Object.assign(el("option", "", words), { value }));
  }
  select.value = GRAVITIES.some(([value]) => value === wanted) ? wanted : "";
  select.addEventListener("change", changed);
  return { element: field("Which news", select), value: () => select.value || null };
}

/** The words for what a subscription wants, for those who look at a list. */
export function eventWords(events, source) {
  if (events.includes(EVERYTHING)) return "Everything";
  const titles = new Map(source?.events.map(({ type, title }) => [type, title]));
  return events.map((type) => titles.get(type) ?? type).join(", ");
}

/** "Only failures" and the like; empty for all. */
export function gravityWords(wanted) {
  return wanted ? (GRAVITIES.find(([value]) => value === wanted)?.[1] ?? wanted) : "";
}
