//! Lists: bulleted and numbered, definitions, fields and options.

use super::super::markdown;
use super::super::part::DocumentPart;
use super::super::{Block, BlockKind, Definition, Inline, Item};
use super::blocks::{BlockParser, BlockPlace, METADATA, after_blank, end_of_run, is_plain};
use super::lines::{
    Enumerator, NumberedLine, bullet, end_of_indented, enumerator, field, least_indent, option, underlines,
};

impl BlockParser {
    pub(super) fn bullets(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) -> usize {
        let first = lines[at];
        let mark = first.text.chars().next();
        let mut items = Vec::new();
        let mut next = at;
        while let Some(line) = lines.get(next).copied() {
            let Some(bytes) = bullet(line.text) else { break };
            if line.indent != first.indent || line.text.chars().next() != mark {
                break;
            }
            let end = self.item(lines, next, bytes, place, &mut items);
            next = after_blank(lines, end);
        }
        self.push_list(out, false, 1, items, first.number);
        next
    }

    /// Reads a numbered list. An item may repeat the number before it, for many authors write `1.` everywhere.
    pub(super) fn numbered(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        first: Enumerator,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) -> usize {
        let begin = lines[at];
        let start = first.number.unwrap_or(1);
        let mut items = Vec::new();
        let mut last = None;
        let mut next = at;
        while let Some(line) = lines.get(next).copied().filter(|line| line.indent == begin.indent) {
            let Some(mark) = enumerator(line.text) else { break };
            let goes_on = match (mark.number, last) {
                (Some(number), Some(last)) => number == last || number == last + 1,
                (None, Some(_)) => mark.style == first.style || mark.style.0 == '#',
                (_, None) => true,
            };
            if !goes_on || !begins_list(lines, next, mark) {
                break;
            }
            last = Some(mark.number.unwrap_or_else(|| last.map_or(start, |last| last + 1)));
            let end = self.item(lines, next, mark.bytes, place, &mut items);
            next = after_blank(lines, end);
        }
        self.push_list(out, true, start, items, begin.number);
        next
    }

    fn push_list(&mut self, out: &mut Vec<DocumentPart>, ordered: bool, start: u64, items: Vec<Item>, line: u32) {
        let kind = BlockKind::List { ordered, start, items };
        self.push(out, markdown::block(kind, line));
    }

    /// Reads an item of a list: what is indented deeper than its mark belongs to it. Returns the index after it.
    fn item(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        mark: usize,
        place: BlockPlace,
        items: &mut Vec<Item>,
    ) -> usize {
        let line = lines[at];
        let mut end = end_of_indented(lines, at + 1, line.indent).max(at + 1);
        if end == at + 1 {
            // Text that goes on below the mark, without a blank line, is the item's.
            end = end_of_run(lines, end, |next| next.indent == line.indent && is_plain(next.text));
        }
        let least = line.indent + mark;
        lines[at] = line.after(mark);
        for inner in &mut lines[at + 1..end] {
            inner.indent = inner.indent.max(least);
        }
        if lines[at].is_blank() {
            let least = least_indent(&lines[at + 1..end]);
            lines[at].indent = least;
        }
        let place = BlockPlace { item: true, ..place };
        let blocks = self.blocks(&mut lines[at..end], place);
        items.push(Item {
            blocks,
            line: line.number,
        });
        end
    }

    pub(super) fn fields(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) -> usize {
        let first = lines[at];
        let mut definitions = Vec::new();
        let mut next = at;
        while let Some(line) = lines.get(next).copied().filter(|line| line.indent == first.indent) {
            let Some((name, bytes)) = field(line.text) else { break };
            let end = end_of_indented(lines, next + 1, line.indent).max(next + 1);
            let metadata = place.titles && self.styles.is_empty() && METADATA.contains(&name);
            if !metadata {
                let term = self.inline.read(name);
                let details = some(self.flowing(&mut lines[next..end], bytes, place));
                definitions.push(Definition { term, details });
            }
            next = after_blank(lines, end);
        }
        self.push_definitions(out, definitions, first.number);
        next
    }

    /// Reads a text that begins behind a mark of some bytes and goes on in the indented lines below.
    pub(super) fn flowing(&mut self, lines: &mut [NumberedLine<'_>], mark: usize, place: BlockPlace) -> Vec<Block> {
        let below = lines.get(1..).unwrap_or_default();
        let least = below.iter().any(|line| !line.is_blank()).then(|| least_indent(below));
        lines[0] = lines[0].after(mark);
        lines[0].indent = least.unwrap_or(lines[0].indent);
        self.blocks(lines, BlockPlace { item: true, ..place })
    }

    pub(super) fn options(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) -> usize {
        let first = lines[at];
        let mut definitions = Vec::new();
        let mut next = at;
        while let Some(line) = lines.get(next).copied().filter(|line| line.indent == first.indent) {
            let Some((options, bytes)) = option(line.text).filter(|_| has_description(lines, next)) else {
                break;
            };
            let end = end_of_indented(lines, next + 1, line.indent).max(next + 1);
            let details = some(self.flowing(&mut lines[next..end], bytes, place));
            let term = vec![Inline::Code(options.to_owned())];
            definitions.push(Definition { term, details });
            next = after_blank(lines, end);
        }
        self.push_definitions(out, definitions, first.number);
        next
    }

    pub(super) fn push_definitions(&mut self, out: &mut Vec<DocumentPart>, definitions: Vec<Definition>, line: u32) {
        if !definitions.is_empty() {
            self.push(out, markdown::block(BlockKind::Definitions(definitions), line));
        }
    }

    /// Reads a definition list: terms, each with a text that is indented below it. In a glossary several terms may share
    /// a text.
    pub(super) fn definitions(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        glossary: bool,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) -> usize {
        let first = lines[at];
        let mut definitions = Vec::new();
        let mut next = at;
        while let Some(line) = lines.get(next).copied().filter(|line| line.indent == first.indent) {
            let alone = glossary && !line.is_blank() && !line.text.starts_with("..");
            if !is_term(lines, next) && !alone {
                break;
            }
            let term = self.inline.read(line.text);
            let end = end_of_indented(lines, next + 1, line.indent).max(next + 1);
            let place = BlockPlace { item: true, ..place };
            let details = some(self.blocks(&mut lines[next + 1..end], place));
            definitions.push(Definition { term, details });
            next = after_blank(lines, end);
        }
        self.push_definitions(out, definitions, first.number);
        next
    }
}

/// Returns true when a numbered item is one: `A. Name wrote` with text below it is a sentence.
pub(super) fn begins_list(lines: &[NumberedLine<'_>], at: usize, mark: Enumerator) -> bool {
    let (Some(line), next) = (lines.get(at), lines.get(at + 1)) else {
        return false;
    };
    let counted = mark.number.is_some() || mark.style.0 == '#';
    next.is_none_or(|next| {
        next.is_blank()
            || next.indent > line.indent
            || enumerator(next.text).is_some()
            || counted && !underlines(line.text, next.text)
    })
}

pub(super) fn has_description(lines: &[NumberedLine<'_>], at: usize) -> bool {
    let Some(line) = lines.get(at) else { return false };
    let indented = || {
        lines
            .get(at + 1)
            .is_some_and(|next| !next.is_blank() && next.indent > line.indent)
    };
    option(line.text).is_some_and(|(_, bytes)| bytes < line.text.len() || indented())
}

/// Returns true when a line begins a definition: a line that is indented follows at once.
pub(super) fn is_term(lines: &[NumberedLine<'_>], at: usize) -> bool {
    let (Some(line), Some(next)) = (lines.get(at), lines.get(at + 1)) else {
        return false;
    };
    !next.is_blank() && next.indent > line.indent && is_plain(line.text) && !line.text.ends_with("::")
}

/// The details of a definition, which may have none.
pub(super) fn some(blocks: Vec<Block>) -> Vec<Vec<Block>> {
    if blocks.is_empty() { Vec::new() } else { vec![blocks] }
}
