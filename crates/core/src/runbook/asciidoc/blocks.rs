//! Blocks: headings, paragraphs and what stands between delimiters.

mod literal;

use literal::labelled;

use super::super::part::DocumentPart;
use super::super::{Block, BlockKind, Inline, markdown, plain};
use super::attributes::BlockAttributes;
use super::lines::{self, DelimiterKind, SourceLines};
use super::{DEEPEST_BLOCK, State, block, code, inlines, lists, tables};

/// Words above or before a text that make it a note.
const NOTES: [&str; 5] = ["NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"];

/// A reading of lines as blocks.
pub(super) struct BlockReader<'a, 'd, 's> {
    pub(super) source: &'a SourceLines<'d>,
    pub(super) state: &'s mut State<'d>,
    /// The next line.
    pub(super) at: usize,
    /// Markers of the lists that are open, the outermost first.
    pub(super) open: Vec<String>,
    /// Number of lists that end before a continuation line, which belongs to an item further out.
    pub(super) ascend: usize,
    /// Title of the document with its line.
    pub(super) title: Option<(String, u32)>,
    has_heading: bool,
}

/// The lines above a block: its attributes and its title.
#[derive(Debug, Default)]
pub(super) struct Preamble {
    pub(super) attributes: BlockAttributes,
    title: Option<(String, u32)>,
    line: u32,
}

impl<'a, 'd, 's> BlockReader<'a, 'd, 's> {
    pub(super) fn new(source: &'a SourceLines<'d>, state: &'s mut State<'d>) -> BlockReader<'a, 'd, 's> {
        BlockReader {
            source,
            state,
            at: 0,
            open: Vec::new(),
            ascend: 0,
            title: None,
            has_heading: false,
        }
    }

    /// Reads the whole document.
    pub(super) fn document(&mut self) -> Vec<DocumentPart> {
        let mut out = Vec::new();
        self.blocks(self.source.lines.len(), true, &mut out);
        out
    }

    /// Reads the blocks inside another one, from a line up to another, which close all lists of their own.
    pub(super) fn nested(&mut self, from: usize, to: usize) -> Vec<Block> {
        let line = self.source.number(from);
        if self.state.depth >= DEEPEST_BLOCK {
            let lines: Vec<&str> = (from..to).map(|at| self.source.text(at)).collect();
            return paragraph(vec![Inline::Text(lines.join(" ").trim().to_owned())], line)
                .into_iter()
                .collect();
        }
        let around = (
            self.at,
            std::mem::take(&mut self.open),
            std::mem::take(&mut self.ascend),
        );
        self.at = from;
        self.state.depth += 1;
        let mut out = Vec::new();
        self.blocks(to, false, &mut out);
        self.state.depth -= 1;
        (self.at, self.open, self.ascend) = around;
        blocks_of(out)
    }

    fn blocks(&mut self, to: usize, top: bool, out: &mut Vec<DocumentPart>) {
        while self.at < to {
            if self.state.is_full() {
                let lines: Vec<&str> = (self.at..to).map(|at| self.source.text(at)).collect();
                let text = lines.join("\n").trim_end().to_owned();
                let lang = String::new();
                let line = self.source.number(self.at);
                out.push(DocumentPart::Block(block(BlockKind::Code { lang, text }, line)));
                self.at = to;
                return;
            }
            let before = self.at;
            self.block(to, top, out);
            debug_assert!(self.at > before, "a block has at least a line");
        }
    }

    /// Reads one block with the lines above it.
    pub(super) fn block(&mut self, to: usize, top: bool, out: &mut Vec<DocumentPart>) {
        let preamble = self.preamble(to);
        let line = self.source.number(self.at);
        for id in &preamble.attributes.ids {
            self.state.anchor(line, id);
        }
        self.state.count(1);
        if self.at >= to {
            self.block_title(&preamble, out);
            return;
        }
        let text = self.source.text(self.at);
        if let Some((level, title, length)) = self.heading(to) {
            self.at += length;
            let level = self.offset(level);
            let title = self.text(title, line);
            if top {
                // The document's title, whatever its words.
                let is_title = level == 1 && !self.has_heading;
                self.has_heading = true;
                if is_title {
                    self.title = Some((plain(&title).trim().to_owned(), line));
                    self.header(to);
                } else {
                    out.push(DocumentPart::Heading(level, title, line));
                }
            } else {
                out.extend(paragraph(vec![Inline::Strong(title)], line).map(DocumentPart::Block));
            }
            return;
        }
        if text == "+" {
            self.at += 1;
            return;
        }
        self.block_title(&preamble, out);
        let blocks = self.content(text, to, &preamble);
        out.extend(blocks.into_iter().map(DocumentPart::Block));
    }

    /// Reads a block that is no heading.
    fn content(&mut self, text: &str, to: usize, preamble: &Preamble) -> Vec<Block> {
        let line = self.source.number(self.at);
        if let Some(kind) = lines::delimiter(text) {
            return self.delimited(kind, to, preamble);
        }
        // A fence with a dash too few: rendered as two rules, meant as code.
        if text == "---"
            && matches!(preamble.attributes.style(), "source" | "listing")
            && self.source.closing(self.at, to).is_some()
        {
            return self.delimited(DelimiterKind::Listing, to, preamble);
        }
        if is_rule(text) {
            self.at += 1;
            return vec![block(BlockKind::Rule, line)];
        }
        if text == "<<<" {
            self.at += 1;
            return Vec::new();
        }
        if let Some((name, target, inner)) =
            lines::block_macro(text).filter(|_| !text.contains(' ') || known_macro(text))
            && let Some(found) = self.block_macro(name, target, inner, line)
        {
            self.at += 1;
            return found;
        }
        if self.state.depth < DEEPEST_BLOCK && lists::marker(text).is_some() {
            return self.list(to, preamble).into_iter().collect();
        }
        if text.starts_with([' ', '\t']) {
            return vec![self.literal_paragraph(to, preamble)];
        }
        self.paragraph(to, preamble)
    }

    /// Reads the lines above a block: blank lines, comments, attributes of the document and of the block, its title.
    fn preamble(&mut self, to: usize) -> Preamble {
        let mut found = Preamble::default();
        while self.at < to {
            let text = self.source.text(self.at);
            if text.is_empty() || lines::is_comment(text) {
                self.at += 1;
            } else if lines::delimiter(text) == Some(DelimiterKind::Comment) {
                // One that is never closed hides nothing.
                self.at = self.source.closing(self.at, to).unwrap_or(self.at) + 1;
            } else if let Some((name, value)) = lines::attribute_entry(text) {
                self.attribute(&name, value, to);
            } else if let Some(inner) = lines::block_attributes(text) {
                let inner = self.state.attributes.expand(inner).into_owned();
                found.attributes.add(&inner);
                self.at += 1;
            } else if let Some(title) = lines::block_title(text).filter(|_| lines::delimiter(text).is_none()) {
                found.title = Some((title.to_owned(), self.source.number(self.at)));
                self.at += 1;
            } else {
                break;
            }
        }
        found.line = self.source.number(self.at);
        found
    }

    /// Sets an attribute; a value may go on after a backslash.
    fn attribute(&mut self, name: &str, value: Option<&str>, to: usize) {
        self.at += 1;
        let Some(value) = value else {
            self.state.attributes.set(name, None);
            return;
        };
        let mut whole = value.to_owned();
        while let Some(head) = whole.strip_suffix('\\').map(str::trim_end) {
            let next = self.source.text(self.at).trim();
            if self.at >= to || next.is_empty() {
                break;
            }
            let head = head.trim_end_matches(" +").len();
            whole.truncate(head);
            whole.push(' ');
            whole.push_str(next);
            self.at += 1;
        }
        if name == "leveloffset" && whole.starts_with(['+', '-']) {
            let offset = self.level_offset().saturating_add(whole.parse().unwrap_or(0));
            whole = offset.to_string();
        }
        self.state.attributes.set(name, Some(&whole));
    }

    fn level_offset(&self) -> i8 {
        let set = self.state.attributes.get("leveloffset");
        set.and_then(|offset| offset.parse().ok()).unwrap_or(0)
    }

    fn offset(&self, level: u8) -> u8 {
        let level = i16::from(level) + i16::from(self.level_offset());
        u8::try_from(level.clamp(1, 6)).unwrap_or(6)
    }

    /// Level and text of a heading here, and the number of its lines.
    fn heading(&self, to: usize) -> Option<(u8, &'a str, usize)> {
        let text = self.source.text(self.at);
        if let Some((level, title)) = lines::heading(text) {
            return Some((level, title, 1));
        }
        let below = self.source.text(self.at + 1);
        let level = lines::underlined(text, below).filter(|_| self.at + 1 < to && self.open.is_empty())?;
        lists::marker(text).is_none().then_some((level, text, 2))
    }

    /// Skips the author and the revision below the title.
    fn header(&mut self, to: usize) {
        if self.at < to && is_author(self.source.text(self.at)) {
            self.at += 1;
            let text = self.source.text(self.at);
            let number = text.strip_prefix('v').unwrap_or(text);
            if self.at < to && number.starts_with(|c: char| c.is_ascii_digit()) {
                self.at += 1;
            }
        }
    }

    fn block_title(&mut self, preamble: &Preamble, out: &mut Vec<DocumentPart>) {
        if let Some((title, line)) = &preamble.title {
            let title = self.text(title, *line);
            out.extend(paragraph(vec![Inline::Strong(title)], *line).map(DocumentPart::Block));
        }
    }

    /// Reads the text of a block.
    pub(super) fn text(&mut self, text: &str, line: u32) -> Vec<Inline> {
        self.broken_text(text, line, false)
    }

    fn broken_text(&mut self, text: &str, line: u32, breaks: bool) -> Vec<Inline> {
        let text = self.state.attributes.expand(text).into_owned();
        inlines::read(&text, line, breaks, self.state)
    }

    fn block_macro(&mut self, name: &str, target: &str, inner: &str, line: u32) -> Option<Vec<Block>> {
        match name {
            "image" => {
                let target = self.state.attributes.expand(target).into_owned();
                let alt = inlines::alternative(inner, &target);
                let image = Inline::Image { alt, url: target };
                Some(paragraph(vec![image], line).into_iter().collect())
            }
            "toc" => Some(Vec::new()),
            "video" | "audio" => {
                let target = self.state.attributes.expand(target).into_owned();
                let link = self.text(&format!("link:{target}[{target}]"), line);
                Some(paragraph(link, line).into_iter().collect())
            }
            _ => None,
        }
    }

    /// Reads a block between delimiters.
    fn delimited(&mut self, kind: DelimiterKind, to: usize, preamble: &Preamble) -> Vec<Block> {
        use DelimiterKind::{Comment, Example, Fence, Listing, Literal, Open, Pass, Quote, Sidebar, Table};
        let (line, from) = (self.source.number(self.at), self.at + 1);
        let style = preamble.attributes.style();
        let closing = self.source.closing(self.at, to);
        if closing.is_none() && matches!(kind, Open | Example | Sidebar | Quote | Comment | Pass) {
            // What it should hold is read as if it were not there.
            self.at = from;
            return Vec::new();
        }
        let end = closing.unwrap_or_else(|| self.unclosed(from, to));
        let lang = match kind {
            Fence => self.source.text(self.at).trim_start_matches('`').to_owned(),
            _ => String::new(),
        };
        self.at = closing.map_or(end, |closing| closing + 1);
        if code::is_diagram(style) || kind == Fence && code::is_diagram(&lang) {
            return vec![markdown::diagram(line)];
        }
        match kind {
            Comment => Vec::new(),
            _ if style == "comment" => Vec::new(),
            Table => tables::read(self, from, end, preamble, line),
            Pass if style.is_empty() || style == "pass" => {
                let lines: Vec<&str> = (from..end).map(|at| self.source.text(at)).collect();
                paragraph(inlines::of_html(&lines.join("\n")), line)
                    .into_iter()
                    .collect()
            }
            Listing | Literal | Fence | Pass => self.code(from, end, preamble, lang, line),
            Open | Example if matches!(style, "source" | "listing" | "literal") => {
                self.code(from, end, preamble, String::new(), line)
            }
            _ if NOTES.contains(&style) => note(style, self.nested(from, end), line),
            Quote if style == "verse" => self.verse(from, end, &preamble.attributes, line),
            Quote => self.quotation(from, end, &preamble.attributes, line),
            Open if matches!(style, "quote" | "verse") => self.quotation(from, end, &preamble.attributes, line),
            Example | Open if style == "tabs" => labelled(self.nested(from, end)),
            Example | Sidebar | Open => self.nested(from, end),
        }
    }

    /// The end of a code block or table that is never closed: the next heading.
    fn unclosed(&mut self, from: usize, to: usize) -> usize {
        let opening = self.source.text(from - 1);
        let line = self.source.number(from - 1);
        let message = format!("the block `{opening}` is never closed; it ends at the next heading");
        self.state.problems.push((line, "fence-unclosed", message));
        let is_heading = |at: &usize| {
            let text = self.source.text(*at);
            text.starts_with("==") && lines::heading(text).is_some()
        };
        (from..to).find(is_heading).unwrap_or(to)
    }

    /// Reads lines up to a blank one.
    fn paragraph(&mut self, to: usize, preamble: &Preamble) -> Vec<Block> {
        let (line, from) = (self.source.number(self.at), self.at);
        let texts = self.paragraph_lines(to);
        let attributes = &preamble.attributes;
        let style = attributes.style();
        if code::is_diagram(style) {
            return vec![markdown::diagram(line)];
        }
        match style {
            "source" | "listing" | "literal" | "stem" | "latexmath" | "asciimath" => {
                return self.code(from, self.at, preamble, String::new(), line);
            }
            "comment" => return Vec::new(),
            "pass" => {
                return paragraph(inlines::of_html(&texts.join("\n")), line)
                    .into_iter()
                    .collect();
            }
            _ => {}
        }
        let breaks =
            style == "verse" || attributes.has("hardbreaks") || self.state.attributes.get("hardbreaks").is_some();
        let is_marked = texts.iter().all(|text| text.starts_with('>'));
        let mut text = if is_marked {
            let lines: Vec<&str> = texts.iter().map(|text| text[1..].trim_start()).collect();
            lines.join("\n")
        } else {
            texts.join("\n")
        };
        let mut named = NOTES.iter().find(|name| **name == style).copied();
        let prefixed = NOTES
            .iter()
            .find_map(|name| Some((*name, text.strip_prefix(name)?.strip_prefix(": ")?)));
        if let Some((name, rest)) = prefixed {
            named = Some(name);
            text = rest.to_owned();
        }
        let inlines = self.broken_text(&text, line, breaks);
        let inner: Vec<Block> = paragraph(inlines, line).into_iter().collect();
        match named {
            Some(name) => note(name, inner, line),
            None if matches!(style, "quote" | "verse") || is_marked => {
                let mut inner = inner;
                inner.extend(self.attribution(attributes, line));
                vec![block(BlockKind::Quote(inner), line)]
            }
            None => inner,
        }
    }

    /// The lines of the paragraph that begins here, without comments.
    fn paragraph_lines(&mut self, to: usize) -> Vec<&'a str> {
        let mut texts: Vec<&str> = Vec::new();
        while self.at < to {
            let text = self.source.text(self.at);
            if text.is_empty() {
                break;
            }
            if let Some(last) = texts.last() {
                if lines::is_comment(text) {
                    self.at += 1;
                    continue;
                }
                let in_list = !self.open.is_empty();
                let is_item = (in_list || last.ends_with(':')) && lists::marker(text).is_some();
                if is_item || in_list && text == "+" || interrupts(text) {
                    break;
                }
            }
            texts.push(text);
            self.at += 1;
        }
        texts
    }
}

/// True for a line that ends a paragraph without a blank line.
pub(super) fn interrupts(text: &str) -> bool {
    lines::delimiter(text).is_some()
        || lines::block_attributes(text).is_some()
        || text.starts_with("==") && lines::heading(text).is_some()
}

/// True for a rule: `'''`, `---`, `* * *`.
fn is_rule(text: &str) -> bool {
    matches!(text, "---" | "- - -" | "***" | "* * *" | "___" | "_ _ _")
        || text.len() >= 3 && text.bytes().all(|byte| byte == b'\'')
}

/// True for a macro whose target may hold blanks.
fn known_macro(text: &str) -> bool {
    ["image::", "video::", "audio::", "toc::"]
        .iter()
        .any(|name| text.starts_with(name))
}

/// True for the line of an author below the title: `Ada Grace <ada@example.org>`.
fn is_author(text: &str) -> bool {
    if text.contains('@') && text.ends_with('>') {
        return true;
    }
    let words: Vec<&str> = text.split(' ').collect();
    let is_name = |word: &&str| {
        word.starts_with(char::is_uppercase) && word.chars().all(|c| c.is_alphabetic() || "-'._".contains(c))
    };
    (2..=3).contains(&words.len()) && words.iter().all(is_name) && !text.ends_with('.')
}

/// A paragraph, unless it is empty.
pub(super) fn paragraph(inlines: Vec<Inline>, line: u32) -> Option<Block> {
    let is_empty = |inline: &Inline| match inline {
        Inline::Text(text) => text.trim().is_empty(),
        Inline::Break => true,
        Inline::Strong(inner) => plain(inner).trim().is_empty(),
        _ => false,
    };
    (!inlines.iter().all(is_empty)).then(|| block(BlockKind::Paragraph(inlines), line))
}

/// Blocks with the name of a note in bold before them.
fn note(name: &str, mut blocks: Vec<Block>, line: u32) -> Vec<Block> {
    let label = format!("{}{}:", &name[..1], name[1..].to_lowercase());
    let label = Inline::Strong(vec![Inline::Text(label)]);
    match blocks.first_mut().map(|block| &mut block.kind) {
        Some(BlockKind::Paragraph(inlines)) => {
            inlines.insert(0, label);
            inlines.insert(1, Inline::Text(" ".to_owned()));
        }
        Some(_) => blocks.insert(0, block(BlockKind::Paragraph(vec![label]), line)),
        None => {}
    }
    blocks
}

/// The blocks of parts; headings become bold text.
pub(super) fn blocks_of(parts: Vec<DocumentPart>) -> Vec<Block> {
    parts
        .into_iter()
        .filter_map(|part| match part {
            DocumentPart::Block(block) => Some(block),
            DocumentPart::Heading(_, inlines, line) => {
                Some(block(BlockKind::Paragraph(vec![Inline::Strong(inlines)]), line))
            }
            DocumentPart::Anchor(_) => None,
        })
        .collect()
}
