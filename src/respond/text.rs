//! A reply as a terminal shows it; also the plain text that notifications and screen readers get.

use crate::runbook::{Block, BlockKind, Button, Inline, Item, Target};

use super::{Reply, address};

const INDENT: &str = "   ";

/// The whole reply as plain text.
pub fn to_text(reply: &Reply) -> String {
    plain_blocks(&reply.blocks)
}

/// Blocks as plain text, without a line break at the end.
pub fn plain_blocks(blocks: &[Block]) -> String {
    let mut lines = Vec::new();
    put_blocks(blocks, "", false, &mut lines);
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    lines.join("\n")
}

fn put_blocks(blocks: &[Block], indent: &str, tight: bool, lines: &mut Vec<String>) {
    for (at, block) in blocks.iter().enumerate() {
        if at > 0 && !tight {
            lines.push(String::new());
        }
        put_block(block, indent, lines);
    }
}

fn put_block(block: &Block, indent: &str, lines: &mut Vec<String>) {
    match &block.kind {
        BlockKind::Heading(inlines) => lines.push(format!("{indent}{}", plain(inlines))),
        BlockKind::Paragraph(inlines) => put_text(&plain(inlines), indent, lines),
        BlockKind::Code { text, .. } => {
            lines.extend(text.lines().map(|line| format!("{indent}{INDENT} {line}")));
        }
        BlockKind::List { ordered, start, items } => {
            for (number, item) in (*start..).zip(items) {
                let marker = if *ordered {
                    format!("{number}. ")
                } else {
                    "- ".to_owned()
                };
                put_item(item, &marker, indent, lines);
            }
        }
        BlockKind::Table { head, rows } => put_table(head, rows, indent, lines),
        BlockKind::Quote(blocks) => {
            let mut inner = Vec::new();
            put_blocks(blocks, "", false, &mut inner);
            lines.extend(inner.into_iter().map(|line| format!("{indent}> {line}")));
        }
        BlockKind::Definitions(definitions) => {
            for definition in definitions {
                lines.push(format!("{indent}{}", plain(&definition.term)));
                for details in &definition.details {
                    put_blocks(details, &format!("{indent}{INDENT}"), true, lines);
                }
            }
        }
        BlockKind::Rule => lines.push(format!("{indent}----")),
        BlockKind::Buttons(buttons) => {
            let labels: Vec<String> = buttons.iter().map(label_of).collect();
            lines.push(format!("{indent}{}", labels.join(" ")));
        }
    }
}

/// A button in brackets; a menu with its options.
fn label_of(button: &Button) -> String {
    let Some(menu) = &button.menu else {
        return format!("[{}]", button.label);
    };
    let options: Vec<&str> = menu.options().iter().map(|option| option.label.as_str()).collect();
    let name = if button.label.is_empty() { "…" } else { &button.label };
    format!("[{name} {}]", options.join(" | "))
}

fn put_text(text: &str, indent: &str, lines: &mut Vec<String>) {
    lines.extend(text.lines().map(|line| format!("{indent}{line}")));
}

fn put_item(item: &Item, marker: &str, indent: &str, lines: &mut Vec<String>) {
    let inner = format!("{indent}{}", " ".repeat(marker.chars().count()));
    let from = lines.len();
    put_blocks(&item.blocks, &inner, true, lines);
    match lines.get_mut(from) {
        Some(first) if first.starts_with(&inner) => {
            let text = first.get(inner.len()..).unwrap_or_default().to_owned();
            *first = format!("{indent}{marker}{text}");
        }
        _ => lines.insert(from, format!("{indent}{}", marker.trim_end())),
    }
}

fn put_table(head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>], indent: &str, lines: &mut Vec<String>) {
    let is_empty = |at: usize| {
        rows.iter()
            .all(|row| row.get(at).is_none_or(|cell| plain(cell).trim().is_empty()))
    };
    let alone = head
        .iter()
        .enumerate()
        .filter(|(at, cell)| is_empty(*at) && !plain(cell).trim().is_empty());
    // A heading above empty cells alone has no cell to stand before.
    lines.extend(alone.map(|(_, cell)| format!("{indent}- {}", plain(cell).replace('\n', " "))));
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(at, cell)| (head.get(at).map(|cell| plain(cell)).unwrap_or_default(), plain(cell)))
            .filter(|(_, cell)| !cell.trim().is_empty())
            .map(|(head, cell)| {
                if head.trim().is_empty() {
                    cell
                } else {
                    format!("{head}: {cell}")
                }
            })
            .collect();
        lines.push(format!("{indent}- {}", cells.join("; ").replace('\n', " ")));
    }
}

/// Inlines as plain text; a link shows its address in brackets.
pub(super) fn plain(inlines: &[Inline]) -> String {
    let mut out = String::new();
    put_inlines(inlines, &mut out);
    out
}

fn put_inlines(inlines: &[Inline], out: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Text(text) => out.push_str(text),
            Inline::Code(text) if text.contains('`') => out.push_str(text),
            Inline::Code(text) => out.extend(["`", text, "`"]),
            Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => put_inlines(inner, out),
            Inline::Link { target, label } => {
                let label = plain(label);
                let label = address::without_direction(&label);
                out.push_str(&label);
                let Target::Url(url) = target else { continue };
                if label.trim() != url {
                    out.push_str(if label.is_empty() { "" } else { " " });
                    out.extend(["(", url, ")"]);
                }
                // An address can hide its own host.
                if let Some(host) = address::hidden_host(url, url) {
                    out.extend([" (", &host, ")"]);
                }
            }
            Inline::Image { alt, url } => out.push_str(if alt.is_empty() { url } else { alt }),
            Inline::Break => out.push('\n'),
            Inline::Time(time) => out.push_str(&time.text),
        }
    }
}

/// Inlines as they read, without addresses.
pub fn words(inlines: &[Inline]) -> String {
    inlines
        .iter()
        .map(|inline| match inline {
            Inline::Text(text) | Inline::Code(text) => text.clone(),
            Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => words(inner),
            Inline::Link { label, .. } => words(label),
            Inline::Image { alt, .. } => alt.clone(),
            Inline::Break => " ".to_owned(),
            Inline::Time(time) => time.text.clone(),
        })
        .collect()
}
