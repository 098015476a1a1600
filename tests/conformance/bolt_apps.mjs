// A Bolt app that handles every kind of interaction, once over Socket Mode and once over HTTP with Slack's signatures.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { start } from "./start.mjs";

const require = createRequire(import.meta.url);
const bolt = require(require.resolve("@slack/bolt", { paths: (process.env.NODE_PATH ?? "").split(":").filter(Boolean) }));
const [bot, appToken, ada, grace] = [["xoxb", "echo"], ["xapp", "echo"], ["xoxp", "ada"], ["xoxp", "grace"]].map(([kind, who]) => `${kind}-sandbox-${who}`);

let [passed, failed] = [0, 0];
async function check(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok   bolt: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL bolt: ${name}\n${error.stack}`);
  }
}

async function until(look, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error("it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

const plain = (text) => ({ type: "plain_text", text });
const modal = (callback_id, title, ...blocks) => ({ type: "modal", callback_id, title: plain(title), submit: plain("Send"), notify_on_close: true, blocks });
const field = (block_id, label) => ({ type: "input", block_id, label: plain(label), element: { type: "plain_text_input", action_id: "text" } });
const said = (text) => ({ type: "section", block_id: "said", text: { type: "mrkdwn", text } });
const CONTROLS = [{ type: "actions", block_id: "row", elements: [
  { type: "button", action_id: "replace", value: "1", text: plain("Replace") },
  { type: "button", action_id: "remove", value: "2", text: plain("Remove") },
  { type: "static_select", action_id: "pick", placeholder: plain("Pick"), options: ["a", "b"].map((value) => ({ text: plain(value), value })) },
  { type: "users_select", action_id: "who", placeholder: plain("Who") },
  { type: "checkboxes", action_id: "tick", options: ["x", "y"].map((value) => ({ text: plain(value), value })) },
  { type: "overflow", action_id: "more", options: ["o1", "o2"].map((value) => ({ text: plain(value), value })) },
] }];

/** The app: it keeps what it heard in `heard`. */
function listen(app, heard, url) {
  app.command("/echo", async ({ command, ack, respond }) => {
    if (command.text === "late") { await ack(); await respond({ text: "later", response_type: "in_channel" }); return; }
    await ack({ response_type: "ephemeral", text: `you said ${command.text}`, blocks: [said(`you said ${command.text}`), ...CONTROLS] });
  });
  for (const id of ["pick", "who", "tick", "more"]) {
    app.action(id, async ({ ack, action, body }) => { await ack(); heard.push([id, action, body]); });
  }
  app.action("replace", async ({ ack, respond }) => { await ack(); await respond({ replace_original: true, text: "replaced", blocks: [said("replaced")] }); });
  app.action("remove", async ({ ack, respond }) => { await ack(); await respond({ delete_original: true }); });
  app.shortcut({ type: "message_action", callback_id: "echo_message" }, async ({ shortcut, ack, client }) => {
    await ack();
    heard.push(["message_action", shortcut]);
    await client.chat.postMessage({ channel: shortcut.channel.id, thread_ts: shortcut.message_ts, text: `echo: ${shortcut.message.text}` });
  });
  app.shortcut({ type: "shortcut", callback_id: "echo_global" }, async ({ shortcut, ack, client }) => {
    await ack();
    const { view } = await client.views.open({ trigger_id: shortcut.trigger_id, view: modal("first", "First", field("a", "A")) });
    heard.push(["opened", view.id, view.hash]);
    await client.views.open({ trigger_id: shortcut.trigger_id, view: modal("again", "Again", field("a", "A")) }).catch((error) => heard.push(["again", error.data.error]));
  });
  app.view("first", async ({ ack, view }) => {
    const text = view.state.values.a.text.value;
    if (text === "wrong") await ack({ response_action: "errors", errors: { a: "something else, please" } });
    else if (text === "push") await ack({ response_action: "push", view: modal("second", "Second", field("b", "B")) });
    else if (text === "clear") await ack({ response_action: "clear" });
    else await ack({ response_action: "update", view: modal("first", "Updated", said(`got ${text}`), field("a", "A")) });
  });
  app.view("second", async ({ ack }) => { await ack(); });
  app.view({ type: "view_closed", callback_id: "first" }, async ({ ack, body }) => { await ack(); heard.push(["closed", body.is_cleared]); });
  app.event("app_home_opened", async ({ event, client }) => {
    if (event.tab !== "home") return;
    const view = { type: "home", blocks: [said(`Home of <@${event.user}>`), { type: "actions", block_id: "home", elements: [{ type: "button", action_id: "home", value: "h", text: plain("Refresh") }] }] };
    await client.views.publish({ user_id: event.user, view });
    heard.push(["home", event.view?.type]);
  });
  app.action("home", async ({ ack, body, client }) => {
    await ack();
    await client.views.publish({ user_id: body.user.id, hash: body.view.hash, view: { type: "home", blocks: [said("refreshed")] } });
    await client.views.publish({ user_id: body.user.id, hash: body.view.hash, view: { type: "home", blocks: [said("old")] } }).catch((error) => heard.push(["stale", error.data.error]));
  });
  app.event("message", async ({ event }) => {
    if (event.subtype === "message_changed") heard.push(["changed", event.message.text, event.previous_message.text]);
    if (event.subtype === "message_deleted") heard.push(["deleted", event.previous_message.text]);
    if (event.subtype !== "file_share") return;
    const read = async (headers) => (await fetch(event.files[0].url_private, { headers })).text();
    heard.push(["file", event.files[0], await read({ authorization: `Bearer ${bot}` }), await read({})]);
  });
  app.error(async (error) => heard.push(["error", error.message]));
  return url;
}

async function story(mode) {
  const signpost = await start(process.argv[2]);
  const call = async (path, body, token = ada) => {
    const response = await fetch(`${signpost.url}${path}`, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify(body) });
    return response.json();
  };
  const state = async () => (await fetch(`${signpost.url}/sandbox/state`)).json();
  const messages = async () => (await state()).channels.find((one) => one.name === "random").messages;
  const heard = [];
  const next = (kind) => until(() => { const at = heard.findIndex(([one]) => one === kind); return at >= 0 && heard.splice(at, 1)[0]; });
  const clientOptions = { slackApiUrl: `${signpost.url}/api/` };
  const port = await freePort();
  const app = mode === "HTTP"
    ? new bolt.App({ token: bot, logLevel: bolt.LogLevel.ERROR, clientOptions, receiver: new bolt.HTTPReceiver({ signingSecret: "sandbox-signing-secret", logLevel: bolt.LogLevel.ERROR }) })
    : new bolt.App({ token: bot, appToken, socketMode: true, logLevel: bolt.LogLevel.ERROR, clientOptions });
  listen(app, heard, signpost.url);

  try {
    if (mode === "HTTP") {
      await app.start(port);
      const told = await call("/sandbox/request_url", { app: "Echo", url: `http://127.0.0.1:${port}/slack/events`, verify: true });
      await check(`${mode}: the challenge and ssl_check are answered`, async () => assert.equal(told.ssl_check, 200, JSON.stringify(told)));
    } else {
      await app.start();
      await until(async () => (await state()).apps.find((one) => one.name === "Echo").connections === 1);
    }

    await check(`${mode}: a slash command is answered with its acknowledgement, for one person`, async () => {
      const told = await call("/sandbox/command", { command: "/echo", text: "hello <you>", channel: "random" });
      assert.equal(told.response.response_type, "ephemeral");
      assert.match(told.response.text, /^you said hello/);
      const answer = await until(async () => (await messages()).find((one) => one.ephemeral_to && one.text.startsWith("you said")));
      assert.equal(answer.ephemeral_to, "U0ADA00001");
    });

    await check(`${mode}: a slash command is answered later, for everybody`, async () => {
      const told = await call("/sandbox/command", { command: "/echo", text: "late", channel: "random" });
      assert.equal(told.acknowledged, true);
      const answer = await until(async () => (await messages()).find((one) => one.text === "later"));
      assert.equal(answer.ephemeral_to, undefined);
    });

    await check(`${mode}: selects, checkboxes and menus tell what was chosen`, async () => {
      const { ts } = (await messages()).find((one) => one.ephemeral_to && one.text.startsWith("you said"));
      const click = (action_id, value) => call("/sandbox/click", { channel: "random", ts, action_id, value });
      await click("pick", "b");
      assert.equal((await next("pick"))[1].selected_option.value, "b");
      await click("who", "U0GRACE001");
      assert.equal((await next("who"))[1].selected_user, "U0GRACE001");
      await click("tick", ["x", "y"]);
      const [, action, body] = await next("tick");
      assert.deepEqual(action.selected_options.map((one) => one.value), ["x", "y"]);
      assert.equal(body.container.is_ephemeral, true);
      assert.equal(body.state.values.row.pick.selected_option.value, "b", "what was chosen before is told too");
      await click("more", "o2");
      assert.equal((await next("more"))[1].selected_option.value, "o2");
    });

    await check(`${mode}: response_url replaces and deletes what only one person sees`, async () => {
      const { ts } = (await messages()).find((one) => one.ephemeral_to && one.text.startsWith("you said"));
      const other = await call("/sandbox/click", { channel: "random", ts, action_id: "replace" }, grace);
      assert.match(other.error, /only the person/);
      await call("/sandbox/click", { channel: "random", ts, action_id: "replace" });
      await until(async () => (await messages()).find((one) => one.ts === ts)?.text === "replaced");
      await call("/sandbox/command", { command: "/echo", text: "again", channel: "random" });
      const again = await until(async () => (await messages()).find((one) => one.text === "you said again"));
      await call("/sandbox/click", { channel: "random", ts: again.ts, action_id: "remove" });
      await until(async () => !(await messages()).some((one) => one.ts === again.ts));
    });

    await check(`${mode}: a message shortcut brings the message`, async () => {
      const { ts } = await call("/api/chat.postMessage", { channel: "random", text: "look at <this>" }, grace);
      const told = await call("/sandbox/shortcut", { callback_id: "echo_message", channel: "random", ts });
      assert.equal(told.acknowledged, true);
      const [, shortcut] = await next("message_action");
      assert.equal(shortcut.user.id, "U0ADA00001");
      assert.equal(shortcut.message.user, "U0GRACE001");
      assert.ok(shortcut.response_url && shortcut.trigger_id && shortcut.channel.name === "random");
      await until(async () => (await messages()).find((one) => one.thread_ts === ts && one.text === "echo: look at &lt;this&gt;"));
    });

    await check(`${mode}: a global shortcut opens a window, and its trigger works once`, async () => {
      await call("/sandbox/shortcut", { callback_id: "echo_global" });
      await next("opened");
      assert.equal((await next("again"))[1], "exchanged_trigger_id");
    });

    await check(`${mode}: a window shows errors, is updated, stacked and closed`, async () => {
      const top = async () => (await state()).views.filter((one) => one.type === "modal").at(-1);
      const { id } = await until(top);
      const submit = (text, view_id = id, block = "a") => call("/sandbox/submit", { view_id, values: { [block]: { text } } });
      assert.deepEqual((await submit("")).client_errors, { a: "Please complete this required field." });
      assert.deepEqual((await submit("wrong")).response, { response_action: "errors", errors: { a: "something else, please" } });
      assert.equal((await submit("one")).response.response_action, "update");
      assert.equal((await top()).title.text, "Updated");
      assert.equal((await submit("push")).response.response_action, "push");
      const second = await top();
      assert.equal(second.previous_view_id, id);
      await submit("done", second.id, "b");
      assert.equal((await top()).id, id, "the one below shows again");
      await call("/sandbox/submit", { view_id: id, close: true });
      assert.equal((await next("closed"))[1], false);
      await call("/sandbox/shortcut", { callback_id: "echo_global" });
      const [, opened] = await next("opened");
      await call("/sandbox/submit", { view_id: opened, values: { a: { text: "clear" } } });
      assert.equal(await top(), undefined);
    });

    await check(`${mode}: the Home tab is published, clicked in, and not overwritten by an old state`, async () => {
      await call("/sandbox/home", { app: "Echo" });
      assert.equal((await next("home"))[1], undefined);
      const home = async () => (await state()).views.find((one) => one.type === "home" && one.app_id === "A0ECHO0001");
      const view = await until(home);
      assert.equal(view.blocks[0].text.text, "Home of <@U0ADA00001>");
      await call("/sandbox/home", { app: "Echo" });
      assert.equal((await next("home"))[1], "home", "what is published comes with the event");
      await call("/sandbox/click", { view_id: (await home()).id, action_id: "home" });
      await until(async () => (await home()).blocks[0].text.text === "refreshed");
      assert.equal((await next("stale"))[1], "hash_conflict");
    });

    await check(`${mode}: a snippet is downloaded with the token, and is a login page without it`, async () => {
      const content = `${"line\n".repeat(500)}the end`;
      await call("/sandbox/upload", { channel: "random", name: "trace.log", content, comment: "see" });
      const [, file, withToken, without] = await next("file");
      assert.equal(file.mode, "snippet");
      assert.equal(file.preview_is_truncated, true);
      assert.equal(withToken, content);
      assert.match(without, /<!doctype html|<html/i);
    });

    await check(`${mode}: edits and deletions bring what stood there before`, async () => {
      const { ts } = await call("/api/chat.postMessage", { channel: "random", text: "before" });
      await call("/sandbox/edit", { channel: "random", ts, text: "after" });
      assert.deepEqual((await until(async () => heard.find(([kind, text]) => kind === "changed" && text === "after"))).slice(1), ["after", "before"]);
      await call("/sandbox/delete", { channel: "random", ts });
      await until(async () => heard.find(([kind, text]) => kind === "deleted" && text === "after"));
    });

    await check(`${mode}: everything was acknowledged, nothing came twice, nothing broke`, async () => {
      await until(async () => (await state()).apps.find((one) => one.name === "Echo").unacknowledged === 0);
      const sendings = (await state()).deliveries.filter((one) => one.app === "A0ECHO0001");
      assert.ok(sendings.length > 20 && sendings.every((one) => one.attempt === 0 && one.acknowledged), JSON.stringify(sendings.filter((one) => !one.acknowledged || one.attempt)));
      assert.deepEqual(heard.filter(([kind]) => kind === "error"), []);
    });

    if (mode === "HTTP") {
      await check("HTTP: Bolt refuses what is forged and what is stale, and takes it when it comes again", async () => {
        await call("/sandbox/options", { retry_delays_ms: [20, 20, 20] });
        app.logger.setLevel(bolt.LogLevel.ERROR);
        for (const kind of ["forged", "stale"]) {
          await call("/sandbox/faults", { kind, app: "Echo", method: "message" });
          const { ts } = await call("/api/chat.postMessage", { channel: "random", text: `for ${kind}` });
          await call("/sandbox/edit", { channel: "random", ts, text: `${kind} came` });
          await until(async () => heard.find(([one, text]) => one === "changed" && text === `${kind} came`));
        }
        // What was refused comes again a moment later, perhaps after the edit.
        await until(async () => (await state()).apps.find((one) => one.name === "Echo").unacknowledged === 0);
        const again = (await state()).deliveries.filter((one) => one.app === "A0ECHO0001" && one.attempt > 0);
        assert.equal(again.length, 2, JSON.stringify(again));
      });
    }
  } finally {
    await app.stop().catch(() => {});
    signpost.stop();
    await signpost.ended;
  }
}

for (const mode of ["Socket Mode", "HTTP"]) await story(mode);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
