// Modals that apps open: shown in a dialog, submitted through `/sandbox/submit`.
import { blocks } from "./blocks.js";
import { byId, h, toast } from "./dom.js";

/** Shows a view; `send(body)` submits it. */
export function showView(view, names, send) {
  const dialog = byId("modal");
  const errors = new Map();
  const form = h("form", { class: "modal-form" });
  const inputs = [];
  const parts = (view.blocks ?? []).map((block) => {
    if (block.type !== "input") return blocks([block], names, () => toast("Only buttons in messages can be clicked here."))[0];
    const { node, value } = input(block);
    const problem = h("p", { class: "problem", role: "alert" });
    errors.set(block.block_id, problem);
    inputs.push({ block: block.block_id, action: block.element?.action_id, value });
    return h("label", { class: "field" }, h("span", {}, block.label?.text ?? ""), node, block.hint ? h("small", {}, block.hint.text) : null, problem);
  });
  form.append(h("h2", { id: "modal-title" }, view.title?.text ?? ""), ...parts, h("div", { class: "modal-buttons" },
    h("button", { class: "button", type: "button", onclick: () => dialog.close() }, view.close?.text ?? "Cancel"),
    view.submit ? h("button", { class: "button primary", type: "submit" }, view.submit.text ?? "Submit") : null));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = {};
    for (const one of inputs) (values[one.block] ??= {})[one.action] = one.value();
    errors.forEach((node) => { node.textContent = ""; });
    try {
      const told = await send({ view_id: view.id, values });
      const wrong = told.response?.errors ?? {};
      for (const [block, text] of Object.entries(wrong)) if (errors.has(block)) errors.get(block).textContent = text;
      if (!told.acknowledged) toast("The app did not respond.");
    } catch (error) { toast(error.message); }
  });
  dialog.dataset.view = view.id;
  dialog.replaceChildren(form);
  if (!dialog.open) dialog.showModal();
}

export function closeView(id) {
  const dialog = byId("modal");
  if (dialog.open && (!id || dialog.dataset.view === id)) dialog.close();
}

function input(block) {
  const element = block.element ?? {};
  const options = element.options ?? [];
  if (options.length) {
    const node = h("select", { class: "select" }, options.map((one) => h("option", { value: one.value }, one.text?.text ?? one.value)));
    if (element.initial_option) node.value = element.initial_option.value;
    return { node, value: () => node.value };
  }
  const node = element.multiline ? h("textarea", { rows: 4 }) : h("input", { type: element.type === "number_input" ? "number" : "text" });
  node.value = element.initial_value ?? "";
  node.placeholder = element.placeholder?.text ?? "";
  node.required = !block.optional;
  return { node, value: () => node.value || null };
}
