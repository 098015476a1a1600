//! Conversion of Markdown to blocks with their source lines. pulldown-cmark does the parsing; nesting is bounded, so
//! that no document can exhaust the stack.

mod inlines;

use std::ops::Range;

use inlines::wrap;
pub(super) use inlines::{link, linkify, push_text};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::part::DocumentPart;
use super::prepare::indent_of;
use super::{Block, BlockKind, Definition, Inline, Item, Role, Target, html};

/// Most parts of a document (beginnings and ends of blocks, cells, spans; pieces of text) that are read. A table of
/// 20,000 cells has 60,000. The rest is kept as plain text: each part takes some hundred bytes.
const MOST_EVENTS: usize = 200_000;
/// Deepest nesting of blocks; anything deeper is flattened.
pub(super) const DEEPEST_BLOCK: usize = 24;
/// Deepest nesting of emphasis and links.
const DEEPEST_INLINE: usize = 12;

/// Attribute of the paragraph that stands for a diagram.
pub(super) const DIAGRAM: &str = "diagram";

struct Reader<'a> {
    events: Vec<(Event<'a>, Range<usize>)>,
    at: usize,
    text: &'a str,
    starts: Vec<usize>,
    depth: usize,
    first_line: u32,
}

/// Reads a prepared text. `first_line` is the source line of its first line. Also returns the line from which the text
/// is kept as it is, if it has too many parts.
pub(super) fn read(text: &str, first_line: u32) -> (Vec<DocumentPart>, Option<u32>) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_DEFINITION_LIST;
    let starts = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    let mut events = Vec::new();
    let mut rest = None;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        if events.len() >= MOST_EVENTS {
            // The range of an end event is the whole element, which has already been read.
            rest = Some(if matches!(event, Event::End(_)) {
                range.end
            } else {
                range.start
            });
            break;
        }
        events.push((event, range));
    }
    let mut reader = Reader {
        events,
        at: 0,
        text,
        starts,
        depth: 0,
        first_line,
    };
    let mut parts = reader.parts();
    let cut = rest.map(|rest| {
        let line = reader.line(&(rest..text.len()));
        let text = text.get(rest..).unwrap_or_default().trim_end().to_owned();
        let lang = String::new();
        parts.push(DocumentPart::Block(block(BlockKind::Code { lang, text }, line)));
        line
    });
    (parts, cut)
}

/// Reads a short text whose headings deserve no sections: they become bold paragraphs.
pub(super) fn blocks(text: &str, first_line: u32, role: Role) -> Vec<Block> {
    let mut out = Vec::new();
    for part in read(text, first_line).0 {
        match part {
            DocumentPart::Heading(_, inlines, line) => {
                out.push(block(BlockKind::Paragraph(vec![Inline::Strong(inlines)]), line));
            }
            DocumentPart::Block(found) => out.push(found),
            DocumentPart::Anchor(_) => {}
        }
    }
    set_role(&mut out, role);
    out
}

/// Gives blocks, and those nested in them, a role.
pub(super) fn set_role(blocks: &mut [Block], role: Role) {
    for block in blocks {
        block.role = role;
        match &mut block.kind {
            BlockKind::List { items, .. } => {
                for item in items {
                    set_role(&mut item.blocks, role);
                }
            }
            BlockKind::Quote(inner) => set_role(inner, role),
            BlockKind::Definitions(definitions) => {
                for detail in definitions.iter_mut().flat_map(|definition| &mut definition.details) {
                    set_role(detail, role);
                }
            }
            _ => {}
        }
    }
}

/// A diagram: its source is nothing to read, so that a link to the document stands for it.
pub(super) fn diagram(line: u32) -> Block {
    let label = vec![Inline::Text("Diagram in the runbook".to_owned())];
    let target = Target::Relative("#top".to_owned());
    Block {
        attrs: vec![DIAGRAM.to_owned()],
        ..block(BlockKind::Paragraph(vec![Inline::Link { target, label }]), line)
    }
}

pub(super) fn block(kind: BlockKind, line: u32) -> Block {
    Block {
        kind,
        role: Role::Other,
        line,
        attrs: Vec::new(),
    }
}

impl Reader<'_> {
    fn line(&self, range: &Range<usize>) -> u32 {
        // A range may begin with the blank lines above.
        let body = self.text.get(range.start..range.end).unwrap_or("");
        let start = range.start + (body.len() - body.trim_start().len());
        let index = self.starts.partition_point(|at| *at <= start);
        self.first_line + u32::try_from(index.saturating_sub(1)).unwrap_or(0)
    }

    fn parts(&mut self) -> Vec<DocumentPart> {
        let mut out = Vec::new();
        while self.at < self.events.len() {
            if let (Event::Start(Tag::Heading { level, .. }), range) = &self.events[self.at] {
                let (level, line) = (level_of(*level), self.line(&range.clone()));
                self.at += 1;
                let inlines = self.inlines(0);
                self.at += 1;
                out.push(DocumentPart::Heading(level, inlines, line));
                continue;
            }
            let before = self.at;
            out.extend(self.blocks(true).into_iter().map(DocumentPart::Block));
            if self.at == before {
                self.at += 1;
            }
        }
        out
    }

    /// Reads blocks up to the end of the element that holds them; at the top level, up to the next heading.
    fn blocks(&mut self, top: bool) -> Vec<Block> {
        let mut out = Vec::new();
        let mut flattened = 0_usize;
        while let Some((event, range)) = self.events.get(self.at) {
            let line = self.line(range);
            match event {
                Event::Start(Tag::Heading { .. }) if top => break,
                Event::End(end) if is_block_end(*end) => {
                    if flattened == 0 {
                        break;
                    }
                    flattened -= 1;
                    self.at += 1;
                }
                Event::Start(tag) if is_container(tag) && self.depth >= DEEPEST_BLOCK => {
                    flattened += 1;
                    self.at += 1;
                }
                Event::Start(tag) if is_block(tag) => {
                    let tag = tag.clone();
                    self.at += 1;
                    self.depth += 1;
                    self.block(tag, line, &mut out);
                    self.depth -= 1;
                    // The end of the block.
                    self.at += 1;
                }
                Event::Rule => {
                    out.push(block(BlockKind::Rule, line));
                    self.at += 1;
                }
                _ => {
                    let before = self.at;
                    let inlines = self.inlines(0);
                    if self.at == before {
                        self.at += 1;
                    }
                    push_paragraph(&mut out, inlines, line);
                }
            }
        }
        out
    }

    fn block(&mut self, tag: Tag<'_>, line: u32, out: &mut Vec<Block>) {
        match tag {
            Tag::Paragraph => {
                let inlines = self.inlines(0);
                push_paragraph(out, inlines, line);
            }
            Tag::Heading { .. } => {
                let inlines = self.inlines(0);
                push_paragraph(out, vec![Inline::Strong(inlines)], line);
            }
            Tag::BlockQuote(_) => {
                let inner = self.blocks(false);
                out.push(block(BlockKind::Quote(inner), line));
            }
            Tag::CodeBlock(kind) => {
                let lang = match kind {
                    CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or("").to_owned(),
                    CodeBlockKind::Indented => String::new(),
                };
                let text = self.raw();
                let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
                out.push(if is_diagram(&lang) {
                    diagram(line)
                } else {
                    block(BlockKind::Code { lang, text }, line)
                });
            }
            Tag::HtmlBlock => {
                let raw = self.raw();
                html_block(&raw, line, out);
            }
            Tag::List(start) => {
                let items = self.items();
                out.push(block(
                    BlockKind::List {
                        ordered: start.is_some(),
                        start: start.unwrap_or(1),
                        items,
                    },
                    line,
                ));
            }
            Tag::DefinitionList => {
                let definitions = self.definitions();
                out.push(block(BlockKind::Definitions(definitions), line));
            }
            Tag::Table(_) => {
                let (head, rows) = self.table();
                out.push(block(BlockKind::Table { head, rows }, line));
            }
            _ => out.extend(self.blocks(false)),
        }
    }

    fn items(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        while let Some((Event::Start(Tag::Item), range)) = self.events.get(self.at) {
            let line = self.line(range);
            self.at += 1;
            let blocks = self.blocks(false);
            self.at += 1;
            items.push(Item { blocks, line });
        }
        items
    }

    fn definitions(&mut self) -> Vec<Definition> {
        let mut out: Vec<Definition> = Vec::new();
        while let Some((event, _)) = self.events.get(self.at) {
            match event {
                Event::Start(Tag::DefinitionListTitle) => {
                    self.at += 1;
                    let term = self.inlines(0);
                    self.at += 1;
                    out.push(Definition {
                        term,
                        details: Vec::new(),
                    });
                }
                Event::Start(Tag::DefinitionListDefinition) => {
                    self.at += 1;
                    let blocks = self.blocks(false);
                    self.at += 1;
                    if let Some(last) = out.last_mut() {
                        last.details.push(blocks);
                    }
                }
                _ => break,
            }
        }
        out
    }

    fn table(&mut self) -> (Cells, Vec<Cells>) {
        let (mut head, mut rows) = (Vec::new(), Vec::new());
        let mut row = Vec::new();
        while let Some((event, _)) = self.events.get(self.at) {
            match event {
                Event::End(TagEnd::Table) => break,
                Event::Start(Tag::TableCell) => {
                    self.at += 1;
                    row.push(self.inlines(0));
                    continue;
                }
                Event::End(TagEnd::TableHead) => head = std::mem::take(&mut row),
                Event::End(TagEnd::TableRow) => rows.push(std::mem::take(&mut row)),
                _ => {}
            }
            self.at += 1;
        }
        (head, rows)
    }

    /// Reads the text of a code or HTML block, up to its end.
    fn raw(&mut self) -> String {
        let mut text = String::new();
        while let Some((Event::Text(part) | Event::Html(part) | Event::InlineHtml(part), _)) = self.events.get(self.at)
        {
            text.push_str(part);
            self.at += 1;
        }
        text
    }

    /// Reads inlines up to the end of the element that holds them, or to the next block.
    fn inlines(&mut self, depth: usize) -> Vec<Inline> {
        let mut out = Vec::new();
        let mut flattened = 0_usize;
        while let Some((event, _)) = self.events.get(self.at) {
            match event {
                Event::Start(tag) if is_block(tag) => break,
                Event::Rule => break,
                Event::End(end) => {
                    if flattened == 0 || is_block_end(*end) {
                        break;
                    }
                    flattened -= 1;
                }
                Event::Start(_) if depth >= DEEPEST_INLINE => flattened += 1,
                Event::Start(tag) => {
                    let tag = tag.clone();
                    self.at += 1;
                    let inner = self.inlines(depth + 1);
                    out.push(wrap(&tag, inner));
                }
                Event::Text(text) => push_text(&mut out, text),
                Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                    out.push(Inline::Code(text.to_string()));
                }
                Event::Html(text) | Event::InlineHtml(text) => push_text(&mut out, &html::text_of(text)),
                Event::FootnoteReference(name) => push_text(&mut out, &format!("[^{name}]")),
                Event::SoftBreak => push_text(&mut out, " "),
                Event::HardBreak => out.push(Inline::Break),
                Event::TaskListMarker(done) => push_text(&mut out, if *done { "☑ " } else { "☐ " }),
            }
            self.at += 1;
        }
        if depth == 0 { linkify(out) } else { out }
    }
}

type Cells = Vec<Vec<Inline>>;

/// Returns true for the languages of diagrams.
fn is_diagram(lang: &str) -> bool {
    const LANGUAGES: [&str; 11] = [
        "mermaid", "plantuml", "puml", "uml", "graphviz", "dot", "digraph", "d2", "kroki", "ditaa", "wavedrom",
    ];
    LANGUAGES.iter().any(|known| lang.eq_ignore_ascii_case(known)) || lang.starts_with("kroki-")
}

fn level_of(level: HeadingLevel) -> u8 {
    level as u8
}

fn is_container(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::BlockQuote(_)
            | Tag::List(_)
            | Tag::Item
            | Tag::DefinitionList
            | Tag::DefinitionListDefinition
            | Tag::FootnoteDefinition(_)
    )
}

fn is_block(tag: &Tag<'_>) -> bool {
    !matches!(
        tag,
        Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Link { .. }
            | Tag::Image { .. }
    )
}

fn is_block_end(tag: TagEnd) -> bool {
    !matches!(
        tag,
        TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Link
            | TagEnd::Image
    )
}

fn push_paragraph(out: &mut Vec<Block>, mut inlines: Vec<Inline>, line: u32) {
    while matches!(inlines.last(), Some(Inline::Break)) {
        inlines.pop();
    }
    if inlines
        .iter()
        .all(|inline| matches!(inline, Inline::Text(text) if text.trim().is_empty()))
    {
        return;
    }
    out.push(block(BlockKind::Paragraph(inlines), line));
}

fn html_block(raw: &str, line: u32, out: &mut Vec<Block>) {
    let lower = raw.trim_start().to_ascii_lowercase();
    let text = html::text_of(raw);
    if text.trim().is_empty() || lower.starts_with("<script") || lower.starts_with("<style") {
        return;
    }
    if lower.starts_with("<pre") {
        let text = text.trim_matches('\n').to_owned();
        out.push(block(
            BlockKind::Code {
                lang: String::new(),
                text,
            },
            line,
        ));
        return;
    }
    push_paragraph(out, vec![Inline::Text(text.trim().to_owned())], line);
}

/// Finds the block that an attribute list on `line` belongs to. `indent` is the indentation of the list.
pub(super) fn attach<'b>(
    blocks: &'b mut [Block],
    source: &[&str],
    line: u32,
    indent: usize,
    deepest: bool,
) -> Option<&'b mut Block> {
    let last = blocks.partition_point(|block| block.line < line).checked_sub(1)?;
    let block = blocks.get_mut(last)?;
    let inner_line = match &block.kind {
        BlockKind::List { items, .. } => items.iter().rfind(|item| item.line < line).map(|item| item.line),
        _ => None,
    };
    let descend = inner_line.is_some_and(|inner| {
        deepest
            || source
                .get(inner.saturating_sub(1) as usize)
                .is_some_and(|text| indent_of(text) < indent)
    });
    if !descend {
        return blocks.get_mut(last);
    }
    let found = match &blocks[last].kind {
        BlockKind::List { items, .. } => items
            .iter()
            .rposition(|item| item.line < line)
            .filter(|at| items[*at].blocks.iter().any(|block| block.line < line)),
        _ => None,
    };
    let Some(item) = found else {
        return blocks.get_mut(last);
    };
    match &mut blocks[last].kind {
        BlockKind::List { items, .. } => attach(&mut items.get_mut(item)?.blocks, source, line, indent, deepest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_of_very_many_parts_is_kept_as_text_from_there_on() {
        let row = |cell: &str| format!("|{}\n", format!("{cell}|").repeat(1_000));
        let text = format!(
            "# Title\n\n{}{}{}the end",
            row("head"),
            row("---"),
            row("x").repeat(200)
        );
        let (parts, cut) = read(&text, 1);
        let line = cut.unwrap();
        assert!((60..80).contains(&line), "{line}");
        let Some(DocumentPart::Block(Block {
            kind: BlockKind::Code { text: rest, .. },
            ..
        })) = parts.last()
        else {
            panic!("the rest is there");
        };
        assert!(rest.ends_with("the end"));
        assert!(matches!(&parts[0], DocumentPart::Heading(1, ..)));
        assert_eq!(read("# Title\n\ntext", 1).1, None);
    }
}
