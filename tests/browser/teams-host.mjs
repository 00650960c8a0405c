// A page that does what Teams does around an app's pages: a frame, a Save and a Remove, and answers on TeamsJS's wire. It is
// written after the messages alone, so what TeamsJS checks of its host is checked here.

/** The host's page. */
export const HOST_PAGE = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Stand-in for Teams</title><link rel="icon" href="data:,"><script src="/host.js" defer></script></head>
  <body style="margin:0"><iframe title="App" style="width:100%;height:100vh;border:0"></iframe></body>
</html>`;

/** Its script. */
export const HOST_SCRIPT = `(${host})();`;

function host() {
  const frame = document.querySelector("iframe");
  const heard = [];
  let options = {};
  let settings = {};
  let origin = "";
  let popup = null;
  let asksForPopup = null;

  const event = (func, ...args) => frame.contentWindow.postMessage({ func, args }, origin);

  addEventListener("message", (message) => {
    const said = message.data;
    const isPopup = popup !== null && message.source === popup;
    if (!isPopup && message.source !== frame.contentWindow) return;
    heard.push({ func: said.func, args: said.args ?? [], from: isPopup ? "popup" : "frame" });
    if (options.silent?.includes(said.func)) return;
    const reply = (...args) => message.source.postMessage({ id: said.id, uuidAsString: said.uuidAsString, args }, message.origin);
    const answer = ANSWERS[said.func];
    if (answer) answer(reply, said.args ?? [], isPopup);
  });

  const ANSWERS = {
    initialize: (reply, _, isPopup) => reply(isPopup ? "authentication" : options.frame, options.client, options.runtime, "2.0.1"),
    getContext: (reply, _, isPopup) =>
      reply({
        locale: "en-us",
        theme: options.theme,
        entityId: settings.entityId ?? "",
        tid: "tenant-1",
        userObjectId: "user-1",
        channelId: "19:channel",
        channelName: "Builds",
        teamId: "19:team",
        teamName: "Octo",
        groupId: "group-1",
        frameContext: isPopup ? "authentication" : options.frame,
        hostClientType: options.client,
      }),
    "settings.getSettings": (reply) => reply({ ...settings }),
    "settings.setSettings": (reply, [wanted]) => {
      if (options.refuses) return reply(false, options.refuses);
      settings = { ...settings, ...wanted };
      // A connector's address is told only once the app has said what to keep.
      if (options.webhookUrl && !options.urlInEvent) Object.assign(settings, { webhookUrl: options.webhookUrl, appType: "teams", userObjectId: "user-1" });
      return reply(true);
    },
    "authentication.getAuthToken": (reply) => {
      const token = options.tokens.length > 1 ? options.tokens.shift() : options.tokens[0];
      return token ? reply(true, token) : reply(false, "resourceRequiresConsent");
    },
    "authentication.authenticate": (reply, [url]) => {
      asksForPopup = reply;
      popup = window.open(url, "", "width=600,height=640");
    },
    "authentication.authenticate.success": (_, args) => asksForPopup(true, args[0]),
    "authentication.authenticate.failure": (_, args) => asksForPopup(false, args[0]),
  };

  window.teams = {
    heard,
    settings: () => settings,
    open(url, more) {
      options = { frame: "settings", client: "web", runtime: "2.0.1", theme: "default", tokens: ["entra-token"], ...more };
      settings = { ...options.settings };
      origin = new URL(url).origin;
      frame.src = url;
    },
    be: (more) => Object.assign(options, more),
    save: () => event("settings.save", ...(options.urlInEvent ? [{ webhookUrl: options.webhookUrl }] : [])),
    remove: () => event("settings.remove"),
    theme: (name) => event("themeChange", name),
  };
}
