// The card beside the choices: what one event would look like, made by the server, drawn as Teams would.

import { renderPost } from "./card.js";
import { el, field, note } from "./elements.js";
import { onTheme, theme } from "./theme.js";

/** A sample card with a menu of events; `show(source)` begins anew, `look(type)` shows one event. */
export function sample(api) {
  const select = el("select");
  const stage = el("div", "stage");
  stage.setAttribute("role", "region");
  stage.setAttribute("aria-label", "Sample card");
  stage.tabIndex = 0;
  const element = el("section", "sample", el("h2", "", "What it looks like"), field("Sample of", select), stage);
  element.setAttribute("aria-label", "Sample");
  let source = null;
  /** Answers that come late, after a newer question, are not shown. */
  let asked = 0;

  select.addEventListener("change", draw);
  onTheme(draw);

  async function draw() {
    const number = ++asked;
    if (!source || !select.value) return;
    stage.setAttribute("aria-busy", "true");
    const drawn = await drawing(api, source.name, select.value);
    if (number !== asked) return;
    stage.removeAttribute("aria-busy");
    stage.replaceChildren(drawn);
  }

  return {
    element,
    show(next) {
      source = next;
      const options = next.events.map(({ type, title }) => Object.assign(el("option", "", title), { value: type }));
      select.replaceChildren(...options);
      element.hidden = options.length === 0;
      stage.replaceChildren();
      draw();
    },
    look(type) {
      if (select.value === type) return;
      select.value = type;
      draw();
    },
  };
}

async function drawing(api, source, type) {
  try {
    const { card } = await api.sample(source, type, theme());
    return renderPost(card, { document });
  } catch {
    return note("plain", "There is no sample of this event to show just now.");
  }
}
