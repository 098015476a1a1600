//! Attributes and files that the documents of a collection share. Whoever reads the folder gathers them; they reach
//! the reader as data under [`SHARED`].

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::{Format, frontmatter};
use super::attributes::{Attributes, pairs};
use super::lines;
use super::preprocess;

/// Key of what AsciiDoc documents share. No file of `_data` can have this name.
pub const SHARED: &str = "asciidoc/shared";

/// Folders that hold pieces rather than documents; what lies there belongs to the folder around them.
const PIECES: [&str; 18] = [
    "_attributes",
    "_common",
    "_include",
    "_includes",
    "_partials",
    "_shared",
    "_snippets",
    "attributes",
    "common",
    "includes",
    "modules",
    "pages",
    "partials",
    "ROOT",
    "shared",
    "snippets",
    "topics",
    "variables",
];

/// True for a file that sets attributes for other documents: `antora.yml`, `common-attributes.adoc`.
pub fn sets_attributes(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let is_asciidoc = [".adoc", ".asciidoc", ".asc"]
        .iter()
        .any(|ending| name.ends_with(ending));
    matches!(name.as_str(), "antora.yml" | "antora.yaml" | "antora-playbook.yml")
        || is_asciidoc && (name.contains("attributes") || name.contains("variables"))
}

/// A file that a document includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncludedFile {
    /// Path as it is written.
    pub target: String,
    /// True when only a part of the file is included.
    pub is_part: bool,
}

/// Returns the files that a text includes, in order.
pub fn included(text: &str) -> Vec<IncludedFile> {
    let directives = text.lines().filter(|line| line.starts_with("include::"));
    let found = directives.filter_map(|line| {
        let (_, target, inner) = lines::block_macro(line.trim_end())?;
        let parts = ["tag", "tags", "lines"];
        let names = pairs(inner);
        Some(IncludedFile {
            target: target.to_owned(),
            is_part: names
                .iter()
                .any(|(name, _)| name.as_deref().is_some_and(|name| parts.contains(&name))),
        })
    });
    found.collect()
}

/// The title of a text that is a document of its own.
pub fn title(text: &str) -> Option<&str> {
    let mut lines = text.lines().take(200).map(str::trim_end);
    let first = lines.find(|line| {
        let is_head = line.is_empty()
            || lines::is_comment(line)
            || lines::attribute_entry(line).is_some()
            || lines::block_attributes(line).is_some()
            || line.starts_with("include::")
            || line.starts_with("if")
            || line.starts_with("endif");
        !is_head
    })?;
    lines::heading(first)
        .filter(|(level, _)| *level == 1)
        .map(|(_, title)| title)
}

/// Returns the paths that the target of an include may mean, the likeliest first.
pub fn candidates(path: &str, target: &str) -> Vec<String> {
    let mut out = Vec::new();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let target = target.trim();
    if let Some((place, file)) = target.rsplit_once('$') {
        let (module, family) = place
            .rsplit_once(':')
            .map_or((None, place), |(module, family)| (Some(module), family));
        let family = match family {
            "partial" => "partials",
            "example" => "examples",
            "page" => "pages",
            "attachment" => "attachments",
            other => other,
        };
        if let Some((root, own)) = module_of(path) {
            let module = module.and_then(|module| module.rsplit(':').next()).unwrap_or(own);
            out.extend(joined(&format!("{root}modules/{module}/{family}"), file));
        }
        return out;
    }
    if let Some((module, file)) = target.rsplit_once(':').filter(|(module, _)| !module.contains('/')) {
        if let Some((root, _)) = module_of(path) {
            out.extend(joined(&format!("{root}modules/{module}/pages"), file));
        }
        return out;
    }
    out.extend(joined(folder, target));
    out
}

/// The folder of the Antora component that holds a document, with its slash, and the document's module.
fn module_of(path: &str) -> Option<(&str, &str)> {
    let at = path
        .rfind("/modules/")
        .map(|at| at + 1)
        .or_else(|| path.starts_with("modules/").then_some(0))?;
    let rest = path.get(at + "modules/".len()..)?;
    Some((path.get(..at)?, rest.split('/').next()?))
}

/// A path below a folder, without `.` and `..`; `None` for one outside of the runbook folder.
fn joined(folder: &str, path: &str) -> Option<String> {
    let start = if path.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The end of a path that a target names when it begins with an attribute or with a folder that is a link.
pub fn ending(target: &str) -> Option<&str> {
    let known = target.rsplit_once('}').map_or(target, |(_, known)| known);
    let known = known.trim_start_matches(['.', '/']);
    let is_path = known.len() < target.len() || known.contains('/');
    (is_path && !known.is_empty() && !target.contains(['$', ':'])).then_some(known)
}

/// Returns the one of several paths that is nearest to a document and ends with `ending`.
pub fn nearest<'p>(path: &str, ending: &str, paths: impl Iterator<Item = &'p str>) -> Option<&'p str> {
    let fits = |other: &&str| {
        let head = other.strip_suffix(ending);
        head.is_some_and(|head| head.is_empty() || head.ends_with('/'))
    };
    let shared = |other: &&str| {
        let same = path
            .split('/')
            .zip(other.split('/'))
            .take_while(|(one, other)| one == other);
        (same.count(), std::cmp::Reverse(other.len()))
    };
    paths.filter(fits).max_by_key(shared)
}

/// A path as seen from a document.
pub(super) fn relative(from: &str, to: &str) -> Option<String> {
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = to.split('/').collect();
    let same = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let same = same.min(from.len() - 1).min(to.len() - 1);
    let up = std::iter::repeat_n("..", from.len() - 1 - same);
    let path: Vec<&str> = up.chain(to.get(same..)?.iter().copied()).collect();
    Some(path.join("/"))
}

/// Gathers what documents share: the texts of the files that set attributes, and the files that documents include, each
/// with its title or its text. Returns nothing when there is neither.
pub fn shared(attributes: &[(String, String)], files: Vec<(String, Option<String>, Option<String>)>) -> Option<Value> {
    let sets: Vec<Value> = attributes
        .iter()
        .filter_map(|(path, text)| set_of(path, text))
        .collect();
    if sets.is_empty() && files.is_empty() {
        return None;
    }
    let entry = |(path, title, text): (String, Option<String>, Option<String>)| {
        let mut entry = Map::new();
        entry.extend(title.map(|title| ("title".to_owned(), Value::String(title))));
        entry.extend(text.map(|text| ("text".to_owned(), Value::String(text))));
        (path, Value::Object(entry))
    };
    let files: Map<String, Value> = files.into_iter().map(entry).collect();
    Some(json!({"attributes": sets, "files": files}))
}

/// The attributes that a file sets, with the folder that they hold in.
fn set_of(path: &str, text: &str) -> Option<Value> {
    let mut attributes = Attributes::default();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_yaml = Format::of_path(path) == Some(Format::Yaml);
    if is_yaml {
        let value = frontmatter::data(text).ok()?;
        for (name, value) in value.get("asciidoc")?.get("attributes")?.as_object()? {
            let text = match value {
                Value::String(text) => text.strip_suffix('@').unwrap_or(text).to_owned(),
                Value::Number(number) => number.to_string(),
                Value::Bool(true) => String::new(),
                _ => continue,
            };
            attributes.set(&name.to_lowercase(), Some(&text));
        }
    } else {
        let (lines, _) = preprocess::lines(path, text, &Attributes::default(), SharedFiles::default());
        let mut lines = lines.iter().map(|line| line.text.as_ref());
        while let Some(line) = lines.next() {
            let Some((name, value)) = lines::attribute_entry(line) else {
                continue;
            };
            let mut whole = value.unwrap_or_default().to_owned();
            while let Some(head) = whole.strip_suffix('\\') {
                let head = head.trim_end().trim_end_matches(" +");
                whole = format!("{head} {}", lines.next().unwrap_or_default().trim());
            }
            attributes.set(&name, value.map(|_| whole.as_str()));
        }
    }
    let scope = if is_yaml { folder } else { scope(folder) };
    let set: Map<String, Value> = attributes
        .own()
        .map(|(name, value)| (name.to_owned(), Value::String(value.to_owned())))
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .collect();
    (!set.is_empty()).then(|| json!({"scope": scope, "folder": folder, "set": set}))
}

/// The folder whose documents a file with attributes is meant for.
fn scope(folder: &str) -> &str {
    let mut scope = folder;
    while let Some(name) = scope.rsplit('/').next().filter(|name| PIECES.contains(name)) {
        scope = scope
            .get(..scope.len() - name.len())
            .unwrap_or_default()
            .trim_end_matches('/');
    }
    scope
}

/// The files that documents include, by path.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SharedFiles<'d> {
    files: Option<&'d Map<String, Value>>,
}

/// A file that documents include.
#[derive(Debug)]
pub(super) struct SharedFile<'d> {
    /// Title of a document of its own.
    pub(super) title: Option<&'d str>,
    /// The text, where it is needed.
    pub(super) text: Option<&'d str>,
}

impl<'d> SharedFiles<'d> {
    /// The files among the shared data.
    pub(super) fn of(shared: &'d Value) -> SharedFiles<'d> {
        SharedFiles {
            files: shared.get("files").and_then(Value::as_object),
        }
    }

    /// The file that a target means in a document.
    pub(super) fn find(self, path: &str, target: &str) -> Option<(&'d str, SharedFile<'d>)> {
        let files = self.files?;
        let exact = candidates(path, target);
        let mut exact = exact.iter().filter_map(|path| files.get_key_value(path.as_str()));
        let (path, value) = exact.next().or_else(|| {
            let found = nearest(path, ending(target)?, files.keys().map(String::as_str))?;
            files.get_key_value(found)
        })?;
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let file = SharedFile {
            title: text("title"),
            text: text("text"),
        };
        Some((path.as_str(), file))
    }
}

/// The attributes that hold for a document; those of the nearest file last.
pub(super) fn attributes_for<'d>(path: &str, shared: &'d Value) -> Vec<&'d Map<String, Value>> {
    let sets = shared.get("attributes").and_then(Value::as_array).into_iter().flatten();
    let text = |set: &'d Value, key: &str| set.get(key).and_then(Value::as_str).unwrap_or_default();
    let below = |folder: &str| folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let mut found: Vec<_> = sets
        .filter(|set| below(text(set, "scope")))
        .filter_map(|set| {
            let folder = text(set, "folder");
            let same = path
                .split('/')
                .zip(folder.split('/'))
                .take_while(|(one, other)| one == other);
            Some(((text(set, "scope").len(), same.count()), set.get("set")?.as_object()?))
        })
        .collect();
    found.sort_by_key(|(nearness, _)| *nearness);
    found.into_iter().map(|(_, set)| set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_hold_below_the_folder_that_they_are_meant_for() {
        let files = [
            (
                "docs/antora.yml",
                "name: x\nasciidoc:\n  attributes:\n    tool: depot@\n    port: 8080\n",
            ),
            (
                "docs/modules/ROOT/partials/attributes.adoc",
                ":name: {other} x\n:tool: crane\n:long: a \\\n b\n",
            ),
            ("else/_attributes/common-attributes.adoc", ":tool: else\n"),
            ("plain/notes.adoc", "no attributes"),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let data = shared(&files, Vec::new()).unwrap();
        let of = |path: &str, name: &str| {
            let sets = attributes_for(path, &data);
            sets.iter()
                .rev()
                .find_map(|set| set.get(name)?.as_str())
                .map(str::to_owned)
        };
        let page = "docs/modules/ROOT/pages/a.adoc";
        assert_eq!(of(page, "tool"), Some("crane".to_owned()));
        assert_eq!(of(page, "port"), Some("8080".to_owned()));
        assert_eq!(of(page, "long"), Some("a b".to_owned()));
        assert_eq!(of("docs/modules/ops/pages/b.adoc", "tool"), Some("crane".to_owned()));
        assert_eq!(of("else/a/b.adoc", "tool"), Some("else".to_owned()));
        assert_eq!(of("third/b.adoc", "tool"), None);
        assert!(sets_attributes("a/_attributes.adoc") && sets_attributes("antora.yml") && !sets_attributes("a.adoc"));
    }

    #[test]
    fn a_target_is_found_by_its_path_or_by_its_ending() {
        assert_eq!(candidates("a/b.adoc", "../c/d.adoc"), ["c/d.adoc"]);
        assert_eq!(candidates("a/b.adoc", "../../d.adoc"), [""; 0]);
        assert_eq!(
            candidates("x/modules/ops/pages/a/b.adoc", "partial$c/d.adoc"),
            ["x/modules/ops/partials/c/d.adoc"]
        );
        assert_eq!(
            candidates("modules/ops/pages/b.adoc", "net:partial$d.adoc"),
            ["modules/net/partials/d.adoc"]
        );
        assert_eq!(ending("{parts}/a.adoc"), Some("a.adoc"));
        assert_eq!(ending("modules/a.adoc"), Some("modules/a.adoc"));
        assert_eq!(ending("a.adoc"), None);
        let paths = ["one/modules/a.adoc", "two/modules/a.adoc", "two/a.adoc"];
        let found = nearest("two/book/main.adoc", "modules/a.adoc", paths.into_iter());
        assert_eq!(found, Some("two/modules/a.adoc"));
        assert_eq!(relative("a/b/c.adoc", "a/d/e.adoc"), Some("../d/e.adoc".to_owned()));
    }

    #[test]
    fn a_document_of_its_own_has_a_title() {
        assert_eq!(title("// x\n:a: b\n[id=\"x\"]\n= Title\n\ntext"), Some("Title"));
        assert_eq!(title(". step\n\n= late"), None);
        assert_eq!(title("== Part"), None);
    }
}
