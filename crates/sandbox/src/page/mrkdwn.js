// Slack's mrkdwn, Markdown blocks and rich text, as nodes.
import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

/** Plain text with its emoji. */
export const plainText = (text) => String(text ?? "").replace(/:([a-z0-9_+-]+):/g, (_, name) => emoji(name));

/** A text object of either kind as a list of nodes. */
export function textObject(object, names) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text, names) : [plainText(object.text)];
}

/** Text in mrkdwn as a list of nodes. */
export function mrkdwn(text, names) {
  const nodes = [];
  String(text ?? "").split(/```/).forEach((part, index, parts) => {
    const isCode = index % 2 === 1 && index < parts.length - 1;
    if (isCode) nodes.push(codeBlock(unescape(part.replace(/^\n/, "").replace(/\n$/, "").replace(/<([^|>\s]+)(\|[^>]*)?>/g, (_, url, label) => label ? label.slice(1) : url))));
    else {
      const prose = index % 2 === 1 ? "```" + part : part;
      // A code block stands on its own lines: the breaks around it are its own.
      const isBeforeCode = index + 1 < parts.length - 1;
      const own = (index ? prose.replace(/^\n/, "") : prose).replace(isBeforeCode ? /\n$/ : /$^/, "");
      if (own) nodes.push(...lines(own, names));
    }
  });
  return nodes;
}

export const codeBlock = (text) => {
  const copy = h("button", {
    class: "copy", type: "button", "aria-label": "Copy the code",
    onclick: async (event) => {
      const button = event.currentTarget;
      try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; } catch { button.textContent = "Not allowed"; }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    },
  }, "Copy");
  return h("div", { class: "code" }, h("pre", { tabIndex: 0 }, h("code", {}, text)), copy);
};

function lines(text, names) {
  const nodes = [];
  let quote = null;
  text.split("\n").forEach((line, index, all) => {
    const quoted = line.match(/^(?:&gt;|>)\s?(.*)$/s);
    if (quoted) {
      if (!quote) nodes.push(quote = h("blockquote"));
      else quote.append(h("br"));
      quote.append(...inline(quoted[1], names));
    } else {
      const isAfterGap = nodes.at(-1)?.className === "gap";
      // An empty line is a gap, smaller than a line, as in Slack.
      if (!line) { if (!isAfterGap && index < all.length - 1) nodes.push(h("span", { class: "gap" })); }
      else if (index > 0 && !quote && !isAfterGap) nodes.push(h("br"));
      quote = null;
      if (line) nodes.push(...inline(line, names));
    }
  });
  return nodes;
}

const INLINE = /`([^`\n]+)`|<([^<>\n]+)>|(?<![\p{L}\p{N}*])\*(?=\S)([^*\n]*?\S)\*(?![\p{L}\p{N}*])|(?<![\p{L}\p{N}_])_(?=\S)([^_\n]*?\S)_(?![\p{L}\p{N}_])|(?<![\p{L}\p{N}~])~(?=\S)([^~\n]*?\S)~(?![\p{L}\p{N}~])|:([a-z0-9_+'-]+(?:::[a-z0-9-]+)?):/gu;

function inline(text, names) {
  const nodes = [];
  let last = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, angle, bold, italic, strike, icon] = found;
    let node = null;
    if (code !== undefined) node = h("code", {}, unescape(code.replace(/<([^|>\s]+)(\|[^>]*)?>/g, (_, url, label) => label ? label.slice(1) : url)));
    else if (angle !== undefined) node = reference(angle, names);
    else if (bold !== undefined) node = h("strong", {}, inline(bold, names));
    else if (italic !== undefined) node = h("em", {}, inline(italic, names));
    else if (strike !== undefined) node = h("s", {}, inline(strike, names));
    else if (icon !== undefined) node = emoji(icon);
    if (node === null) continue;
    nodes.push(unescape(text.slice(last, found.index)), node);
    last = found.index + whole.length;
  }
  nodes.push(unescape(text.slice(last)));
  return nodes.filter((node) => node !== "");
}

/** What stands in angle brackets: a mention, a channel, a group, a date or a link. */
function reference(inner, names) {
  const [target, label] = [inner.split("|")[0], inner.includes("|") ? unescape(inner.slice(inner.indexOf("|") + 1)) : null];
  if (target.startsWith("@")) return mention(`@${names.user(target.slice(1)) ?? label ?? target.slice(1)}`);
  if (target.startsWith("#")) return mention(`#${names.channel(target.slice(1)) ?? label ?? target.slice(1)}`);
  if (target.startsWith("!subteam^")) return mention(`@${names.group?.(target.slice(9)) ?? label ?? "group"}`);
  if (target.startsWith("!date^")) {
    const [, seconds, format, url] = target.split("^");
    const shown = date(Number(seconds), format ?? "", label ?? "");
    return url ? link(url, shown) : time(shown, Number(seconds));
  }
  if (target.startsWith("!")) return mention(`@${target.slice(1)}`);
  const url = unescape(target);
  return link(url, label ?? url.replace(/^mailto:/, ""));
}

const time = (shown, seconds) => h("time", Number.isFinite(seconds) ? { dateTime: new Date(seconds * 1000).toISOString() } : {}, shown);

/** A time in the reader's zone, by Slack's placeholders; `fallback` when it is no time. */
function date(seconds, format, fallback) {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return fallback;
  const days = Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86_400_000);
  const near = { [-1]: "yesterday", 0: "today", 1: "tomorrow" }[days];
  const day = (month, weekday) => at.toLocaleDateString("en", { weekday, month, day: "numeric", year: "numeric" });
  const clock = (second) => at.toLocaleTimeString("en", { hour: "numeric", minute: "2-digit", second });
  const known = {
    date_num: () => [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0")).join("-"),
    date: () => day("long"), date_short: () => day("short"), date_long: () => day("long", "long"),
    date_pretty: () => near ?? day("long"), date_short_pretty: () => near ?? day("short"), date_long_pretty: () => near ?? day("long", "long"),
    time: () => clock(), time_secs: () => clock("2-digit"), ago: () => `${Math.round((Date.now() - at) / 60_000)} minutes ago`,
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) => known[name]?.() ?? whole);
}

const mention = (text) => h("span", { class: "mention" }, text);

/** A `rich_text` block. */
export function richText(block, names) {
  return (block.elements ?? []).map((element) => {
    switch (element.type) {
      case "rich_text_preformatted": return codeBlock(plain(element.elements));
      case "rich_text_quote": return h("blockquote", {}, spans(element.elements, names));
      case "rich_text_list": return list(element, names);
      default: return h("div", { class: "rich" }, spans(element.elements, names));
    }
  });
}

function list(element, names) {
  const indent = Math.min(Math.max(Number(element.indent) || 0, 0), 8);
  const node = h(element.style === "ordered" ? "ol" : "ul", { class: `indent-${indent}` }, (element.elements ?? []).map((item) => h("li", {}, spans(item.elements, names))));
  if (element.style === "ordered" && element.offset) node.start = Number(element.offset) + 1;
  return node;
}

const plain = (elements) => (elements ?? []).map((one) => one.text ?? one.url ?? "").join("");

function spans(elements, names) {
  return (elements ?? []).map((one) => {
    let node;
    switch (one.type) {
      case "text": node = breaks(one.text ?? ""); break;
      case "link": node = [link(one.url, one.text || one.url)]; break;
      case "user": node = [mention(`@${names.user(one.user_id) ?? one.user_id}`)]; break;
      case "channel": node = [mention(`#${names.channel(one.channel_id) ?? one.channel_id}`)]; break;
      case "usergroup": node = [mention(`@${names.group?.(one.usergroup_id) ?? "group"}`)]; break;
      case "broadcast": node = [mention(`@${one.range}`)]; break;
      case "date": node = [time(date(Number(one.timestamp), one.format ?? "", one.fallback ?? ""), Number(one.timestamp))]; break;
      case "emoji": node = [emoji(one.name ?? "")]; break;
      default: node = [one.text ?? ""];
    }
    const style = one.style ?? {};
    if (style.code) node = [h("code", {}, node)];
    if (style.bold) node = [h("strong", {}, node)];
    if (style.italic) node = [h("em", {}, node)];
    if (style.strike) node = [h("s", {}, node)];
    return node;
  });
}

const breaks = (text) => text.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));

/** A `markdown` block: what answers use of Markdown. */
export function markdown(text, names) {
  const nodes = [];
  String(text ?? "").split(/^(?:```|~~~)/m).forEach((part, index) => {
    if (index % 2 === 1) {
      const newline = part.indexOf("\n");
      nodes.push(codeBlock(newline < 0 ? part : part.slice(newline + 1).replace(/\n$/, "")));
      return;
    }
    for (const paragraph of part.split(/\n{2,}/)) {
      const trimmed = paragraph.trim();
      const heading = trimmed.match(/^#{1,6}\s+(.*)$/);
      if (heading) nodes.push(h("strong", { class: "md-heading" }, mdInline(heading[1], names)));
      else if (/^(?:[-*]|\d+[.)])\s/.test(trimmed)) nodes.push(mdList(trimmed, names));
      else if (trimmed) nodes.push(h("p", {}, trimmed.split("\n").flatMap((line, at) => [at ? h("br") : null, mdInline(line, names)])));
    }
  });
  return nodes;
}

function mdList(text, names) {
  const items = text.split(/\n(?=\s*(?:[-*]|\d+[.)])\s)/);
  const isOrdered = /^\d/.test(text);
  const node = h(isOrdered ? "ol" : "ul", {}, items.map((item) => h("li", {}, mdInline(item.replace(/^\s*(?:[-*]|\d+[.)])\s+/, ""), names))));
  if (isOrdered) node.start = parseInt(text, 10);
  return node;
}

function mdInline(text, names) {
  const nodes = [];
  let last = 0;
  for (const found of text.matchAll(/`([^`]+)`|\*\*(.+?)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|<((?:https?|mailto):[^>\s]+)>|(?<!\w)[*_](\S(?:.*?\S)?)[*_](?!\w)/g)) {
    const [whole, code, bold, label, url, auto, italic] = found;
    nodes.push(text.slice(last, found.index));
    if (code !== undefined) nodes.push(h("code", {}, code));
    else if (bold !== undefined) nodes.push(h("strong", {}, mdInline(bold, names)));
    else if (label !== undefined) nodes.push(link(url, label));
    else if (auto !== undefined) nodes.push(link(auto, auto));
    else nodes.push(h("em", {}, mdInline(italic, names)));
    last = found.index + whole.length;
  }
  nodes.push(text.slice(last));
  return nodes.filter((node) => node !== "");
}
