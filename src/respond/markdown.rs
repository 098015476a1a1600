//! A rendered template's Markdown becomes blocks; marks are replaced by the pieces they stand for.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::pieces::{self, Pieces};
use super::time;
use crate::runbook::{Block, BlockKind, Inline, Item, Role, Target};

/// Attribute of a paragraph in small print: a heading of the sixth level in a template.
pub const CONTEXT: &str = "signpost:context";
/// Attribute of a list of facts, short lines that may stand side by side.
pub const FACTS: &str = "signpost:facts";

/// Blocks and the range of those that may be left out.
pub(super) fn parse(markdown: &str, pieces: &Pieces) -> (Vec<Block>, Range<usize>) {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    let markdown = pieces::apart(markdown);
    let mut reader = MarkdownReader {
        events: Parser::new_ext(&markdown, options),
        pieces,
        body: None,
    };
    let blocks = reader.blocks(true);
    let body = reader.body.unwrap_or(0..0);
    (blocks, body)
}

/// A block of a reply.
pub(super) fn block(kind: BlockKind) -> Block {
    Block {
        kind,
        role: Role::Other,
        line: 0,
        attrs: Vec::new(),
    }
}

struct MarkdownReader<'a> {
    events: Parser<'a>,
    pieces: &'a Pieces,
    body: Option<Range<usize>>,
}

impl MarkdownReader<'_> {
    /// Blocks up to the end of the enclosing element.
    fn blocks(&mut self, top: bool) -> Vec<Block> {
        let mut out = Vec::new();
        let mut loose: Vec<Inline> = Vec::new();
        while let Some(event) = self.events.next() {
            let kind = match event {
                Event::Start(Tag::Paragraph) => BlockKind::Paragraph(self.inlines()),
                Event::Start(Tag::Heading {
                    level: HeadingLevel::H6,
                    ..
                }) => {
                    let kind = BlockKind::Paragraph(self.inlines());
                    let attrs = vec![CONTEXT.to_owned()];
                    out.push(Block { attrs, ..block(kind) });
                    continue;
                }
                Event::Start(Tag::Heading { .. }) => BlockKind::Heading(self.inlines()),
                Event::Start(Tag::BlockQuote(_)) => BlockKind::Quote(self.blocks(false)),
                Event::Start(Tag::CodeBlock(kind)) => self.code(&kind),
                Event::Start(Tag::List(start)) => self.list(start),
                Event::Start(Tag::Table(_)) => self.table(),
                Event::Start(Tag::HtmlBlock) => {
                    self.skip();
                    continue;
                }
                Event::Rule => BlockKind::Rule,
                Event::End(_) => break,
                // Tight list items hold inlines without a paragraph around them.
                other => {
                    self.inline(other, &mut loose);
                    continue;
                }
            };
            self.flush(&mut loose, &mut out, top);
            self.push(block(kind), &mut out, top);
        }
        self.flush(&mut loose, &mut out, top);
        out
    }

    fn flush(&mut self, loose: &mut Vec<Inline>, out: &mut Vec<Block>, top: bool) {
        if !loose.is_empty() {
            let kind = BlockKind::Paragraph(timed(std::mem::take(loose)));
            self.push(block(kind), out, top);
        }
    }

    fn push(&mut self, mut block: Block, out: &mut Vec<Block>, top: bool) {
        if let BlockKind::Paragraph(inlines) = &mut block.kind {
            if let [Inline::Text(text)] = inlines.as_slice()
                && let Some(piece) = self.pieces.get(text)
            {
                let from = out.len();
                out.extend(piece.blocks.iter().cloned());
                if top && piece.body {
                    self.body = Some(self.body.as_ref().map_or(from, |body| body.start)..out.len());
                }
                return;
            }
            if inlines.is_empty() {
                return;
            }
        }
        out.push(block);
    }

    fn list(&mut self, start: Option<u64>) -> BlockKind {
        let mut items = Vec::new();
        while let Some(event) = self.events.next() {
            match event {
                Event::Start(Tag::Item) => items.push(Item {
                    blocks: self.blocks(false),
                    line: 0,
                }),
                Event::End(TagEnd::List(_)) => break,
                _ => {}
            }
        }
        BlockKind::List {
            ordered: start.is_some(),
            start: start.unwrap_or(1),
            items,
        }
    }

    fn table(&mut self) -> BlockKind {
        let (mut head, mut rows, mut row) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(event) = self.events.next() {
            match event {
                Event::Start(Tag::TableCell) => row.push(self.inlines()),
                Event::End(TagEnd::TableHead) => head = std::mem::take(&mut row),
                Event::End(TagEnd::TableRow) => rows.push(std::mem::take(&mut row)),
                Event::End(TagEnd::Table) => break,
                _ => {}
            }
        }
        BlockKind::Table { head, rows }
    }

    fn code(&mut self, kind: &CodeBlockKind<'_>) -> BlockKind {
        let lang = match kind {
            CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or("").to_owned(),
            CodeBlockKind::Indented => String::new(),
        };
        let mut text = String::new();
        for event in self.events.by_ref() {
            match event {
                Event::Text(part) => text.push_str(&part),
                Event::End(TagEnd::CodeBlock) => break,
                _ => {}
            }
        }
        BlockKind::Code {
            lang,
            text: text.trim_end_matches('\n').to_owned(),
        }
    }

    fn skip(&mut self) {
        for event in self.events.by_ref() {
            if matches!(event, Event::End(TagEnd::HtmlBlock)) {
                break;
            }
        }
    }

    /// Inlines up to the end of the enclosing element.
    fn inlines(&mut self) -> Vec<Inline> {
        let mut out = Vec::new();
        while let Some(event) = self.events.next() {
            if matches!(event, Event::End(_)) {
                break;
            }
            self.inline(event, &mut out);
        }
        timed(out)
    }

    fn inline(&mut self, event: Event<'_>, out: &mut Vec<Inline>) {
        match event {
            Event::Text(text) => text_onto(out, &text),
            Event::Code(text) => out.push(Inline::Code(text.into_string())),
            Event::SoftBreak => text_onto(out, " "),
            Event::HardBreak => out.push(Inline::Break),
            Event::Start(Tag::Strong) => out.push(Inline::Strong(self.inlines())),
            Event::Start(Tag::Emphasis) => out.push(Inline::Emphasis(self.inlines())),
            Event::Start(Tag::Strikethrough) => out.push(Inline::Strike(self.inlines())),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let label = self.inlines();
                out.push(Inline::Link {
                    target: Target::Url(dest_url.into_string()),
                    label,
                });
            }
            Event::Start(_) => out.extend(self.inlines()),
            _ => {}
        }
    }
}

/// Inlines with the times that stand in their texts.
fn timed(inlines: Vec<Inline>) -> Vec<Inline> {
    let split = inlines.into_iter().flat_map(|inline| match inline {
        Inline::Text(text) => time::inlines(&text),
        other => vec![other],
    });
    split.collect()
}

/// The parser splits text at escapes; it is one again here.
fn text_onto(out: &mut Vec<Inline>, text: &str) {
    if let Some(Inline::Text(last)) = out.last_mut() {
        last.push_str(text);
    } else {
        out.push(Inline::Text(text.to_owned()));
    }
}
