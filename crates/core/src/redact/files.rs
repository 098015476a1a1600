//! Secrets in files that people paste whole or in part: keys, Secrets of Kubernetes, cookies, tables.

use std::ops::Range;

use super::find::Find;
use super::judgement::{is_placeholder, is_word, looks_random};
use super::names::{Class, as_name};
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
        let line = closing.map_or(value::line_end(text, at, stop - at), |closing| at + closing);
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
                (body && (begins || full)).then(|| (start..end, if begins { 100 } else { 1 }, content.len()))
            }
            None => (body && (begins || full)).then(|| (start..end, if begins { 100 } else { 1 }, content.len())),
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

/// Finds the cells below a heading that names a secret, in tables of Markdown, psql, CSV and tabs; and the values of an
/// SQL insertion into such a column.
pub(super) fn find_tables(text: &str, finds: &mut Vec<Find>) {
    let mut heading: Option<(char, usize, Vec<usize>)> = None;
    let mut previous = "";
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        if let Some((separator, count, columns)) = &heading {
            let cells = cells(content, *separator);
            let ruler = content
                .chars()
                .all(|c| matches!(c, '|' | '-' | '+' | ':' | ' ' | '=' | '\t'));
            if cells.len() == *count || ruler && !content.trim().is_empty() {
                for column in columns.iter().filter(|_| !ruler) {
                    if let Some(range) = cells.get(*column) {
                        let value = content.get(range.clone()).unwrap_or_default();
                        if value.len() >= 3
                            && !is_placeholder(value)
                            && !is_word(value)
                            && !(value.contains(' ') && *separator == ',')
                        {
                            finds.push(Find::new(at + range.start..at + range.end, "password"));
                        }
                    }
                }
                at += line.len();
                previous = content;
                continue;
            }
        }
        // A heading is the first row of a table.
        let first = |separator: &char| {
            content.contains(*separator) && cells(previous, *separator).len() != cells(content, *separator).len()
        };
        heading = ['|', '\t', ',', ';']
            .into_iter()
            .filter(first)
            .find_map(|separator| heading_of(content, separator));
        previous = content;
        at += line.len();
    }
    find_insertions(text, finds);
}

fn heading_of(line: &str, separator: char) -> Option<(char, usize, Vec<usize>)> {
    if !line.contains(separator) || line.len() > 2_000 {
        return None;
    }
    let cells = cells(line, separator);
    let text = |range: &Range<usize>| line.get(range.clone()).unwrap_or_default();
    let plain = |range: &Range<usize>| {
        let cell = text(range);
        cell.len() <= 40
            && cell
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '*' | '/' | '(' | ')'))
            && (separator != ',' || !cell.contains(' '))
    };
    if cells.len() < 2 || !cells.iter().all(plain) {
        return None;
    }
    let columns: Vec<usize> = (0..cells.len())
        .filter(|at| {
            cells
                .get(*at)
                .and_then(|range| as_name(text(range)))
                .is_some_and(|name| matches!(name.class, Class::Password | Class::Short | Class::Secret))
        })
        .filter(|at| {
            cells
                .get(*at)
                .is_some_and(|range| !text(range).eq_ignore_ascii_case("login"))
        })
        .collect();
    (!columns.is_empty()).then_some((separator, cells.len(), columns))
}

/// The cells of a line, without blanks and quotation marks around them.
fn cells(line: &str, separator: char) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut at = 0;
    for cell in line.split(separator) {
        let trimmed = cell.trim_matches([' ', '"', '`', '\'', '*']);
        let lead = cell.find(trimmed).unwrap_or(0);
        out.push(at + lead..at + lead + trimmed.len());
        at += cell.len() + separator.len_utf8();
    }
    out
}

/// Finds the values of `INSERT INTO users (name, password) VALUES ('ada', '…')`.
fn find_insertions(text: &str, finds: &mut Vec<Find>) {
    let upper = text.to_ascii_uppercase();
    for (at, _) in upper.match_indices("INSERT INTO").take(200) {
        let rest = text.get(at..value::line_end(text, at, 4_000)).unwrap_or_default();
        let Some((open, close)) = rest.find('(').zip(rest.find(')')) else {
            continue;
        };
        let Some(names) = rest.get(open + 1..close) else {
            continue;
        };
        let columns: Vec<usize> = names
            .split(',')
            .enumerate()
            .filter(|(_, name)| as_name(name).is_some())
            .map(|(column, _)| column)
            .collect();
        let mut place = close + 1;
        while let Some(found) = rest.get(place..).and_then(|rest| rest.find('(')) {
            let start = place + found + 1;
            let end = rest
                .get(start..)
                .and_then(|rest| rest.find(')'))
                .map_or(rest.len(), |end| start + end);
            let row = rest.get(start..end).unwrap_or_default();
            let cells = cells(row, ',');
            for column in &columns {
                if let Some(cell) = cells
                    .get(*column)
                    .filter(|cell| !is_placeholder(row.get((*cell).clone()).unwrap_or_default()))
                {
                    finds.push(Find::new(at + start + cell.start..at + start + cell.end, "password"));
                }
            }
            place = end;
        }
    }
}
