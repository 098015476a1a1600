// The box people write in: many lines, mentions, code, files.
import { h, toast } from "./dom.js";
import { snippetDialog } from "./dialogs.js";
import { icon } from "./icons.js";
import { storedHere } from "./known.js";
import { attachMenu } from "./menus.js";

/** Slack takes this many characters. */
const LONGEST = 40000;

/** What is not sent yet, by its place: kept for this tab, so that a reload keeps it. */
function keptDrafts(id) {
  const key = (place) => `signpost-draft-${id}-${place}`;
  return {
    get: (place) => storedHere(key(place)),
    set: (place, text) => storedHere(key(place), text),
  };
}

/**
 * `options`: label, id, people() and commands() for completion, send(text), upload(files, comment), snippet(given),
 * typing(), editLast(), shortcuts() (the entries of a menu), examples (nodes).
 * The text that is not sent yet is kept per `draft()` key.
 */
export function composer(options) {
  const drafts = keptDrafts(options.id);
  let shown = [];
  let active = 0;
  const input = h("textarea", {
    id: options.id, rows: 1, placeholder: "", spellcheck: true,
    "aria-label": options.label, "aria-autocomplete": "list", "aria-controls": `${options.id}-names`, "aria-expanded": "false", role: "combobox",
  });
  const names = h("ul", { class: "completion", id: `${options.id}-names`, role: "listbox", "aria-label": "Suggestions", hidden: true });
  const file = h("input", { type: "file", hidden: true, multiple: true });
  const sendButton = h("button", { class: "send", type: "button", "aria-label": "Send", disabled: true, onclick: () => submit() }, icon("send"));
  const count = h("span", { class: "count", "aria-live": "polite" });
  const tool = (label, text, click) => h("button", { class: "tool", type: "button", title: label, "aria-label": label, onclick: click }, text);

  const fit = () => {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, Math.round(window.innerHeight * 0.4))}px`;
    const length = [...input.value].length;
    count.textContent = length > LONGEST * 0.8 ? `${length.toLocaleString("en")} of ${LONGEST.toLocaleString("en")} characters` : "";
    sendButton.disabled = !input.value.trim();
    drafts.set(options.draft(), input.value);
  };
  const submit = async () => {
    const text = input.value;
    if (!text.trim()) return;
    if ([...text].length > LONGEST) {
      toast(`A message can have at most ${LONGEST.toLocaleString("en")} characters. Upload it as a file instead.`);
      return;
    }
    const key = options.draft();
    input.value = "";
    fit();
    try { await options.send(text); } catch (error) {
      drafts.set(key, text);
      if (options.draft() === key) { input.value = text; fit(); }
      toast(`Not sent: ${error.message}`);
    }
  };

  // Mentions, and commands at the start.
  const word = () => input.value.slice(0, input.selectionStart).match(/(?:^|\s)@([\p{L}\p{N}._-]*)$/u);
  const close = () => { names.hidden = true; shown = []; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const slash = () => input.value.slice(0, input.selectionStart).match(/^(\/[a-z]*)$/);
  const suggestions = () => {
    const command = slash();
    if (command) return options.commands().filter((one) => one.command.startsWith(command[1])).map((one) => ({ text: `${one.command} `, label: one.command, hint: one.usage_hint || one.description, isWhole: false }));
    const typed = word()?.[1].toLowerCase();
    if (typed === undefined) return [];
    return options.people().filter((one) => one.name.startsWith(typed) || one.real_name.toLowerCase().startsWith(typed)).slice(0, 6)
      .map((one) => ({ text: `@${one.name} `, label: one.real_name, hint: `@${one.name}`, isWhole: one.name === typed }));
  };
  const complete = () => {
    shown = suggestions();
    // A name that is typed in full needs no help.
    if (!shown.length || (shown.length === 1 && shown[0].isWhole)) return close();
    active = Math.min(active, shown.length - 1);
    names.replaceChildren(...shown.map((one, index) => h("li", {
      id: `${options.id}-name-${index}`, role: "option", "aria-selected": String(index === active),
      onmousedown: (event) => { event.preventDefault(); active = index; take(); },
    }, h("strong", {}, one.label), h("span", {}, one.hint))));
    names.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-activedescendant", `${options.id}-name-${active}`);
  };
  const take = () => {
    const found = slash()?.[1] ?? (word() && `@${word()[1]}`);
    const one = shown[active];
    if (!found || !one) return;
    input.setRangeText(one.text, input.selectionStart - found.length, input.selectionStart, "end");
    close();
    fit();
  };

  const wrapCode = () => {
    const [from, to] = [input.selectionStart, input.selectionEnd];
    const chosen = input.value.slice(from, to);
    input.setRangeText(chosen.includes("\n") || !chosen ? `\`\`\`\n${chosen}\n\`\`\`` : `\`${chosen}\``, from, to, "end");
    if (!chosen) input.selectionStart = input.selectionEnd = from + 4;
    input.focus();
    fit();
  };
  const upload = async (chosen) => {
    const files = [...(chosen ?? [])];
    if (!files.length) return;
    try { await options.upload(files, input.value); input.value = ""; fit(); } catch (error) { toast(`Not uploaded: ${error.message}`); }
  };
  const snippet = () => snippetDialog(input.value, async (given) => { await options.snippet(given); input.value = ""; fit(); });
  file.addEventListener("change", async () => { await upload(file.files); file.value = ""; });

  let lastTyping = 0;
  input.addEventListener("input", () => {
    active = 0;
    fit();
    complete();
    if (Date.now() - lastTyping > 3000 && input.value) { lastTyping = Date.now(); options.typing(); }
  });
  input.addEventListener("blur", close);
  input.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.files;
    if (pasted?.length) { event.preventDefault(); upload(pasted); }
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (!names.hidden && ["ArrowDown", "ArrowUp", "Tab", "Enter", "Escape"].includes(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Escape") close();
      else if (event.key === "Tab" || event.key === "Enter") take();
      else { active = (active + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length; complete(); }
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "ArrowUp" && !input.value && options.editLast()) event.preventDefault();
  });

  const node = h("div", { class: "composer" }, names, input,
    h("div", { class: "tools" },
      tool("Code", icon("code"), wrapCode),
      tool("Mention someone", icon("at"), () => { input.setRangeText(/(^|\s)$/.test(input.value.slice(0, input.selectionStart)) ? "@" : " @", input.selectionStart, input.selectionEnd, "end"); input.focus(); fit(); complete(); }),
      attachMenu(tool("Attach", icon("plus"), null), "Attach", () => [
        { label: "Upload files", hint: "Up to 20 MB in total", id: "upload", run: () => file.click() },
        { label: "Text snippet", hint: "A log or a trace, with a title", id: "snippet", run: snippet },
      ]),
      attachMenu(tool("Shortcuts", icon("bolt"), null), "Shortcuts", options.shortcuts), options.examples ?? null, count, sendButton), file);
  node.addEventListener("dragover", (event) => event.preventDefault());
  node.addEventListener("drop", (event) => { const files = event.dataTransfer?.files; if (files?.length) { event.preventDefault(); upload(files); } });
  return {
    node, input,
    /** Shows what was written here before. */
    restore(placeholder) { input.value = drafts.get(options.draft()) ?? ""; input.placeholder = placeholder; close(); fit(); },
    /** Puts text in place of what is there. */
    set(text) { input.value = text; fit(); input.focus(); },
  };
}
