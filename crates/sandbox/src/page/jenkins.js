// The pages of the local Jenkins: all jobs, a job, a build. Which one is read from the address.
import { byId, h } from "./dom.js";
import { ask, by, buildUrl, jobUrl, lastName, moment, parameters, pill, progress, size, tick, took } from "./jenkins-parts.js";
import { lookSwitch } from "./look.js";

const [, base, rest] = location.pathname.match(/^(\/jenkins(?=\/|$))?(.*)$/);
const place = read(rest.split("/").filter(Boolean).map(decodeURIComponent));

/** `/job/A/job/B/12/…` as the job's full name and the build. */
function read(names) {
  const job = [];
  while (names[0] === "job" && names.length > 1) job.push(names.splice(0, 2)[1]);
  const isBuild = /^(\d+|last\w*Build)$/.test(names[0] ?? "");
  return { job: job.join("/"), number: isBuild ? names[0] : "" };
}

const section = (title, ...content) => h("section", { class: "jk-section" }, h("h2", {}, title), content);
const table = (heads, rows) => h("div", { class: "jk-table" }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows)));

function crumbs() {
  const parts = place.job ? place.job.split("/") : [];
  const links = parts.map((name, index) => [name, jobUrl(base ?? "", parts.slice(0, index + 1).join("/"))]);
  if (place.number) links.push([`#${place.number}`, location.pathname]);
  byId("crumbs").replaceChildren(h("ol", {}, [["Local Jenkins", `${base ?? ""}/`], ...links].map(([label, url], index, all) => h("li", {},
    index ? null : h("img", { src: "/page/icon.svg", alt: "", width: 22, height: 22 }),
    h("a", { href: url, "aria-current": index === all.length - 1 ? "page" : null }, label)))));
}

// --- pages ---------------------------------------------------------------------------------------------------------

function builds(list, withJob) {
  if (!list.length) return h("p", { class: "muted" }, "No build yet");
  return table(["Build", ...(withJob ? ["Job"] : []), "Result", "Started", "Took", "By"], list.map((one) => h("tr", {},
    h("td", {}, h("a", { href: buildUrl(base ?? "", one) }, `#${one.number}`)), withJob ? h("td", {}, h("a", { href: jobUrl(base ?? "", one.job) }, lastName(one.job))) : null,
    h("td", {}, pill(one)), h("td", {}, moment(one.began)), h("td", {}, one.result ? took(one.duration) : ""), h("td", {}, one.by.join(", ")))));
}

const queue = (list) => section("In the queue", h("ul", { class: "jk-list" }, list.map((one) => h("li", {},
  h("strong", {}, lastName(one.job)), " ", h("span", { class: "muted" }, by(one.by)), h("div", {}, one.why ?? ""), one.parameters.length ? parameters(one.parameters) : null))));

const rows = (jobs) => h("ul", { class: "jk-list" }, jobs.map((one) => h("li", {},
  h("a", { href: jobUrl(base ?? "", one.name) }, one.path.join(" » ")), one.last ? [" ", h("span", { class: "muted" }, `last #${one.last.number} `), pill(one.last)] : null, one.disabled ? [" ", h("span", { class: "jk-pill" }, "disabled")] : null,
  h("div", { class: "muted" }, one.description))));

function rootPage(told) {
  const inside = told.jobs.filter((one) => !place.job || one.name.startsWith(`${place.job}/`));
  if (!inside.length) return missing(`There is no job ${place.job}.`);
  const here = (one) => !place.job || one.job.startsWith(`${place.job}/`);
  const waiting = told.queue.filter(here);
  return [
    h("h1", {}, place.job ? lastName(place.job) : "Local Jenkins"),
    h("p", { class: "muted" }, place.job ? "A folder" : "A simulated Jenkins for trying the bot's jobs. It is kept in memory and reset at each start."),
    waiting.length ? queue(waiting) : null,
    section("Jobs", rows(inside)),
    section("Latest builds", builds([...told.running, ...told.recent].filter(here), true)),
  ];
}

function jobPage(told) {
  const waiting = told.queue.filter((one) => one.job === place.job);
  const definitions = told.job.parameters;
  return [
    h("h1", {}, lastName(place.job), told.job.disabled ? h("span", { class: "jk-pill" }, "disabled") : null),
    h("p", { class: "muted" }, told.job.description),
    waiting.length ? queue(waiting) : null,
    section("Builds", builds(told.job.builds, false)),
    section("Parameters", definitions.length ? table(["Name", "Type", "Default", "What it is"], definitions.map((one) => h("tr", {},
      h("td", {}, h("code", {}, one.name)), h("td", {}, one.choices.length ? `One of ${one.choices.join(", ")}` : one.type),
      h("td", {}, one.default ? h("code", {}, one.default) : ""), h("td", {}, one.description ?? "")))) : h("p", { class: "muted" }, "None")),
    h("p", { class: "muted jk-after" }, "Start builds from Slack or through the API."),
  ];
}

function buildPage(told) {
  const { build } = told;
  const here = buildUrl(base ?? "", build);
  // Colours of terminals are not shown.
  const log = build.log.replaceAll(/\u001b\[[0-9;]*m/g, "");
  const encoded = (path) => path.split("/").map(encodeURIComponent).join("/");
  return [
    h("h1", {}, `${lastName(place.job)} #${build.number}`, pill(build)),
    h("p", { class: "muted" }, `Started ${by(build.by)}, `, moment(build.began), build.result ? `, took ${took(build.duration)}` : build.estimated > 0 ? `, usually takes ${took(build.estimated)}` : ""),
    progress(build, told.ahead),
    section("Parameters", parameters(build.parameters)),
    section("Artifacts", build.artifacts.length
      ? h("ul", { class: "jk-list jk-files" }, build.artifacts.map((one) => h("li", {}, h("a", { href: `${here}artifact/${encoded(one.path)}` }, one.path), " ", h("span", { class: "muted" }, size(one.size)))))
      : h("p", { class: "muted" }, build.result ? "None." : "Available when the build finishes.")),
    section("Console", h("pre", { class: "jk-console", tabIndex: 0, role: "region", "aria-label": "Console" }, h("code", {}, log)), h("p", { class: "jk-after" }, h("a", { href: `${here}consoleText` }, "As plain text"))),
  ];
}

const missing = (text) => [h("h1", {}, "Not found"), h("p", {}, text), h("p", {}, h("a", { href: `${base ?? ""}/` }, "All jobs"))];

// --- what moves ----------------------------------------------------------------------------------------------------

let drawn = "";
let soon = null;

/** Draws what changed, and keeps where the reader is. */
function draw(told) {
  const { now, ahead, ...stands } = told;
  for (const one of stands.queue) delete one.waits_ms;
  const key = JSON.stringify(stands);
  byId("banner").hidden = !told.down;
  byId("banner").textContent = told.down ? "Jenkins is getting ready to work. Until then, API requests return 503." : "";
  if (key === drawn) return;
  drawn = key;
  const main = byId("main");
  const at = document.activeElement?.getAttribute?.("href");
  const nodes = told.build ? buildPage(told) : place.number ? missing(`${place.job} has no build ${place.number}.`) : told.job ? jobPage(told) : rootPage(told);
  main.replaceChildren(...nodes.flat().filter(Boolean));
  if (at) main.querySelector(`[href="${CSS.escape(at)}"]`)?.focus();
  document.title = `${main.querySelector("h1").firstChild.textContent} · Local Jenkins`;
}

async function look() {
  clearTimeout(soon);
  try {
    draw(await ask({ job: place.job, number: place.number }));
  } catch {
    byId("banner").textContent = "Lost the connection to the workspace. Reconnecting…";
    byId("banner").hidden = false;
  }
  // Asked again and again instead of told: a browser holds only six connections to one place, and tabs are many.
  soon = setTimeout(() => { if (document.visibilityState === "visible") look(); }, 1000);
}

lookSwitch(byId("theme"));
crumbs();
look();
setInterval(() => tick(document), 500);
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") look(); });
