//! References: to ids of the same document, to other pages, to pages of an Antora component.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::part::DocumentPart;
use super::super::text::walk_inlines_mut;
use super::super::{BlockKind, Inline, Target, plain};
use super::{State, block};

/// The place of a document among the others.
#[derive(Debug, Default)]
pub(super) struct ModulePlace {
    /// Folders between the document and the `modules` folder of its Antora component; `None` outside of one.
    above_modules: Option<usize>,
    /// The document's module.
    module: String,
    /// True for a modular document, whose ids are shared by the documents that one page is put together from.
    is_module: bool,
}

impl ModulePlace {
    /// Finds the place of a document by its path, and by the marks of a module in its text.
    pub(super) fn new(path: &str, text: &str) -> ModulePlace {
        let folders: Vec<&str> = path.split('/').collect();
        let modules = folders.windows(3).rposition(|names| {
            names[0] == "modules" && matches!(names[2], "pages" | "partials" | "examples" | "attachments")
        });
        let head = text.get(..text.len().min(4_000)).unwrap_or(text);
        ModulePlace {
            above_modules: modules.map(|at| folders.len() - at - 2),
            module: modules
                .and_then(|at| folders.get(at + 1))
                .map_or(String::new(), |name| (*name).to_owned()),
            is_module: head.contains("content-type: ") || head.contains("{context}"),
        }
    }

    /// The address of a target, relative to the document: `#id` or `page.adoc#id`. `None` for a page of another
    /// component, whose place nothing tells.
    pub(super) fn of(&self, target: &str) -> Option<String> {
        let target = target.trim();
        if target.is_empty() {
            return None;
        }
        if let Some(id) = target.strip_prefix('#') {
            return Some(format!("#{}", fixed_id(id)));
        }
        let (page, id) = target.split_once('#').map_or((target, ""), |(page, id)| (page, id));
        let has_page = target.contains('#') || page.contains(".adoc");
        if !has_page {
            return Some(format!("#{}", fixed_id(page)));
        }
        if page.contains('{') {
            return None;
        }
        let mut page = self.path_of(page)?;
        let is_file = page.rsplit('/').next().is_some_and(|name| name.contains('.'));
        if !is_file {
            page.push_str(".adoc");
        }
        if !id.is_empty() {
            page.push('#');
            page.push_str(&fixed_id(id));
        }
        Some(page)
    }

    /// The path of `[version@][component:][module:][family$]path`.
    fn path_of(&self, page: &str) -> Option<String> {
        let page = page.rsplit_once('@').map_or(page, |(_, page)| page);
        let parts: Vec<&str> = page.split(':').collect();
        let (module, path) = match parts.as_slice() {
            [path] => (self.module.as_str(), *path),
            [module, path] => (*module, *path),
            _ => return None,
        };
        let path = path.rsplit_once('$').map_or(path, |(_, path)| path);
        match self.above_modules {
            Some(above) if !path.starts_with('.') => Some(format!("{}{module}/pages/{path}", "../".repeat(above))),
            None if parts.len() > 1 => None,
            _ => Some(path.to_owned()),
        }
    }
}

/// An id without the attributes that only the page around it sets: `disk-full_{context}`.
pub(super) fn fixed_id(id: &str) -> Cow<'_, str> {
    let id = id.trim();
    if !id.contains('{') {
        return Cow::Borrowed(id);
    }
    let mut out = String::with_capacity(id.len());
    let mut rest = id;
    while let Some(at) = rest.find('{') {
        let Some(end) = rest[at..].find('}') else { break };
        out.push_str(rest[..at].trim_end_matches(['_', '-']));
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Gives links to headings of the document the text of the heading where they have none, and leads those to ids of
/// other modules there.
pub(super) fn complete(parts: &mut [DocumentPart], title: Option<(&str, u32)>, state: &State<'_>) {
    let headings: Vec<(u32, String)> = parts
        .iter()
        .filter_map(|part| match part {
            DocumentPart::Heading(_, inlines, line) => Some((*line, plain(inlines).trim().to_owned())),
            DocumentPart::Anchor(_) | DocumentPart::Block(_) => None,
        })
        .collect();
    let title = title.map(|(text, line)| (line, text.to_owned()));
    let headings: Vec<(u32, String)> = title.into_iter().chain(headings).collect();
    let mut known: HashMap<String, &str> = HashMap::new();
    for (line, id) in &state.anchors {
        let below = headings.partition_point(|(start, _)| start <= line);
        let heading = below.checked_sub(1).and_then(|at| headings.get(at));
        // An id of a block in the section is not the section.
        let text = heading.filter(|(start, _)| start == line);
        known
            .entry(squash(id))
            .or_insert_with(|| text.map_or("", |(_, text)| text.as_str()));
    }
    for (_, text) in &headings {
        known.entry(squash(text)).or_insert(text);
    }
    let mut change = |inline: &mut Inline, _: u32| {
        let Inline::Link {
            target: Target::Relative(address),
            label,
        } = inline
        else {
            return;
        };
        let Some(id) = address.strip_prefix('#') else { return };
        match known.get(&squash(id)) {
            Some(heading) if !heading.is_empty() && matches!(label.as_slice(), [Inline::Text(text)] if text == id) => {
                *label = vec![Inline::Text((*heading).to_owned())];
            }
            // The modules of a page are files named like their ids.
            None if state.place.is_module && id != "top" && !id.contains(' ') => *address = format!("{id}.adoc"),
            Some(_) | None => {}
        }
    };
    for part in parts {
        if let DocumentPart::Block(block) = part {
            walk_inlines_mut(std::slice::from_mut(block), &mut change);
        }
    }
}

/// Leads from a heading without text to the one on the line below it: several names can share one text.
pub(super) fn join_headings(parts: Vec<DocumentPart>) -> Vec<DocumentPart> {
    let mut out: Vec<DocumentPart> = Vec::with_capacity(parts.len());
    for part in parts {
        if let (Some(DocumentPart::Heading(level, _, line)), DocumentPart::Heading(below, text, next)) =
            (out.last(), &part)
            && level == below
            && line + 1 == *next
        {
            let heading = plain(text).trim().to_owned();
            let link = Inline::Link {
                target: Target::Relative(format!("#{heading}")),
                label: vec![Inline::Text(heading)],
            };
            let (kind, line) = (BlockKind::Paragraph(vec![link]), *line);
            out.push(DocumentPart::Block(block(kind, line)));
        }
        out.push(part);
    }
    out
}

fn squash(id: &str) -> String {
    let letters = id.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_leads_to_an_id_a_file_or_a_page_of_a_module() {
        let plain = ModulePlace::new("team/disk.adoc", "");
        let of = |target: &str| plain.of(target);
        assert_eq!(of("full"), Some("#full".to_owned()));
        assert_eq!(of("#full_{context}"), Some("#full".to_owned()));
        assert_eq!(of("other.adoc#x"), Some("other.adoc#x".to_owned()));
        assert_eq!(of("other#x"), Some("other.adoc#x".to_owned()));
        assert_eq!(of("module:other.adoc"), None);
        let antora = ModulePlace::new("docs/modules/ops/pages/a/b.adoc", "");
        let of = |target: &str| antora.of(target);
        assert_eq!(of("c/d.adoc"), Some("../../../ops/pages/c/d.adoc".to_owned()));
        assert_eq!(of("1.2@net:c.adoc#x"), Some("../../../net/pages/c.adoc#x".to_owned()));
        assert_eq!(of("./c.adoc"), Some("./c.adoc".to_owned()));
        assert_eq!(of("shop:net:c.adoc"), None);
    }
}
