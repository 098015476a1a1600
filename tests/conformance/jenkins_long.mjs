// npm's `jenkins`, which sends forms and reads the log by POST, drives the local Jenkins.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { start } from "./start.mjs";

const require = createRequire(import.meta.url);
const Jenkins = require("jenkins");
const JOB = "Containers-Runtime/armada-cruiser-automated-recovery/armada-ha-master-get-info";

const sandbox = await start(process.argv[2]);
const told = async (action, body) =>
  (await fetch(`${sandbox.url}/sandbox/jenkins/${action}`, { method: "POST", body: JSON.stringify(body) })).json();
const state = async () => (await fetch(`${sandbox.url}/sandbox/jenkins/state`)).json();
await told("options", { quiet_period_ms: 0, build_ms: 100 });
const { root_url: root, users } = await state();
const secret = users.find((user) => user.id === "grace");

async function until(look) {
  for (const end = Date.now() + 5000; Date.now() < end;) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it did not happen in time");
}

const checks = (where, base) => {
  const address = new URL(base);
  [address.username, address.password] = ["grace", secret.token];
  const client = new Jenkins({ baseUrl: address.href.replace(/\/$/, ""), crumbIssuer: false });
  const built = async (parameters) => {
    const item = await client.job.build({ name: JOB, parameters });
    return until(async () => (await client.queue.item(item)).executable?.number);
  };
  return [
    [`npm jenkins ${where}: identity and definition`, async () => {
      assert.equal((await client.info())._class, "hudson.model.Hudson");
      assert.equal((await client.job.get(JOB)).fullName, JOB);
    }],
    [`npm jenkins ${where}: a build and its log, part by part`, async () => {
      const number = await built({ CLUSTERID: "region1", TUGBOAT: "prod-fra02-carrier1" });
      const build = await until(async () => {
        const one = await client.build.get(JOB, number);
        return one.result && one;
      });
      assert.equal(build.result, "SUCCESS");
      const log = await client.build.log({ name: JOB, number, start: 0, meta: true });
      assert.equal(log.more, false);
      assert.match(log.text, /^Started by user Grace\r\n[^]*Finished: SUCCESS\r\n$/);
      assert.notEqual(log.size, log.text.length);
    }],
    [`npm jenkins ${where}: a build is stopped`, async () => {
      await told("hold", {});
      const number = await built({ CLUSTERID: `stopped ${where}` });
      await client.build.stop(JOB, number);
      assert.equal((await client.build.get(JOB, number)).result, "ABORTED");
      await told("hold", { on: false });
    }],
  ];
};

let [passed, failed] = [0, 0];
for (const [name, check] of [...checks("at the root", root), ...checks("below /jenkins", `${sandbox.url}/jenkins`)]) {
  try {
    await check();
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n${error.stack}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
sandbox.stop();
process.exit(failed ? 1 : 0);
