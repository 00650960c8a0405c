// A new channel by a pasted address: choices, address, code, done. The same on the plain page and in a tab.

import { announce, el, told } from "./elements.js";
import { choicesForm } from "./form.js";
import { pasteField } from "./paste.js";
import { proofStep } from "./proof.js";

/** The steps in one element; `made` gets the subscription when it is there, `done` when its code was right. */
export function adding({ api, sources, guide, hints = null, made = () => {}, done, cancel = null }) {
  const paste = pasteField({ guide });
  const said = told("alert");
  const send = el("button", "primary", "Add");
  send.type = "submit";
  const below = [paste.element, said.place, el("p", "actions", send, ...(cancel ? [cancel] : []))];
  const choices = choicesForm({ api, sources, below });
  const form = el("form", "sheet", choices.element);
  form.noValidate = true;
  const element = el("div", "adding", form);
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    const wrong = choices.wrong() || paste.wrong();
    if (wrong) return said.say("warning", wrong);
    busy = true;
    send.setAttribute("aria-busy", "true");
    said.clear();
    try {
      const subscription = await api.add({ ...choices.value(), url: paste.value(), by: "pasted", team: hints });
      paste.clear();
      made(subscription);
      prove(subscription);
    } catch (refusal) {
      said.say("alarm", refusal.message);
    } finally {
      busy = false;
      send.removeAttribute("aria-busy");
    }
  });

  function prove(subscription) {
    if (subscription.state !== "unproved") return done(subscription);
    const step = proofStep({ api, subscription, proved: done });
    element.replaceChildren(el("div", "sheet", step.element));
    announce("A card with a code was posted to the channel. Type the code.");
    step.focus();
  }

  return { element };
}
