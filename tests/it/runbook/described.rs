//! Outline of a document as it was understood: a line for each heading and block, for snapshots.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use signpost::runbook::{Block, BlockKind, Inline, Role, Target, parse};

/// Reads a document and returns its findings and its outline. Each block begins with its source line.
pub(super) fn outline(path: &str, text: &str) -> String {
    let (runbook, found) = parse(path, text, &BTreeMap::new());
    let mut out = String::new();
    for found in found {
        let _ = writeln!(out, "! {} {}: {}", found.line, found.code, found.message);
    }
    let Some(runbook) = runbook else {
        return out;
    };
    for section in &runbook.sections {
        let marks = "#".repeat(usize::from(section.level).max(1));
        let _ = writeln!(
            out,
            "{}{} {marks} {}",
            section.line,
            role(section.role),
            section.heading
        );
        blocks(&section.blocks, 1, &mut out);
    }
    out
}

fn blocks(blocks: &[Block], depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for block in blocks {
        let _ = write!(out, "{indent}{}{} ", block.line, role(block.role));
        match &block.kind {
            BlockKind::Paragraph(text) | BlockKind::Heading(text) => {
                let _ = writeln!(out, "{}", inlines(text));
            }
            BlockKind::Code { lang, text } => {
                let _ = writeln!(out, "{}", format!("code {lang}").trim_end());
                for line in text.lines() {
                    let _ = writeln!(out, "{indent}  | {line}");
                }
            }
            BlockKind::List { ordered, start, items } => {
                let _ = writeln!(
                    out,
                    "{}",
                    if *ordered {
                        format!("list from {start}")
                    } else {
                        "list".to_owned()
                    }
                );
                for item in items {
                    let _ = writeln!(out, "{indent}  {} -", item.line);
                    self::blocks(&item.blocks, depth + 2, out);
                }
            }
            BlockKind::Table { head, rows } => {
                let line = |row: &[Vec<Inline>]| row.iter().map(|cell| inlines(cell)).collect::<Vec<_>>().join(" | ");
                let _ = writeln!(out, "table {}", line(head));
                for row in rows {
                    let _ = writeln!(out, "{indent}  {}", line(row));
                }
            }
            BlockKind::Quote(inner) => {
                let _ = writeln!(out, "quote");
                self::blocks(inner, depth + 1, out);
            }
            BlockKind::Definitions(definitions) => {
                let _ = writeln!(out, "definitions");
                for definition in definitions {
                    let _ = writeln!(out, "{indent}  = {}", inlines(&definition.term));
                    definition
                        .details
                        .iter()
                        .for_each(|detail| self::blocks(detail, depth + 2, out));
                }
            }
            BlockKind::Rule => {
                let _ = writeln!(out, "rule");
            }
            BlockKind::Buttons(_) => {}
        }
    }
}

fn role(role: Role) -> String {
    if role == Role::Other {
        String::new()
    } else {
        format!(" ({role:?})")
    }
}

fn inlines(list: &[Inline]) -> String {
    let one = |inline: &Inline| match inline {
        Inline::Text(text) => text.clone(),
        Inline::Code(text) => format!("`{text}`"),
        Inline::Strong(inner) => format!("**{}**", inlines(inner)),
        Inline::Emphasis(inner) => format!("_{}_", inlines(inner)),
        Inline::Strike(inner) => format!("~{}~", inlines(inner)),
        Inline::Link { target, label } => match target {
            Target::Url(url) => format!("[{}]({url})", inlines(label)),
            Target::Section(section) => format!("[{}](section {section})", inlines(label)),
            Target::Relative(path) => format!("[{}](relative {path})", inlines(label)),
        },
        Inline::Image { alt, url } => format!("![{alt}]({url})"),
        Inline::Break => "⏎".to_owned(),
        Inline::Time(time) => time.text.clone(),
    };
    list.iter().map(one).collect()
}
