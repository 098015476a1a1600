// Another bot in the workspace, written with Bolt for JavaScript and connected through Socket Mode.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { start } from "./start.mjs";

const require = createRequire(import.meta.url);
const bolt = require(require.resolve("@slack/bolt", { paths: (process.env.NODE_PATH ?? "").split(":").filter(Boolean) }));
const [bot, appToken, person] = ["xoxb", "xapp", "xoxp"].map((kind, index) => `${kind}-sandbox-${index < 2 ? "echo" : "ada"}`);

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

const signpost = await start(process.argv[2]);
const call = async (path, body, token = person) => {
  const response = await fetch(`${signpost.url}${path}`, {
    method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify(body),
  });
  return response.json();
};
const state = async () => (await fetch(`${signpost.url}/sandbox/state`)).json();
const channel = async (name) => (await state()).channels.find((one) => one.name === name);

const app = new bolt.App({
  token: bot, appToken, socketMode: true, logLevel: bolt.LogLevel.ERROR,
  clientOptions: { slackApiUrl: `${signpost.url}/api/` },
});
const clicks = [];
app.message(/^ping (.*)/, async ({ context, message, say, client }) => {
  await say({ text: `pong ${context.matches[1]}`, thread_ts: message.ts });
  await client.reactions.add({ channel: message.channel, timestamp: message.ts, name: "white_check_mark" });
});
app.message("button", async ({ say }) => {
  await say({
    text: "a button",
    blocks: [{ type: "actions", block_id: "row", elements: [{ type: "button", action_id: "press", value: "42", text: { type: "plain_text", text: "Press" } }] }],
  });
});
app.event("app_mention", async ({ event, say }) => { await say({ text: `you called, <@${event.user}>?`, thread_ts: event.ts }); });
app.action("press", async ({ ack, body, respond, client }) => {
  await ack();
  clicks.push(body.actions[0].value);
  await client.views.open({ trigger_id: body.trigger_id, view: {
    type: "modal", callback_id: "form", title: { type: "plain_text", text: "Form" }, submit: { type: "plain_text", text: "Send" },
    blocks: [{ type: "input", block_id: "b", label: { type: "plain_text", text: "Why" }, element: { type: "plain_text_input", action_id: "why" } }],
  } });
  await respond({ text: "only you see this", replace_original: false });
});
app.view("form", async ({ ack, view }) => {
  const why = view.state.values.b.why.value;
  if (why === "no") await ack({ response_action: "errors", errors: { b: "say more" } });
  else { await ack(); clicks.push(why); }
});

try {
  await app.start();

  await check("connects and is known", async () => {
    await until(async () => (await state()).apps.find((one) => one.name === "Echo").connections === 1);
    assert.equal((await app.client.auth.test()).user, "echo");
  });

  await check("a message listener says and reacts", async () => {
    const { ts } = await call("/api/chat.postMessage", { channel: "random", text: "ping one" });
    const messages = await until(async () => {
      const found = (await channel("random")).messages;
      return found.some((one) => one.thread_ts === ts && one.text === "pong one") && found.find((one) => one.ts === ts).reactions && found;
    });
    assert.equal(messages.find((one) => one.ts === ts).reactions[0].name, "white_check_mark");
  });

  await check("a mention reaches its own listener", async () => {
    const { ts } = await call("/api/chat.postMessage", { channel: "random", text: "@echo hello" });
    await until(async () => (await channel("random")).messages.find((one) => one.thread_ts === ts && one.text.startsWith("you called, <@U")));
  });

  await check("everything is acknowledged, nothing comes twice", async () => {
    await until(async () => (await state()).apps.find((one) => one.name === "Echo").unacknowledged === 0);
    const attempts = (await state()).deliveries.filter((one) => one.app === "A0ECHO0001");
    assert.ok(attempts.length > 0 && attempts.every((one) => one.attempt === 0 && one.acknowledged));
  });

  await check("a click is acknowledged, answered by response_url and opens a modal", async () => {
    await call("/api/chat.postMessage", { channel: "random", text: "a button please" });
    const message = await until(async () => (await channel("random")).messages.find((one) => one.blocks?.[0]?.block_id === "row"));
    const told = await call("/sandbox/click", { channel: "random", ts: message.ts, action_id: "press" });
    assert.equal(told.acknowledged, true);
    await until(async () => (await channel("random")).messages.find((one) => one.text === "only you see this" && one.ephemeral_to));
    assert.deepEqual(clicks, ["42"]);
  });

  await check("a submitted modal shows its errors and then closes", async () => {
    const view = await until(async () => (await state()).views[0]);
    const wrong = await call("/sandbox/submit", { view_id: view.id, values: { b: { why: "no" } } });
    assert.deepEqual(wrong.response, { response_action: "errors", errors: { b: "say more" } });
    await call("/sandbox/submit", { view_id: view.id, values: { b: { why: "because" } } });
    assert.deepEqual(clicks, ["42", "because"]);
    assert.equal((await state()).views.length, 0);
  });

  await check("it comes back after Slack refreshes its connection", async () => {
    await call("/sandbox/faults", { kind: "disconnect", app: "Echo", reason: "refresh_requested", grace_ms: 200 });
    const { ts } = await call("/api/chat.postMessage", { channel: "random", text: "ping two" });
    await until(async () => (await channel("random")).messages.find((one) => one.thread_ts === ts && one.text === "pong two"), 15000);
  });
} finally {
  await app.stop().catch(() => {});
  signpost.stop();
}

await check("the workspace ends cleanly when asked", async () => assert.equal(await signpost.ended, 0));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
