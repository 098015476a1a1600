//! Secrets in files that people paste whole or in part: Secrets of Kubernetes, cookies.

use std::ops::Range;

use super::find::Find;
use super::judgement::{is_placeholder, looks_random};
use super::names::as_name;
use super::value;

/// Finds the values of Secrets of Kubernetes, as YAML or JSON.
pub(super) fn find_kubernetes(text: &str, finds: &mut Vec<Find>) {
    // The kind of the object decides; kubectl writes it after the data, people before.
    let kinds: Vec<(usize, bool)> = text
        .match_indices("kind")
        .filter_map(|(at, _)| {
            let after = value::skip(text, at + 4, b"\"'\\", 4);
            (text.as_bytes().get(after) == Some(&b':')).then_some(())?;
            let found = value::read(text, after + 1)?;
            Some((at, text.get(found.range)?.trim_end_matches(['\\', '}']) == "Secret"))
        })
        .collect();
    if kinds.iter().all(|(_, is_secret)| !is_secret) {
        return;
    }
    for word in ["data", "stringData"] {
        for (at, _) in text.match_indices(word) {
            let next = kinds.partition_point(|(kind, _)| *kind < at);
            let near = [
                next.checked_sub(1).and_then(|before| kinds.get(before)),
                kinds.get(next),
            ];
            let nearest = near.into_iter().flatten().min_by_key(|(kind, _)| kind.abs_diff(at));
            if nearest.is_some_and(|(_, is_secret)| *is_secret) {
                data_of(text, at, at + word.len(), finds);
            }
        }
    }
}

/// Finds the values of one `data` map.
fn data_of(text: &str, word: usize, after: usize, finds: &mut Vec<Find>) {
    let glued = text
        .get(..word)
        .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_alphanumeric()));
    let at = value::skip(text, after, b"\"'\\", 4);
    if glued || text.as_bytes().get(at) != Some(&b':') {
        return;
    }
    let at = value::skip(text, at + 1, b" \t\r", 20);
    let mut place = at;
    if text.as_bytes().get(at) == Some(&b'{') {
        let end = text
            .get(at..)
            .and_then(|rest| rest.find('}'))
            .map_or(text.len(), |end| at + end);
        place += 1;
        while let Some(colon) = text.get(place..end).and_then(|rest| rest.find(':')) {
            let Some(found) = value::read(text, place + colon + 1) else {
                break;
            };
            place = found.end.max(place + colon + 1);
            push(text, found.range, finds);
        }
        return;
    }
    let own = word
        - text
            .get(..word)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |line| line + 1);
    while text.as_bytes().get(place) == Some(&b'\n') {
        let line = place + 1;
        let indented = value::skip(text, line, b" \t", 200);
        let stop = value::line_end(text, line, usize::MAX / 2);
        if indented - line <= own && indented < stop {
            break;
        }
        place = stop;
        if let Some(colon) = text.get(indented..stop).and_then(|content| content.find(':'))
            && let Some(found) = value::read(text, indented + colon + 1)
        {
            // A value without quotation marks goes on to the end of its line.
            let end = if found.quoted { found.range.end } else { stop };
            place = found.end.max(stop);
            push(text, found.range.start..end.max(found.range.start), finds);
        }
    }
}

fn push(text: &str, range: Range<usize>, finds: &mut Vec<Find>) {
    let value = text.get(range.clone()).unwrap_or_default();
    if value.len() >= 3 && !is_placeholder(value) {
        finds.push(Find::new(range, "kubernetes-secret"));
    }
}

/// Attributes of cookies, which are no cookies.
const ATTRIBUTES: &[&str] = &[
    "path",
    "domain",
    "expires",
    "max-age",
    "samesite",
    "secure",
    "httponly",
    "priority",
    "version",
    "partitioned",
];

/// Finds the values of cookies in headers, and in files of browsers and curl.
pub(super) fn find_cookies(text: &str, finds: &mut Vec<Find>) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        if lower.len() == line.len() {
            let mut from = 0;
            while let Some(found) = lower.get(from..).and_then(|rest| rest.find("cookie")) {
                let end = from + found + "cookie".len();
                from = end;
                let begins = value::skip(line, end, b"s\"'\\", 4);
                let begins = value::skip(line, begins, b" \t", 4);
                let is_flag = lower.get(..end).is_some_and(|before| before.ends_with("--cookie")) && begins > end;
                if matches!(line.as_bytes().get(begins), Some(b':' | b'=')) || is_flag {
                    from = values(line, at, begins + usize::from(!is_flag), finds);
                }
            }
            if lower.contains("curl")
                && let Some(option) = line.find(" -b ")
            {
                values(line, at, option + 4, finds);
            }
        }
        let cells: Vec<&str> = line.trim_end().split('\t').collect();
        if let [_, "TRUE" | "FALSE", path, "TRUE" | "FALSE", _, _, value] = cells.as_slice()
            && path.starts_with('/')
        {
            let start = at + line.trim_end().len() - value.len();
            finds.push(Find::new(start..start + value.len(), "cookie"));
        }
        at += line.len();
    }
}

/// Finds the values after `Cookie:` on a line that begins at `base`, and returns the byte after them.
fn values(line: &str, base: usize, start: usize, finds: &mut Vec<Find>) -> usize {
    let from = value::skip(line, start, b" \t\"'\\", 8);
    let rest = line.get(from..).unwrap_or_default();
    let end = rest.find(['"', '\'', '\n', '`', '\\']).unwrap_or(rest.len());
    let mut at = from;
    for part in rest.get(..end).unwrap_or_default().split_inclusive([';', ',']) {
        let pair = part.trim_end_matches([';', ',']);
        if let Some((name, secret)) = pair.split_once('=') {
            let secret_end = at + pair.trim_end().len();
            let attribute = ATTRIBUTES.contains(&name.trim().to_ascii_lowercase().as_str());
            let value = secret.trim();
            if !attribute
                && value.len() >= 4
                && !is_placeholder(value)
                && (looks_random(value, 4) || as_name(name.trim()).is_some() || value.len() >= 12)
                && !name.trim().contains(' ')
            {
                finds.push(Find::new(
                    base + secret_end - secret.trim_end().len()..base + secret_end,
                    "cookie",
                ));
            }
        }
        at += part.len();
    }
    from + end
}
