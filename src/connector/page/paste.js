// The pasted address of a channel's workflow, for where Teams gives none itself.

import { el, field, input } from "./elements.js";
import { httpUrl, outwardLink } from "./parts.js";

/** The field; what is pasted is a secret, and so it is hidden unless one asks to see it. */
export function pasteField({ guide = null } = {}) {
  const entry = input("password", { autocomplete: "off", spellcheck: false, required: true });
  // Password managers keep what a site calls a password; this is none of theirs.
  for (const name of ["data-1p-ignore", "data-lpignore", "data-bwignore"]) entry.setAttribute(name, "true");
  const seen = input("checkbox");
  seen.addEventListener("change", () => {
    entry.type = seen.checked ? "text" : "password";
  });
  const how = el(
    "details",
    "how",
    el("summary", "", "Where do I find it?"),
    el(
      "ol",
      "",
      el("li", "", "In Teams, open the channel's … menu and choose Workflows."),
      el("li", "", "Choose “Send webhook alerts to a channel”, and then Save."),
      el("li", "", "Copy the address that it shows, and paste it here."),
    ),
  );
  const url = httpUrl(guide ?? "");
  const link = url ? [el("p", "hint", outwardLink(document, url, "", "How to make this address"))] : [];
  const element = el(
    "div",
    "paste",
    field("Workflows address of the channel", entry, "Whoever has it can post to the channel. It is kept secret here and never shown again."),
    el("label", "choice choice-small", seen, el("span", "", "Show it")),
    how,
    ...link,
  );
  return {
    element,
    focus: () => entry.focus(),
    clear: () => {
      entry.value = "";
    },
    value: () => entry.value.trim(),
    wrong() {
      const text = entry.value.trim();
      if (!text) return "Paste the Workflows address of the channel.";
      if (!URL.canParse(text) || new URL(text).protocol !== "https:") return "This is no address: it begins with https://. Copy it from Workflows once more.";
      return "";
    },
  };
}
