//! Assignments such as `password=…` in every notation: is the value a secret, or does the text only mention one?

use super::find::Find;
use super::judgement::{
    is_capital_name, is_expression, is_key_material, is_name, is_path, is_placeholder, is_strong, is_unpronounceable,
    is_word, looks_random,
};
use super::names::{Class, SecretName, as_name, names};
use super::separators::{Separator, separator};
use super::value::{self, Value, before_within, line_end, skip, starts};

/// Commands and directives after which a name and its value are parted by a blank.
const DIRECTIVES: &[&str] = &[
    "env ",
    "arg ",
    "setx ",
    "setenv ",
    "set ",
    "set -x ",
    "set -gx ",
    "set -xg ",
    "set -ux ",
    "set --export ",
    "set -g ",
    "declare -x ",
    "typeset -x ",
    "config:set ",
    "config set ",
    "configure set ",
    "define ",
    "--build-arg ",
    "passenv ",
    "git config ",
    "fastcgi_param ",
    "addpwd ",
    "reg_sz ",
    "const ",
    "put ",
    "vars ",
    "requirepass",
];

/// Finds the values of all assignments to the `names` of a text.
pub(super) fn find(text: &str, names: &[SecretName], finds: &mut Vec<Find>) {
    let mut done = 0;
    for name in names {
        if name.range.start < done {
            continue;
        }
        let Some((separator, at)) = separator(text, name) else {
            earlier_value(text, name, finds);
            continue;
        };
        let Some(mut value) = value::read(text, at) else {
            continue;
        };
        if separator == Separator::Structure && !value.quoted {
            value = until_tag(text, value);
        }
        if separator == Separator::Colon
            && let Some(after) = typed(text, &value)
        {
            let Some(assigned) = value::read(text, after) else {
                continue;
            };
            value = assigned;
        }
        if !value.quoted && is_phrase(text.get(name.range.clone()).unwrap_or_default()) {
            value.range.end = line_end(text, value.range.start, 400);
            value.end = value.range.end;
        }
        if !accepts(text, name, separator, &value) {
            continue;
        }
        done = value.range.end;
        let mut end = value.end;
        finds.push(Find::new(value.range, name.kind));
        // The other side of a difference, or further values of a list.
        while let Some(next) = other_side(text, end) {
            let is_secret = !is_placeholder(text.get(next.range.clone()).unwrap_or_default());
            end = next.end;
            done = next.range.end;
            if is_secret {
                finds.push(Find::new(next.range, name.kind));
            }
        }
    }
}

/// The byte after the equals sign where the "value" is a type: `password: string = "…"`.
fn typed(text: &str, value: &Value) -> Option<usize> {
    let at = skip(text, value.end, b" \t", 20);
    let is_type = text
        .get(value.range.clone())?
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_<>[]?&".contains(c));
    let assigns = text.as_bytes().get(at) == Some(&b'=') && text.as_bytes().get(at + 1) != Some(&b'=');
    (is_type && !value.quoted && assigns && at > value.end).then_some(at + 1)
}

/// A value up to the next tag or the end of a cell.
fn until_tag(text: &str, value: Value) -> Value {
    let start = value.range.start;
    let stop = line_end(text, start, 500);
    let rest = text.get(start..stop).unwrap_or_default();
    match rest.find(['<', '|']) {
        Some(end) => {
            let kept = rest.get(..end).unwrap_or_default().trim_end().len();
            Value {
                range: start..start + kept,
                quoted: kept > 0,
                end: start + end,
            }
        }
        None => value,
    }
}

/// The value after ` -> `, ` => `, or after a comma in a list of quoted values.
fn other_side(text: &str, at: usize) -> Option<Value> {
    let arrow = skip(text, at, b" \t", 20);
    let sign = ["->", "=>", "→", "-&gt;", "=&gt;"]
        .iter()
        .find(|sign| starts(text, arrow, sign))?;
    value::read(text, arrow + sign.len())
}

/// Finds the value of a pair that says its value first: `"value": "…", "name": "DB_PASSWORD"`.
fn earlier_value(text: &str, name: &SecretName, finds: &mut Vec<Find>) {
    let before = before_within(text, name.range.start, 300);
    let start = name.range.start - before.len();
    let lower = before.to_ascii_lowercase();
    let names_it = ["name", "key"].iter().any(|word| {
        let tail = lower.trim_end_matches(['"', '\'', ' ', ':', '=', '\\']);
        tail.len() < lower.len() && tail.ends_with(word)
    });
    let Some(found) = lower.rfind("value").filter(|_| names_it) else {
        return;
    };
    let at = skip(text, start + found + 5, b"\"'\\ \t", 8);
    if !matches!(text.as_bytes().get(at), Some(b'=' | b':')) {
        return;
    }
    if let Some(value) = value::read(text, at + 1).filter(|value| value.end < name.range.start)
        && accepts(text, name, Separator::Structure, &value)
    {
        finds.push(Find::new(value.range, name.kind));
    }
}

/// The letters before a name on its line, at most a few, in lower case.
fn before(text: &str, name: &SecretName) -> String {
    let before = before_within(text, name.range.start, 24);
    before.rsplit('\n').next().unwrap_or_default().to_ascii_lowercase()
}

fn accepts(text: &str, name: &SecretName, separator: Separator, value: &Value) -> bool {
    let Some(secret) = text.get(value.range.clone()).map(str::trim) else {
        return false;
    };
    let names_another = |name: &SecretName| {
        !secret.contains(|c: char| c.is_ascii_digit())
            && as_name(secret).is_some_and(|other| other.class != Class::Short || other.range.len() == name.range.len())
    };
    if is_placeholder(secret)
        || is_word(secret)
        || is_capital_name(secret)
        || names_another(name)
        || !value.quoted && is_expression(secret) && (secret.contains(['(', '[', ':']) || !looks_random(secret, 6))
        || is_port(secret)
        || secret.len() < 3 && !value.quoted
        || is_in_resource(text, name)
        || secret.contains("://") && !secret.contains('@')
        || !value.quoted && secret.starts_with(['[', '(', '{'])
    {
        return false;
    }
    let blanks = secret.contains([' ', '\n']);
    let shown = text.get(name.range.clone()).unwrap_or_default();
    match name.class {
        Class::Digits => {
            (4..=10).contains(&secret.len())
                && secret.chars().all(|c| c.is_ascii_digit())
                && separator != Separator::Blank
        }
        Class::Password | Class::Short => {
            let wordy = name.class == Class::Short && !name.compound || is_path(secret);
            is_password(text, name, separator, value, secret, wordy)
                && !(is_path(secret) && shown.eq_ignore_ascii_case("pwd"))
        }
        Class::Secret | Class::Strict => {
            let strict = name.class == Class::Strict;
            let phrase = is_phrase(shown);
            let digits = secret.chars().filter(char::is_ascii_digit).count();
            if phrase
                && digits >= 6
                && secret
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, '-' | ' ' | ','))
            {
                return true;
            }
            if blanks {
                return (phrase || shown.to_ascii_lowercase().contains("connection")) && value.quoted
                    || phrase && secret.split(' ').count() >= 6;
            }
            let weak_session = name.kind == "session" && !has_key_letters(secret);
            if weak_session {
                return false;
            }
            let random = if strict {
                is_key_material(secret, 16) && has_key_letters(secret)
            } else {
                looks_random(secret, 8) && !is_name(secret)
            };
            match separator {
                Separator::Blank => {
                    let directed = is_flag(text, name) || is_directed(text, name);
                    // "PAT 4f…", "application key 0c…": a vendor's word with nothing but a long key after it.
                    let least = if strict { 32 } else { 20 };
                    let signed = ["code", "ticket", "serial", "sig", "signature"]
                        .iter()
                        .any(|word| shown.eq_ignore_ascii_case(word));
                    directed && random
                        || value.quoted && !strict && is_strong(secret, 12)
                        || random && !signed && is_key_material(secret, least)
                }
                Separator::Words => looks_random(secret, if strict { 20 } else { 8 }) && random,
                Separator::NextLine => random && is_alone(text, value),
                Separator::Structure | Separator::Equals | Separator::Colon => {
                    random || value.quoted && !strict && secret.len() >= 8 && is_weak_secret(shown, secret)
                }
            }
        }
    }
}

/// Returns true for the name of a secret of many words.
fn is_phrase(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["mnemonic", "seed phrase", "recovery", "backup", "secret phrase"]
        .iter()
        .any(|word| name.contains(word))
}

/// Returns true within the name of a resource: `arn:aws:secretsmanager:…:secret:prod/db-AbCdEf`.
fn is_in_resource(text: &str, name: &SecretName) -> bool {
    let before = before_within(text, name.range.start, 90);
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    word.trim_start_matches(['"', '\'', '(', '`']).starts_with("arn:")
}

/// Returns true for a port and a path: the text before it was the name of a host.
fn is_port(secret: &str) -> bool {
    let digits = secret.len() - secret.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    (2..=5).contains(&digits) && secret.get(digits..).is_some_and(|rest| rest.starts_with(['/', ':']))
}

/// Returns true for a value that is a secret only because its name says so: a word under `client_secret` in quotes.
fn is_weak_secret(name: &str, secret: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let says_so = [
        "client_secret",
        "clientsecret",
        "secret_key",
        "secretkey",
        "secret_access",
        "shared_secret",
        "api_secret",
        "app_secret",
        "signing_secret",
    ];
    let is_own = name.ends_with("secret") && looks_random(secret, 6);
    (is_own || says_so.iter().any(|part| name.contains(part))) && !is_name(secret) && !is_capital_name(secret)
}

/// Returns true for at least some digits among the letters, or strange pairs of letters: keys of vendors.
fn has_key_letters(secret: &str) -> bool {
    let digits = secret.chars().filter(char::is_ascii_digit).count();
    digits >= 3 && secret.chars().filter(char::is_ascii_alphabetic).count() >= 3 || is_unpronounceable(secret)
}

fn is_password(text: &str, name: &SecretName, separator: Separator, value: &Value, secret: &str, wordy: bool) -> bool {
    let random = looks_random(secret, 5) && !(wordy && is_name(secret));
    let flag = is_flag(text, name);
    let marked = value.quoted && secret.len() >= 4;
    match separator {
        Separator::Equals => !wordy || random || value.quoted,
        Separator::Structure => random || marked && !secret.contains('\n') && !wordy && !is_sentence(secret),
        Separator::Colon => {
            if wordy {
                return random && !secret.chars().all(|c| c.is_ascii_digit());
            }
            value.quoted || flag || random || ends_line(text, value)
        }
        Separator::NextLine => random && is_alone(text, value) && !is_name(secret) && !is_expression(secret),
        Separator::Words => (random || marked && is_spoken(text, value)) && !is_name(secret) && !is_path(secret),
        Separator::Blank => {
            let directed = flag || is_directed(text, name);
            directed && !secret.starts_with('-') && (!wordy || random)
                || value.quoted && is_strong(secret, 5)
                || value.quoted && !wordy && (looks_random(secret, 5) || before(text, name).contains(" with "))
                || !wordy && looks_random(secret, 8) && !is_name(secret) && !secret.contains(['=', '(', ':', '/', '['])
                || wordy && random && looks_random(secret, 6) && !is_name(secret) && has_user(text, name)
        }
    }
}

/// Returns true for a text of several words, as headings of tables and messages have.
fn is_sentence(secret: &str) -> bool {
    secret
        .split(' ')
        .filter(|word| word.chars().all(char::is_alphabetic))
        .count()
        > 2
}

/// Returns true when a sentence quotes the value: "the password is 'correct horse'".
fn is_spoken(text: &str, value: &Value) -> bool {
    let mark = text.as_bytes().get(value.range.start.wrapping_sub(1));
    matches!(mark, Some(b'"' | b'\'' | b'`'))
}

/// Returns true for a flag, such as `--password x`: only a flag has its value after a blank.
fn is_flag(text: &str, name: &SecretName) -> bool {
    text.get(name.range.clone()).is_some_and(|name| name.starts_with('-')) || before(text, name).ends_with(" /")
}

/// Returns true after a command or a directive that takes a name and a value.
fn is_directed(text: &str, name: &SecretName) -> bool {
    let before = before(text, name);
    DIRECTIVES.iter().any(|word| {
        before
            .strip_suffix(word)
            .is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric()))
    }) || text.get(name.range.clone()).is_some_and(|name| {
        matches!(
            name.to_ascii_lowercase().as_str(),
            "requirepass" | "masterauth" | "ansible_password" | "bindpw" | "rootpw"
        )
    })
}

/// Returns true when nothing but punctuation, a comment or further options follows on the line; a sentence goes on.
fn ends_line(text: &str, value: &Value) -> bool {
    let rest = text
        .get(value.end..line_end(text, value.end, 400))
        .unwrap_or_default()
        .trim();
    rest.is_empty()
        || rest.starts_with(['"', '\'', ',', ';', '}', '#', '&', '`', ')', '|', '\\', '<', '*', ']'])
        || rest.starts_with("--")
        || rest.starts_with("//")
        || rest.starts_with("->")
        || names(rest).next().is_some_and(|name| name.range.start == 0)
        || rest
            .split_once(['=', ':'])
            .is_some_and(|(name, _)| name.len() < 24 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// Returns true when a user is named just before: `user ada pass …`.
fn has_user(text: &str, name: &SecretName) -> bool {
    let before = before(text, name);
    ["user", "usr", "login", "uid", "account", "admin", "-u "]
        .iter()
        .any(|word| before.contains(word))
}

/// Returns true when the value is all that its line holds.
fn is_alone(text: &str, value: &Value) -> bool {
    text.get(value.end..line_end(text, value.end, 400))
        .is_some_and(|rest| rest.trim_matches([' ', '`', '"', '\'', '*', '\r', '.']).is_empty())
}
