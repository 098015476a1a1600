//! Passwords on command lines, where a short option or a place says that the word is one.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::find::Find;
use super::judgement::{is_capital_name, is_path, is_placeholder, is_word, looks_random};
use super::programs::{PROGRAMS, SecretPlace};
use super::value::before_within;

static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(PROGRAMS.iter().map(|program| program.0))
        .ok()
});

/// Most words of a command that are read.
const MOST_WORDS: usize = 60;
/// Most bytes of a command that are read.
const MOST: usize = 2_000;

/// Finds the passwords on command lines.
pub(super) fn find(text: &str, finds: &mut Vec<Find>) {
    let Some(search) = SEARCH.as_ref() else { return };
    let mut done = 0;
    for hit in search.find_iter(text) {
        if hit.start() < done || !stands_alone(text, hit.range()) {
            continue;
        }
        let program = text.get(hit.range()).unwrap_or_default();
        let (words, end) = words(text, hit.end());
        done = end;
        for (_, condition, places) in PROGRAMS.iter().filter(|entry| entry.0 == program) {
            if condition.is_empty() || words.iter().any(|word| text.get(word.clone()) == Some(*condition)) {
                for place in *places {
                    at_place(text, &words, *place, finds);
                }
            }
        }
    }
    piped(text, finds);
}

/// A program's name is the end of a path or a whole word, and arguments follow.
fn stands_alone(text: &str, range: Range<usize>) -> bool {
    let before = text.get(..range.start).and_then(|before| before.chars().next_back());
    let after = text
        .get(range.end..)
        .and_then(|after| after.strip_prefix(".exe").or(Some(after)))
        .unwrap_or_default();
    !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | ':'))
        && after.starts_with([' ', '\t'])
}

/// The words of a command, without quotation marks, and the byte after it.
fn words(text: &str, at: usize) -> (Vec<Range<usize>>, usize) {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = at;
    let stop = bytes.len().min(at + MOST);
    while at < stop && out.len() < MOST_WORDS {
        match bytes[at] {
            b' ' | b'\t' => at += 1,
            b'\n' | b'|' | b';' => break,
            b'&' if bytes.get(at + 1) == Some(&b'&') => break,
            b'\\' if bytes.get(at + 1) == Some(&b'\n') => at += 2,
            quote @ (b'"' | b'\'') => {
                let end = (at + 1..stop)
                    .find(|place| bytes[*place] == quote || bytes[*place] == b'\n')
                    .unwrap_or(stop);
                out.push(at + 1..end);
                at = end + 1;
            }
            _ => {
                let start = at;
                let mut quote = None;
                while at < stop {
                    let byte = bytes[at];
                    match quote {
                        Some(open) if byte == open => quote = None,
                        None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
                        None if matches!(byte, b' ' | b'\t' | b'\n' | b'|' | b'`') => break,
                        None if byte == b';' && matches!(bytes.get(at + 1), None | Some(b' ' | b'\n')) => break,
                        _ if byte == b'\n' => break,
                        _ => {}
                    }
                    at += 1;
                }
                out.push(start..at);
                if bytes.get(at) == Some(&b'`') {
                    break;
                }
            }
        }
    }
    let out = out
        .into_iter()
        .filter(|range| text.get(range.clone()).is_some())
        .collect();
    (out, at)
}

/// Finds the secrets of one command at a place that its program keeps them in.
fn at_place(text: &str, words: &[Range<usize>], place: SecretPlace, finds: &mut Vec<Find>) {
    let word = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    let mut add = |range: Range<usize>, sure: bool| {
        let range = trimmed(text, range);
        if is_secret(text.get(range.clone()).unwrap_or_default(), sure) {
            finds.push(Find::new(range, "password"));
        }
    };
    match place {
        SecretPlace::After(option) => {
            for pair in words.windows(2) {
                if word(&pair[0]) == option && !word(&pair[1]).starts_with('-') {
                    // `mysql -p database`: only a short option of mysql's kind may have no value.
                    add(pair[1].clone(), option != "-p" || !starts_with_mysql(text, &pair[0]));
                }
            }
        }
        SecretPlace::Glued(option) => {
            for range in words {
                if let Some(from) = glued(word(range), option) {
                    add(range.start + from..range.end, true);
                }
            }
        }
        SecretPlace::Part(option, separator) => {
            for at in 0..words.len() {
                let Some(value) = option_value(text, words, at, option) else {
                    continue;
                };
                let whole = word(&value);
                if let Some(colon) = whole.find(separator).filter(|_| !whole.contains("://")) {
                    let (user, secret) = whole.split_at(colon);
                    if is_example(user, secret.trim_start_matches(separator)) {
                        continue;
                    }
                    if secret.len() == 1 && looks_random(user, 8) {
                        add(value.start..value.start + colon, true);
                    }
                    add(value.start + colon + separator.len_utf8()..value.end, true);
                }
            }
        }
        SecretPlace::AnyPart(separator) => {
            for range in words {
                let whole = word(range);
                let Some(at) = whole.find(separator).filter(|at| *at > 0 && !whole.contains("//")) else {
                    continue;
                };
                let rest = whole.get(at + separator.len_utf8()..).unwrap_or_default();
                let end = rest.rfind('@').unwrap_or(rest.len());
                let from = range.start + at + separator.len_utf8();
                if !rest.get(..end).is_some_and(|secret| secret.contains('/')) {
                    add(from..from + end, rest.contains('@') || separator == '%');
                }
            }
        }
        SecretPlace::Words(after, count) => {
            let plain: Vec<&Range<usize>> = words.iter().filter(|range| !word(range).starts_with('-')).collect();
            let first = if after.is_empty() {
                Some(0)
            } else {
                plain.iter().position(|range| word(range) == after).map(|at| at + 1)
            };
            if let Some(range) = first.and_then(|first| plain.get(first + count)) {
                add((*range).clone(), after.starts_with(['a', 'c', 'A']) && count == 1);
            }
        }
        SecretPlace::AfterPrefix(prefix) => {
            for pair in words.windows(2) {
                if word(&pair[0]).to_ascii_lowercase().starts_with(prefix) && !word(&pair[1]).starts_with(['-', '/']) {
                    add(pair[1].clone(), true);
                }
            }
        }
        SecretPlace::Last => {
            if let Some(range) = words.last() {
                add(range.clone(), false);
            }
        }
    }
}

/// Options that begin with `-p` and take no password, without that beginning.
const OTHER_OPTIONS: [&str; 10] = [
    "asswor", "ort", "rotocol", "rovider", "rofile", "roxy", "ath", "arallel", "retty", "ass",
];

/// Returns where the value begins in a word that holds an option and its value: `-pVALUE`, `-uuser:VALUE`.
fn glued(word: &str, option: &str) -> Option<usize> {
    let rest = word.strip_prefix(option).filter(|rest| rest.len() >= 3)?;
    let may_be_other = option == "-p" && (rest.len() < 9 || rest.contains('='));
    if may_be_other && OTHER_OPTIONS.iter().any(|other| rest.starts_with(other)) {
        return None;
    }
    let before = if option == "-u" { rest.find(':')? + 1 } else { 0 };
    let has_sign = rest.starts_with(['=', ':']) && !option.ends_with(['=', ':']);
    Some(option.len() + before + usize::from(has_sign))
}

/// Returns the value of an option that begins at a word: the next word, or the rest of this one.
fn option_value(text: &str, words: &[Range<usize>], at: usize, option: &str) -> Option<Range<usize>> {
    let range = words.get(at)?;
    let word = text.get(range.clone()).unwrap_or_default();
    // Short options may stand together: `-su ada:…`.
    let joined = word.len() <= 7
        && option.len() == 2
        && word.starts_with('-')
        && word.ends_with(option.trim_start_matches('-'))
        && word.chars().skip(1).all(|c| c.is_ascii_alphabetic());
    if let Some(next) = words.get(at + 1).filter(|_| word == option || joined) {
        return Some(next.clone());
    }
    let rest = word.strip_prefix(option)?;
    let rest = rest
        .strip_prefix('=')
        .unwrap_or(if option.starts_with("--") { "" } else { rest });
    (!rest.is_empty()).then(|| range.end - rest.len()..range.end)
}

/// A word without quotation marks around it.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let word = text.get(range.clone()).unwrap_or_default();
    let start = word.len() - word.trim_start_matches(['"', '\'', '=']).len();
    let end = word.trim_end_matches(['"', '\'', '`', ',']).len().max(start);
    range.start + start..range.start + end
}

/// Returns true for a user and a password as manuals write them: `username:password`.
fn is_example(user: &str, secret: &str) -> bool {
    let plain = |text: &str| text.trim_matches(['"', '\'', '<', '>']).to_ascii_lowercase();
    let user = plain(user);
    matches!(user.as_str(), "user" | "username" | "xxx" | "test" | "login")
        && matches!(
            plain(secret).as_str(),
            "password" | "pass" | "token" | "yyy" | "xxx" | "test" | "pwd" | "secret"
        )
}

fn starts_with_mysql(text: &str, option: &Range<usize>) -> bool {
    let line = before_within(text, option.start, 200)
        .rsplit('\n')
        .next()
        .unwrap_or_default();
    line.contains("mysql") || line.contains("mariadb")
}

fn is_secret(value: &str, sure: bool) -> bool {
    value.len() >= 3
        && !is_placeholder(value)
        && !is_path(value)
        && !is_capital_name(value)
        && (sure
            && !(is_word(value)
                && value != "secret"
                && value != "password"
                && value != "guest"
                && value != "test"
                && value != "root")
            && !value.contains('<')
            && (!value.contains('{') || looks_random(value.trim_matches(['{', '}']), 8) && !value.contains("{{"))
            || looks_random(value, 5))
}

/// `echo SECRET | sudo -S …`, `echo "ada:SECRET" | chpasswd`, `<<< SECRET`.
fn piped(text: &str, finds: &mut Vec<Find>) {
    for command in [
        "sudo -S",
        "passwd --stdin",
        "chpasswd",
        "--password-stdin",
        "kinit",
        "cryptsetup",
        "docker login",
        "--with-token",
        "sudo -k",
        "smbpasswd",
        "gh auth",
        "passwd-on-stdin",
        "password-on-stdin",
        "realm join",
    ] {
        for (at, _) in text.match_indices(command).take(100) {
            let near = before_within(text, at, 400);
            let line_start = near.rfind('\n').map_or(0, |end| end + 1);
            let line = near.get(line_start..).unwrap_or_default();
            let Some(pipe) = line.rfind('|') else { continue };
            let before = line.get(..pipe).unwrap_or_default().trim_end();
            let echo = ["echo ", "printf "]
                .iter()
                .filter_map(|echo| before.rfind(echo).map(|from| from + echo.len()))
                .max();
            let Some(from) = echo else { continue };
            let (words, _) = words(before, from);
            let Some(last) = words.iter().rfind(|word| {
                before
                    .get((*word).clone())
                    .is_some_and(|word| !word.starts_with('-') && !word.starts_with('%'))
            }) else {
                continue;
            };
            let offset = at - near.len() + line_start;
            let word = before.get(last.clone()).unwrap_or_default();
            let colon = if command.contains("chpasswd") {
                word.find(':').map_or(0, |colon| colon + 1)
            } else {
                0
            };
            let range = trimmed(text, offset + last.start + colon..offset + last.end);
            if is_secret(text.get(range.clone()).unwrap_or_default(), true) {
                finds.push(Find::new(range, "password"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_command_is_found() {
        for (text, expected) in [
            ("mysql -u root -phunter2 app", Some("hunter2")),
            ("mysql -u root -p app", None),
            ("sshpass -p 'cor rect' ssh ada@host", Some("cor rect")),
            ("redis-cli -h cache -a s3cret ping", Some("s3cret")),
            ("curl -su ada:hunter https://example.com", Some("hunter")),
            ("curl -u ada:hunter https://example.com", Some("hunter")),
            ("docker login -u ada -p hunter2 registry.example.com", Some("hunter2")),
            ("docker run -p 8080:80 app", None),
            ("sqlplus scott/tiger@db", Some("tiger")),
            ("echo hunter2 | sudo -S reboot", Some("hunter2")),
            ("rabbitmqctl add_user ada horse", Some("horse")),
        ] {
            let mut finds = Vec::new();
            find(text, &mut finds);
            let found = finds.first().map(|find| &text[find.range.clone()]);
            assert_eq!(found, expected, "{text}");
        }
    }
}
