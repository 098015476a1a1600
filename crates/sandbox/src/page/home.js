// The Home tab of an app, in its direct messages.
import { blocks } from "./blocks.js";
import { h } from "./dom.js";
import { collect } from "./elements.js";

/** The tabs above the direct messages of an app that has a Home tab. */
export function tabs(current, choose) {
  const tab = (id, label) => h("button", {
    class: "tab", type: "button", role: "tab", id: `tab-${id}`, "aria-selected": String(current === id), tabIndex: current === id ? 0 : -1, onclick: () => choose(id),
  }, label);
  const node = h("div", { class: "tabs", role: "tablist", "aria-label": "App pages" }, tab("home", "Home"), tab("messages", "Messages"));
  node.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    choose(current === "home" ? "messages" : "home");
  });
  return node;
}

/** The Home tab itself. `ctx`: names, app (its name), click(body), say(text). */
export function home(view, ctx) {
  if (!view) return h("section", { class: "empty" }, h("h2", {}, `${ctx.app} has no Home tab yet`), h("p", {}, "An app publishes its Home tab when someone opens it. If nothing appears, the app isn’t connected or has no Home tab."));
  const node = h("section", { class: "home", "aria-label": `Home of ${ctx.app}`, dataset: { view: view.id } });
  const act = async (one, block, used, value) => {
    if (used.disabled) return;
    used.disabled = true;
    used.classList.add("busy");
    try {
      const told = await ctx.click({ view_id: view.id, action_id: one.action_id, block_id: block.block_id, value, values: collect(node) });
      if (!told.acknowledged && !one.url) ctx.say(`${ctx.app} didn't respond. Try again?`);
    } catch (error) { ctx.say(error.message); }
    used.disabled = false;
    used.classList.remove("busy");
  };
  node.append(...blocks(view.blocks, ctx.names, act));
  return node;
}
