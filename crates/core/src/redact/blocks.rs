//! Maps of secrets: every value of a block named `secrets` or `credentials` is one, whatever its own name.

use super::find::Find;
use super::judgement::{is_expression, is_name, is_placeholder, is_word, looks_random};
use super::names::{is_about, names};
use super::value::{self, line_end, skip};

/// Names of maps that hold nothing but secrets.
const MAPS: &[&str] = &[
    "secrets",
    "secret",
    "credential",
    "credentials",
    "creds",
    "passwords",
    "tokens",
    "api_keys",
    "apikeys",
    "api-keys",
    "secret_values",
    "logins",
];
/// Most lines of a map that are read.
const MOST_LINES: usize = 40;

/// Finds the values of maps whose names say that they are secrets: `secrets = {…}`, `credentials:` and indented lines.
pub(super) fn find(text: &str, finds: &mut Vec<Find>) {
    let mut done = 0;
    for name in names(text) {
        let shown = text.get(name.range.clone()).unwrap_or_default().to_ascii_lowercase();
        if name.range.start < done || !MAPS.iter().any(|map| shown.ends_with(map)) {
            continue;
        }
        let at = skip(text, name.range.end, b"\"' \t:=>", 8);
        let opened = text.as_bytes().get(at) == Some(&b'{');
        let assigned = text
            .get(name.range.end..at)
            .is_some_and(|between| between.contains([':', '=']) || opened);
        let first = skip(text, at + usize::from(opened), b" \t\r", 20);
        if assigned && text.as_bytes().get(first) == Some(&b'\n') {
            done = values(text, name.range.start, first + 1, finds);
        }
    }
}

/// Finds the values of the lines of a map, and returns the byte after them.
fn values(text: &str, name: usize, from: usize, finds: &mut Vec<Find>) -> usize {
    let own = name
        - text
            .get(..name)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |line| line + 1);
    let own = own.min(skip(text, name - own, b" \t-", 200) + own - name);
    let mut at = from;
    for _ in 0..MOST_LINES {
        if at >= text.len() {
            break;
        }
        let stop = line_end(text, at, 4_000);
        let start = skip(text, at, b" \t", 200);
        if start >= stop || start - at <= own || text.as_bytes().get(start) == Some(&b'}') {
            break;
        }
        let line = text.get(start..stop).unwrap_or_default();
        let mut next = stop + 1;
        if let Some(sign) = line.find([':', '='])
            && let Some(found) = value::read(text, skip(text, start + sign, b":=>", 2))
        {
            next = next.max(line_end(text, found.end, 4_000) + 1);
            let key = line.get(..sign).unwrap_or_default().trim_matches(['"', '\'', ' ']);
            let last = key.rsplit(['_', '-', '.']).next().unwrap_or_default();
            let secret = text.get(found.range.clone()).unwrap_or_default();
            let plain = is_placeholder(secret) || is_word(secret) || is_name(secret) || is_expression(secret);
            if !is_about(last) && !plain && looks_random(secret, 8) && !secret.contains(' ') {
                finds.push(Find::new(found.range, "secret"));
            }
        }
        at = next;
    }
    at
}
