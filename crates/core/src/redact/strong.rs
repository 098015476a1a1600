//! Words that look like passwords by themselves, or beside a word that speaks of one: whatever their notation.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::find::Find;
use super::judgement::{is_key_material, is_scrambled, looks_random};
use super::names::{Class, SecretName};

/// Least and most bytes of a password that is recognised by its letters.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=40;
/// Least bytes of a key beside a word such as `token`.
const LEAST_KEY: usize = 20;
/// Signs that passwords hold and names do not.
const SIGNS: &[char] = &['!', '#', '$', '%', '^', '&', '?', '@', '~'];

/// Calls and statements with a password among their arguments, besides the names of passwords.
static CALLS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([
            "connect(",
            "connection(",
            "mysqli(",
            "login(",
            "logon(",
            "superuser(",
            "create_user(",
            "authenticate(",
            "authenticator(",
            "securestring",
            "socks4 ",
            "socks5 ",
            "login=",
            "login:",
            "auth-user",
            "-stdin",
        ])
        .ok()
});

/// Finds words of four kinds of letters anywhere, and those of three in lines that speak of a password. `names` are those
/// of the text.
pub(super) fn find(text: &str, names: &[SecretName], finds: &mut Vec<Find>) {
    let mut hints: Vec<(usize, bool)> = names
        .iter()
        .filter_map(|name| match name.class {
            Class::Password | Class::Short => Some((name.range.start, true)),
            Class::Secret if name.kind == "secret" => Some((name.range.start, false)),
            _ => None,
        })
        .collect();
    if let Some(calls) = CALLS.as_ref() {
        hints.extend(calls.find_iter(text).map(|hit| (hit.start(), true)));
    }
    hints.sort_unstable();
    let mut hints = hints.into_iter().peekable();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (mut near, mut key) = (false, false);
        while let Some((_, password)) = hints.next_if(|hint| hint.0 < at + line.len()) {
            near |= password;
            key |= !password;
        }
        let mut addresses = addresses(line).into_iter().peekable();
        for word in words(line) {
            while addresses.next_if(|address| address.end <= word.start).is_some() {}
            if addresses.peek().is_some_and(|address| address.start <= word.start) {
                continue;
            }
            let shown = line.get(word.clone()).unwrap_or_default();
            let range = at + word.start..at + word.end;
            if is_password(shown) || near && is_likely_password(shown) {
                finds.push(Find::new(range, "password"));
            } else if key && is_scrambled(shown) && is_key_material(shown, LEAST_KEY) && has_all_letters(shown) {
                finds.push(Find::new(range, "secret"));
            }
        }
        at += line.len();
    }
}

/// The addresses of a line, which have detectors of their own.
fn addresses(line: &str) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for (at, _) in line.match_indices("://") {
        if out.last().is_some_and(|last| at < last.end) {
            continue;
        }
        let rest = line.get(at..).unwrap_or_default();
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '|'))
            .unwrap_or(rest.len());
        out.push(at..at + end);
    }
    out
}

/// The words of a line that may be passwords: without quotation marks, brackets and what stands before `:` or `=`.
fn words(line: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let parts = |c: char| c.is_whitespace() || "\"'`<>()[]{}|,;:=/\\".contains(c) || !c.is_ascii();
    let mut at = 0;
    line.split(parts).filter_map(move |part| {
        let start = at;
        let after = line.get(start + part.len()..).and_then(|rest| rest.chars().next());
        at = start + part.len() + after.map_or(0, char::len_utf8);
        let before = line.get(..start).unwrap_or_default();
        let part = if matches!(after, Some('{' | '(')) {
            part.trim_end_matches('$')
        } else {
            part
        };
        let lead = part.len() - part.trim_start_matches(['*', '_', '-', '.']).len();
        let end = part.trim_end_matches(['*', '_', '.']).len().max(lead);
        let word = part.get(lead..end)?;
        // A part of a path or an address is none; neither is an escape.
        let in_path = before.ends_with(['/', '\\']) || matches!(after, Some('/' | '\\'));
        (LENGTHS.contains(&word.len()) || word.len() >= LEAST_KEY)
            .then_some(start + lead..start + end)
            .filter(|_| !in_path && !word.contains('.'))
    })
}

/// Returns true for small letters, capitals and digits.
fn has_all_letters(word: &str) -> bool {
    let any = |what: fn(&u8) -> bool| word.bytes().any(|byte| what(&byte));
    any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase) && any(u8::is_ascii_digit)
}

/// Returns true for small letters, capitals, digits and a sign that no name, format or anchor has there.
fn is_password(word: &str) -> bool {
    LENGTHS.contains(&word.len()) && !word.starts_with(SIGNS) && has_all_letters(word) && has_odd_sign(word)
}

/// Returns true for letters with a sign and a digit or odd capitals, or for a scrambled mix of letters and digits.
fn is_likely_password(word: &str) -> bool {
    if !LENGTHS.contains(&word.len()) || word.starts_with(SIGNS) {
        return false;
    }
    let letters = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    let lower = word.bytes().any(|byte| byte.is_ascii_lowercase());
    let mixed = has_all_letters(word) && is_scrambled(word) && !word.contains(['-', '_']);
    mixed || letters && lower && has_odd_sign(word) && looks_random(word.trim_end_matches(SIGNS), 6)
}

/// Returns true for a sign that is neither the beginning of a word nor a part of an address, a class or a format.
fn has_odd_sign(word: &str) -> bool {
    let bytes = word.as_bytes();
    let end = word.trim_end_matches(SIGNS).len();
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    word.match_indices(SIGNS).any(|(at, sign)| {
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        if at == 0 {
            return false;
        }
        match sign {
            // `Cluster1!` ends a sentence.
            "!" | "?" if at >= end => is_scrambled(word.trim_end_matches(SIGNS)),
            "$" => at >= end || next.is_ascii_lowercase() || !next.is_ascii_alphanumeric(),
            "#" => {
                at >= end
                    || !word
                        .get(at + 1..)
                        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
            }
            "%" => at >= end && word.bytes().any(|byte| byte.is_ascii_lowercase()) || next == b'!',
            "?" => false,
            "&" => !next.is_ascii_alphanumeric() && digits > 0,
            "@" | "~" => !word.contains(['-', '_']),
            _ => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::names::names;
    use super::*;

    #[test]
    fn a_word_that_looks_like_a_password_is_found() {
        for (text, expected) in [
            ("log in with Blu3!Whale now", Some("Blu3!Whale")),
            ("new mysqli('db', 'ada', 'wh4le#blue')", Some("wh4le#blue")),
            ("DefaultPassword  REG_SZ  QuW7xLpR2", Some("QuW7xLpR2")),
            ("Linux 5.4.0 #41-Ubuntu", None),
            ("Foo$Bar1Baz failed", None),
            ("the password is in 1Password", None),
            ("ClusterVersion4 password", None),
        ] {
            let mut finds = Vec::new();
            let names: Vec<SecretName> = names(text).collect();
            find(text, &names, &mut finds);
            let found = finds.first().and_then(|find| text.get(find.range.clone()));
            assert_eq!(found, expected, "{text}");
        }
    }
}
