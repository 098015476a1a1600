// Editing one's own message.
import { api } from "./api.js";
import { h, toast } from "./dom.js";
import { names, shown } from "./known.js";
import { avatar } from "./message.js";

/** The box that stands in place of a message while it is edited; `leave()` takes it away. */
export function editor(one, { leave }) {
  const typed = one.text.replace(/<@([A-Z0-9]+)>/g, (whole, id) => (names.user(id) ? `@${names.user(id)}` : whole)).replace(/<#([A-Z0-9]+)\|([^>]*)>/g, "#$2").replace(/<!(here|channel|everyone)>/g, "@$1").replace(/<(?:mailto:|https?:\/\/)[^|>]*\|([^>]*)>/g, "$1").replace(/<(https?:[^>]*)>/g, "$1").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  const input = h("textarea", { class: "edit", rows: Math.min(typed.split("\n").length + 1, 12), "aria-label": "Edit the message" });
  input.value = typed;
  const save = async () => {
    if (!input.value.trim()) return;
    try { await api(shown.me.token, "chat.update", { channel: shown.channel, ts: one.ts, text: input.value }); leave(); } catch (error) { toast(error.message); }
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); leave(); }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); save(); }
  });
  setTimeout(() => { input.focus(); input.selectionStart = input.value.length; });
  return h("article", { class: "message editing", dataset: { ts: one.ts } }, h("div", { class: "gutter" }, avatar(shown.me)), h("div", { class: "body" }, input,
    h("div", { class: "edit-buttons" }, h("button", { class: "button", type: "button", onclick: leave }, "Cancel"), h("button", { class: "button primary", type: "button", onclick: save }, "Save"))));
}
