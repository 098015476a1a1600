// Starts `signpost sandbox` on a free port, for the scripts beside.
import { spawn } from "node:child_process";

/** Gives `{url, stop(signal)}` once the address stands on stdout. */
export function start(binary, ...more) {
  const child = spawn(binary, ["sandbox", "--port", "0", ...more], { stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
  process.once("exit", () => child.kill("SIGKILL"));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no address after 30 s; stderr:\n${err}`)), 30000);
    child.stderr.on("data", (data) => { err += data; });
    child.once("exit", (code) => reject(new Error(`${binary} ended with ${code}; stderr:\n${err}`)));
    child.once("error", reject);
    child.stdout.on("data", (data) => {
      out += data;
      const url = out.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
      if (url && out.includes("\n")) {
        clearTimeout(timer);
        resolve({ url, ended, stop: (signal = "SIGTERM") => child.kill(signal) });
      }
    });
  });
}
