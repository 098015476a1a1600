// Block Kit as nodes. `act(element, block)` is what a click does.
import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { icon } from "./icons.js";
import { markdown, mrkdwn, richText } from "./mrkdwn.js";

const plainText = (text) => String(text ?? "").replace(/:([a-z0-9_+-]+):/g, (_, name) => emoji(name));

/** A text object. */
function text(object, names) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text, names) : [plainText(object.text)];
}

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
    default: return unknown(block);
  }
}

const unknown = (block) => h("p", { class: "b-unknown" }, `This page does not show blocks of the kind “${block?.type ?? "?"}”.`);

function section(block, names, act) {
  return h("div", { class: "b-section" },
    h("div", { class: "b-text" },
      block.text ? h("div", {}, text(block.text, names)) : null,
      block.fields ? h("div", { class: "b-fields" }, block.fields.map((field) => h("div", {}, text(field, names)))) : null),
    block.accessory ? h("div", { class: "b-accessory" }, element(block.accessory, block, names, act)) : null);
}

function element(one, block, names, act) {
  switch (one.type) {
    case "button": return button(one, block, act);
    case "image": return image(one, "b-thumb");
    case "static_select": case "overflow": return select(one, block, act);
    default: return h("span", { class: "b-unknown" }, one.type ?? "?");
  }
}

function button(one, block, act) {
  const style = one.style === "primary" ? " primary" : one.style === "danger" ? " danger" : "";
  const label = plainText(one.text?.text);
  if (one.url) {
    const node = link(one.url, label, h("span", { class: "out", "aria-hidden": "true" }, " ↗"));
    node.className = `button${style}`;
    node.addEventListener("click", () => act(one, block, node));
    return node;
  }
  const node = h("button", { class: `button${style}`, type: "button", "aria-label": one.accessibility_label }, label);
  node.addEventListener("click", () => {
    if (one.confirm && !window.confirm([one.confirm.title?.text, one.confirm.text?.text].filter(Boolean).join("\n\n"))) return;
    act(one, block, node);
  });
  return node;
}

function select(one, block, act) {
  const options = one.options ?? (one.option_groups ?? []).flatMap((group) => group.options ?? []);
  const node = h("select", { class: "select", "aria-label": one.placeholder?.text ?? "Choose" },
    h("option", { value: "" }, one.placeholder?.text ?? "More…"),
    options.map((option) => h("option", { value: option.value }, option.text?.text ?? option.value)));
  node.addEventListener("change", () => { if (node.value) act(one, block, node, node.value); });
  return node;
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
      one.fields ? h("div", { class: "b-fields" }, one.fields.map((field) => h("div", {}, h("strong", {}, String(field.title ?? "")), h("br"), mrkdwn(String(field.value ?? ""), names)))) : null,
      one.blocks ? blocks(one.blocks, names, act) : null,
      one.footer ? h("div", { class: "b-context" }, one.footer) : null);
    if (/^#?[0-9a-f]{6}$/i.test(one.color ?? "")) node.style.borderColor = `#${one.color.replace("#", "")}`;
    return node;
  });
}

/** Files: snippets with their preview, images, and names of the rest. */
export function files(list) {
  return (Array.isArray(list) ? list : []).map((file) => {
    const name = h("div", { class: "file-name" }, icon("file"), " ", file.url_private ? link(file.url_private, file.title ?? file.name ?? "file") : file.name, h("span", { class: "file-size" }, ` ${size(file.size)}`));
    if (String(file.mimetype).startsWith("image/")) return h("div", { class: "file" }, name, image({ image_url: file.url_private, alt_text: file.title ?? file.name }));
    return h("div", { class: "file" }, name, file.preview ? h("pre", { tabIndex: 0 }, h("code", {}, file.preview + (file.preview_is_truncated ? "\n…" : ""))) : null);
  });
}

const size = (bytes) => (bytes > 2048 ? `${Math.round(bytes / 1024)} KB` : `${bytes ?? 0} bytes`);
