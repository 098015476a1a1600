//! The content of a page: the element that holds its text, and what in it is furniture (navigation, breadcrumbs, tables
//! of contents, comments).

use std::collections::HashSet;

use super::names::{CONTENT, FURNITURE, FURNITURE_ROLES, NO_TEXT, USUAL};
use super::tree::{Element, ElementTree, NodeId, NodeKind, heading_level, is_block};

/// Letters of a subtree.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weight {
    /// Letters that are read.
    pub(super) all: usize,
    /// Letters of links among them.
    pub(super) links: usize,
    /// Number of links.
    pub(super) link_count: usize,
    /// True when a block is below the node.
    pub(super) has_block: bool,
    /// True when code or a table is below the node, or the node is one.
    pub(super) has_record: bool,
}

impl Weight {
    pub(super) fn own(self) -> usize {
        self.all.saturating_sub(self.links)
    }
}

/// The content of a page.
#[derive(Debug)]
pub(super) struct Content {
    /// The element that holds the text.
    pub(super) root: NodeId,
    /// Letters of each node's subtree.
    pub(super) weights: Vec<Weight>,
    /// Elements that are left out.
    left_out: HashSet<NodeId>,
    /// True when nothing says where the content is: it was found by its weight.
    is_guessed: bool,
}

impl Content {
    pub(super) fn weight(&self, id: NodeId) -> Weight {
        self.weights.get(id).copied().unwrap_or_default()
    }

    /// Leaves out an element that is read already.
    pub(super) fn leave_out(&mut self, id: Option<NodeId>) {
        self.left_out.extend(id);
    }

    /// Ids of the elements that are no part of the content.
    pub(super) fn outer_ids(&self, tree: &ElementTree) -> HashSet<String> {
        // Children come after their parents, so that each parent is judged before them.
        let mut is_inside = vec![false; tree.nodes.len()];
        let mut out = HashSet::new();
        for (id, node) in tree.nodes.iter().enumerate() {
            let around = is_inside.get(node.parent).copied().unwrap_or(false);
            let is_in = (around || id == self.root) && !self.is_left_out(id);
            if let Some(inside) = is_inside.get_mut(id) {
                *inside = is_in;
            }
            if !is_in && let NodeKind::Element(element) = &node.kind {
                out.extend(element.get("id").map(str::to_owned));
            }
        }
        out
    }

    pub(super) fn is_left_out(&self, id: NodeId) -> bool {
        self.left_out.contains(&id)
    }
}

/// Returns true for an element whose text nobody reads.
pub(super) fn is_no_text(element: &Element) -> bool {
    element.is(&NO_TEXT) || element.get("aria-hidden") == Some("true")
}

/// The words of an element's id and classes, in lower case.
fn words(element: &Element) -> impl Iterator<Item = String> {
    let id = element.get("id").map(str::to_ascii_lowercase);
    id.into_iter().chain(element.classes().map(str::to_ascii_lowercase))
}

fn is_furniture(element: &Element) -> bool {
    if element.get("role").is_some_and(|role| FURNITURE_ROLES.contains(&role)) {
        return true;
    }
    if element.is(&["html", "body", "main", "article", "pre", "code"]) {
        return false;
    }
    let is_known = |word: &str| FURNITURE.contains(&word.to_ascii_lowercase().as_str());
    // The id of a heading or a section is made of its title, which may be "Navigation" or "Comments".
    let names_itself =
        element.is(&["div", "ul", "ol", "p", "aside", "header", "table", "form"]) && !element.has_class("section");
    element.classes().any(is_known) && heading_level(&element.name).is_none()
        || names_itself && element.get("id").is_some_and(is_known)
}

/// Finds the content of a page.
pub(super) fn find(tree: &ElementTree) -> Content {
    let body = tree.find(ElementTree::ROOT, |element| element.name == "body");
    let body = body.unwrap_or(ElementTree::ROOT);
    let mut content = Content {
        root: body,
        weights: weigh(tree),
        left_out: HashSet::new(),
        is_guessed: false,
    };
    let by_name = by_name(tree, &content, body);
    content.is_guessed = by_name.is_none();
    content.root = by_name.unwrap_or_else(|| heaviest(tree, &content, body));
    leave_out(tree, &mut content);
    content
}

/// Weighs every subtree. Children come after their parents, so that one pass from the end is enough.
fn weigh(tree: &ElementTree) -> Vec<Weight> {
    let mut weights = vec![Weight::default(); tree.nodes.len()];
    for (id, node) in tree.nodes.iter().enumerate().rev() {
        let own = &mut weights[id];
        match &node.kind {
            NodeKind::Text(text) => own.all = text.chars().filter(|c| !c.is_whitespace()).count(),
            NodeKind::Element(element) if is_no_text(element) || is_furniture(element) => {
                *own = Weight {
                    has_block: own.has_block,
                    ..Weight::default()
                };
            }
            NodeKind::Element(element) if element.name == "a" && element.get("href").is_some() => {
                own.links = own.all;
                own.link_count = 1;
            }
            NodeKind::Element(element) => {
                own.has_record |= element.is(&["pre", "td", "dd", "ac:plain-text-body"]);
            }
        }
        let own = weights[id];
        let is_block = matches!(&node.kind, NodeKind::Element(element) if sets_apart(element));
        if id != ElementTree::ROOT
            && let Some(parent) = weights.get_mut(node.parent)
        {
            parent.all += own.all;
            parent.links += own.links;
            parent.link_count += own.link_count;
            parent.has_block |= own.has_block || is_block;
            parent.has_record |= own.has_record;
        }
    }
    weights
}

/// Macros of Confluence that stand in a line of text.
const INLINE_MACROS: [&str; 5] = ["anchor", "status", "jira", "view-file", "emoji"];

/// Returns true for elements that end the text before them.
pub(super) fn sets_apart(element: &Element) -> bool {
    if element.get("ac:name").is_some_and(|name| INLINE_MACROS.contains(&name)) {
        return false;
    }
    is_block(&element.name)
        || matches!(
            element.name.as_str(),
            "ac:structured-macro"
                | "ac:macro"
                | "ac:task-list"
                | "ac:layout"
                | "ac:layout-section"
                | "ac:layout-cell"
                | "ac:adf-extension"
                | "ac:rich-text-body"
                | "ac:plain-text-body"
        )
}

/// Finds the content by the names that pages give it.
fn by_name(tree: &ElementTree, content: &Content, body: NodeId) -> Option<NodeId> {
    let heaviest = |is: &dyn Fn(&Element) -> bool| {
        let found = tree.below(body).filter(|id| {
            tree.element(*id)
                .is_some_and(|element| is(element) && !is_furniture(element))
        });
        // The first of equals: the outer one.
        found.rev_max(|id| content.weight(*id).all)
    };
    let whole = content.weight(body).own();
    let enough = |id: &NodeId, share: usize| {
        let weight = content.weight(*id);
        weight.all > 0 && weight.own() * 100 >= whole * share
    };
    let confluence = tree.find(body, |element| {
        element.get("id") == Some("main-content") && element.has_class("wiki-content")
    });
    if let Some(found) = confluence.filter(|id| content.weight(*id).all > 0) {
        return Some(found);
    }
    let named = heaviest(&|element| {
        element.get("itemprop") == Some("articleBody") || words(element).any(|word| CONTENT.contains(&word.as_str()))
    });
    if let Some(found) = named.filter(|id| enough(id, 40)) {
        return Some(found);
    }
    let main = heaviest(&|element| element.name == "main" || element.get("role") == Some("main"));
    let main = main.filter(|id| enough(id, 30));
    let article = heaviest(&|element| element.name == "article");
    let article = article.filter(|id| {
        let around = main.map_or(whole, |main| content.weight(main).own());
        content.weight(*id).own() * 10 >= around * 6
    });
    if let Some(found) = article.or(main) {
        return Some(found);
    }
    let usual = heaviest(&|element| words(element).any(|word| USUAL.contains(&word.as_str())));
    usual.filter(|id| enough(id, 60))
}

trait LastMax: Iterator<Item = NodeId> + Sized {
    /// The first item with the greatest key.
    fn rev_max(self, key: impl Fn(&NodeId) -> usize) -> Option<NodeId> {
        self.fold(None, |best, id| match best {
            Some(best) if key(&best) >= key(&id) => Some(best),
            _ => Some(id),
        })
    }
}

impl<I: Iterator<Item = NodeId>> LastMax for I {}

/// Finds the content by where the text is: goes down as long as one element holds nearly all of it
/// and no paragraph stands beside that.
fn heaviest(tree: &ElementTree, content: &Content, body: NodeId) -> NodeId {
    let mut at = body;
    loop {
        let whole = content.weight(at).own();
        let next = tree.children(at).iter().copied().find(|child| {
            let is_container = tree.element(*child).is_some_and(|element| {
                element.is(&[
                    "html", "body", "div", "section", "center", "form", "table", "tbody", "tr", "td",
                ])
            });
            is_container && whole > 0 && content.weight(*child).own() * 10 >= whole * 9
        });
        // A paragraph beside the element belongs to the content, however short it is.
        let is_text = |child: &&NodeId| {
            let element = tree.element(**child);
            element.is_some_and(|element| element.is(&["p", "pre", "blockquote"])) && content.weight(**child).own() > 0
        };
        match next.filter(|_| !tree.children(at).iter().any(|child| is_text(&child))) {
            Some(next) => at = next,
            // A cell by itself is no table; its row and its table are transparent.
            None => return at,
        }
    }
}

/// Marks the elements of the content that are furniture.
fn leave_out(tree: &ElementTree, content: &mut Content) {
    let whole = content.weight(content.root);
    let headings: HashSet<String> = tree
        .below(content.root)
        .filter(|id| {
            tree.element(*id)
                .is_some_and(|element| heading_level(&element.name).is_some())
        })
        .map(|id| letters(&tree.text(id, |_| false)))
        .filter(|heading| !heading.is_empty())
        .collect();
    let has_text = whole.own() * 4 >= whole.all;
    let mut found = Vec::new();
    let mut open: Vec<NodeId> = tree.children(content.root).iter().rev().copied().collect();
    while let Some(id) = open.pop() {
        let Some(element) = tree.element(id) else { continue };
        let is_list = element.is(&["ul", "ol"]);
        if element.has_class("conum") {
            // The number of a callout, and its form for readers without the font: "(1)".
            let siblings = tree.children(tree.nodes[id].parent);
            let next = siblings
                .get(siblings.partition_point(|sibling| *sibling <= id))
                .copied();
            found.push(id);
            found.extend(next.filter(|next| tree.element(*next).is_some_and(|next| next.name == "b")));
            continue;
        }
        let is_sign = element.has_class("icon") && !tree.text(id, |_| false).chars().any(char::is_alphanumeric);
        let is_out = is_sign
            || is_no_text(element) && !element.name.starts_with("ac:")
            || is_furniture(element)
            || element.get("id").is_none() && is_comments(tree, element, id)
            || is_list && repeats_headings(tree, id, &headings)
            || content.is_guessed && has_text && is_menu(element, content.weight(id));
        if is_out {
            found.push(id);
        } else {
            open.extend(tree.children(id).iter().rev());
        }
    }
    content.left_out.extend(found);
}

/// Returns true for a section of readers' comments, which a heading with such an id opens.
fn is_comments(tree: &ElementTree, element: &Element, id: NodeId) -> bool {
    element.is(&["div", "section"])
        && tree.children(id).iter().take(4).any(|child| {
            tree.element(*child)
                .is_some_and(|child| heading_level(&child.name).is_some())
                && tree.below(*child).take(6).any(|below| {
                    tree.element(below)
                        .and_then(|below| below.get("id"))
                        .is_some_and(|id| matches!(id, "comments_section" | "comments" | "disqus_thread"))
                })
        })
}

/// Returns true for a list of links that repeats the page's headings: a table of contents.
fn repeats_headings(tree: &ElementTree, list: NodeId, headings: &HashSet<String>) -> bool {
    let (mut links, mut repeated, mut other) = (0_usize, 0_usize, 0_usize);
    for id in tree.below(list) {
        match &tree.nodes[id].kind {
            NodeKind::Element(element)
                if element.name == "a" && element.get("href").is_some_and(|href| href.starts_with('#')) =>
            {
                links += 1;
                let label = letters(&tree.text(id, |_| false));
                // A generator numbers the entries and not the headings, or the other way round.
                repeated += usize::from(
                    headings.contains(&label)
                        || headings.contains(label.trim_start_matches(|c: char| c.is_ascii_digit())),
                );
            }
            NodeKind::Text(text) if !text.trim().is_empty() && !is_in_link(tree, id, list) => {
                other += text.trim().len();
            }
            _ => {}
        }
    }
    links >= 2 && repeated * 10 >= links * 8 && other < links * 8
}

fn is_in_link(tree: &ElementTree, id: NodeId, until: NodeId) -> bool {
    let mut at = tree.nodes[id].parent;
    while at != until && at != ElementTree::ROOT {
        if tree.element(at).is_some_and(|element| element.name == "a") {
            return true;
        }
        at = tree.nodes[at].parent;
    }
    false
}

/// Returns true for a block of links, on a page that does not say where its content is.
fn is_menu(element: &Element, weight: Weight) -> bool {
    element.is(&["div", "ul", "ol", "p", "td", "table", "header", "center"])
        && weight.link_count >= 4
        && weight.links * 10 >= weight.all * 7
}

/// The letters and digits of a text, in lower case.
fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Returns true when a page holds nothing but links, or nothing at all: a redirect, a list of all pages.
pub(super) fn is_without_text(tree: &ElementTree, content: &Content) -> bool {
    let weight = content.weight(content.root);
    let is_redirect = || {
        let refreshes = |element: &Element| {
            element.name == "meta"
                && element
                    .get("http-equiv")
                    .is_some_and(|what| what.eq_ignore_ascii_case("refresh"))
        };
        tree.find(ElementTree::ROOT, refreshes).is_some()
    };
    match weight.own() {
        0 => true,
        own if own < 300 && is_redirect() => true,
        own => !weight.has_record && weight.link_count >= 5 && own * 8 < weight.links,
    }
}
