//! Documents as a short text that shows how they were understood.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use signpost::runbook::{Block, BlockKind, Inline, Runbook, Target, parse};

/// Sections and blocks, with their lines, as a short text.
pub(crate) fn of(path: &str, text: &str) -> String {
    let (runbook, _) = parse(path, text, &BTreeMap::new());
    of_runbook(&runbook.expect("text is always read"))
}

/// Sections and blocks of a runbook, with their lines, as a short text.
pub(crate) fn of_runbook(runbook: &Runbook) -> String {
    let mut out = String::new();
    for section in &runbook.sections {
        let marks = "#".repeat(usize::from(section.level));
        writeln!(out, "{}: {marks}[{}]", section.line, section.heading).expect("a string takes text");
        push(&section.blocks, 1, &mut out);
    }
    out
}

fn push(blocks: &[Block], depth: usize, out: &mut String) {
    let blanks = "  ".repeat(depth);
    for block in blocks {
        let line = block.line;
        let shown = match &block.kind {
            BlockKind::Heading(inlines) => format!("heading {}", marked(inlines)),
            BlockKind::Paragraph(inlines) => marked(inlines),
            BlockKind::Code { lang, text } => format!("code({lang}) {text:?}"),
            BlockKind::List { ordered, start, .. } if *ordered => format!("list from {start}"),
            BlockKind::List { .. } => "list".to_owned(),
            BlockKind::Table { head, .. } => format!("table {}", row(head)),
            BlockKind::Quote(_) => "quote".to_owned(),
            BlockKind::Definitions(_) => "definitions".to_owned(),
            BlockKind::Rule => "rule".to_owned(),
            BlockKind::Buttons(_) => "buttons".to_owned(),
        };
        writeln!(out, "{blanks}{line}: {shown}").expect("a string takes text");
        match &block.kind {
            BlockKind::List { items, .. } => {
                for item in items {
                    writeln!(out, "{blanks}- {}", item.line).expect("a string takes text");
                    push(&item.blocks, depth + 2, out);
                }
            }
            BlockKind::Table { rows, .. } => {
                for cells in rows {
                    writeln!(out, "{blanks}  {}", row(cells)).expect("a string takes text");
                }
            }
            BlockKind::Quote(inner) => push(inner, depth + 1, out),
            BlockKind::Definitions(definitions) => {
                for definition in definitions {
                    writeln!(out, "{blanks}= {}", marked(&definition.term)).expect("a string takes text");
                    for detail in &definition.details {
                        push(detail, depth + 2, out);
                    }
                }
            }
            _ => {}
        }
    }
}

fn row(cells: &[Vec<Inline>]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| marked(cell)).collect();
    format!("| {} |", cells.join(" | "))
}

fn marked(inlines: &[Inline]) -> String {
    let mut out = String::new();
    for inline in inlines {
        match inline {
            Inline::Text(text) => out.push_str(text),
            Inline::Code(text) => write!(out, "`{text}`").expect("a string takes text"),
            Inline::Strong(inner) => write!(out, "**{}**", marked(inner)).expect("a string takes text"),
            Inline::Emphasis(inner) => write!(out, "_{}_", marked(inner)).expect("a string takes text"),
            Inline::Strike(inner) => write!(out, "~{}~", marked(inner)).expect("a string takes text"),
            Inline::Image { alt, url } => write!(out, "![{alt}]({url})").expect("a string takes text"),
            Inline::Break => out.push('⏎'),
            Inline::Time(time) => out.push_str(&time.text),
            Inline::Link { target, label } => {
                let target = match target {
                    Target::Url(address) | Target::Relative(address) => address.clone(),
                    Target::Section(section) => format!("§{section}"),
                };
                write!(out, "[{}]({target})", marked(label)).expect("a string takes text");
            }
        }
    }
    out
}
