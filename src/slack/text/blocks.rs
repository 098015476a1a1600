//! The text of Block Kit. Buttons and menus say nothing about what happened, so they are left out.

use serde_json::Value;

use super::escape;
use crate::slack::decode::{array, string};

pub(super) fn is_rich(block: &Value) -> bool {
    string(block, "type").as_deref() == Some("rich_text")
}

pub(super) fn of_blocks<'a>(blocks: impl Iterator<Item = &'a Value>) -> String {
    lines(blocks.map(of_block))
}

/// The text of a block, an element of rich text, or a cell of a table.
pub(in crate::slack) fn of_block(block: &Value) -> String {
    let elements = || array(block.get("elements")).iter();
    match string(block, "type").as_deref() {
        Some("rich_text") => lines(elements().map(rich)),
        Some("table" | "data_table") => {
            let caption = block.get("caption").and_then(of_text);
            let rows = array(block.get("rows"));
            let rows = rows
                .iter()
                .map(|row| array(Some(row)).iter().map(of_block).collect::<Vec<_>>().join(" | "));
            lines(caption.into_iter().chain(rows))
        }
        // The blocks that hold others: `container` its children, `plan` its tasks, `task_card` rich text.
        Some("container" | "plan" | "task_card") => {
            let titles = ["title", "subtitle", "description"]
                .iter()
                .filter_map(|key| block.get(key).and_then(of_text));
            let inner = ["child_blocks", "tasks"].iter().flat_map(|key| array(block.get(key)));
            let rich = ["details", "output"].iter().filter_map(|key| block.get(key));
            lines(titles.chain(inner.chain(rich).map(of_block)))
        }
        Some("context") => elements().filter_map(of_text).collect::<Vec<_>>().join(" "),
        Some("carousel") => of_blocks(elements()),
        // Their labels are offers, not news.
        Some("actions" | "context_actions" | "divider" | "input") => String::new(),
        // Markdown and the cells of tables are not escaped.
        Some("markdown" | "raw_text" | "raw_number") => escape(&string(block, "text").unwrap_or_default()),
        // Sections, headers, alerts, cards, captions of images and videos, and what comes later.
        _ => lines(
            ["title", "subtitle", "text", "body", "description"]
                .iter()
                .filter_map(|key| block.get(key).and_then(of_text))
                .chain(array(block.get("fields")).iter().filter_map(of_text)),
        ),
    }
}

/// The text of a text object, or a text without one.
fn of_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        object if string(object, "type").as_deref() == Some("plain_text") => {
            string(object, "text").map(|text| escape(&text))
        }
        object => string(object, "text"),
    }
}

fn rich(element: &Value) -> String {
    let inner = || array(element.get("elements")).iter().map(leaf).collect::<String>();
    match string(element, "type").as_deref() {
        Some("rich_text_preformatted") => format!("```\n{}\n```", inner()),
        Some("rich_text_quote") => lines(inner().lines().map(|line| format!("> {line}"))),
        Some("rich_text_list") => {
            let ordered = string(element, "style").as_deref() == Some("ordered");
            let first = element.get("offset").and_then(Value::as_u64).unwrap_or_default();
            lines(array(element.get("elements")).iter().zip(1..).map(|(item, number)| {
                if ordered {
                    format!("{}. {}", first.saturating_add(number), rich(item))
                } else {
                    format!("• {}", rich(item))
                }
            }))
        }
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
        Some("color") => of("value"),
        Some("date") => escape(&string(element, "fallback").unwrap_or_else(|| of("timestamp"))),
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

pub(super) fn lines(parts: impl Iterator<Item = String>) -> String {
    parts
        .filter(|part| !part.trim().is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}
