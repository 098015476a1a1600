// Time from a message to the answer of Signpost and of a bot with five regular expressions, written with Bolt, in the same
// workspace. Prints both and judges neither: node latency.mjs PATH-OF-SIGNPOST [MESSAGES]. Build it with --release.
import { createRequire } from "node:module";
import { start } from "./start.mjs";

const require = createRequire(import.meta.url);
const bolt = require(require.resolve("@slack/bolt", { paths: (process.env.NODE_PATH ?? "").split(":").filter(Boolean) }));
const count = Number(process.argv[3] ?? 40);
// Slack takes one message a second in a channel.
const pause = 1_100;
const signpost = await start(process.argv[2]);
const state = async () => (await fetch(`${signpost.url}/sandbox/state`)).json();
const say = async (body) => {
  const response = await fetch(`${signpost.url}/api/chat.postMessage`, {
    method: "POST", headers: { authorization: "Bearer xoxp-sandbox-ada", "content-type": "application/json" }, body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return answer.ts;
};

const app = new bolt.App({
  token: "xoxb-sandbox-echo", appToken: "xapp-sandbox-echo", socketMode: true, logLevel: bolt.LogLevel.ERROR,
  clientOptions: { slackApiUrl: `${signpost.url}/api/` },
});
const errors = [
  /E\d{4}: disk of node (\S+) is full/, /connection to (\S+) refused/, /certificate of (\S+) has expired/,
  /OOMKilled: pod (\S+)/, /E\d{4}: registry quota of project (\S+) exceeded/,
];
app.message(async ({ message, say: answer }) => {
  const found = errors.find((error) => error.test(message.text ?? ""));
  if (found) await answer({ text: `See the runbook for ${found.source}.`, thread_ts: message.ts });
});

try {
  await app.start();
  const echo = await app.client.auth.test();
  const { channels } = await state();
  const channel = channels.find((one) => one.name === "support").id;
  await app.client.conversations.join({ channel });
  const times = { signpost: [], bolt: [] };
  for (let number = 0; number < count; number += 1) {
    const ts = await say({ channel, text: `deploy ${number} failed: E0003: registry quota of project armada exceeded` });
    await new Promise((resolve) => setTimeout(resolve, pause));
    const replies = await app.client.conversations.replies({ channel, ts });
    for (const reply of replies.messages.filter((one) => one.ts !== ts)) {
      const name = reply.user === echo.user_id ? "bolt" : "signpost";
      times[name].push((Number(reply.ts) - Number(ts)) * 1e3);
    }
  }
  for (const [name, all] of Object.entries(times)) {
    all.sort((one, other) => one - other);
    const at = (part) => (all.length ? all[Math.min(all.length - 1, Math.floor(all.length * part))].toFixed(1) : "-");
    console.log(`${name}: event → post ${at(0.5)} ms median, ${at(0.9)} ms at 90 %, ${at(1)} ms at most, of ${all.length} answers`);
  }
} finally {
  await app.stop().catch(() => {});
  signpost.stop();
}
