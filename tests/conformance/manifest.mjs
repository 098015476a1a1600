// What `signpost manifest` prints, in both modes, against the type that Slack's SDK has for manifests.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const paths = (process.env.NODE_PATH ?? "").split(":").filter(Boolean).map((path) => resolve(path));
const require = createRequire(import.meta.url);
const ts = require(require.resolve("typescript", { paths }));
// The type is exported by the methods that take a manifest, below Bolt's own packages.
const bolt = dirname(require.resolve("@slack/bolt/package.json", { paths }));
const webApi = dirname(require.resolve("@slack/web-api/package.json", { paths: [bolt, ...paths] }));

const binary = resolve(process.argv[2]);
let [passed, failed] = [0, 0];

/** What the compiler says about `manifest`, given as a literal so that unknown keys are errors too. */
function faults(folder, manifest) {
  const file = join(folder, "manifest.ts");
  writeFileSync(file, `import type { AppsManifestCreateArguments } from ${JSON.stringify(webApi)};
const args: Exclude<AppsManifestCreateArguments["manifest"], string> = ${manifest};
export default args;
`);
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16, target: ts.ScriptTarget.ES2022, types: [],
  };
  return ts.getPreEmitDiagnostics(ts.createProgram([file], options))
    .map((one) => ts.flattenDiagnosticMessageText(one.messageText, "\n"));
}

function check(name, isGood, told) {
  if (isGood) {
    passed += 1;
    console.log(`ok   manifest: ${name}`);
  } else {
    failed += 1;
    console.log(`FAIL manifest: ${name}\n${told}`);
  }
}

const folder = mkdtempSync(join(tmpdir(), "signpost-manifest-"));
try {
  for (const [name, ...more] of [["Socket Mode"], ["HTTP mode", "--http", "https://signpost.example.com"]]) {
    const printed = execFileSync(binary, ["manifest", "--json", ...more], { encoding: "utf8" });
    const told = faults(folder, printed);
    check(`${name} is of the SDK's type`, told.length === 0, told.join("\n"));
  }
  const wrong = faults(folder, '{ "display_information": { "name": "x", "shade": 1 } }');
  check("the type would notice an unknown key", wrong.length === 1, wrong.join("\n"));
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
