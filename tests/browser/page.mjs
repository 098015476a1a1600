// Pastes what people paste into the page and looks at what stands in the thread. Screenshots: target/screenshots/.
import assert from "node:assert/strict";
import { channel, check, paste, problems, shots, story, thread } from "./chromium.mjs";

// [name, channel, lines as a person has them on the clipboard, what the answer must say]
const PASTES = [
  ["armada-api", "support", ["$ bx cs cluster-get payments", "FAILED", "", "Not authorized. Log in to Bluemix and try again. (E0003)", "Incident ID: 6d1f0a52-7c1b-4b35-9d0e-6c2b7a90f3e4"], [/E0003/, /armada-api/, /bx login -a/, /6d1f0a52-7c1b-4b35-9d0e-6c2b7a90f3e4/]],
  ["satellite-link", "support", ["[FIRING:1] SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer", " - severity = critical"], [/SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer/, /satellite-link/i]],
  ["cloud-credentials", "support", ["resizing fails since noon:", "The worker node instance '4711-kube-stage' can't be found. Review 'classic' infrastructure user permissions."], [/permission and credential errors/i, /ibmcloud ks api-key info/]],
  ["fluentd-cartographer", "support", ["CartographerIAMTokenExchangeErrors fires on prod-fra02-carrier1", "alertname = CartographerIAMTokenExchangeErrors"], [/cartographer/i, /Token Exchange Errors/]],
  ["eks", "support", ["$ kubectl get ns", "error: You must be logged in to the server (Unauthorized)"], [/Unauthorized/, /Which of these applies/, /You're not the cluster creator/]],
];

await story(async ({ signpost, open }) => {
  const page = await open({ colorScheme: "light" });
  await page.screenshot({ path: `${shots}empty.png` });

  for (const [name, place, lines, expected] of PASTES) {
    await check(`${name}: the right reply stands in the thread`, async () => {
      await channel(page, place);
      await paste(page, lines);
      const root = page.locator("#messages .message", { hasText: lines.at(-1).trim().slice(0, 60) }).last();
      await root.locator(".thread-link").waitFor({ timeout: 20_000 });
      await root.locator(".thread-link").click();
      await thread(page).first().waitFor();
      const said = (await thread(page).allInnerTexts()).join("\n");
      await page.screenshot({ path: `${shots}${name}.png` });
      for (const wanted of expected) assert.match(said, wanted, `${wanted} is missing in:\n${said.slice(0, 600)}`);
    });
  }

  await check("two lines typed with Shift+Enter are one message", async () => {
    await channel(page, "random");
    await page.focus("#composer-input");
    await page.keyboard.type("first line");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("second line <b>& more</b>");
    await page.keyboard.press("Enter");
    const sent = page.locator("#messages .message", { hasText: "second line" });
    await sent.waitFor();
    assert.equal((await sent.locator(".content").innerText()).trim(), "first line\nsecond line <b>& more</b>");
    assert.equal(await page.locator("#messages b").count(), 0, "markup must stay text");
  });

  await check("an edit is marked and a deletion takes the message away", async () => {
    await page.keyboard.press("ArrowUp");
    const box = page.locator("textarea.edit");
    await box.fill("edited line");
    await box.press("Enter");
    const edited = page.locator("#messages .message", { hasText: "edited line" });
    await edited.locator(".edited").waitFor();
    page.once("dialog", (dialog) => dialog.accept());
    await edited.hover();
    await edited.getByRole("button", { name: "Delete" }).click();
    await edited.waitFor({ state: "detached" });
  });

  await check("the bot is completed after @ and always answers when asked", async () => {
    await page.focus("#composer-input");
    await page.keyboard.type("@sig");
    await page.locator(".completion li").first().waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.inputValue("#composer-input"), "@signpost ");
    await page.keyboard.type("help");
    await page.keyboard.press("Enter");
    await thread(page).filter({ hasText: /search/i }).first().waitFor({ timeout: 20_000 });
    await page.screenshot({ path: `${shots}help.png` });
  });

  await check("an example is one click away, and an alert of the alert bot is answered", async () => {
    await channel(page, "alerts");
    await page.locator(".card", { hasText: "fluentd-cartographer" }).click();
    await page.locator("#messages .thread-link").first().waitFor({ timeout: 20_000 });
    await thread(page).first().waitFor();
    await page.screenshot({ path: `${shots}alert.png` });
  });

  await check("Grace sees what Ada wrote, and a channel shows its unread mark", async () => {
    const other = await open({ colorScheme: "dark" });
    await other.getByRole("radio", { name: "Grace" }).click();
    await channel(other, "random");
    await channel(page, "support");
    await page.focus("#composer-input");
    await page.keyboard.type("anybody there?");
    await page.keyboard.press("Enter");
    await other.locator('.channel.unread[aria-label^="support"]').waitFor();
    await channel(other, "support");
    await other.locator("#messages .message", { hasText: "anybody there?" }).waitFor();
    await other.context().close();
  });

  await check("two windows stay two people after a reload", async () => {
    const one = await open();
    const other = await one.context().newPage();
    await other.goto(signpost.url);
    await other.waitForSelector("#messages .empty, #messages .message");
    const who = (window) => window.locator('#people [aria-checked="true"]').innerText();
    await one.getByRole("radio", { name: "Ada" }).click();
    await other.getByRole("radio", { name: "Grace" }).click();
    for (const window of [one, other]) {
      await window.reload();
      await window.waitForSelector("#people [aria-checked='true']");
    }
    assert.match(await who(one), /Ada/);
    assert.match(await who(other), /Grace/);
    // A window that is opened from another one begins as the same person and then goes its own way.
    const [copy] = await Promise.all([other.context().waitForEvent("page"), other.evaluate(() => { window.open(location.href); })]);
    await copy.waitForSelector("#people [aria-checked='true']");
    await copy.getByRole("radio", { name: "Ada" }).click();
    await other.reload();
    await other.waitForSelector("#people [aria-checked='true']");
    assert.match(await who(other), /Grace/);
    assert.match(await who(copy), /Ada/);
    await one.context().close();
  });

  await check("a message's menu offers the message shortcut, by mouse and by keyboard", async () => {
    await channel(page, "random");
    await page.focus("#composer-input");
    await page.keyboard.type("what is this?");
    await page.keyboard.press("Enter");
    const sent = page.locator("#messages .message", { hasText: "what is this?" });
    await sent.hover();
    await sent.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: /Find the runbook/ }).waitFor();
    await page.screenshot({ path: `${shots}message-menu.png` });
    await page.keyboard.press("Escape");
    await page.locator(".menu-list").waitFor({ state: "detached" });
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: /Find the runbook/ }).waitFor();
    await page.keyboard.press("Escape");
  });

  await check("the composer offers global shortcuts, commands and text snippets", async () => {
    await page.locator("#composer").getByRole("button", { name: "Shortcuts" }).click();
    await page.getByRole("menuitem", { name: /Paste an error/ }).waitFor();
    await page.getByRole("menuitem", { name: /^\/signpost/ }).click();
    assert.equal(await page.inputValue("#composer-input"), "/signpost ");
    await page.fill("#composer-input", "");
    await page.focus("#composer-input");
    await page.keyboard.type("/si");
    await page.locator(".completion li", { hasText: "/signpost" }).first().waitFor();
    await page.keyboard.press("Escape");
    await page.fill("#composer-input", "");
    await page.locator("#composer").getByRole("button", { name: "Attach" }).click();
    await page.getByRole("menuitem", { name: /Text snippet/ }).click();
    await page.fill("#snippet-title", "pod log");
    await page.fill("#snippet-content", "line\n".repeat(400));
    await page.screenshot({ path: `${shots}snippet.png` });
    await page.getByRole("button", { name: "Share snippet" }).click();
    await page.locator("#messages .file", { hasText: "pod log" }).waitFor();
  });

  await check("every shape of alert is shown", async () => {
    await channel(page, "alerts");
    for (const shape of ["alertmanager", "grafana", "pagerduty", "datadog", "jenkins"]) {
      const before = await page.locator("#messages .attachment").count();
      await page.click("#examples");
      await page.locator(`[data-item="${shape}-firing"]`).click();
      await page.waitForFunction((count) => document.querySelectorAll("#messages .attachment").length > count, before);
    }
    await page.screenshot({ path: `${shots}alerts.png` });
  });

  await check("direct messages with the bot have a Home tab", async () => {
    await channel(page, "Signpost");
    await page.getByRole("tab", { name: "Home" }).click();
    await page.locator("#home > *").first().waitFor();
    await page.screenshot({ path: `${shots}home.png` });
    await page.getByRole("tab", { name: "Messages" }).click();
    await page.focus("#composer-input");
    await channel(page, "support");
  });

  await check("dark by preference, light by the switch", async () => {
    const dark = await open({ colorScheme: "dark" });
    const background = () => dark.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [before] = [await background()];
    await channel(dark, "support");
    await dark.locator("#messages .thread-link").first().click();
    await thread(dark).first().waitFor();
    await dark.screenshot({ path: `${shots}dark.png` });
    await dark.click("#theme");
    assert.notEqual(await background(), before);
    await dark.context().close();
  });

  await check("a phone shows one column at a time and nothing sticks out", async () => {
    const phone = await open({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
    await phone.screenshot({ path: `${shots}phone.png` });
    await phone.locator("#messages .thread-link").first().click();
    await thread(phone).first().waitFor();
    await phone.screenshot({ path: `${shots}phone-thread.png` });
    const width = await phone.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 390, `the page is ${width} wide`);
    await phone.click("#close-thread");
    await phone.click("#menu");
    await phone.locator(".channel").first().waitFor();
    await phone.waitForTimeout(300);
    await phone.screenshot({ path: `${shots}phone-menu.png` });
    await phone.context().close();
  });

  await check("the keyboard alone reaches channels and threads", async () => {
    await page.keyboard.press("Escape");
    const before = await page.locator("#title").innerText();
    await page.keyboard.press("Alt+ArrowDown");
    assert.notEqual(await page.locator("#title").innerText(), before);
    await page.keyboard.press("Alt+ArrowUp");
    assert.equal(await page.locator("#title").innerText(), before);
    await page.locator("#title").click();
    await page.keyboard.press("?");
    await page.locator("#shortcuts[open]").waitFor();
    await page.keyboard.press("Escape");
  });

  await check("a reload keeps the channel, the thread and what is not sent yet", async () => {
    await channel(page, "alerts");
    await page.locator("#messages .thread-link").first().click();
    await page.fill("#reply-input", "half a thought");
    const address = page.url();
    assert.match(address, /\/archives\/\w+\/p\d+$/);
    await page.reload();
    await thread(page).first().waitFor();
    assert.equal(page.url(), address);
    assert.equal(await page.inputValue("#reply-input"), "half a thought");
    await page.fill("#reply-input", "");
    await channel(page, "random");
    await page.goBack();
    await thread(page).first().waitFor();
    assert.equal(page.url(), address);
  });

  await check("a message is one stop of the Tab key, with its buttons below Enter and the arrow keys", async () => {
    const card = page.locator("#replies .message.from-bot").first();
    assert.equal(await card.locator("a[href], button, select, pre").evaluateAll((all) => all.filter((one) => one.tabIndex >= 0).length), 0);
    await card.focus();
    await page.keyboard.press("Enter");
    const at = () => page.evaluate(() => document.activeElement.outerHTML);
    const first = await at();
    await page.keyboard.press("ArrowRight");
    assert.notEqual(await at(), first);
    await page.keyboard.press("Escape");
    assert.ok(await card.evaluate((node) => node === document.activeElement));
  });

  await check("a lost connection is said", async () => {
    signpost.stop("SIGKILL");
    await page.locator("#banner:not([hidden])").waitFor({ timeout: 8000 });
    await page.screenshot({ path: `${shots}lost.png` });
    for (let at = problems.length - 1; at >= 0; at -= 1) if (/ERR_|Failed to load/.test(problems[at])) problems.splice(at, 1);
  });

  await check("the page has reported no error", async () => assert.deepEqual(problems, []));
});
