//! Tables of a page.

use super::super::markdown;
use super::super::text::plain;
use super::super::{Block, BlockKind, Inline};
use super::PageReader;
use super::blocks::Flow;
use super::tree::{Element, NodeId, heading_level};

/// Widest span of columns that is filled with empty cells.
const WIDEST_SPAN: usize = 8;
/// Longest text, in bytes, that is repeated in each row it spans.
const LONGEST_REPEATED: usize = 200;
/// Most cells of a page that are repeated.
const MOST_REPEATED: usize = 10_000;

type Cell = Vec<Inline>;

/// Rows of a table, and the cells that reach into the next rows.
#[derive(Default)]
#[expect(clippy::struct_field_names, reason = "rows, beside the head")]
struct Rows {
    head: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    /// Column, rows that are left, and content of the cells that span rows.
    spanning: Vec<(usize, usize, Cell)>,
}

impl PageReader<'_> {
    pub(super) fn table(&mut self, id: NodeId, element: &Element, flow: &mut Flow) {
        let line = self.tree.line(id);
        if self.is_layout(id, element) {
            return self.flow(id, flow);
        }
        let mut rows = Rows::default();
        self.rows(id, false, &mut rows, flow);
        let Rows { head, rows, .. } = rows;
        if head.is_empty() && rows.is_empty() {
            return;
        }
        self.put(markdown::block(BlockKind::Table { head, rows }, line), flow);
    }

    /// Returns true for a table that only arranges other content: one cell, or cells with headings or tables in them.
    fn is_layout(&self, id: NodeId, element: &Element) -> bool {
        let is_named = element
            .get("role")
            .is_some_and(|role| matches!(role, "presentation" | "none"))
            || element
                .classes()
                .any(|class| class.to_ascii_lowercase().contains("layout"));
        if is_named {
            return true;
        }
        let mut cells = 0;
        for below in self.tree.below(id) {
            let Some(element) = self.tree.element(below).filter(|_| !self.content.is_left_out(below)) else {
                continue;
            };
            if element.name == "table" || heading_level(&element.name).is_some() {
                return true;
            }
            cells += usize::from(element.is(&["td", "th"]));
        }
        // Line numbers beside the code are left out.
        cells <= 1
    }

    fn rows(&mut self, id: NodeId, in_head: bool, out: &mut Rows, flow: &mut Flow) {
        let tree = self.tree;
        for child in tree.children(id) {
            let Some(element) = self.enter(*child) else { continue };
            match element.name.as_str() {
                "caption" => self.label(*child, flow),
                "tr" => self.row(*child, in_head, out),
                "thead" => self.rows(*child, true, out, flow),
                _ => self.rows(*child, in_head, out, flow),
            }
        }
    }

    fn row(&mut self, id: NodeId, in_head: bool, out: &mut Rows) {
        let tree = self.tree;
        let mut cells: Vec<Cell> = Vec::new();
        let mut are_heads = true;
        let mut spanning = std::mem::take(&mut out.spanning);
        spanning.sort_by_key(|(column, ..)| *column);
        let mut waiting = spanning.into_iter().peekable();
        for child in tree.children(id) {
            let Some(element) = tree.element(*child).filter(|element| element.is(&["td", "th"])) else {
                continue;
            };
            if self.content.is_left_out(*child) {
                continue;
            }
            while let Some((column, left, cell)) = waiting.next_if(|(column, ..)| *column <= cells.len()) {
                repeat(column, left, cell, &mut cells, &mut out.spanning);
            }
            self.note_id(element);
            are_heads &= element.name == "th";
            let content = self.cell(*child);
            let span = |name: &str| element.get(name).and_then(|span| span.trim().parse::<usize>().ok());
            let rows = span("rowspan").unwrap_or(1);
            if rows > 1 && plain(&content).len() <= LONGEST_REPEATED && self.repeated < MOST_REPEATED {
                self.repeated += rows.min(MOST_REPEATED);
                out.spanning.push((cells.len(), rows - 1, content.clone()));
            }
            cells.push(content);
            for _ in 1..span("colspan").unwrap_or(1).min(WIDEST_SPAN) {
                cells.push(Vec::new());
            }
        }
        for (column, left, cell) in waiting {
            repeat(column, left, cell, &mut cells, &mut out.spanning);
        }
        if cells.iter().all(|cell| plain(cell).trim().is_empty()) {
            return;
        }
        let is_head = out.head.is_empty() && out.rows.is_empty() && (in_head || are_heads);
        if is_head {
            out.head = cells;
        } else {
            out.rows.push(cells);
        }
    }

    /// Reads a cell: its blocks become lines.
    pub(super) fn cell(&mut self, id: NodeId) -> Cell {
        if !self.content.weight(id).has_block {
            return markdown::linkify(self.inlines(id));
        }
        let mut out = Vec::new();
        for block in self.nested(id) {
            put_line(block, &mut out);
        }
        out
    }
}

fn repeat(column: usize, left: usize, cell: Cell, cells: &mut Vec<Cell>, spanning: &mut Vec<(usize, usize, Cell)>) {
    if left > 1 {
        spanning.push((column, left - 1, cell.clone()));
    }
    cells.push(cell);
}

/// Appends a block to a cell, on a line of its own.
fn put_line(block: Block, out: &mut Cell) {
    let mut next = |inlines: Vec<Inline>| {
        if !out.is_empty() && !inlines.is_empty() {
            out.push(Inline::Break);
        }
        out.extend(inlines);
    };
    match block.kind {
        BlockKind::Paragraph(inlines) | BlockKind::Heading(inlines) => next(inlines),
        BlockKind::Code { text, .. } => next(vec![Inline::Code(text)]),
        BlockKind::List { items, ordered, start } => {
            for (number, item) in (start..).zip(items) {
                let mark = if ordered {
                    format!("{number}. ")
                } else {
                    "• ".to_owned()
                };
                let mut line = vec![Inline::Text(mark)];
                let mut inner = Vec::new();
                item.blocks.into_iter().for_each(|block| put_line(block, &mut inner));
                line.extend(inner);
                next(line);
            }
        }
        BlockKind::Quote(blocks) => blocks.into_iter().for_each(|block| put_line(block, out)),
        BlockKind::Definitions(definitions) => {
            for definition in definitions {
                let mut line = vec![Inline::Strong(definition.term), Inline::Text(": ".to_owned())];
                let mut inner = Vec::new();
                let details = definition.details.into_iter().flatten();
                details.for_each(|block| put_line(block, &mut inner));
                line.extend(inner);
                next(line);
            }
        }
        BlockKind::Table { head, rows } => {
            for row in std::iter::once(head).chain(rows) {
                next(vec![Inline::Text(
                    row.iter().map(|cell| plain(cell)).collect::<Vec<_>>().join(" | "),
                )]);
            }
        }
        BlockKind::Rule | BlockKind::Buttons(_) => {}
    }
}
