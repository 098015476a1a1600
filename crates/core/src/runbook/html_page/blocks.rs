//! Blocks of a page: headings, paragraphs, lists, definition lists, code.

use super::super::markdown::{self, linkify};
use super::super::part::DocumentPart;
use super::super::text::plain;
use super::super::{Block, BlockKind, Definition, Inline, Item};
use super::PageReader;
use super::inlines::{collapsed, is_way_on};
use super::tree::{Element, NodeId, NodeKind, heading_level};

/// Deepest nesting of blocks; anything deeper is flattened.
const DEEPEST_BLOCK: usize = 24;

/// Blocks of an element, as far as they are read.
#[derive(Default)]
pub(super) struct Flow {
    pub(super) parts: Vec<DocumentPart>,
    /// Inlines that belong to no block yet, with their source lines.
    run: Vec<(Inline, u32)>,
    /// True for the page itself: its headings make sections.
    is_page: bool,
}

impl Flow {
    pub(super) fn of_page() -> Flow {
        Flow {
            is_page: true,
            ..Flow::default()
        }
    }
}

impl PageReader<'_> {
    /// Reads what is below a node.
    pub(super) fn flow(&mut self, id: NodeId, flow: &mut Flow) {
        let tree = self.tree;
        for child in tree.children(id) {
            self.node(*child, flow);
        }
    }

    /// Reads what is below a node as blocks without sections.
    pub(super) fn nested(&mut self, id: NodeId) -> Vec<Block> {
        let mut flow = Flow::default();
        self.depth += 1;
        self.flow(id, &mut flow);
        self.flush(&mut flow);
        self.depth -= 1;
        into_blocks(flow.parts)
    }

    fn node(&mut self, id: NodeId, flow: &mut Flow) {
        let tree = self.tree;
        let element = match &tree.nodes[id].kind {
            NodeKind::Text(text) => {
                if !flow.run.is_empty() || !text.trim().is_empty() {
                    self.inline(id, &mut flow.run);
                }
                return;
            }
            NodeKind::Element(element) => element,
        };
        if self.content.is_left_out(id) {
            return;
        }
        let is_block = super::content::sets_apart(element);
        if element.has_class("checkbox") {
            // Notion draws the box as an element.
            return self.inline(id, &mut flow.run);
        }
        if !is_block && !self.content.weight(id).has_block && element.name != "textarea" {
            return self.inline(id, &mut flow.run);
        }
        self.note_id(element);
        if !is_block && element.name != "textarea" {
            // Bold text around paragraphs, a link around a card: the blocks count.
            return self.flow(id, flow);
        }
        self.flush(flow);
        self.block(id, element, flow);
        self.flush(flow);
    }

    fn block(&mut self, id: NodeId, element: &Element, flow: &mut Flow) {
        let line = self.tree.line(id);
        if let Some(level) = heading_level(&element.name) {
            return self.heading(id, level, flow);
        }
        if element.name.starts_with("ac:") {
            return self.block_macro(id, element, flow);
        }
        if is_diagram(element) {
            return self.put(markdown::diagram(line), flow);
        }
        if self.note(id, element, flow) {
            return;
        }
        let is_too_deep = self.depth >= DEEPEST_BLOCK;
        match element.name.as_str() {
            "ul" | "ol" | "menu" | "dir" if !is_too_deep => self.list(id, element, flow),
            "dl" if !is_too_deep => self.definitions(id, flow),
            "table" if !is_too_deep => self.table(id, element, flow),
            "blockquote" if !is_too_deep => {
                let inner = self.nested(id);
                if !inner.is_empty() {
                    self.put(markdown::block(BlockKind::Quote(inner), line), flow);
                }
            }
            "pre" | "listing" | "xmp" | "textarea" => self.code(id, element, flow),
            "hr" => self.put(markdown::block(BlockKind::Rule, line), flow),
            "summary" if !self.content.weight(id).has_block => self.label(id, flow),
            "div" | "p" if is_block_title(element) && !self.content.weight(id).has_block => self.label(id, flow),
            _ if element.get("role") == Some("heading") => {
                let level = element.get("aria-level").and_then(|level| level.parse().ok());
                self.heading(id, level.unwrap_or(2_u8).clamp(1, 6), flow);
            }
            _ => self.flow(id, flow),
        }
    }

    fn heading(&mut self, id: NodeId, level: u8, flow: &mut Flow) {
        let line = self.tree.line(id);
        let text = self.inlines(id);
        let is_label = !flow.is_page || self.content.weight(id).all == 0;
        if is_label {
            return self.put_paragraph(vec![Inline::Strong(text)], line, flow);
        }
        let mut text = text;
        let ends_in_sign = |text: &[Inline]| matches!(text.last(), Some(Inline::Text(last)) if last.ends_with('¶'));
        if ends_in_sign(&text)
            && let Some(Inline::Text(last)) = text.last_mut()
        {
            last.truncate(last.trim_end_matches('¶').trim_end().len());
        }
        while matches!(text.last(), Some(Inline::Break)) {
            text.pop();
        }
        self.put_ids(flow);
        flow.parts.push(DocumentPart::Heading(level, text, line));
    }

    /// Reads an element whose text is a label of what follows.
    pub(super) fn label(&mut self, id: NodeId, flow: &mut Flow) {
        let text = self.inlines(id);
        self.put_paragraph(vec![Inline::Strong(text)], self.tree.line(id), flow);
    }

    fn list(&mut self, id: NodeId, element: &Element, flow: &mut Flow) {
        let line = self.tree.line(id);
        let mut items: Vec<Item> = Vec::new();
        self.items(id, &mut items);
        items.retain(|item| !item.blocks.is_empty());
        if items.is_empty() {
            return;
        }
        let start = element.get("start").and_then(|start| start.trim().parse().ok());
        let list = BlockKind::List {
            ordered: element.name == "ol",
            start: start.unwrap_or(1),
            items,
        };
        self.put(markdown::block(list, line), flow);
    }

    fn items(&mut self, id: NodeId, items: &mut Vec<Item>) {
        let tree = self.tree;
        for child in tree.children(id) {
            let line = tree.line(*child);
            let Some(element) = tree.element(*child) else {
                if self.content.weight(*child).all > 0 {
                    let mut flow = Flow::default();
                    self.node(*child, &mut flow);
                    self.flush(&mut flow);
                    add_to_last(items, into_blocks(flow.parts), line);
                }
                continue;
            };
            if self.content.is_left_out(*child) {
                continue;
            }
            if element.name == "li" {
                self.note_id(element);
                let mut blocks = self.nested(*child);
                let is_checked = element.has_class("checked");
                if is_checked && let Some(BlockKind::Paragraph(text)) = blocks.first_mut().map(|block| &mut block.kind)
                {
                    text.insert(0, Inline::Text("☑ ".to_owned()));
                }
                items.push(Item { blocks, line });
                continue;
            }
            // A list directly inside a list, as editors nest them.
            let mut flow = Flow::default();
            self.depth += 1;
            self.node(*child, &mut flow);
            self.flush(&mut flow);
            self.depth -= 1;
            add_to_last(items, into_blocks(flow.parts), line);
        }
    }

    fn definitions(&mut self, id: NodeId, flow: &mut Flow) {
        let line = self.tree.line(id);
        let mut out: Vec<Definition> = Vec::new();
        self.entries(id, &mut out, flow);
        if !out.is_empty() {
            self.put(markdown::block(BlockKind::Definitions(out), line), flow);
        }
    }

    fn entries(&mut self, id: NodeId, out: &mut Vec<Definition>, flow: &mut Flow) {
        let tree = self.tree;
        for child in tree.children(id) {
            let Some(element) = self.enter(*child) else { continue };
            match element.name.as_str() {
                "dt" => {
                    let term = self.inlines(*child);
                    match out.last_mut() {
                        // Several terms share the text that follows.
                        Some(last) if last.details.is_empty() => {
                            last.term.push(Inline::Break);
                            last.term.extend(term);
                        }
                        _ => out.push(Definition {
                            term,
                            details: Vec::new(),
                        }),
                    }
                }
                "dd" => {
                    let details = self.nested(*child);
                    match out.last_mut() {
                        _ if details.is_empty() => {}
                        Some(last) => last.details.push(details),
                        None => {
                            for block in details {
                                self.put(block, flow);
                            }
                        }
                    }
                }
                _ => self.entries(*child, out, flow),
            }
        }
    }

    pub(super) fn code(&mut self, id: NodeId, element: &Element, flow: &mut Flow) {
        let line = self.tree.line(id);
        let first = self
            .tree
            .children(id)
            .iter()
            .find(|child| match &self.tree.nodes[**child].kind {
                NodeKind::Text(text) => !text.trim().is_empty(),
                NodeKind::Element(_) => true,
            });
        // "Sample message:" in bold, and then the message, in one `<pre>`.
        let label = first.copied().filter(|first| {
            let is_bold = self
                .tree
                .element(*first)
                .is_some_and(|element| element.is(&["strong", "b"]));
            is_bold && self.tree.text(*first, |_| false).trim_end().ends_with(':')
        });
        if let Some(label) = label {
            self.label(label, flow);
        }
        let lang = self.language(id, element);
        let text = self.literal(id, label);
        let at = text.len() - text.trim_start_matches('\n').len();
        let skipped = u32::try_from(at).unwrap_or(0);
        let text = text.trim_start_matches('\n').trim_end();
        if text.trim().is_empty() {
            return;
        }
        let text = text.to_owned();
        self.put(markdown::block(BlockKind::Code { lang, text }, line + skipped), flow);
    }

    /// The text below a node as it is, without the label it begins with.
    fn literal(&self, id: NodeId, label: Option<NodeId>) -> String {
        let skip = |node| Some(node) == label || self.content.is_left_out(node);
        self.raw_text(id, skip, |text| text.replace('\u{a0}', " "))
    }

    /// The language of code, from the classes and attributes of its elements and of the two around them.
    fn language(&self, id: NodeId, element: &Element) -> String {
        let inner = self.tree.find(id, |element| element.name == "code");
        let around = self.tree.nodes.get(id).map_or(id, |node| node.parent);
        let further = self.tree.nodes.get(around).map_or(id, |node| node.parent);
        let elements = [inner, Some(around), Some(further)].into_iter().flatten();
        std::iter::once(element)
            .chain(elements.filter_map(|id| self.tree.element(id)))
            .find_map(language_of)
            .unwrap_or_default()
    }

    /// Ends the run of inlines: makes paragraphs of it.
    pub(super) fn flush(&mut self, flow: &mut Flow) {
        if flow.run.is_empty() {
            return;
        }
        let run = collapsed(std::mem::take(&mut flow.run));
        for (mut inlines, line) in paragraphs(run) {
            let code = lines_of_code(&mut inlines);
            self.put_paragraph(inlines, line, flow);
            if let Some(text) = code {
                let lang = String::new();
                self.put(markdown::block(BlockKind::Code { lang, text }, line), flow);
            }
        }
    }

    pub(super) fn put_paragraph(&mut self, inlines: Vec<Inline>, line: u32, flow: &mut Flow) {
        let has_image = inlines.iter().any(|inline| matches!(inline, Inline::Image { .. }));
        if plain(&inlines).trim().is_empty() && !has_image || is_way_on(&inlines) {
            return;
        }
        let inlines = linkify(inlines);
        self.put(markdown::block(BlockKind::Paragraph(inlines), line), flow);
    }

    pub(super) fn put(&mut self, block: Block, flow: &mut Flow) {
        self.put_ids(flow);
        flow.parts.push(DocumentPart::Block(block));
    }

    /// Puts the ids seen since the last part before the next one.
    fn put_ids(&mut self, flow: &mut Flow) {
        if flow.is_page {
            flow.parts.extend(self.ids.drain(..).map(DocumentPart::Anchor));
        }
    }
}

/// Blocks without sections: headings become labels.
fn into_blocks(parts: Vec<DocumentPart>) -> Vec<Block> {
    let block = |part| match part {
        DocumentPart::Block(block) => Some(block),
        DocumentPart::Heading(_, text, line) => {
            Some(markdown::block(BlockKind::Paragraph(vec![Inline::Strong(text)]), line))
        }
        DocumentPart::Anchor(_) => None,
    };
    parts.into_iter().filter_map(block).collect()
}

fn add_to_last(items: &mut Vec<Item>, blocks: Vec<Block>, line: u32) {
    match items.last_mut() {
        _ if blocks.is_empty() => {}
        Some(last) => last.blocks.extend(blocks),
        None => items.push(Item { blocks, line }),
    }
}

/// Splits a run at an empty line, and before a label in bold: "…<br><strong>Reason:</strong> …".
fn paragraphs(run: Vec<(Inline, u32)>) -> Vec<(Vec<Inline>, u32)> {
    let mut out: Vec<(Vec<Inline>, u32)> = Vec::new();
    let mut breaks = 1;
    let mut run = run.into_iter().peekable();
    while let Some((inline, line)) = run.next() {
        if matches!(inline, Inline::Break) {
            breaks += 1;
            continue;
        }
        let is_label = matches!(&inline, Inline::Strong(label) if plain(label).trim_end().ends_with(':'))
            || matches!((&inline, run.peek()), (Inline::Strong(_), Some((Inline::Text(next), _))) if next.trim_start().starts_with(':'));
        let is_alone = matches!(&inline, Inline::Code(code) if code.contains('\n'));
        match out.last_mut() {
            Some((last, _)) if breaks < 2 && !(breaks == 1 && is_label) && !is_alone => {
                if breaks == 1 {
                    last.push(Inline::Break);
                }
                last.push(inline);
            }
            _ => out.push((vec![inline], line)),
        }
        breaks = if is_alone { 2 } else { 0 };
    }
    out
}

/// Takes off the lines of code that a paragraph ends with, if there is more than one, or nothing else.
fn lines_of_code(inlines: &mut Vec<Inline>) -> Option<String> {
    let is_code = |inline: &Inline| match inline {
        Inline::Code(_) | Inline::Break => true,
        Inline::Text(text) => text.trim().is_empty(),
        _ => false,
    };
    let from = inlines
        .iter()
        .rposition(|inline| !is_code(inline))
        .map_or(0, |last| last + 1);
    let is_line_start = |at: usize| at == 0 || matches!(inlines.get(at - 1), Some(Inline::Break));
    // After a label, the first line may stand on the label's own line.
    let from = (from..inlines.len()).find(|at| {
        matches!(inlines.get(*at), Some(Inline::Code(_)))
            && (is_line_start(*at) || matches!(inlines.first(), Some(Inline::Strong(_))))
    })?;
    let text = plain(inlines.get(from..)?);
    // A line of code that is a paragraph of its own is set off, as `<pre>` is; a single word may be a name.
    let is_alone = from == 0 && text.trim().contains(' ');
    if !text.trim().contains('\n') && !is_alone {
        return None;
    }
    inlines.truncate(from);
    while matches!(inlines.last(), Some(Inline::Break)) {
        inlines.pop();
    }
    if let Some(Inline::Text(last)) = inlines.last_mut() {
        last.truncate(last.trim_end().len());
    }
    Some(text.trim_matches('\n').to_owned())
}

fn language_of(element: &Element) -> Option<String> {
    let named = element.get("data-lang").or(element.get("data-language"));
    let brush = || {
        let parameters = element.get("data-syntaxhighlighter-params")?;
        parameters
            .split_once("brush:")
            .map(|(_, rest)| rest.split(';').next().unwrap_or_default())
    };
    let by_class = || {
        element.classes().find_map(|class| {
            ["language-", "lang-", "highlight-source-", "highlight-", "sourceCode-"]
                .iter()
                .find_map(|start| class.strip_prefix(start))
        })
    };
    let lang = named.or_else(brush).or_else(by_class)?.trim().to_ascii_lowercase();
    let is_name = lang.len() <= 24 && lang.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_+#.".contains(&c));
    (is_name && !lang.is_empty() && !matches!(lang.as_str(), "default" | "none" | "text" | "plaintext")).then_some(lang)
}

/// Returns true for the title of a listing, a table or a page, which generators write as a block.
fn is_block_title(element: &Element) -> bool {
    element
        .classes()
        .any(|class| class == "title" || class.starts_with("codeBlockTitle"))
}

/// Returns true for the source of a diagram, which a script of the page draws.
fn is_diagram(element: &Element) -> bool {
    element
        .classes()
        .any(|class| matches!(class, "mermaid" | "language-mermaid" | "plantuml" | "language-plantuml"))
}
