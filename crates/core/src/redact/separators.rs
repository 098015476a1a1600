//! Separators between a name and its value, in every notation.

use super::names::{Class, SecretName, is_about};
use super::value::{before_within, line_end, skip, starts};

/// The text between a name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// `=`, `:=`, `=>`, `->`
    Equals,
    /// `:`
    Colon,
    /// `<password>…`, `| password | …`, `name: password, value: …`, `("password", "…")`
    Structure,
    /// `is`, `lautet`, `est`
    Words,
    /// The value is on the next line.
    NextLine,
    /// Nothing but blanks.
    Blank,
}

/// Words between a name and its value in a sentence.
const COPULAS: &[&str] = &[
    "is", "was", "ist", "lautet", "war", "est", "es", "è", "é", "=", "equals", "jest", "są", "är", "er", "being",
    "gleich", "sera", "será", "fue", "remains", "это", "是", "为", "は",
];

/// Prepositions that lead from the name to what it is for: "the password for the database is …".
const PREPOSITIONS: &[&str] = &[
    "for", "of", "on", "to", "from", "für", "zu", "zum", "zur", "von", "vom", "de", "del", "du", "des", "pour", "para",
    "per", "do", "da", "i", "that", "we", "in", "at", "user",
];

/// The separator after a name, and the byte after it.
pub(super) fn separator(text: &str, name: &SecretName) -> Option<(Separator, usize)> {
    let bytes = text.as_bytes();
    let end = name.range.end;
    let end = end + if starts(text, end, "[]") { 2 } else { 0 };
    let closed = skip(text, end, b"\"'`*]\\})_", 6);
    let is_quoted = text.get(end..closed).is_some_and(|marks| marks.contains(['"', '\'']));
    if is_tag(text, name, closed) {
        return tag(text, name, end).map(|at| (Separator::Structure, at));
    }
    let in_path = text
        .get(..name.range.start)
        .is_some_and(|before| before.ends_with(['/', '\\']));
    if let Some(at) = pair(text, closed) {
        return Some((Separator::Structure, at));
    }
    let blanks = skip(text, closed, b" \t", 60);
    let at = after_leader(text, blanks);
    let operators: &[(&str, Separator)] = &[
        (":=", Separator::Equals),
        ("||=", Separator::Equals),
        ("//=", Separator::Equals),
        ("=>", Separator::Equals),
        ("==", Separator::Equals),
        ("?=", Separator::Equals),
        ("+=", Separator::Equals),
        ("->", Separator::Equals),
        ("--->", Separator::Equals),
        ("-->", Separator::Equals),
        ("==>", Separator::Equals),
        (">>", Separator::Equals),
        ("→", Separator::Equals),
        ("<-", Separator::Equals),
        ("::", Separator::Equals),
        ("=", Separator::Equals),
        ("：", Separator::Colon),
        (":", Separator::Colon),
    ];
    for (sign, separator) in operators {
        if starts(text, at, sign) {
            let after = after_tags(text, skip(text, at + sign.len(), b" \t*_", 60));
            return Some(match next_line(text, after) {
                Some(next) if !starts_block(text, after) => (Separator::NextLine, next),
                _ => (*separator, after),
            });
        }
    }
    if in_path {
        return None;
    }
    if text
        .get(name.range.clone())
        .is_some_and(|shown| shown.starts_with("--"))
        && let Some(next) = next_line(text, closed)
    {
        // A list of arguments with one on each line.
        return Some((Separator::NextLine, skip(text, next, b"- \"'", 4)));
    }
    if at > blanks {
        return Some((Separator::Words, at));
    }
    match bytes.get(at) {
        Some(b'|') if bytes.get(at + 1) != Some(&b'|') && is_row(text, name) => {
            return Some((Separator::Structure, at + 1));
        }
        Some(b',') if is_quoted || is_tuple(text, name, at + 1) => return Some((Separator::Structure, at + 1)),
        Some(b'(') if matches!(bytes.get(at + 1), Some(b'"' | b'\'')) => return Some((Separator::Structure, at + 1)),
        None => return None,
        _ => {}
    }
    if let Some(after) = sentence(text, at).or_else(|| new_value(text, name, at)) {
        return Some((Separator::Words, after));
    }
    if let Some(found) = described(text, name, at).filter(|_| !is_quoted) {
        return Some(found);
    }
    (at > end).then_some((Separator::Blank, at))
}

/// Returns true when the name is an XML element or the content of one that says a name.
fn is_tag(text: &str, name: &SecretName, closed: usize) -> bool {
    let before = before_within(text, name.range.start, 80);
    let before = before
        .rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '_')))
        .next()
        .map_or(before, |prefix| before.strip_suffix(prefix).unwrap_or(before));
    let opened = before.ends_with('<');
    let next = text.as_bytes().get(closed);
    opened && next != Some(&b'=') || next == Some(&b'>') || starts(text, closed, "</")
}

/// Tags whose attribute names a value that they hold.
const NAMING_TAGS: &[&str] = &[
    "property",
    "entry",
    "param",
    "string",
    "add",
    "item",
    "setting",
    "var",
    "prop",
    "field",
    "data",
    "attribute",
    "option",
    "value",
    "parameter",
    "env",
    "arg",
    "constant",
];

/// The byte after the tag: `<password type="x">`, `name="password">`, `<key>password</key><string>`. The value ends with
/// a closing tag.
fn tag(text: &str, name: &SecretName, at: usize) -> Option<usize> {
    let stop = line_end(text, at, 200);
    let open = if starts(text, at, "</") {
        let closed = at + text.get(at..stop)?.find('>')? + 1;
        let naming = ["</key", "</name", "</n", "</td", "</dt", "</th", "</param-name"]
            .iter()
            .any(|tag| starts(text, at, tag));
        let next = skip(text, closed, b" \t\r\n", 60);
        let spoken = after_tags(text, skip(text, closed, b" \t:=", 8));
        if !naming
            && text
                .get(closed..spoken)
                .is_some_and(|between| between.contains([':', '=']))
        {
            return Some(spoken);
        }
        let inner = (naming && text.as_bytes().get(next) == Some(&b'<')).then_some(next)?;
        inner + text.get(inner..line_end(text, inner, 60))?.find('>')? + 1
    } else {
        let open = at + text.get(at..stop)?.find('>')? + 1;
        let attribute = text.get(at..open).is_some_and(|rest| rest.starts_with(['"', '\'']));
        let tag = before_within(text, name.range.start, 80)
            .rsplit('<')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        if attribute
            && !NAMING_TAGS
                .iter()
                .any(|naming| tag.split(':').next_back().is_some_and(|tag| tag.starts_with(naming)))
        {
            return None;
        }
        open
    };
    let mut open = open;
    let mut content = text.get(open..line_end(text, open, 500))?;
    if content.starts_with("<![CDATA[") {
        return Some(open);
    }
    // `<AdminPassword><Value>…`
    if content.starts_with('<') && !content.starts_with("</") {
        open += content.find('>')? + 1;
        content = text.get(open..line_end(text, open, 500))?;
    }
    let end = content.find('<').filter(|end| *end > 0)?;
    let rest = content.get(end..)?;
    rest.starts_with("</").then_some(open)
}

/// The byte after `value:` where a pair of name and value says the name first.
fn pair(text: &str, at: usize) -> Option<usize> {
    let at = skip(text, at, b" \t\r\n,;-{}", 80);
    let at = skip(text, at, b"\"'\\", 4);
    let word = [
        "parametervalue",
        "propertyvalue",
        "value",
        "val",
        "content",
        "default",
        "defaultvalue",
    ];
    let word = word.iter().find(|word| starts(text, at, word))?;
    let at = skip(text, at + word.len(), b"\"'\\", 4);
    let at = skip(text, at, b" \t", 20);
    matches!(text.as_bytes().get(at), Some(b'=' | b':')).then_some(at + 1)
}

/// The byte after a line break, when nothing else follows on the line.
fn next_line(text: &str, at: usize) -> Option<usize> {
    let at = skip(text, at, b" \t\r\"'`\\", 20);
    (text.as_bytes().get(at) == Some(&b'\n')).then(|| skip(text, at, b" \t\r\n`>", 80))
}

fn starts_block(text: &str, at: usize) -> bool {
    matches!(text.as_bytes().get(at), Some(b'|' | b'>'))
}

/// The byte after "is", "for the database is", "for ada:".
fn sentence(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..line_end(text, at, 90))?;
    let mut words = rest.split_inclusive(' ');
    let mut place = at;
    let first = words.next()?;
    let is = |word: &str| COPULAS.contains(&word.trim_end_matches([' ', ':']).to_lowercase().as_str());
    place += first.len();
    let lower = first.trim_end().to_lowercase();
    if is(first) || matches!(lower.as_str(), "set" | "changed" | "reset") {
        let mut end = place;
        for word in words.by_ref().take(3) {
            if !is(word)
                && !matches!(
                    word.trim_end().trim_end_matches(':'),
                    "set" | "still" | "as" | "to" | "now" | "currently" | "auf"
                )
            {
                break;
            }
            end += word.len();
        }
        return Some(end);
    }
    if !PREPOSITIONS.contains(&lower.as_str()) {
        return None;
    }
    for word in words.take(7) {
        place += word.len();
        let plain = word.trim_end();
        if is(word) || plain.ends_with([':', '=']) && plain.len() > 1 {
            return Some(place);
        }
        if plain.ends_with(['.', ';', '?', '!', ',']) {
            return None;
        }
    }
    None
}

/// The byte after a row of dots that leads to the value: `Password ........: …`.
fn after_leader(text: &str, at: usize) -> usize {
    let end = skip(text, at, b".", 80);
    if end - at < 3 {
        return at;
    }
    skip(text, end, b" \t", 20)
}

/// Tags of HTML around a word, which say nothing about it.
const PLAIN_TAGS: &[&str] = &[
    "b", "i", "u", "em", "tt", "p", "br", "td", "dd", "code", "kbd", "pre", "span", "strong", "div", "mark", "br/",
    "br /",
];

/// The byte after opening and closing tags of HTML that only give a word its look.
fn after_tags(text: &str, at: usize) -> usize {
    let mut at = at;
    for _ in 0..4 {
        let rest = text.get(at..line_end(text, at, 12)).unwrap_or_default();
        let Some((tag, _)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) else {
            break;
        };
        let name = tag.trim_start_matches('/').to_ascii_lowercase();
        if !PLAIN_TAGS.contains(&name.as_str()) {
            break;
        }
        at = skip(text, at + tag.len() + 2, b" \t", 20);
    }
    at
}

/// Returns true for a pair of a name and a string without blanks: `{password, "…"}`, `(:password, "…")`.
fn is_tuple(text: &str, name: &SecretName, at: usize) -> bool {
    let opened = before_within(text, name.range.start, 2).ends_with(['{', '(', '[', ':']);
    let start = skip(text, at, b" \t<", 8);
    let inner = text
        .get(start..line_end(text, start, 200))
        .and_then(|rest| rest.strip_prefix(['"', '\'']))
        .and_then(|rest| rest.split(['"', '\'']).next());
    opened && inner.is_some_and(|inner| !inner.is_empty() && !inner.contains(' '))
}

/// Beginnings of verbs that give a secret a new value.
const CHANGES: &[&str] = &[
    "chang", "set", "rotat", "reset", "updat", "switch", "geänder", "gesetzt", "setz", "cambi", "mis ",
];

/// The byte after "to", when the words before the name say that it was changed: "I changed the password to …".
fn new_value(text: &str, name: &SecretName, at: usize) -> Option<usize> {
    let word = ["to ", "auf ", "into ", "en ", "por "]
        .iter()
        .find(|word| starts(text, at, word))?;
    let before = before_within(text, name.range.start, 60).to_lowercase();
    let line = before.rsplit('\n').next().unwrap_or_default();
    CHANGES
        .iter()
        .any(|verb| line.contains(verb))
        .then_some(at + word.len())
}

/// The separator where a word says whose password it is: "password db = …", "password (prod): …".
fn described(text: &str, name: &SecretName, at: usize) -> Option<(Separator, usize)> {
    if name.class != Class::Password {
        return None;
    }
    let rest = text.get(at..line_end(text, at, 40))?;
    let open = rest.starts_with('(');
    let inner = if open { rest.get(1..)? } else { rest };
    let word = inner.len()
        - inner
            .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || open && c == ' ')
            .len();
    let shown = inner
        .get(..word)
        .filter(|word| !word.is_empty() && !word.starts_with('-'))?;
    let after = inner.get(word..)?;
    let after = if open { after.strip_prefix(')')? } else { after };
    let sign = after.trim_start();
    let separator = if sign.starts_with('=') && !sign.starts_with("==") {
        Separator::Equals
    } else if sign.starts_with(": ") {
        Separator::Words
    } else {
        return None;
    };
    (!is_about(shown)).then(|| (separator, at + rest.len() - sign.len() + 1))
}

/// Returns true in a row of a table, which begins with a bar; a shell's pipe does not.
fn is_row(text: &str, name: &SecretName) -> bool {
    let before = before_within(text, name.range.start, 400);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.len() == name.range.start || line.len() < before.len()) && line.trim_start().starts_with('|')
}
