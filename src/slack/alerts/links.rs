//! The links of an alert that its text does not show: addresses behind a label, a button, a field or a title.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::addresses::{AlertLinkKind, alert_links};
use crate::slack::decode::{array, string};
use crate::slack::text::is_preview;

/// Most links of one message.
const MOST: usize = 20;
/// Longest address of a link; Slack takes no longer one behind a button.
const LONGEST: usize = 3_000;

/// Returns the links of a bot's message by kind, without those that its text names by their kind.
pub(in crate::slack) fn hidden(message: &Value, text: &str) -> Vec<(AlertLinkKind, String)> {
    let mut found = Vec::new();
    for key in ["text", "blocks"] {
        if let Some(value) = message.get(key) {
            collect(value, &mut found);
        }
    }
    let attachments = array(message.get("attachments"));
    for attachment in attachments.iter().filter(|attachment| !is_preview(attachment)) {
        collect(attachment, &mut found);
    }
    let shown = alert_links(text);
    found.retain(|(kind, url)| shown.iter().all(|link| link.kind != Some(*kind) || link.url != *url));
    found.truncate(MOST);
    found
}

fn collect(value: &Value, found: &mut Vec<(AlertLinkKind, String)>) {
    match value {
        Value::String(text) => in_text(text, found),
        Value::Array(values) => {
            in_table(values, found);
            for value in values {
                collect(value, found);
            }
        }
        Value::Object(fields) => {
            let address = string(value, "url").or_else(|| string(value, "title_link"));
            if let (Some(label), Some(address)) = (label(value), address) {
                put(&label, &address, found);
            }
            // A field: its title names what its value links to.
            if let (Some(title), Some(of_field)) = (string(value, "title"), string(value, "value"))
                && let Some(address) = address_in(&of_field)
            {
                put(&title, address, found);
            }
            for value in fields.values() {
                collect(value, found);
            }
        }
        _ => {}
    }
}

/// The text of a button, an option or a link, or the title of an attachment or a card.
fn label(value: &Value) -> Option<String> {
    let of = |key: &str| string(value, key).or_else(|| string(value.get(key)?, "text"));
    of("text").or_else(|| of("title"))
}

/// `<https://…|Runbook>`, and a label with its address on the next line.
fn in_text(text: &str, found: &mut Vec<(AlertLinkKind, String)>) {
    static LABELLED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"<(?P<url>https?://[^<>|\s]+)\|(?P<label>[^<>\n]+)>").ok());
    if !text.contains("://") {
        return;
    }
    for part in LABELLED.iter().flat_map(|labelled| labelled.captures_iter(text)) {
        if let (Some(url), Some(label)) = (part.name("url"), part.name("label")) {
            put(label.as_str(), url.as_str(), found);
        }
    }
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    for (line, next) in lines().zip(lines().skip(1)) {
        if next.trim_start().trim_start_matches('<').starts_with("http")
            && let Some(address) = address_in(next)
        {
            put(line, address, found);
        }
    }
    for line in lines() {
        // `*Runbook:* <https://…|any label>`: the label names the document.
        if let Some((label, rest)) = line.split_once([':', '='])
            && let Some(address) = address_in(rest)
        {
            put(label, address, found);
        }
    }
}

/// A table whose first row names its columns, or whose first column names its rows.
fn in_table(rows: &[Value], found: &mut Vec<(AlertLinkKind, String)>) {
    let Some(head) = rows.first().and_then(Value::as_array) else {
        return;
    };
    let said = |cell: &Value| crate::slack::text::of_block(cell);
    for row in rows {
        let cells = array(Some(row));
        for (at, cell) in cells.iter().enumerate() {
            let text = said(cell);
            let Some(address) = address_in(&text) else { continue };
            for label in [head.get(at), cells.first()].into_iter().flatten() {
                put(&said(label), address, found);
            }
        }
    }
}

fn address_in(text: &str) -> Option<&str> {
    let at = text.find("https://").or_else(|| text.find("http://"))?;
    let rest = text.get(at..)?;
    rest.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '|' | '"' | '`'))
        .next()
}

fn put(label: &str, address: &str, found: &mut Vec<(AlertLinkKind, String)>) {
    let is_address = address.starts_with("https://") || address.starts_with("http://");
    if !is_address || address.len() > LONGEST {
        return;
    }
    if let Some(kind) = AlertLinkKind::of_label(label) {
        let link = (kind, address.replace("&amp;", "&"));
        if !found.contains(&link) {
            found.push(link);
        }
    }
}
