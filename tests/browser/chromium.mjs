// What the scripts beside share: the workspace, Chromium, pages that report their errors, checks that are counted.
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { start } from "../conformance/start.mjs";

const require = createRequire(import.meta.url);
const { chromium } = require(require.resolve("playwright-core", { paths: (process.env.NODE_PATH ?? "").split(":").filter(Boolean) }));
export const shots = fileURLToPath(new URL("../../target/screenshots/", import.meta.url));
mkdirSync(shots, { recursive: true });

let [passed, failed] = [0, 0];
/** Errors that pages have reported. */
export const problems = [];

export async function check(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n     ${String(error.message ?? error).split("\n").slice(0, 12).join("\n     ")}`);
  }
}

/** Runs `body({ signpost, open })` and ends the process with the verdict. `open(options)` gives a page, at `url` when
 * that is among them. */
export async function story(body) {
  const signpost = await start(process.argv[2]);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  async function open({ url = signpost.url, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, permissions: ["clipboard-read", "clipboard-write"], ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(10000);
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
    await page.goto(url);
    await page.waitForSelector("#messages .empty, #messages .message");
    return page;
  }
  try {
    await body({ signpost, open });
  } catch (error) {
    failed += 1;
    console.log(`FAIL the script broke off: ${error.stack}`);
  } finally {
    await browser.close();
    signpost.stop("SIGKILL");
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

export const channel = (page, name) => page.click(`.channel[aria-label^="${name}"]`);

/** Pastes lines into the composer, as from the clipboard, and sends them. */
export async function paste(page, lines) {
  await page.evaluate((text) => navigator.clipboard.writeText(text), lines.join("\n"));
  await page.focus("#composer-input");
  await page.keyboard.press("Control+V");
  await page.keyboard.press("Enter");
}

/** What bots say in the thread that is open. */
export const thread = (page) => page.locator("#replies .message.from-bot .content");
