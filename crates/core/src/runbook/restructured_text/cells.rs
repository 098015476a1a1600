//! Blocks in the cells of tables, which hold only text.

use super::super::{Block, BlockKind, Inline};

/// Turns blocks into text with line breaks between them.
pub(super) fn flatten(blocks: Vec<Block>) -> Vec<Inline> {
    let mut out = Vec::new();
    push(blocks, &mut out);
    out
}

fn push(blocks: Vec<Block>, out: &mut Vec<Inline>) {
    for block in blocks {
        match block.kind {
            BlockKind::Heading(inlines) | BlockKind::Paragraph(inlines) => {
                separate(out);
                out.extend(inlines);
            }
            BlockKind::Code { text, .. } => {
                separate(out);
                out.push(Inline::Code(text));
            }
            BlockKind::List { ordered, start, items } => {
                for (number, item) in (start..).zip(items) {
                    separate(out);
                    let mark = if ordered {
                        format!("{number}. ")
                    } else {
                        "• ".to_owned()
                    };
                    out.push(Inline::Text(mark));
                    push_after_mark(item.blocks, out);
                }
            }
            BlockKind::Definitions(definitions) => {
                for definition in definitions {
                    separate(out);
                    out.extend(definition.term);
                    for detail in definition.details {
                        out.push(Inline::Text(": ".to_owned()));
                        push_after_mark(detail, out);
                    }
                }
            }
            BlockKind::Quote(inner) => push(inner, out),
            BlockKind::Table { head, rows } => {
                for row in std::iter::once(head).chain(rows).filter(|row| !row.is_empty()) {
                    separate(out);
                    for (column, cell) in row.into_iter().enumerate() {
                        if column > 0 {
                            out.push(Inline::Text(" | ".to_owned()));
                        }
                        out.extend(cell);
                    }
                }
            }
            BlockKind::Rule | BlockKind::Buttons(_) => {}
        }
    }
}

/// Puts the first block of an item behind its mark.
fn push_after_mark(mut blocks: Vec<Block>, out: &mut Vec<Inline>) {
    if let Some(BlockKind::Paragraph(_)) = blocks.first().map(|block| &block.kind)
        && let BlockKind::Paragraph(inlines) = blocks.remove(0).kind
    {
        out.extend(inlines);
    }
    push(blocks, out);
}

fn separate(out: &mut Vec<Inline>) {
    if !out.is_empty() {
        out.push(Inline::Break);
    }
}
