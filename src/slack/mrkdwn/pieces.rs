//! Splitting of blocks into pieces of mrkdwn that are never cut, with marks on the pieces that belong together.

use serde_json::{Value, json};

use super::{code_block, inlines, literal};
use crate::respond::{CONTEXT, FACTS};
use crate::runbook::{Block, BlockKind, Button, Inline, Item};
use crate::slack::blocks::length;
use crate::slack::rich;

/// Length up to which the text and code of one step stay one piece.
const TOGETHER: usize = 2_800;

/// Maximum width of an aligned table: a wider one wraps on a laptop and is unreadable on a phone.
const WIDEST_TABLE: usize = 76;

/// Most characters of an element of a context block, or of a field.
const CONTEXT_TEXT: usize = 1_900;
/// Most fields of a section.
const MOST_FIELDS: usize = 10;
/// Most rows of a table, its head among them.
const TABLE_ROWS: usize = 100;
/// Most columns of a table.
const TABLE_COLUMNS: usize = 20;

const INDENT: &str = "    ";
const BULLETS: [&str; 3] = ["•", "◦", "▪"];

/// A piece of mrkdwn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The piece's text.
    pub text: String,
    /// True where a new block or a new step of the outermost list starts: the places to cut at.
    pub starts: bool,
    /// True when an empty line precedes the piece.
    pub apart: bool,
    /// The code of a piece that consists of nothing else; it may be shortened when it is longer than a section.
    pub code: Option<String>,
    /// True when the piece must stay with the next one (a heading, "run this:").
    pub leads_on: bool,
    /// Buttons side by side, which mrkdwn cannot express: the text only names them.
    pub buttons: Vec<Button>,
    /// The piece in Slack's own shape, if there is one.
    pub shape: Option<PieceShape>,
}

/// A piece in one of Slack's own shapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PieceShape {
    /// Elements of a `rich_text` block; `is_wanted` for lists and code, which gain by it.
    Rich {
        /// The elements.
        elements: Vec<Value>,
        /// True when the piece is to be sent in this shape.
        is_wanted: bool,
    },
    /// Part of what the shape of the piece before it says.
    Continued,
    /// A whole block, of which a message may hold only one of its type when it is a table.
    Block(Value),
}

/// Splits blocks into pieces.
pub fn pieces(blocks: &[Block]) -> Vec<Piece> {
    let mut out = Vec::new();
    for block in blocks {
        let from = out.len();
        put(block, 0, &mut out);
        if let Some(first) = out.get_mut(from) {
            first.starts = true;
            first.apart = true;
        }
        if let Some(shape) = shape(block) {
            give(shape, out.get_mut(from..).unwrap_or_default());
        }
    }
    out.retain(|piece| !piece.text.trim().is_empty());
    out
}

/// The shape of a block that is not a list: its items have theirs.
fn shape(block: &Block) -> Option<PieceShape> {
    let has = |attribute: &str| block.attrs.iter().any(|word| word == attribute);
    match &block.kind {
        BlockKind::Paragraph(text) if has(CONTEXT) => {
            let text = inlines(text);
            let is_short = length(&text) <= CONTEXT_TEXT;
            let element = json!({"type": "mrkdwn", "text": text, "verbatim": true});
            is_short.then(|| PieceShape::Block(json!({"type": "context", "elements": [element]})))
        }
        BlockKind::List { items, .. } if has(FACTS) => fields(items),
        BlockKind::List { .. } | BlockKind::Buttons(_) => None,
        BlockKind::Table { head, rows } => table_block(head, rows),
        _ => Some(PieceShape::Rich {
            elements: rich::block(block)?,
            is_wanted: matches!(block.kind, BlockKind::Code { .. }),
        }),
    }
}

/// Gives a shape to the pieces that it is made of.
fn give(shape: PieceShape, pieces: &mut [Piece]) {
    if let Some((first, rest)) = pieces.split_first_mut() {
        first.shape = Some(shape);
        for piece in rest {
            piece.shape = Some(PieceShape::Continued);
            // Nothing of one shape may come to stand in another message.
            piece.starts = false;
        }
    }
}

/// Facts as fields of a section.
fn fields(items: &[Item]) -> Option<PieceShape> {
    let field = |item: &Item| -> Option<Value> {
        let [only] = item.blocks.as_slice() else { return None };
        let text = simple(only).filter(|text| length(text) <= CONTEXT_TEXT)?;
        Some(json!({"type": "mrkdwn", "text": text, "verbatim": true}))
    };
    let fields: Vec<Value> = items.iter().map(field).collect::<Option<_>>()?;
    (1..=MOST_FIELDS)
        .contains(&fields.len())
        .then(|| PieceShape::Block(json!({"type": "section", "fields": fields})))
}

/// A table as a block of Slack's, unless it is larger than Slack takes.
fn table_block(head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>]) -> Option<PieceShape> {
    let has_head = head.iter().any(|cell| !crate::respond::words(cell).trim().is_empty());
    let lines = std::iter::once(head).filter(|_| has_head);
    let lines: Vec<&[Vec<Inline>]> = lines.chain(rows.iter().map(Vec::as_slice)).collect();
    let columns = lines.iter().map(|row| row.len()).max().unwrap_or(0);
    if lines.len() > TABLE_ROWS || !(1..=TABLE_COLUMNS).contains(&columns) || lines.len() < 2 {
        return None;
    }
    let cells = |row: &&[Vec<Inline>]| -> Vec<Value> {
        let empty: &[Inline] = &[];
        (0..columns)
            .map(|at| rich::cell(row.get(at).map_or(empty, Vec::as_slice)))
            .collect()
    };
    let rows: Vec<Vec<Value>> = lines.iter().map(cells).collect();
    let wrapped: Vec<Value> = (0..columns).map(|_| json!({"is_wrapped": true})).collect();
    Some(PieceShape::Block(
        json!({"type": "table", "column_settings": wrapped, "rows": rows}),
    ))
}

fn push(text: String, code: Option<String>, leads_on: bool, out: &mut Vec<Piece>) {
    if !text.trim().is_empty() {
        out.push(Piece {
            text,
            starts: false,
            apart: false,
            code,
            leads_on,
            buttons: Vec::new(),
            shape: None,
        });
    }
}

fn put(block: &Block, depth: usize, out: &mut Vec<Piece>) {
    match &block.kind {
        BlockKind::List { ordered, start, items } => {
            for (number, item) in (*start..).zip(items) {
                let from = out.len();
                let bullet = BULLETS.get(depth.min(2)).copied().unwrap_or("•");
                let marker = if *ordered {
                    format!("{number}.")
                } else {
                    bullet.to_owned()
                };
                put_item(item, &marker, depth, out);
                if depth == 0
                    && let Some(first) = out.get_mut(from)
                {
                    first.starts = true;
                    if let Some(elements) = rich::item(item, ordered.then_some(number)) {
                        let is_wanted = true;
                        give(
                            PieceShape::Rich { elements, is_wanted },
                            out.get_mut(from..).unwrap_or_default(),
                        );
                    }
                }
            }
        }
        BlockKind::Code { text, .. } => push(code_block(text), Some(text.clone()), false, out),
        BlockKind::Quote(blocks) => {
            let mut inner = Vec::new();
            for block in blocks {
                put(block, depth, &mut inner);
            }
            for piece in inner {
                push(quoted(&piece.text), None, false, out);
            }
        }
        BlockKind::Buttons(buttons) => out.push(Piece {
            text: crate::respond::plain_blocks(std::slice::from_ref(block)),
            starts: false,
            apart: false,
            code: None,
            leads_on: false,
            buttons: buttons.clone(),
            shape: None,
        }),
        BlockKind::Definitions(definitions) => {
            for definition in definitions {
                push(format!("*{}*", one_line(&definition.term)), None, true, out);
                for block in definition.details.iter().flatten() {
                    put(block, depth + 1, out);
                }
            }
        }
        _ => {
            if let Some(text) = simple(block) {
                let indent = INDENT.repeat(depth);
                push(
                    indented(&text, &indent),
                    None,
                    text.trim_end().ends_with(':') || is_heading(block),
                    out,
                );
            }
        }
    }
}

fn is_heading(block: &Block) -> bool {
    // "**What to do**" acts as a heading.
    match &block.kind {
        BlockKind::Heading(_) => true,
        BlockKind::Paragraph(text) => matches!(text.as_slice(), [Inline::Strong(_)]),
        _ => false,
    }
}

/// Renders a block without inner structure as one text.
fn simple(block: &Block) -> Option<String> {
    match &block.kind {
        BlockKind::Heading(text) => Some(bold(text)),
        BlockKind::Paragraph(text) => Some(inlines(text)),
        BlockKind::Code { text, .. } => Some(code_block(text)),
        BlockKind::Table { head, rows } => Some(table(head, rows)),
        BlockKind::Rule => Some("———".to_owned()),
        BlockKind::List { .. } | BlockKind::Quote(_) | BlockKind::Definitions(_) | BlockKind::Buttons(_) => None,
    }
}

fn bold(text: &[Inline]) -> String {
    inlines(&[Inline::Strong(text.to_vec())])
}

fn one_line(text: &[Inline]) -> String {
    inlines(text).replace('\n', " ").replace('*', "")
}

/// Appends an item: its own text and code together while they are short, then the nested blocks.
fn put_item(item: &Item, marker: &str, depth: usize, out: &mut Vec<Piece>) {
    let indent = INDENT.repeat(depth);
    let below = format!("{indent}{INDENT}");
    let mut open = format!("{indent}{marker} ");
    let mut has_text = false;
    for (at, block) in item.blocks.iter().enumerate() {
        let code = matches!(block.kind, BlockKind::Code { .. });
        let Some(text) = simple(block) else {
            flush(&mut open, &mut has_text, out);
            put(block, depth + 1, out);
            continue;
        };
        let text = if code || text.starts_with("```") {
            text
        } else if at == 0 {
            indented(&text, &below).trim_start().to_owned()
        } else {
            indented(&text, &below)
        };
        if has_text && open.chars().count() + text.chars().count() > TOGETHER {
            flush(&mut open, &mut has_text, out);
        }
        if code
            && text.chars().count() > TOGETHER
            && let BlockKind::Code { text: raw, .. } = &block.kind
        {
            flush(&mut open, &mut has_text, out);
            push(text, Some(raw.clone()), false, out);
            continue;
        }
        // Code starts on a line of its own: a fence after a number would keep the number in the block.
        if has_text || code {
            trim_blank(&mut open);
            open.push('\n');
        }
        open.push_str(&text);
        has_text = true;
    }
    flush(&mut open, &mut has_text, out);
}

fn trim_blank(text: &mut String) {
    text.truncate(text.trim_end_matches(' ').len());
}

fn flush(open: &mut String, has_text: &mut bool, out: &mut Vec<Piece>) {
    let text = std::mem::take(open);
    *has_text = false;
    push(text.trim_end().to_owned(), None, false, out);
}

fn indented(text: &str, indent: &str) -> String {
    if text.starts_with("```") {
        return text.to_owned();
    }
    text.split('\n')
        .map(|line| format!("{indent}{line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Puts `>` before every line; a code block inside keeps its own lines.
fn quoted(text: &str) -> String {
    text.split('\n')
        .map(|line| format!("> {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Renders a table: aligned in a code block when it is narrow enough and holds no link, else as a list of "head:
/// value".
fn table(head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>]) -> String {
    let plain = |cell: &[Inline]| crate::respond::words(cell).replace('\n', " ").trim().to_owned();
    let lines: Vec<Vec<String>> = std::iter::once(head)
        .filter(|head| head.iter().any(|cell| !plain(cell).is_empty()))
        .chain(rows.iter().map(Vec::as_slice))
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            lines
                .iter()
                .filter_map(|row| row.get(at))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let total: usize = widths.iter().map(|width| width + 2).sum();
    let has_link = head.iter().chain(rows.iter().flatten()).flatten().any(is_link);
    if total <= WIDEST_TABLE && !has_link && columns > 0 {
        let aligned: Vec<String> = lines.iter().map(|row| align(row, &widths)).collect();
        return code_block(&aligned.join("\n"));
    }
    // A heading above empty cells alone has no cell to stand before.
    let is_empty = |at: usize| {
        rows.iter()
            .all(|row| row.get(at).is_none_or(|cell| plain(cell).is_empty()))
    };
    let alone = head.iter().enumerate().filter(|(at, _)| is_empty(*at));
    let alone: Vec<Vec<Inline>> = alone.map(|(_, cell)| cell.clone()).collect();
    std::iter::once(listed(&[], &alone))
        .chain(rows.iter().map(|row| listed(head, row)))
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_link(inline: &Inline) -> bool {
    match inline {
        Inline::Link { .. } | Inline::Image { .. } => true,
        Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => inner.iter().any(is_link),
        Inline::Text(_) | Inline::Code(_) | Inline::Break | Inline::Time(_) => false,
    }
}

fn align(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(width.saturating_sub(cell.chars().count()) + 2));
    }
    line.trim_end().to_owned()
}

fn listed(head: &[Vec<Inline>], row: &[Vec<Inline>]) -> String {
    let cells: Vec<String> = row
        .iter()
        .enumerate()
        .map(|(at, cell)| {
            (
                head.get(at).map(|head| one_line(head)).unwrap_or_default(),
                inlines(cell).replace('\n', " "),
            )
        })
        .filter(|(_, cell)| !cell.trim().is_empty())
        .map(|(head, cell)| {
            if head.trim().is_empty() {
                cell
            } else {
                format!("*{}*: {cell}", literal(head.trim()))
            }
        })
        .collect();
    if cells.is_empty() {
        String::new()
    } else {
        format!("• {}", cells.join("\n    "))
    }
}
