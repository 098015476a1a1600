//! Structure of the text: titles, paragraphs, lists, definitions, literal blocks. A reader goes through the lines once at
//! each depth of nesting, and the depth is bounded.

use super::super::markdown::{self, DEEPEST_BLOCK};
use super::super::part::{self, DocumentPart, DocumentParts};
use super::super::sections::Problems;
use super::super::{Block, BlockKind, Inline};
use super::code::{break_line, code_block};
use super::inline::InlineParser;
use super::lines::{
    Enumerator, NumberedLine, adornment, bullet, end_of_indented, enumerator, field, least_indent, literal, underlines,
    width,
};
use super::lists::{begins_list, has_description, is_term};
use super::tables::is_border;
use super::targets::LinkTargets;

/// Fields at the top of a document that only its builder reads.
pub(super) const METADATA: [&str; 5] = ["orphan", "tocdepth", "nocomments", "nosearch", "no-search"];
/// Most lines of a quotation: more indented text than that is only indented.
const MOST_QUOTED: usize = 5;

/// The surroundings of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockPlace {
    /// Number of blocks that hold the text.
    pub(super) depth: usize,
    /// True where titles make sections.
    pub(super) titles: bool,
    /// True in an item of a list.
    pub(super) item: bool,
}

impl Default for BlockPlace {
    fn default() -> Self {
        Self {
            depth: 0,
            titles: true,
            item: false,
        }
    }
}

/// Reader of a document's structure.
#[derive(Debug)]
pub(super) struct BlockParser {
    pub(super) inline: InlineParser,
    /// Marks of the titles in the order of their first use, with an overline or not.
    pub(super) styles: Vec<(char, bool)>,
    /// Level of the section that is open.
    pub(super) level: u8,
    /// Labels that wait for the block that they name.
    pub(super) waiting: Vec<String>,
    /// Lines of the borders of simple tables.
    pub(super) borders: Vec<u32>,
    /// Language of literal blocks.
    pub(super) language: String,
    pub(super) problems: Problems,
    anchors: Vec<(u32, String)>,
    /// Line from which the text is kept as it is.
    cut: Option<u32>,
}

impl BlockParser {
    pub(super) fn new(lines: &[NumberedLine<'_>], most_parts: usize) -> BlockParser {
        let borders = lines.iter().filter(|line| is_border(line.text));
        BlockParser {
            inline: InlineParser::new(LinkTargets::find(lines), most_parts),
            styles: Vec::new(),
            level: 0,
            waiting: Vec::new(),
            borders: borders.map(|line| line.number).collect(),
            language: String::new(),
            problems: Problems::new(),
            anchors: Vec::new(),
            cut: None,
        }
    }

    pub(super) fn finish(mut self, parts: Vec<DocumentPart>) -> DocumentParts {
        self.problems.extend(self.cut.map(part::too_many_parts));
        DocumentParts {
            parts,
            anchors: self.anchors,
            problems: self.problems,
            ..DocumentParts::default()
        }
    }

    /// Reads lines into headings and blocks.
    pub(super) fn parts(&mut self, lines: &mut [NumberedLine<'_>], place: BlockPlace) -> Vec<DocumentPart> {
        let mut out = Vec::new();
        let base = least_indent(lines);
        let mut at = 0;
        while let Some(line) = lines.get(at).copied() {
            if line.is_blank() {
                at += 1;
                continue;
            }
            if self.inline.left == 0 || place.depth >= DEEPEST_BLOCK {
                if self.inline.left == 0 {
                    self.cut.get_or_insert(line.number);
                }
                let text = literal(lines.get(at..).unwrap_or_default());
                self.push(&mut out, code_block("", &text, line.number));
                break;
            }
            let next = if line.indent > base {
                self.indented(lines, at, base, place, &mut out)
            } else {
                self.block(lines, at, place, &mut out)
            };
            at = next.max(at + 1);
        }
        out
    }

    /// Reads lines into blocks; titles are paragraphs in bold.
    pub(super) fn blocks(&mut self, lines: &mut [NumberedLine<'_>], place: BlockPlace) -> Vec<Block> {
        let place = BlockPlace {
            depth: place.depth + 1,
            titles: false,
            ..place
        };
        let parts = self.parts(lines, place).into_iter();
        let blocks = parts.filter_map(|part| match part {
            DocumentPart::Heading(_, inlines, line) => Some(paragraph(vec![Inline::Strong(inlines)], line)),
            DocumentPart::Block(block) => Some(block),
            DocumentPart::Anchor(_) => None,
        });
        blocks.collect()
    }

    pub(super) fn push(&mut self, out: &mut Vec<DocumentPart>, block: Block) {
        self.place_labels(block.line);
        self.inline.left = self.inline.left.saturating_sub(1);
        out.push(DocumentPart::Block(block));
    }

    /// Adds a heading, or a paragraph in bold where titles make no sections.
    pub(super) fn heading(
        &mut self,
        out: &mut Vec<DocumentPart>,
        level: u8,
        text: Vec<Inline>,
        line: u32,
        place: BlockPlace,
    ) {
        if place.titles {
            self.place_labels(line);
            self.level = level;
            out.push(DocumentPart::Heading(level, text, line));
        } else {
            self.push(out, paragraph(vec![Inline::Strong(text)], line));
        }
    }

    /// Puts the labels that wait, and the ids of the text just read, on a line.
    fn place_labels(&mut self, line: u32) {
        let ids = self.waiting.drain(..).chain(self.inline.ids.drain(..));
        self.anchors.extend(ids.map(|id| (line, id)));
    }

    /// Reads the block that begins at a line; returns the index of the line after it.
    fn block(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) -> usize {
        let line = lines[at];
        let text = line.text;
        if text == ".." || text.starts_with(".. ") {
            return self.explicit(lines, at, place, out);
        }
        if text == "__" || text.starts_with("__ ") {
            return at + 1;
        }
        if let Some(next) = self.title(lines, at, place, out) {
            return next;
        }
        if let Some(next) = self.table(lines, at, place, out) {
            return next;
        }
        if bullet(text).is_some() {
            return self.bullets(lines, at, place, out);
        }
        if let Some(first) = enumerator(text).filter(|first| begins_list(lines, at, *first)) {
            return self.numbered(lines, at, first, place, out);
        }
        if field(text).is_some() {
            return self.fields(lines, at, place, out);
        }
        if has_description(lines, at) {
            return self.options(lines, at, place, out);
        }
        if text == "|" || text.starts_with("| ") {
            return self.line_block(lines, at, out);
        }
        if text.starts_with(">>> ") {
            let end = end_of_run(lines, at, |_| true);
            let code = literal(lines.get(at..end).unwrap_or_default());
            self.push(out, code_block("python", &code, line.number));
            return end;
        }
        if is_term(lines, at) {
            return self.definitions(lines, at, false, place, out);
        }
        self.paragraph(lines, at, place, out)
    }

    /// Reads a title, under or between lines of punctuation, or a transition.
    fn title(
        &mut self,
        lines: &[NumberedLine<'_>],
        at: usize,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) -> Option<usize> {
        let line = lines[at];
        let next = lines.get(at + 1).filter(|next| !next.is_blank());
        if let Some(mark) = adornment(line.text) {
            let under = lines.get(at + 2).filter(|under| adornment(under.text) == Some(mark));
            if let (Some(title), Some(_)) = (next, under)
                && (adornment(title.text).is_none() || title.text.len() < 4)
                && underlines(title.text, line.text)
            {
                self.section((mark, true), *title, place, out);
                return Some(at + 3);
            }
            if line.text.len() >= 4 && next.is_none() {
                self.push(out, markdown::block(BlockKind::Rule, line.number));
                return Some(at + 1);
            }
            return None;
        }
        let under = next.filter(|next| next.indent == line.indent && underlines(line.text, next.text))?;
        if bullet(line.text).is_some() {
            return None;
        }
        let mark = adornment(under.text)?;
        self.section((mark, false), line, place, out);
        Some(at + 2)
    }

    fn section(
        &mut self,
        style: (char, bool),
        title: NumberedLine<'_>,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) {
        let known = self.styles.iter().position(|known| *known == style);
        let level = match known {
            Some(level) => level,
            None if place.titles => {
                self.styles.push(style);
                self.styles.len() - 1
            }
            None => self.styles.len(),
        };
        let text = self.inline.read(title.text);
        let level = u8::try_from(level + 1).unwrap_or(6).min(6);
        self.heading(out, level, text, title.number, place);
    }

    /// Reads a block that is indented for no other reason: a quotation if it is short.
    fn indented(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        base: usize,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) -> usize {
        let end = end_of_indented(lines, at, base);
        let number = lines[at].number;
        let blocks = self.blocks(&mut lines[at..end], place);
        let alone = matches!(
            blocks.as_slice(),
            [Block {
                kind: BlockKind::Paragraph(_),
                ..
            }]
        );
        if alone && !place.item && end - at <= MOST_QUOTED {
            self.push(out, markdown::block(BlockKind::Quote(blocks), number));
        } else {
            out.extend(blocks.into_iter().map(DocumentPart::Block));
        }
        end
    }

    fn line_block(&mut self, lines: &[NumberedLine<'_>], at: usize, out: &mut Vec<DocumentPart>) -> usize {
        let first = lines[at];
        let is_line = |line: &NumberedLine<'_>| line.indent > first.indent || line.text.starts_with('|');
        let end = end_of_run(lines, at, is_line);
        let mut inlines = Vec::new();
        for line in lines.get(at..end).unwrap_or_default() {
            let own = line.indent == first.indent;
            let text = if own {
                line.text.get(1..).unwrap_or_default()
            } else {
                line.text
            };
            if !inlines.is_empty() {
                inlines.push(if own {
                    Inline::Break
                } else {
                    Inline::Text(" ".to_owned())
                });
            }
            inlines.extend(self.inline.read(text.trim()));
        }
        self.push_paragraph(out, inlines, first.number);
        end
    }

    pub(super) fn push_paragraph(&mut self, out: &mut Vec<DocumentPart>, inlines: Vec<Inline>, line: u32) {
        if !inlines.is_empty() {
            self.push(out, paragraph(inlines, line));
        }
    }

    /// Reads a paragraph, and the literal block that it announces with `::`.
    fn paragraph(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) -> usize {
        let first = lines[at];
        let mut end = at + 1;
        while let Some(line) = lines
            .get(end)
            .filter(|line| !line.is_blank() && line.indent == first.indent)
        {
            if self.interrupts(lines, end, place) || line.text.starts_with(".. ") && line.text.contains("::") {
                break;
            }
            end += 1;
        }
        let held = lines.get(at..end).unwrap_or_default();
        let (before, text) = split_at_colon(held);
        let announced = text.strip_suffix("::");
        let shown = match announced {
            Some(before) if before.is_empty() || before.ends_with(' ') => before.trim_end(),
            Some(_) => text.strip_suffix(':').unwrap_or(&text),
            None => &text,
        };
        let mut inlines = self.inline.read(&before);
        if !inlines.is_empty() && !shown.is_empty() {
            inlines.push(Inline::Break);
        }
        inlines.extend(self.inline.read(shown));
        self.push_paragraph(out, inlines, first.number);
        if announced.is_none() {
            return end;
        }
        let from = after_blank(lines, end);
        let until = end_of_indented(lines, from, first.indent).max(end_of_quoted(lines, from, end));
        let code = lines.get(from..until).unwrap_or_default();
        if let Some(line) = code.first() {
            let block = code_block(&self.language, &literal(code), line.number);
            self.push(out, block);
        }
        until.max(end)
    }

    /// Returns true when a line ends the paragraph above it, although no blank line stands between.
    fn interrupts(&self, lines: &[NumberedLine<'_>], at: usize, place: BlockPlace) -> bool {
        let (Some(line), Some(before)) = (lines.get(at), at.checked_sub(1).and_then(|at| lines.get(at))) else {
            return false;
        };
        let in_list = place.item || before.text.ends_with(':');
        let counted = |mark: Enumerator| mark.number.is_some() || mark.style.0 == '#';
        let item = bullet(line.text).is_some() || enumerator(line.text).is_some_and(counted);
        let under = lines.get(at + 1).map_or("", |under| under.text);
        let known = adornment(under).is_some_and(|mark| self.styles.contains(&(mark, false)));
        in_list && item && line.text.contains(' ') || known && under.len() >= width(line.text) && under.len() >= 4
    }
}

pub(super) fn paragraph(inlines: Vec<Inline>, line: u32) -> Block {
    markdown::block(BlockKind::Paragraph(inlines), line)
}

/// Index of the next line that holds text.
pub(super) fn after_blank(lines: &[NumberedLine<'_>], from: usize) -> usize {
    let rest = lines.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|line| line.is_blank()).count()
}

/// Index after the lines that follow each other without a blank line and fit.
pub(super) fn end_of_run(lines: &[NumberedLine<'_>], from: usize, fits: impl Fn(&NumberedLine<'_>) -> bool) -> usize {
    let rest = lines.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|line| !line.is_blank() && fits(line)).count()
}

/// Index after a literal block that is not indented: each of its lines begins with the same punctuation.
fn end_of_quoted(lines: &[NumberedLine<'_>], from: usize, after: usize) -> usize {
    let mark = lines.get(from).and_then(|line| line.text.chars().next());
    match mark.filter(|mark| from > after && matches!(mark, '>' | '$' | '%' | '|' | '#' | '!')) {
        Some(mark) => end_of_run(lines, from, |line| line.text.starts_with(mark)),
        None => from,
    }
}

/// Returns true for text that begins no block of its own.
pub(super) fn is_plain(text: &str) -> bool {
    bullet(text).is_none()
        && enumerator(text).is_none()
        && field(text).is_none()
        && adornment(text).is_none()
        && !text.starts_with("..")
        && !text.starts_with(['|', '+'])
}

/// Splits the lines of a paragraph behind the last line that ends in a colon: many authors put a message on the next line
/// and expect to see it there.
fn split_at_colon(lines: &[NumberedLine<'_>]) -> (String, String) {
    let before = lines.split_last().map_or(&[][..], |(_, before)| before);
    let colon = before
        .iter()
        .rposition(|line| line.text.ends_with(':') && !line.text.ends_with("::"));
    match colon.and_then(|colon| lines.split_at_checked(colon + 1)) {
        Some((before, after)) => (joined(before), joined(after)),
        None => (String::new(), joined(lines)),
    }
}

/// The text of lines as one.
pub(super) fn joined(lines: &[NumberedLine<'_>]) -> String {
    let mut out = String::new();
    for line in lines {
        if !out.is_empty() {
            break_line(&mut out, line.text);
        }
        out.push_str(line.text);
    }
    out
}
