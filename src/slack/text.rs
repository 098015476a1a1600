//! The text of a message, wherever Slack put it: `text`, blocks, attachments, snippets.

use serde_json::Value;

use super::decode::string;

/// The text of a message, with Slack's escapes (`&lt;`, `<https://…|…>`).
///
/// What a person wrote stands in `text`; blocks mirror it and attachments are previews of links. Bots leave `text` empty
/// or put a headline there and the rest into blocks and attachments, so for them everything is gathered.
pub fn of_message(message: &Value) -> String {
    let own = string(message, "text").unwrap_or_default();
    let by_bot = message.get("bot_id").is_some_and(|id| !id.is_null())
        || string(message, "subtype").as_deref() == Some("bot_message");
    let mut parts = Vec::new();
    if !own.trim().is_empty() {
        parts.push(own);
    }
    if by_bot || parts.is_empty() {
        for more in [
            of_blocks(message.get("blocks")),
            of_attachments(message.get("attachments")),
        ] {
            add(&mut parts, more);
        }
    }
    for file in array(message.get("files")) {
        if string(file, "mode").as_deref() == Some("snippet")
            && let Some(preview) = string(file, "preview")
        {
            add(&mut parts, format!("```\n{}\n```", escape(&preview)));
        }
    }
    parts.join("\n")
}

/// Whether a text mentions a user: `<@U1>` or `<@U1|name>`.
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

/// Whether images are attached.
pub fn has_images(message: &Value) -> bool {
    array(message.get("files")).iter().any(|file| {
        string(file, "mimetype").is_some_and(|kind| kind.starts_with("image/"))
            || string(file, "filetype")
                .is_some_and(|kind| matches!(kind.as_str(), "png" | "jpg" | "jpeg" | "gif" | "heic"))
    })
}

/// Adds a part unless its lines are there already.
fn add(parts: &mut Vec<String>, more: String) {
    if more.trim().is_empty() || parts.iter().any(|part| part.contains(more.trim())) {
        return;
    }
    if let Some(shorter) = parts.iter_mut().find(|part| more.contains(part.trim())) {
        *shorter = more;
        return;
    }
    parts.push(more);
}

fn array(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn of_blocks(blocks: Option<&Value>) -> String {
    lines(array(blocks).iter().map(of_block))
}

fn of_block(block: &Value) -> String {
    match string(block, "type").as_deref() {
        Some("rich_text") => lines(array(block.get("elements")).iter().map(rich)),
        Some("table") => lines(
            array(block.get("rows"))
                .iter()
                .map(|row| array(Some(row)).iter().map(of_block).collect::<Vec<_>>().join(" | ")),
        ),
        Some("context") => array(block.get("elements"))
            .iter()
            .filter_map(text_object)
            .collect::<Vec<_>>()
            .join(" "),
        _ => lines(
            text_object(block)
                .into_iter()
                .chain(block.get("text").and_then(text_object))
                .chain(array(block.get("fields")).iter().filter_map(text_object))
                .chain(block.get("title").and_then(text_object)),
        ),
    }
}

/// The text of a text object, or of anything whose `text` is a string.
fn text_object(value: &Value) -> Option<String> {
    string(value, "text")
}

fn rich(element: &Value) -> String {
    let inner = || array(element.get("elements")).iter().map(leaf).collect::<String>();
    match string(element, "type").as_deref() {
        Some("rich_text_preformatted") => format!("```\n{}\n```", inner()),
        Some("rich_text_quote") => lines(inner().lines().map(|line| format!("> {line}"))),
        Some("rich_text_list") => lines(
            array(element.get("elements"))
                .iter()
                .map(|item| format!("• {}", rich(item))),
        ),
        _ => inner(),
    }
}

fn leaf(element: &Value) -> String {
    let of = |key: &str| string(element, key).unwrap_or_default();
    match string(element, "type").as_deref() {
        Some("link") => match string(element, "text") {
            Some(text) => format!("<{}|{}>", of("url"), escape(&text)),
            None => format!("<{}>", of("url")),
        },
        Some("user") => format!("<@{}>", of("user_id")),
        Some("usergroup") => format!("<!subteam^{}>", of("usergroup_id")),
        Some("channel") => format!("<#{}>", of("channel_id")),
        Some("broadcast") => format!("<!{}>", of("range")),
        Some("emoji") => format!(":{}:", of("name")),
        Some("date") => escape(&of("fallback")),
        _ => {
            let text = escape(&of("text"));
            let code = element
                .get("style")
                .and_then(|style| style.get("code"))
                .and_then(Value::as_bool);
            if code == Some(true) { format!("`{text}`") } else { text }
        }
    }
}

fn of_attachments(attachments: Option<&Value>) -> String {
    lines(array(attachments).iter().map(|attachment| {
        let mut parts = Vec::new();
        for key in ["pretext", "title", "text"] {
            add(&mut parts, string(attachment, key).unwrap_or_default());
        }
        for field in array(attachment.get("fields")) {
            let title = string(field, "title").unwrap_or_default();
            let value = string(field, "value").unwrap_or_default();
            add(
                &mut parts,
                if title.is_empty() {
                    value
                } else {
                    format!("{title}: {value}")
                },
            );
        }
        add(&mut parts, of_blocks(attachment.get("blocks")));
        for shared in array(attachment.get("message_blocks")) {
            add(
                &mut parts,
                of_blocks(shared.get("message").and_then(|message| message.get("blocks"))),
            );
        }
        if parts.is_empty() {
            add(&mut parts, string(attachment, "fallback").unwrap_or_default());
        }
        parts.join("\n")
    }))
}

fn lines(parts: impl Iterator<Item = String>) -> String {
    parts
        .filter(|part| !part.trim().is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Escapes what Slack would have escaped, and leaves what is escaped already.
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
