//! The text of a message, collected from wherever Slack put it: `text`, blocks, attachments, snippets.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::alerts::hidden_links;
use super::decode::{FileMode, FileRef, Identity, array, string};

mod attachments;
mod blocks;
mod parts;

pub use attachments::forwarded;
pub(super) use attachments::{is_preview, of_attachment as attachment_text};
pub(super) use blocks::of_block;
use parts::TextParts;

/// The text of a message, with Slack's escapes (`&lt;`, `<https://…|…>`).
///
/// A person's words are in `text`; blocks mirror it and attachments are previews of links, except forwarded messages.
/// Bots leave `text` empty or put a headline there and the rest into blocks and attachments, so for them everything is
/// collected.
pub fn of_message(message: &Value, us: &Identity) -> String {
    let own = string(message, "text").unwrap_or_default();
    let all = is_by_bot(message) || own.trim().is_empty();
    let mut parts = TextParts::default();
    parts.add(own);
    let blocks = array(message.get("blocks"));
    // Rich text repeats `text`; a table or a header does not.
    parts.add(blocks::of_blocks(
        blocks.iter().filter(|block| all || !blocks::is_rich(block)),
    ));
    for attachment in array(message.get("attachments")) {
        if attachments::is_forwarded(attachment, us) {
            parts.add(attachments::of_forwarded(attachment));
        } else if all && !is_preview(attachment) {
            parts.add(attachments::of_attachment(attachment));
        }
    }
    let forwarded = forwarded(message, us).flat_map(|shared| array(shared.get("files")));
    for file in array(message.get("files"))
        .iter()
        .chain(forwarded)
        .filter_map(FileRef::read)
    {
        parts.add(preview(&file));
    }
    let text = parts.into_text();
    if is_by_bot(message) {
        with_hidden_links(text, message)
    } else {
        text
    }
}

/// The text of a bot with the links of an alert that only show as a label or a button, a line each: `runbook_url: <…>`.
fn with_hidden_links(mut text: String, message: &Value) -> String {
    for (kind, url) in hidden_links(message, &text) {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.extend([kind.name(), "_url: <", &escape(&url), ">"]);
    }
    text
}

/// A bot's text without its attachments.
pub(super) fn own_text(message: &Value) -> String {
    let mut parts = TextParts::default();
    parts.add(string(message, "text").unwrap_or_default());
    parts.add(blocks::of_blocks(array(message.get("blocks")).iter()));
    parts.into_text()
}

/// Returns true when a bot wrote the message.
pub(super) fn is_by_bot(message: &Value) -> bool {
    string(message, "bot_id").is_some() || string(message, "subtype").as_deref() == Some("bot_message")
}

/// A bot's text without formatting marks, outside code blocks: `*cluster_id:* `c-17`` becomes `cluster_id: c-17`.
/// People's texts keep their marks, as they paste code.
pub fn unmarked(text: &str) -> String {
    static MARKS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\*([^*\n]+)\*|`([^`\n]+)`").ok());
    let Some(marks) = MARKS.as_ref() else {
        return text.to_owned();
    };
    let parts = text.split("```").enumerate();
    let parts: Vec<String> = parts
        .map(|(at, part)| match at % 2 {
            0 => marks.replace_all(part, "$1$2").into_owned(),
            _ => part.to_owned(),
        })
        .collect();
    parts.join("```")
}

/// A file's text as a code block, as inserted into the text of its message.
pub fn quoted(content: &str) -> String {
    format!("```\n{}\n```", escape(content))
}

/// The text of a message with a file's whole content instead of its preview.
pub fn with_content(text: &str, file: &FileRef, content: &str) -> String {
    let (preview, whole) = (preview(file), quoted(content));
    if !preview.is_empty() && text.contains(&preview) {
        text.replacen(&preview, &whole, 1)
    } else if text.trim().is_empty() {
        whole
    } else {
        format!("{text}\n{whole}")
    }
}

fn preview(file: &FileRef) -> String {
    match (file.mode, file.preview.as_deref()) {
        (FileMode::Snippet | FileMode::Email, Some(preview)) if !preview.trim().is_empty() => quoted(preview),
        _ => String::new(),
    }
}

/// Returns true when a text mentions a user: `<@U1>` or `<@U1|name>`.
pub fn mentions(text: &str, user_id: &str) -> bool {
    !user_id.is_empty()
        && text.match_indices("<@").any(|(at, open)| {
            text.get(at + open.len()..)
                .and_then(|rest| rest.strip_prefix(user_id))
                .is_some_and(|rest| rest.starts_with(['>', '|']))
        })
}

/// The text without mentions of a user.
pub fn without_mention(text: &str, user_id: &str) -> String {
    let open = format!("<@{user_id}");
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&open) {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        let after = from.get(open.len()..).unwrap_or_default();
        rest = match after.find('>') {
            Some(end) if after.starts_with(['>', '|']) => after.get(end + 1..).unwrap_or_default(),
            _ => {
                kept.push_str(&open);
                after
            }
        };
    }
    kept.push_str(rest);
    kept.trim().to_owned()
}

/// Returns true when images are attached.
pub fn has_images(message: &Value) -> bool {
    array(message.get("files")).iter().any(|file| {
        string(file, "mimetype").is_some_and(|kind| kind.starts_with("image/"))
            || string(file, "filetype")
                .is_some_and(|kind| matches!(kind.as_str(), "png" | "jpg" | "jpeg" | "gif" | "heic"))
    })
}

/// Escapes what Slack would have escaped, and keeps existing escapes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => {
                let rest = text.get(at..).unwrap_or_default();
                let done = ["&amp;", "&lt;", "&gt;"].iter().any(|entity| rest.starts_with(entity));
                escaped.push_str(if done { "&" } else { "&amp;" });
            }
            other => escaped.push(other),
        }
    }
    escaped
}
