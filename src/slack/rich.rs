//! Rendering of blocks as elements of a `rich_text` block. Its texts are plain: nothing in them formats or pings.
//!
//! An item of a list holds text only, so code within an item ends the list, and the next item goes on with its number
//! (`offset`). What rich text cannot express, such as a table within an item, has no rich form.

use serde_json::{Value, json};

use super::mrkdwn::safe_url;
use crate::respond::{hidden_host, honest_label, without_direction, words};
use crate::runbook::{Block, BlockKind, Inline, Item, Target};

/// Deepest level of a list.
const DEEPEST: usize = 8;

/// Returns the elements of a block; `None` for one that rich text cannot express.
pub(super) fn block(block: &Block) -> Option<Vec<Value>> {
    let mut out = Vec::new();
    put(block, 0, &mut out)?;
    Some(out)
}

/// Returns the elements of one item of an outermost list. `number` is its number, from 1; none for a bullet.
pub(super) fn item(item: &Item, number: Option<u64>) -> Option<Vec<Value>> {
    let mut out = Vec::new();
    put_item(item, number, 0, &mut out)?;
    Some(out)
}

/// Appends elements to others: texts that follow each other become one, `gap` line breaks apart, and a list goes on.
pub(super) fn append(out: &mut Vec<Value>, more: Vec<Value>, gap: usize) {
    let mut gap = Some(gap);
    for element in more {
        let breaks = gap.take().unwrap_or(1);
        let kind = |value: &Value| value["type"].as_str().unwrap_or_default().to_owned();
        let both = out.last().map(|last| (kind(last), kind(&element)));
        match both.as_ref().map(|(last, next)| (last.as_str(), next.as_str())) {
            Some(("rich_text_section", "rich_text_section")) => {
                push_text(out.last_mut(), &"\n".repeat(breaks));
                extend(out.last_mut(), &element);
            }
            Some(("rich_text_list", "rich_text_list")) if out.last().is_some_and(|last| goes_on(last, &element)) => {
                extend(out.last_mut(), &element);
            }
            _ => out.push(element),
        }
    }
}

/// Number of characters that Slack counts of elements, at most.
pub(super) fn length(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| match field {
                Value::String(text) if matches!(name.as_str(), "text" | "url" | "fallback") => {
                    super::blocks::length(text)
                }
                Value::String(_) => 0,
                inner => length(inner),
            })
            .sum(),
        Value::Array(items) => items.iter().map(length).sum(),
        _ => 0,
    }
}

/// Returns a cell of a table.
pub(super) fn cell(inlines: &[Inline]) -> Value {
    let elements = elements(inlines);
    match elements.as_slice() {
        [] => json!({"type": "raw_text", "text": "–"}),
        [only] if only["type"] == "text" && only["style"].is_null() => {
            json!({"type": "raw_text", "text": only["text"]})
        }
        _ => json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}),
    }
}

/// Returns true when a list is the continuation of another.
fn goes_on(last: &Value, next: &Value) -> bool {
    let same = |name: &str| last[name] == next[name];
    let count = last["elements"].as_array().map_or(0, Vec::len) as u64;
    let end = last["offset"].as_u64().unwrap_or(0) + count;
    let is_ordered = last["style"] == "ordered";
    same("style") && same("indent") && (!is_ordered || end == next["offset"].as_u64().unwrap_or(0))
}

fn extend(last: Option<&mut Value>, more: &Value) {
    let all = last.and_then(|last| last["elements"].as_array_mut());
    if let (Some(all), Some(more)) = (all, more["elements"].as_array()) {
        all.extend(more.iter().cloned());
    }
}

fn push_text(last: Option<&mut Value>, text: &str) {
    if let Some(all) = last.and_then(|last| last["elements"].as_array_mut()) {
        all.push(json!({"type": "text", "text": text}));
    }
}

fn put(block: &Block, depth: usize, out: &mut Vec<Value>) -> Option<()> {
    match &block.kind {
        BlockKind::Heading(inlines) => push_section(&[Inline::Strong(inlines.clone())], out),
        BlockKind::Paragraph(inlines) => push_section(inlines, out),
        BlockKind::Code { lang, text } => push_code(lang, text, out),
        BlockKind::List { ordered, start, items } => {
            for (number, item) in (*start..).zip(items) {
                put_item(item, ordered.then_some(number), depth, out)?;
            }
        }
        BlockKind::Quote(blocks) => {
            let mut inner = Vec::new();
            for block in blocks {
                let BlockKind::Paragraph(inlines) = &block.kind else {
                    return None;
                };
                if !inner.is_empty() {
                    inner.push(json!({"type": "text", "text": "\n"}));
                }
                inner.extend(elements(inlines));
            }
            if !inner.is_empty() {
                out.push(json!({"type": "rich_text_quote", "elements": inner}));
            }
        }
        BlockKind::Table { .. } | BlockKind::Definitions(_) | BlockKind::Rule | BlockKind::Buttons(_) => return None,
    }
    Some(())
}

fn push_section(inlines: &[Inline], out: &mut Vec<Value>) {
    let elements = elements(inlines);
    if !elements.is_empty() {
        append(out, vec![json!({"type": "rich_text_section", "elements": elements})], 1);
    }
}

fn push_code(lang: &str, text: &str, out: &mut Vec<Value>) {
    let text = text.trim_matches('\n');
    if text.trim().is_empty() {
        return;
    }
    let mut element = json!({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": clean(text)}]});
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-' | '_');
    if (1..=20).contains(&lang.len()) && lang.chars().all(is_name) {
        element["language"] = json!(lang.to_lowercase());
    }
    out.push(element);
}

fn put_item(item: &Item, number: Option<u64>, depth: usize, out: &mut Vec<Value>) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    let mut text: Vec<Value> = Vec::new();
    let mut blocks = item.blocks.iter().peekable();
    while let Some(Block {
        kind: BlockKind::Paragraph(inlines),
        ..
    }) = blocks.peek()
    {
        let more = elements(inlines);
        if !text.is_empty() && !more.is_empty() {
            text.push(json!({"type": "text", "text": "\n"}));
        }
        text.extend(more);
        blocks.next();
    }
    if text.is_empty() {
        // The number needs an item of its own; Slack takes no empty one.
        text.push(json!({"type": "text", "text": "\u{200B}"}));
    }
    let style = if number.is_some() { "ordered" } else { "bullet" };
    let mut list = json!({
        "type": "rich_text_list", "style": style, "indent": depth,
        "elements": [{"type": "rich_text_section", "elements": text}],
    });
    if let Some(offset) = number
        .and_then(|number| number.checked_sub(1))
        .filter(|offset| *offset > 0)
    {
        list["offset"] = json!(offset);
    }
    append(out, vec![list], 1);
    for block in blocks {
        put(block, depth + 1, out)?;
    }
    Some(())
}

#[derive(Debug, Clone, Copy, Default)]
struct TextStyle {
    bold: bool,
    italic: bool,
    strike: bool,
    code: bool,
}

impl TextStyle {
    /// Returns an element with this style.
    fn on(self, mut element: Value) -> Value {
        let set = [
            ("bold", self.bold),
            ("italic", self.italic),
            ("strike", self.strike),
            ("code", self.code),
        ];
        for (name, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
            element["style"][name] = json!(true);
        }
        element
    }
}

/// Renders inlines as elements of text. None of them is empty.
fn elements(inlines: &[Inline]) -> Vec<Value> {
    let mut out = Vec::new();
    put_inlines(inlines, TextStyle::default(), &mut out);
    out
}

fn put_inlines(list: &[Inline], style: TextStyle, out: &mut Vec<Value>) {
    for (at, inline) in list.iter().enumerate() {
        match inline {
            Inline::Text(text) => put_text(text, style, out),
            Inline::Code(text) => push(text, TextStyle { code: true, ..style }, out),
            Inline::Strong(inner) => put_inlines(inner, TextStyle { bold: true, ..style }, out),
            Inline::Emphasis(inner) => put_inlines(inner, TextStyle { italic: true, ..style }, out),
            Inline::Strike(inner) => put_inlines(inner, TextStyle { strike: true, ..style }, out),
            Inline::Link {
                target: Target::Url(url),
                label,
            } => put_link(url, &words(label), around(list, at), style, out),
            Inline::Link { label, .. } => put_inlines(label, style, out),
            Inline::Image { alt, url } => put_link(url, alt, around(list, at), style, out),
            Inline::Time(time) => out.push(style.on(json!({
                "type": "date", "timestamp": time.at, "format": time.format(), "fallback": time.text,
            }))),
            Inline::Break => push("\n", style, out),
        }
    }
}

fn push(text: &str, style: TextStyle, out: &mut Vec<Value>) {
    let text = clean(text);
    if text.is_empty() {
        return;
    }
    let element = style.on(json!({"type": "text", "text": text}));
    match out.last_mut() {
        Some(last) if last["type"] == "text" && last["style"] == element["style"] => {
            let joined = format!("{}{text}", last["text"].as_str().unwrap_or_default());
            last["text"] = json!(joined);
        }
        _ => out.push(element),
    }
}

/// Removes what Slack does not show.
fn clean(text: &str) -> String {
    text.replace(['\r', '\0'], "")
}

/// Appends running text, whose addresses become links.
fn put_text(text: &str, style: TextStyle, out: &mut Vec<Value>) {
    let mut rest = text;
    while let Some(start) = rest.find("https://").or_else(|| rest.find("http://")) {
        let (before, after) = rest.split_at(start);
        let end = after
            .find(|c: char| c.is_whitespace() || "<>\"'`|)]}“”".contains(c))
            .unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        let only = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
        push(before, style, out);
        put_link(only, only, (String::new(), String::new()), style, out);
        push(url.get(only.len()..).unwrap_or_default(), style, out);
        rest = tail;
    }
    push(rest, style, out);
}

/// Appends a link with an honest label; its label alone when the address may not be linked.
fn put_link(url: &str, label: &str, around: (String, String), style: TextStyle, out: &mut Vec<Value>) {
    let label = without_direction(label).replace('\n', " ");
    let label = label.trim();
    let Some(safe) = safe_url(url).filter(|safe| safe.len() > "https://".len()) else {
        push(label, style, out);
        return;
    };
    // A field of JSON needs no escapes.
    let safe = safe.replace("&amp;", "&");
    let label = if label.is_empty() { safe.as_str() } else { label };
    let (before, after) = around;
    let shown = match (
        honest_label(label, url),
        hidden_host(&format!("{before}{label}{after}"), url),
    ) {
        (Some(honest), _) => honest,
        (None, Some(host)) => format!("{label} ({host})"),
        (None, None) => label.to_owned(),
    };
    out.push(style.on(json!({"type": "link", "url": safe, "text": shown})));
}

/// The texts that touch an inline before and after it, up to the next blanks.
fn around(list: &[Inline], at: usize) -> (String, String) {
    let text = |at: Option<usize>| {
        let inline = at.and_then(|at| list.get(at));
        words(inline.map(std::slice::from_ref).unwrap_or_default())
    };
    let (before, after) = (text(at.checked_sub(1)), text(Some(at + 1)));
    (
        before.rsplit(char::is_whitespace).next().unwrap_or_default().to_owned(),
        after.split(char::is_whitespace).next().unwrap_or_default().to_owned(),
    )
}
