// How every page begins: what the server offers, the host's greeting and theme, who one is.

import { address, connect, Problem } from "./api.js";
import { button, el } from "./elements.js";
import { held, HostFault, meetHost } from "./host.js";
import { signIn, stopped } from "./sign-in.js";
import { setTheme } from "./theme.js";

export const place = document.getElementById("place");

/** Runs a page; what goes wrong on the way is said in its place. */
export async function start(run) {
  try {
    const about = await connect().about();
    const host = held() ? await greeted() : null;
    const { api, me } = await signIn({ host, about, place });
    await run({ about, host, api, me });
  } catch (fault) {
    explain(fault);
  }
}

async function greeted() {
  const host = await meetHost();
  setTheme(host.context.theme);
  host.onTheme(setTheme);
  host.loaded();
  return host;
}

function explain(fault) {
  if (fault instanceof HostFault) {
    const plain = el("a", "primary", "Open the plain page");
    plain.href = address("tab");
    plain.target = "_blank";
    plain.rel = "noopener";
    return stopped(place, `${fault.message} Close this window and open it again; or set it up outside Teams.`, el("p", "actions", plain));
  }
  const again = button("Try again", "primary", () => location.reload());
  const words = fault instanceof Problem ? fault.message : "Something on this page went wrong.";
  if (!(fault instanceof Problem)) console.error(fault);
  return stopped(place, words, el("p", "actions", again));
}
