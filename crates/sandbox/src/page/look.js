// Dark and light, by the switch; theme.js has set it before anything was painted.
import { icon } from "./icons.js";

/** Makes `button` switch between dark and light. */
export function lookSwitch(button) {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const label = () => { button.replaceChildren(icon(isDark() ? "sun" : "moon")); button.setAttribute("aria-label", isDark() ? "Switch to light" : "Switch to dark"); };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("signpost-theme", root.dataset.theme); } catch { /* private mode */ }
    label();
  });
  system.addEventListener("change", label);
  label();
}
