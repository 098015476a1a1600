// What the page knows of the workspace, what it shows, and how to look things up.
import { workspace } from "./api.js";
import { EXAMPLES } from "./examples.js";

export const known = { users: new Map(), bots: new Map(), groups: new Map(), channels: new Map(), order: [], apps: [], homes: new Map(), alerts: [], examples: [], notice: null, isSample: true };
export const shown = { me: null, channel: null, thread: null, editing: null, tab: "messages", lastOwnRoot: null, jenkins: false, underWay: 0 };
export const stored = (key, value) => {
  try { if (value === undefined) return localStorage.getItem(key); localStorage.setItem(key, value); } catch { /* private mode */ }
  return null;
};
/** Kept for this tab alone: two windows are two people. A reload keeps it, and a duplicated tab begins as the same person. */
export const storedHere = (key, value) => {
  try { if (value === undefined) return sessionStorage.getItem(key); sessionStorage.setItem(key, value); } catch { /* private mode */ }
  return null;
};
export const readKey = () => `signpost-read-${shown.me.id}`;
export const reads = () => { try { return JSON.parse(stored(readKey()) ?? "{}"); } catch { return {}; } };

export async function load() {
  const state = await workspace();
  known.users = new Map(state.users.map((user) => [user.id, user]));
  known.bots = new Map(state.users.filter((user) => user.bot_id).map((user) => [user.bot_id, user]));
  known.apps = state.apps;
  known.isSample = !state.examples;
  known.notice = state.notice;
  known.examples = state.examples?.map((one, at) => ({ id: `own-${at}`, title: one.title, hint: one.hint, asBot: one.is_alert, text: () => one.text })) ?? EXAMPLES;
  // The alerts of monitoring are those that the sample pack knows.
  known.alerts = known.isSample ? state.alerts : [];
  known.groups = new Map(state.groups.map((group) => [group.id, group]));
  known.homes = new Map(state.views.filter((view) => view.type === "home").map((view) => [homeKey(view), view]));
  known.order = state.channels.map((channel) => channel.id);
  known.channels = new Map(state.channels.map((channel) => [channel.id, { ...channel, messages: new Map(channel.messages.map((one) => [one.ts, one])) }]));
}

export const user = (id) => known.users.get(id) ?? known.bots.get(id);
export const people = () => [...known.users.values()].filter((one) => !one.is_bot);
export const names = {
  user: (id) => user(id)?.name, channel: (id) => known.channels.get(id)?.name, group: (id) => known.groups.get(id)?.handle,
  people: () => [...known.users.values()].map((one) => [one.id, one.real_name]),
  channels: () => mine().filter((one) => !one.is_im).map((one) => [one.id, `#${one.name}`]),
};
export const homeKey = (view) => `${view.app_id}-${view.user_id}`;
/** The app whose direct messages are open. */
export const appHere = () => (channel()?.is_im ? known.apps.find((app) => channel().members.includes(app.user_id)) : null);
export const appName = (id) => known.apps.find((app) => app.id === id)?.name ?? "The app";
/** An app that never came is not offered; the bot is, so that people see when it is away. */
export const present = () => known.apps.filter((app) => app.connections > 0 || app.request_url || app.name === "Signpost");
export const offered = (kind) => present().flatMap((app) => app.shortcuts.filter((one) => one.type === kind).map((one) => ({ ...one, app: app.name })));
export const channel = () => known.channels.get(shown.channel);
export const mine = () => known.order.map((id) => known.channels.get(id)).filter((one) => one.members.includes(shown.me.id));
export const visible = (one) => !one.ephemeral_to || one.ephemeral_to === shown.me.id;
export const isRoot = (one) => !one.thread_ts || one.thread_ts === one.ts || one.subtype === "thread_broadcast";
export const titleOf = (one) => (one.is_im ? user(one.members.find((id) => id !== shown.me.id))?.real_name ?? "Direct message" : one.name);
export const isPhone = () => window.matchMedia("(max-width: 760px)").matches;
