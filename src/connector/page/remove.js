// The page that Teams shows before it takes a channel's posts away.

import { el, told } from "./elements.js";
import { remover } from "./saving.js";
import { place, start } from "./start.js";

start(async ({ host, api }) => {
  const said = told("alert");
  const words = host
    ? "Press Remove to stop these posts. What still waits to be posted is dropped."
    : "This page works inside Teams alone. Outside it, remove a channel from your list.";
  place.replaceChildren(el("section", "sheet", el("p", "", words), said.place));
  if (!host) return place.firstChild.append(link());
  host.onRemove(remover({ host, api, removed: () => said.say("good", "It is removed."), failed: (why) => said.say("alarm", why) }));
  return host.valid(true);
});

function link() {
  const made = el("a", "quiet", "My channels");
  made.href = "tab";
  return el("p", "actions", made);
}
