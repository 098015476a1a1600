//! Plain text of inlines, and walks over nested blocks.

use super::{Block, BlockKind, Inline};

/// Plain text of inlines: no markup, code as it is, a link as its label.
pub fn plain(inlines: &[Inline]) -> String {
    let mut out = String::new();
    push(inlines, &mut out);
    out
}

fn push(inlines: &[Inline], out: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Text(text) | Inline::Code(text) => out.push_str(text),
            Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => push(inner, out),
            Inline::Link { label, .. } => push(label, out),
            Inline::Image { alt, .. } => out.push_str(alt),
            Inline::Break => out.push('\n'),
            Inline::Time(time) => out.push_str(&time.text),
        }
    }
}

/// Plain text of a block and everything nested in it, a line for each part.
pub fn plain_block(block: &Block) -> String {
    let mut out = Vec::new();
    walk(std::slice::from_ref(block), &mut |block| match &block.kind {
        BlockKind::Heading(inlines) | BlockKind::Paragraph(inlines) => out.push(plain(inlines)),
        BlockKind::Code { text, .. } => out.push(text.clone()),
        BlockKind::Table { head, rows } => {
            for row in std::iter::once(head).chain(rows) {
                let cells: Vec<String> = row.iter().map(|cell| plain(cell)).collect();
                out.push(cells.join(" | "));
            }
        }
        BlockKind::Definitions(definitions) => {
            out.extend(definitions.iter().map(|definition| plain(&definition.term)));
        }
        BlockKind::List { .. } | BlockKind::Quote(_) | BlockKind::Rule | BlockKind::Buttons(_) => {}
    });
    out.join("\n")
}

/// Visits blocks and those nested in lists, quotes and definitions, in document order.
pub fn walk<'b>(blocks: &'b [Block], visit: &mut dyn FnMut(&'b Block)) {
    for block in blocks {
        visit(block);
        match &block.kind {
            BlockKind::List { items, .. } => {
                for item in items {
                    walk(&item.blocks, visit);
                }
            }
            BlockKind::Quote(inner) => walk(inner, visit),
            BlockKind::Definitions(definitions) => {
                for detail in definitions.iter().flat_map(|definition| &definition.details) {
                    walk(detail, visit);
                }
            }
            _ => {}
        }
    }
}

/// Visits every run of inlines of a block (paragraphs, cells, terms), without nested blocks.
pub fn runs<'b>(block: &'b Block, visit: &mut dyn FnMut(&'b [Inline])) {
    match &block.kind {
        BlockKind::Heading(inlines) | BlockKind::Paragraph(inlines) => visit(inlines),
        BlockKind::Table { head, rows } => {
            for cell in std::iter::once(head).chain(rows).flatten() {
                visit(cell);
            }
        }
        BlockKind::Definitions(definitions) => {
            for definition in definitions {
                visit(&definition.term);
            }
        }
        _ => {}
    }
}

/// Visits inlines and those nested in them.
pub fn walk_inlines<'b>(inlines: &'b [Inline], visit: &mut dyn FnMut(&'b Inline)) {
    for inline in inlines {
        visit(inline);
        match inline {
            Inline::Strong(inner)
            | Inline::Emphasis(inner)
            | Inline::Strike(inner)
            | Inline::Link { label: inner, .. } => {
                walk_inlines(inner, visit);
            }
            _ => {}
        }
    }
}

/// Changes every inline of blocks and of those nested in them.
pub(super) fn walk_inlines_mut(blocks: &mut [Block], change: &mut dyn FnMut(&mut Inline, u32)) {
    for block in blocks {
        let line = block.line;
        match &mut block.kind {
            BlockKind::Heading(inlines) | BlockKind::Paragraph(inlines) => change_all(inlines, line, change),
            BlockKind::Table { head, rows } => {
                for cell in std::iter::once(head).chain(rows).flatten() {
                    change_all(cell, line, change);
                }
            }
            BlockKind::List { items, .. } => {
                for item in items {
                    walk_inlines_mut(&mut item.blocks, change);
                }
            }
            BlockKind::Quote(inner) => walk_inlines_mut(inner, change),
            BlockKind::Definitions(definitions) => {
                for definition in definitions {
                    change_all(&mut definition.term, line, change);
                    for detail in &mut definition.details {
                        walk_inlines_mut(detail, change);
                    }
                }
            }
            BlockKind::Code { .. } | BlockKind::Rule | BlockKind::Buttons(_) => {}
        }
    }
}

fn change_all(inlines: &mut [Inline], line: u32, change: &mut dyn FnMut(&mut Inline, u32)) {
    for inline in inlines {
        change(inline, line);
        match inline {
            Inline::Strong(inner)
            | Inline::Emphasis(inner)
            | Inline::Strike(inner)
            | Inline::Link { label: inner, .. } => {
                change_all(inner, line, change);
            }
            _ => {}
        }
    }
}
