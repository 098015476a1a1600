//! Names that the text refers to: labels, addresses, substitutions and titles, found before the text is read.

use std::collections::{HashMap, HashSet};

use super::lines::{NumberedLine, underlines};

/// Longest name of a label, an address or a substitution, in bytes.
const LONGEST_NAME: usize = 300;
/// Longest replacement, in bytes.
const LONGEST_REPLACEMENT: usize = 2_000;

/// The names that a document defines.
#[derive(Debug, Default)]
pub(super) struct LinkTargets {
    /// Addresses by the names of their targets.
    addresses: HashMap<String, String>,
    /// Titles below labels; empty for a label that stands above something else.
    labels: HashMap<String, String>,
    /// Normalised titles.
    titles: HashSet<String>,
    /// Addresses of references without a name, in order.
    pub(super) anonymous: Vec<String>,
    /// Replacements by the names of their substitutions, as written.
    substitutions: HashMap<String, String>,
}

/// The target of a reference by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named<'t> {
    /// An address elsewhere.
    Address(&'t str),
    /// A label of this document, with the title below it.
    Label(&'t str),
    /// A title of this document.
    Title,
}

impl LinkTargets {
    pub(super) fn find(lines: &[NumberedLine<'_>]) -> LinkTargets {
        let mut targets = LinkTargets::default();
        let mut waiting: Vec<String> = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            if let Some(address) = line.text.strip_prefix("__ ") {
                targets.anonymous.push(address.trim().to_owned());
            } else if let Some(rest) = line.text.strip_prefix(".. |") {
                targets.substitution(rest, lines, at);
            } else if let Some(rest) = line.text.strip_prefix(".. _") {
                let more: String = more_of(lines, at).map(|line| line.text).collect();
                waiting.extend(targets.target(rest, &more));
            } else if lines.get(at + 1).is_some_and(|next| underlines(line.text, next.text)) {
                for label in waiting.drain(..) {
                    targets.labels.insert(label, plain_title(line.text));
                }
                targets.titles.insert(normalised(&plain_title(line.text)));
            } else if !line.is_blank() && !is_overline(lines, at) && !line.text.starts_with("..") {
                waiting.clear();
            }
        }
        targets
    }

    /// Adds the target that a line defines; returns its name if it is a label.
    fn target(&mut self, rest: &str, more: &str) -> Option<String> {
        if let Some(address) = rest.strip_prefix("_:") {
            self.anonymous.push(format!("{}{more}", address.trim()));
            return None;
        }
        let (name, address) = split_target(rest)?;
        let name = normalised(name);
        let address = format!("{address}{more}");
        if address.is_empty() {
            self.labels.insert(name.clone(), String::new());
            return Some(name);
        }
        self.addresses.insert(name, address);
        None
    }

    /// Adds the replacement that a line defines: `|name| replace:: text`.
    fn substitution(&mut self, rest: &str, lines: &[NumberedLine<'_>], at: usize) {
        let Some((name, rest)) = rest.split_once('|') else {
            return;
        };
        let rest = rest.trim_start();
        let text = if let Some(text) = rest.strip_prefix("replace::") {
            let more = more_of(lines, at).map(|line| line.text);
            let parts: Vec<&str> = std::iter::once(text.trim()).chain(more).collect();
            parts.join(" ").trim().to_owned()
        } else if let Some(codes) = rest.strip_prefix("unicode::") {
            unicode(codes)
        } else {
            return;
        };
        if name.len() <= LONGEST_NAME && text.len() <= LONGEST_REPLACEMENT && !text.is_empty() {
            self.substitutions.insert(name.to_owned(), text);
        }
    }

    /// The replacement of a substitution.
    pub(super) fn replacement(&self, name: &str) -> Option<&str> {
        self.substitutions.get(name).map(String::as_str)
    }

    /// Finds the target of a name.
    pub(super) fn named(&self, name: &str) -> Option<Named<'_>> {
        if name.len() > LONGEST_NAME {
            return None;
        }
        let mut name = normalised(name);
        for _ in 0..4 {
            let Some(address) = self.addresses.get(&name) else {
                break;
            };
            // `.. _short: long_` is another name for a target.
            match address.strip_suffix('_').filter(|alias| !alias.contains(':')) {
                Some(alias) => name = normalised(alias.trim_matches('`')),
                None => return Some(Named::Address(address)),
            }
        }
        if let Some(title) = self.labels.get(&name) {
            return Some(Named::Label(title));
        }
        self.titles.contains(&name).then_some(Named::Title)
    }
}

/// The lines of an address or a replacement after its first.
fn more_of<'a, 'l>(lines: &'l [NumberedLine<'a>], at: usize) -> impl Iterator<Item = &'l NumberedLine<'a>> {
    const MOST_LINES: usize = 20;
    let indent = lines[at].indent;
    let more = lines.iter().skip(at + 1).take(MOST_LINES);
    more.take_while(move |line| !line.is_blank() && line.indent > indent)
}

/// Splits `name: address` or `` `name`: address ``.
pub(super) fn split_target(rest: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = rest.strip_prefix('`') {
        let (name, address) = quoted.split_once("`:")?;
        return Some((name, address.trim()));
    }
    let mut from = 0;
    while let Some(at) = rest.get(from..)?.find(':').map(|at| at + from) {
        if at > LONGEST_NAME {
            return None;
        }
        let after = rest.get(at + 1..)?;
        if (after.is_empty() || after.starts_with(' ')) && !rest.get(..at)?.ends_with('\\') {
            return Some((rest.get(..at)?, after.trim()));
        }
        from = at + 1;
    }
    None
}

fn is_overline(lines: &[NumberedLine<'_>], at: usize) -> bool {
    lines
        .get(at + 2)
        .is_some_and(|under| under.text == lines[at].text && underlines("", under.text))
}

/// A title without its marks.
fn plain_title(title: &str) -> String {
    title.replace('`', "")
}

/// A name as references compare it: in lower case, with single blanks and without escapes.
pub(super) fn normalised(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").replace(['\\', '`'], "").to_lowercase()
}

/// The characters of `0xA9 U+2014 text`.
fn unicode(codes: &str) -> String {
    const MOST_CODES: usize = 100;
    let mut out = String::new();
    for code in codes.split_whitespace().take(MOST_CODES) {
        if code == ".." {
            break;
        }
        let hex = ["0x", "x", "\\x", "U+", "u+", "u", "\\u"];
        let hex = hex.iter().find_map(|start| code.strip_prefix(start));
        let value = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match value.or_else(|| code.parse().ok()).and_then(char::from_u32) {
            Some(character) => out.push(character),
            None if code.starts_with(':') => break,
            None => out.push_str(code),
        }
    }
    out
}
