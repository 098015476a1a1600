//! Lines that open a note, in the ways of the generators.

use super::super::admonition::{label, label_of_kind};

/// Block that a line opens, with the label of its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// `:::note Title`, with the number of colons; true for MyST's `:::{note}`.
    Colons(usize, String, bool),
    /// `!!! note "Title"` (MkDocs): the text is indented.
    Indented(String),
    /// `> [!NOTE]` (GitHub, Obsidian).
    Alert(String),
}

/// Reads a line without its indentation.
pub(super) fn opening(bare: &str) -> Option<Opening> {
    if bare.starts_with(":::") {
        return colons(bare);
    }
    if bare.starts_with("!!!") || bare.starts_with("???") {
        return indented(bare);
    }
    if let Some(tab) = bare.strip_prefix("===") {
        // Tabs of Material for MkDocs.
        let title = quoted(tab.trim_start_matches(['!', '+']).trim())?;
        return Some(Opening::Indented(label("", title)));
    }
    if bare.starts_with('>') {
        return alert(bare);
    }
    None
}

fn colons(bare: &str) -> Option<Opening> {
    let length = bare.bytes().take_while(|c| *c == b':').count();
    let rest = bare.get(length..)?.trim();
    if let Some(rest) = rest.strip_prefix('{') {
        let (name, argument) = rest.split_once('}')?;
        if name.starts_with(['.', '#']) || name.contains('=') {
            return Some(Opening::Colons(length, attributes(name), false));
        }
        let (label, text) = directive(name, argument.trim());
        // Text on the line of the directive begins the note.
        let label = if text.is_empty() {
            label
        } else {
            format!("{label} {text}")
        };
        return Some(Opening::Colons(length, label, true));
    }
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .unwrap_or(rest.len());
    let (kind, title) = rest.split_at(end);
    if kind.is_empty() {
        return None;
    }
    let title = match title.trim_start().strip_prefix('[') {
        Some(title) => title.rsplit_once(']').map_or(title, |(title, _)| title),
        None => title.trim().split(" {").next().unwrap_or_default(),
    };
    Some(Opening::Colons(length, label_of(kind, title), false))
}

/// Label of a note of pandoc and Quarto: `{.callout-note title="…"}`.
fn attributes(attributes: &str) -> String {
    let title = attributes
        .split_once("title=")
        .and_then(|(_, rest)| quoted(rest))
        .unwrap_or_default();
    let kind = attributes
        .split_whitespace()
        .filter_map(|word| word.strip_prefix('.'))
        .find_map(|class| label_of_kind(class.rsplit('-').next().unwrap_or(class)));
    match kind {
        Some(kind) => label(kind, title),
        None if title.is_empty() => String::new(),
        None => label("", title),
    }
}

fn indented(bare: &str) -> Option<Opening> {
    let rest = bare.get(3..)?.trim_start_matches('+');
    if !rest.starts_with([' ', '\t']) {
        return None;
    }
    let rest = rest.trim();
    let end = rest.find([' ', '"']).unwrap_or(rest.len());
    let (kind, rest) = rest.split_at(end);
    let is_kind = kind
        .bytes()
        .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
    // More words are classes ("inline end"); anything else is a sentence that begins with "!!!".
    let words = rest.split('"').next().unwrap_or_default();
    if kind.is_empty() || !is_kind || words.split_whitespace().count() > 2 {
        return None;
    }
    Some(Opening::Indented(match quoted(rest.trim_start_matches(|c| c != '"')) {
        Some("") => String::new(),
        Some(title) => label("", title),
        None => label_of(kind, ""),
    }))
}

fn alert(bare: &str) -> Option<Opening> {
    let rest = bare.strip_prefix('>')?.trim_start().strip_prefix("[!")?;
    let (kind, title) = rest.split_once(']')?;
    if kind.is_empty() || kind.len() > 24 || !kind.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_| ".contains(&c)) {
        return None;
    }
    let title = title.trim_start_matches(['+', '-']).trim();
    Some(Opening::Alert(label_of(kind, title)))
}

/// The label of a note of some kind: its title, else the name of the kind.
fn label_of(kind: &str, title: &str) -> String {
    if !title.trim().is_empty() {
        return label("", title);
    }
    match label_of_kind(kind) {
        Some(known) => label(known, ""),
        // Wrappers, such as `:::tabs`, have nothing to say.
        None if matches!(
            kind,
            "tabs" | "tab" | "details" | "div" | "code-group" | "steps" | "row" | "column"
        ) =>
        {
            String::new()
        }
        None => {
            let mut letters = kind.chars();
            let first = letters.next().map(char::to_uppercase).into_iter().flatten();
            let name: String = first.chain(letters.flat_map(char::to_lowercase)).collect();
            label(&name, "")
        }
    }
}

/// Label and first text of a directive that holds text.
pub(super) fn directive(name: &str, argument: &str) -> (String, String) {
    let none = || (String::new(), String::new());
    if let Some(kind) = label_of_kind(name) {
        return (label(kind, ""), argument.to_owned());
    }
    match name {
        "versionadded" => (format!("New in {argument}:"), String::new()),
        "versionchanged" => (format!("Changed in {argument}:"), String::new()),
        "deprecated" | "versionremoved" => (format!("Deprecated since {argument}:"), String::new()),
        "figure" | "image" => (String::new(), format!("![]({argument})")),
        "grid" | "grid-item" | "table" | "list-table" | "container" | "div" | "tab-set" | "tabs" | "eval-rst" => none(),
        // Dropdowns, tabs, cards and the directives of a project: their argument is a title.
        _ if argument.is_empty() || argument.contains("::") => none(),
        _ => (label("", argument), String::new()),
    }
}

fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text.get(1..)?.split(quote).next().map(str::trim)
}

/// Returns true for text that begins a block of its own, before which no label can be put.
pub(super) fn opens_block(bare: &str) -> bool {
    let digits = bare.bytes().take_while(u8::is_ascii_digit).count();
    let is_numbered = digits > 0
        && bare
            .get(digits..)
            .is_some_and(|rest| rest.starts_with(". ") || rest.starts_with(") "));
    is_numbered
        || bare.starts_with(['#', '|', '>', '<'])
        || ["- ", "* ", "+ ", "```", "~~~", ":::", "!!!", "???", "![", "{%", "$$"]
            .iter()
            .any(|start| bare.starts_with(start))
}
