// Which library stands for which preset, and what it can do: sign as the provider does, prove what came, or both.
//
// `body` is an event in the provider's shape; it goes out as JSON, or as a form. `sign` makes the headers that prove a
// request, `verify` says whether a request is genuine, or throws. Where the provider keeps the signing key to itself,
// its library can verify only: `sign` is then made of node:crypto, and `witness` has the library judge each request
// that the relay judges.

import { createHash, generateKeyPairSync, randomBytes, sign as signWith } from "node:crypto";
import { Signature as HubSpot } from "@hubspot/api-client";
import { validateSignature } from "@line/bot-sdk";
import { LinearWebhookClient } from "@linear/sdk/webhooks";
import { sign as signGitHub, verify as verifyGitHub } from "@octokit/webhooks-methods";
import { Environment, Paddle } from "@paddle/paddle-node-sdk";
import sendgrid from "@sendgrid/eventwebhook";
import bolt from "@slack/bolt";
import { verifyKey } from "discord-interactions";
import jwt from "jsonwebtoken";
import { WebhooksHelper as Square } from "square";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";
import twilio from "twilio";

// What is signed is bytes, so every body holds letters beyond ASCII. `Invented` is where a byte is changed.
const NOTE = "Invented für Prüfungen ✓";

const text = () => randomBytes(20).toString("hex");
const whsec = () => `whsec_${randomBytes(32).toString("base64")}`;
const sha256 = (body) => createHash("sha256").update(body).digest("hex");
const fields = (body) => Object.fromEntries(new URLSearchParams(body));
const iso = (seconds) => new Date(seconds * 1000).toISOString();

/** A key that the provider signs with (`signs`), and the half of it that a receiver is given (`proves`). */
function pair(type, options, write) {
  const { privateKey, publicKey } = generateKeyPairSync(type, options);
  return { signs: privateKey, proves: write(publicKey.export({ type: "spki", format: "der" })) };
}
// The last 32 bytes of what Ed25519 keys are wrapped in are the key.
const ed25519 = () => pair("ed25519", {}, (der) => der.subarray(-32).toString("hex"));
const ecdsa = () => pair("ec", { namedCurve: "prime256v1" }, (der) => der.toString("base64"));

const standard = {
  preset: "standard-webhooks",
  secret: whsec,
  body: ({ now }) => ({ type: "invoice.paid", timestamp: iso(now), data: { note: NOTE } }),
};
const stripe = {
  preset: "stripe",
  secret: () => `whsec_${text()}`,
  body: ({ id, now }) => ({
    id: `evt_${id}`,
    object: "event",
    type: "invoice.paid",
    created: now,
    data: { object: { note: NOTE } },
  }),
};
const slack = {
  preset: "slack",
  secret: text,
  body: ({ id, now }) => ({
    type: "event_callback",
    event_id: `Ev${id}`,
    event_time: now,
    event: { type: "app_mention", text: NOTE },
  }),
};
const twilioForm = {
  preset: "twilio",
  secret: text,
  form: true,
  headers: ({ id }) => ({ "I-Twilio-Idempotency-Token": id }),
  // Out of order, so that sorting them matters.
  body: ({ id }) => ({ To: "+15005550001", MessageSid: `SM${id}`, Body: NOTE, From: "+15005550006" }),
};
const paddle = {
  preset: "paddle",
  secret: () => `pdl_ntfset_${text()}`,
  body: ({ id, now }) => ({
    event_id: `evt_${id}`,
    event_type: "transaction.paid",
    occurred_at: iso(now),
    notification_id: `ntf_${id}`,
    data: { note: NOTE },
  }),
};
const sendGrid = {
  preset: "sendgrid",
  secret: ecdsa,
  body: ({ id, now }) => [
    { email: "someone@example.com", event: "delivered", timestamp: now, sg_event_id: id, note: NOTE },
  ],
  sign: ({ secret, body, now }) => ({
    "X-Twilio-Email-Event-Webhook-Timestamp": String(now),
    "X-Twilio-Email-Event-Webhook-Signature": signWith("sha256", Buffer.from(now + body), secret).toString("base64"),
  }),
  witness: true,
};
const hubSpot = {
  preset: "hubspot",
  secret: text,
  body: ({ now }) => [{ eventId: now, subscriptionType: "contact.creation", portalId: 1, objectId: 2, note: NOTE }],
};

/** HubSpot's signatures of versions 1 and 2 stand in one header; another tells which it is. */
function hubSpotBefore3(version) {
  return {
    ...hubSpot,
    preset: "hubspot-legacy",
    library: `@hubspot/api-client (npm), ${version}`,
    sign: ({ secret, body, url }) => ({
      "X-HubSpot-Signature-Version": version,
      "X-HubSpot-Signature": HubSpot.getSignature("POST", version, { clientSecret: secret, requestBody: body, url }),
    }),
  };
}

function standardHeaders(prefix, library) {
  return ({ secret, body, id, now }) => ({
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(now),
    [`${prefix}-signature`]: new library(secret).sign(id, new Date(now * 1000), body),
  });
}

// A library's own errors about a request are its way to refuse.
const proves = (run) => (run(), true);

/** The table. `python` calls signers.py. */
export const table = (python) => [
  {
    ...standard,
    library: "standardwebhooks (npm)",
    sign: standardHeaders("webhook", StandardWebhook),
    verify: ({ secret, body, headers }) => proves(() => new StandardWebhook(secret).verify(body, headers)),
  },
  {
    ...standard,
    library: "standardwebhooks (PyPI)",
    sign: ({ secret, body, id, now }) => python("standardwebhooks_sign", { secret, body, id, now }),
    verify: ({ secret, body, headers }) => python("standardwebhooks_verify", { secret, body, headers }),
  },
  {
    ...standard,
    library: "svix (npm)",
    sign: standardHeaders("svix", SvixWebhook),
    verify: ({ secret, body, headers }) => proves(() => new SvixWebhook(secret).verify(body, headers)),
  },
  {
    preset: "gitlab",
    library: "standardwebhooks (npm)",
    secret: whsec,
    headers: () => ({ "X-Gitlab-Event": "Push Hook" }),
    body: () => ({ object_kind: "push", ref: "refs/heads/main", user_name: NOTE }),
    sign: standardHeaders("webhook", StandardWebhook),
    verify: ({ secret, body, headers }) => proves(() => new StandardWebhook(secret).verify(body, headers)),
  },
  {
    preset: "github",
    library: "@octokit/webhooks-methods (npm)",
    secret: text,
    headers: ({ id }) => ({ "X-GitHub-Event": "push", "X-GitHub-Delivery": id }),
    body: () => ({ ref: "refs/heads/main", commits: [], sender: { login: NOTE } }),
    sign: async ({ secret, body }) => ({ "X-Hub-Signature-256": await signGitHub(secret, body) }),
    verify: ({ secret, body, headers }) => verifyGitHub(secret, body, headers["x-hub-signature-256"]),
  },
  {
    ...stripe,
    library: "stripe (npm)",
    sign: ({ secret, body, now }) => ({
      "Stripe-Signature": Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: now }),
    }),
    verify: ({ secret, body, headers }) =>
      proves(() => Stripe.webhooks.constructEvent(body, headers["stripe-signature"], secret)),
  },
  {
    ...stripe,
    library: "stripe (PyPI)",
    sign: ({ secret, body, now }) => python("stripe_sign", { secret, body, now }),
    verify: ({ secret, body, headers }) => python("stripe_verify", { secret, body, headers }),
  },
  {
    ...slack,
    library: "slack-sdk (PyPI)",
    sign: ({ secret, body, now }) => python("slack_sign", { secret, body, now }),
    verify: ({ secret, body, headers }) => python("slack_verify", { secret, body, headers }),
  },
  {
    ...slack,
    library: "@slack/bolt (npm)",
    verify: ({ secret, body, headers }) =>
      proves(() => bolt.verifySlackRequest({ signingSecret: secret, body, headers })),
  },
  {
    ...twilioForm,
    library: "twilio (npm)",
    sign: ({ secret, body, url }) => ({
      "X-Twilio-Signature": twilio.getExpectedTwilioSignature(secret, url, fields(body)),
    }),
    verify: ({ secret, body, url, headers }) =>
      twilio.validateRequest(secret, headers["x-twilio-signature"], url, fields(body)),
  },
  {
    preset: "twilio",
    library: "twilio (npm), JSON",
    secret: text,
    headers: ({ id }) => ({ "I-Twilio-Idempotency-Token": id }),
    body: ({ id }) => ({ EventType: "onMessageAdded", MessageSid: `IM${id}`, Body: NOTE }),
    query: (body) => `?bodySHA256=${twilio.getExpectedBodyHash(body)}`,
    sign: ({ secret, url }) => ({ "X-Twilio-Signature": twilio.getExpectedTwilioSignature(secret, url, {}) }),
  },
  {
    ...twilioForm,
    library: "twilio (PyPI)",
    sign: ({ secret, body, url }) => python("twilio_sign", { secret, url, parameters: fields(body) }),
    verify: ({ secret, body, url, headers }) =>
      python("twilio_verify", { secret, url, parameters: fields(body), headers }),
  },
  {
    ...sendGrid,
    library: "@sendgrid/eventwebhook (npm)",
    verify({ secret, body, headers }) {
      const judge = new sendgrid.EventWebhook();
      const header = (name) => headers[name.toLowerCase()];
      const signature = header(sendgrid.EventWebhookHeader.SIGNATURE());
      const timestamp = header(sendgrid.EventWebhookHeader.TIMESTAMP());
      return judge.verifySignature(judge.convertPublicKeyToECDSA(secret), body, signature, timestamp);
    },
  },
  {
    ...sendGrid,
    library: "sendgrid (PyPI)",
    verify: ({ secret, body, headers }) => python("sendgrid_verify", { secret, body, headers }),
  },
  {
    ...paddle,
    library: "@paddle/paddle-node-sdk (npm)",
    verify({ secret, body, headers }) {
      const { webhooks } = new Paddle("invented", { environment: Environment.sandbox });
      return webhooks.isSignatureValid(body, secret, headers["paddle-signature"]);
    },
  },
  {
    ...paddle,
    library: "paddle-python-sdk (PyPI)",
    verify: ({ secret, body, headers }) => python("paddle_verify", { secret, body, headers }),
  },
  {
    preset: "square",
    library: "square (npm)",
    secret: text,
    body: ({ id, now }) => ({
      merchant_id: "M1",
      type: "payment.created",
      event_id: id,
      created_at: iso(now),
      data: { note: NOTE },
    }),
    verify: ({ secret, body, url, headers }) =>
      Square.verifySignature({
        requestBody: body,
        signatureHeader: headers["x-square-hmacsha256-signature"],
        signatureKey: secret,
        notificationUrl: url,
      }),
  },
  hubSpotBefore3("v1"),
  hubSpotBefore3("v2"),
  {
    ...hubSpot,
    library: "@hubspot/api-client (npm), v3",
    sign({ secret, body, url, now }) {
      const timestamp = now * 1000;
      const signed = { clientSecret: secret, requestBody: body, url, timestamp };
      return {
        "X-HubSpot-Request-Timestamp": String(timestamp),
        "X-HubSpot-Signature-v3": HubSpot.getSignature("POST", "v3", signed),
      };
    },
    verify: ({ secret, body, url, headers }) =>
      HubSpot.isValid({
        signatureVersion: "v3",
        signature: headers["x-hubspot-signature-v3"],
        timestamp: Number(headers["x-hubspot-request-timestamp"]),
        clientSecret: secret,
        requestBody: body,
        url,
      }),
  },
  {
    preset: "discord",
    library: "discord-interactions (npm)",
    // What Discord takes for a yes.
    yes: 204,
    secret: ed25519,
    body: ({ now }) => ({
      version: 1,
      application_id: "1",
      type: 1,
      event: { type: "ENTITLEMENT_CREATE", timestamp: iso(now), data: { note: NOTE } },
    }),
    sign: ({ secret, body, now }) => ({
      "X-Signature-Timestamp": String(now),
      "X-Signature-Ed25519": signWith(null, Buffer.from(now + body), secret).toString("hex"),
    }),
    witness: true,
    verify: ({ secret, body, headers }) =>
      verifyKey(body, headers["x-signature-ed25519"], headers["x-signature-timestamp"], secret),
  },
  {
    preset: "linear",
    library: "@linear/sdk (npm)",
    secret: () => `lin_wh_${text()}`,
    headers: ({ id, now }) => ({
      "Linear-Event": "Issue",
      "Linear-Delivery": id,
      "Linear-Timestamp": String(now * 1000),
    }),
    body: ({ id, now }) => ({
      action: "create",
      type: "Issue",
      data: { id, title: NOTE },
      webhookTimestamp: now * 1000,
      webhookId: id,
    }),
    verify({ secret, body, headers }) {
      const { webhookTimestamp } = JSON.parse(body);
      return new LinearWebhookClient(secret).verify(Buffer.from(body), headers["linear-signature"], webhookTimestamp);
    },
  },
  {
    preset: "netlify",
    library: "jsonwebtoken (npm)",
    secret: text,
    headers: () => ({ "X-Netlify-Event": "deploy_created" }),
    body: ({ id }) => ({ id, state: "ready", name: "site", title: NOTE }),
    sign({ secret, body }) {
      const claims = { iss: "netlify", sha256: sha256(body) };
      return { "X-Webhook-Signature": jwt.sign(claims, secret, { algorithm: "HS256" }) };
    },
    verify({ secret, body, headers }) {
      const settings = { issuer: "netlify", algorithms: ["HS256"] };
      return jwt.verify(headers["x-webhook-signature"], secret, settings).sha256 === sha256(body);
    },
  },
  {
    preset: "line",
    library: "@line/bot-sdk (npm)",
    secret: text,
    body: ({ id, now }) => ({
      destination: "U1",
      events: [
        { type: "message", webhookEventId: id, timestamp: now * 1000, message: { type: "text", text: NOTE } },
      ],
    }),
    verify: ({ secret, body, headers }) => validateSignature(body, secret, headers["x-line-signature"]),
  },
];
