// One message as a node.
import { attachments, blocks, files } from "./blocks.js";
import { h, toast } from "./dom.js";
import { collect } from "./elements.js";
import { emoji } from "./emoji.js";
import { icon } from "./icons.js";
import { attachMenu } from "./menus.js";
import { mrkdwn } from "./mrkdwn.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric" });

export const date = (ts) => new Date(parseFloat(ts) * 1000);
export const dayOf = (ts) => {
  const [then, now] = [date(ts).toDateString(), new Date()];
  if (then === now.toDateString()) return "Today";
  now.setDate(now.getDate() - 1);
  return then === now.toDateString() ? "Yesterday" : day.format(date(ts));
};

export function avatar(user, kind = "") {
  const initials = (user?.real_name ?? "?").split(/\s+/).map((word) => word[0]).slice(0, 2).join("").toUpperCase();
  const node = h("span", { class: `avatar ${kind}${user?.is_bot ? " bot" : ""}`, "aria-hidden": "true" }, user?.name === "signpost" ? h("img", { src: "/page/icon.svg", alt: "" }) : initials);
  node.style.backgroundColor = user?.color ?? "#64748b";
  return node;
}

/**
 * `ctx`: user(id), names, me(), inThread, follows (same author just before), openThread, edit, remove, dismiss, react,
 * act, shortcuts() (of apps, for messages) and shortcut(one, channel, message).
 */
export function message(one, channel, ctx) {
  const user = ctx.user(one.user ?? one.bot_id);
  const mine = one.user === ctx.me().id;
  const name = one.username ?? user?.real_name ?? "Somebody";
  const time = h("time", { dateTime: date(one.ts).toISOString(), title: full.format(date(one.ts)) }, clock.format(date(one.ts)));
  if (one.subtype === "tombstone") return h("article", { class: "message gone", dataset: { ts: one.ts } }, h("p", {}, "This message was deleted."), summary(one, channel, ctx));
  const act = async (element, block, node, value) => {
    if (node.disabled) return;
    const article = node.closest("article");
    article?.querySelector(".no-answer")?.remove();
    // Not `disabled`: that would take the keyboard's focus away.
    if (node.getAttribute("aria-busy") === "true") return;
    node.setAttribute("aria-busy", "true");
    node.classList?.add("busy");
    const sorry = (text) => article?.querySelector(".body")?.append(h("p", { class: "no-answer", role: "alert" }, text));
    try {
      const told = await ctx.act(channel, one, element, block, value, article ? collect(article) : {});
      if (!told.acknowledged && !element.url) sorry(`${name} didn't respond. Try again?`);
    } catch (error) { sorry(error.message); }
    node.removeAttribute("aria-busy");
    node.classList?.remove("busy");
  };
  const shown = Array.isArray(one.blocks) && one.blocks.length ? blocks(one.blocks, ctx.names, act) : one.text ? h("div", { class: "b-text" }, mrkdwn(one.text, ctx.names)) : null;
  const node = h("article", {
    class: `message${ctx.follows ? " follows" : ""}${one.ephemeral_to ? " ephemeral" : ""}${user?.is_bot ? " from-bot" : ""}`,
    dataset: { ts: one.ts }, "aria-label": `${name}, ${clock.format(date(one.ts))}`,
  },
    h("div", { class: "gutter" }, ctx.follows ? time : avatar(user)),
    h("div", { class: "body" },
      one.ephemeral_to ? h("p", { class: "only-you" }, icon("eye"), "Only you can see this", h("button", { class: "link", type: "button", onclick: () => ctx.dismiss(channel, one) }, "Dismiss")) : null,
      ctx.follows ? null : h("header", {}, h("strong", {}, name), user?.is_bot || one.bot_id ? h("span", { class: "tag" }, "app") : null, user?.is_stranger ? h("span", { class: "tag out-tag", title: "From another organisation" }, "external") : null, time),
      h("div", { class: "content" }, shown, one.edited && (mine || !user?.is_bot) ? h("span", { class: "edited", title: full.format(date(one.edited.ts)) }, "(edited)") : null),
      attachments(one.attachments, ctx.names, act), files(one.files),
      reactions(one, channel, ctx), summary(one, channel, ctx)),
    tools(one, channel, ctx, mine));
  return node;
}

function tools(one, channel, ctx, mine) {
  if (one.ephemeral_to) return null;
  const tool = (label, text, click) => h("button", { class: "tool", type: "button", title: label, "aria-label": label, onclick: click }, text);
  return h("div", { class: "message-tools" },
    tool("React with eyes", icon("eye"), () => ctx.react(channel, one, "eyes")),
    tool("React with a check mark", icon("check"), () => ctx.react(channel, one, "white_check_mark")),
    ctx.inThread ? null : tool("Reply in a thread", icon("thread"), () => ctx.openThread(one.thread_ts ?? one.ts)),
    mine && one.subtype !== "file_share" ? tool("Edit", icon("edit"), () => ctx.edit(channel, one)) : null,
    mine ? tool("Delete", icon("trash"), () => ctx.remove(channel, one)) : null,
    attachMenu(tool("More actions", icon("more"), null), "More actions", () => [
      ...ctx.shortcuts().map((found) => ({ label: found.name, hint: found.app, id: found.callback_id, run: () => ctx.shortcut(found, channel, one) })),
      { heading: "This message" },
      { label: "Copy text", run: () => copy(one.text ?? "") },
      { label: "Copy link", run: () => copy(`${location.origin}/archives/${channel}/p${one.ts.replace(".", "")}`) },
    ]));
}

async function copy(text) {
  try { await navigator.clipboard.writeText(text); toast("Copied"); } catch { toast("The browser blocked copying."); }
}

function reactions(one, channel, ctx) {
  if (!one.reactions?.length) return null;
  return h("div", { class: "reactions" }, one.reactions.map((reaction) => h("button", {
    class: "reaction", type: "button", "aria-pressed": String(reaction.users.includes(ctx.me().id)),
    title: reaction.users.map((id) => ctx.names.user(id) ?? id).join(", "), onclick: () => ctx.react(channel, one, reaction.name),
  }, emoji(reaction.name), h("span", {}, ` ${reaction.count}`))));
}

function summary(one, channel, ctx) {
  if (ctx.inThread || !one.reply_count) return null;
  return h("button", { class: "thread-link", type: "button", onclick: () => ctx.openThread(one.ts) },
    h("span", { class: "stack" }, (one.reply_users ?? []).slice(0, 4).map((id) => avatar(ctx.user(id), "small"))),
    h("strong", {}, `${one.reply_count} ${one.reply_count === 1 ? "reply" : "replies"}`),
    h("span", { class: "muted" }, `last at ${clock.format(date(one.latest_reply))}`));
}
