//! The last filter before anything is sent: it redacts secrets, makes live mentions harmless, and labels links that
//! look like another address with their real host, in every text of a message. Only an action taken by a person may
//! ping people, and then only those whom the bot's settings name.

use std::borrow::Cow;

use serde_json::Value;

use crate::redact::redact;
use crate::respond::honest_label;

/// Fields that only programs read. Their values are the bot's own, and a changed one breaks a button.
const IDS: &[&str] = &[
    "type",
    "action_id",
    "block_id",
    "callback_id",
    "external_id",
    "style",
    "hash",
    "view_id",
];
/// Fields in which programs keep JSON: its texts are filtered, its shape does not change.
const DATA: &[&str] = &["value", "private_metadata"];

/// Maximum length of a mention or link, in bytes: more than a section of a message holds.
const LONGEST_ENTITY: usize = 12_000;

/// Ids that a message may ping: people (`U…`, `W…`) and user groups (`S…`), given by the bot's own settings, never
/// taken from a message. A paste can at most repeat a mention that is meant anyway.
pub type Pings = [String];

/// Filters a text, leaving no live mention in it.
pub fn text(text: &str) -> String {
    by_person(text, &[])
}

/// Filters a text that a person asked for, in which `pings` may be mentioned: as `<@U…>` or `<!subteam^S…>`, without a
/// label. All other mentions are made harmless.
pub fn by_person(text: &str, pings: &Pings) -> String {
    let safe = redact(text);
    let mut out = String::with_capacity(safe.len());
    let mut rest = safe.as_ref();
    while let Some(at) = rest.find('<') {
        let (before, entity) = rest.split_at(at);
        out.push_str(before);
        let end = entity.bytes().take(LONGEST_ENTITY).position(|byte| byte == b'>');
        let end = end.map_or(0, |end| end + 1);
        let (whole, after) = entity.split_at(end);
        if entity.starts_with("<!") || entity.starts_with("<@") {
            if is_date(whole) || pings.iter().any(|id| is_mention(whole, id)) {
                out.push_str(whole);
                rest = after;
            } else {
                out.push_str("&lt;");
                rest = entity.get(1..).unwrap_or_default();
            }
        } else if let Some(link) = honest_link(whole) {
            out.push_str(&link);
            rest = after;
        } else {
            out.push('<');
            rest = entity.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

/// `<url|label>` with an honest label; `None` when it needs no change.
fn honest_link(whole: &str) -> Option<String> {
    let inner = whole.strip_prefix('<')?.strip_suffix('>')?;
    let (url, label) = inner.split_once('|').unwrap_or((inner, inner));
    let scheme = url.split_once(':')?.0.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https" | "mailto") {
        return None;
    }
    let unescaped = |text: &str| text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let honest = honest_label(&unescaped(label), &unescaped(url))?;
    let escaped = honest.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Some(format!("<{url}|{}>", escaped.replace('|', "¦")))
}

/// `<!date^SECONDS^FORMAT|TEXT>`: a time in the reader's zone. One that is a link as well is not let through.
fn is_date(whole: &str) -> bool {
    let inner = whole.strip_prefix("<!date^").and_then(|rest| rest.strip_suffix('>'));
    let parts = inner.and_then(|inner| inner.split_once('^'));
    let Some((seconds, (format, text))) = parts.and_then(|(seconds, rest)| Some((seconds, rest.split_once('|')?)))
    else {
        return false;
    };
    let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    is_number && ![format, text].iter().any(|part| part.contains(['<', '^', '|']))
}

fn is_mention(text: &str, id: &str) -> bool {
    let inner = match id.bytes().next() {
        Some(b'U' | b'W') => text.strip_prefix("<@"),
        Some(b'S') => text.strip_prefix("<!subteam^"),
        _ => None,
    };
    let is_id = id.len() > 1
        && id
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_id && inner.and_then(|inner| inner.strip_suffix('>')) == Some(id)
}

/// Filters every text of a block, a view or an answer to an interaction.
pub fn block(value: &mut Value) {
    block_by_person(value, &[]);
}

/// Filters the texts of a value that a person asked for; see [`by_person`].
pub fn block_by_person(value: &mut Value, pings: &Pings) {
    match value {
        Value::String(string) => {
            let safe = by_person(string, pings);
            if safe != *string {
                *string = safe;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| block_by_person(item, pings)),
        Value::Object(fields) => {
            if fields.get("type").and_then(Value::as_str) == Some("link") {
                honest_element(fields);
            }
            // Rich-text elements that ping are replaced with the text they would show.
            let id = match fields.get("type").and_then(Value::as_str) {
                Some("user") => fields.get("user_id"),
                Some("usergroup") => fields.get("usergroup_id"),
                Some("broadcast") => fields.get("range"),
                _ => None,
            };
            if let Some(id) = id
                .and_then(Value::as_str)
                .filter(|id| !pings.iter().any(|ping| ping == id))
            {
                *value = serde_json::json!({"type": "text", "text": format!("@{id}")});
                return;
            }
            // A text of rich text, or a raw cell, is shown as it is: nothing in it pings, and escapes would be seen.
            if let Some("text" | "raw_text") = fields.get("type").and_then(Value::as_str)
                && let Some(Value::String(text)) = fields.get_mut("text")
            {
                if let Cow::Owned(safe) = redact(text) {
                    *text = safe;
                }
                return;
            }
            for (name, field) in fields.iter_mut() {
                if !IDS.contains(&name.as_str()) || !field.is_string() {
                    if DATA.contains(&name.as_str()) && data(field) {
                        continue;
                    }
                    block_by_person(field, pings);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Gives a link of rich text an honest label.
fn honest_element(fields: &mut serde_json::Map<String, Value>) {
    let of = |name: &str| fields.get(name).and_then(Value::as_str);
    let honest = of("url").and_then(|url| honest_label(of("text").unwrap_or(url), url));
    if let Some(honest) = honest {
        fields.insert("text".to_owned(), Value::String(honest));
    }
}

/// Filters the JSON in a string without changing its shape. Returns false when there is none.
fn data(field: &mut Value) -> bool {
    let read = |text: &str| {
        let value = serde_json::from_str::<Value>(text).ok();
        value.filter(|value| value.is_object() || value.is_array())
    };
    let Some(before) = field.as_str().and_then(read) else {
        return false;
    };
    // As a whole first: the text beside a secret may be what identifies it.
    let whole = field.as_str().and_then(|text| read(&redact(text)));
    let mut inner = whole.unwrap_or_else(|| before.clone());
    block(&mut inner);
    if inner != before {
        *field = Value::String(inner.to_string());
    }
    true
}
