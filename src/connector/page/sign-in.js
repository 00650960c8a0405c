// Who one is: silently by Teams, else by a pass that an invitation was exchanged for, else the page asks.

import { address, connect, Problem } from "./api.js";
import { button, el, field, input, note, told } from "./elements.js";
import { forget, invitationIn, keep, pass, takeInvitation } from "./passes.js";

/** Resolves once the server knows who asks; until then what is missing is shown in `place`. */
export async function signIn({ host, about, place }) {
  const invitation = takeInvitation();
  const byTeams = Boolean(host && about.sign_in);
  const credentials = credentialsOf(byTeams ? host : null);
  const api = connect(credentials);
  const faults = [];
  if (invitation) await attempt(faults, () => invited(invitation));
  if (!pass() && byTeams) await credentials.renew();
  if (await credentials.token()) {
    const me = await attempt(faults, () => api.me());
    if (me) return { api, me };
  }
  const me = await gate({ host: byTeams ? host : null, about, api, credentials, place, fault: faults.at(-1) });
  return { api, me };
}

function credentialsOf(host) {
  let token = null;
  return {
    token: async () => pass() ?? token,
    /** Another token in the place of one that was refused; false where there is none to be had. */
    async renew(silent = true) {
      forget();
      token = null;
      if (!host) return false;
      token = await host.token(silent).catch(() => null);
      return Boolean(token);
    },
  };
}

async function attempt(faults, act) {
  try {
    return await act();
  } catch (fault) {
    faults.push(fault);
    return null;
  }
}

async function invited(invitation) {
  keep(await connect().exchange(invitation));
}

function gate({ host, about, api, credentials, place, fault }) {
  return new Promise((entered) => {
    const said = told("alert");
    const enter = async (act) => {
      said.clear();
      try {
        await act();
        entered(await api.me());
      } catch (refusal) {
        said.say("alarm", refusal instanceof Problem ? refusal.message : "Signing in did not work. Try again, or use an invitation.");
      }
    };
    const parts = [said.place];
    if (host) parts.push(bySignIn({ host, about, credentials, enter }));
    parts.push(byInvitation(host, enter));
    place.replaceChildren(el("section", "sheet gate", ...parts));
    if (fault instanceof Problem) said.say("alarm", fault.message);
  });
}

function bySignIn({ host, about, credentials, enter }) {
  const press = button("Sign in", "primary", () =>
    enter(async () => {
      // The window brings no token, only the consent that the next silent question needs.
      if (about.consent) await host.popup(address("signed-in"));
      if (!(await credentials.renew(false))) throw new Problem("Teams did not sign you in. Try again, or use an invitation.");
    }),
  );
  return el("div", "gate-part", el("h2", "", "Sign in to go on"), el("p", "", "Teams could not sign you in by itself."), press);
}

function byInvitation(host, enter) {
  const entry = input("text", { autocomplete: "off", spellcheck: false });
  const words = host
    ? "Or use an invitation from your admin."
    : "You need an invitation from your admin. They make one with the command “teams-relay invite” and send you the link.";
  const form = el("form", "gate-form", field("Invitation link", entry), submit("Use the invitation"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    enter(async () => {
      const invitation = invitationIn(entry.value);
      if (!invitation) throw new Problem("This is no invitation. Paste the whole link that your admin sent.");
      await invited(invitation);
      entry.value = "";
    });
  });
  return el("div", "gate-part", el("h2", "", "Invitation"), el("p", "", words), form);
}

function submit(words) {
  const made = el("button", "primary", words);
  made.type = "submit";
  return made;
}

/** A notice in place of the page, with what can be done about it. */
export function stopped(place, words, ...cures) {
  place.replaceChildren(el("section", "sheet", note("alarm", el("p", "", words)), ...cures));
  place.firstChild.setAttribute("role", "alert");
}
