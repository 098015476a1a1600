//! The text of attachments: alerts of bots, forwarded messages, and previews of links, which nobody wrote.

use serde_json::Value;

use super::blocks::{is_rich, of_blocks};
use super::parts::TextParts;
use crate::slack::decode::{Identity, array, string};

/// Number of words from which a footer says more than the name of the product that sent it ("Grafana v11.2.0").
const FOOTER_WORDS: usize = 5;

/// The messages that a message forwards, except ours: to read our own answers again would make us answer them.
pub fn forwarded<'a>(message: &'a Value, us: &'a Identity) -> impl Iterator<Item = &'a Value> {
    array(message.get("attachments"))
        .iter()
        .filter(|attachment| is_forwarded(attachment, us))
}

/// Returns true when an attachment is a message that somebody forwarded or whose address somebody posted.
pub(super) fn is_forwarded(attachment: &Value, us: &Identity) -> bool {
    let is = |key: &str| attachment.get(key).and_then(Value::as_bool) == Some(true);
    let ours = string(attachment, "author_id").is_some_and(|author| author == us.user_id)
        || (us.bot_id.is_some() && string(attachment, "bot_id") == us.bot_id);
    (is("is_share") || is("is_msg_unfurl") || attachment.get("message_blocks").is_some()) && !ours
}

/// Returns true when Slack or an app added the attachment as the preview of a link.
pub(in crate::slack) fn is_preview(attachment: &Value) -> bool {
    [
        "from_url",
        "original_url",
        "app_unfurl_url",
        "is_app_unfurl",
        "is_msg_unfurl",
        "is_share",
    ]
    .iter()
    .any(|key| {
        attachment
            .get(key)
            .is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)))
    })
}

/// The text of a forwarded message, without its author and place.
pub(super) fn of_forwarded(attachment: &Value) -> String {
    let text = string(attachment, "text").unwrap_or_default();
    let blank = text.trim().is_empty();
    let mut parts = TextParts::default();
    parts.add(string(attachment, "pretext").unwrap_or_default());
    parts.add(string(attachment, "title").unwrap_or_default());
    parts.add(text);
    fields(&mut parts, attachment);
    let messages: Vec<&Value> = array(attachment.get("message_blocks"))
        .iter()
        .filter_map(|shared| shared.get("message"))
        .chain(Some(attachment))
        .collect();
    for message in &messages {
        parts.add(of_blocks(
            array(message.get("blocks"))
                .iter()
                .filter(|block| blank || !is_rich(block)),
        ));
    }
    for inner in messages.iter().flat_map(|message| array(message.get("attachments"))) {
        parts.add(of_attachment(inner));
    }
    if parts.is_empty() && array(attachment.get("files")).is_empty() {
        parts.add(string(attachment, "fallback").unwrap_or_default());
    }
    parts.into_text()
}

/// The text of a bot's attachment. `fallback` repeats it for places that do not show attachments.
pub(in crate::slack) fn of_attachment(attachment: &Value) -> String {
    let mut parts = TextParts::default();
    for key in ["pretext", "title", "text"] {
        parts.add(string(attachment, key).unwrap_or_default());
    }
    fields(&mut parts, attachment);
    parts.add(of_blocks(array(attachment.get("blocks")).iter()));
    for message in array(attachment.get("message_blocks"))
        .iter()
        .filter_map(|shared| shared.get("message"))
    {
        parts.add(of_blocks(array(message.get("blocks")).iter()));
    }
    for inner in array(attachment.get("attachments")) {
        parts.add(of_attachment(inner));
    }
    if let Some(footer) = string(attachment, "footer")
        && footer.split_whitespace().count() >= FOOTER_WORDS
    {
        parts.add(footer);
    }
    if parts.is_empty() {
        parts.add(string(attachment, "fallback").unwrap_or_default());
    }
    if parts.is_empty() {
        parts.add(string(attachment, "author_name").unwrap_or_default());
    }
    parts.into_text()
}

fn fields(parts: &mut TextParts, attachment: &Value) {
    for field in array(attachment.get("fields")) {
        let title = string(field, "title").unwrap_or_default();
        let value = string(field, "value").unwrap_or_default();
        parts.add(if title.is_empty() {
            value
        } else {
            format!("{title}: {value}")
        });
    }
}
