// A person works with the bot through the page: reads steps, turns pages, takes branches, tells the outcome, calls for
// help, uses shortcuts, the slash command, snippets, edits. Screenshots: target/screenshots/.
import assert from "node:assert/strict";
import { channel, check, paste, problems, shots, story, thread } from "./chromium.mjs";

const CLOUD = ["resizing fails since noon:", "The worker node instance '4711-kube-stage' can't be found. Review 'classic' infrastructure user permissions."];
const EKS = ["$ kubectl get ns", "error: You must be logged in to the server (Unauthorized)"];
const SATELLITE = ["[FIRING:1] SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer", " - severity = critical", " - cluster_id = c1u2xo5w0m8s4demo"];
const CODE = ["$ bx cs cluster-get payments", "FAILED", "", "Not authorized. Log in to Bluemix and try again. (E0003)", "Incident ID: 6d1f0a52-7c1b-4b35-9d0e-6c2b7a90f3e4"];

await story(async ({ signpost, open }) => {
  const page = await open({ colorScheme: "light" });
  const card = (on = page) => on.locator("#replies .message.from-bot").first();
  const press = (label, on = page) => card(on).getByRole("button", { name: label, exact: true });
  /** Chooses an option of a list, by the beginning of its label, or of the menu "…". */
  async function choose(label, on = page) {
    const options = card(on).locator("select option");
    const at = (await options.allInnerTexts()).findIndex((text) => text.startsWith(label));
    const option = options.nth(Math.max(at, 0));
    if (at >= 0) {
      const value = await option.getAttribute("value");
      await card(on).locator("select").filter({ has: on.locator(`option[value="${value}"]`) }).first().selectOption(value);
      return;
    }
    await card(on).locator(".overflow").first().click();
    await on.getByRole("menuitem", { name: label, exact: true }).click();
  }
  const offers = (label, on = page) => card(on).locator("select option", { hasText: label }).first().waitFor({ state: "attached" });
  const says = (text, on = page) => card(on).filter({ hasText: text }).waitFor();
  const shot = (name, on = page) => on.screenshot({ path: `${shots}${name}.png` });

  let rooms = 0;
  /** A channel of its own for each check, so that no error is the same as one before. */
  async function room(on = page) {
    rooms += 1;
    const name = `story-${rooms}`;
    await fetch(`${signpost.url}/sandbox/channel`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name, members: ["ada", "grace", "signpost"] }) });
    await on.locator(`.channel[aria-label^="${name}"]`).waitFor();
    await channel(on, name);
    return name;
  }

  /** Pastes and waits for the card in the thread, which opens by itself. */
  async function answered(lines, on = page) {
    await paste(on, lines);
    await card(on).waitFor();
  }

  await check("paste, read the steps, Next, Previous", async () => {
    await room();
    await answered(CLOUD);
    await says("part 1 of 2");
    await says("ibmcloud ks api-key info");
    await shot("bot-steps");
    await press("Next").click();
    await says("part 2 of 2");
    await shot("bot-next");
    await press("Back").click();
    await says("part 1 of 2");
  });

  await check("a step is marked as done, and Grace sees it and who did it", async () => {
    const other = await open({ colorScheme: "dark" });
    await other.getByRole("radio", { name: "Grace" }).click();
    await channel(other, "story-1");
    await other.locator("#messages .thread-link").last().click();
    await choose("1.");
    await offers("Undo 1.");
    await says(/Done by Ada/i, other);
    await choose("2.", other);
    await says(/Done by Grace/i);
    await shot("bot-done");
    await shot("bot-done-dark", other);
    await other.context().close();
  });

  await check("a branch, and back from it", async () => {
    await room();
    await answered(EKS);
    await choose("Additional troubleshooting tips");
    await card().locator(".b-header", { hasText: "Additional troubleshooting tips" }).waitFor();
    await shot("bot-branch");
    await card().getByRole("button", { name: /^Back to / }).click();
    await card().locator(".b-header", { hasText: "How do I get kubectl" }).waitFor();
  });

  await check("a runbook asks which case applies, and shows only its steps", async () => {
    await room();
    await answered(EKS);
    await says("Which of these applies?");
    await shot("bot-question");
    await press("You're not the cluster creator").click();
    await says("chosen by Ada");
    await says("eksctl get iamidentitymapping");
    assert.ok(!(await card().innerText()).includes("CloudWatch Logs Insights choose the log group of the cluster, /aws"));
    await shot("bot-chosen");
    await choose("You're the cluster creator");
    await says("Find out which identity made the cluster");
  });

  await check("the title, the cause and the row of actions are on the first screen", async () => {
    const CARTOGRAPHER = ["CartographerIAMTokenExchangeErrors fires on prod-fra02-carrier1", "alertname = CartographerIAMTokenExchangeErrors"];
    const systems = { code: CODE, cloud: CLOUD, eks: EKS, satellite: SATELLITE, cartographer: CARTOGRAPHER };
    for (const [width, height] of [[1280, 900], [400, 800]]) {
      for (const scheme of ["light", "dark"]) {
        const person = await open({ colorScheme: scheme, viewport: { width, height } });
        for (const [name, lines] of Object.entries(systems)) {
          rooms += 1;
          await fetch(`${signpost.url}/sandbox/channel`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name: `first-${rooms}`, members: ["ada", "grace", "signpost"] }) });
          const entry = person.locator(`.channel[aria-label^="first-${rooms}"]`);
          await entry.waitFor({ state: "attached" });
          if (width < 700) {
            if (await person.locator("#close-thread").isVisible()) await person.click("#close-thread");
            await person.click("#menu");
          }
          await entry.click();
          await paste(person, lines);
          if (width < 700) await person.locator("#messages .thread-link").last().click();
          await card(person).waitFor();
          await card(person).locator(".b-actions").first().waitFor();
          await shot(`first-${name}-${width}-${scheme}`, person);
          const blocks = card(person).locator(".content > *, .content > .blocks > *");
          const seen = {
            title: card(person).locator(".b-header").first(),
            cause: card(person).locator(".b-section").first(),
            actions: card(person).locator(".b-actions").first(),
          };
          for (const [what, node] of Object.entries(seen)) {
            const box = await node.boundingBox();
            assert.ok(box && box.y >= 0 && box.y + box.height <= height, `${name} at ${width}: ${what} at ${JSON.stringify(box)}, ${await blocks.count()} blocks`);
          }
        }
        await person.context().close();
      }
    }
  });

  await check("the branches of an alert's runbook: Resolving missing ConfigMap", async () => {
    await room();
    await answered(SATELLITE);
    await choose("Resolving missing ConfigMap");
    await card().locator(".b-header", { hasText: "Resolving missing ConfigMap" }).waitFor();
    await shot("bot-configmap");
  });

  await check("\"Didn’t help\" offers others", async () => {
    await room();
    await answered(CLOUD);
    await choose("Didn’t help");
    await says(/Ada: this didn’t help/i);
    await press("Escalate").waitFor();
    await card().locator("#replies-end, .content").last().scrollIntoViewIfNeeded();
    await shot("bot-did-not-help");
  });

  await check("\"Fixed\", and \"Reopen\"", async () => {
    await room();
    await answered(CODE);
    await press("Fixed").click();
    await says(/Marked as fixed by Ada/i);
    await shot("bot-fixed");
    await press("Reopen").click();
    await press("Fixed").waitFor();
  });

  await check("near misses of a question, and one of them chosen", async () => {
    await room();
    await answered(["@signpost the token of the connector"]);
    const offered = card().locator("[data-press^='signpost_go_']");
    await offered.first().waitFor();
    await shot("bot-near");
    const label = await offered.first().innerText();
    await offered.first().click();
    await press("Fixed").waitFor();
    await choose("Wrong runbook");
    await says(/wrong runbook by Ada/i);
    await shot("bot-wrong");
    assert.match(label, /^Show /);
  });

  await check("Escalate: the team, a summary to change, posted in the channel of the team", async () => {
    await room();
    await answered(CODE);
    await choose("1.");
    await offers("Undo 1.");
    await press("Escalate").click();
    const modal = page.locator("#modal[open]");
    await modal.getByText("Escalate to").waitFor();
    const summary = modal.locator("textarea");
    assert.match(await summary.inputValue(), /E0003[\s\S]*step .*\(Ada|E0003[\s\S]*Done: /i);
    await shot("bot-escalate");
    await summary.press("Control+End");
    await page.keyboard.type("\nWe lose orders.");
    await modal.getByRole("button", { name: "Escalate" }).click();
    await says(/Escalated to armada-api by Ada/i);
    await shot("bot-escalated");
    await page.click('.channel[aria-label^="armada-api"]');
    await page.locator("#messages .message.from-bot", { hasText: "We lose orders." }).waitFor();
    await shot("bot-team-channel");
  });

  await check("the message shortcut answers in the message's thread", async () => {
    await room();
    await paste(page, ["@signpost mute"]);
    await card().filter({ hasText: "quiet" }).waitFor();
    await paste(page, CLOUD);
    const asked = page.locator("#messages .message", { hasText: "4711-kube-stage" });
    await asked.hover();
    await asked.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: /Find the runbook/ }).click();
    await asked.locator(".thread-link").click();
    await says("permission and credential errors");
  });

  await check("the global shortcut opens a window, and shows what it found", async () => {
    await page.locator("#composer").getByRole("button", { name: "Shortcuts" }).click();
    await page.getByRole("menuitem", { name: /Paste an error/ }).click();
    const modal = page.locator("#modal[open]");
    await modal.locator("textarea").waitFor();
    await shot("bot-paste-window");
    await modal.getByRole("button", { name: "Find runbook" }).click();
    await modal.getByText("Please complete this required field.").waitFor();
    await modal.locator("textarea").fill(CODE.join("\n"));
    await modal.getByRole("button", { name: "Find runbook" }).click();
    await modal.locator(".b-header", { hasText: "E0003" }).waitFor();
    await shot("bot-found-window");
    await modal.getByRole("button", { name: "Close", exact: true }).last().click();
    await modal.waitFor({ state: "detached" });
  });

  await check("the slash command answers only the one who asks, until it is shared", async () => {
    await room();
    await page.focus("#composer-input");
    await page.keyboard.type("/signpost show armada-api-login E0003");
    await page.keyboard.press("Enter");
    const private_ = page.locator("#messages .message.ephemeral");
    await private_.getByText("Only you can see this").waitFor();
    await private_.locator(".b-header", { hasText: "E0003" }).waitFor();
    await shot("bot-slash");
    await private_.getByRole("button", { name: "Share in channel" }).click();
    const shared = page.locator("#messages .message.from-bot:not(.ephemeral)", { hasText: "Shared by" });
    await shared.waitFor();
    await private_.waitFor({ state: "detached" });
    await shot("bot-shared");
  });

  await check("a snippet is read and answered", async () => {
    await room();
    await page.locator("#composer").getByRole("button", { name: "Attach" }).click();
    await page.getByRole("menuitem", { name: /Text snippet/ }).click();
    await page.fill("#snippet-title", "kubectl log");
    await page.fill("#snippet-content", `${"INFO nothing to see here\n".repeat(200)}${EKS.join("\n")}`);
    await page.getByRole("button", { name: "Share snippet" }).click();
    await card().filter({ hasText: "Unauthorized" }).waitFor();
    await shot("bot-snippet");
  });

  await check("an edit changes the answer in place", async () => {
    await room();
    await answered(CLOUD);
    await says("permission and credential errors");
    await page.focus("#composer-input");
    await page.keyboard.press("ArrowUp");
    const box = page.locator("textarea.edit").first();
    await box.fill(EKS.join("\n"));
    await box.press("Enter");
    await card().locator(".b-header", { hasText: "Amazon EKS" }).waitFor();
    assert.equal(await page.locator("#replies .message.from-bot").count(), 1);
    await shot("bot-edited");
  });

  await check("the same error again points to the first thread", async () => {
    await room();
    await answered(CLOUD);
    await page.keyboard.press("Escape");
    await paste(page, CLOUD);
    await page.locator("#replies .message.from-bot, #messages .message.from-bot", { hasText: "Already answered" }).first().waitFor();
    await shot("bot-pointer");
  });

  await check("the Home tab tells what was found", async () => {
    await channel(page, "Signpost");
    await page.getByRole("tab", { name: "Home" }).click();
    await page.locator("#home", { hasText: "Your recent matches" }).waitFor();
    await page.locator("#home", { hasText: "E0003" }).waitFor();
    await shot("bot-home");
  });

  await check("dark at 3 a.m., and on a phone, nothing sticks out", async () => {
    const night = await open({ colorScheme: "dark", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
    await night.click("#menu");
    await channel(night, "story-1");
    await night.locator("#messages .thread-link").first().click();
    await card(night).waitFor();
    await shot("phone-card", night);
    await card(night).locator(".b-actions").last().scrollIntoViewIfNeeded();
    await shot("phone-card-end", night);
    const wide = await night.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `the page is ${wide} wide`);
    await press("Escalate", night).click();
    await night.locator("#modal[open] textarea").waitFor();
    await shot("phone-escalate", night);
    await night.locator("#modal[open]").getByRole("button", { name: "Cancel" }).click();
    await night.context().close();
    const dark = await open({ colorScheme: "dark" });
    await channel(dark, "story-1");
    await dark.locator("#messages .thread-link").first().click();
    await card(dark).waitFor();
    await shot("bot-dark", dark);
    await dark.context().close();
  });

  await check("the page has reported no error", async () => assert.deepEqual(problems, []));
});
