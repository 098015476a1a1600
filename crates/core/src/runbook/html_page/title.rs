//! Title and address of a page.

use super::super::{FrontMatter, PageOrigin};
use super::content::is_no_text;
use super::tree::{Element, ElementTree, NodeId};

/// Returns the title above the content, of a page whose content has none.
pub(super) fn outside(tree: &ElementTree, root: NodeId) -> Option<String> {
    let is_title = |element: &Element| element.name == "h1" && !is_no_text(element);
    let titles: Vec<NodeId> = tree
        .below(ElementTree::ROOT)
        .filter(|id| tree.element(*id).is_some_and(is_title))
        .filter(|id| !is_inside(tree, *id, root))
        .collect();
    let confluence = titles.iter().find(|id| {
        let is_heading = |element: &Element| element.get("id") == Some("title-heading");
        tree.element(**id).is_some_and(is_heading)
    });
    if let Some(title) = confluence {
        let title = line_of(tree, *title);
        // A space export writes "Name of the space : Title of the page".
        return Some(
            title
                .split_once(" : ")
                .map_or(title.clone(), |(_, title)| title.to_owned()),
        );
    }
    let has_own = tree.find(root, is_title).is_some();
    let title = titles.first().filter(|_| !has_own)?;
    Some(line_of(tree, *title)).filter(|title| !title.is_empty())
}

fn is_inside(tree: &ElementTree, id: NodeId, root: NodeId) -> bool {
    let mut at = id;
    while at != root && at != ElementTree::ROOT {
        at = tree.nodes[at].parent;
    }
    at == root
}

/// Returns the title in the page's head, without the name of the site, or that of a page without headings of its own.
pub(super) fn of_head(tree: &ElementTree) -> Option<String> {
    let head = tree.find(ElementTree::ROOT, |element| element.name == "title");
    let block = || {
        tree.find(ElementTree::ROOT, |element| {
            element.name == "p" && element.has_class("title")
        })
    };
    let title = line_of(tree, head.or_else(block)?);
    let site = [" | ", " — ", " – ", " :: ", " · "]
        .iter()
        .find_map(|mark| title.split_once(mark));
    let title = site.map_or(title.as_str(), |(page, _)| page);
    Some(title.trim_end_matches('¶').trim().to_owned()).filter(|title| !title.is_empty())
}

/// Returns the address at which the page says it is published.
pub(super) fn address(tree: &ElementTree) -> Option<String> {
    let canonical = tree.find(ElementTree::ROOT, |element| {
        element.name == "link" && element.get("rel") == Some("canonical")
    });
    let address = tree.element(canonical?)?.get("href")?.trim();
    (address.starts_with("https://") || address.starts_with("http://")).then(|| address.to_owned())
}

fn line_of(tree: &ElementTree, id: NodeId) -> String {
    let text = tree.text(id, |element| {
        is_no_text(element)
            || element
                .classes()
                .any(|class| matches!(class, "headerlink" | "permalink" | "anchor"))
    });
    let text: Vec<&str> = text.split_whitespace().collect();
    text.join(" ").trim_end_matches(['¶', '#']).trim_end().to_owned()
}

/// Returns what the head of a page fetched from a wiki says of it: the title as it is, labels, place and time.
pub(super) fn of_wiki(tree: &ElementTree) -> Option<(String, FrontMatter)> {
    let metas = tree.below(ElementTree::ROOT).filter_map(|id| tree.element(id));
    let metas: Vec<(&str, &str)> = metas
        .filter(|element| element.name == "meta")
        .filter_map(|element| Some((element.get("name")?, element.get("content")?)))
        .collect();
    let get = |name: &str| {
        metas
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, content)| *content)
    };
    let title = get("signpost-title")?.to_owned();
    let origin = get("signpost-place").zip(get("signpost-changed").and_then(|at| at.parse().ok()));
    let labels = get("keywords").unwrap_or_default().split(',').map(str::trim);
    let front = FrontMatter {
        tags: labels.filter(|label| !label.is_empty()).map(str::to_owned).collect(),
        origin: origin.map(|(place, changed)| PageOrigin {
            place: place.to_owned(),
            changed,
        }),
        ..FrontMatter::default()
    };
    Some((title, front))
}
