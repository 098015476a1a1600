//! Values in templates: those that the author marked, and unmarked ones, for templates are often one team's real
//! output. A host name, a path or a quoted name differs from case to case, so it tells little, and its absence is no
//! evidence.

use std::ops::Range;

use super::signature::SignatureSource;
use super::stamps::stamps;
use super::{code, token};
use crate::runbook::placeholder::{self, Placeholder};

/// Factor on the weight of words that are part of a value.
pub(super) const SAMPLE: f32 = 0.35;

/// Most bytes of a name between quotes.
const LONGEST_NAME: usize = 60;

/// The values that the author of a text marked, in order.
pub(super) fn marked(text: &str, source: SignatureSource) -> Vec<Placeholder> {
    if source == SignatureSource::AlertWords {
        return Vec::new();
    }
    let mut found = placeholder::find(text);
    // A word in capitals in a heading is no placeholder: `PATH needs to be set` is about PATH.
    if source == SignatureSource::Heading {
        found.retain(|placeholder| !is_capitals(placeholder, text));
    }
    if is_template(source) {
        // They are found in order.
        let free = |range: &Range<usize>| {
            let next = found.partition_point(|known| known.range.end <= range.start);
            found.get(next).is_none_or(|known| range.end <= known.range.start)
        };
        let stand_ins: Vec<Range<usize>> = stand_ins(text).filter(free).collect();
        found.extend(stand_ins.into_iter().map(|range| Placeholder {
            range,
            name: placeholder::UNNAMED.to_owned(),
        }));
        found.sort_by_key(|placeholder| placeholder.range.start);
    }
    found
}

/// Returns true for the sources of texts that programs print.
fn is_template(source: SignatureSource) -> bool {
    matches!(
        source,
        SignatureSource::Message | SignatureSource::Output | SignatureSource::Quoted | SignatureSource::Cell
    )
}

/// The letters and asterisks that stand alone for a value: `lane X cannot be opened`, `parcel from * in *`.
fn stand_ins(text: &str) -> impl Iterator<Item = Range<usize>> {
    let separates = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')' | ',' | ';' | ':' | '.');
    let pieces = token::pieces(text, separates);
    // `SELECT * FROM` and a list's asterisk are none.
    pieces
        .filter(|(start, piece)| match *piece {
            "X" | "Y" | "N" => true,
            "*" => *start > 0 && !is_select(text.get(..*start).unwrap_or_default()),
            _ => false,
        })
        .map(|(start, piece)| start..start + piece.len())
}

/// Returns true when only its capitals make a word a placeholder: `REGION`, but not `<REGION>` or `XXX`.
fn is_capitals(found: &Placeholder, text: &str) -> bool {
    let written = text.get(found.range.clone()).unwrap_or_default();
    found.name != placeholder::UNNAMED && written.bytes().all(|b| b.is_ascii_uppercase())
}

/// Returns true for a text that ends in `SELECT`.
fn is_select(before: &str) -> bool {
    const SELECT: &str = "select";
    let before = before.trim_end();
    let last = before
        .len()
        .checked_sub(SELECT.len())
        .and_then(|from| before.get(from..));
    last.is_some_and(|last| last.eq_ignore_ascii_case(SELECT))
}

/// The unmarked values in a text of a runbook, in no order.
pub(super) fn values(text: &str, source: SignatureSource) -> Vec<Range<usize>> {
    if !is_template(source) && source != SignatureSource::Heading {
        return addresses(text).collect();
    }
    let value = |range: Range<usize>| {
        let example = text.get(range.clone()).is_some_and(is_example);
        if example { Some(range) } else { address(text, range) }
    };
    // A code in quotes is the subject of the message, not a value.
    let is_code = |range: &Range<usize>| {
        let name = text.get(range.clone()).unwrap_or_default();
        !code::codes(name).is_empty() || code::constants(name).next().is_some()
    };
    let names = quoted(text).into_iter().filter(|range| !is_code(range));
    tokens(text)
        .filter_map(value)
        .chain(names)
        .chain(stamps(text))
        .collect()
}

/// The addresses, host names and paths of a line, in order.
pub(super) fn addresses(text: &str) -> impl Iterator<Item = Range<usize>> {
    tokens(text).filter_map(|range| address(text, range))
}

/// The names between quotes that are one token, or one with its versions, and less than half of the text: `module 'foo'
/// has no attribute`, `cannot resolve 'foo (>= 1.2)'`.
pub(super) fn quoted(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((open, quote)) = text
        .get(from..)
        .and_then(|rest| rest.char_indices().find(|(_, c)| matches!(c, '\'' | '"' | '`')))
    {
        let start = from + open + quote.len_utf8();
        let opens = text
            .get(..from + open)
            .is_none_or(|before| !before.ends_with(char::is_alphanumeric));
        let length = text.get(start..).and_then(|rest| rest.find(quote));
        match length {
            Some(length) if opens => {
                let inner = text.get(start..start + length).unwrap_or_default();
                let name = without_versions(inner);
                let one = !name.is_empty() && inner.len() <= LONGEST_NAME && !name.contains(char::is_whitespace);
                if one && inner.len() * 2 < text.len() {
                    found.push(start..start + length);
                }
                from = start + length + quote.len_utf8();
            }
            _ => from = start,
        }
    }
    found
}

/// A name without the condition on its version: `foo (>= 1.2)`, `foo >=1.2,<2`.
fn without_versions(name: &str) -> &str {
    let Some((first, rest)) = name.split_once(' ') else {
        return name;
    };
    let mut marks = rest
        .bytes()
        .filter(|byte| matches!(byte, b'<' | b'>' | b'=' | b'~' | b'^'));
    let is_condition = marks.next().is_some() && !rest.bytes().any(|byte| byte.is_ascii_alphabetic());
    if is_condition { first } else { name }
}

fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    let separates = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '<' | '>' | '|'
            )
    };
    token::pieces(text, separates).map(|(start, piece)| start..start + piece.len())
}

/// Returns true for an example name, such as `user/repo`, `other-user` or `foo-bar`, in place of a reader's own.
fn is_example(token: &str) -> bool {
    let name = |part: &str| {
        part.len() >= 3
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
    };
    let pair = token
        .split_once('/')
        .is_some_and(|(owner, thing)| name(owner) && name(thing));
    let stands_in = ["other-", "some-", "foo-", "test-", "sample-", "demo-"];
    pair || stands_in.iter().any(|start| token.starts_with(start)) || matches!(token, "foo" | "bar" | "baz")
}

/// The part of a token that is an address; for a class with its packages, the packages.
fn address(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let token = text.get(range.clone())?;
    if !token.bytes().any(|b| matches!(b, b'/' | b'.' | b'@')) {
        return None;
    }
    // In `url=https://…?timeout=30s` the address begins at the scheme, in `host=db.example.com` after the `=`.
    let key = match token.find("://") {
        Some(scheme) => token.get(..scheme).and_then(|before| before.rfind('=')),
        None => token.rfind('='),
    };
    let start = range.start + key.map_or(0, |at| at + 1);
    let (range, token) = (start..range.end, text.get(start..range.end)?);
    if is_address(token) {
        return Some(range);
    }
    let (packages, class) = token.trim_end_matches([':', '.']).rsplit_once('.')?;
    let lower = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let is_class = class.starts_with(|c: char| c.is_ascii_uppercase()) && packages.contains('.');
    (is_class && packages.split('.').all(lower)).then(|| range.start..range.start + packages.len())
}

/// Returns true for a URL, a path, a host name, a mail address or a unit of systemd, but not for a class (`java.lang.OutOfMemoryError`) or
/// a file with its line.
fn is_address(token: &str) -> bool {
    let token = token.trim_end_matches([':', '.', '\\']);
    if token.contains("://") {
        return true;
    }
    let slashes = token.bytes().filter(|b| *b == b'/').count();
    if slashes >= 2 || slashes == 1 && token.starts_with(['/', '~']) {
        return true;
    }
    if [".service", ".socket", ".timer"]
        .iter()
        .any(|unit| token.ends_with(unit))
    {
        return true;
    }
    let dots = token.bytes().filter(|b| *b == b'.').count();
    let labels = || token.split(['.', ':', '/']);
    let plain = labels().all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
    });
    dots >= 2 && plain || dots >= 1 && token.contains('@')
}

#[cfg(test)]
mod tests {
    use super::{addresses, quoted};

    #[test]
    fn addresses_are_told_from_words() {
        let cases: &[(&str, &[&str])] = &[
            (
                "Get \"https://a.example:443/x?y=1\": EOF",
                &["https://a.example:443/x?y=1"],
            ),
            (
                "url=http://a.example/x host=db.eu.example.com",
                &["http://a.example/x", "db.eu.example.com"],
            ),
            ("lookup db-1.eu.example.com: no such host", &["db-1.eu.example.com:"]),
            ("open /etc/hosts: permission denied", &["/etc/hosts:"]),
            ("java.lang.OutOfMemoryError: Java heap space", &["java.lang"]),
            ("controller.go:145] Failed and/or lost", &[]),
            ("café 'naïve' /ünï/x", &["/ünï/x"]),
        ];
        for (text, expected) in cases {
            let found: Vec<&str> = addresses(text).map(|range| &text[range]).collect();
            assert_eq!(found, *expected, "{text}");
        }
    }

    #[test]
    fn one_quoted_token_is_a_name_and_a_sentence_is_not() {
        let cases: &[(&str, &[&str])] = &[
            ("module 'foo' has no attribute \"bar\"", &["foo", "bar"]),
            ("said \"this is broken\" and can't 'go'", &["go"]),
            ("\"everything-is-quoted\"", &[]),
            ("it's the users' own 'x", &[]),
            ("cannot resolve 'foo (>= 1.2)' for 'bar'", &["foo (>= 1.2)", "bar"]),
        ];
        for (text, expected) in cases {
            let found: Vec<&str> = quoted(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, *expected, "{text}");
        }
    }
}
