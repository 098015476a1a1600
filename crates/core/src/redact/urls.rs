//! Passwords in addresses: the user part of a URL in any scheme, data sources of drivers, secret parameters.

use std::sync::LazyLock;

use regex::Regex;

use super::find::Find;
use super::judgement::{is_placeholder, is_word, looks_random};

/// Most bytes of an address that are read.
const MOST: usize = 2_000;

/// Data sources of drivers: `user:password@tcp(…)`, `jdbc:oracle:thin:user/password@…`, `user:password@host:1521`.
static SOURCES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"[A-Za-z0-9_.%+-]+:(?P<tcp>[^\s"'<>]+)@(?:tcp|tcp6|unix|udp)\("#,
        r#"|jdbc:oracle:[a-z0-9]+:[^\s/"'@]+/(?P<oracle>[^\s"'<>@]+)@"#,
        r#"|[A-Za-z][A-Za-z0-9_.%+-]*:(?P<plain>[^\s"'<>:@/|]+)@[A-Za-z0-9][A-Za-z0-9_.-]*(?::[0-9]{2,5}\b|\.(?:com|net|org|io|local|internal|example|dev|cloud|corp|lan|intern|[a-z]{2})\b)"#,
        r#"|\b(?i:user|u|login)[/:][A-Za-z][A-Za-z0-9_.-]*(?i:\s+(?:pass|password|pw)[/:])(?P<spoken>\S+)"#,
    ))
    .ok()
});

/// Parameters of a query whose values are secret, besides those whose names say so.
static PARAMETERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?i:[?&;](?:amp;)?(?:sig|signature|x-amz-signature|x-amz-security-token|x-amz-credential|x-goog-signature|x-goog-credential|key|code|auth|hmac|hash|st|sv_sig|access|ticket|samlrequest|samlresponse|relaystate|invite|jwt|assertion|code_verifier|otp|pass|pw|pwd|p|k|tok|t|sid|session|magic|nonce_sig|se_sig|apikey|appid|subscription-key|client_assertion|api|secret|token|password|credential|oauth_signature|oauth_token|verifier|refresh)="#,
        r#"(?P<secret>[A-Za-z0-9%+/_.~:=-]{4,}))"#
    ))
    .ok()
});

/// Finds the passwords of addresses.
pub(super) fn find(text: &str, finds: &mut Vec<Find>) {
    let mut done = 0;
    for (at, _) in text.match_indices("://") {
        if at < done {
            continue;
        }
        let start = at + 3;
        let mut stop = (start + MOST).min(text.len());
        while !text.is_char_boundary(stop) {
            stop -= 1;
        }
        let rest = text.get(start..stop).unwrap_or_default();
        // The next address first, so that many of them on a line are not read again and again.
        let rest = rest.split("://").next().unwrap_or_default();
        let rest = rest
            .split(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '>' | '|' | '\\'))
            .next()
            .unwrap_or_default();
        if let Some((from, to)) = user_part(rest) {
            finds.push(Find::new(start + from..start + to, "url-password"));
            done = start + to;
        }
    }
}

/// The bytes of the password, or of a token in the place of the user.
fn user_part(rest: &str) -> Option<(usize, usize)> {
    let at = rest
        .rfind('@')
        .filter(|at| is_host(rest.get(at + 1..).unwrap_or_default()))
        .or_else(|| rest.find('@'))?;
    let (user, _) = rest.split_at(at);
    let Some(colon) = user.find(':') else {
        let token = !user.contains('/') && looks_random(user, 16);
        return token.then_some((0, at));
    };
    let (name, password) = (user.get(..colon)?, user.get(colon + 1..)?);
    if name.contains(['/', '?', '#']) || is_port(password) || name.starts_with(['<', '$', '{']) && password.is_empty() {
        return None;
    }
    let blank = password.is_empty() || matches!(password, "x-oauth-basic" | "x" | "@");
    if blank {
        return looks_random(name, 12).then_some((0, colon));
    }
    let closed = password.trim_end_matches(['<', '\'']);
    if is_placeholder(closed) && !(closed.starts_with('$') && looks_random(closed, 8) && !closed.contains('{'))
        || matches!(closed, "password" | "pass" | "pwd" | "PASSWORD" | "secret" | "token") && is_word(closed)
    {
        return None;
    }
    // A name may hold an at sign: ftp://ada@example.com:password@host.
    Some((colon + 1, at))
}

/// Returns true for what may follow the at sign: a host, with a port and a path or without.
fn is_host(rest: &str) -> bool {
    let host = rest
        .split(['/', '?', '#', ':', ',', ';', ')', '\''])
        .next()
        .unwrap_or_default();
    let valid = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | '$' | '{' | '}');
    !host.is_empty() && host.chars().all(valid) || rest.starts_with(['<', '[', '(', '/'])
}

/// Returns true for a port and a path: `8443/path` in `https://example.com:8443/path@here`.
fn is_port(password: &str) -> bool {
    let digits = password.len() - password.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    (1..=5).contains(&digits)
        && password
            .get(digits..)
            .is_some_and(|rest| rest.starts_with(['/', '?', '#']))
}

/// Finds the passwords of data sources of drivers.
pub(super) fn find_sources(text: &str, finds: &mut Vec<Find>) {
    let Some(sources) = SOURCES.as_ref() else { return };
    for found in sources.captures_iter(text) {
        for group in ["tcp", "oracle", "plain", "spoken"] {
            if let Some(secret) = found.name(group) {
                let value = secret.as_str();
                let mail = found[0].starts_with("mailto:");
                let unlike =
                    mail || group == "plain" && (value.chars().all(|c| c.is_ascii_digit()) || !looks_random(value, 5));
                if !is_placeholder(value) && !is_word(value) && !unlike {
                    finds.push(Find::new(secret.range(), "url-password"));
                }
            }
        }
    }
}

/// Finds the secret parameters of queries.
pub(super) fn find_parameters(text: &str, finds: &mut Vec<Find>) {
    let Some(parameters) = PARAMETERS.as_ref() else { return };
    for found in parameters.captures_iter(text) {
        if let Some(secret) = found
            .name("secret")
            .filter(|secret| !is_placeholder(secret.as_str()) && looks_random(secret.as_str(), 10))
        {
            finds.push(Find::new(secret.range(), "secret"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        assert!(SOURCES.is_some() && PARAMETERS.is_some());
    }
}
