//! Macros inside text: links, images, keys, notes. An unknown macro is text.

use super::super::super::{Inline, Target};
use super::super::attributes::pairs;
use super::InlineReader;

/// Longest target of a macro, in bytes.
const LONGEST_TARGET: usize = 4_000;

/// Names of the macros that are read.
const MACROS: [&str; 15] = [
    "link",
    "mailto",
    "xref",
    "image",
    "icon",
    "kbd",
    "btn",
    "menu",
    "pass",
    "stem",
    "latexmath",
    "asciimath",
    "indexterm",
    "indexterm2",
    "anchor",
];

impl InlineReader<'_, '_, '_> {
    /// Reads a macro or an address that begins at a position.
    pub(super) fn macro_at(&mut self, at: usize, to: usize, depth: usize, out: &mut Vec<Inline>) -> Option<usize> {
        let rest = self.text.get(at..to)?;
        if rest.starts_with("footnote") {
            return self.footnote(at, to, depth);
        }
        if self.is_word_before(at) {
            return None;
        }
        let start = at + self.macro_name(at, to)?;
        match self.text.get(at..start)?.strip_suffix(':') {
            Some(name) => self.named(name, start, to, depth, out),
            None => self.url(at, to, depth, out),
        }
    }

    /// Length of the name of a macro with its colon, or of the beginning of an address up to its slashes.
    pub(super) fn macro_name(&self, at: usize, to: usize) -> Option<usize> {
        let rest = self.text.get(at..to)?;
        let length = rest.bytes().take(14).take_while(u8::is_ascii_alphanumeric).count();
        let after = rest.get(length..)?;
        match rest.get(..length)? {
            "http" | "https" | "ftp" | "irc" => after.starts_with("://").then_some(length + 3),
            name if MACROS.contains(&name) => after.starts_with(':').then_some(length + 1),
            _ => None,
        }
    }

    /// Reads a macro whose target begins at a position.
    fn named(&mut self, name: &str, from: usize, to: usize, depth: usize, out: &mut Vec<Inline>) -> Option<usize> {
        let (open, end) = self.brackets_of(from, to)?;
        let target = self.text.get(from..open)?;
        let inner = self.text.get(open + 1..end)?;
        let owned = inner.replace("\\]", "]");
        match name {
            "link" => {
                let label = self.label(&owned, depth);
                let target = target.trim_matches(['+', '<', '>']);
                out.push(link(target, label));
            }
            "mailto" => {
                let label = self.label(&owned, depth);
                let address = Target::Url(format!("mailto:{target}"));
                let label = or_text(label, target);
                out.push(Inline::Link { target: address, label });
            }
            "xref" => {
                let label = self.label(&owned, depth);
                out.push(self.reference(target, label));
            }
            "image" => {
                let alt = alternative(&owned, target);
                out.push(Inline::Image {
                    alt,
                    url: target.to_owned(),
                });
            }
            "kbd" | "btn" => out.push(Inline::Text(owned.replace(',', "+").trim().to_owned())),
            "menu" => {
                let rest = owned.trim();
                let arrow = if rest.is_empty() { "" } else { " > " };
                out.push(Inline::Text(format!("{target}{arrow}{rest}")));
            }
            "pass" => match target {
                "" => out.push(Inline::Text(owned)),
                _ => out.extend(self.nested(&owned, depth)),
            },
            "stem" | "latexmath" | "asciimath" => out.push(Inline::Text(owned)),
            "indexterm2" => out.extend(self.nested(&owned, depth)),
            "anchor" => self.state.anchor(self.line, target),
            // An icon and a hidden index term show nothing in text.
            _ => {}
        }
        Some(end + 1)
    }

    /// The brackets of a macro whose target begins at a position: a target holds no white space.
    fn brackets_of(&self, from: usize, to: usize) -> Option<(usize, usize)> {
        let open = self.marks.next_bracket(from)?;
        let has_space = self.marks.next_space(from).is_some_and(|space| space < open);
        if has_space || open - from > LONGEST_TARGET {
            return None;
        }
        let end = self.marks.closing_bracket(open)?;
        (end < to).then_some((open, end))
    }

    /// Reads `https://…`, with or without a text in brackets.
    fn url(&mut self, at: usize, to: usize, depth: usize, out: &mut Vec<Inline>) -> Option<usize> {
        if let Some((open, end)) = self.brackets_of(at, to)
            && let Some(address) = self.text.get(at..open)
            && !address.contains(['<', '>', '"', '`'])
        {
            let inner = self.text.get(open + 1..end)?.replace("\\]", "]");
            let label = self.label(&inner, depth);
            out.push(link(address, label));
            return Some(end + 1);
        }
        let (end, address) = self.address(at, to);
        let (_, host) = address.split_once("://")?;
        if host.is_empty() {
            return None;
        }
        out.push(link(address, Vec::new()));
        Some(end)
    }

    /// The address that begins at a position, and the position after it.
    pub(super) fn address(&self, at: usize, to: usize) -> (usize, &str) {
        let space = self.marks.next_space(at).unwrap_or(to).min(to);
        let rest = self.text.get(at..space).unwrap_or_default();
        let end = rest
            .find(['<', '>', '"', '`', '\'', '|', '[', ']'])
            .unwrap_or(rest.len());
        let address = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
        let address = if address.contains('(') {
            address
        } else {
            address.trim_end_matches(')').trim_end_matches(['.', ','])
        };
        (at + address.len(), address)
    }

    /// Takes a note out of the text.
    fn footnote(&mut self, at: usize, to: usize, depth: usize) -> Option<usize> {
        let rest = self.text.get(at..to)?;
        let colon = at + rest.get(..12.min(rest.len()))?.find(':')?;
        let (open, end) = self.brackets_of(colon + 1, to)?;
        if !matches!(self.text.get(at..colon)?, "footnote" | "footnoteref") {
            return None;
        }
        let mut inner = self.text.get(open + 1..end)?;
        if self.text[at..].starts_with("footnoteref") {
            inner = inner.split_once(',').map_or("", |(_, text)| text);
        }
        let inner = inner.replace("\\]", "]");
        let note = self.nested(inner.trim(), depth);
        if !note.is_empty() {
            self.notes.push(note);
        }
        Some(end + 1)
    }

    /// The text of a link, without the attributes after it.
    fn label(&mut self, inner: &str, depth: usize) -> Vec<Inline> {
        let mut text = inner.trim();
        let parsed;
        if text.contains('=') && (text.contains(',') || !text.contains(char::is_whitespace)) {
            parsed = pairs(text);
            if parsed.iter().any(|(name, _)| name.is_some()) {
                let first = parsed.iter().find(|(name, _)| name.is_none());
                text = first.map_or("", |(_, value)| value.as_str());
            }
        }
        let text = text.strip_suffix('^').unwrap_or(text);
        self.nested(text, depth)
    }

    /// A link to a place in this document or in another one.
    pub(super) fn reference(&mut self, target: &str, label: Vec<Inline>) -> Inline {
        let address = self.state.place(target);
        match address {
            Some(address) => {
                let shown = target.rsplit(['/', ':', '$']).next().unwrap_or(target);
                let shown = shown.trim_start_matches('#');
                let shown = shown.split('#').next().unwrap_or(shown).trim_end_matches(".adoc");
                // The heading's own text takes its place when the heading is in this document.
                let label = or_text(label, shown);
                Inline::Link {
                    target: Target::Relative(address),
                    label,
                }
            }
            None => unlinked(or_text(label, target)),
        }
    }
}

/// A link to an address. One that still has an unknown attribute in it leads nowhere.
fn link(address: &str, label: Vec<Inline>) -> Inline {
    let label = or_text(label, address);
    if address.contains('{') || address.is_empty() {
        return unlinked(label);
    }
    let is_url = address.contains("://") || address.starts_with("mailto:");
    let address = address.to_owned();
    Inline::Link {
        target: if is_url {
            Target::Url(address)
        } else {
            Target::Relative(address)
        },
        label,
    }
}

/// The text of a link that leads nowhere.
fn unlinked(label: Vec<Inline>) -> Inline {
    match <[Inline; 1]>::try_from(label) {
        Ok([only]) => only,
        Err(label) => Inline::Text(super::super::super::plain(&label)),
    }
}

fn or_text(label: Vec<Inline>, text: &str) -> Vec<Inline> {
    if label.is_empty() {
        vec![Inline::Text(text.to_owned())]
    } else {
        label
    }
}

/// The alternative text of an image: written, or made from the name of its file.
pub(in super::super) fn alternative(inner: &str, target: &str) -> String {
    let parsed = pairs(inner);
    let named = parsed.iter().find(|(name, _)| name.as_deref() == Some("alt"));
    let first = parsed
        .first()
        .filter(|(name, value)| name.is_none() && !value.is_empty());
    if let Some((_, alt)) = named.or(first) {
        return alt.clone();
    }
    let file = target.rsplit('/').next().unwrap_or(target);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    stem.replace(['-', '_'], " ")
}
