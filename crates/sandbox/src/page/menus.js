// Menus that open at a button: above everything, closed by Escape or a click elsewhere, walked with the arrow keys.
import { h } from "./dom.js";

/**
 * Makes `button` open a menu. `items()` gives what is in it: `{ heading }`, `{ label, hint, run, id, danger }`, or a list
 * of such items, which share a row.
 */
export function attachMenu(button, label, items) {
  let list = null;
  button.setAttribute("aria-haspopup", "menu");
  button.setAttribute("aria-expanded", "false");
  const close = () => { list?.hidePopover(); };
  const entry = (one) => h("button", {
    type: "button", role: "menuitem", class: one.danger ? "danger" : "", dataset: one.id ? { item: one.id } : {}, "aria-label": one.aria,
    onclick: () => { close(); button.focus(); one.run(); },
  }, h("strong", {}, one.label), one.hint ? h("span", {}, one.hint) : null);
  const row = (one) => {
    if (Array.isArray(one)) return h("div", { class: "menu-row", role: "presentation" }, one.map((part) => (part.heading ? h("span", { class: "menu-name" }, part.heading) : entry(part))));
    return one.heading ? h("p", { class: "menu-heading", role: "presentation" }, one.heading) : entry(one);
  };
  const open = () => {
    const made = h("div", { class: "menu-list", role: "menu", "aria-label": label }, items().map(row));
    made.setAttribute("popover", "auto");
    // A modal makes everything outside of it inert.
    (button.closest("dialog") ?? document.body).append(made);
    made.addEventListener("toggle", (event) => {
      if (event.newState !== "closed") return;
      button.setAttribute("aria-expanded", "false");
      if (made.contains(document.activeElement)) button.focus();
      made.remove();
      list = null;
    });
    made.addEventListener("keydown", (event) => walk(event, made));
    list = made;
    made.showPopover();
    place(made, button);
    button.setAttribute("aria-expanded", "true");
    made.querySelector("button")?.focus();
  };
  // The click that closes an open menu by being elsewhere must not open it again.
  let wasOpen = false;
  button.addEventListener("pointerdown", () => { wasOpen = Boolean(list); });
  button.addEventListener("click", () => { if (wasOpen || list) close(); else open(); wasOpen = false; });
  return button;
}

function walk(event, list) {
  const entries = [...list.querySelectorAll("button")];
  const at = entries.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: entries.length - 1 }[event.key];
  if (event.key === "Tab") { list.hidePopover(); return; }
  if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); list.hidePopover(); return; }
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  entries[(to + entries.length) % entries.length]?.focus();
}

function place(list, button) {
  const [at, size] = [button.getBoundingClientRect(), list.getBoundingClientRect()];
  const left = Math.max(8, Math.min(at.left, window.innerWidth - size.width - 8));
  const below = at.bottom + 6 + size.height <= window.innerHeight - 8;
  const top = below ? at.bottom + 6 : Math.max(8, at.top - 6 - size.height);
  list.style.left = `${left}px`;
  list.style.top = `${top}px`;
}
