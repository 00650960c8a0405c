// The code that shows that one can read the channel one posts to.

import { announce, button, el, field, input, told } from "./elements.js";

/** The step of the code; `proved` gets the subscription once the code was right. */
export function proofStep({ api, subscription, proved, heading = "h2" }) {
  const entry = input("text", { autocomplete: "one-time-code", inputMode: "numeric", maxLength: 12, spellcheck: false });
  entry.classList.add("code");
  const said = told("alert");
  const send = el("button", "primary", "Confirm");
  send.type = "submit";
  const again = button("Post a new code", "quiet", async () => {
    said.clear();
    try {
      await api.code(subscription.id);
      entry.value = "";
      entry.focus();
      announce("A card with a new code was posted to the channel.");
      said.say("plain", "A card with a new code was posted. The old code no longer counts.");
    } catch (refusal) {
      said.say("alarm", refusal.message);
    }
  });
  const form = el("form", "proof", field("Code", entry), el("p", "actions", send, again), said.place);
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    const code = entry.value.replace(/\s/g, "");
    if (!code) return said.say("warning", "Type the code that stands on the card.");
    busy = true;
    said.clear();
    try {
      const now = await api.prove(subscription.id, code);
      announce("The code was right. Posts now come to the channel.");
      proved(now);
    } catch (refusal) {
      said.say("alarm", refusal.message);
      entry.select();
    } finally {
      busy = false;
    }
  });
  const words = "A card with a code was posted to the channel. Type the code here, so that nobody can send posts to a channel they cannot read.";
  const element = el("section", "proof-step", el(heading, "", "One more step"), el("p", "", words), form);
  return { element, focus: () => entry.focus() };
}
