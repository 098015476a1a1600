//! Tables: cells between bars or in a separated list, merged cells, cells that hold blocks.

use std::borrow::Cow;

use super::super::{Block, BlockKind, Inline, text::plain_block};
use super::blocks::{BlockReader, Preamble};
use super::lines::{SourceLine, SourceLines};
use super::{State, block, inlines};

/// Most columns of a table.
const MOST_COLUMNS: usize = 200;

/// Most copies of one cell.
const MOST_COPIES: usize = 200;

/// Longest cell, in bytes, that is copied into other rows and columns.
const LONGEST_COPY: usize = 300;

type Cells = Vec<Vec<Inline>>;

/// A cell as it is written.
#[derive(Debug, Clone)]
struct WrittenCell {
    lines: Vec<(String, u32)>,
    columns: usize,
    rows: usize,
    copies: usize,
    /// Letter of the style, such as `a`; a blank for the column's.
    style: char,
}

impl WrittenCell {
    fn new(line: u32) -> WrittenCell {
        WrittenCell {
            lines: vec![(String::new(), line)],
            columns: 1,
            rows: 1,
            copies: 1,
            style: ' ',
        }
    }

    fn push(&mut self, text: &str) {
        if let Some((last, _)) = self.lines.last_mut() {
            last.push_str(text);
        }
    }
}

/// Reads the table between two lines.
pub(super) fn read(
    reader: &mut BlockReader<'_, '_, '_>,
    from: usize,
    to: usize,
    preamble: &Preamble,
    line: u32,
) -> Vec<Block> {
    let attributes = &preamble.attributes;
    let opening = reader.source.text(from - 1).chars().next().unwrap_or('|');
    let format = match (attributes.value("format"), opening) {
        (Some("csv"), _) | (None, ',') => Some(','),
        (Some("tsv"), _) => Some('\t'),
        (Some("dsv"), _) | (None, ':') => Some(':'),
        _ => None,
    };
    let own = attributes.value("separator").map(|own| {
        if own == "\\t" {
            '\t'
        } else {
            own.chars().next().unwrap_or('|')
        }
    });
    let lines: Vec<(&str, u32)> = (from..to)
        .map(|at| (reader.source.text(at), reader.source.number(at)))
        .collect();
    let (cells, in_first_line) = match format {
        Some(separator) => separated(&lines, own.unwrap_or(separator)),
        None => barred(&lines, own.unwrap_or(if opening == '!' { '!' } else { '|' })),
    };
    let styles = attributes
        .value("cols")
        .map(columns)
        .filter(|styles| !styles.is_empty());
    let styles = styles.unwrap_or_else(|| vec![' '; in_first_line.clamp(1, MOST_COLUMNS)]);
    let is_implicit = lines.first().is_some_and(|(text, _)| !text.is_empty())
        && lines.get(1).is_some_and(|(text, _)| text.is_empty())
        && in_first_line >= styles.len();
    let has_head = attributes.has("header") || is_implicit && !attributes.has("noheader");
    let mut rows = rows_of(reader, cells, &styles);
    if rows.is_empty() {
        return Vec::new();
    }
    let head = if has_head { rows.remove(0) } else { Vec::new() };
    vec![block(BlockKind::Table { head, rows }, line)]
}

/// Styles of the columns in `cols="1,2a,3*"`, one for each column.
fn columns(list: &str) -> Vec<char> {
    let list = list.trim();
    let mut out = Vec::new();
    for column in list.split([',', ';']) {
        let column = column.trim();
        let (copies, rest) = column
            .split_once('*')
            .map_or((1, column), |(copies, rest)| (copies.trim().parse().unwrap_or(1), rest));
        let style = rest.chars().next_back().filter(char::is_ascii_lowercase).unwrap_or(' ');
        for _ in 0..copies.min(MOST_COLUMNS) {
            out.push(style);
        }
    }
    out.truncate(MOST_COLUMNS);
    out
}

/// The cells of lines in which each begins with a bar, and how many begin in the first line.
fn barred(lines: &[(&str, u32)], bar: char) -> (Vec<WrittenCell>, usize) {
    let mut cells: Vec<WrittenCell> = Vec::new();
    let mut first_line = None;
    for (text, number) in lines {
        if let Some(cell) = cells.last_mut() {
            cell.lines.push((String::new(), *number));
        }
        let mut rest = *text;
        while let Some(at) = rest.find(bar) {
            let (before, after) = (&rest[..at], &rest[at + bar.len_utf8()..]);
            if let Some(head) = before.strip_suffix('\\') {
                if let Some(cell) = cells.last_mut() {
                    cell.push(head);
                    cell.push(bar.encode_utf8(&mut [0; 4]));
                } else {
                    let mut cell = WrittenCell::new(*number);
                    cell.push(head);
                    cells.push(cell);
                }
                rest = after;
                continue;
            }
            let mut next = WrittenCell::new(*number);
            let kept = specification(before, &mut next);
            match cells.last_mut() {
                Some(cell) => cell.push(kept),
                None if !kept.trim().is_empty() => {
                    let mut cell = WrittenCell::new(*number);
                    cell.push(kept);
                    cells.push(cell);
                }
                None => {}
            }
            cells.push(next);
            rest = after;
        }
        match cells.last_mut() {
            Some(cell) => cell.push(rest),
            None if !rest.trim().is_empty() => {
                let mut cell = WrittenCell::new(*number);
                cell.push(rest);
                cells.push(cell);
            }
            None => {}
        }
        if !text.is_empty() && first_line.is_none() {
            first_line = Some(cells.iter().map(|cell| cell.columns.max(cell.copies)).sum());
        }
    }
    (cells, first_line.unwrap_or(1))
}

/// Reads what stands right before a bar, such as `2+^.>a`, into the cell that begins there; returns the text before it.
fn specification<'t>(before: &'t str, cell: &mut WrittenCell) -> &'t str {
    let is_part = |c: char| {
        c.is_ascii_digit()
            || matches!(
                c,
                '.' | '+' | '*' | '<' | '>' | '^' | 'a' | 'd' | 'e' | 'h' | 'l' | 'm' | 's' | 'v'
            )
    };
    let kept = before.trim_end_matches(is_part);
    let written = &before[kept.len()..];
    if written.is_empty() || !(kept.is_empty() || kept.ends_with([' ', '\t'])) {
        return before;
    }
    let mut rest = written;
    if let Some(at) = rest.find(['+', '*']) {
        let (factor, sign) = (&rest[..at], rest.as_bytes()[at]);
        let (columns, rows) = factor.split_once('.').unwrap_or((factor, ""));
        let number = |text: &str| {
            if text.is_empty() {
                Some(1)
            } else {
                text.parse::<usize>().ok()
            }
        };
        let (Some(columns), Some(rows)) = (number(columns), number(rows)) else {
            return before;
        };
        if sign == b'*' {
            cell.copies = columns.clamp(1, MOST_COPIES);
        } else {
            cell.columns = columns.clamp(1, MOST_COLUMNS);
            cell.rows = rows.clamp(1, MOST_COPIES);
        }
        rest = &rest[at + 1..];
    }
    let rest = rest.trim_start_matches(['<', '^', '>', '.']);
    let mut style = rest.chars();
    match (style.next(), style.next()) {
        (None, _) => {}
        (Some(letter), None) if letter.is_ascii_lowercase() => cell.style = letter,
        _ => {
            *cell = WrittenCell::new(cell.lines.first().map_or(1, |(_, line)| *line));
            return before;
        }
    }
    kept
}

/// The cells of a separated list, and how many the first line has. A quoted cell may go over lines.
fn separated(lines: &[(&str, u32)], separator: char) -> (Vec<WrittenCell>, usize) {
    let mut cells: Vec<WrittenCell> = Vec::new();
    let mut quoted = false;
    let mut first_line = 0;
    for (text, number) in lines {
        if text.is_empty() && !quoted {
            continue;
        }
        if quoted {
            if let Some(cell) = cells.last_mut() {
                cell.lines.push((String::new(), *number));
            }
        } else {
            cells.push(WrittenCell::new(*number));
        }
        for c in text.chars() {
            match c {
                '"' if separator != ':' => quoted = !quoted,
                c if c == separator && !quoted => cells.push(WrittenCell::new(*number)),
                c => {
                    if let Some(cell) = cells.last_mut() {
                        cell.push(c.encode_utf8(&mut [0; 4]));
                    }
                }
            }
        }
        if first_line == 0 && !quoted {
            first_line = cells.len();
        }
    }
    (cells, first_line.max(1))
}

/// A grid that is filled cell by cell.
struct Grid {
    rows: Vec<Cells>,
    row: Cells,
    /// For each column, the cell that goes on into the rows below, and into how many.
    spanning: Vec<(usize, Vec<Inline>)>,
}

impl Grid {
    /// Ends the row when it is full, and adds the cells from rows above that stand in the next columns.
    fn settle(&mut self, state: &mut State<'_>) {
        for _ in 0..2 {
            while self.row.len() < self.spanning.len()
                && !state.is_full()
                && let Some((left, content)) = self.spanning.get_mut(self.row.len())
                && *left > 0
            {
                *left -= 1;
                self.row.push(content.clone());
                state.count(1);
            }
            if self.row.len() >= self.spanning.len() {
                self.rows.push(std::mem::take(&mut self.row));
            }
        }
    }
}

/// Places cells in rows. A short cell that spans rows stands in each of them.
fn rows_of(reader: &mut BlockReader<'_, '_, '_>, cells: Vec<WrittenCell>, styles: &[char]) -> Vec<Cells> {
    let mut grid = Grid {
        rows: Vec::new(),
        row: Vec::new(),
        spanning: vec![(0, Vec::new()); styles.len()],
    };
    let mut rest = String::new();
    for cell in cells {
        if reader.state.is_full() {
            for (text, _) in &cell.lines {
                rest.push_str(text);
                rest.push(' ');
            }
            continue;
        }
        let length: usize = cell.lines.iter().map(|(text, _)| text.len()).sum();
        let mut copies = if length > LONGEST_COPY { 1 } else { cell.copies };
        while copies > 0 {
            copies -= 1;
            if grid.row.is_empty() || grid.spanning.get(grid.row.len()).is_some_and(|(left, _)| *left > 0) {
                grid.settle(reader.state);
            }
            let column = grid.row.len();
            let own_style = styles.get(column).copied().unwrap_or(' ');
            let style = if cell.style == ' ' { own_style } else { cell.style };
            let content = content(reader, &cell, style);
            let mut columns = cell.columns.min(styles.len().saturating_sub(column)).max(1);
            reader.state.count(columns);
            if reader.state.is_full() {
                (copies, columns) = (0, 1);
            }
            for at in column..column + columns {
                let own = if at == column { content.clone() } else { Vec::new() };
                if let Some(slot) = grid.spanning.get_mut(at).filter(|_| cell.rows > 1) {
                    let repeated = if length > LONGEST_COPY { Vec::new() } else { own.clone() };
                    *slot = (cell.rows - 1, repeated);
                }
                grid.row.push(own);
            }
            if grid.row.len() >= styles.len() {
                grid.rows.push(std::mem::take(&mut grid.row));
            }
        }
    }
    if !rest.is_empty() {
        grid.row.push(vec![Inline::Text(rest)]);
    }
    if !grid.row.is_empty() {
        grid.rows.push(grid.row);
    }
    grid.rows
}

/// The content of a cell as text.
fn content(reader: &mut BlockReader<'_, '_, '_>, cell: &WrittenCell, style: char) -> Vec<Inline> {
    let line = cell.lines.first().map_or(1, |(_, line)| *line);
    if style == 'a' && !reader.state.is_full() {
        return of_blocks(reader, cell);
    }
    let trimmed: Vec<&str> = cell.lines.iter().map(|(text, _)| text.trim()).collect();
    let joined = trimmed.join("\n");
    let text = joined.trim();
    if text.is_empty() {
        return Vec::new();
    }
    if style == 'l' {
        return vec![Inline::Code(text.to_owned())];
    }
    let mut out: Vec<Inline> = Vec::new();
    for piece in text.split("\n\n").map(str::trim).filter(|piece| !piece.is_empty()) {
        if !out.is_empty() {
            out.push(Inline::Break);
        }
        // A list in a cell that is not marked for it keeps its lines.
        let is_list = piece
            .lines()
            .skip(1)
            .any(|line| line.starts_with("* ") || line.starts_with("- "));
        let expanded = reader.state.attributes.expand(piece).into_owned();
        out.extend(inlines::read(&expanded, line, is_list, reader.state));
    }
    match style {
        'm' if !out.is_empty() => vec![Inline::Code(super::super::plain(&out))],
        's' if !out.is_empty() => vec![Inline::Strong(out)],
        _ => out,
    }
}

/// The content of a cell that holds blocks, each on lines of its own.
fn of_blocks(reader: &mut BlockReader<'_, '_, '_>, cell: &WrittenCell) -> Vec<Inline> {
    let lines = cell.lines.iter().enumerate().map(|(at, (text, number))| SourceLine {
        text: Cow::Owned(if at == 0 { text.trim() } else { text.trim_end() }.to_owned()),
        number: *number,
    });
    let source = SourceLines::new(lines.collect());
    let depth = reader.state.depth;
    let mut nested = BlockReader::new(&source, reader.state);
    let blocks = nested.nested(0, source.lines.len());
    reader.state.depth = depth;
    let mut out = Vec::new();
    for one in &blocks {
        flatten(one, "", &mut out);
    }
    out
}

/// Writes a block as text, on a line of its own.
fn flatten(one: &Block, mark: &str, out: &mut Vec<Inline>) {
    let begin = |out: &mut Vec<Inline>| {
        if !out.is_empty() {
            out.push(Inline::Break);
        }
        if !mark.is_empty() {
            inlines::push_text(out, mark);
        }
    };
    match &one.kind {
        BlockKind::Paragraph(inlines) | BlockKind::Heading(inlines) => {
            begin(out);
            out.extend(inlines.iter().cloned());
        }
        BlockKind::Code { text, .. } => {
            for line in text.lines() {
                begin(out);
                out.push(Inline::Code(line.to_owned()));
            }
        }
        BlockKind::List { ordered, start, items } => {
            for (number, item) in (*start..).zip(items) {
                let mark = if *ordered {
                    format!("{number}. ")
                } else {
                    "• ".to_owned()
                };
                for (at, inner) in item.blocks.iter().enumerate() {
                    flatten(inner, if at == 0 { &mark } else { "" }, out);
                }
            }
        }
        BlockKind::Quote(inner) => inner.iter().for_each(|inner| flatten(inner, "", out)),
        BlockKind::Definitions(definitions) => {
            for definition in definitions {
                begin(out);
                out.push(Inline::Strong(definition.term.clone()));
                definition
                    .details
                    .iter()
                    .flatten()
                    .for_each(|inner| flatten(inner, "", out));
            }
        }
        BlockKind::Table { .. } => {
            for line in plain_block(one).lines() {
                begin(out);
                inlines::push_text(out, line);
            }
        }
        BlockKind::Rule | BlockKind::Buttons(_) => {}
    }
}
