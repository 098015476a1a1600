// What the Jenkins panel of the workspace and the pages of the local Jenkins share.
import { h } from "./dom.js";

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** What there is, and the job and the build that are wanted. */
export async function ask(wanted = {}) {
  const response = await fetch(`/sandbox/jenkins/shown?${new URLSearchParams(wanted)}`);
  const told = await response.json();
  if (!told.ok) throw new Error(told.error ?? `status ${response.status}`);
  return { ...told, ahead: told.now - Date.now() };
}

export async function act(action, given) {
  const response = await fetch(`/sandbox/jenkins/${action}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(given) });
  const told = await response.json();
  if (!told.ok) throw new Error(told.error ?? `status ${response.status}`);
  return told;
}

const path = (job) => job.split("/").map((name) => `/job/${encodeURIComponent(name)}`).join("");
export const jobUrl = (base, job) => `${base}${path(job)}/`;
export const buildUrl = (base, build) => `${jobUrl(base, build.job)}${build.number}/`;
export const lastName = (job) => job.split("/").at(-1);

export function took(millis) {
  const seconds = Math.round(millis / 1000);
  if (seconds < 1) return "less than a second";
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export const moment = (millis) => h("time", { dateTime: new Date(millis).toISOString() }, clock.format(millis));
export const size = (bytes) => (bytes >= 1048576 ? `${Math.round(bytes / 1048576)} MB` : bytes > 2048 ? `${Math.round(bytes / 1024)} KB` : `${bytes} bytes`);

/** How a build ended, or that it runs. The word says it; the colour only helps. */
export function pill(build) {
  const word = build.result ?? (build.paused ? "waiting for input" : "running");
  return h("span", { class: "jk-pill", dataset: { result: build.result ?? (build.paused ? "PAUSED" : "RUNNING") } }, word);
}

/** A bar for a build that runs; `tick` moves it. */
export function progress(build, ahead) {
  if (build.result || build.estimated <= 0) return null;
  const bar = h("progress", { class: "jk-progress", max: build.estimated, "aria-label": `Progress of ${lastName(build.job)} #${build.number}`, dataset: { began: build.began - ahead, paused: build.paused ? "yes" : "" } });
  moved(bar);
  return bar;
}

function moved(bar) {
  if (bar.dataset.paused) return;
  // The last bit is not promised before the end is there.
  bar.value = Math.min(bar.max * 0.99, Math.max(0, Date.now() - Number(bar.dataset.began)));
}

export const tick = (root) => root.querySelectorAll(".jk-progress").forEach(moved);

export function parameters(list) {
  if (!list?.length) return h("p", { class: "muted" }, "None");
  return h("dl", { class: "jk-values" }, list.map((one) => h("div", {}, h("dt", {}, one.name), h("dd", {}, one.value ? h("code", {}, one.value) : h("span", { class: "muted" }, "empty")))));
}

export const by = (names) => (names.length ? `by ${names.join(" and ")}` : "");
