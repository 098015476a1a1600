//! Kinds of single lines: a command, a setting, the head of a table, or a program's message.

use std::sync::LazyLock;

use regex::Regex;

use super::form::Form;
use crate::runbook::placeholder;

/// The label of the value at a byte offset, in snake case: the one to three words before `:` or `=`.
pub(super) fn label_before(text: &str, at: usize) -> Option<String> {
    let before = text.get(..at)?.trim_end_matches([' ', '"', '\'']);
    let before = before.strip_suffix([':', '='])?.trim_end_matches([' ', '"', '\'']);
    let start = before
        .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ' ' | '-')))
        .map_or(0, |at| at + 1);
    let label = before.get(start..)?.trim().trim_start_matches("- ");
    let words = label.split_whitespace().count();
    (1..=3)
        .contains(&words)
        .then(|| placeholder::snake(label))
        .filter(|name| name != placeholder::UNNAMED)
}

/// Returns true when a heading is one name: `KubeNodeNotReady`, or with a label, as in `KubeNodeNotReady [Deprecated]`
/// and `KubeNodeNotReady alert`.
pub(super) fn is_alone(heading: &str) -> bool {
    heading
        .split_whitespace()
        .filter(|word| !word.starts_with(['[', '(']) && !is_label(word))
        .count()
        == 1
}

/// Returns true for a word that only announces a name, as in `Alert Name: "KubeletTooManyPods"`.
fn is_label(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    ["alert", "alertname", "name", "runbook", "rule", ""]
        .iter()
        .any(|label| word.eq_ignore_ascii_case(label))
}

/// The index's key of a name that is an alert's only where the message mentions alerts.
pub(super) fn in_alert(word: &str) -> String {
    format!("alert {word}")
}

/// Returns true when a line mentions an alert.
pub(super) fn speaks_of_alert(line: &str) -> bool {
    let says = |word: &str| {
        [
            "alert",
            "alerts",
            "alertname",
            "alertmanager",
            "firing",
            "fires",
            "fired",
            "pagerduty",
            "paged",
            "resolved",
        ]
        .iter()
        .any(|sign| word.eq_ignore_ascii_case(sign))
    };
    line.split(|c: char| !c.is_alphanumeric()).any(says)
}

/// Words after a quotation that make it the name of a page or of a part of one.
const PLACES: &[&str] = &[
    "article", "button", "chapter", "dialog", "document", "field", "guide", "menu", "option", "page", "section",
    "step", "tab", "topic",
];

/// Texts between double quotes that are long enough to be a message: three words or more.
pub(super) fn quotations(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (open, close) in [('"', '"'), ('\u{201c}', '\u{201d}')] {
        let mut rest = text;
        while let Some((_, tail)) = rest.split_once(open) {
            let Some((inner, after)) = tail.split_once(close) else {
                break;
            };
            let next = after.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty());
            let place = next.is_some_and(|word| PLACES.contains(&word.to_ascii_lowercase().as_str()));
            if inner.split_whitespace().count() >= 3 && !place {
                found.push(inner);
            }
            rest = after;
        }
    }
    found
}

/// The alert that a line names, with the byte offset where the name begins: `alertname = X`, `"alertname": "X"`,
/// `alert: X`, `[FIRING:1] X`.
pub(super) fn assigned_alert(line: &str) -> Option<(usize, &str)> {
    let label = || line.find("alertname").map(|at| at + "alertname".len());
    let rule = || {
        let rest = line.trim_start_matches(['-', ' ']);
        rest.starts_with("alert:")
            .then(|| line.len() - rest.len() + "alert".len())
    };
    let firing = || {
        let at = line.find("[FIRING:").or_else(|| line.find("[RESOLVED"))?;
        line.get(at..)?.find(']').map(|end| at + end + 1)
    };
    let at = label().or_else(rule).or_else(firing)?;
    let rest = line.get(at..)?;
    let value = rest.trim_start_matches([' ', '=', ':', '"', '\'', '~', '*', '`']);
    let end = value
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(value.len());
    let name = value.get(..end).filter(|name| name.len() >= 4)?;
    Some((at + rest.len() - value.len(), name))
}

/// Returns true when a code block is a manifest or a listing of settings rather than a program's message.
pub(super) fn is_manifest(lang: &str, text: &str) -> bool {
    if matches!(lang, "yaml" | "yml" | "json" | "toml" | "ini" | "hcl") {
        return true;
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    let assigned = text.lines().filter(|line| is_configuration(line.trim())).count();
    text.lines().any(|line| line.trim_start().starts_with("apiVersion:"))
        || (lines >= 4 && assigned * 4 >= lines * 3 && text.lines().any(|line| line.starts_with("  ")))
}

/// Returns true for a setting, such as `key: value` with a value of at most three words: it is no program's message
/// about a failure.
pub(super) fn is_assignment(line: &str) -> bool {
    let line = line.trim_start_matches("- ");
    let Some((key, value)) = line.split_once(':') else {
        return matches!(line, "{" | "}" | "[" | "]");
    };
    !key.trim_matches('"').contains(' ') && value.split_whitespace().count() <= 3
}

/// Returns true for a line of a configuration file: a [setting](is_set) or `key: value`, or a line that opens or closes
/// a block, `server {`.
pub(super) fn is_configuration(line: &str) -> bool {
    let block = || line.ends_with('{') || line.len() <= 2 && line.starts_with(['}', ']']);
    is_assignment(line) || is_set(line) || block() && Form::of(line).errors == 0
}

/// Returns true for an assignment, `port = 2003`, and for an option, `-o port=2003`; one with a word of errors is none.
pub(super) fn is_set(line: &str) -> bool {
    const MOST_WORDS: usize = 3;
    let assigns = || {
        let (key, value) = line.split_once('=')?;
        let key = key.trim_start_matches("export ").split_whitespace().count();
        Some(key <= 1 && value.split_whitespace().count() <= MOST_WORDS)
    };
    let option = line
        .strip_prefix('-')
        .is_some_and(|rest| rest.starts_with(|c: char| c == '-' || c.is_alphabetic()));
    (option || assigns() == Some(true)) && Form::of(line).errors == 0
}

/// Returns true for a setting or a label of one value: `key: value`, `- service = lift`.
pub(super) fn is_setting(line: &str) -> bool {
    let line = line.trim();
    let one = |value: &str| value.split_whitespace().count() <= 1;
    let equals = line.trim_start_matches("- ").split_once('=');
    is_assignment(line) && line.contains(':')
        || is_described(line)
        || equals.is_some_and(|(key, value)| one(key) && one(value))
}

/// Returns true for a field of one value as descriptions of objects are printed: `API Version:  v1`.
pub(super) fn is_described(line: &str) -> bool {
    line.trim()
        .split_once(":  ")
        .is_some_and(|(key, value)| key.split_whitespace().count() <= 3 && value.split_whitespace().count() <= 1)
}

/// Returns true for the call of a program with flags: `ovenctl describe --probe north`.
pub(super) fn is_call(line: &str) -> bool {
    let mut words = line.trim().trim_start_matches("$ ").split_whitespace();
    let is_program = |word: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.' | b'/');
        word.bytes().all(plain)
    };
    words.next().is_some_and(is_program) && words.any(|word| word.starts_with("--"))
}

static REQUEST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /").ok());

/// Returns true for a request to a web server, as access logs have it: `200 GET /api/belts`.
pub(super) fn is_request(line: &str) -> bool {
    REQUEST.as_ref().is_some_and(|syntax| syntax.is_match(line))
}

/// Returns true for a line of a stack trace: `at Lift.open (lift.js:41:7)`, `File "lift.py", line 41, in open`.
pub(super) fn is_stack_frame(line: &str) -> bool {
    let line = line.trim();
    let has_place = |rest: &str| rest.ends_with(')') && rest.contains('(') && rest.contains(':');
    line.strip_prefix("at ").is_some_and(has_place) || line.starts_with("File \"") && line.contains("\", line ")
}

static ERROR_FIELD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\b(?:err|error|cause|exception|reason)"?[:=]\s?"((?:[^"\\]|\\.){8,})""#).ok());

/// The errors that a structured line holds in a field of their own: `level=warn msg="refused" error="no such user"`.
pub(super) fn error_fields(line: &str) -> impl Iterator<Item = &str> {
    const LEAST_WORDS: usize = 3;
    let found = ERROR_FIELD.as_ref().map(|syntax| syntax.captures_iter(line));
    let values = found.into_iter().flatten().filter_map(|hit| hit.get(1));
    let values = values.map(|value| value.as_str());
    values.filter(move |value| {
        value.split_whitespace().nth(LEAST_WORDS - 1).is_some() && value.len() < line.len() * 3 / 4
    })
}

/// Returns true for a line that a program logged as a warning or an error with one letter: `W | skipped`, `E0922 11:05`.
pub(super) fn has_error_level(line: &str) -> bool {
    let column = line.split(" | ").next().filter(|before| before.len() < line.len());
    let column = column.is_some_and(|before| [" W", " E", " F", " C"].iter().any(|level| before.ends_with(level)));
    let mut words = line.split_whitespace();
    let day = words.next().and_then(|word| word.strip_prefix(['W', 'E', 'F']));
    let day = day.is_some_and(|day| day.len() == 4 && day.bytes().all(|byte| byte.is_ascii_digit()));
    column || day && words.next().is_some_and(|time| time.contains(':'))
}

/// Returns true for a row of a table, or of a listing with columns.
pub(super) fn is_listing(line: &str) -> bool {
    const LEAST_COLUMNS: usize = 4;
    let line = line.trim();
    let columns = line.split("  ").filter(|column| !column.trim().is_empty());
    line.starts_with('|') || columns.count() >= LEAST_COLUMNS
}

/// Returns true for a line that every log or listing has, whatever went wrong.
pub(super) fn is_boilerplate(line: &str) -> bool {
    let trace = || {
        line.starts_with("Traceback (most recent call last)") || line.starts_with("goroutine ") && line.ends_with(':')
    };
    trace() || is_table_head(line) || is_in_capitals(line)
}

/// Returns true for three columns or more, with each word capitalised and no number.
fn is_table_head(line: &str) -> bool {
    // A digit or the first word rules out most lines, so the columns are counted last.
    let named = |word: &str| word.starts_with(|c: char| c.is_uppercase() || !c.is_alphabetic());
    !line.bytes().any(|b| b.is_ascii_digit() || b == b':')
        && line.split_whitespace().all(named)
        && line.split("  ").filter(|column| !column.trim().is_empty()).count() >= 3
}

/// Returns true for three words or more, all in capitals.
fn is_in_capitals(line: &str) -> bool {
    let capital = |c: char| c.is_uppercase() || c.is_whitespace() || "()-_/%".contains(c);
    line.chars().all(capital) && line.split_whitespace().nth(2).is_some()
}

/// Programs that runbooks tell people to run.
const PROGRAMS: &str = "\
    ansible apt apt-get argocd awk aws az bx calicoctl cat cd ceph chmod chown cp curl df dig docker \
    echo etcdctl eval export find for gcloud git grep gsutil helm ibmcloud istioctl journalctl jq kill \
    kubectl ls lsof make mkdir mv mysql nc netstat npm nslookup oc openssl ping pip podman promtool psql \
    python python3 redis-cli rm rsync scp sed ssh sudo systemctl tail tar telnet terraform top touch \
    velero vi vim virtctl watch wget while yum";

/// Returns true when a line of code is a command, judged by its prompt or its first word.
pub(super) fn is_command(line: &str) -> bool {
    if let Some(rest) = line.strip_prefix('$') {
        return rest.starts_with(' ');
    }
    let first = line.split_whitespace().next().unwrap_or(line);
    PROGRAMS.split_ascii_whitespace().any(|program| program == first)
        && line
            .split_whitespace()
            .nth(1)
            .is_some_and(|word| word != "failed" && !word.ends_with(':'))
}
