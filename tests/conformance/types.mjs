// What the bot has sent as TypeScript literals, held to Slack's own types by tsc. The other scripts leave what was sent in
// the folder SIGNPOST_SENT.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync, existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const modules = (process.env.NODE_PATH ?? "").split(":").filter(Boolean);
const require = createRequire(import.meta.url);
const find = (name) => require.resolve(name, { paths: modules });
const sent = resolve(process.env.SIGNPOST_SENT);

let [passed, failed] = [0, 0];
function check(name, body) {
  try {
    const told = body();
    passed += 1;
    console.log(`ok   types: ${name}${told ? ` (${told})` : ""}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL types: ${name}\n     ${String(error.message).split("\n").slice(0, 30).join("\n     ")}`);
  }
}

// Words that types tell apart; of all other texts only the kind matters, so that what looks alike is checked once.
const TOLD_APART = new Set(["type", "style", "response_type", "response_action"]);
const shape = (value, key) => {
  if (Array.isArray(value)) return value.map((one) => shape(one));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shape(inner, name)]));
  return typeof value === "string" && !TOLD_APART.has(key) ? "text" : value;
};
const VIEW = ["type", "callback_id", "title", "submit", "close", "blocks", "private_metadata", "clear_on_close", "notify_on_close", "external_id"];
const own = (view) => Object.fromEntries(VIEW.filter((key) => view[key]).map((key) => [key, view[key]]));

const folder = join(sent, "types");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const place of modules) if (!existsSync(join(folder, "node_modules"))) symlinkSync(place, join(folder, "node_modules"), "dir");

function tsc(name, source) {
  const file = join(folder, name);
  writeFileSync(file, source);
  const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "--module", "nodenext", "--moduleResolution", "nodenext", "--types", "node"];
  const told = spawnSync(process.execPath, [find("typescript/bin/tsc"), ...options, file], { encoding: "utf8", cwd: folder });
  return { ok: told.status === 0, said: told.stdout + told.stderr };
}

const list = (name, type, items) => `export const ${name}: ${type}[] = [\n${items.map((item) => `  ${JSON.stringify(item)},`).join("\n")}\n];\n`;
// Slack's reference has these; @slack/types 3.2 does not know them yet.
const UNTYPED = { rich_text_list: ["offset"], rich_text_preformatted: ["language"] };
const typed = (value) => {
  if (Array.isArray(value)) return value.map(typed);
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !UNTYPED[value.type]?.includes(name)).map(([name, inner]) => [name, typed(inner)]));
};
const unique = (items) => [...new Map(items.map((item) => [JSON.stringify(shape(item)), item])).values()];

check("what was sent is KnownBlock[], ModalView and HomeView", () => {
  const lines = readdirSync(sent).filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(join(sent, name), "utf8").trim().split("\n")).map((line) => JSON.parse(line));
  const blocks = unique(typed(lines.flatMap((line) => (line.message ?? line.view).blocks ?? [])));
  const views = unique(lines.filter((line) => line.view).map((line) => own(line.view)));
  const kinds = new Set(blocks.map((block) => block.type));
  for (const kind of ["header", "section", "actions", "input"]) if (!kinds.has(kind)) throw new Error(`no ${kind} block was sent`);
  const [modals, homes] = ["modal", "home"].map((type) => views.filter((view) => view.type === type));
  const { ok, said } = tsc("sent.ts", `import type { HomeView, KnownBlock, ModalView } from "@slack/types";\n`
    + list("blocks", "KnownBlock", blocks) + list("modals", "ModalView", modals) + list("homes", "HomeView", homes));
  if (!ok) throw new Error(said);
  if (!modals.length || !homes.length) throw new Error(`${modals.length} modals and ${homes.length} Home tabs were seen`);
  return `${lines.length} sent, ${blocks.length} different blocks, ${views.length} different views`;
});

check("the check itself sees what is wrong", () => {
  const wrong = [{ type: "section", text: { type: "mrkdwn", txt: "x" } }, { type: "actions", elements: [{ type: "buton" }] }, { type: "header", text: { type: "mrkdwn", text: "x" } }];
  for (const block of wrong) {
    const { ok } = tsc("wrong.ts", `import type { KnownBlock } from "@slack/types";\n${list("blocks", "KnownBlock", [block])}`);
    if (ok) throw new Error(`not seen: ${JSON.stringify(block)}`);
  }
});

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
