//! Text of other people on a terminal.

use std::borrow::Cow;

use serde_json::Value;

use crate::redact::redact;

/// Redacts a text, unless secrets are to be shown.
pub(super) fn redacted(text: &str, show_secrets: bool) -> Cow<'_, str> {
    if show_secrets {
        Cow::Borrowed(text)
    } else {
        redact(text)
    }
}

/// Redacts every text of a value, unless secrets are to be shown.
pub(super) fn redact_json(value: &mut Value, show_secrets: bool) {
    match value {
        _ if show_secrets => {}
        Value::String(text) => {
            if let Cow::Owned(clean) = redact(text) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact_json(item, show_secrets)),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                // The name of a field may be what says that its value is a secret.
                let named = field
                    .as_str()
                    .map(|text| (text.to_owned(), redact(&format!("{name}={text}")).into_owned()));
                redact_json(field, show_secrets);
                if let Some((text, clean)) = named
                    && !text.is_empty()
                    && !clean.contains(&text)
                    && let Some(clean) = clean.strip_prefix(&format!("{name}="))
                {
                    *field = Value::String(clean.to_owned());
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Escapes a text: what people typed must neither end a line nor control a terminal.
pub(super) fn plain(text: &str) -> String {
    let is_unsafe = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
    }
    plain
}
