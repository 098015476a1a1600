// A person runs the runbook's job from the thread of an alert, in the page: form, progress, verdict, the section that
// follows; then what can go wrong. Screenshots: target/screenshots/jobs-*.png.
import assert from "node:assert/strict";
import { start } from "../conformance/start.mjs";
import { channel, check, paste, problems, shots, story } from "./chromium.mjs";

const TITLE = "Collect the connector's configuration";
const JOB = "Containers-Runtime/armada-cruiser-automated-recovery/armada-ha-master-get-info";
const alert = (cluster) => ["[FIRING:1] SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer", " - severity = critical", ` - cluster_id = ${cluster}`];
const LOOKUP = "Lookup of the location:\nActualDatacenterCluster: prod-wdc04.carrier107";
const SECTIONS = { key: "Resolving bad IAM key", configmap: "Resolving missing ConfigMap", region: "Resolving improper region config" };

await story(async ({ signpost: first, open: openFirst }) => {
  const page = await openFirst({ colorScheme: "light" });
  let signpost = first;
  const replies = page.locator("#replies .message.from-bot");
  const modal = page.locator("#modal[open]");
  const field = (name) => modal.locator(`.field[data-field="p:${name}"]`);
  const input = (name) => field(name).locator("[data-holds]");
  const shot = (name, on = page) => on.screenshot({ path: `${shots}jobs-${name}.png` });
  /** The message of the run. */
  const run = replies.filter({ has: page.locator(".b-header", { hasText: TITLE }) }).filter({ hasText: "Requested by Ada" }).last();
  const runButton = (on = page) => on.locator("#replies").getByRole("button", { name: /^Run: / }).first();

  /** What `/sandbox/jenkins/` is told. */
  async function jenkins(action, given) {
    const told = await (await fetch(`${signpost.url}/sandbox/jenkins/${action}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(given) })).json();
    assert.ok(told.ok, JSON.stringify(told));
    return told;
  }

  const jenkinsState = async () => (await fetch(`${signpost.url}/sandbox/jenkins/state`)).json();
  const job = async () => (await jenkinsState()).jobs.find((one) => one.name === JOB);
  const before = (await job()).builds.length;

  /** Pastes the alert and goes on in its card to the step of the job. */
  async function alerted(cluster) {
    await channel(page, "support");
    await paste(page, alert(cluster));
    await page.locator("#replies .message", { hasText: cluster }).first().waitFor();
    await replies.first().waitFor();
    for (let turn = 0; turn < 6 && !(await runButton().count()); turn += 1) {
      const text = await replies.first().innerText();
      const next = replies.first().getByRole("button", { name: "Next", exact: true });
      await (await next.count() ? next : replies.first().locator("[data-press^='signpost_go_']").first()).click();
      await page.waitForFunction((was) => document.querySelector("#replies .message.from-bot").innerText !== was, text);
    }
    await runButton().scrollIntoViewIfNeeded();
  }

  /** Grace posts what the lookup has said into the thread that is open. */
  async function lookedUp() {
    const ts = await page.locator("#replies .message").first().getAttribute("data-ts");
    const told = await (await fetch(`${signpost.url}/api/chat.postMessage`, { method: "POST", headers: { authorization: "Bearer xoxp-sandbox-grace", "content-type": "application/json" }, body: JSON.stringify({ channel: "C0SUPPORT1", thread_ts: ts, text: LOOKUP }) })).json();
    assert.ok(told.ok, JSON.stringify(told));
    await page.locator("#replies .message:not(.from-bot)", { hasText: "ActualDatacenterCluster" }).waitFor();
  }

  /** Opens the form, which is there once its fields are. */
  async function form() {
    await runButton().click();
    await modal.waitFor();
    await input("CARRIER_NAME").waitFor();
  }

  async function submit(carrier = "carrier107") {
    await input("CARRIER_NAME").fill(carrier);
    await modal.locator("button[type=submit]").click();
  }

  /** From the alert to the message of a run that has begun. */
  async function begun(cluster) {
    await alerted(cluster);
    await lookedUp();
    await form();
    await submit();
    await modal.waitFor({ state: "detached" });
    await run.waitFor();
  }

  /** The run's message says this in the end. */
  const says = (text) => run.filter({ hasText: text }).waitFor({ timeout: 30000 });
  const section = (title) => replies.filter({ has: page.locator(".b-header", { hasText: title }) });

  const quick = () => jenkins("options", { quiet_period_ms: 400, build_ms: 1200 });

  /** A workspace of its own, where nobody has asked yet: the same error again would only get a pointer. */
  async function fresh() {
    await page.goto("about:blank");
    signpost.stop("SIGKILL");
    signpost = await start(process.argv[2]);
    await quick();
    await page.goto(signpost.url);
    await page.waitForSelector("#messages .empty");
  }

  const open = (options) => openFirst({ ...options, url: signpost.url });

  /** The run's message, from its beginning. */
  async function shotOfRun(name) {
    await run.evaluate((node) => node.scrollIntoView());
    await page.mouse.move(600, 700);
    await shot(name);
  }

  await quick();
  await check("the form has the cluster of the alert, and the tugboat once it stands in the thread", async () => {
    await alerted("c1u2xo5w0m8s4page");
    await shot("button");
    await form();
    assert.equal(await input("CLUSTERID").inputValue(), "c1u2xo5w0m8s4page");
    assert.equal(await input("TUGBOAT").inputValue(), "");
    await shot("form-empty");
    await modal.locator(".modal-buttons button").first().click();
    await modal.waitFor({ state: "detached" });
    await lookedUp();
    await form();
    assert.equal(await input("TUGBOAT").inputValue(), "prod-wdc04-carrier107");
    assert.equal(await input("BRANCH").inputValue().catch(() => "Master"), "Master");
    await shot("form");
  });

  await check("what does not fit is said at its field", async () => {
    await submit("$(reboot)");
    await field("CARRIER_NAME").locator(".problem:not(:empty)").waitFor();
    await shot("form-refused");
    assert.equal((await job()).builds.length, before, "nothing was started");
    assert.equal(await input("TUGBOAT").inputValue(), "prod-wdc04-carrier107");
  });

  await check("queued, running with a bar, and a verdict: the key is not accepted", async () => {
    await jenkins("hold", {});
    await submit();
    await modal.waitFor({ state: "detached" });
    await says(/Running/);
    await shot("running");
    await jenkins("hold", { on: false });
    await section(SECTIONS.key).waitFor({ timeout: 30000 });
    await says(/SUCCESS/);
    await shot("section-key");
    await shotOfRun("verdict-key");
    assert.equal((await job()).builds.length, before + 1);
  });

  await check("the link leads to the build's page, in a tab of its own", async () => {
    const link = run.locator("a[href*='/jenkins/job/']").first();
    assert.equal(await link.getAttribute("target"), "_blank");
    const [tab] = await Promise.all([page.context().waitForEvent("page"), link.click()]);
    await tab.locator(".jk-console").waitFor();
    await tab.getByRole("link", { name: "connector_sl_configMap.log" }).waitFor();
    await shot("build", tab);
    await tab.getByRole("navigation").getByRole("link", { name: "armada-ha-master-get-info" }).click();
    await tab.getByRole("heading", { name: "Parameters" }).waitFor();
    await shot("job", tab);
    await tab.close();
  });

  for (const [name, cluster, title] of [["configmap", "nokey-1", SECTIONS.configmap], ["region", "region-1", SECTIONS.region]]) {
    await check(`a verdict: ${title}`, async () => {
      await fresh();
      await begun(cluster);
      await section(title).waitFor({ timeout: 30000 });
      await says(/SUCCESS/);
      assert.equal(await replies.count(), 3, "the card, the run, the card below; the lookup is no error");
      await shotOfRun(`verdict-${name}`);
    });
  }

  for (const [name, cluster, word] of [["artifact-missing", "noart-1", /Inconclusive[^]*connector_sl_configMap\.log/], ["unstable", "unstable-1", /UNSTABLE[^]*Inconclusive/], ["failure", "fail-1", /FAILURE[^]*Inconclusive[^]*Known errors/]]) {
    await check(`nothing is concluded: ${name}`, async () => {
      await fresh();
      await begun(cluster);
      await says(word);
      await shotOfRun(`inconclusive-${name}`);
      assert.equal(await replies.count(), 2, "the card and the run");
      for (const title of Object.values(SECTIONS)) assert.equal(await section(title).count(), 0, title);
    });
  }

  await check("a run is cancelled", async () => {
    await fresh();
    await jenkins("hold", {});
    await begun("c1u2xo5w0m8s4stop");
    await says(/Running/);
    await run.getByRole("button", { name: /^Cancel/ }).click();
    const sure = page.locator("dialog.ask[open] button").last();
    if (await sure.isVisible()) await sure.click();
    await says(/ABORTED: Cancelled by Ada/i);
    await shot("cancelled");
    assert.equal((await job()).builds.at(-1).result, "ABORTED");
    await jenkins("hold", { on: false });
  });

  await check("a job that changes something waits for somebody else", async () => {
    await channel(page, "support");
    await paste(page, ["@signpost run choose-mirror REGION=us-east"]);
    const asked = replies.filter({ has: page.locator(".b-header", { hasText: "Point clients at a mirror" }) }).last();
    await asked.filter({ hasText: "Waiting for approval" }).waitFor();
    await shot("approval");
    const grace = await open({ colorScheme: "dark" });
    await grace.getByRole("radio", { name: "Grace" }).click();
    await channel(grace, "support");
    await grace.locator("#messages .message", { hasText: "run choose-mirror" }).locator(".thread-link").click();
    await grace.locator("#replies").getByRole("button", { name: "Approve" }).click();
    const sure = grace.locator("dialog.ask[open] button").last();
    if (await sure.count()) await sure.click();
    await asked.filter({ hasText: /SUCCESS[^]*approved by Grace/i }).waitFor({ timeout: 30000 });
    await shot("approved", grace);
    await grace.context().close();
  });

  await check("the Jenkins panel: what the next build finds, what goes wrong, what is under way", async () => {
    await page.locator("#to-jenkins").click();
    const panel = page.locator("#jenkins");
    await panel.getByRole("radio", { name: /No API key/ }).check();
    await page.waitForFunction(async () => (await (await fetch("/sandbox/jenkins/shown")).json()).scenario === "key_missing");
    await panel.getByRole("checkbox", { name: /has no queue item/ }).check();
    await page.waitForFunction(async () => (await (await fetch("/sandbox/jenkins/shown")).json()).faults.length === 1);
    await jenkins("trigger", { job: "Tools/release-with-approval" });
    await panel.getByRole("button", { name: /^Proceed/ }).waitFor();
    await shot("panel");
    await panel.getByRole("button", { name: /^Proceed/ }).click();
    await panel.locator(".jk-row", { hasText: "release-with-approval" }).locator("[data-result=SUCCESS]").waitFor();
    await panel.getByRole("checkbox", { name: /has no queue item/ }).uncheck();
    await panel.getByRole("radio", { name: /Based on the cluster id/ }).check();
    await page.waitForFunction(async () => { const told = await (await fetch("/sandbox/jenkins/shown")).json(); return !told.scenario && !told.faults.length; });
    const dark = await open({ colorScheme: "dark" });
    await dark.locator("#to-jenkins").click();
    await dark.locator("#jenkins .jk-row").first().waitFor();
    await shot("panel-dark", dark);
    await dark.context().close();
    const phone = await open({ colorScheme: "dark", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
    await phone.click("#menu");
    await phone.locator("#to-jenkins").click();
    await phone.locator("#sidebar").waitFor({ state: "hidden" });
    await phone.locator("#jenkins .jk-row").first().waitFor();
    await shot("panel-phone", phone);
    const wide = await phone.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `the page is ${wide} wide`);
    await phone.context().close();
  });

  await check("the page has reported no error", async () => assert.deepEqual(problems, []));
  signpost.stop("SIGKILL");
});
