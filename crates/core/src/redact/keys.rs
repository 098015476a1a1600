//! Private keys, whole or cut at either end.

use std::ops::Range;

use super::find::Find;
use super::value;

/// Most bytes of a private key.
const MOST_KEY: usize = 64 * 1024;

/// Finds private keys, whole or cut at either end.
pub(super) fn find_keys(text: &str, finds: &mut Vec<Find>) {
    let mut done = 0;
    for (at, _) in text
        .match_indices("PRIVATE KEY")
        .chain(text.match_indices("Private-Lines:"))
        .chain(text.match_indices("private key"))
    {
        if at < done {
            continue;
        }
        let mut from = at.saturating_sub(60).max(done.min(at));
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let before = text.get(from..at).unwrap_or_default();
        let line_start = before
            .rfind("-----")
            .map(|dashes| from + dashes)
            .filter(|dashes| !text.get(*dashes..at).unwrap_or_default().contains('\n'));
        let head = line_start.map(|dashes| text.get(dashes..at).unwrap_or_default().to_ascii_uppercase());
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        let after = at
            + rest
                .iter()
                .take(40)
                .position(|byte| matches!(byte, b'-' | b'\n'))
                .unwrap_or(11.min(rest.len()));
        let after = value::skip(text, after, b"-", 10);
        match head {
            Some(head) if head.contains("END") => {
                let dashes = line_start.unwrap_or(at);
                let start = body_before(text, dashes, done);
                if start < dashes {
                    finds.push(Find::new(start..dashes, "private-key"));
                }
                done = after;
            }
            Some(_) => {
                let end = body_after(text, after);
                if end > after {
                    finds.push(Find::new(after..end, "private-key"));
                }
                done = end;
            }
            None if text.get(at..).is_some_and(|rest| rest.starts_with("Private-Lines")) => {
                let start = text
                    .get(at..)
                    .and_then(|rest| rest.find('\n'))
                    .map_or(text.len(), |end| at + end + 1);
                let end = body_after(text, start);
                if end > start {
                    finds.push(Find::new(start..end, "private-key"));
                }
                done = end;
            }
            None => {}
        }
    }
    find_bodies(text, finds);
}

/// The end of the lines of a key after its first line. A key may stand on one line with `\n` between its parts.
fn body_after(text: &str, start: usize) -> usize {
    let stop = text.len().min(start + MOST_KEY);
    let mut end = start;
    let mut at = start;
    while at < stop {
        // The closing line may be near on the same line: then the rest of it is not read.
        let closing = (text.as_bytes().get(at..stop).unwrap_or_default())
            .windows(4)
            .position(|four| four == b"----" || four[0] == b'\n');
        let closed = closing.filter(|closing| text.as_bytes().get(at + closing) != Some(&b'\n'));
        let line = closing.map_or_else(|| value::line_end(text, at, stop - at), |closing| at + closing);
        let content = text.get(at..line).unwrap_or_default();
        let closing = closed;
        let content = closing.and_then(|closing| content.get(..closing)).unwrap_or(content);
        let cut = content
            .find(['"', '\'', ',', '<', '`'])
            .filter(|cut| *cut > 0 || content.len() == 1);
        let body = cut.and_then(|cut| content.get(..cut)).unwrap_or(content);
        if !is_body(body) {
            break;
        }
        let filled = body.trim_end();
        if !filled.is_empty() {
            end = at + filled.len();
        }
        if closing.is_some() || cut.is_some() {
            break;
        }
        at = line + 1;
    }
    end
}

/// The start of the lines of a key before its last line.
fn body_before(text: &str, end: usize, least: usize) -> usize {
    let mut start = end;
    let mut at = end;
    while at > least && end - at < MOST_KEY {
        let before = text.get(least..at).unwrap_or_default();
        let trimmed = before.strip_suffix('\n').unwrap_or(before);
        let line = trimmed.rfind('\n').map_or(least, |line| least + line + 1);
        let content = text.get(line..at).unwrap_or_default();
        if content.trim().is_empty() && start < end || !is_body(content) {
            break;
        }
        let lead = content.len() - content.trim_start().len();
        if !content.trim().is_empty() {
            start = line + lead;
        }
        at = line;
        if line == least {
            break;
        }
    }
    start
}

/// Returns true for a line of a key: base64, its headers, or nothing.
fn is_body(line: &str) -> bool {
    let line = line
        .trim()
        .trim_start_matches(['>', ' ', '|', '+', '-', '*', '`'])
        .trim_end_matches(['\\', '`', '*']);
    let plain = line.replace("\\n", "").replace("\\r", "");
    let base64 = plain
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\\' | '.' | '…'));
    let word = plain.len() < 24 && plain.chars().all(|c| c.is_ascii_lowercase()) && !plain.is_empty();
    base64 && !word
        || ["Proc-Type:", "DEK-Info:", "Version:", "Comment:", "Charset:", "Hash:"]
            .iter()
            .any(|header| line.starts_with(header))
        || (plain.contains(' ') && plain.split(' ').all(|part| part.len() >= 40 || part.is_empty()))
}

/// Beginnings of private keys in base64 (DER of PKCS#1, PKCS#8 and SEC 1, and OpenSSH's own form).
const BEGINNINGS: &[&str] = &[
    "b3BlbnNzaC1rZXkt",
    "MHcCAQEE",
    "MIGHAgEA",
    "MIG2AgEA",
    "MIGkAgEB",
    "MC4CAQAw",
    "MHQCAQEE",
    "MIHuAgEA",
    "lQOYB",
    "lQVYB",
    "lFgE",
];

/// Finds the inner lines of a key whose first and last lines were not pasted.
fn find_bodies(text: &str, finds: &mut Vec<Find>) {
    let public = [
        "CERTIFICATE",
        "PUBLIC KEY",
        "PGP MESSAGE",
        "PGP SIGNATURE",
        "PARAMETERS",
    ]
    .iter()
    .any(|word| text.contains(word));
    let mut run: Option<(Range<usize>, usize, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        let start = at + line.find(content).unwrap_or(0);
        at += line.len();
        let end = start + content.len();
        let body = content.len() >= 20
            && content
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='));
        let begins = BEGINNINGS.iter().any(|beginning| content.starts_with(beginning)) || is_der(content);
        let full = (56..=80).contains(&content.len()) && has_mix(content);
        run = match run.take() {
            Some((range, lines, length)) if body && content.len() <= length => {
                Some((range.start..end, lines + 1, length))
            }
            Some(other) => {
                settle(other, public, finds);
                (body && (begins || full)).then_some((start..end, if begins { 100 } else { 1 }, content.len()))
            }
            None => (body && (begins || full)).then_some((start..end, if begins { 100 } else { 1 }, content.len())),
        };
    }
    if let Some(run) = run {
        settle(run, public, finds);
    }
}

fn settle((range, lines, _): (Range<usize>, usize, usize), public: bool, finds: &mut Vec<Find>) {
    if lines >= 100 || lines >= 3 && !public {
        finds.push(Find::new(range, "private-key"));
    }
}

/// Returns true for the beginning of a private key in DER: a sequence that begins with a version, not with another
/// sequence as a certificate does.
fn is_der(line: &str) -> bool {
    line.starts_with("MII")
        && (line.get(5..9) == Some("IBAA") || line.get(5..8) == Some("IBA") || line.get(4..8) == Some("AgEA"))
}

fn has_mix(line: &str) -> bool {
    let count = |what: fn(&u8) -> bool| line.bytes().filter(what).count();
    count(u8::is_ascii_digit) >= 3 && count(u8::is_ascii_lowercase) >= 8 && count(u8::is_ascii_uppercase) >= 8
}
