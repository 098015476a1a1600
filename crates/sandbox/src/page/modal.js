// Modals that apps open: shown in a dialog, submitted, closed and clicked in through `/sandbox/`.
import { blocks } from "./blocks.js";
import { byId, h } from "./dom.js";
import { collect, fill } from "./elements.js";
import { plainText } from "./mrkdwn.js";

const TROUBLE = "We had some trouble connecting. Try again?";
let shown = null;
/** The view that was closed here last: its closing is told by the workspace afterwards. */
let last = null;

/**
 * Shows a view, or shows it anew when it is the one that stands. `ctx`: names, app (its name), submit(body) and
 * click(body).
 */
export function showView(view, ctx) {
  const dialog = byId("modal");
  const isSame = shown?.view.id === view.id;
  const typed = isSame ? collect(dialog) : null;
  const was = isSame ? standing(dialog) : null;
  const form = h("form", { class: "modal-form", noValidate: true });
  const say = h("p", { class: "problem modal-problem", role: "alert" });
  const body = h("div", { class: "modal-body" }, blocks(view.blocks, ctx.names, act));
  const submitButton = view.submit ? h("button", { class: "button primary", type: "submit" }, plainText(view.submit.text)) : null;
  form.append(
    h("header", { class: "modal-head" }, h("div", {}, h("h2", { id: "modal-title" }, plainText(view.title?.text)), h("span", { class: "muted" }, ctx.app)),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => leave(true) }, "✕")),
    body, say,
    h("div", { class: "modal-buttons" }, h("button", { class: "button", type: "button", onclick: () => leave(false) }, view.close ? plainText(view.close.text) : view.previous_view_id ? "Back" : submitButton ? "Cancel" : "Close"), submitButton));
  fill(form, plainValues(view.state?.values));
  if (typed) fill(form, typed);

  async function act(one, block, node, value) {
    if (node.disabled) return;
    node.disabled = true;
    node.classList.add("busy");
    say.textContent = "";
    try {
      const told = await ctx.click({ view_id: view.id, action_id: one.action_id, block_id: block.block_id, value, values: collect(form) });
      if (!told.acknowledged && !one.url) say.textContent = `${ctx.app} didn't respond. Try again?`;
    } catch (error) { say.textContent = error.message; }
    node.disabled = false;
    node.classList.remove("busy");
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submitButton.disabled) return;
    complain(form, {});
    say.textContent = "";
    submitButton.disabled = true;
    submitButton.classList.add("busy");
    try {
      const told = await ctx.submit({ view_id: view.id, values: collect(form) });
      complain(form, told.client_errors ?? told.response?.errors ?? {});
      if (!told.client_errors && (!told.acknowledged || told.failure)) say.textContent = TROUBLE;
    } catch (error) { say.textContent = error.message; }
    submitButton.disabled = false;
    submitButton.classList.remove("busy");
  });

  const leave = (all) => {
    closeView(view.id);
    ctx.submit({ view_id: view.id, close: true, clear: all || undefined }).catch(() => {});
  };
  shown = { view, leave };
  dialog.dataset.view = view.id;
  dialog.replaceChildren(form);
  if (!dialog.open) {
    dialog.oncancel = (event) => { event.preventDefault(); shown?.leave(false); };
    dialog.showModal();
  }
  resume(form, was);
}

/** Where the person is in the modal that is drawn anew: field or button, the caret, how far it is scrolled. */
function standing(dialog) {
  const at = document.activeElement;
  const isInside = dialog.querySelector(".modal-body")?.contains(at);
  return {
    id: isInside && at.id, press: isInside && at.dataset.press, caret: isInside && at.matches("textarea, input[type=text]") ? [at.selectionStart, at.selectionEnd] : null,
    top: dialog.querySelector(".modal-body")?.scrollTop ?? 0,
  };
}

/** Goes on there; a person who was in no field yet begins in the one that the app names, or in the first. */
function resume(form, was) {
  const body = form.querySelector(".modal-body");
  const again = (was?.id && body.querySelector(`#${CSS.escape(was.id)}`)) || (was?.press && body.querySelector(`[data-press="${CSS.escape(was.press)}"]`));
  if (!again) { (body.querySelector("[data-focus]") ?? body.querySelector("input, textarea, select"))?.focus(); return; }
  again.focus();
  if (was.caret) again.setSelectionRange(...was.caret);
  body.scrollTop = was.top;
}

/** Says at each field what is wrong with it. */
function complain(form, errors) {
  let first = null;
  for (const field of form.querySelectorAll("[data-field]")) {
    const wrong = errors[field.dataset.field];
    field.querySelector(".problem").textContent = wrong ?? "";
    const input = field.querySelector("[data-holds]");
    if (wrong) input?.setAttribute("aria-invalid", "true"); else input?.removeAttribute("aria-invalid");
    if (wrong) first ??= input;
  }
  first?.focus();
}

/** Slack's shape of values as the plain ones that fields take. */
function plainValues(values) {
  const plain = {};
  for (const [block, actions] of Object.entries(values ?? {})) {
    for (const [action, value] of Object.entries(actions ?? {})) {
      const one = value?.value ?? value?.selected_option?.value ?? value?.selected_options?.map((option) => option.value)
        ?? value?.selected_user ?? value?.selected_conversation ?? value?.selected_channel ?? value?.selected_date ?? value?.selected_time;
      (plain[block] ??= {})[action] = one;
    }
  }
  return plain;
}

/** Whether this view, or one of its stack, stands in this page. */
export const isShown = (view) => Boolean(shown) && shown.view.root_view_id === view.root_view_id;

/** Takes a view away and says whether it stood here; the one below it, if any, is shown again by `showView`. */
export function closeView(id) {
  const dialog = byId("modal");
  if (shown?.view.id !== id) return last === id;
  last = id;
  shown = null;
  dialog.close();
  dialog.replaceChildren();
  return true;
}
