// The page where one chooses what is posted: in Teams its Save button stores it, elsewhere a button of the page.

import { address } from "./api.js";
import { adding } from "./adding.js";
import { announce, button, el, note, told } from "./elements.js";
import { choicesForm } from "./form.js";
import { pasteField } from "./paste.js";
import { proofStep } from "./proof.js";
import { kept, remover, saver } from "./saving.js";
import { place, start } from "./start.js";

const GONE = "What was set up here is not there any more. Choose anew, and save.";
/** A look alone: with it the page asks for an address at once, where a tab is set up. */
const FOR_TAB = new URLSearchParams(location.search).get("for") === "tab";

start(async ({ about, host, api }) => {
  const sources = await api.sources();
  if (sources.length === 0) return place.replaceChildren(el("section", "sheet", el("p", "", "Nothing is on offer yet. Ask your admin to set up a source.")));
  const { guide } = about;
  return host ? inTeams({ host, api, sources, guide }) : outside({ api, sources, guide });
});

function outside({ api, sources, guide }) {
  const list = el("a", "quiet", "My channels");
  list.href = address("tab");
  const done = (made) => {
    const again = el("a", "quiet", "Add another");
    again.href = address("config");
    const words = el("h2", "", "Done");
    words.tabIndex = -1;
    place.replaceChildren(el("section", "sheet", words, note("good", made.state === "unproved" ? made.says : "Posts now come to the channel."), el("p", "actions", list.cloneNode(true), again)));
    words.focus();
  };
  place.replaceChildren(adding({ api, sources, guide, done, cancel: list }).element);
}

async function inTeams({ host, api, sources, guide }) {
  const { subscription, gone } = await kept({ host, api });
  const said = told("alert");
  const beyond = el("div", "beyond");
  const hints = host.context.hints;
  let byPaste = false;

  const standing = {
    subscription,
    hints,
    isTab: () => byPaste,
    /** Why what was chosen cannot be saved yet, besides the choices. */
    wrong() {
      if (standing.subscription?.state === "unproved") return "Type the code from the channel first.";
      return byPaste && !standing.subscription ? "Paste the address of the channel first." : "";
    },
  };
  let form = null;
  const changed = () => form && host.valid(!form.wrong() && !standing.wrong());
  form = choicesForm({ api, sources, subscription, changed, below: [beyond, said.place] });

  const save = saver({
    host,
    api,
    form,
    standing,
    saved: () => said.clear(),
    failed: (words) => said.say("alarm", words),
    pasted: askForAddress,
  });
  host.onSave(save);
  host.onRemove(remover({ host, api, failed: (words) => said.say("alarm", words) }));

  place.replaceChildren(el("div", "sheet", ...(gone ? [note("warning", GONE)] : []), form.element));
  if (gone) announce(GONE);
  if (subscription?.state === "unproved") askForCode(subscription);
  else if (FOR_TAB && !subscription) askForAddress();
  else if (FOR_TAB) byPaste = true;
  changed();

  function askForAddress() {
    byPaste = true;
    const paste = pasteField({ guide });
    const wrong = told("alert");
    const send = button("Post a card with a code", "primary", async () => {
      const words = form.wrong() || paste.wrong();
      if (words) return wrong.say("warning", words);
      wrong.clear();
      try {
        const made = await api.add({ ...form.value(), url: paste.value(), by: "pasted", team: hints });
        paste.clear();
        standing.subscription = made;
        said.clear();
        if (made.state === "unproved") askForCode(made).focus();
        else proved(made, "This channel is set up already. Press Save to finish.");
      } catch (refusal) {
        wrong.say("alarm", refusal.message);
      }
      return changed();
    });
    beyond.replaceChildren(paste.element, wrong.place, el("p", "actions", send));
    changed();
  }

  function askForCode(unproved) {
    byPaste = true;
    const step = proofStep({ api, subscription: unproved, proved });
    beyond.replaceChildren(step.element);
    changed();
    return step;
  }

  function proved(now, line = "The code was right. Press Save to finish.") {
    standing.subscription = now;
    const words = note("good", line);
    words.tabIndex = -1;
    beyond.replaceChildren(words);
    words.focus();
    changed();
  }
}
