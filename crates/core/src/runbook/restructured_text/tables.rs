//! Grid tables and simple tables. Columns are counted as a terminal shows them.

use std::collections::{BTreeSet, HashSet};

use super::super::part::DocumentPart;
use super::super::{BlockKind, Inline, markdown};
use super::blocks::{BlockParser, BlockPlace};
use super::cells::flatten;
use super::lines::{NumberedLine, columns};

/// Most columns for which a cell over several columns is followed by empty ones.
const MOST_ALIGNED: usize = 100;

type Cell = Vec<Inline>;

/// A cell while its lines are gathered: the column at which it begins, and its lines.
type OpenCell<'a> = (usize, Vec<NumberedLine<'a>>);

/// Returns true for the border of a simple table: runs of `=` with blanks between them.
pub(super) fn is_border(text: &str) -> bool {
    text.starts_with('=') && text.contains("= ") && text.bytes().all(|byte| byte == b'=' || byte == b' ')
}

/// Returns true for the line between two rows of a simple table that shows how far its cells reach.
fn is_span(text: &str) -> bool {
    text.starts_with('-') && text.bytes().all(|byte| byte == b'-' || byte == b' ')
}

fn is_grid_top(text: &str) -> bool {
    (text.starts_with("+-") || text.starts_with("+="))
        && text.ends_with('+')
        && text.bytes().all(|byte| b"+-=".contains(&byte))
}

impl BlockParser {
    /// Reads the table that begins at a line, if one does; returns the index of the line after it.
    pub(super) fn table(
        &mut self,
        lines: &[NumberedLine<'_>],
        at: usize,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) -> Option<usize> {
        let line = *lines.get(at)?;
        let (end, head, rows) = if is_grid_top(line.text) {
            let drawn = |other: &&NumberedLine<'_>| other.indent == line.indent && other.text.starts_with(['+', '|']);
            let end = at + lines.get(at..)?.iter().take_while(drawn).count();
            if end - at < 3 {
                return None;
            }
            let (head, rows) = self.grid(lines.get(at..end)?, place);
            (end, head, rows)
        } else if is_border(line.text) {
            let (head_end, end) = self.simple_ends(lines, at)?;
            let starts = starts_of(line.text, line.indent);
            let mut head = match head_end {
                Some(head_end) => self.simple_rows(lines.get(at + 1..head_end)?, &starts, place),
                None => Vec::new(),
            };
            let body = lines.get(head_end.unwrap_or(at) + 1..end)?;
            let rows = self.simple_rows(body, &starts, place);
            let last = head.pop().unwrap_or_default();
            head.extend(rows);
            (end + 1, last, head)
        } else {
            return None;
        };
        self.push_table(out, head, rows, line.number);
        Some(end)
    }

    pub(super) fn push_table(&mut self, out: &mut Vec<DocumentPart>, head: Vec<Cell>, rows: Vec<Vec<Cell>>, line: u32) {
        if !head.is_empty() || !rows.is_empty() {
            self.push(out, markdown::block(BlockKind::Table { head, rows }, line));
        }
    }

    /// The indexes of the border below the head, if there is one, and of the last border.
    fn simple_ends(&self, lines: &[NumberedLine<'_>], at: usize) -> Option<(Option<usize>, usize)> {
        let first = lines.get(at)?.number;
        let after = self.borders.partition_point(|number| *number <= first);
        let mut found = self.borders.get(after..)?.iter().map_while(|number| {
            let index = at + usize::try_from(number - first).ok()?;
            lines.get(index).filter(|line| line.number == *number).map(|_| index)
        });
        let one = found.next()?;
        if lines.get(one + 1).is_none_or(NumberedLine::is_blank) {
            return Some((None, one));
        }
        match found.next() {
            Some(other) => Some((Some(one), other)),
            None => Some((None, one)),
        }
    }

    /// Reads the rows between two borders. A line whose first cell is empty goes on with the row above.
    fn simple_rows(&mut self, lines: &[NumberedLine<'_>], starts: &[usize], place: BlockPlace) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        let mut open: Vec<NumberedLine<'_>> = Vec::new();
        let first_end = starts.get(1).copied().unwrap_or(usize::MAX);
        for line in lines {
            if is_span(line.text) {
                let spans = starts_of(line.text, line.indent);
                rows.extend(self.simple_row(&mut open, &spans, place));
                continue;
            }
            if !line.is_blank() && line.indent < first_end {
                rows.extend(self.simple_row(&mut open, starts, place));
            }
            open.push(*line);
        }
        rows.extend(self.simple_row(&mut open, starts, place));
        rows
    }

    fn simple_row(
        &mut self,
        open: &mut Vec<NumberedLine<'_>>,
        starts: &[usize],
        place: BlockPlace,
    ) -> Option<Vec<Cell>> {
        let mut cells: Vec<Vec<NumberedLine<'_>>> = Vec::new();
        for line in open.drain(..) {
            for (column, part) in simple_cells(line, starts).into_iter().enumerate() {
                if cells.len() <= column {
                    cells.push(Vec::new());
                }
                if let Some(cell) = cells.get_mut(column) {
                    cell.push(part);
                }
            }
        }
        let held = cells.iter().flatten().any(|line| !line.is_blank());
        held.then(|| cells.into_iter().map(|cell| self.cell(cell, place)).collect())
    }

    pub(super) fn cell(&mut self, mut lines: Vec<NumberedLine<'_>>, place: BlockPlace) -> Cell {
        let place = BlockPlace { item: true, ..place };
        self.inline.left = self.inline.left.saturating_sub(1);
        flatten(self.blocks(&mut lines, place))
    }

    /// Reads a grid table. A cell over several rows gives each of them the lines beside it.
    fn grid(&mut self, lines: &[NumberedLine<'_>], place: BlockPlace) -> (Vec<Cell>, Vec<Vec<Cell>>) {
        let edges = edges(lines);
        let known: HashSet<usize> = edges.iter().copied().collect();
        let (mut head, mut rows) = (Vec::new(), Vec::new());
        let mut open: Vec<OpenCell<'_>> = Vec::new();
        for line in lines {
            let parts = grid_parts(*line, &known);
            let drawn = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'-' || byte == b'=');
            if parts.iter().any(|(_, text)| drawn(text)) {
                rows.extend(self.grid_row(&mut open, &edges, place));
                if head.is_empty() && parts.iter().all(|(_, text)| text.starts_with('=') && drawn(text)) {
                    head = rows.pop().unwrap_or_default();
                }
            }
            for (column, text) in parts.into_iter().filter(|(_, text)| !drawn(text)) {
                let part = NumberedLine::new(line.number, column, text);
                let known = open.iter().position(|(start, _)| *start == column);
                let full = (open.len() >= MOST_ALIGNED).then(|| open.len() - 1);
                match known.or(full).and_then(|index| open.get_mut(index)) {
                    Some((_, cell)) => cell.push(part),
                    None => open.push((column, vec![part])),
                }
            }
        }
        rows.extend(self.grid_row(&mut open, &edges, place));
        (head, rows)
    }

    fn grid_row(&mut self, open: &mut Vec<OpenCell<'_>>, edges: &[usize], place: BlockPlace) -> Option<Vec<Cell>> {
        open.sort_by_key(|(column, _)| *column);
        let held = open.iter().flat_map(|(_, cell)| cell).any(|line| !line.is_blank());
        let mut row: Vec<Cell> = Vec::new();
        for (column, cell) in open.drain(..).filter(|_| held) {
            let index = edges.partition_point(|edge| *edge < column);
            if edges.len() <= MOST_ALIGNED {
                row.resize(index.max(row.len()), Vec::new());
            }
            row.push(self.cell(cell, place));
        }
        held.then_some(row)
    }
}

/// Columns at which the runs of a border begin.
fn starts_of(border: &str, indent: usize) -> Vec<usize> {
    let mut before = ' ';
    let mut starts = Vec::new();
    for (column, character) in border.chars().enumerate() {
        if character != ' ' && before == ' ' {
            starts.push(indent + column);
        }
        before = character;
    }
    starts
}

/// Cuts a line of a simple table into its cells. A word that is wider than its column stays whole.
fn simple_cells<'a>(line: NumberedLine<'a>, starts: &[usize]) -> Vec<NumberedLine<'a>> {
    let mut cells = Vec::new();
    let (mut column, mut from, mut cell) = (line.indent, 0, 0);
    let (mut begin, mut after_blank) = (line.indent, true);
    for (at, character) in line.text.char_indices() {
        while after_blank && starts.get(cell + 1).is_some_and(|start| *start <= column) {
            let text = line.text.get(from..at).unwrap_or_default();
            cells.push(NumberedLine::new(line.number, begin, text));
            (from, begin) = (at, column);
            cell += 1;
        }
        after_blank = character == ' ' || character == '\t';
        column += columns(character);
    }
    let text = line.text.get(from..).unwrap_or_default();
    cells.push(NumberedLine::new(line.number, begin, text));
    cells
}

/// The columns at which cells of a grid table may begin: after each `+` of its lines.
fn edges(lines: &[NumberedLine<'_>]) -> Vec<usize> {
    let mut edges = BTreeSet::new();
    for line in lines {
        let mut before = ' ';
        let mut column = line.indent;
        let mut characters = line.text.chars().peekable();
        while let Some(character) = characters.next() {
            let drawn = |other: char| matches!(other, '-' | '=' | '+' | '|');
            if character == '+' && (drawn(before) || characters.peek().copied().is_some_and(drawn)) {
                edges.insert(column + 1);
            }
            column += columns(character);
            before = character;
        }
    }
    edges.into_iter().collect()
}

/// Cuts a line of a grid table at its edges: the column and the text of each part.
fn grid_parts<'a>(line: NumberedLine<'a>, edges: &HashSet<usize>) -> Vec<(usize, &'a str)> {
    let mut parts = Vec::new();
    let mut column = line.indent;
    let mut open: Option<(usize, usize)> = None;
    for (at, character) in line.text.char_indices() {
        if matches!(character, '|' | '+') && edges.contains(&(column + 1)) {
            if let Some((begin, from)) = open {
                parts.push((begin, line.text.get(from..at).unwrap_or_default()));
            }
            open = Some((column + 1, at + 1));
        }
        column += columns(character);
    }
    let rest = open.and_then(|(begin, from)| Some((begin, line.text.get(from..)?)));
    parts.extend(rest.filter(|(_, text)| !text.trim().is_empty()));
    parts
}
