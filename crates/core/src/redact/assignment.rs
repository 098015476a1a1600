//! Checks of assignments such as `password=…`: is the value a password, or does the text only mention one?

use regex::Captures;

/// Parts of names whose values are passwords.
pub(super) const PASSWORDS: &[&str] = &["passw", "passphrase", "pwd"];

/// Parts of names whose values are other secrets.
pub(super) const SECRETS: &[&str] = &["secret", "token", "key", "credential"];

/// Words after such a name that are about a secret and are none.
const WORDS: &[&str] = &[
    "required",
    "optional",
    "invalid",
    "incorrect",
    "wrong",
    "missing",
    "expired",
    "none",
    "null",
    "nil",
    "true",
    "false",
    "yes",
    "no",
    "empty",
    "string",
    "not",
    "is",
    "must",
    "reset",
    "changed",
    "unchanged",
    "prompt",
    "hidden",
    "redacted",
    "undefined",
    "unset",
    "unknown",
    "default",
    "failed",
    "error",
    "denied",
    "found",
    "refused",
    "revoked",
    "rejected",
    "generated",
    "rotated",
    "and",
    "or",
    "for",
    "the",
    "a",
    "was",
    "has",
    "authentication",
    "authorization",
    "bearer",
    "basic",
    "required,",
    "value",
    "secret",
    "password",
    "token",
    "credential",
    "credentials",
    "example",
    "changeme",
    "sensitive",
    "encrypted",
    "masked",
    "omitted",
    "absent",
    "disabled",
    "enabled",
    "mismatch",
    "accepted",
    "valid",
];

/// The value that a match assigns; true when it is in quotation marks.
fn value<'t>(found: &Captures<'t>) -> Option<(&'t str, bool)> {
    let quoted = found.name("dq").or_else(|| found.name("sq"));
    match quoted {
        Some(quoted) => Some((quoted.as_str(), true)),
        None => found.name("bare").map(|bare| (bare.as_str(), false)),
    }
}

/// Returns true for a placeholder, a variable, a redaction mark or dots: there is nothing to hide.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let marked = [
        "<", "&lt;", "$", "{{", "%(", "%s", "%v", "[", "*", "...", "…", "@", "!", "env(", "os.",
    ];
    value.is_empty()
        || marked.iter().any(|mark| value.starts_with(mark))
        || value
            .chars()
            .all(|c| matches!(c, 'x' | 'X' | '*' | '.' | '-' | '•' | '#' | '?' | '_' | '…'))
        || value.starts_with("your")
        || value.starts_with("YOUR")
}

/// Returns true for a name in capitals, which stands for a value: `MY_TOKEN`, `API-KEY`.
fn is_capital_name(value: &str) -> bool {
    value.contains(['_', '-']) && value.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c == '-')
}

fn is_word(value: &str) -> bool {
    let word = value
        .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}'])
        .to_lowercase();
    WORDS.contains(&word.as_str())
}

/// Returns true when nothing but punctuation, a comment or further options follows on the line; a sentence goes on.
fn ends_line(found: &Captures<'_>, text: &str) -> bool {
    let end = found.get(0).map_or(0, |all| all.end());
    let rest = text.get(end..).unwrap_or_default();
    let rest = rest.split('\n').next().unwrap_or_default().trim();
    rest.is_empty()
        || rest.starts_with(['"', '\'', ',', ';', '}', '#', '&', '`', ')', '|', '\\'])
        || rest.starts_with("--")
}

fn separator<'t>(found: &Captures<'t>) -> &'t str {
    found.name("sep").map_or("", |sep| sep.as_str())
}

/// Returns true for a flag, such as `--password x`: only a flag has its value after a blank.
fn is_flag(found: &Captures<'_>) -> bool {
    found.name("name").is_some_and(|name| name.as_str().starts_with('-'))
}

pub(super) fn is_password(found: &Captures<'_>, text: &str) -> bool {
    let Some((value, quoted)) = value(found) else {
        return false;
    };
    if is_placeholder(value) || is_word(value) || is_capital_name(value) {
        return false;
    }
    let sep = separator(found);
    if sep.trim().is_empty() {
        return is_flag(found) && !value.starts_with('-') || quoted && looks_random(value, 8);
    }
    // `password: correct` at the end of a line is YAML; `password: it was reset` is a sentence.
    quoted || sep.contains('=') || is_flag(found) || ends_line(found, text) || looks_random(value, 6)
}

pub(super) fn is_secret(found: &Captures<'_>, _text: &str) -> bool {
    let Some((value, quoted)) = value(found) else {
        return false;
    };
    if is_placeholder(value)
        || is_word(value)
        || is_capital_name(value)
        || value.contains(' ') && quoted && !value.contains('=')
    {
        return false;
    }
    let sep = separator(found);
    if sep.trim().is_empty() {
        return is_flag(found) && looks_random(value, 6) && !value.starts_with('-') && !is_name(value);
    }
    looks_random(value, 8) && !is_name(value)
}

/// Returns true for at least `least` characters that mix letters with digits, capitals or signs, or many digits: no
/// ordinary word.
fn looks_random(value: &str, least: usize) -> bool {
    let value = value.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}']);
    let letters = value.chars().any(|c| c.is_ascii_alphabetic());
    let digits = value.chars().any(|c| c.is_ascii_digit());
    let lower = value.chars().any(|c| c.is_ascii_lowercase());
    let upper = value.chars().skip(1).any(|c| c.is_ascii_uppercase());
    let signs = value.chars().any(|c| "+/=!#%^*~$".contains(c));
    value.chars().count() >= least
        && ((letters && digits)
            || (lower && upper && value.len() >= 16)
            || (letters && signs)
            || (digits && value.len() >= 12))
}

/// Returns true for a secret's name or path, which is no secret: `my-app-tls-v2`, `satellite.token.v1`,
/// `/var/run/token1`.
fn is_name(value: &str) -> bool {
    let value = value.trim_end_matches(['.', ',', ';', ':']);
    if value.starts_with(['/', '.']) || value.contains("://") {
        return true;
    }
    let parts: Vec<&str> = value.split(['-', '.', '_', '/', ':']).collect();
    parts.len() > 1
        && parts.iter().all(|part| part.len() <= 16)
        && parts
            .iter()
            .filter(|part| part.len() >= 2 && part.chars().all(|c| c.is_ascii_lowercase()))
            .count()
            * 2
            >= parts.len()
}

pub(super) fn is_authorization(found: &Captures<'_>, _text: &str) -> bool {
    let Some(value) = found.name("secret").or_else(|| found.name("plain")) else {
        return false;
    };
    let value = value.as_str();
    if is_placeholder(value) || is_word(value) || is_capital_name(value) {
        return false;
    }
    match found.name("scheme") {
        // "bearer authentication", "basic troubleshooting": words are no credentials.
        Some(_) => looks_random(value, 8) && !is_name(value) || value.ends_with('=') && value.len() >= 8,
        None => looks_random(value, 16),
    }
}

pub(super) fn is_secret_value(found: &Captures<'_>, _text: &str) -> bool {
    found
        .name("secret")
        .is_some_and(|value| !is_placeholder(value.as_str()))
}
