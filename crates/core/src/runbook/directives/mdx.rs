//! MDX: imports, exports, comments and components in Markdown. <https://mdxjs.com/docs/what-is-mdx/>

use std::collections::HashSet;

use super::super::admonition::{label, label_of_kind};

/// Most lines of a tag, an import or an export.
const MOST_LINES: usize = 60;

/// Longest tag on one line, in bytes. Bounded, so that a line of many `<` is not read again for each of them.
const LONGEST_TAG: usize = 500;

/// The components of a document.
#[derive(Debug, Default)]
pub(super) struct Components {
    is_mdx: bool,
    /// Names that the document imports, or that have an end tag.
    names: HashSet<String>,
    /// Line up to which everything belongs to a tag, an import or an export that began before.
    left_out_until: usize,
}

impl Components {
    /// Finds the components of a document.
    pub(super) fn of(lines: &[&str], path: &str) -> Components {
        let is_mdx = path
            .rsplit('.')
            .next()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("mdx"));
        let mut names = HashSet::new();
        for line in lines {
            if line.starts_with("import ") && is_import(line) {
                let (what, _) = line.split_once(" from ").unwrap_or_default();
                let words = what.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                names.extend(words.filter(|word| is_component(word)).map(str::to_owned));
            }
            for (at, _) in line.match_indices("</") {
                let name = name_at(line.get(at + 2..).unwrap_or_default());
                if is_component(name)
                    && line
                        .get(at + 2 + name.len()..)
                        .is_some_and(|rest| rest.starts_with('>'))
                {
                    names.insert(name.to_owned());
                }
            }
        }
        Components {
            is_mdx,
            names,
            left_out_until: 0,
        }
    }

    /// Removes what MDX adds from a line. `lines` are those of the source.
    pub(super) fn line(&mut self, lines: &[&str], at: usize, line: String) -> String {
        if at < self.left_out_until {
            return String::new();
        }
        if line.starts_with("import ") || line.starts_with("export ") {
            let end = statement_end(lines, at, self.is_mdx);
            if let Some(end) = end {
                self.left_out_until = end;
                return String::new();
            }
        }
        if self.is_mdx && line.trim_start().starts_with("{/*") {
            let end = lines
                .iter()
                .skip(at)
                .take(MOST_LINES)
                .position(|line| line.contains("*/}"));
            if let Some(end) = end {
                self.left_out_until = at + end + 1;
                return String::new();
            }
        }
        if !line.contains('<') {
            return line;
        }
        self.tags(lines, at, &line)
    }

    /// Replaces the tags of components; code stays as it is.
    fn tags(&mut self, lines: &[&str], at: usize, line: &str) -> String {
        let mut out = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(next) = rest.find(['<', '`']) {
            out.push_str(rest.get(..next).unwrap_or_default());
            rest = rest.get(next..).unwrap_or_default();
            if rest.starts_with('`') {
                let run = rest.bytes().take_while(|c| *c == b'`').count();
                let marks = rest.get(..run).unwrap_or_default();
                let end = rest.get(run..).and_then(|inner| inner.find(marks));
                // Without an end, the rest of the line holds no code.
                let end = end.map_or(run, |end| run + end + run);
                out.push_str(rest.get(..end).unwrap_or_default());
                rest = rest.get(end..).unwrap_or_default();
                continue;
            }
            let is_end = rest.starts_with("</");
            let inner = rest.get(1 + usize::from(is_end)..).unwrap_or_default();
            let name = name_at(inner);
            let end = inner.bytes().take(LONGEST_TAG).position(|c| c == b'>');
            let is_closed = |end: usize| inner.get(..end).is_some_and(|tag| tag.ends_with('/'));
            let is_known = is_component(name)
                && (self.is_mdx || self.names.contains(name) || end.is_some_and(is_closed))
                && inner
                    .get(name.len()..)
                    .is_none_or(|rest| rest.is_empty() || rest.starts_with([' ', '/', '>', '.', '\t']));
            if !is_known {
                out.push('<');
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let Some(end) = end else {
                // The tag goes on below.
                let ends = lines
                    .iter()
                    .skip(at + 1)
                    .take(MOST_LINES)
                    .position(|line| line.trim_end().ends_with('>'));
                if let Some(ends) = ends {
                    self.left_out_until = at + 1 + ends + 1;
                    let attributes = lines.get(at + 1..self.left_out_until).unwrap_or_default();
                    let attributes: Vec<&str> = attributes.iter().map(|line| line.trim()).collect();
                    out.push_str(&shown(name, &attributes.join(" ")));
                    return out;
                }
                out.push('<');
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            if !is_end {
                out.push_str(&shown(name, inner.get(name.len()..end).unwrap_or_default()));
            }
            rest = inner.get(end + 1..).unwrap_or_default();
        }
        out.push_str(rest);
        if out.trim().is_empty() { String::new() } else { out }
    }
}

/// The text that a component shows by itself: the title of a tab, the label of a note.
fn shown(name: &str, attributes: &str) -> String {
    let value = |key: &str| {
        let (_, rest) = attributes.split_once(key)?;
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest.get(1..)?.split(quote).next()
    };
    let title = value("title=")
        .or_else(|| value("label="))
        .or_else(|| value("summary="))
        .unwrap_or_default();
    let kind = value("type=")
        .and_then(label_of_kind)
        .or_else(|| label_of_kind(name))
        .unwrap_or_default();
    match (kind, title) {
        ("", "") => String::new(),
        (kind, title) => format!("**{}** ", label(kind, title)),
    }
}

fn is_component(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().any(|c| c.is_ascii_lowercase())
}

fn name_at(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

fn is_import(line: &str) -> bool {
    let bare = line.trim_end().trim_end_matches(';');
    bare.ends_with(['"', '\''])
        && (line.contains(" from ") || line.starts_with("import \"") || line.starts_with("import '"))
}

/// Index after the last line of an import or export that begins here; `None` for a sentence.
fn statement_end(lines: &[&str], at: usize, is_mdx: bool) -> Option<usize> {
    let first = lines.get(at)?;
    if is_import(first) {
        return Some(at + 1);
    }
    let opens = first.trim_end().ends_with(['{', '(', '[', '`']);
    if first.starts_with("import {") && opens {
        let end = lines
            .iter()
            .skip(at)
            .take(MOST_LINES)
            .position(|line| is_import(line) || line.contains("} from "));
        return end.map(|end| at + end + 1);
    }
    let is_export = [
        "export const ",
        "export default ",
        "export function ",
        "export let ",
        "export {",
    ]
    .iter()
    .any(|start| first.starts_with(start));
    if !is_export || !is_mdx && !first.contains(['=', '{', '(']) {
        return None;
    }
    let end = lines
        .iter()
        .skip(at)
        .take(MOST_LINES)
        .position(|line| line.trim().is_empty());
    Some(end.map_or(at + 1, |end| at + end))
}
