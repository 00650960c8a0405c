// The pass of a guest: made of an invitation, kept in this browser.

const KEPT = "teams-relay.pass";
/** Where the browser keeps nothing for a framed page, the pass lasts as long as the page. */
let inMemory = null;

/** The pass, or null where there is none, or none that still holds. */
export function pass(now = Date.now()) {
  const { pass: kept, expires } = read() ?? {};
  if (!kept) return null;
  return Date.parse(expires) <= now ? null : kept;
}

/** Keeps what the server made of an invitation. */
export function keep(made) {
  inMemory = { pass: made.pass, expires: made.expires };
  try {
    localStorage.setItem(KEPT, JSON.stringify(inMemory));
  } catch {
    // It is kept in memory.
  }
}

export function forget() {
  inMemory = null;
  try {
    localStorage.removeItem(KEPT);
  } catch {
    // There was nothing to forget.
  }
}

/** Takes the invitation out of the address, and out of the address bar. */
export function takeInvitation() {
  const invitation = invitationIn(location.hash);
  if (invitation) history.replaceState(null, "", location.pathname + location.search);
  return invitation;
}

/** The invitation in a pasted link, or the pasted text itself where it is no link. */
export function invitationIn(text) {
  const found = /[#&]invite=([^&\s]+)/.exec(text);
  if (found) return decoded(found[1]);
  const bare = text.trim();
  return /^[\w.~-]{8,}$/.test(bare) ? bare : null;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function read() {
  try {
    return inMemory ?? JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return inMemory;
  }
}
