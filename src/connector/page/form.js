// All that one chooses for a channel, in one form: source, events, conditions, name, with the sample beside it.

import { chipChoice } from "./chips.js";
import { eventChoice, gravityChoice, sourceChoice, sourceShown } from "./choices.js";
import { el, field, input, span } from "./elements.js";
import { sample } from "./sample.js";

const LONGEST_NAME = 80;

/**
 * The form; `subscription` fills it in. `value()` is what the server takes, `wrong()` says in words why it is not to be
 * sent yet, `changed` is called with every choice. What stands `below` the choices
 * comes before the sample, so that in a narrow window nothing must be looked for beyond it.
 */
export function choicesForm({ api, sources, subscription = null, changed = () => {}, below = [] }) {
  const beside = sample(api);
  const chosen = el("div", "form-source");
  const quota = el("p", "hint quota");
  const name = input("text", { autocomplete: "off", maxLength: LONGEST_NAME, value: subscription?.name ?? "" });
  const only = sources.length === 1 ? sources[0] : null;
  const named = el("div", "form-named", field("Name", name, "What you will find it under. It may be left empty."), quota);
  let source = subscription ? sourceOf(subscription, sources) : only;
  let parts = null;

  function choose(next, was = null) {
    source = next;
    const told = () => changed();
    parts = {
      events: eventChoice(next, was?.events, { changed: told, looked: (type) => beside.look(type) }),
      gravity: gravityChoice(was?.min_severity ?? null, told),
      chips: chipChoice(next.chips ?? [], was?.chips, told),
    };
    const { events, gravity, chips } = parts;
    chosen.replaceChildren(events.element, ...(chips.empty ? [gravity.element] : [chips.element, gravity.element]));
    quota.textContent = quotaWords(next);
    name.placeholder = next.title;
    named.hidden = false;
    beside.show(next);
    const first = next.events.find(({ type }) => was?.events.includes(type));
    if (first) beside.look(first.type);
    changed();
  }

  const first = subscription ? sourceShown(source) : sourceChoice(sources, source, (next) => choose(next));
  const left = el("div", "form-choices", first, chosen, named, ...below);
  beside.element.hidden = true;
  named.hidden = true;
  const element = el("div", "form", left, beside.element);
  if (source) choose(source, subscription);

  return {
    element,
    source: () => source,
    wrong() {
      if (!source) return "Choose where the posts come from.";
      return parts.events.value().length === 0 ? "Choose at least one event, or everything." : "";
    },
    value() {
      return {
        source: source.name,
        events: parts.events.value(),
        chips: parts.chips.value(),
        min_severity: parts.gravity.value(),
        name: name.value.trim() || null,
      };
    },
  };
}

/** A source that is not on offer any more is known by its name alone. */
function sourceOf({ source }, sources) {
  return sources.find(({ name }) => name === source) ?? { name: source, title: source, events: [], chips: [], quota: null };
}

/** What is changed of a subscription that is there: not its source, and not where it posts. */
export function changesOf({ events, chips, min_severity, name }) {
  return { events, chips, min_severity, name };
}

function quotaWords({ quota }) {
  const rest = "what comes faster is put together into one card.";
  if (!quota) return `A channel takes only so many posts; ${rest}`;
  return `A Workflows channel takes ${quota.posts} posts in ${span(quota.per)}; ${rest}`;
}
