//! Placeholders in messages and commands: `<ID>`, `'<provider>'`, `[NAMESPACE]`, `$NODE`, `xxxxx`, `%v`, …
//!
//! Authors mark variable parts in a dozen ways. A single expression finds all of them, so that templates, captures and
//! the filling of commands agree on the placeholders and their names.

use std::sync::LazyLock;

use regex::Regex;

/// A placeholder and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// Byte range in the text.
    pub range: std::ops::Range<usize>,
    /// Name in lower snake case: `cluster_name_or_id`; [`UNNAMED`] for a placeholder without one.
    pub name: String,
}

/// Name given to a placeholder without one, such as `...` or `xxxxx`.
pub const UNNAMED: &str = "value";

/// Words in capitals that stand for a value of that kind: `REGION`, `CLUSTER_ID`, `API-KEY`. Constants of programs
/// (`CONNECTION_REFUSED`, `FAILED`) are written the same way, so a word counts only when its last part, or its first,
/// names a kind of thing that differs from place to place.
const KINDS: &[&str] = &[
    "ACCOUNT",
    "ADDRESS",
    "ARN",
    "BUCKET",
    "CERT",
    "CLUSTER",
    "CLUSTERID",
    "CONTAINER",
    "DATE",
    "DEPLOYMENT",
    "DEVICE",
    "DIGEST",
    "DIR",
    "DIRECTORY",
    "DISK",
    "DOMAIN",
    "EMAIL",
    "ENDPOINT",
    "FILE",
    "FILENAME",
    "GROUP",
    "HASH",
    "HOST",
    "HOSTNAME",
    "ID",
    "IMAGE",
    "INSTANCE",
    "IP",
    "JOB",
    "KEY",
    "LOCATION",
    "MESSAGE",
    "NAME",
    "NAMESPACE",
    "NODE",
    "NUMBER",
    "PASSWORD",
    "PATH",
    "POD",
    "PORT",
    "PROFILE",
    "PROJECT",
    "PVC",
    "REGION",
    "REPO",
    "ROLE",
    "SECRET",
    "SERVICE",
    "SERVICENAME",
    "SUBNET",
    "TAG",
    "TIMESTAMP",
    "TOKEN",
    "URL",
    "USER",
    "USERNAME",
    "UUID",
    "VALUE",
    "VERSION",
    "VOLUME",
    "VPC",
    "WORKER",
    "ZONE",
];

/// Words in brackets that are not placeholders: levels and states of log lines.
const BRACKET_WORDS: &[&str] = &[
    "ALERT", "CRIT", "CRITICAL", "DEBUG", "EMERG", "ERR", "ERRO", "ERROR", "FAIL", "FAILED", "FATAL", "FIRING", "INFO",
    "LOG", "NOTE", "NOTICE", "OK", "PANIC", "RESOLVED", "SEVERE", "TODO", "TRACE", "WARN", "WARNING",
];

static SYNTAX: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
          \{\{-?\s*(?P<template>[^{}]{1,80}?)\s*-?\}\}                      # {{ $labels.instance }}, {{.Name}}
        | <(?P<angle>[A-Za-z0-9][^<>\n]{0,60})>                              # <cluster ID>
        | \[(?P<bracket>[A-Z][A-Z0-9_\ -]{1,40}|n|x|N|X|\.\.\.|…)\]          # [NAMESPACE], [n], [...]
        | \[(?P<lower>[a-z][a-z_\ -]{1,30})\]                               # insufficient [resource]
        | \$\{(?P<brace>[A-Za-z_][A-Za-z0-9_.]{0,40})\}                      # ${NODE}
        | \$(?P<dollar>[A-Za-z_][A-Za-z0-9_]{0,40}(?:\.[A-Za-z_][A-Za-z0-9_]*)?)  # $NODE, $labels.pod
        | (?P<printf>%(?:\[\d\])?[+\#]?(?:\.\d)?[vsdqwTf]\b|%\([a-z_]+\)s)     # %v, %[1]s, %(name)s
        | \{(?P<curly>[A-Za-z_][A-Za-z0-9_]{0,40}|\d)\}                      # {namespace}, {0}
        | (?P<masked>\b[0-9]{0,3}(?:[.:-]?[0-9]{0,3}[xX]{2,}[0-9]{0,3})+\b|\*{3,})   # xxxxx, XX.XX.XX.XX, 10.xxx.xx.xxx
        | (?P<ellipsis>\.\.\.|…)
        | (?P<own>\b(?:my|your|MY|YOUR|example)[-_][A-Za-z0-9][A-Za-z0-9_-]{1,40}\b)  # my-cluster, YOUR_PROFILE
        | (?P<caps>\b[A-Z][A-Z0-9]+(?:[_-][A-Z0-9]+)*\b)                     # REGION, CLUSTER_ID
        ",
    )
    .ok()
});

/// Finds the placeholders of a text, in order, not overlapping.
pub fn find(text: &str) -> Vec<Placeholder> {
    let Some(syntax) = SYNTAX.as_ref() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for captures in syntax.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        let group = |name: &str| captures.name(name).map(|hit| hit.as_str());
        let name = if let Some(inner) = group("template") {
            template_name(inner)
        } else if let Some(inner) = group("angle") {
            angle_name(inner)
        } else if let Some(inner) = group("bracket") {
            (!BRACKET_WORDS.contains(&inner)).then(|| snake(inner))
        } else if let Some(inner) = group("lower") {
            let level = BRACKET_WORDS.contains(&inner.to_ascii_uppercase().as_str());
            (!level && stands_alone(text, &whole.range())).then(|| snake(inner))
        } else if let Some(inner) = group("brace").or_else(|| group("curly")) {
            Some(snake(inner))
        } else if let Some(inner) = group("dollar") {
            Some(snake(inner.rsplit('.').next().unwrap_or(inner)))
        } else if let Some(inner) = group("own") {
            Some(snake(inner))
        } else if let Some(inner) = group("printf").and_then(|mark| mark.strip_prefix("%(")?.strip_suffix(")s")) {
            Some(snake(inner))
        } else if let Some(inner) = group("caps") {
            is_kind(inner).then(|| snake(inner))
        } else {
            Some(UNNAMED.to_owned())
        };
        if let Some(name) = name {
            found.push(Placeholder {
                range: whole.range(),
                name,
            });
        }
    }
    found
}

/// Returns true when no word or bracket adjoins the range: `list[index]` and `[label](target)` are no placeholders.
fn stands_alone(text: &str, range: &std::ops::Range<usize>) -> bool {
    let glued = |c: char| c.is_alphanumeric() || matches!(c, '(' | '[' | ']' | '_' | '$' | '{');
    let before = text.get(..range.start).and_then(|before| before.chars().next_back());
    let after = text.get(range.end..).and_then(|after| after.chars().next());
    !before.is_some_and(glued) && !after.is_some_and(glued)
}

/// Converts a name to lower snake case; returns [`UNNAMED`] when nothing usable is left.
pub fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    let out = out.trim_end_matches('_');
    let nameless = out.is_empty() || out.chars().all(|c| c == 'x' || c == '_' || c.is_ascii_digit());
    if nameless { UNNAMED.to_owned() } else { out.to_owned() }
}

/// Extracts the name of a template value, such as `$labels.instance` or `.Name`; statements (`range .items`, `if …`, a
/// pipeline) have none.
fn template_name(inner: &str) -> Option<String> {
    let path = inner.trim_start_matches(['$', '.']);
    let plain = !path.is_empty() && path.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    if !plain || matches!(path, "end" | "else") {
        return None;
    }
    Some(snake(path.rsplit('.').next().unwrap_or(path)))
}

/// Extracts the name in angle brackets: `<cluster ID>` is a placeholder; `<https://…>`, `<0.229.0>` (an Erlang process)
/// and `<b>` are not.
fn angle_name(inner: &str) -> Option<String> {
    let first_is_letter = inner.starts_with(|c: char| c.is_ascii_alphabetic());
    let masked = inner.contains("xx") || inner.contains("XX");
    let link = inner.contains("://") || inner.starts_with("mailto:");
    let html = matches!(
        inner
            .split([' ', '/'])
            .next()
            .unwrap_or(inner)
            .to_ascii_lowercase()
            .as_str(),
        "a" | "b"
            | "br"
            | "code"
            | "details"
            | "div"
            | "em"
            | "hr"
            | "i"
            | "img"
            | "li"
            | "ol"
            | "p"
            | "pre"
            | "span"
            | "strong"
            | "summary"
            | "table"
            | "tbody"
            | "td"
            | "th"
            | "thead"
            | "tr"
            | "ul"
    ) && !inner.contains('_');
    if link || html || inner.contains('=') || (!first_is_letter && !masked) {
        return None;
    }
    Some(snake(inner))
}

/// Returns true for a word in capitals that stands for a value of a kind.
pub(crate) fn is_kind(word: &str) -> bool {
    let mut parts = word.split(['_', '-']);
    let first = parts.next().unwrap_or(word);
    let last = parts.next_back().unwrap_or(first);
    word.len() >= 4 && (KINDS.contains(&last) || (first != last && KINDS.contains(&first)))
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn every_way_of_marking_a_value_is_found_and_named() {
        let cases: &[(&str, &[&str])] = &[
            ("The worker '<ID>' is gone, ask '<provider>'.", &["id", "provider"]),
            (
                "ks api-key info --cluster <cluster_name_or_ID>",
                &["cluster_name_or_id"],
            ),
            ("--softlayer-api-key <API key>", &["api_key"]),
            ("connect to <10.xxx.xx.xxx>:443", &["value"]),
            ("cluster_id = xxxxxxxxxxx", &["value"]),
            ("from XX.XX.XX.XX and 10.xxx.xx.xxx", &["value", "value"]),
            ("pods in [NAMESPACE] on $NODE, ${ZONE}", &["namespace", "node", "zone"]),
            ("[ERROR] [FIRING] plain", &[]),
            (
                "insufficient [resource], list[index], [text](target) [warning]",
                &["resource"],
            ),
            ("failed: %v (%s) %d%%", &["value", "value", "value"]),
            ("failed: %(reason)s", &["reason"]),
            ("took 93% of the space", &[]),
            ("instance {{ $labels.instance }} and '{{.Name}}'", &["instance", "name"]),
            ("{{range .items}}{{end}}", &[]),
            ("--profile MY-PROFILE --name my-cluster", &["my_profile", "my_cluster"]),
            (
                "set classic --api-key API_KEY --region REGION [-q]",
                &["api_key", "region"],
            ),
            ("ERR CONNECTION_REFUSED FAILED NOPERM", &[]),
            ("see <https://example.com|docs> <br> <0.229.0>", &[]),
            ("symlink ... helm: file exists", &["value"]),
        ];
        for (text, names) in cases {
            let found: Vec<String> = find(text).into_iter().map(|placeholder| placeholder.name).collect();
            assert_eq!(&found, names, "{text}");
        }
    }
}
