//! Content of code blocks, tables and tables of contents.

use super::super::super::part::DocumentPart;
use super::super::super::{Block, BlockKind, Definition, Inline, Item, markdown};
use super::super::blocks::{BlockParser, BlockPlace, after_blank, paragraph};
use super::super::cells::flatten;
use super::super::code::code_block;
use super::super::lines::{NumberedLine, literal};
use super::super::lists::some;
use super::super::{csv, roles};
use super::{Directive, body, body_mut, has_ending};

impl BlockParser {
    /// Notes that the text of another file is not read. Files of substitutions, and docutils' own, hold no text.
    pub(super) fn include(&mut self, directive: &Directive<'_>) {
        let path = directive.title();
        if !has_ending(&path, &["defs"]) && !path.starts_with('<') {
            let message = format!("the text of `{path}`, which is included here, is not read");
            self.problems.push((directive.line, "include-unread", message));
        }
    }

    pub(super) fn glossary(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        directive: &Directive<'_>,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) {
        let below = body_mut(lines, directive);
        let first = after_blank(below, 0);
        if let Some(terms) = below.get_mut(first..).filter(|terms| !terms.is_empty()) {
            let end = self.definitions(terms, 0, true, place, out);
            let rest = self.blocks(terms.get_mut(end..).unwrap_or_default(), place);
            self.splice(out, rest);
        }
    }

    /// Reads an option of a program and its description.
    pub(super) fn described_option(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        directive: &Directive<'_>,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) {
        let details = some(self.blocks(body_mut(lines, directive), place));
        let more = directive.more.iter().copied();
        let options: Vec<&str> = std::iter::once(directive.argument).chain(more).collect();
        let term = vec![Inline::Code(options.join(", "))];
        self.push_definitions(out, vec![Definition { term, details }], directive.line);
    }

    pub(super) fn code(&mut self, lines: &[NumberedLine<'_>], directive: &Directive<'_>, out: &mut Vec<DocumentPart>) {
        self.caption(directive, out);
        let held = body(lines, directive);
        let first = held.iter().find(|line| !line.is_blank());
        let line = first.map_or(directive.line, |line| line.number);
        let mut text = literal(held);
        let lang = match directive.name.as_str() {
            "parsed-literal" => {
                text = self.inline.plain(&text);
                ""
            }
            "prompt" => directive.argument.split([' ', ',']).next().unwrap_or_default(),
            _ => directive.argument.split_whitespace().next().unwrap_or(&self.language),
        };
        if !text.is_empty() {
            let block = code_block(lang, &text, line);
            self.push(out, block);
        }
    }

    /// Reads a table of contents: a link for each document.
    pub(super) fn contents(
        &mut self,
        lines: &[NumberedLine<'_>],
        directive: &Directive<'_>,
        out: &mut Vec<DocumentPart>,
    ) {
        self.caption(directive, out);
        let mut items = Vec::new();
        for line in body(lines, directive) {
            if line.is_blank() || line.text == "self" || line.text.contains('*') {
                continue;
            }
            let (label, path) = roles::titled(line.text);
            let path = path.unwrap_or(label);
            let link = if path.contains("://") || has_ending(path, &["rst", "md"]) {
                roles::link(path, label)
            } else {
                roles::link(&format!("{path}.rst"), label)
            };
            let blocks = vec![paragraph(vec![link], line.number)];
            self.inline.left = self.inline.left.saturating_sub(1);
            items.push(Item {
                blocks,
                line: line.number,
            });
        }
        if let Some(first) = items.first() {
            let line = first.line;
            let kind = BlockKind::List {
                ordered: false,
                start: 1,
                items,
            };
            self.push(out, markdown::block(kind, line));
        }
    }

    /// Reads a table whose rows are the items of a list, and whose cells are the items of lists in them.
    pub(super) fn list_table(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        directive: &Directive<'_>,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) {
        self.title_paragraph(&directive.title(), directive.line, out);
        let mut blocks = self.blocks(body_mut(lines, directive), place);
        let lists = |block: &Block| matches!(block.kind, BlockKind::List { .. });
        if blocks.len() != 1 || !blocks.iter().all(lists) {
            self.splice(out, blocks);
            return;
        }
        let items = match blocks.pop().map(|block| block.kind) {
            Some(BlockKind::List { items, .. }) => items,
            _ => Vec::new(),
        };
        let line = items.first().map_or(directive.line, |item| item.line);
        let mut rows = items.into_iter().map(|row| {
            let mut cells = Vec::new();
            for block in row.blocks {
                match block.kind {
                    BlockKind::List { items, .. } => cells.extend(items.into_iter().map(|cell| flatten(cell.blocks))),
                    _ => cells.push(flatten(vec![block])),
                }
            }
            cells
        });
        let head = rows
            .by_ref()
            .take(directive.number("header-rows"))
            .last()
            .unwrap_or_default();
        let rows = rows.collect();
        self.push_table(out, head, rows, line);
    }

    pub(super) fn csv_table(
        &mut self,
        lines: &[NumberedLine<'_>],
        directive: &Directive<'_>,
        out: &mut Vec<DocumentPart>,
    ) {
        self.title_paragraph(&directive.title(), directive.line, out);
        for elsewhere in ["file", "url"].iter().filter_map(|name| directive.option(name)) {
            self.push_paragraph(out, vec![roles::link(elsewhere, elsewhere)], directive.line);
        }
        let delimiter = match directive.option("delim") {
            Some("tab") => '\t',
            Some("space") => ' ',
            other => other.and_then(|delimiter| delimiter.chars().next()).unwrap_or(','),
        };
        let mut read = |text: &str| -> Vec<Vec<Vec<Inline>>> {
            let rows = csv::rows(text, delimiter).into_iter();
            let mut cells = |row: Vec<String>| row.iter().map(|cell| self.inline.read(cell)).collect();
            rows.map(&mut cells).collect()
        };
        let held = body(lines, directive);
        let first = held.iter().find(|line| !line.is_blank());
        let line = first.map_or(directive.line, |line| line.number);
        let mut rows = read(&literal(held)).into_iter();
        let head = match directive.option("header") {
            Some(header) => read(header).pop().unwrap_or_default(),
            None => rows
                .by_ref()
                .take(directive.number("header-rows"))
                .last()
                .unwrap_or_default(),
        };
        let rows = rows.collect();
        self.push_table(out, head, rows, line);
    }
}
