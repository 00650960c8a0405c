// "My channels": the list, and adding, editing and removing, as a tab in Teams or as a plain page.

import { adding } from "./adding.js";
import { announce, button, el, note, told } from "./elements.js";
import { changesOf, choicesForm } from "./form.js";
import { place, start } from "./start.js";
import { subscriptionItem } from "./subscription.js";

start(async ({ about, host, api, me }) => {
  const sources = await api.sources();
  const hints = host?.context.hints ?? null;
  await list();

  /** Shows the list anew, `first` above it. */
  async function list(first = null) {
    const mine = await api.list().catch((fault) => {
      place.prepend(note("alarm", fault.message));
      return null;
    });
    if (!mine) return;
    const items = mine.map((subscription) => subscriptionItem({ api, subscription, sources, edit, gone: () => list(note("plain", "It was removed.")) }));
    const add = button("Add a channel", "primary", () => show(adding({ api, sources, hints, guide: about.guide, done: (made) => list(works(made)), cancel: back() }).element, "Add a channel"));
    const again = button("Refresh", "quiet refresh", async () => {
      await list();
      announce("The list is up to date.");
      place.querySelector(".refresh")?.focus();
    });
    const head = el("div", "list-head", el("p", "hint", who(me)), el("p", "actions", add, again));
    const all = el("ul", "subscriptions", ...items);
    const empty = el("p", "empty", "Nothing is posted anywhere yet. Add a channel to begin.");
    const wasShown = place.querySelector(".adding, .editing");
    place.replaceChildren(head, ...(first ? [first] : []), items.length > 0 ? all : empty);
    if (first || wasShown) document.getElementById("title").focus();
  }

  function edit(subscription) {
    const said = told("alert");
    const save = el("button", "primary", "Save");
    save.type = "submit";
    const choices = choicesForm({ api, sources, subscription, below: [said.place, el("p", "actions", save, back())] });
    const form = el("form", "sheet editing", choices.element);
    let busy = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      const wrong = choices.wrong();
      if (wrong) return said.say("warning", wrong);
      busy = true;
      try {
        await api.change(subscription.id, changesOf(choices.value()));
        await list(note("good", "Your changes are saved."));
      } catch (refusal) {
        said.say("alarm", refusal.message);
      } finally {
        busy = false;
      }
    });
    show(form, "Edit");
  }

  function show(element, title) {
    const heading = el("h2", "step-title", title);
    heading.tabIndex = -1;
    place.replaceChildren(heading, element);
    heading.focus();
  }

  function back() {
    return button("Back to the list", "quiet", () => list());
  }
});

function works(made) {
  return note("good", made.state === "active" || made.state === "pending" ? "Done. Posts now come to the channel." : made.says);
}

function who({ kind, name }) {
  if (kind === "guest") return "You are here by an invitation.";
  return name ? `Signed in as ${name}.` : "Signed in by Teams.";
}
