// The parts of blocks that people use: buttons, selects, checkboxes, fields. `act(element, block, node, value)` is what
// using one does; what stands in them is read by `collect` and put back by `fill`.
import { confirmed } from "./dialogs.js";
import { h, link } from "./dom.js";
import { attachMenu } from "./menus.js";
import { plainText, textObject } from "./mrkdwn.js";

/** Node → how to read it and how to set it. */
const holders = new WeakMap();

function holds(node, block, one, get, set) {
  node.dataset.holds = "";
  node.dataset.block = block.block_id ?? "";
  node.dataset.action = one.action_id ?? "";
  if (one.focus_on_load) node.dataset.focus = "";
  holders.set(node, { get, set });
  return node;
}

/** What stands in all elements below `root`: `{ block_id: { action_id: value } }`. */
export function collect(root) {
  const values = {};
  for (const node of root.querySelectorAll("[data-holds]")) (values[node.dataset.block] ??= {})[node.dataset.action] = holders.get(node)?.get();
  return values;
}

/** Puts values back where block and action are still there. */
export function fill(root, values) {
  for (const node of root.querySelectorAll("[data-holds]")) {
    const value = values?.[node.dataset.block]?.[node.dataset.action];
    if (value !== undefined && value !== null) holders.get(node)?.set(value);
  }
}

export function element(one, block, names, act) {
  switch (one.type) {
    case "button": case "workflow_button": return button(one, block, names, act);
    case "overflow": return overflow(one, block, names, act);
    case "static_select": case "external_select": case "users_select": case "conversations_select": case "channels_select": return select(one, block, names, act, false);
    case "multi_static_select": case "multi_users_select": case "multi_conversations_select": case "multi_channels_select": case "multi_external_select": return select(one, block, names, act, true);
    case "checkboxes": return choices(one, block, names, act, "checkbox");
    case "radio_buttons": return choices(one, block, names, act, "radio");
    case "datepicker": return field(one, block, act, "date", one.initial_date);
    case "timepicker": return field(one, block, act, "time", one.initial_time);
    case "number_input": return field(one, block, act, "number", one.initial_value);
    case "email_text_input": return field(one, block, act, "email", one.initial_value);
    case "url_text_input": return field(one, block, act, "url", one.initial_value);
    case "plain_text_input": return field(one, block, act, one.multiline ? "area" : "text", one.initial_value);
    default: return h("span", { class: "b-unknown" }, one.type ?? "?");
  }
}

const asked = async (one, names) => !one.confirm || confirmed(one.confirm, names);

function button(one, block, names, act) {
  const style = one.style === "primary" ? " primary" : one.style === "danger" ? " danger" : "";
  const label = plainText(one.text?.text);
  if (one.url) {
    const node = link(one.url, label, h("span", { class: "out", "aria-hidden": "true" }, " ↗"));
    node.className = `button${style}`;
    node.dataset.press = one.action_id ?? "";
    node.addEventListener("click", () => act(one, block, node));
    return node;
  }
  const node = h("button", { class: `button${style}`, type: "button", "aria-label": one.accessibility_label, dataset: { press: one.action_id ?? "" } }, label);
  node.addEventListener("click", async () => { if (await asked(one, names)) act(one, block, node); });
  return node;
}

function overflow(one, block, names, act) {
  const node = h("button", { class: "button overflow", type: "button", "aria-label": "More actions", dataset: { press: one.action_id ?? "" } }, "⋯");
  return attachMenu(node, "More actions", () => (one.options ?? []).map((option) => ({
    label: plainText(option.text?.text), hint: option.description ? plainText(option.description.text) : null,
    run: async () => {
      if (!await asked(one, names)) return;
      if (option.url) window.open(option.url, "_blank", "noopener,noreferrer");
      act(one, block, node, option.value);
    },
  })));
}

/** The people or channels to choose from, as options. */
function listed(one, names) {
  const known = /users/.test(one.type) ? names.people?.() : names.channels?.();
  return (known ?? []).map(([value, label]) => ({ value, text: { text: label } }));
}

function select(one, block, names, act, several) {
  const isListed = /users|conversations|channels/.test(one.type);
  const groups = one.option_groups ?? [{ options: isListed ? listed(one, names) : one.options ?? [] }];
  const entry = (option) => h("option", { value: option.value }, plainText(option.text?.text ?? option.value));
  const node = h("select", { class: "select", multiple: several, "aria-label": plainText(one.placeholder?.text ?? "Choose") },
    several ? null : h("option", { value: "" }, plainText(one.placeholder?.text ?? "Choose…")),
    groups.map((group) => (group.label ? h("optgroup", { label: plainText(group.label.text) }, group.options.map(entry)) : group.options.map(entry))));
  if (several) node.size = Math.min(6, Math.max(3, node.options.length));
  const set = (value) => { for (const option of node.options) option.selected = several ? value.includes(option.value) : option.value === value; };
  const get = () => (several ? [...node.selectedOptions].map((option) => option.value) : node.value || null);
  const initial = several
    ? one.initial_options?.map((option) => option.value) ?? one.initial_users ?? one.initial_conversations ?? one.initial_channels
    : one.initial_option?.value ?? one.initial_user ?? one.initial_conversation ?? one.initial_channel;
  if (initial) set(initial);
  let before = get();
  node.addEventListener("change", async () => {
    const value = get();
    if (!several && !value) return;
    if (!await asked(one, names)) { set(before ?? ""); return; }
    before = value;
    act(one, block, node, value);
  });
  return holds(node, block, one, get, set);
}

let group = 0;

function choices(one, block, names, act, type) {
  group += 1;
  const boxes = (one.options ?? []).map((option) => h("input", { type, name: `choice-${group}`, value: option.value }));
  const get = () => {
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    return type === "radio" ? chosen[0] ?? null : chosen;
  };
  const set = (value) => boxes.forEach((box) => { box.checked = [value].flat().includes(box.value); });
  set(type === "radio" ? one.initial_option?.value : one.initial_options?.map((option) => option.value) ?? []);
  let before = get();
  const node = h("div", { class: "choices", role: type === "radio" ? "radiogroup" : "group" }, (one.options ?? []).map((option, index) => h("label", { class: "choice" }, boxes[index],
    h("span", {}, textObject(option.text, names), option.description ? h("small", {}, textObject(option.description, names)) : null))));
  node.addEventListener("change", async () => {
    if (!await asked(one, names)) { set(before); return; }
    before = get();
    act(one, block, node, before);
  });
  return holds(node, block, one, get, set);
}

function field(one, block, act, kind, initial) {
  const node = kind === "area" ? h("textarea", { rows: 8 }) : h("input", { type: kind });
  node.value = initial ?? "";
  node.placeholder = plainText(one.placeholder?.text ?? "");
  if (one.max_length) node.maxLength = one.max_length;
  if (kind === "number" && !one.is_decimal_allowed) node.step = "1";
  const isPicker = kind === "date" || kind === "time";
  if (isPicker) node.addEventListener("change", () => act(one, block, node, node.value));
  if (one.dispatch_action_config?.trigger_actions_on?.includes("on_enter_pressed") || (block.dispatch_action && kind !== "area")) {
    node.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); act(one, block, node, node.value); } });
  }
  return holds(node, block, one, () => node.value || null, (value) => { node.value = value; });
}
