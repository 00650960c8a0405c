// One channel of the list: what it gets, how it stands, and what one can do about it.

import { chipWords } from "./chips.js";
import { eventWords, gravityWords } from "./choices.js";
import { announce, button, el, fresh, mark, note, span, time, told } from "./elements.js";
import { proofStep } from "./proof.js";

const STATES = {
  unproved: ["Waits for its code", "warning"],
  pending: ["New", "plain"],
  active: ["Works", "good"],
  degraded: ["Has trouble", "warning"],
  paused: ["Paused", "plain"],
  dead: ["Stopped", "alarm"],
};

/** The list item of a subscription. `edit` opens the form; `gone` is called once it was removed. */
export function subscriptionItem({ api, subscription, sources, edit, gone }) {
  const item = el("li", "sheet subscription");
  const said = told();
  let now = subscription;

  const source = () => sources.find(({ name }) => name === now.source);
  const title = () => now.name || source()?.title || now.source;

  /** Does something to it and shows how it stands then, the cursor where it was. */
  async function act(name, ask) {
    said.clear();
    try {
      now = await ask();
      draw();
      focus(name);
      announce(now.says);
    } catch (refusal) {
      said.say("alarm", refusal.message);
    }
  }

  const focus = (name) => (item.querySelector(`[data-act="${name}"]`) ?? item.querySelector("button"))?.focus();

  function buttons() {
    const press = (name, words, pressed, look = "quiet") => {
      const made = button(words, look, pressed);
      made.dataset.act = name;
      made.setAttribute("aria-label", `${words}: ${title()}`);
      return made;
    };
    const made = [];
    if (now.state === "paused") made.push(press("pause", "Resume", () => act("pause", () => api.resume(now.id))));
    else if (!["unproved", "dead"].includes(now.state)) made.push(press("pause", "Pause", () => act("pause", () => api.pause(now.id))));
    if (now.state !== "unproved") made.push(press("test", "Send a test card", tested));
    made.push(press("edit", "Edit", () => edit(now)));
    made.push(press("remove", "Remove", remove));
    return el("p", "actions", ...made);
  }

  async function tested() {
    said.clear();
    try {
      const { outcome, says } = await api.test(now.id);
      said.say(outcome === "accepted" ? "good" : "warning", says);
    } catch (refusal) {
      said.say("alarm", refusal.message);
    }
  }

  function remove() {
    confirmed({
      item,
      title: `Remove ${title()}?`,
      words: "Nothing more is posted to this channel. What still waits for it is dropped.",
      act: async () => {
        await api.remove(now.id);
        announce(`${title()} was removed.`);
        gone(now);
      },
      back: () => focus("remove"),
    });
  }

  function draw() {
    const heading = el("h2", "subscription-title", title());
    heading.id = fresh("subscription");
    item.setAttribute("aria-labelledby", heading.id);
    const [word, look] = STATES[now.state] ?? [now.state, "plain"];
    const head = el("div", "subscription-head", mark(source()?.title ?? now.source), heading, el("span", `state state-${look}`, word));
    const parts = [head, el("p", "subscription-says", now.says)];
    if (now.warning) parts.push(note("warning", now.warning));
    if (now.state === "unproved") parts.push(proofStep({ api, subscription: now, proved, heading: "h3" }).element);
    parts.push(facts(now, source()));
    if (now.refusals?.length > 0) parts.push(refusals(now.refusals));
    parts.push(buttons(), said.place);
    item.replaceChildren(...parts);
  }

  function proved(next) {
    now = next;
    draw();
    focus("test");
  }

  draw();
  return item;
}

function facts(now, source) {
  const rows = [
    ["From", source?.title ?? now.source],
    ["Posts", eventWords(now.events, source)],
    ["Only", [chipWords(now.chips), gravityWords(now.min_severity)].filter(Boolean).join("; ")],
    ["Last card", now.last_delivery ? time(now.last_delivery) : "none yet"],
    ["Waiting", now.waiting > 0 ? `${now.waiting} ${now.waiting === 1 ? "post" : "posts"}` : "nothing"],
    // What is left is what may go out at once: the rest of an allowance comes back little by little.
    ...(now.quota ?? []).map(({ posts, per, left }) => ["Room for", `${left} ${left === 1 ? "post" : "posts"} at once, ${posts} in ${span(per)}`]),
    ["Channel", now.destination],
  ];
  const list = el("dl", "facts");
  for (const [name, value] of rows) if (value) list.append(el("dt", "", name), el("dd", "", value));
  return list;
}

function refusals(all) {
  const rows = all.map(({ at, says }) => el("li", "", time(at), ": ", says));
  return el("details", "refusals", el("summary", "", `Not posted lately (${all.length})`), el("ul", "", ...rows));
}

/** Asks once more, in the page itself: a framed page may not be let to ask by `confirm()`. */
function confirmed({ item, title, words, act, back }) {
  const said = told("alert");
  const dialog = el("dialog", "sheet dialog");
  const heading = el("h2", "", title);
  heading.id = fresh("dialog");
  dialog.setAttribute("aria-labelledby", heading.id);
  const keep = button("Keep it", "quiet", () => dialog.close());
  keep.autofocus = true;
  const go = button("Remove", "danger", async () => {
    said.clear();
    try {
      await act();
      dialog.close("gone");
    } catch (refusal) {
      said.say("alarm", refusal.message);
    }
  });
  dialog.append(heading, el("p", "", words), said.place, el("p", "actions", go, keep));
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue !== "gone") back();
  });
  (item.closest("main") ?? document.body).append(dialog);
  dialog.showModal();
}
