// What people do, told to the workspace as the person they write as.
import { api, sandbox } from "./api.js";
import { toast } from "./dom.js";
import { shown } from "./known.js";
import { acted } from "./unseen.js";

/** Names this window, so that a modal opens here and not in every window of the person. */
export const client = crypto.randomUUID();

/** Asks an app for something. */
export function asking(action, body) {
  acted();
  return sandbox(shown.me.token, action, { ...body, client });
}

export async function remove(id, one) {
  if (!window.confirm("Delete this message? This may also delete the bot's answer.")) return;
  try { await api(shown.me.token, "chat.delete", { channel: id, ts: one.ts }); } catch (error) { toast(error.message); }
}

export async function react(id, one, name) {
  const has = one.reactions?.find((reaction) => reaction.name === name)?.users.includes(shown.me.id);
  try { await api(shown.me.token, has ? "reactions.remove" : "reactions.add", { channel: id, timestamp: one.ts, name }); } catch (error) { toast(error.message); }
}

export const act = (id, one, element, block, value, state) => asking("click", { channel: id, ts: one.ts, action_id: element.action_id, block_id: block.block_id, text: element.action_id ? undefined : element.text?.text, value, state });

export const dismiss = (id, one) => sandbox(shown.me.token, "delete", { channel: id, ts: one.ts }).catch((error) => toast(error.message));

/** Uses a shortcut of an app, on a message or for itself. */
export async function shortcut(one, id, on) {
  try {
    const told = await asking("shortcut", { callback_id: one.callback_id, channel: id, ts: on?.ts });
    if (!told.acknowledged) toast(`${one.app} didn't respond. Try again?`);
  } catch (error) { toast(error.message); }
}

export const snippet = (given, thread) => sandbox(shown.me.token, "upload", { channel: shown.channel, thread_ts: thread ?? undefined, ...given });

export async function upload(files, comment, thread) {
  const form = new FormData();
  form.append("channel", shown.channel);
  form.append("comment", comment);
  if (thread) form.append("thread_ts", thread);
  for (const file of files) form.append("file", file, file.name);
  await sandbox(shown.me.token, "upload", form);
}
