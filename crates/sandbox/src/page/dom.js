// Small helpers to build the page. Text always goes in as text, never as markup.

/** Makes an element: properties, then children (nodes, texts, arrays, nothing). */
export function h(name, props = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") node.className = value;
    else if (key === "dataset") Object.assign(node.dataset, value);
    else if (key.startsWith("on") && typeof value === "function") node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "list" && key !== "role") node[key] = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** A link that can do no harm: web and mail addresses only, opened apart. */
export function link(url, ...label) {
  let safe = null;
  try {
    const parsed = new URL(url, location.href);
    if (["http:", "https:", "mailto:"].includes(parsed.protocol)) safe = parsed.href;
  } catch { /* no address: shown as text */ }
  if (!safe) return h("span", {}, ...label);
  return h("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, ...label);
}

let toastTimer = null;
/** Says something that passes. */
export function toast(text) {
  byId("toasts").replaceChildren(h("div", { class: "toast" }, text));
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => byId("toasts").replaceChildren(), 6000);
}

/** Says something to screen readers only. */
export function announce(text) {
  byId("announce").textContent = text;
}
