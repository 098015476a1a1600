// The menu "Examples": pastes, alerts, what others say, for people who try the bot.
import { api, sandbox } from "./api.js";
import { h, toast } from "./dom.js";
import { LOOKUP, alertEntries } from "./examples.js";
import { channel, known, people, shown } from "./known.js";
import { attachMenu } from "./menus.js";

/** `page`: open(channel), post(text) as oneself, posted(ts) of what others posted at one's wish, resync(). */
export function trying(page) {
  const telling = (action) => async (...given) => {
    try { await action(...given); } catch (error) { toast(error.message); }
  };

  const alert = telling(async (shape, status) => {
    if (channel().is_im) page.open(known.order.find((id) => known.channels.get(id).name === "alerts") ?? shown.channel);
    page.posted((await sandbox(shown.me.token, "alert", { shape, status, channel: shown.channel })).ts);
  });

  /** A channel shared with another organisation, with a person of it. */
  const strangers = telling(async () => {
    const told = await sandbox(shown.me.token, "channel", { name: "shared-with-acme", shared: true, topic: "Shared with another organisation" });
    if (![...known.users.values()].some((one) => one.name === "eve")) await sandbox(shown.me.token, "person", { name: "eve", stranger: true });
    await page.resync();
    page.open(told.channel);
  });

  const example = telling(async (one) => {
    if (!one.asBot || channel().name !== "alerts") { await page.post(one.text()); return; }
    const bot = known.apps.find((app) => app.name === "Alert Bot");
    page.posted((await api(bot.token, "chat.postMessage", { channel: shown.channel, text: one.text() })).ts);
  });

  const lookup = telling(async () => {
    const grace = people().find((one) => one.name === "grace");
    if (!shown.thread) throw new Error("Open a thread first. A lookup result is posted in a thread.");
    await api(grace.token, "chat.postMessage", { channel: shown.channel, thread_ts: shown.thread, text: LOOKUP });
  });

  const menu = () => {
    const button = h("button", { class: "tool examples", type: "button", id: "examples" }, "Examples");
    return [attachMenu(button, "Examples", () => [
      ...(known.examples.length ? [{ heading: "Pastes" }] : []),
      ...known.examples.map((one) => ({ label: one.title, hint: one.hint, id: one.id, run: () => example(one) })),
      ...(known.isSample ? [
        { heading: "In the open thread" },
        { label: "A lookup result, by Grace", hint: "with the tugboat that the Satellite job needs", id: "lookup", run: lookup },
        { heading: "Alerts, by the Alert Bot" },
        ...alertEntries(known.alerts, alert),
      ] : []),
      { heading: "Other organisations" },
      { label: "Add a shared channel", hint: "with Eve, an external user", id: "strangers", run: strangers },
    ])];
  };
  return { menu, post: example };
}
