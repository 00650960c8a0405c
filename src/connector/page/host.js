// All that the pages say to Teams and hear from it, through TeamsJS, whose global is of version 2 or 1. What the host
// says is a hint: who one is, the server learns from a token.

/** How long the host may take to answer, in milliseconds. */
const PATIENCE = 10_000;
const SILENT = "Teams does not answer this page.";
const NO_SCRIPT = "The part of this page that talks to Teams could not be loaded.";

/** The host does not do what a host does; its message is for people. */
export class HostFault extends Error {}

/** Whether another page, or the app of a phone, holds this one. */
export function held() {
  return window.parent !== window || Boolean(window.nativeInterface);
}

/** Greets the host and learns where the page stands. */
export async function meetHost() {
  const teams = await library();
  const wire = teams.app ? modern(teams) : legacy(teams);
  await within(wire.initialize());
  const context = await within(wire.context());
  return {
    context,
    loaded: () => quietly(() => wire.loaded()),
    onTheme: (hear) => quietly(() => wire.onTheme(hear)),
    config: async () => (await within(wire.config())) ?? {},
    setConfig: (config) => within(wire.setConfig(config)),
    valid: (is) => quietly(() => wire.valid(is)),
    onSave: (hear) => wire.onSave((event) => hear(oneAnswer(event))),
    onRemove: (hear) => wire.onRemove((event) => hear(oneAnswer(event))),
    token: (silent) => within(wire.token(silent), silent ? PATIENCE : 0),
    popup: (url) => wire.popup({ url, width: 600, height: 640 }),
    popupDone: () => wire.popupDone("signed-in"),
    popupFailed: (words) => wire.popupFailed(words),
  };
}

/** TeamsJS, which may still be on its way where its script is loaded beside the page. */
async function library() {
  const script = document.querySelector('script[src$="MicrosoftTeams.min.js"]');
  if (!globalThis.microsoftTeams && script?.async) {
    const arrived = new Promise((done) => ["load", "error"].forEach((end) => script.addEventListener(end, done)));
    await within(arrived, PATIENCE).catch(() => {});
  }
  if (!globalThis.microsoftTeams) throw new HostFault(NO_SCRIPT);
  return globalThis.microsoftTeams;
}

function modern(teams) {
  const { app, authentication, pages } = teams;
  return {
    initialize: () => app.initialize(),
    context: async () => contextOf(await app.getContext()),
    // A host that promises to answer this and does not must hold nothing up.
    loaded: () => [app.notifyAppLoaded(), app.notifySuccess()].map((one) => one?.catch?.(() => {})),
    onTheme: (hear) => app.registerOnThemeChangeHandler(hear),
    config: () => pages.getConfig(),
    setConfig: (config) => pages.config.setConfig(config),
    valid: (is) => pages.config.setValidityState(is),
    onSave: (hear) => pages.config.registerOnSaveHandler(hear),
    onRemove: (hear) => pages.config.registerOnRemoveHandler(hear),
    token: (silent) => authentication.getAuthToken({ silent }),
    popup: (window) => authentication.authenticate(window),
    popupDone: (result) => authentication.notifySuccess(result),
    popupFailed: (words) => authentication.notifyFailure(words),
  };
}

function contextOf({ app, page, user, team, channel }) {
  const hints = hintsOf({
    tenant: user?.tenant?.id,
    team: team?.groupId ?? team?.internalId,
    team_name: team?.displayName,
    channel: channel?.id,
    channel_name: channel?.displayName,
    user: user?.id,
  });
  return { theme: app?.theme, frame: page?.frameContext, hints };
}

function legacy(teams) {
  const { appInitialization, authentication, settings } = teams;
  return {
    initialize: () => new Promise((done) => teams.initialize(done)),
    context: () => new Promise((done) => teams.getContext((said) => done(legacyContextOf(said ?? {})))),
    loaded: () => [appInitialization.notifyAppLoaded(), appInitialization.notifySuccess()],
    onTheme: (hear) => teams.registerOnThemeChangeHandler(hear),
    config: () => new Promise((done) => settings.getSettings(done)),
    setConfig: (config) =>
      new Promise((done, refused) => settings.setSettings(config, (went, why) => (went ? done() : refused(new Error(why))))),
    valid: (is) => settings.setValidityState(is),
    onSave: (hear) => settings.registerOnSaveHandler(hear),
    onRemove: (hear) => settings.registerOnRemoveHandler(hear),
    token: (silent) => answered((callbacks) => authentication.getAuthToken({ silent, ...callbacks })),
    popup: (window) => answered((callbacks) => authentication.authenticate({ ...window, ...callbacks })),
    popupDone: (result) => authentication.notifySuccess(result),
    popupFailed: (words) => authentication.notifyFailure(words),
  };
}

function legacyContextOf(said) {
  const { theme, frameContext: frame, tid, groupId, teamId, teamName, channelId, channelName, userObjectId } = said;
  const hints = hintsOf({ tenant: tid, team: groupId ?? teamId, team_name: teamName, channel: channelId, channel_name: channelName, user: userObjectId });
  return { theme, frame, hints };
}

/** The contract's TEAM: every hint a text or null. */
function hintsOf(said) {
  const names = ["app_type", "tenant", "team", "team_name", "channel", "channel_name", "user"];
  return Object.fromEntries(names.map((name) => [name, typeof said[name] === "string" && said[name] ? said[name] : null]));
}

function answered(ask) {
  return new Promise((successCallback, refused) => ask({ successCallback, failureCallback: (why) => refused(new Error(why)) }));
}

/** An event of the host that is answered once, whatever happens. */
function oneAnswer(event) {
  let open = true;
  const once = (answer) => {
    if (!open) return;
    open = false;
    answer();
  };
  return {
    result: event?.result ?? {},
    succeed: () => once(() => event.notifySuccess()),
    fail: (words) => once(() => event.notifyFailure(words)),
  };
}

/** What the host says, or a fault in words where it says nothing in time; 0 waits for as long as it takes. */
async function within(promise, patience = PATIENCE) {
  if (patience === 0) return promise;
  let timer;
  const late = new Promise((_, refused) => {
    timer = setTimeout(() => refused(new HostFault(SILENT)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** For what the page can do without, and older hosts may lack. */
function quietly(ask) {
  try {
    ask();
  } catch {
    // The page is the same without it.
  }
}
