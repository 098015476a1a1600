// Block Kit as nodes. `act(element, block)` is what a click does.
import { h, link } from "./dom.js";
import { element } from "./elements.js";
import { icon } from "./icons.js";
import { markdown, mrkdwn, plainText, richText, textObject as text } from "./mrkdwn.js";

export function blocks(list, names, act) {
  return (Array.isArray(list) ? list : []).map((block) => {
    try { return render(block, names, act); } catch { return unknown(block); }
  });
}

function render(block, names, act) {
  switch (block.type) {
    case "header": return h("h3", { class: "b-header" }, plainText(block.text?.text));
    case "divider": return h("hr", { class: "b-divider" });
    case "section": return section(block, names, act);
    case "context": return h("div", { class: "b-context" }, (block.elements ?? []).map((one) => (one.type === "image" ? image(one, "b-icon") : h("span", {}, text(one, names)))));
    case "actions": return h("div", { class: "b-actions" }, (block.elements ?? []).map((one) => element(one, block, names, act)));
    case "image": return h("figure", { class: "b-image" }, block.title ? h("figcaption", {}, plainText(block.title.text)) : null, image(block));
    case "rich_text": return h("div", { class: "b-rich" }, richText(block, names));
    case "markdown": return h("div", { class: "b-markdown" }, markdown(block.text, names));
    case "table": return table(block, names);
    case "input": return input(block, names, act);
    default: return unknown(block);
  }
}

const unknown = (block) => h("p", { class: "b-unknown" }, `This page can’t show blocks of type “${block?.type ?? "?"}”.`);

function section(block, names, act) {
  return h("div", { class: "b-section" },
    h("div", { class: "b-text" },
      block.text ? h("div", {}, text(block.text, names)) : null,
      block.fields ? h("div", { class: "b-fields" }, block.fields.map((field) => h("div", {}, text(field, names)))) : null),
    block.accessory ? h("div", { class: "b-accessory" }, element(block.accessory, block, names, act)) : null);
}

/** A field with its label, its hint and a place for what is wrong with it. */
function input(block, names, act) {
  const id = `field-${block.block_id}`;
  const node = element(block.element ?? {}, block, names, block.dispatch_action ? act : () => {});
  const isGroup = node.classList.contains("choices");
  const label = h(isGroup ? "span" : "label", { class: "field-label", id: `${id}-label`, htmlFor: isGroup ? undefined : id }, plainText(block.label?.text), block.optional ? h("span", { class: "muted" }, " (optional)") : null);
  node.id = id;
  node.removeAttribute("aria-label");
  node.setAttribute(isGroup ? "aria-labelledby" : "aria-describedby", isGroup ? `${id}-label` : `${id}-problem ${id}-hint`);
  if (!block.optional && !isGroup) node.setAttribute("aria-required", "true");
  return h("div", { class: "field", dataset: { field: block.block_id } }, label, node,
    block.hint ? h("small", { id: `${id}-hint` }, plainText(block.hint.text)) : null, h("p", { class: "problem", role: "alert", id: `${id}-problem` }));
}

function image(one, kind = "") {
  const node = h("img", { class: kind, alt: one.alt_text ?? "", loading: "lazy", referrerPolicy: "no-referrer" });
  node.addEventListener("error", () => node.replaceWith(h("span", { class: "b-alt" }, one.alt_text || "Image")));
  try {
    const url = new URL(one.image_url ?? one.slack_file?.url ?? "", location.href);
    if (["http:", "https:"].includes(url.protocol)) node.src = url.href;
  } catch { /* the alternative text stands in */ }
  return node;
}

function table(block, names) {
  const cell = (one) => (one?.type === "rich_text" ? richText(one, names) : [String(one?.text ?? "")]);
  return h("div", { class: "b-table" }, h("table", {}, (block.rows ?? []).map((row, index) => h("tr", {}, (row ?? []).map((one) => h(index ? "td" : "th", {}, cell(one)))))));
}

/** Classic attachments: a bar of colour beside title, text and fields. */
export function attachments(list, names, act) {
  return (Array.isArray(list) ? list : []).map((one) => {
    const node = h("div", { class: "attachment" },
      one.pretext ? h("div", {}, mrkdwn(one.pretext, names)) : null,
      one.title ? h("strong", {}, one.title_link ? link(one.title_link, one.title) : one.title) : null,
      one.text ? h("div", {}, mrkdwn(one.text, names)) : null,
      one.fields ? h("div", { class: "b-fields" }, one.fields.map((field) => h("div", {}, field.title ? [h("strong", {}, String(field.title)), h("br")] : null, mrkdwn(String(field.value ?? ""), names)))) : null,
      one.blocks ? blocks(one.blocks, names, act) : null,
      one.footer ? h("div", { class: "b-context" }, one.footer) : null);
    if (/^#?[0-9a-f]{6}$/i.test(one.color ?? "")) node.style.borderColor = `#${one.color.replace("#", "")}`;
    return node;
  });
}

/** Files: snippets with their preview, images, and names of the rest. */
export function files(list) {
  return (Array.isArray(list) ? list : []).map((file) => {
    if (file.mode === "file_access") return h("div", { class: "file" }, h("div", { class: "file-name" }, icon("file"), " A file from another organisation"));
    const name = h("div", { class: "file-name" }, icon("file"), " ", file.url_private ? link(file.url_private, file.title ?? file.name ?? "file") : file.name, h("span", { class: "file-size" }, ` ${size(file.size)}`));
    if (String(file.mimetype).startsWith("image/")) return h("div", { class: "file" }, name, image({ image_url: file.url_private, alt_text: file.title ?? file.name }));
    return h("div", { class: "file" }, name, file.preview ? h("pre", { tabIndex: 0 }, h("code", {}, file.preview + (file.preview_is_truncated ? "\n…" : ""))) : null);
  });
}

const size = (bytes) => (bytes > 2048 ? `${Math.round(bytes / 1024)} KB` : `${bytes ?? 0} bytes`);
