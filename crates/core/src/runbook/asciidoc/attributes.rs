//! Attributes of a document, `{name}` in its text, and the attribute lists of blocks.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

/// Most bytes that the attributes of a document may add to its text. From there on they are shown as their names: a few
/// lines could otherwise make a text of any length.
const MOST_ADDED: usize = 1 << 20;

/// Longest name of an attribute, in bytes.
const LONGEST_NAME: usize = 100;

/// Attributes that AsciiDoc itself defines for characters.
const CHARACTERS: [(&str, &str); 31] = [
    ("amp", "&"),
    ("apos", "'"),
    ("asterisk", "*"),
    ("backslash", "\\"),
    ("backtick", "`"),
    ("blank", ""),
    ("brvbar", "¦"),
    ("caret", "^"),
    ("cpp", "C++"),
    ("deg", "°"),
    ("empty", ""),
    ("endsb", "]"),
    ("gt", ">"),
    ("ldquo", "“"),
    ("lsquo", "‘"),
    ("lt", "<"),
    ("nbsp", " "),
    ("pipe", "|"),
    ("plus", "+"),
    ("pp", "++"),
    ("quot", "\""),
    ("rdquo", "”"),
    ("rsquo", "’"),
    ("sp", " "),
    ("startsb", "["),
    ("tilde", "~"),
    ("two-colons", "::"),
    ("two-semicolons", ";;"),
    ("vbar", "|"),
    ("wj", ""),
    ("zwsp", ""),
];

/// The attributes that are set.
#[derive(Debug, Clone, Default)]
pub(super) struct Attributes<'d> {
    /// Attributes that the collection sets for its documents; a later set goes before an earlier one.
    shared: Vec<&'d Map<String, Value>>,
    values: HashMap<String, String>,
    unset: HashSet<String>,
    /// Bytes that values have added to the text.
    added: usize,
}

impl<'d> Attributes<'d> {
    /// The attributes that a collection sets for a document.
    pub(super) fn new(shared: Vec<&'d Map<String, Value>>) -> Attributes<'d> {
        Attributes {
            shared,
            ..Attributes::default()
        }
    }

    /// The attributes that the document itself sets.
    pub(super) fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets an attribute, or unsets it with `None`. A value may use those set before.
    pub(super) fn set(&mut self, name: &str, value: Option<&str>) {
        if name.len() > LONGEST_NAME {
            return;
        }
        if let Some(value) = value {
            // `name: value@` may be overridden by a page.
            let value = self.expand(value).into_owned();
            self.unset.remove(name);
            self.values.insert(name.to_owned(), value);
        } else {
            self.values.remove(name);
            self.unset.insert(name.to_owned());
        }
    }

    /// The value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let own = self.values.get(name).map(String::as_str);
        let shared = || self.shared.iter().rev().find_map(|set| set.get(name)?.as_str());
        let set = own.or_else(|| shared().filter(|_| !self.unset.contains(name)));
        set.or_else(|| {
            let at = CHARACTERS.binary_search_by_key(&name, |(known, _)| known).ok()?;
            CHARACTERS.get(at).map(|(_, value)| *value)
        })
    }

    /// Returns whether an attribute is set; `None` when nothing is known about it.
    pub(super) fn state(&self, name: &str) -> Option<bool> {
        match () {
            () if self.values.contains_key(name) => Some(true),
            () if self.unset.contains(name) => Some(false),
            () if self.shared.iter().any(|set| set.contains_key(name)) => Some(true),
            () => None,
        }
    }

    /// Puts the values of attributes in place of `{name}`. Unknown ones and escaped ones, `\{name}`, stay, and so does
    /// the text between `` `+ `` and `` +` ``, `+++` and `+++`.
    pub(super) fn expand<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if !text.contains('{') {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        // Marks that are known not to come again, so that none is looked for twice.
        let mut gone = [false; 2];
        while let Some(at) = rest.find(['{', '`', '+', '\\']) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let literal = [("`+", "+`"), ("+++", "+++")];
            let opened = literal.iter().position(|(open, _)| rest.starts_with(open));
            if let Some((number, (open, close))) = opened.and_then(|at| Some((at, literal.get(at)?)))
                && !gone[number]
            {
                match rest[open.len()..].find(close) {
                    Some(end) => {
                        let end = end + open.len() + close.len();
                        out.push_str(&rest[..end]);
                        rest = &rest[end..];
                        continue;
                    }
                    None => gone[number] = true,
                }
            }
            if let Some(escaped) = rest.strip_prefix("\\{") {
                // The name stays, and nothing later takes it for an attribute.
                let is_name = name_at(escaped).is_some();
                out.push_str(if is_name { "{" } else { "\\{" });
                rest = escaped;
                continue;
            }
            let named = rest.strip_prefix('{').and_then(name_at);
            let value = named.and_then(|name| Some((name, self.get(&name.to_lowercase())?)));
            if let Some((name, value)) = value.filter(|(_, value)| self.added + value.len() <= MOST_ADDED) {
                let length = value.len();
                out.push_str(value);
                rest = &rest[name.len() + 2..];
                self.added += length;
            } else {
                let end = rest.chars().next().map_or(0, char::len_utf8);
                out.push_str(&rest[..end]);
                rest = &rest[end..];
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

/// The name at the start of `name}…`.
fn name_at(text: &str) -> Option<&str> {
    let head = text.as_bytes().get(..LONGEST_NAME.min(text.len()))?;
    let end = head.iter().position(|byte| *byte == b'}')?;
    let name = text.get(..end)?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    is_name.then_some(name)
}

/// The attributes that stand above a block: `[source,bash,subs="attributes+"]`, `[#id.role%header]`, `[[id]]`.
#[derive(Debug, Default)]
pub(super) struct BlockAttributes {
    /// Values without a name, the first without its `#id`, `.role` and `%option`.
    pub(super) positional: Vec<String>,
    /// Values by name.
    pub(super) named: Vec<(String, String)>,
    /// Ids of the block.
    pub(super) ids: Vec<String>,
    /// Words after `%` and in `options=`.
    pub(super) options: Vec<String>,
}

impl BlockAttributes {
    /// Adds the attributes of one line, without its outer brackets.
    pub(super) fn add(&mut self, inner: &str) {
        if let Some(anchor) = inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            let id = anchor.split(',').next().unwrap_or_default();
            self.ids.push(id.trim().to_owned());
            return;
        }
        self.positional.clear();
        for (at, (name, value)) in pairs(inner).into_iter().enumerate() {
            match name.as_deref() {
                None if at == 0 => {
                    let style = self.shorthand(&value);
                    self.positional.push(style);
                }
                None => self.positional.push(value),
                Some("id") => self.ids.push(value),
                Some("options" | "opts") => {
                    let words = value.split(',').map(|word| word.trim().to_owned());
                    self.options.extend(words);
                }
                Some(name) => self.named.push((name.to_owned(), value)),
            }
        }
    }

    /// Takes `#id`, `.role` and `%option` off the first value.
    fn shorthand(&mut self, value: &str) -> String {
        let starts = |c: char| matches!(c, '#' | '.' | '%');
        let end = value.find(starts).unwrap_or(value.len());
        let (style, mut rest) = value.split_at(end);
        while let Some(mark) = rest.chars().next() {
            let body = &rest[mark.len_utf8()..];
            let end = body.find(starts).unwrap_or(body.len());
            let word = body[..end].trim().to_owned();
            match mark {
                '#' => self.ids.push(word),
                '%' => self.options.push(word),
                _ => {}
            }
            rest = &body[end..];
        }
        style.trim().to_owned()
    }

    /// The first value: `source`, `NOTE`, `quote`.
    pub(super) fn style(&self) -> &str {
        self.positional.first().map_or("", String::as_str)
    }

    /// A value by name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut named = self.named.iter().rev();
        named.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// True when an option is set.
    pub(super) fn has(&self, option: &str) -> bool {
        self.options.iter().any(|word| word == option)
    }
}

/// Splits `a,"b, c",name=value` at its commas into names and values.
pub(super) fn pairs(text: &str) -> Vec<(Option<String>, String)> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let key = rest
            .find(['=', ',', '"', '\''])
            .filter(|at| rest[*at..].starts_with('=') && *at > 0);
        let name = key.map(|at| rest[..at].trim().to_lowercase());
        let is_name = |name: &String| name.chars().all(|c| c.is_alphanumeric() || "-_:".contains(c));
        let name = name.filter(is_name);
        let body = match (&name, key) {
            (Some(_), Some(at)) => rest[at + 1..].trim_start(),
            _ => rest,
        };
        let quote = body.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        let quoted = quote.and_then(|quote| Some((quote, body[1..].find(quote)? + 1)));
        let (value, after) = if let Some((_, end)) = quoted {
            (body[1..end].to_owned(), &body[end + 1..])
        } else {
            let end = body.find(',').unwrap_or(body.len());
            (body[..end].trim().to_owned(), &body[end..])
        };
        out.push((name, value));
        match after.find(',') {
            Some(comma) => rest = &after[comma + 1..],
            None => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_get_their_values_and_others_stay() {
        let mut attributes = Attributes::default();
        attributes.set("tool", Some("depot"));
        attributes.set("full", Some("{tool} 3"));
        let mut expand = |text: &str| attributes.expand(text).into_owned();
        assert_eq!(
            expand("run {tool} {Full} {other}{nbsp}x"),
            "run depot depot 3 {other} x"
        );
        assert_eq!(
            expand(r"\{tool} `+{tool}+` +++{tool}+++ `{tool}`"),
            "{tool} `+{tool}+` +++{tool}+++ `depot`"
        );
        assert_eq!(expand("${tool} {a b} { {"), "$depot {a b} { {");
        assert_eq!(expand("{amp}{zwsp}{lt}"), "&<");
    }

    #[test]
    fn the_text_that_attributes_add_is_bounded() {
        let mut attributes = Attributes::default();
        attributes.set("a", Some(&"x".repeat(1_000)));
        for _ in 0..40 {
            attributes.set("a", Some("{a}{a}"));
        }
        assert!(attributes.get("a").unwrap().len() <= 2 << 20);
        let long = "{a}".repeat(300_000);
        assert!(attributes.expand(&long).len() <= long.len() + MOST_ADDED);
    }

    #[test]
    fn an_attribute_list_has_values_names_ids_and_options() {
        let mut list = BlockAttributes::default();
        list.add(r#"source#run.wide%linenums,bash,subs="attributes+,quotes",options='a, b'"#);
        assert_eq!(list.positional, ["source", "bash"]);
        assert_eq!(list.ids, ["run"]);
        assert_eq!(list.options, ["linenums", "a", "b"]);
        assert_eq!(list.value("subs"), Some("attributes+,quotes"));
        list.add("[other,Other]");
        assert_eq!(list.ids, ["run", "other"]);
        assert_eq!(list.style(), "source");
    }
}
