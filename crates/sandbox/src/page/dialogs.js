// Small dialogs of the page itself: asking back before a button acts, and writing a text snippet.
import { h } from "./dom.js";
import { plainText, textObject } from "./mrkdwn.js";

let count = 0;

function dialog(title, content, buttons, kind = "") {
  count += 1;
  const id = `dialog-${count}`;
  const node = h("dialog", { class: `dialog ${kind}`, "aria-labelledby": id }, h("form", { class: "modal-form", method: "dialog" },
    h("h2", { id }, title), content, h("div", { class: "modal-buttons" }, buttons)));
  node.addEventListener("close", () => node.remove());
  document.body.append(node);
  return node;
}

/** Asks back, as a confirmation object of Slack's says; resolves to whether it was confirmed. */
export function confirmed(object, names) {
  return new Promise((resolve) => {
    let is = false;
    const style = object.style === "danger" ? " danger" : " primary";
    const node = dialog(plainText(object.title?.text), h("div", { class: "b-text" }, textObject(object.text, names)), [
      h("button", { class: "button", type: "submit" }, plainText(object.deny?.text ?? "Cancel")),
      h("button", { class: `button${style}`, type: "submit", onclick: () => { is = true; } }, plainText(object.confirm?.text ?? "Yes")),
    ], "ask");
    node.addEventListener("close", () => resolve(is));
    node.showModal();
  });
}

/** Lets a person write a text snippet; `share({ title, name, content, comment })` sends it. */
export function snippetDialog(comment, share) {
  const title = h("input", { type: "text", maxLength: 150, placeholder: "For example: pod log", id: "snippet-title" });
  const content = h("textarea", { rows: 12, class: "mono", required: true, spellcheck: false, id: "snippet-content", "aria-describedby": "snippet-problem" });
  const note = h("textarea", { rows: 2, id: "snippet-comment" });
  note.value = comment;
  const problem = h("p", { class: "problem", role: "alert", id: "snippet-problem" });
  const send = h("button", { class: "button primary", type: "submit" }, "Share snippet");
  const node = dialog("Text snippet", [
    h("label", { class: "field" }, h("span", {}, "Title (optional)"), title),
    h("label", { class: "field" }, h("span", {}, "Content"), content, problem),
    h("label", { class: "field" }, h("span", {}, "Message about the snippet (optional)"), note),
  ], [h("button", { class: "button", type: "button", onclick: () => node.close() }, "Cancel"), send], "wide");
  node.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!content.value.trim()) { problem.textContent = "A snippet needs some text."; content.focus(); return; }
    send.disabled = true;
    const name = title.value.trim() || "Untitled.txt";
    try {
      await share({ title: title.value.trim() || "Untitled", name: /\.\w{1,8}$/.test(name) ? name : `${name}.txt`, content: content.value, comment: note.value });
      node.close();
    } catch (error) { problem.textContent = `Not shared: ${error.message}`; send.disabled = false; }
  });
  node.showModal();
  content.focus();
}
