// Every page of the connector in every state that looks different: for axe, and for people to look at.

import { GITHUB, scriptedApi, subscription } from "./connector-api.mjs";
import { RELAY, fresh, inTeams } from "./connector-server.mjs";

const PASTED = "https://prod.westeurope.logic.azure.example/workflows/1";
const ADDRESS = "https://relay.webhook.office.example/1";
const SET_UP = { entityId: "sub-1" };
const signedIn = () => ({ "teams-relay.pass": JSON.stringify({ pass: "guest-pass", expires: "2099-01-01T00:00:00Z" }) });

const MANY = [
  subscription({ waiting: 12, warning: "The person who made this Workflow may have left. Ask them who owns it now." }),
  subscription({ id: "sub-2", name: null, state: "unproved", source: "alerts", events: ["*"], chips: { all: true, repository: [], branch: [], label: [] }, last_delivery: null, quota: [] }),
  subscription({
    id: "sub-3",
    name: "Releases of everything that the platform team looks after",
    state: "degraded",
    min_severity: "critical",
    chips: { all: false, repository: [{ glob: "octo/*", not: false }, { glob: "octo/a-repository-with-a-rather-long-name-that-must-wrap", not: true }], branch: [{ glob: "release/*", not: false }], label: [] },
    refusals: [
      { at: "2026-11-26T09:00:00Z", says: "Teams was too busy and took no more posts." },
      { at: "2026-11-26T08:00:00Z", says: "The Workflow is switched off. Its owner can switch it on again." },
    ],
  }),
  subscription({ id: "sub-4", name: "Nightly", state: "paused" }),
  subscription({ id: "sub-5", name: "Old", state: "dead" }),
];

const MANY_SOURCES = Array.from({ length: 14 }, (_, index) => ({
  ...GITHUB,
  name: `source-${index}`,
  title: `Source ${index} ${"of the platform team".slice(0, index * 2)}`,
  events: [...GITHUB.events, ...Array.from({ length: 12 }, (__, at) => ({ type: `more_${at}`, title: `More ${at}`, says: "And what it says" }))],
}));

/** `open` leads to the state; `plain` pages are no one's frame. */
export const STATES = [
  teams("config-new", {}, ({ frame }) => frame.getByText("Where from").waitFor()),
  teams("config-chosen", {}, async ({ frame }) => {
    await frame.getByRole("radio", { name: /^GitHub/ }).check();
    await sampled(frame);
  }),
  teams("config-edit", { api: () => scriptedApi({ kept: [MANY[2]] }), settings: { entityId: "sub-3" } }, async ({ frame }) => {
    await frame.getByText("but not octo/a-repository").waitFor();
    await sampled(frame);
  }),
  teams("config-chips", { api: () => scriptedApi({ sources: [GITHUB] }) }, async ({ frame }) => {
    await frame.getByRole("checkbox", { name: /^Workflow runs/ }).check();
    for (const [kind, glob] of [["repository", "octo/*"], ["repository", "acme/*"], ["branch", "dependabot/**"], ["label", "bug"]]) {
      await frame.getByLabel("Condition", { exact: true }).selectOption(kind);
      await frame.getByLabel("Called").fill(glob);
      await frame.getByLabel("Called").press("Enter");
    }
    await frame.getByRole("button", { name: "not branch dependabot/**" }).click();
    await frame.getByRole("button", { name: "Add" }).click();
    await frame.getByText("Write what it is called first.").waitFor();
    await sampled(frame);
  }),
  teams("config-none", { api: () => scriptedApi({ sources: [GITHUB] }) }, async ({ frame }) => {
    await frame.getByRole("checkbox", { name: /^Everything/ }).uncheck();
    await sampled(frame);
  }),
  teams("config-refused", { api: () => refusing("POST subscriptions", 422, "This channel cannot be posted to. Ask your admin.") }, async ({ frame, save }) => {
    await frame.getByRole("radio", { name: /^GitHub/ }).check();
    await save();
    await frame.getByText("This channel cannot be posted to.").waitFor();
  }),
  teams("config-gone", { settings: { entityId: "sub-9" } }, ({ frame }) => frame.getByText("is not there any more").first().waitFor()),
  teams("config-address", { page: "config?for=tab", webhookUrl: null }, async ({ frame }) => {
    await frame.getByRole("radio", { name: /^GitHub/ }).check();
    await frame.getByRole("button", { name: "Post a card with a code" }).click();
    await frame.getByText("Paste the Workflows address").waitFor();
    await frame.getByText("Where do I find it?").click();
  }),
  teams("config-code", { page: "config?for=tab", webhookUrl: null }, async ({ frame }) => {
    await frame.getByRole("radio", { name: /^GitHub/ }).check();
    await frame.getByLabel("Workflows address of the channel").fill(PASTED);
    await frame.getByRole("button", { name: "Post a card with a code" }).click();
    await frame.getByLabel("Code").fill("999999");
    await frame.getByRole("button", { name: "Confirm" }).click();
    await frame.getByText("That is not the code.").waitFor();
  }),
  teams("config-many", { api: () => scriptedApi({ sources: MANY_SOURCES }) }, async ({ frame }) => {
    await frame.getByRole("radio", { name: /^Source 3/ }).check();
    await sampled(frame);
  }),
  teams("config-nothing", { api: () => scriptedApi({ sources: [] }) }, ({ frame }) => frame.getByText("Nothing is on offer yet.").waitFor()),
  teams("silent", { silent: ["initialize"] }, async ({ frame, page, api }) => {
    while (api.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await frame.getByText("One moment…").waitFor();
    await page.clock.fastForward(11_000);
    await frame.getByText("Teams does not answer this page.").waitFor();
  }),
  teams("sign-in", { tokens: [null] }, ({ frame }) => frame.getByText("Teams could not sign you in").waitFor()),
  teams("remove", { page: "remove", frame: "remove", settings: SET_UP }, ({ frame }) => frame.getByText("Press Remove").waitFor()),
  teams("tab", { page: "tab", frame: "content", api: () => scriptedApi({ kept: MANY }) }, async ({ frame }) => {
    await frame.getByText("Not posted lately (2)").click();
  }),
  teams("tab-empty", { page: "tab", frame: "content" }, ({ frame }) => frame.getByText("Nothing is posted anywhere yet.").waitFor()),
  teams("tab-remove", { page: "tab", frame: "content", api: () => scriptedApi({ kept: MANY.slice(0, 1) }) }, async ({ frame }) => {
    await frame.getByRole("button", { name: "Remove: Builds" }).click();
    await frame.getByRole("dialog").waitFor();
  }),
  teams("tab-edit", { page: "tab", frame: "content", api: () => scriptedApi({ kept: MANY.slice(0, 1) }) }, async ({ frame }) => {
    await frame.getByRole("button", { name: "Edit: Builds" }).click();
    await sampled(frame);
  }),
  teams("tab-tested", { page: "tab", frame: "content", api: () => scriptedApi({ kept: MANY.slice(0, 1) }) }, async ({ frame }) => {
    await frame.getByRole("button", { name: "Send a test card: Builds" }).click();
    await frame.getByText("Teams took the card.").waitFor();
  }),
  plain("plain-invitation", "tab", {}, (page) => page.getByText("You need an invitation").waitFor()),
  plain("plain-used-invitation", "tab#invite=used-invitation", {}, (page) => page.getByText("This invitation was used already").waitFor()),
  plain("plain-add", "config", signedIn(), async (page) => {
    await page.getByRole("radio", { name: /^GitHub/ }).check();
    await page.getByRole("button", { name: "Add", exact: true }).last().click();
    await page.getByText("Paste the Workflows address").waitFor();
  }),
  plain("plain-code", "config", signedIn(), pasted),
  plain("plain-done", "config", signedIn(), async (page) => {
    await pasted(page);
    await page.getByLabel("Code").fill("123456");
    await page.getByLabel("Code").press("Enter");
    await page.getByRole("heading", { name: "Done" }).waitFor();
  }),
  plain("plain-remove", "remove", signedIn(), (page) => page.getByText("works inside Teams alone").waitFor()),
  plain("plain-signed-in", "signed-in", {}, (page) => page.getByText("You can close this window.").waitFor()),
];

async function pasted(page) {
  await page.getByRole("radio", { name: /^Alerts/ }).check();
  await page.getByLabel("Workflows address of the channel").fill(PASTED);
  await page.locator("button[type=submit]").click();
  await page.getByLabel("Code").waitFor();
}

const sampled = (frame) => frame.locator(".stage .card").waitFor();

function refusing(what, status, detail) {
  const api = scriptedApi();
  api.refuse(what, status, detail);
  return api;
}

/** A state inside Teams; `become` changes the theme. */
function teams(name, { page: path = "config", api = scriptedApi, ...host }, act) {
  return {
    name,
    async open(connector, look = {}) {
      const scripted = api();
      connector.serve(scripted);
      const opened = await fresh(connector, look);
      const held = await inTeams(opened.page, path, { webhookUrl: ADDRESS, ...host });
      await act({ ...held, page: opened.page, api: scripted });
      const target = held.inner();
      const become = async (theme) => {
        // A host that is silent tells no theme.
        if (host.silent) return preferred(opened.page, theme);
        await held.theme(theme);
        await target.waitForFunction((name) => document.documentElement.dataset.theme === name && !document.querySelector(".stage[aria-busy]"), theme);
      };
      return { ...opened, target, become };
    },
  };
}

const preferred = (page, theme) => page.emulateMedia({ colorScheme: theme === "default" ? "light" : "dark", contrast: theme === "contrast" ? "more" : null });

/** A state of a page that nobody holds; Teams' contrast theme is not known there. */
function plain(name, path, kept, act) {
  return {
    name,
    async open(connector, look = {}) {
      connector.serve(scriptedApi());
      const opened = await fresh(connector, look);
      await opened.page.addInitScript((entries) => {
        if (location.protocol === "https:") for (const [key, value] of Object.entries(entries)) localStorage.setItem(key, value);
      }, kept);
      await opened.page.goto(`${RELAY}/connector/${path}`);
      await act(opened.page);
      const become = async (theme) => {
        await preferred(opened.page, theme);
        await opened.page.waitForFunction(() => !document.querySelector(".stage[aria-busy]"));
      };
      return { ...opened, target: opened.page, become };
    },
  };
}
