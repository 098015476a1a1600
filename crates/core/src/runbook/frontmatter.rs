//! Front matter: the YAML (`---`) or TOML (`+++`) before the text. Unreadable front matter becomes a diagnostic with
//! its line; the text below it is read all the same.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ExplicitSignature, FrontMatter, Level, Pattern, SignpostKeys};
use crate::expression::{Dot, Expression, PatternRefusal};

/// A document split into front matter and text.
#[derive(Debug, Default)]
pub(super) struct Split<'a> {
    /// The keys that were read.
    pub(super) front: FrontMatter,
    /// The whole tree, for Liquid's `page`.
    pub(super) page: Value,
    /// The text below.
    pub(super) body: &'a str,
    /// Number of lines before the text.
    pub(super) lines: usize,
    /// Problems: line, level, code, message.
    pub(super) problems: Vec<(u32, Level, &'static str, String)>,
}

/// Note on unreadable front matter of a document that is used all the same.
pub const SALVAGED: &str = "; its plain `key: value` lines are used";

/// Splits a document. Text without front matter is all body.
pub(super) fn split(text: &str) -> Split<'_> {
    let Some((fence, raw, body, lines)) = cut(text) else {
        let mut split = Split {
            body: text,
            ..Split::default()
        };
        if let Some((line, fence)) = unclosed(text) {
            split.problems.push((
                line,
                Level::Warning,
                "front-matter-unclosed",
                format!("the front matter is never closed; write `{fence}` on a line of its own below its last key"),
            ));
        }
        return split;
    };
    let mut split = Split {
        body,
        lines,
        ..Split::default()
    };
    let read = if fence == "---" { read_yaml(raw) } else { read_toml(raw) };
    match read {
        Ok(Value::Object(map)) => {
            split.front = keys(&map, raw, &mut split.problems);
            split.page = Value::Object(map);
        }
        Ok(Value::Null) => {}
        Ok(_) => split.problems.push((
            1,
            Level::Warning,
            "front-matter",
            "the front matter is not a list of keys; write it as `key: value` lines".into(),
        )),
        Err((line, message)) => {
            split.problems.push((
                line + 1,
                Level::Warning,
                "front-matter",
                format!("the front matter cannot be read: {message}{SALVAGED}"),
            ));
            let map = salvage(raw);
            split.front = keys(&map, raw, &mut split.problems);
            split.page = Value::Object(map);
        }
    }
    split
}

/// The fence, the raw front matter, the text below and the number of lines before it.
fn cut(text: &str) -> Option<(&'static str, &str, &str, usize)> {
    let start = text.len() - text.trim_start_matches(['\n', ' ', '\t']).len();
    let blank = text.get(..start)?.matches('\n').count();
    if blank > 0 && text.get(start..)?.starts_with("+++") {
        return None;
    }
    let rest = text.get(start..)?;
    let fence = ["---", "+++"].into_iter().find(|fence| rest.starts_with(fence))?;
    let first_end = rest.find('\n')?;
    if !rest.get(fence.len()..first_end)?.trim().is_empty() {
        return None;
    }
    let inner = rest.get(first_end + 1..)?;
    let (mut at, mut count) = (0, 0);
    for line in inner.split_inclusive('\n') {
        count += 1;
        let bare = line.trim_end();
        if bare == fence || (fence == "---" && bare == "...") {
            let raw = inner.get(..at)?;
            // A thematic break followed by prose is not front matter.
            if fence == "---" && !looks_like_keys(raw) {
                return None;
            }
            return Some((fence, raw, inner.get(at + line.len()..)?, blank + 1 + count));
        }
        at += line.len();
    }
    None
}

/// Returns the line and the fence of front matter that is opened but never closed: the fence occurs once, and keys
/// follow it.
fn unclosed(text: &str) -> Option<(u32, &'static str)> {
    let (blank, fence, rest) = opening(text)?;
    let first_key = rest.lines().find(|line| !line.trim().is_empty())?;
    let begins = match fence {
        "---" => looks_like_keys(first_key),
        _ => first_key.split_once('=').is_some_and(|(key, _)| key_like(key.trim())),
    };
    (begins && !is_closed(fence, rest)).then(|| (u32::try_from(blank + 1).unwrap_or(u32::MAX), fence))
}

/// Returns true when a text whose front matter was closed before is now cut off within it.
pub fn is_cut_off(before: &str, now: &str) -> bool {
    let is_closed = |text: &str| opening(text).map(|(_, fence, rest)| is_closed(fence, rest));
    is_closed(before) == Some(true) && is_closed(now) == Some(false)
}

fn is_closed(fence: &str, rest: &str) -> bool {
    let closes = |line: &str| line == fence || fence == "---" && line == "...";
    rest.lines().any(|line| closes(line.trim_end()))
}

/// Returns the number of blank lines before the fence that a text begins with, the fence, and the text after it.
fn opening(text: &str) -> Option<(usize, &'static str, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = text.trim_start_matches(['\r', '\n', ' ', '\t']);
    let blank = text.get(..text.len() - rest.len())?.matches('\n').count();
    let (first, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let fence = ["---", "+++"].into_iter().find(|fence| first.trim_end() == *fence)?;
    Some((blank, fence, rest))
}

fn looks_like_keys(raw: &str) -> bool {
    let mut lines = raw
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    lines.next().is_none_or(|line| {
        line.trim_start()
            .split_once(':')
            .is_some_and(|(key, rest)| key_like(key) && (rest.is_empty() || rest.starts_with([' ', '\t'])))
    })
}

fn key_like(key: &str) -> bool {
    let key = key.trim_matches(['"', '\'']);
    !key.is_empty() && key.len() <= 64 && !key.contains(['`', '*', '[']) && key.split(' ').count() <= 3
}

/// Limits for a YAML text: aliases may repeat about as much as the text itself holds. Otherwise, a few lines could grow
/// to gigabytes.
fn yaml_limits(raw: &str) -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_total_scalar_bytes: 2 * raw.len() + 64 * 1024,
        },
        alias_limits: serde_saphyr::alias_limits! {
            // A merge key counts as everything that it merges.
            max_total_replayed_events: raw.len() / 4 + 20_000,
        },
    }
}

fn is_over_limit(error: &serde_saphyr::Error) -> bool {
    use serde_saphyr::Error;
    match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => is_over_limit(error),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => true,
        _ => false,
    }
}

/// Reads YAML into JSON's data model; on failure, returns the line (from 1) and the error.
pub(super) fn read_yaml(raw: &str) -> Result<Value, (u32, String)> {
    if raw.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_saphyr::from_str_with_options::<Value>(raw, yaml_limits(raw)).map_err(|error| {
        let line = error.location().map_or(1, |at| u32::try_from(at.line()).unwrap_or(1));
        if is_over_limit(&error) {
            let message = "its anchors and aliases, or its nesting, make too much of it: write it out plainly";
            return (line.max(1), message.to_owned());
        }
        let message = error.to_string();
        let first = message.lines().next().unwrap_or("invalid YAML").trim();
        let first = first.strip_prefix("error: ").unwrap_or(first);
        // The diagnostic already has the position, counted from the file's first line.
        let first = match first.split_once(": ") {
            Some((place, rest)) if place.starts_with("line ") => rest,
            _ => first,
        };
        (line.max(1), first.trim_end_matches(':').to_owned())
    })
}

fn read_toml(raw: &str) -> Result<Value, (u32, String)> {
    // The settings library already reads TOML, which saves a second TOML crate.
    config::Config::builder()
        .add_source(config::File::from_str(raw, config::FileFormat::Toml))
        .build()
        .and_then(config::Config::try_deserialize::<Value>)
        .map_err(|error| {
            let message = error.to_string();
            let line = message
                .split("line ")
                .nth(1)
                .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
                .unwrap_or(1);
            (line, message.lines().next().unwrap_or("invalid TOML").to_owned())
        })
}

/// Returns the plain `key: value` lines of front matter that is not valid YAML.
fn salvage(raw: &str) -> serde_json::Map<String, Value> {
    raw.lines()
        .filter(|line| !line.starts_with([' ', '\t', '-', '#']))
        .filter_map(|line| line.split_once(':').or_else(|| line.split_once(" = ")))
        .map(|(key, value)| {
            let value = value.trim().trim_matches(['"', '\'']);
            (key.trim().to_owned(), Value::String(value.to_owned()))
        })
        .collect()
}

type Problems = Vec<(u32, Level, &'static str, String)>;

fn keys(map: &serde_json::Map<String, Value>, raw: &str, problems: &mut Problems) -> FrontMatter {
    let mut front = FrontMatter::default();
    for (key, value) in map {
        let slot = match key.as_str() {
            "runbook-name" | "runbook_name" => &mut front.runbook_name,
            "title" => &mut front.title,
            "description" | "summary" if front.description.is_none() => &mut front.description,
            "service" => &mut front.service,
            "type" => &mut front.kind,
            "link" => &mut front.link,
            "parent" => &mut front.parent,
            "tags" | "keywords" => {
                front.tags.extend(words(value));
                continue;
            }
            "signpost" => {
                front.signpost = signpost(value, raw, problems);
                continue;
            }
            _ => {
                front.other.insert(key.clone(), value.clone());
                continue;
            }
        };
        match scalar(value) {
            Some(text) => *slot = Some(text),
            None if value.is_null() => {}
            None => {
                front.other.insert(key.clone(), value.clone());
            }
        }
    }
    front
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(scalar).collect(),
        Value::String(text) => text
            .split([',', ';'])
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect(),
        other => scalar(other).into_iter().collect(),
    }
}

fn signpost(value: &Value, raw: &str, problems: &mut Problems) -> SignpostKeys {
    let mut keys = SignpostKeys::default();
    let Value::Object(map) = value else {
        problems.push((
            line_of(raw, "signpost", 0),
            Level::Error,
            "signpost-keys",
            "`signpost:` must hold keys such as `signatures:` and `team:`".into(),
        ));
        return keys;
    };
    for (key, value) in map {
        match key.as_str() {
            "signatures" => keys.signatures = signatures(value, raw, problems),
            "not" => {
                keys.not = list(value)
                    .iter()
                    .filter_map(|item| checked(item, raw, Dot::All, problems))
                    .map(|found| found.pattern)
                    .collect();
            }
            "team" => keys.team = scalar(value),
            "examples" => keys.examples = list(value).iter().filter_map(scalar).collect(),
            "answer" => keys.answer = value.as_bool(),
            "jobs" => {
                keys.jobs = list(value).iter().filter_map(scalar).collect();
                keys.jobs_line = line_of(raw, "jobs:", 0);
            }
            "checks" => {
                keys.checks_line = line_of(raw, "checks:", 0);
                keys.checks = value.clone();
            }
            other => problems.push((
                line_of(raw, other, 0),
                Level::Warning,
                "signpost-keys",
                format!(
                    "`signpost: {other}` is not known; known are signatures, not, team, examples, answer, jobs, checks"
                ),
            )),
        }
    }
    keys
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        other => vec![other.clone()],
    }
}

fn signatures(value: &Value, raw: &str, problems: &mut Problems) -> Vec<ExplicitSignature> {
    list(value)
        .iter()
        .filter_map(|item| checked(item, raw, Dot::Line, problems))
        .collect()
}

fn checked(item: &Value, raw: &str, dot: Dot, problems: &mut Problems) -> Option<ExplicitSignature> {
    let found = explicit(item, raw);
    match &found {
        None => problems.push((
            line_of(raw, "signpost", 0),
            Level::Error,
            "signature",
            "a signature is a text or one of `text:`, `regex:`, `code:`, `alert:`, with `section:` if it leads to one"
                .into(),
        )),
        Some(ExplicitSignature {
            pattern: Pattern::Regex(pattern),
            line,
            ..
        }) => {
            if let Err(refusal) = Expression::new(pattern, dot) {
                problems.push((*line, Level::Error, "signature", refused(pattern, &refusal)));
                return None;
            }
        }
        Some(_) => {}
    }
    found
}

/// Message about an expression that is not used; a long expression is cut.
pub(super) fn refused(pattern: &str, refusal: &PatternRefusal) -> String {
    const SHOWN: usize = 80;
    let shown: String = pattern.chars().take(SHOWN).collect();
    let more = if shown.len() < pattern.len() { "…" } else { "" };
    format!("the pattern `{shown}{more}` {refusal}; it is not used")
}

fn explicit(item: &Value, raw: &str) -> Option<ExplicitSignature> {
    let (pattern, section, excerpt) = match item {
        Value::Object(map) => {
            let section = map.get("section").and_then(scalar);
            let (kind, value) = map
                .iter()
                .find(|(key, _)| matches!(key.as_str(), "regex" | "code" | "alert" | "text" | "value"))?;
            let value = scalar(value)?;
            let pattern = match kind.as_str() {
                "regex" => Pattern::Regex(value.clone()),
                "code" => Pattern::Code(value.clone()),
                "alert" => Pattern::Alert(value.clone()),
                _ => Pattern::Text(value.clone()),
            };
            (pattern, section, value)
        }
        other => {
            let text = scalar(other)?;
            (Pattern::Text(text.clone()), None, text)
        }
    };
    Some(ExplicitSignature {
        pattern,
        section,
        line: line_of(raw, excerpt.lines().next().unwrap_or(""), 0),
    })
}

/// Line of the document (front matter starts on line 2) that holds a value.
fn line_of(raw: &str, excerpt: &str, default: u32) -> u32 {
    let at = raw
        .lines()
        .position(|line| !excerpt.is_empty() && line.contains(excerpt));
    at.map_or(default.max(1), |at| u32::try_from(at + 2).unwrap_or(u32::MAX))
}

/// Reads a data tree, such as `_data/NAME.yml`, for callers that load such files themselves.
///
/// # Errors
///
/// The line, from 1, and a description of the error.
pub fn data(text: &str) -> Result<Value, (u32, String)> {
    read_yaml(text)
}

/// Returns the text of a scalar at a path in a tree.
pub(super) fn at_path(tree: &Value, path: &[&str]) -> Option<String> {
    let mut at = tree;
    for part in path {
        at = at.get(part)?;
    }
    scalar(at)
}

/// Looks up a `site.data` value: the first part of the path names the file.
pub(super) fn in_data(data: &BTreeMap<String, Value>, path: &[&str]) -> Option<String> {
    let (file, rest) = path.split_first()?;
    at_path(data.get(*file)?, rest)
}
