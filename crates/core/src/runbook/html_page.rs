//! Reader of HTML: single pages, exports of wikis and Confluence spaces, generated documentation, and Confluence's
//! storage format.
//!
//! `tree` makes a tree of the page, `content` finds the element that holds the text and leaves out what stands around
//! it, `blocks` and its neighbours convert the rest.

mod blocks;
mod content;
mod inlines;
mod macros;
mod names;
mod notes;
mod tables;
mod title;
mod tree;

use std::collections::HashSet;

use blocks::Flow;
use content::Content;
use tree::{Element, ElementTree, NodeId, NodeKind};

use super::part::{DocumentPart, DocumentParts};

/// State of the conversion of a page.
struct PageReader<'t> {
    tree: &'t ElementTree,
    content: Content,
    /// Ids that belong to the next part.
    ids: Vec<String>,
    /// Ids of the page outside its content: a link to one of them leads to the page's top.
    outer_ids: HashSet<String>,
    /// Depth of nested blocks.
    depth: usize,
    /// Cells that were repeated because they span rows.
    repeated: usize,
}

impl<'t> PageReader<'t> {
    /// The element of a node that is read, with its id noted; `None` for text, and for what is left out.
    fn enter(&mut self, id: NodeId) -> Option<&'t Element> {
        let element = self.tree.element(id).filter(|_| !self.content.is_left_out(id))?;
        self.note_id(element);
        Some(element)
    }

    /// The text below a node as it stands there, with marked line breaks; without the nodes that `skip` names. `shown`
    /// is applied to each piece.
    fn raw_text(&self, id: NodeId, skip: impl Fn(NodeId) -> bool, shown: impl Fn(&str) -> String) -> String {
        let mut out = String::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            let Some(node) = self.tree.nodes.get(next) else {
                continue;
            };
            match &node.kind {
                NodeKind::Text(text) => out.push_str(&shown(text)),
                NodeKind::Element(_) if skip(next) => {}
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

    /// Notes the id of an element: links use it.
    fn note_id(&mut self, element: &Element) {
        let name = element.get("name").filter(|_| element.name == "a");
        for id in [element.get("id"), name].into_iter().flatten() {
            if !id.is_empty() && self.ids.last().is_none_or(|last| last != id) {
                self.ids.push(id.to_owned());
            }
        }
    }
}

/// Reads a page into headings and blocks with their source lines.
///
/// # Errors
///
/// The reason why the file is no document although its name ends like a page's.
pub(super) fn read(text: &str) -> Result<DocumentParts, &'static str> {
    let is_type_map = |text: &str| text.lines().take(20).any(|line| line.starts_with("URI:"));
    if !text.contains('<') && is_type_map(text) {
        return Err("this file is a type map, which only names the translations of a page; it is left out");
    }
    let tree = tree::build(text);
    let content = content::find(&tree);
    if content::is_without_text(&tree, &content) {
        return Err("this page holds only links or a redirect, no text of its own; it is left out");
    }
    let mut reader = PageReader {
        tree: &tree,
        outer_ids: content.outer_ids(&tree),
        content,
        ids: Vec::new(),
        depth: 0,
        repeated: 0,
    };
    let root = reader.content.root;
    let mut flow = Flow::of_page();
    reader.flow(root, &mut flow);
    reader.flush(&mut flow);
    let mut parts = flow.parts;
    let (fetched, front) = title::of_wiki(&tree).unzip();
    let outer = fetched.or_else(|| title::outside(&tree, root));
    let is_title_known = outer.is_some();
    if is_title_known && parts.iter().any(|part| matches!(part, DocumentPart::Heading(1, ..))) {
        // The page's title is above the content: the headings of level 1 in it are sections.
        for part in &mut parts {
            if let DocumentPart::Heading(level, ..) = part {
                *level = (*level + 1).min(6);
            }
        }
    }
    let first = parts.iter().find_map(|part| match part {
        DocumentPart::Heading(level, ..) => Some(*level),
        _ => None,
    });
    let problems = tree.cut.map(|line| {
        let message =
            "the page has too many elements; from here on it is kept as plain text: split it into several files";
        (line, "too-many-parts", message.to_owned())
    });
    Ok(DocumentParts {
        title: outer.or_else(|| title::of_head(&tree).filter(|_| first != Some(1))),
        front: front.unwrap_or_default(),
        url: title::address(&tree),
        problems: problems.into_iter().collect(),
        parts,
        ..DocumentParts::default()
    })
}
