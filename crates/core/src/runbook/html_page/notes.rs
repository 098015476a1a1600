//! Notes and warnings: the boxes that wikis and generators draw around them become paragraphs that begin with a label.

use super::super::admonition::{label, label_of_kind, labelled};
use super::super::text::plain;
use super::PageReader;
use super::blocks::Flow;
use super::tree::{Element, NodeId, heading_level};

/// Kinds that a class of its own may name.
const PLAIN_KINDS: [&str; 9] = [
    "note",
    "tip",
    "hint",
    "important",
    "warning",
    "caution",
    "attention",
    "danger",
    "seealso",
];

/// Returns the label of an element that is a note.
fn note_label(element: &Element) -> Option<&'static str> {
    if !element.is(&["div", "aside", "p", "blockquote", "section", "article"]) {
        return None;
    }
    let is_box = element.classes().any(|class| {
        let starts = [
            "admonition",
            "admonitionblock",
            "theme-admonition",
            "alert",
            "callout",
            "bs-callout",
            "markdown-alert",
            "confluence-information-macro",
            "notice",
        ];
        starts.contains(&class)
    });
    element.classes().find_map(|class| {
        let lower = class.to_ascii_lowercase();
        let kind = lower.rsplit(['-', '_']).next().unwrap_or_default();
        let is_kind = is_box || PLAIN_KINDS.contains(&lower.as_str());
        label_of_kind(kind).filter(|_| is_kind)
    })
}

/// Returns true for the element that holds a note's title.
fn is_title(element: &Element) -> bool {
    heading_level(&element.name).is_some()
        || element.classes().any(|class| {
            let lower = class.to_ascii_lowercase();
            lower == "title"
                || lower.contains("admonition-title")
                || lower.contains("admonitionheading")
                || lower.contains("alert-title")
        })
}

impl PageReader<'_> {
    /// Reads a note; returns false for any other element.
    pub(super) fn note(&mut self, id: NodeId, element: &Element, flow: &mut Flow) -> bool {
        let Some(kind) = note_label(element) else { return false };
        let tree = self.tree;
        let title = tree
            .below(id)
            .take(12)
            .find(|below| tree.element(*below).is_some_and(is_title));
        let text = title.map(|title| plain(&self.inlines(title))).unwrap_or_default();
        self.content.leave_out(title);
        // Asciidoctor arranges the sign and the text in a table.
        let body = if element.has_class("admonitionblock") {
            tree.find(id, |element| element.name == "td" && element.has_class("content"))
                .unwrap_or(id)
        } else {
            id
        };
        let blocks = self.nested(body);
        for block in labelled(&label(kind, &text), blocks, tree.line(id)) {
            self.put(block, flow);
        }
        true
    }
}
