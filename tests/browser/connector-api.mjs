// Stands in for the relay's API of the connector door: subscriptions in memory, refusals that a test scripts, and a record
// of all that was asked.

import { sample } from "./harness.mjs";

const TOKEN = "entra-token";
const PASS = "guest-pass";
export const INVITATION = "one-time-invitation";
const CODE = "123456";
export const CONSENT = "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?client_id=1&response_type=code&scope=openid";

export const GITHUB = {
  name: "github",
  title: "GitHub",
  provider: "github",
  events: [
    { type: "push", title: "Push", says: "Commits to a branch, or a new tag" },
    { type: "pull_request.*", title: "Pull requests", says: "Opened, merged, closed, ready for review" },
    { type: "workflow_run", title: "Workflow runs", says: "A run has ended" },
    { type: "issues.*", title: "Issues", says: "Opened, closed, assigned" },
    { type: "release", title: "Releases", says: "Published" },
  ],
  chips: ["repository", "branch", "label"],
  quota: { posts: 25, per: "5m" },
};

const ALERTS = {
  name: "alerts",
  title: "Alerts",
  provider: "alertmanager",
  events: [{ type: "alert", title: "Alert", says: "Firing and resolved" }],
  chips: [],
  quota: { posts: 25, per: "5m" },
};

const SAMPLES = { push: "push", "pull_request.*": "pull-request-merged", workflow_run: "workflow-failed", alert: "alert-warning" };

const SAYS = {
  unproved: "It waits for the code from the channel.",
  pending: "Nothing has come yet.",
  active: "Posts come to the channel.",
  degraded: "The channel has refused several posts. It is tried again every few minutes.",
  paused: "It is paused. What comes meanwhile waits.",
  dead: "It was paused for too long, so it was stopped.",
};

/** A subscription as the relay shows it. */
export function subscription(more = {}) {
  const state = more.state ?? "active";
  return {
    id: "sub-1",
    name: "Builds",
    source: "github",
    events: ["push"],
    chips: { all: true, repository: [{ glob: "octo/*", not: false }], branch: [], label: [] },
    min_severity: null,
    state,
    says: SAYS[state],
    destination: "c3f1-09ab",
    profile: "workflow",
    warning: null,
    created_at: "2026-11-20T08:00:00Z",
    last_delivery: "2026-11-26T09:30:00Z",
    waiting: 0,
    quota: [{ posts: 25, per: "5m", left: 24 }],
    refusals: [],
    ...more,
  };
}

/** The API: `answer` takes a request and gives status, body and headers. */
export function scriptedApi({ sign_in = true, consent = null, sources = [GITHUB, ALERTS], kept = [], teamsjs = "cdn", guide = null } = {}) {
  const asked = [];
  const refusals = new Map();
  const holds = new Map();
  const subscriptions = kept.map((one) => ({ ...one }));
  let invitations = new Set([INVITATION]);
  let number = subscriptions.length;

  const api = {
    asked,
    subscriptions,
    /** The bodies of requests, by method and address. */
    sent: (what) => asked.filter((one) => one.what === what).map(({ body }) => body),
    /** The next time that `what` is asked it is refused; `status` 401 and the like. */
    refuse: (what, status, detail, headers = {}) => refusals.set(what, [...(refusals.get(what) ?? []), { status, detail, headers }]),
    /** `what` is not answered before the function that this gives is called. */
    hold(what) {
      let release;
      holds.set(what, new Promise((done) => (release = done)));
      return () => {
        holds.delete(what);
        release();
      };
    },
    async answer({ method, path, body, authorization }) {
      const what = `${method} ${path}`;
      asked.push({ what, body, authorization });
      await holds.get(what);
      const refused = refusals.get(what)?.shift();
      if (refused) return problem(refused.status, refused.detail, refused.headers);
      if (what === "GET about") return { status: 200, body: { teamsjs, sign_in, consent, guide } };
      if (what === "POST passes") return passes(body);
      const who = { [`Bearer ${TOKEN}`]: { kind: "entra", name: "Mona L", source: null }, [`Bearer ${PASS}`]: { kind: "guest", name: null, source: "github" } }[authorization];
      if (!who) return problem(401, "Sign in again.");
      if (what === "GET me") return { status: 200, body: who };
      if (what === "GET sources") return { status: 200, body: sources };
      const sampled = /^sources\/[^/]+\/samples\/([^?]+)\?theme=\w+$/.exec(path);
      if (sampled) return card(decodeURIComponent(sampled[1]));
      return onSubscriptions(method, path, body);
    },
  };

  function passes({ invitation }) {
    if (!invitations.delete(invitation)) return problem(403, "This invitation was used already, or is too old. Ask your admin for another.");
    return { status: 201, body: { pass: PASS, expires: "2099-01-01T00:00:00Z", source: null } };
  }

  async function card(type) {
    const name = SAMPLES[type];
    return name ? { status: 200, body: { card: await sample(name) } } : problem(404, "There is no sample.");
  }

  function onSubscriptions(method, path, body) {
    const [, id, action] = path.split("/");
    if (!id && method === "GET") return { status: 200, body: subscriptions };
    if (!id) return added(body);
    const index = subscriptions.findIndex((one) => one.id === id);
    const one = subscriptions[index];
    if (!one) return problem(404, "It was removed.");
    if (method === "DELETE") return subscriptions.splice(index, 1) && { status: 204 };
    if (method === "PUT") Object.assign(one, body);
    if (action === "pause") Object.assign(one, { state: "paused", says: SAYS.paused });
    if (action === "resume") Object.assign(one, { state: "active", says: SAYS.active });
    if (action === "test") return { status: 200, body: { outcome: "accepted", says: "Teams took the card. Look into the channel." } };
    if (action === "code") return { status: 202 };
    if (action === "proof" && body.code !== CODE) return problem(422, "That is not the code. Two tries are left.");
    if (action === "proof") Object.assign(one, { state: "active", says: SAYS.active });
    return { status: 200, body: one };
  }

  function added({ url, by, team, ...wanted }) {
    const state = by === "pasted" ? "unproved" : "active";
    const made = subscription({ ...wanted, id: `sub-${++number}`, state, last_delivery: null });
    subscriptions.push(made);
    return { status: 201, body: made };
  }

  return api;
}

function problem(status, detail, headers = {}) {
  return { status, body: { type: "about:blank", status, reason: "refused", detail }, headers: { ...headers, "content-type": "application/problem+json" } };
}
