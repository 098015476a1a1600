//! Macros of Confluence's storage format (`ac:`, `ri:` elements), as the wiki's REST interface and its editors give it.
//! <https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html>

use super::super::admonition::{label, label_of_kind, labelled};
use super::super::markdown;
use super::super::text::plain;
use super::super::{BlockKind, Inline, Target};
use super::PageReader;
use super::blocks::Flow;
use super::inlines::to_anchor;
use super::tree::{Element, NodeId};

/// Macros that list other pages or show something that is not in the page.
const WITHOUT_TEXT: [&str; 26] = [
    "toc",
    "toc-zone-nav",
    "children",
    "childpages",
    "pagetree",
    "pagetreesearch",
    "include",
    "excerpt-include",
    "attachments",
    "recently-updated",
    "contentbylabel",
    "content-report-table",
    "contributors",
    "contributors-summary",
    "change-history",
    "livesearch",
    "index",
    "gallery",
    "navmap",
    "popular-labels",
    "related-labels",
    "listlabels",
    "create-from-template",
    "profile",
    "profile-picture",
    "blog-posts",
];
/// Macros that draw a diagram.
const DIAGRAMS: [&str; 9] = [
    "drawio",
    "inc-drawio",
    "gliffy",
    "lucidchart",
    "plantuml",
    "plantumlrender",
    "mermaid-macro",
    "mermaid",
    "graphviz",
];

impl PageReader<'_> {
    /// Text of the parameter of a macro; the unnamed one has an empty name.
    fn parameter(&self, id: NodeId, name: &str) -> Option<String> {
        let found = self.tree.children(id).iter().find(|child| {
            self.tree.element(**child).is_some_and(|element| {
                element.name == "ac:parameter" && element.get("ac:name").unwrap_or_default() == name
            })
        })?;
        let text = self.tree.text(*found, |_| false);
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn child(&self, id: NodeId, name: &str) -> Option<NodeId> {
        let children = self.tree.children(id).iter().copied();
        children
            .into_iter()
            .find(|child| self.tree.element(*child).is_some_and(|element| element.name == name))
    }

    /// Reads a macro or another element of the storage format that holds blocks.
    pub(super) fn block_macro(&mut self, id: NodeId, element: &Element, flow: &mut Flow) {
        match element.name.as_str() {
            "ac:structured-macro" | "ac:macro" => self.named_macro(id, element, flow),
            "ac:task-list" => self.tasks(id, flow),
            "ac:adf-extension" => self.extension(id, flow),
            "ac:plain-text-body" => self.code(id, element, flow),
            _ => self.flow(id, flow),
        }
    }

    fn named_macro(&mut self, id: NodeId, element: &Element, flow: &mut Flow) {
        let line = self.tree.line(id);
        let name = element.get("ac:name").unwrap_or_default().to_ascii_lowercase();
        let title = self.parameter(id, "title");
        let body = self.child(id, "ac:rich-text-body");
        let plain_body = self.child(id, "ac:plain-text-body");
        if DIAGRAMS.contains(&name.as_str()) {
            return self.put(markdown::diagram(line), flow);
        }
        if let Some(inline) = self.macro_text(id, &name) {
            return self.put_paragraph(vec![inline], line, flow);
        }
        if WITHOUT_TEXT.contains(&name.as_str()) {
            return;
        }
        if let Some(kind) = label_of_kind(&name)
            && let Some(body) = body
        {
            let blocks = self.nested(body);
            for block in labelled(&label(kind, title.as_deref().unwrap_or_default()), blocks, line) {
                self.put(block, flow);
            }
            return;
        }
        if let Some(title) = title {
            self.put_paragraph(vec![Inline::Strong(vec![Inline::Text(title)])], line, flow);
        }
        if let Some(body) = plain_body {
            let text = self.tree.text(body, |_| false);
            let text = text.trim_matches('\n').trim_end().to_owned();
            let lang = self.parameter(id, "language").unwrap_or_default().to_ascii_lowercase();
            if !text.trim().is_empty() {
                let line = self.tree.line(body);
                self.put(markdown::block(BlockKind::Code { lang, text }, line), flow);
            }
        }
        if let Some(body) = body {
            self.flow(body, flow);
        }
    }

    /// The text of a macro that stands in a line.
    fn macro_text(&mut self, id: NodeId, name: &str) -> Option<Inline> {
        match name {
            "anchor" => {
                let id = self.parameter(id, "")?;
                self.ids.push(id);
                None
            }
            "status" => self.parameter(id, "title").map(Inline::Text),
            "jira" => self.parameter(id, "key").map(Inline::Text),
            "widget" | "iframe" => {
                let address = self.parameter(id, "url").or_else(|| self.parameter(id, "src"))?;
                let label = vec![Inline::Text(address.clone())];
                Some(markdown::link(&address, label))
            }
            "view-file" | "viewpdf" | "viewdoc" | "viewxls" => {
                let file = self.tree.find(id, |element| element.name == "ri:attachment")?;
                let name = self.tree.element(file)?.get("ri:filename")?;
                Some(Inline::Text(name.to_owned()))
            }
            _ => None,
        }
    }

    /// The inline of an element of the storage format, or of `<time>`.
    pub(super) fn inline_macro(&mut self, id: NodeId, element: &Element) -> Option<Inline> {
        match element.name.as_str() {
            "ac:link" => self.page_link(id, element),
            "ac:image" => self.picture(id, element),
            "time" => {
                let text = self.tree.text(id, |_| false);
                let shown = if text.trim().is_empty() {
                    element.get("datetime")
                } else {
                    Some(text.trim())
                };
                shown.map(|text| Inline::Text(text.to_owned()))
            }
            _ => {
                let name = element.get("ac:name").unwrap_or_default().to_ascii_lowercase();
                self.macro_text(id, &name)
            }
        }
    }

    /// A link to a page, an attachment, a person or a place of this page. A page that was fetched has the addresses of
    /// other pages and of attachments in `ri:value`; the format itself knows only their names.
    fn page_link(&mut self, id: NodeId, element: &Element) -> Option<Inline> {
        let mut target = self
            .tree
            .children(id)
            .iter()
            .filter_map(|child| self.tree.element(*child))
            .filter(|child| child.name.starts_with("ri:"));
        let target = target.next();
        let get = |name: &str| target.and_then(|target| target.get(name)).map(str::to_owned);
        let address = get("ri:value").filter(|address| address.contains("://"));
        let title = get("ri:content-title")
            .or_else(|| get("ri:filename"))
            .or_else(|| get("ri:value"));
        let body = self
            .child(id, "ac:link-body")
            .or_else(|| self.child(id, "ac:plain-text-link-body"));
        let anchor = element.get("ac:anchor").map(str::to_owned);
        let mut text = body.map(|body| self.inlines(body)).unwrap_or_default();
        if plain(&text).trim().is_empty() {
            text = vec![Inline::Text(title.clone().or_else(|| anchor.clone())?)];
        }
        match (address, anchor) {
            (Some(address), anchor) => {
                let anchor = anchor
                    .map(|anchor| format!("#{}", anchor.replace(' ', "-")))
                    .unwrap_or_default();
                Some(markdown::link(&format!("{address}{anchor}"), text))
            }
            (None, Some(anchor)) if title.is_none() => Some(Inline::Link {
                target: to_anchor(&anchor),
                label: text,
            }),
            _ => {
                <[Inline; 1]>::try_from(text).map_or_else(|text| Some(Inline::Text(plain(&text))), |[only]| Some(only))
            }
        }
    }

    fn picture(&self, id: NodeId, element: &Element) -> Option<Inline> {
        let alt = element.get("ac:alt").unwrap_or_default().to_owned();
        let children = self
            .tree
            .children(id)
            .iter()
            .filter_map(|child| self.tree.element(*child));
        let url = children
            .into_iter()
            .find_map(|child| child.get("ri:value").or_else(|| child.get("ri:filename")))?;
        Some(match markdown::link(url, Vec::new()) {
            Inline::Link {
                target: Target::Url(url),
                ..
            } => Inline::Image { alt, url },
            _ if alt.is_empty() => return None,
            _ => Inline::Text(alt),
        })
    }

    /// Reads a list of tasks: `[x]` and `[ ]` before their texts.
    fn tasks(&mut self, id: NodeId, flow: &mut Flow) {
        let tree = self.tree;
        let line = tree.line(id);
        let mut items = Vec::new();
        for task in tree.children(id) {
            let Some(body) = self.child(*task, "ac:task-body") else {
                continue;
            };
            let status = self
                .child(*task, "ac:task-status")
                .map(|status| tree.text(status, |_| false));
            let is_done = status.is_some_and(|status| status.trim() == "complete");
            let mut blocks = self.nested(body);
            if let Some(BlockKind::Paragraph(text)) = blocks.first_mut().map(|block| &mut block.kind) {
                text.insert(0, Inline::Text(if is_done { "☑ " } else { "☐ " }.to_owned()));
            }
            let line = tree.line(*task);
            if !blocks.is_empty() {
                items.push(super::super::Item { blocks, line });
            }
        }
        if items.is_empty() {
            return;
        }
        let list = BlockKind::List {
            ordered: false,
            start: 1,
            items,
        };
        self.put(markdown::block(list, line), flow);
    }

    /// Reads an extension of the new editor: a panel is a note. Its fallback holds the same text once more.
    fn extension(&mut self, id: NodeId, flow: &mut Flow) {
        let tree = self.tree;
        let Some(node) = self.child(id, "ac:adf-node") else {
            return self.flow(id, flow);
        };
        let kind = tree.children(node).iter().find(|child| {
            tree.element(**child)
                .is_some_and(|element| element.name == "ac:adf-attribute" && element.get("key") == Some("panel-type"))
        });
        let kind = kind.map(|kind| tree.text(*kind, |_| false));
        let body = self.child(node, "ac:adf-content").unwrap_or(node);
        match kind.as_deref().and_then(|kind| label_of_kind(kind.trim())) {
            Some(kind) => {
                let blocks = self.nested(body);
                for block in labelled(&label(kind, ""), blocks, tree.line(id)) {
                    self.put(block, flow);
                }
            }
            None => self.flow(body, flow),
        }
    }
}
