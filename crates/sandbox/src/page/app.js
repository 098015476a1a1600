// The page: what is shown, and what happens.
import { api, listen, sandbox } from "./api.js";
import { composer } from "./composer.js";
import { act, asking, client, dismiss, react, remove, shortcut, snippet, upload } from "./doing.js";
import { announce, byId, h, toast } from "./dom.js";
import { editor } from "./editor.js";
import { home, tabs } from "./home.js";
import { icon } from "./icons.js";
import { jenkinsPanel } from "./jenkins-panel.js";
import { appHere, appName, channel, homeKey, isPhone, isRoot, known, load, mine, names, offered, people, present, readKey, reads, shown, stored, storedHere, titleOf, user, visible } from "./known.js";
import { lookSwitch } from "./look.js";
import { avatar, date, dayOf, message } from "./message.js";
import { closeView, isShown, showView } from "./modal.js";
import { roving } from "./roving.js";
import { trying } from "./trying.js";
import { unseen } from "./unseen.js";

// --- the sidebar ---------------------------------------------------------------------------------------------------

function drawSidebar() {
  const read = reads();
  const row = (one) => {
    const last = [...one.messages.values()].filter((m) => visible(m) && m.user !== shown.me.id).at(-1)?.ts ?? "0";
    const unread = one.id !== shown.channel && last > (read[one.id] ?? "0");
    const other = one.is_im ? user(one.members.find((id) => id !== shown.me.id)) : null;
    const app = other && known.apps.find((candidate) => candidate.user_id === other.id);
    const isOn = app ? app.connections > 0 || app.request_url : false;
    return h("button", {
      class: `channel${unread ? " unread" : ""}`, type: "button", "aria-current": one.id === shown.channel && !shown.jenkins ? "page" : null,
      "aria-label": `${titleOf(one)}${unread ? ", unread" : ""}${app && !isOn ? ", not connected" : ""}`, onclick: () => { if (shown.jenkins && one.id === shown.channel) { shown.jenkins = false; draw(); } else open(one.id); menu(false); },
    }, one.is_im ? h("span", { class: `presence${isOn ? " on" : ""}`, "aria-hidden": "true" }) : h("span", { class: "hash", "aria-hidden": "true" }, one.is_private ? icon("lock") : "#"),
    h("span", { class: "channel-name" }, titleOf(one)), one.is_ext_shared ? h("span", { class: "tag" }, "shared") : null, unread ? h("span", { class: "dot", "aria-hidden": "true" }) : null);
  };
  const [direct, channels] = [mine().filter((one) => one.is_im), mine().filter((one) => !one.is_im)];
  byId("channels").replaceChildren(
    h("h2", {}, "Channels"), ...channels.map(row), h("h2", {}, "Direct messages"), ...direct.map(row), h("h2", {}, "Outside Slack"), jenkinsRow());
  byId("people").replaceChildren(...people().map((one) => h("button", {
    class: "person", type: "button", role: "radio", "aria-checked": String(one.id === shown.me.id), title: `Post as ${one.real_name}`, onclick: () => become(one),
  }, avatar(one, "small"), one.real_name, one.is_stranger ? h("span", { class: "tag" }, "external") : null)));
}

function jenkinsRow() {
  return h("button", {
    class: "channel", type: "button", id: "to-jenkins", "aria-current": shown.jenkins ? "page" : null,
    "aria-label": `Jenkins${shown.underWay ? `, ${shown.underWay} in progress` : ""}`, onclick: () => { shown.jenkins = true; menu(false); jenkins.refresh(); draw(); byId("jenkins").focus(); },
  }, icon("play"), h("span", { class: "channel-name" }, "Jenkins"), shown.underWay ? h("span", { class: "badge", "aria-hidden": "true" }, String(shown.underWay)) : null);
}

function become(person) {
  shown.me = person;
  storedHere("signpost-me", person.id);
  if (!channel() || !channel().members.includes(person.id)) shown.channel = mine()[0]?.id;
  shown.thread = null;
  shown.editing = null;
  draw();
  main.restore(placeholder());
  announce(`Posting as ${person.real_name}`);
}

function menu(isOpen) {
  document.body.classList.toggle("menu-open", isOpen);
  byId("menu").setAttribute("aria-expanded", String(isOpen));
  byId("scrim").hidden = !isOpen;
}

// --- messages ------------------------------------------------------------------------------------------------------

/** Nodes that stand already, so that what did not change keeps its focus and selection. */
const drawn = new Map();

function context(inThread, follows) {
  return { user, names, me: () => shown.me, inThread, follows, openThread, edit, remove, dismiss, react, act, shortcuts: () => offered("message"), shortcut };
}

function drawList(place, list, inThread) {
  const stays = place.scrollHeight - place.scrollTop - place.clientHeight < 80;
  const nodes = [];
  let before = null;
  for (const one of list) {
    if (!inThread && dayOf(one.ts) !== (before && dayOf(before.ts))) nodes.push(keep(`${place.id}-${dayOf(one.ts)}`, "day", () => h("div", { class: "day", role: "separator" }, h("span", {}, dayOf(one.ts)))));
    const follows = Boolean(before) && before.user === one.user && before.bot_id === one.bot_id && !one.ephemeral_to && !before.ephemeral_to && date(one.ts) - date(before.ts) < 300000 && (inThread ? before !== list[0] : !before.reply_count) && dayOf(one.ts) === dayOf(before.ts) && before.subtype !== "tombstone" && before.username === one.username;
    const isEdited = shown.editing === one.ts && !(isPhone() && shown.thread && !inThread);
    const key = JSON.stringify([one, follows, shown.me.id, isEdited]);
    nodes.push(keep(`${place.id}-${shown.channel}-${one.ts}`, key, () => (isEdited ? editor(one, { leave: () => { shown.editing = null; draw(); (inThread ? side : main).input.focus(); } }) : message(one, shown.channel, context(inThread, follows)))));
    if (inThread && one === list[0] && list.length > 1) nodes.push(keep(`${place.id}-count`, String(list.length), () => h("div", { class: "day replies", role: "separator" }, h("span", {}, `${list.length - 1} ${list.length === 2 ? "reply" : "replies"}`))));
    before = one;
  }
  const current = [...place.children];
  if (nodes.length !== current.length || nodes.some((node, index) => node !== current[index])) {
    for (const node of current) if (!nodes.includes(node)) node.remove();
    nodes.forEach((node, index) => { if (place.children[index] !== node) place.insertBefore(node, place.children[index] ?? null); });
  }
  if (stays) place.scrollTop = place.scrollHeight;
}

function keep(id, key, make) {
  const found = drawn.get(id);
  if (found?.key === key) return found.node;
  const node = make();
  drawn.set(id, { key, node });
  return node;
}

/** What has the focus, to give it back after its message was drawn anew. */
function focused() {
  const at = document.activeElement;
  const article = at?.closest?.("article[data-ts]");
  return article && { place: article.parentElement.id, ts: article.dataset.ts, press: at.dataset.press ?? at.dataset.action };
}

function refocus(was) {
  if (!was || document.activeElement !== document.body) return;
  const article = document.querySelector(`#${was.place} article[data-ts="${CSS.escape(was.ts)}"]`);
  const same = was.press && article?.querySelector(`[data-press="${CSS.escape(was.press)}"], [data-action="${CSS.escape(was.press)}"]`);
  (same || article?.querySelector(".content button, .content a, .message-tools button"))?.focus();
}

function drawHome(app) {
  const isHome = Boolean(app?.has_home) && shown.tab === "home" && !shown.jenkins;
  byId("tabs").replaceChildren(...(app?.has_home && !shown.jenkins ? [tabs(shown.tab, chooseTab)] : []));
  for (const id of ["messages", "typing", "composer"]) byId(id).hidden = isHome || shown.jenkins;
  byId("home").hidden = !isHome;
  byId("jenkins").hidden = !shown.jenkins;
  if (!isHome) return;
  const view = known.homes.get(`${app.id}-${shown.me.id}`);
  const key = `${app.id}-${shown.me.id}-${view?.hash}`;
  if (byId("home").dataset.key === key) return;
  const press = byId("home").contains(document.activeElement) && document.activeElement.dataset.press;
  byId("home").dataset.key = key;
  byId("home").replaceChildren(home(view, { names, app: app.name, say: toast, click: (body) => asking("click", body) }));
  if (press) byId("home").querySelector(`[data-press="${CSS.escape(press)}"]`)?.focus();
}

/** Opens the Home tab or the messages of an app, and tells the app so. */
function chooseTab(tab) {
  shown.tab = tab;
  const app = appHere();
  sandbox(shown.me.token, "home", { app: app.id, tab }).catch((error) => toast(error.message));
  draw();
  byId(`tab-${tab}`)?.focus();
}

function draw() {
  const here = channel();
  if (!here) return;
  const was = focused();
  drawHome(appHere());
  byId("shared").hidden = !here.is_ext_shared || shown.jenkins;
  byId("shared").textContent = "This channel is shared with another organisation, so the bot only answers here when mentioned.";
  const title = here.is_im ? titleOf(here) : `#${here.name}`;
  byId("title").textContent = shown.jenkins ? "Jenkins" : title;
  byId("topic").textContent = shown.jenkins ? "A local Jenkins for trying jobs" : here.is_im ? "Direct message: the bot always answers here" : here.topic;
  document.title = `${byId("title").textContent} · Signpost sandbox`;
  const roots = [...here.messages.values()].filter((one) => visible(one) && isRoot(one));
  if (roots.length) drawList(byId("messages"), roots, false);
  else { byId("messages").replaceChildren(empty(here)); }
  const root = shown.thread && here.messages.get(shown.thread);
  byId("thread").hidden = !root;
  document.body.classList.toggle("thread-open", Boolean(root));
  if (root) {
    byId("thread-channel").textContent = title;
    const list = [root, ...[...here.messages.values()].filter((one) => one.thread_ts === root.ts && one.ts !== root.ts && visible(one))];
    drawList(byId("replies"), list, true);
  } else shown.thread = null;
  const read = reads();
  const last = [...here.messages.keys()].at(-1);
  refocus(was);
  address();
  if (last && document.visibilityState === "visible") { read[here.id] = last; stored(readKey(), JSON.stringify(read)); }
  drawSidebar();
}

/** The channel and the thread in the address: a reload and the browser's Back keep the place. */
function address() {
  const path = `/archives/${shown.channel}${shown.thread ? `/p${shown.thread.replace(".", "")}` : ""}`;
  if (location.pathname === path || shown.jenkins) return;
  // The first place of a visit takes the place of the address that was opened.
  history[history.state?.place ? "pushState" : "replaceState"]({ place: true }, "", path);
}

function back() {
  const place = wanted();
  if (!place) return;
  if (place.id !== shown.channel || shown.jenkins) open(place.id, place.thread);
  else if (place.thread) openThread(place.thread);
  else closeThread();
}

function empty(here) {
  const cards = known.examples.filter((one) => here.name !== "alerts" || one.asBot);
  const text = here.is_im
    ? "Ask for a runbook, paste an error, or type help. The bot always answers direct messages."
    : here.name === "alerts" ? `Alerts are posted here.${cards.length ? " Have the alert bot post one, and" : ""} Signpost replies in the thread.`
      : "Paste an error. If a runbook covers it, Signpost replies in the thread within a second.";
  return h("section", { class: "empty" }, h("img", { src: "/page/icon.svg", alt: "", width: 56, height: 56 }),
    h("h2", {}, here.is_im ? `You and ${titleOf(here)}` : `This is #${here.name}`), h("p", {}, text),
    known.notice && !here.is_im ? h("p", { class: "notice", role: "status" }, known.notice) : null,
    here.name === "random" ? null : h("div", { class: "cards" }, cards.map((one) => h("button", { class: "card", type: "button", onclick: () => examples.post(one) }, h("strong", {}, one.title), h("span", {}, one.hint)))));
}

// --- what people do ------------------------------------------------------------------------------------------------

function open(id, thread = null) {
  shown.channel = id;
  shown.thread = thread;
  shown.editing = null;
  shown.jenkins = false;
  shown.tab = "messages";
  news.forget();
  drawn.clear();
  byId("messages").replaceChildren();
  byId("replies").replaceChildren();
  draw();
  byId("messages").scrollTop = byId("messages").scrollHeight;
  main.restore(placeholder());
  if (thread) side.restore("Reply…");
  if (!isPhone()) main.input.focus();
  const app = appHere();
  if (app?.has_home) sandbox(shown.me.token, "home", { app: app.id, tab: "messages" }).catch(() => {});
}

function openThread(ts, focus = true) {
  if (shown.thread !== ts) { byId("replies").replaceChildren(); news.forget(); }
  shown.thread = ts;
  draw();
  side.restore("Reply…");
  byId("replies").scrollTop = 0;
  if (focus && !isPhone()) side.input.focus();
}

function closeThread() {
  shown.thread = null;
  draw();
  main.input.focus();
}

const placeholder = () => (channel()?.is_im ? `Message ${titleOf(channel())}` : `Message #${channel()?.name ?? ""}`);

async function post(text, thread) {
  if (/^\/[a-z]+(\s|$)/.test(text)) {
    const [, command, rest] = text.match(/^(\/[a-z]+)\s*([^]*)$/);
    const told = await asking("command", { command, text: rest, channel: shown.channel, thread_ts: thread ?? undefined });
    // The wording of Slack's client.
    if (told.failure) throw new Error(`${command} failed with the error "${told.failure}"`);
    return;
  }
  const told = await api(shown.me.token, "chat.postMessage", { channel: shown.channel, text, thread_ts: thread ?? undefined });
  if (!thread) shown.lastOwnRoot = told.ts;
}

function edit(_channel, one) { shown.editing = one.ts; draw(); }

function editLast(thread) {
  const own = [...channel().messages.values()].filter((one) => one.user === shown.me.id && one.subtype !== "tombstone" && (thread ? one.thread_ts === thread : isRoot(one))).at(-1);
  if (own) edit(shown.channel, own);
  return Boolean(own);
}

// --- what happens --------------------------------------------------------------------------------------------------

const typists = new Map();

async function heard(change) {
  const here = known.channels.get(change.channel);
  let isNew = false;
  switch (change.type) {
    case "message": {
      if (!here) return resync();
      isNew = !here.messages.has(change.message.ts);
      here.messages.set(change.message.ts, change.message);
      here.messages = new Map([...here.messages].sort(([a], [b]) => (a < b ? -1 : 1)));
      if (isNew) arrived(change.channel, change.message);
      break;
    }
    case "deleted": here?.messages.delete(change.ts); break;
    case "typing": return typing(change);
    case "view":
      if (change.view.type === "home") { known.homes.set(homeKey(change.view), change.view); break; }
      // A modal opens in the window that asked for it; one that a program opened, in every window of the person.
      if (change.view.user_id === shown.me.id && (isShown(change.view) || (change.client ?? client) === client)) modal(change.view);
      return;
    case "view_closed":
      if (change.user !== shown.me.id) return;
      if (closeView(change.view_id) && change.below) modal(change.below);
      return;
    case "view_errors": return;
    case "jenkins": jenkins.refresh(); return;
    default: return resync();
  }
  draw();
  if (isNew && change.channel === shown.channel && change.message.thread_ts === shown.thread && change.message.user !== shown.me.id && visible(change.message)) news.came(change.message.ts);
  if (change.type === "message" && change.channel === shown.channel && change.message.reply_count) showAnswer(change.message.ts);
}

function modal(view) {
  showView(view, {
    names, app: appName(view.app_id), submit: (body) => asking("submit", body), click: (body) => asking("click", body),
  });
}

function arrived(id, one) {
  typists.delete(one.user);
  drawTyping();
  if (one.user === shown.me.id || !visible(one)) return;
  if (id === shown.channel) {
    announce(`${user(one.user)?.real_name ?? "A bot"} wrote: ${(one.text ?? "").slice(0, 200)}`);
    // The answer to what was just asked is shown, unless somebody is busy in another thread.
    showAnswer(one.thread_ts);
  }
}

/** Opens the thread of what was just asked, unless somebody is busy in another one. */
function showAnswer(ts) {
  const root = channel()?.messages.get(ts);
  const isMine = root && (root.user === shown.me.id || root.ts === shown.lastOwnRoot) && Date.now() - date(root.ts) < 15000;
  if (isMine && root.reply_count && shown.thread !== ts && !side.input.value && !isPhone()) openThread(ts, false);
}

function typing(change) {
  if (change.channel !== shown.channel || change.user === shown.me.id) return;
  typists.set(change.user, Date.now());
  drawTyping();
  setTimeout(drawTyping, 5000);
}

function drawTyping() {
  const now = [...typists].filter(([, at]) => Date.now() - at < 4500).map(([id]) => user(id)?.real_name).filter(Boolean);
  byId("typing").textContent = now.length ? `${now.join(" and ")} ${now.length > 1 ? "are" : "is"} typing…` : "";
}

let resyncing = null;
function resync() {
  resyncing ??= load().then(draw).catch(() => {}).finally(() => { resyncing = null; });
  return resyncing;
}

function lost() {
  const banner = byId("banner");
  banner.textContent = "Lost the connection to the workspace. Reconnecting…";
  banner.hidden = false;
}

async function found(again) {
  byId("banner").hidden = true;
  if (again) { drawn.clear(); await resync(); if (!channel()) open(mine()[0].id); }
}

// --- the parts that stay -------------------------------------------------------------------------------------------

const examples = trying({ open, post: (text) => post(text, null).then(() => main.input.focus()), posted: (ts) => { shown.lastOwnRoot = ts; showAnswer(ts); }, resync });

/** The shortcuts of apps, and their commands. */
const shortcutEntries = () => [
  { heading: "Shortcuts" },
  ...offered("global").map((one) => ({ label: one.name, hint: one.app, id: one.callback_id, run: () => shortcut(one) })),
  { heading: "Commands" },
  ...commands().map((one) => ({ label: one.command, hint: one.description, id: one.command.slice(1), run: () => main.set(`${one.command} `) })),
];
const commands = () => present().flatMap((app) => app.commands);

const completions = () => [...known.users.values()].filter((one) => one.id !== shown.me.id && channel().members.includes(one.id)).sort((a, b) => Number(b.name === "signpost") - Number(a.name === "signpost"))
  .concat([...known.groups.values()].map((group) => ({ name: group.handle, real_name: group.name })));
const tellTyping = () => sandbox(shown.me.token, "typing", { channel: shown.channel }).catch(() => {});
const main = composer({
  id: "composer-input", label: "Message", people: completions, commands, shortcuts: shortcutEntries, examples: examples.menu(), draft: () => `${shown.me?.id}-${shown.channel}`,
  send: (text) => post(text, null), upload: (files, comment) => upload(files, comment, null), snippet: (given) => snippet(given, null), typing: tellTyping, editLast: () => editLast(null),
});
const side = composer({
  id: "reply-input", label: "Reply", people: completions, commands, shortcuts: shortcutEntries, draft: () => `${shown.me?.id}-${shown.channel}-${shown.thread}`,
  send: (text) => post(text, shown.thread), upload: (files, comment) => upload(files, comment, shown.thread), snippet: (given) => snippet(given, shown.thread), typing: tellTyping, editLast: () => editLast(shown.thread),
});

const news = unseen(byId("replies"));
const jenkins = jenkinsPanel(byId("jenkins"), { say: toast, counted: (number) => { if (number !== shown.underWay) { shown.underWay = number; drawSidebar(); } } });

function keys(event) {
  const isTyping = event.target.matches?.("input, textarea, select");
  if (document.querySelector("dialog[open]")) return;
  if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
    event.preventDefault();
    const ids = [...mine().filter((one) => !one.is_im), ...mine().filter((one) => one.is_im)].map((one) => one.id);
    const at = ids.indexOf(shown.channel) + (event.key === "ArrowDown" ? 1 : ids.length - 1);
    open(ids[at % ids.length]);
    announce(byId("title").textContent);
  } else if (event.key === "Escape") {
    if (document.body.classList.contains("menu-open")) menu(false);
    else if (shown.thread) closeThread();
  } else if (!isTyping && !event.ctrlKey && !event.metaKey && event.key === "/") { event.preventDefault(); main.input.focus(); }
  else if (!isTyping && event.key === "?") byId("shortcuts").showModal();
}

/** `/archives/CHANNEL/pTS` is a permalink. */
function wanted() {
  const [, id, digits] = location.pathname.match(/^\/archives\/(\w+)(?:\/p(\d{11,}))?/) ?? [];
  if (!known.channels.has(id)) return null;
  const ts = digits ? `${digits.slice(0, -6)}.${digits.slice(-6)}` : null;
  const one = ts && known.channels.get(id).messages.get(ts);
  return { id, thread: one ? one.thread_ts ?? one.ts : null, ts };
}

async function start() {
  byId("composer").append(main.node);
  byId("thread-composer").append(side.node);
  byId("menu").addEventListener("click", () => menu(!document.body.classList.contains("menu-open")));
  byId("scrim").addEventListener("click", () => menu(false));
  byId("close-thread").addEventListener("click", closeThread);
  byId("help").addEventListener("click", () => byId("shortcuts").showModal());
  document.addEventListener("keydown", keys);
  for (const place of ["messages", "replies"]) roving(byId(place));
  window.addEventListener("popstate", back);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") draw(); });
  lookSwitch(byId("theme"));
  byId("menu").append(icon("menu"));
  byId("help").append(icon("help"));
  byId("close-thread").append(icon("close"));
  await load();
  shown.me = people().find((one) => one.id === storedHere("signpost-me")) ?? people()[0];
  const place = wanted();
  open(place?.id ?? mine()[0].id, place?.thread ?? null);
  if (place?.ts) document.querySelector(`[data-ts="${CSS.escape(place.ts)}"]`)?.scrollIntoView({ block: "center" });
  listen(heard, lost, found);
  jenkins.refresh();
}

start().catch(() => { lost(); setTimeout(() => location.reload(), 3000); });
