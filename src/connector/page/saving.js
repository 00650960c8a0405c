// What happens when someone presses Save in Teams: Teams is told what to keep only after the server has it on disk.

import { address, Problem } from "./api.js";
import { changesOf } from "./form.js";

/** Stands where the server's id will, while Teams is asked for the channel's address. */
const PROVISIONAL = "new";
const BUSY = "Your choices are being saved already. Wait a moment.";
const NO_ADDRESS = "Teams gave no address for this channel. Paste one on the page, then save again.";

/**
 * Answers the host's save events. `standing.subscription` is what the server has, null while there is nothing;
 * `pasted()` is called where Teams gives no address.
 */
export function saver({ host, api, form, standing, saved, failed, pasted }) {
  let busy = false;
  /** What a save that failed later on had made already, and for which address; the next save goes on from it. */
  let made = null;

  return async (event) => {
    if (busy) return event.fail(BUSY);
    busy = true;
    try {
      const wrong = form.wrong() || standing.wrong();
      if (wrong) throw new Problem(wrong);
      if (!standing.subscription || !(await changed(standing.subscription.id))) await add(event);
      saved();
      event.succeed();
    } catch (fault) {
      const words = fault.message || "It could not be saved. Try again.";
      failed(words);
      event.fail(words);
    } finally {
      busy = false;
    }
    return undefined;
  };

  /** False where it was removed meanwhile, so that it is added anew. */
  async function changed(id) {
    const wanted = form.value();
    await host.setConfig(configOf(id));
    await host.config();
    try {
      standing.subscription = (await api.change(id, changesOf(wanted))) ?? standing.subscription;
    } catch (fault) {
      if (fault.status !== 404) throw fault;
      standing.subscription = null;
    }
    return standing.subscription !== null;
  }

  async function add(event) {
    const wanted = form.value();
    // Teams makes the channel's address when it is told what to keep; the id is not known before the server has it.
    await host.setConfig(configOf(PROVISIONAL));
    const config = await host.config();
    const url = config.webhookUrl ?? event.result.webhookUrl;
    if (!url) {
      pasted();
      throw new Problem(NO_ADDRESS);
    }
    const subscription = await subscribed(wanted, url, config);
    await host.setConfig(configOf(subscription.id));
    standing.subscription = subscription;
  }

  async function subscribed(wanted, url, config) {
    if (made?.url === url) return (await api.change(made.subscription.id, changesOf(wanted))) ?? made.subscription;
    const team = { ...standing.hints, app_type: config.appType ?? null, user: config.userObjectId ?? standing.hints.user };
    const subscription = await api.add({ ...wanted, url, by: "connector", team });
    made = { url, subscription };
    return subscription;
  }

  function configOf(entityId) {
    const name = form.value().name ?? form.source().title;
    return {
      entityId,
      contentUrl: address(standing.isTab() ? "tab" : "config"),
      websiteUrl: address("tab"),
      removeUrl: address("remove"),
      suggestedDisplayName: name,
      configName: name,
    };
  }
}

/** Answers the host's remove events: what is gone already is removed as well. */
export function remover({ host, api, removed = () => {}, failed = () => {} }) {
  let busy = false;
  return async (event) => {
    if (busy) return event.fail("It is being removed already. Wait a moment.");
    busy = true;
    try {
      const { entityId } = await host.config();
      if (entityId && entityId !== PROVISIONAL) {
        await api.remove(entityId).catch((fault) => {
          if (fault.status !== 404) throw fault;
        });
      }
      removed();
      event.succeed();
    } catch (fault) {
      const words = fault.message || "It could not be removed. Try again.";
      failed(words);
      event.fail(words);
    } finally {
      busy = false;
    }
    return undefined;
  };
}

/** What Teams keeps for this channel: the subscription, or why there is none to go on from. */
export async function kept({ host, api }) {
  const { entityId } = await host.config();
  if (!entityId || entityId === PROVISIONAL) return { subscription: null, gone: false };
  try {
    return { subscription: await api.get(entityId), gone: false };
  } catch (fault) {
    if (fault.status !== 404) throw fault;
    return { subscription: null, gone: true };
  }
}
