//! Tree of a page's elements, made from its tokens. Tolerates what authors and exporters write: missing end tags, blocks
//! inside paragraphs, end tags without a start.
//!
//! html5gum makes the tokens: it follows the WHATWG's tokenizer, decodes character references and tells the position of
//! each token. The tree is built here and not by html5ever, whose tree builder follows the standard into work that
//! grows with the square of the input (thousands of open elements, formatting that is opened again in each paragraph).

use html5gum::emitters::default::{DefaultEmitter, Token};
use html5gum::emitters::{Emitter, ForwardingEmitter};
use html5gum::{State, Tokenizer};

/// Most nodes of a page. What follows them is kept as text without structure.
const MOST_NODES: usize = 200_000;
/// Deepest nesting of elements; anything deeper belongs to the deepest.
const DEEPEST: usize = 64;
/// The attributes that the reader uses.
const ATTRIBUTES: [&str; 37] = [
    "ac:alt",
    "ac:anchor",
    "ac:name",
    "alt",
    "aria-hidden",
    "aria-level",
    "checked",
    "class",
    "colspan",
    "content",
    "data-lang",
    "data-language",
    "data-syntaxhighlighter-params",
    "data-type",
    "datetime",
    "href",
    "http-equiv",
    "id",
    "itemprop",
    "key",
    "lang",
    "name",
    "property",
    "rel",
    "ri:content-title",
    "ri:filename",
    "ri:value",
    "role",
    "rowspan",
    "src",
    "start",
    "style",
    "title",
    "type",
    "value",
    "xml:lang",
    "data-level",
];

/// Number of a node in its tree.
pub(super) type NodeId = usize;

/// An element or a text.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// Source line, from 1.
    pub(super) line: u32,
    pub(super) parent: NodeId,
    pub(super) children: Vec<NodeId>,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Element(Element),
    Text(String),
}

/// An element: its name in lower case, and the attributes that the reader uses.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(&'static str, String)>,
}

impl Element {
    /// Value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The words of `class`.
    pub(super) fn classes(&self) -> impl Iterator<Item = &str> {
        self.get("class").unwrap_or_default().split_ascii_whitespace()
    }

    pub(super) fn has_class(&self, class: &str) -> bool {
        self.classes().any(|word| word == class)
    }

    pub(super) fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }
}

/// A page. Every node comes after its parent; the first is the root.
#[derive(Debug)]
pub(super) struct ElementTree {
    pub(super) nodes: Vec<Node>,
    /// Line from which the page is kept as text, if it has too many elements.
    pub(super) cut: Option<u32>,
}

impl ElementTree {
    pub(super) const ROOT: NodeId = 0;

    pub(super) fn element(&self, id: NodeId) -> Option<&Element> {
        match self.nodes.get(id).map(|node| &node.kind) {
            Some(NodeKind::Element(element)) => Some(element),
            _ => None,
        }
    }

    pub(super) fn children(&self, id: NodeId) -> &[NodeId] {
        self.nodes.get(id).map_or(&[], |node| node.children.as_slice())
    }

    pub(super) fn line(&self, id: NodeId) -> u32 {
        self.nodes.get(id).map_or(0, |node| node.line)
    }

    /// Nodes below a node, in the order of the text.
    pub(super) fn below(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let mut open: Vec<NodeId> = self.children(id).iter().rev().copied().collect();
        std::iter::from_fn(move || {
            let next = open.pop()?;
            open.extend(self.children(next).iter().rev());
            Some(next)
        })
    }

    /// The first element below a node for which `is` holds.
    pub(super) fn find(&self, id: NodeId, is: impl Fn(&Element) -> bool) -> Option<NodeId> {
        self.below(id).find(|below| self.element(*below).is_some_and(&is))
    }

    /// The text below a node as it stands in the source, except for what `is_left_out` names.
    pub(super) fn text(&self, id: NodeId, is_left_out: impl Fn(&Element) -> bool) -> String {
        let mut out = String::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            let Some(node) = self.nodes.get(next) else { continue };
            match &node.kind {
                NodeKind::Text(text) => out.push_str(text),
                NodeKind::Element(element) if next != id && is_left_out(element) => {}
                NodeKind::Element(element) => {
                    if element.name == "br" {
                        out.push('\n');
                    }
                    open.extend(node.children.iter().rev());
                }
            }
        }
        out
    }
}

/// Makes the tree of a page.
pub(super) fn build(text: &str) -> ElementTree {
    let mut builder = Builder::new(text);
    let mut inner = DefaultEmitter::new_with_span();
    inner.naively_switch_states(true);
    let emitter = PageEmitter {
        inner,
        is_self_closing: false,
    };
    for token in Tokenizer::new_with_emitter(text, emitter).flatten() {
        match token {
            Token::StartTag(tag) => {
                let name = lossy(&tag.name);
                let mut attributes = Vec::new();
                for (key, value) in &tag.attributes {
                    let known = ATTRIBUTES.iter().find(|known| known.as_bytes() == key.as_slice());
                    attributes.extend(known.map(|known| (*known, lossy(value))));
                }
                let line = builder.line(tag.span.start);
                builder.start(Element { name, attributes }, tag.self_closing, line);
            }
            Token::EndTag(tag) => {
                let line = builder.line(tag.span.start);
                builder.end(&lossy(&tag.name), line);
            }
            Token::String(string) => builder.text(&lossy(&string), string.span.start),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    ElementTree {
        nodes: builder.nodes,
        cut: builder.cut,
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Emitter that reads `<![CDATA[…]]>` as text, as Confluence's storage format means it.
struct PageEmitter {
    inner: DefaultEmitter<usize>,
    is_self_closing: bool,
}

impl ForwardingEmitter for PageEmitter {
    type Token = Token<usize>;

    fn inner(&mut self) -> &mut impl Emitter<Token = Self::Token> {
        &mut self.inner
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        true
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn init_start_tag(&mut self) {
        self.is_self_closing = false;
        Emitter::init_start_tag(&mut self.inner);
    }

    fn set_self_closing(&mut self) {
        self.is_self_closing = true;
        Emitter::set_self_closing(&mut self.inner);
    }

    /// Reads on as after any tag where XHTML has `<script src="…" />`: the text after it is no script.
    fn emit_current_tag(&mut self) -> Option<State> {
        Emitter::emit_current_tag(&mut self.inner).filter(|_| !self.is_self_closing)
    }
}

struct Builder<'a> {
    nodes: Vec<Node>,
    /// The open elements, the root first.
    open: Vec<NodeId>,
    /// Number of open elements that are too deep to have a node.
    flattened: usize,
    cut: Option<u32>,
    source: &'a [u8],
    /// Offset up to which lines are counted, and the line there.
    counted: (usize, u32),
}

/// Elements without content.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
];
/// Elements that end an open paragraph.
const BLOCKS: [&str; 39] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "listing",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "search",
    "section",
    "summary",
    "table",
    "ul",
    "xmp",
];
/// Parts of tables, which only other parts of tables end.
const TABLES: [&str; 8] = ["table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th"];

/// Returns true for elements that set text apart.
pub(super) fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name) || TABLES.contains(&name)
}

pub(super) fn heading_level(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'h', digit @ b'1'..=b'6'] => Some(digit - b'0'),
        _ => None,
    }
}

impl<'a> Builder<'a> {
    fn new(source: &'a str) -> Builder<'a> {
        let root = Node {
            kind: NodeKind::Element(Element::default()),
            line: 1,
            parent: ElementTree::ROOT,
            children: Vec::new(),
        };
        Builder {
            nodes: vec![root],
            open: vec![ElementTree::ROOT],
            flattened: 0,
            cut: None,
            source: source.as_bytes(),
            counted: (0, 1),
        }
    }

    /// Source line of an offset. Offsets come in ascending order, so that the text is counted once.
    fn line(&mut self, offset: usize) -> u32 {
        let (from, line) = self.counted;
        let between = self.source.get(from..offset).unwrap_or_default();
        let breaks = between.split(|byte| *byte == b'\n').count().saturating_sub(1);
        let line = line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.counted = (from.max(offset), line);
        line
    }

    fn name_of(&self, id: NodeId) -> &str {
        match self.nodes.get(id).map(|node| &node.kind) {
            Some(NodeKind::Element(element)) => &element.name,
            _ => "",
        }
    }

    fn add(&mut self, kind: NodeKind, line: u32) -> NodeId {
        let id = self.nodes.len();
        let parent = self.open.last().copied().unwrap_or(ElementTree::ROOT);
        self.nodes.push(Node {
            kind,
            line,
            parent,
            children: Vec::new(),
        });
        if let Some(parent) = self.nodes.get_mut(parent) {
            parent.children.push(id);
        }
        id
    }

    fn text(&mut self, text: &str, offset: usize) {
        let blanks = text.len() - text.trim_start().len();
        let start = self.line(offset);
        let skipped = text.get(..blanks).unwrap_or_default().matches('\n').count();
        let line = start.saturating_add(u32::try_from(skipped).unwrap_or(0));
        if self.cut.is_some()
            && let Some(NodeKind::Text(last)) = self.nodes.last_mut().map(|node| &mut node.kind)
        {
            last.push_str(text);
            return;
        }
        self.add(NodeKind::Text(text.to_owned()), line);
    }

    /// Closes the open elements from the last one for which `is` holds. The search ends at an element for which
    /// `bounds` holds.
    fn close(&mut self, is: impl Fn(&str) -> bool, bounds: impl Fn(&str) -> bool) -> bool {
        for at in (1..self.open.len()).rev() {
            let name = self.name_of(self.open[at]);
            if is(name) {
                self.open.truncate(at);
                return true;
            }
            if bounds(name) {
                return false;
            }
        }
        false
    }

    /// Closes what the start of an element ends.
    fn close_implied(&mut self, name: &str) {
        if is_block(name) {
            self.close(|open| open == "p", |open| open != "p" && is_block_or_macro(open));
        }
        // A heading that was never closed ends where a paragraph or a list begins. One that only wraps a paragraph is
        // still empty then.
        if matches!(name, "p" | "ul" | "ol" | "dl" | "pre" | "table" | "blockquote" | "hr") && self.has_heading_text() {
            self.close(|open| heading_level(open).is_some(), is_block_or_macro);
        }
        if heading_level(name).is_some() {
            self.close(|open| heading_level(open).is_some(), is_block_or_macro);
        }
        match name {
            "li" => self.close(
                |open| open == "li",
                |open| matches!(open, "ul" | "ol" | "menu" | "dir") || is_cell(open),
            ),
            "dt" | "dd" => self.close(|open| matches!(open, "dt" | "dd"), |open| open == "dl" || is_cell(open)),
            "td" | "th" => self.close(is_cell, |open| matches!(open, "tr" | "table")),
            "tr" => self.close(|open| open == "tr", |open| open == "table"),
            "thead" | "tbody" | "tfoot" => self.close(
                |open| matches!(open, "thead" | "tbody" | "tfoot" | "caption"),
                |open| open == "table",
            ),
            "a" => self.close(|open| open == "a", is_block_or_macro),
            _ => false,
        };
    }

    /// Returns true when an open heading holds text.
    fn has_heading_text(&self) -> bool {
        let heading = self
            .open
            .iter()
            .rposition(|id| heading_level(self.name_of(*id)).is_some());
        let inside = heading.map_or(&[][..], |at| &self.open[at..]);
        inside.iter().take(3).any(|id| {
            self.nodes[*id]
                .children
                .iter()
                .take(8)
                .any(|child| match &self.nodes[*child].kind {
                    NodeKind::Text(text) => !text.trim().is_empty(),
                    NodeKind::Element(_) => !self.open.contains(child) && !self.nodes[*child].children.is_empty(),
                })
        })
    }

    fn start(&mut self, element: Element, self_closing: bool, line: u32) {
        if self.cut.is_none() && self.nodes.len() >= MOST_NODES {
            self.cut = Some(line);
            self.open.truncate(1);
            self.add(NodeKind::Text(String::new()), line);
        }
        if self.cut.is_some() {
            return self.text(" ", 0);
        }
        self.close_implied(&element.name);
        if VOID.contains(&element.name.as_str()) || self_closing {
            self.add(NodeKind::Element(element), line);
        } else if self.open.len() >= DEEPEST {
            self.flattened += 1;
            self.add(NodeKind::Text(" ".to_owned()), line);
        } else {
            let id = self.add(NodeKind::Element(element), line);
            self.open.push(id);
        }
    }

    fn end(&mut self, name: &str, line: u32) {
        if self.cut.is_some() {
            return self.text(" ", 0);
        }
        if self.flattened > 0 {
            self.flattened -= 1;
            return;
        }
        if name == "br" {
            let name = name.to_owned();
            return self.start(
                Element {
                    name,
                    ..Element::default()
                },
                true,
                line,
            );
        }
        let is_table = TABLES.contains(&name);
        let is_block = is_block_or_macro(name);
        let same = |open: &str| open == name || heading_level(name).is_some() && heading_level(open).is_some();
        let bounds = |open: &str| match () {
            () if is_table => open == "table",
            () if is_block => open == "table" || is_cell(open),
            // The end of bold text does not end the paragraph that began in it.
            () => is_block_or_macro(open),
        };
        self.close(same, bounds);
    }
}

fn is_cell(name: &str) -> bool {
    matches!(name, "td" | "th" | "caption")
}

/// Returns true for blocks, and for the macros of Confluence's storage format, which hold blocks.
fn is_block_or_macro(name: &str) -> bool {
    is_block(name) || name.starts_with("ac:") || matches!(name, "html" | "body" | "head")
}
