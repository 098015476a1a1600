// The Jenkins panel of the workspace: what is under way, what the next builds find, and what goes wrong on purpose.
import { h } from "./dom.js";
import { act, ask, buildUrl, by, lastName, pill, progress, tick, took } from "./jenkins-parts.js";

const BASE = "/jenkins";

/** What a build of the Satellite job finds. The last part says what the bot should make of it. */
const OUTCOMES = [
  ["Conclusive", [
    ["both_right", "Key and region are right", "“Resolving bad IAM key” follows"],
    ["key_missing", "No API key", "“Resolving missing ConfigMap” follows"],
    ["key_empty", "An empty API key", "“Resolving missing ConfigMap” follows"],
    ["region_wrong", "A region other than the tugboat's", "“Resolving improper region config” follows"],
  ]],
  ["Inconclusive", [
    ["key_artifact_missing", "The key's artifact is missing", "no section follows"],
    ["artifact_missing", "The region's artifact is missing", "no section follows"],
    ["garbled", "The key's artifact cannot be decoded", "no section follows"],
    ["unstable", "UNSTABLE, with both artifacts", "no section follows"],
    ["failure", "FAILURE, with a known error in the log", "no section, but that error's runbook is offered"],
    ["not_built", "NOT_BUILT", "no section follows"],
  ]],
];

/** `name` comes back with the fault, so that a box knows its own. */
const FAULTS = [
  ["All of Jenkins, until switched off", [
    ["down", "Down", "every response is 503", { kind: "503", times: "always" }],
    ["slow", "Slow", "every response takes 3 s", { kind: "slow", ms: 3000, times: "always" }],
    ["html", "A sign-in page is in the way", "every response is that page, with status 200", { kind: "html", times: "always" }],
    ["vanish", "Queue items vanish", "requests for them return 404", { kind: "vanish", times: "always" }],
  ]],
  ["The next build request, once", [
    ["refused", "The response is 503", "and nothing is started", { kind: "503", what: "trigger" }],
    ["lost_answer", "The response is lost", "the connection breaks, but the build is started", { kind: "lost_answer" }],
    ["lost_location", "The response has no queue item", "201 without Location", { kind: "lost_location" }],
    ["merge", "Ada has just requested the same", "303: one build for both, which starts 30 seconds later", { kind: "merge" }],
    ["veto", "A plugin vetoes it", "302 to the job's page, and nothing is started", { kind: "veto" }],
    ["forbidden", "Forbidden", "403: the bot's user or token has no access", { kind: "403", what: "trigger" }],
  ]],
  ["The next artifact, once", [
    ["redirect", "It is in object storage", "302 to another host that the bot is not allowed to use", { kind: "redirect" }],
    ["cut", "It is cut off", "reading it again returns all of it", { kind: "cut" }],
  ]],
];

const PACES = [
  ["life", "Realistic", "5 s in the queue, 12 s to build", { quiet_period_ms: 5000, build_ms: 12000 }],
  ["quick", "Quick", "1 s in the queue, 3 s to build", { quiet_period_ms: 1000, build_ms: 3000 }],
];

/** The panel in `place`. `say(text)` tells of trouble, `counted(number)` how much is under way. */
export function jenkinsPanel(place, { say, counted }) {
  const under = h("div", { class: "jk-under", role: "region", "aria-label": "Queue and builds" });
  let told = null;

  async function doing(action, given) {
    try { await act(action, given); } catch (error) { say(error.message); }
    await refresh();
  }

  const [outcomes, faults, paces] = [new Map(), new Map(), new Map()];
  const choice = (kind, name, group, [id, label, hint], change) => {
    const box = h("input", { type: kind, name: `jk-${name}`, value: id, onchange: () => change(box) });
    group.set(id, box);
    return h("label", { class: "choice" }, box, h("span", {}, label, h("small", {}, hint)));
  };
  const fieldset = (legend, note, ...parts) => h("fieldset", { class: "jk-set" }, h("legend", {}, legend), note ? h("p", { class: "muted" }, note) : null, parts);
  const part = (title, ...rows) => h("div", { class: "jk-part", role: "group", "aria-label": title }, h("h4", {}, title), rows);

  const choose = (box) => doing("scenario", { clear: true, scenario: box.value || undefined });
  async function toggle(box, fault) {
    const others = told.faults.filter((one) => one.name !== box.value);
    await doing("faults", box.checked ? fault : [{ clear: true }, ...others]);
  }

  place.replaceChildren(h("div", { class: "jk-panel" },
    h("p", { class: "jk-lead" }, "Signpost runs its jobs here. Choose what the next build finds or what goes wrong, then run a job from a thread. ", h("a", { href: `${BASE}/`, target: "_blank", rel: "noopener" }, "All jobs and builds")),
    h("section", { class: "jk-section" }, h("h3", {}, "Queue and builds"), under),
    h("div", { class: "jk-columns" },
      fieldset("Results of the next builds", "The job armada-ha-master-get-info, from the runbook of Satellite Link.",
        choice("radio", "outcome", outcomes, ["", "Based on the cluster id", "all is well, unless it starts with nokey, region, noart, unstable, fail, …"], choose),
        OUTCOMES.map(([title, rows]) => part(title, rows.map((row) => choice("radio", "outcome", outcomes, row, choose))))),
      h("div", {},
        fieldset("Faults", null,
          FAULTS.map(([title, rows]) => part(title, rows.map((row) => choice("checkbox", "fault", faults, row, (box) => toggle(box, { ...row[3], name: row[0] }))))),
          h("div", { class: "jk-buttons" },
            h("button", { class: "button", type: "button", onclick: () => doing("faults", { kind: "restart", ms: 5000 }) }, "Restart it"),
            h("button", { class: "button", type: "button", onclick: () => doing("faults", { kind: "restart", ms: 5000, queue: "lost", builds: "lost" }) }, "Restart it and lose all builds"))),
        fieldset("Build speed", null, PACES.map((row) => choice("radio", "pace", paces, row, () => doing("options", row[3]))))),
    )));

  function draw() {
    outcomes.forEach((box, id) => { box.checked = (told.scenario ?? "") === id; });
    faults.forEach((box, id) => { box.checked = told.faults.some((one) => one.name === id); });
    PACES.forEach(([id, , , options]) => { paces.get(id).checked = told.quiet_period_ms === options.quiet_period_ms && told.build_ms === options.build_ms; });
    const stop = (one, label, what) => h("button", { class: "button small", type: "button", "aria-label": `${label} ${lastName(one.job)} #${one.number}`, onclick: () => doing(what.action, { job: one.job, number: one.number, ...what.given }) }, label);
    const link = (one) => h("a", { href: buildUrl(BASE, one), target: "_blank", rel: "noopener" }, `${lastName(one.job)} #${one.number}`);
    const rows = [
      told.down ? h("li", { class: "jk-row" }, h("span", { class: "jk-pill", dataset: { result: "FAILURE" } }, "restarting"), "Jenkins answers 503 until it is ready.") : null,
      ...told.queue.map((one) => h("li", { class: "jk-row" }, h("span", { class: "jk-pill", dataset: { result: "QUEUED" } }, "in the queue"), h("span", {}, lastName(one.job)), h("span", { class: "muted" }, [one.why, by(one.by)].filter(Boolean).join(", ")))),
      ...told.running.map((one) => h("li", { class: "jk-row" }, pill(one), link(one), h("span", { class: "muted" }, by(one.by)), progress(one, told.ahead), h("span", { class: "jk-buttons" },
        one.paused ? stop(one, "Proceed", { action: "proceed" }) : null, stop(one, "Abort", one.paused ? { action: "proceed", given: { abort: true } } : { action: "abort" })))),
      ...told.recent.slice(0, 4).map((one) => h("li", { class: "jk-row" }, pill(one), link(one), h("span", { class: "muted" }, `${by(one.by)}, took ${took(one.duration)}`))),
    ].filter(Boolean);
    const at = under.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
    under.replaceChildren(h("ul", { class: "jk-rows" }, rows));
    if (at) under.querySelector(`[aria-label="${CSS.escape(at)}"]`)?.focus();
  }

  let asking = null;
  let isStale = false;
  /** Reads anew; what changes while that happens is read once more. */
  function refresh() {
    isStale = true;
    asking ??= (async () => {
      while (isStale) {
        isStale = false;
        told = await ask();
        counted(told.queue.length + told.running.length);
        draw();
        // The end of a restart is no change that is told.
        if (told.down) setTimeout(refresh, 1000);
      }
    })().catch(() => {}).finally(() => { asking = null; });
    return asking;
  }
  setInterval(() => { if (!place.hidden) tick(place); }, 500);
  return { refresh };
}
