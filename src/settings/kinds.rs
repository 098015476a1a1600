//! Kinds of settings' values, checked before the values are read: serde's messages for a wrong value are written for
//! programmers.

use std::collections::BTreeMap;

use config::{Map, Value, ValueKind};

use super::Error;

/// Descriptions of a setting's values, where the kind alone is not enough. They complete "it must be".
const TAKES: &[(&str, &str)] = &[
    ("answers.mode", "\"answer\" or \"shadow\""),
    (
        "answers.repeat_minutes",
        "a whole number of minutes from 0 (never) to 10080 (a week)",
    ),
    ("channels.mode", "\"answer\" or \"shadow\""),
    (
        "channels.repeat_minutes",
        "a whole number of minutes from 0 (never) to 10080 (a week)",
    ),
    ("channels.threshold", "a number between 0 and 1"),
    ("log.format", "\"text\" or \"json\""),
    (
        "log.level",
        "error, warn, info, debug, trace, or a filter such as \"info,signpost=debug\"",
    ),
    ("matching.threshold", "a number between 0 and 1"),
    ("runbooks.fetch_interval", "a whole number of seconds from 1 to 86400"),
    (
        "runbooks.fetch_megabytes",
        "a whole number of megabytes from 1 to 100000",
    ),
    ("runbooks.fetch_timeout", "a whole number of seconds from 1 to 3600"),
    ("runbooks.max_removed", "a number between 0 and 1"),
    ("runbooks.sources.deployment", "\"cloud\" or \"data-center\""),
    ("runbooks.poll_interval", "a whole number of seconds from 1 to 3600"),
    ("slack.connections", "a whole number from 1 to 10"),
    ("slack.lookup_wait", "a whole number of seconds from 1 to 60"),
    ("slack.mode", "\"socket\" or \"http\""),
    ("slack.request_timeout", "a whole number of seconds from 1 to 120"),
    ("store.audit_days", "a whole number of days from 1 to 3650"),
    ("store.retention_days", "a whole number of days from 1 to 3650"),
];

/// Settings that take one of a few words.
const WORDS: &[(&str, &[&str])] = &[
    ("answers.mode", &["answer", "shadow"]),
    ("channels.mode", &["answer", "shadow"]),
    ("log.format", &["text", "json"]),
    ("runbooks.sources.deployment", &["", "cloud", "data-center"]),
    ("slack.mode", &["socket", "http"]),
];

/// Keys of the tables that may occur several times, and so are not in the built-in file, with their kinds; `true` for
/// keys that every table needs.
pub(super) const REPEATED: &[(&str, SettingKind, bool)] = &[
    ("channels.id", SettingKind::Text, true),
    ("channels.auto_answer", SettingKind::Flag, false),
    ("channels.threshold", SettingKind::Number, false),
    ("channels.repeat_minutes", SettingKind::Whole, false),
    ("channels.mode", SettingKind::Text, false),
    ("channels.near_reaction", SettingKind::Text, false),
    ("channels.shared", SettingKind::Flag, false),
    ("links.title", SettingKind::Text, true),
    ("links.url", SettingKind::Text, true),
    ("runbooks.sources.id", SettingKind::Text, true),
    ("runbooks.sources.dir", SettingKind::Text, false),
    ("runbooks.sources.git", SettingKind::Text, false),
    ("runbooks.sources.confluence", SettingKind::Text, false),
    ("runbooks.sources.notion", SettingKind::Text, false),
    ("runbooks.sources.deployment", SettingKind::Text, false),
    ("runbooks.sources.api_url", SettingKind::Text, false),
    ("runbooks.sources.spaces", SettingKind::List, false),
    ("runbooks.sources.labels", SettingKind::List, false),
    ("runbooks.sources.exclude_labels", SettingKind::List, false),
    ("runbooks.sources.ref", SettingKind::Text, false),
    ("runbooks.sources.path", SettingKind::Text, false),
    ("runbooks.sources.team", SettingKind::Text, false),
    ("runbooks.sources.base_url", SettingKind::Text, false),
    ("runbooks.sources.ignore", SettingKind::List, false),
    ("runbooks.sources.user", SettingKind::Text, false),
    ("runbooks.sources.token_variable", SettingKind::Text, false),
    ("runbooks.sources.token_file", SettingKind::Text, false),
    ("runbooks.sources.ssh_key_file", SettingKind::Text, false),
    ("runbooks.sources.known_hosts_file", SettingKind::Text, false),
];

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SettingKind {
    Flag,
    Whole,
    Number,
    Text,
    List,
}

impl SettingKind {
    /// Returns the kind of a default value.
    fn of(value: &Value) -> Option<SettingKind> {
        Some(match value.kind {
            ValueKind::Boolean(_) => SettingKind::Flag,
            ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => SettingKind::Whole,
            ValueKind::Float(_) => SettingKind::Number,
            ValueKind::String(_) => SettingKind::Text,
            ValueKind::Array(_) => SettingKind::List,
            ValueKind::Nil | ValueKind::Table(_) => return None,
        })
    }

    fn takes(self) -> &'static str {
        match self {
            SettingKind::Flag => "true or false",
            SettingKind::Whole => "a whole number, 0 or more",
            SettingKind::Number => "a number",
            SettingKind::Text => "text in quotation marks",
            SettingKind::List => "a list such as [\"one\", \"two\"]",
        }
    }

    /// Returns true when a value can be read as this kind, as the settings library reads it.
    fn fits(self, value: &Value) -> bool {
        let value = value.clone();
        match self {
            SettingKind::Flag => value.into_bool().is_ok(),
            // Every whole number among the settings is a count.
            SettingKind::Whole => value.into_int().is_ok_and(|number| u32::try_from(number).is_ok()),
            SettingKind::Number => value.into_float().is_ok(),
            SettingKind::Text => value.into_string().is_ok(),
            SettingKind::List => value
                .into_array()
                .is_ok_and(|items| items.into_iter().all(|item| item.into_string().is_ok())),
        }
    }
}

/// Checks every value of the merged settings against its kind. `defaults` are the built-in settings; `place` names the
/// origin of a value.
///
/// # Errors
///
/// The first value that cannot be used.
pub(super) fn check(
    table: &Map<String, Value>,
    defaults: &Map<String, Value>,
    place: &dyn Fn(&Value, &str) -> String,
) -> Result<(), Error> {
    let wrong = |value: &Value, key: &str, takes: &str| Error::Value {
        place: place(value, key),
        key: key.to_owned(),
        problem: format!("is {}", shown(value)),
        remedy: format!("it must be {takes}"),
    };
    // Sorted, so that the same error is reported first every time.
    for (section, default) in defaults.iter().collect::<BTreeMap<_, _>>() {
        let ValueKind::Table(known) = &default.kind else {
            continue;
        };
        let Some(found) = table.get(section) else { continue };
        let ValueKind::Table(values) = &found.kind else {
            return Err(wrong(
                found,
                section,
                &format!("a section: [{section}] with its keys below it"),
            ));
        };
        for (name, default) in known.iter().collect::<BTreeMap<_, _>>() {
            let (Some(kind), Some(value)) = (SettingKind::of(default), values.get(name)) else {
                continue;
            };
            let key = format!("{section}.{name}");
            if !fits(&key, kind, value) {
                return Err(wrong(value, &key, takes(&key, kind)));
            }
        }
    }
    for list in ["channels", "links", "runbooks.sources"] {
        let Some(found) = at(table, list) else { continue };
        let ValueKind::Array(entries) = &found.kind else {
            // A section may come from several files, so it does not tell its origin; a value in it does.
            let at = match &found.kind {
                ValueKind::Table(inside) => inside.values().next().unwrap_or(found),
                _ => found,
            };
            return Err(Error::Value {
                place: place(at, list),
                key: list.to_owned(),
                problem: format!("is {}", shown(found)),
                remedy: format!("it must be written as [[{list}]] in local.toml, once for each entry"),
            });
        };
        for entry in entries {
            let ValueKind::Table(values) = &entry.kind else {
                return Err(wrong(
                    entry,
                    list,
                    &format!("written as [[{list}]], once for each entry"),
                ));
            };
            check_entry(list, entry, values, place, &wrong)?;
        }
    }
    Ok(())
}

/// Returns the value at a key of one or two parts.
fn at<'a>(table: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    let Some((section, name)) = key.split_once('.') else {
        return table.get(key);
    };
    match &table.get(section)?.kind {
        ValueKind::Table(section) => section.get(name),
        _ => None,
    }
}

fn check_entry(
    list: &str,
    entry: &Value,
    values: &Map<String, Value>,
    place: &dyn Fn(&Value, &str) -> String,
    wrong: &dyn Fn(&Value, &str, &str) -> Error,
) -> Result<(), Error> {
    for (key, kind, is_needed) in REPEATED {
        let Some(name) = key.strip_prefix(list).and_then(|rest| rest.strip_prefix('.')) else {
            continue;
        };
        match values.get(name) {
            Some(value) if !fits(key, *kind, value) => return Err(wrong(value, key, takes(key, *kind))),
            None if *is_needed => {
                return Err(Error::Value {
                    place: place(entry, list),
                    key: list.to_owned(),
                    problem: format!("has an entry without `{name}`"),
                    remedy: format!("add `{name} = \"…\"` to it"),
                });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Description of a setting's values, in words that complete "it must be".
pub(super) fn takes(key: &str, kind: SettingKind) -> &'static str {
    let own = TAKES.iter().find(|(known, _)| *known == key);
    own.map_or_else(|| kind.takes(), |(_, takes)| takes)
}

fn fits(key: &str, kind: SettingKind, value: &Value) -> bool {
    let words = WORDS.iter().find(|(known, _)| *known == key);
    kind.fits(value)
        && words.is_none_or(|(_, words)| {
            let text = value.clone().into_string().unwrap_or_default();
            words.iter().any(|word| *word == text.to_lowercase())
        })
}

/// A value as its author wrote it, shortened.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    match &value.kind {
        ValueKind::Table(_) => "a section".to_owned(),
        ValueKind::Array(_) => "a list".to_owned(),
        ValueKind::Nil => "empty".to_owned(),
        ValueKind::String(text) => {
            let cut: String = text.chars().take(LONGEST).collect();
            let more = if cut.len() < text.len() { "…" } else { "" };
            format!("\"{cut}{more}\"")
        }
        _ => value.clone().into_string().unwrap_or_default(),
    }
}
