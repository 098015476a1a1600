//! The arguments of `run`: the values that are meant, and those that may be repeated.

use std::collections::BTreeMap;

use crate::jobs::masks::Masks;
use crate::jobs::{Job, JobDefinition, parameters};
use crate::redact::redact;

/// The first word, without its quotation marks.
pub(super) fn first_word(text: &str) -> String {
    let text = text.trim_start();
    let quoted = text.strip_prefix(['"', '“', '„', '`']);
    let word = match quoted {
        Some(quoted) => quoted.split(['"', '”', '“', '`']).next(),
        None => text.split_whitespace().next(),
    };
    word.unwrap_or_default().trim().to_owned()
}

/// The values by the names of their parameters, matched without regard to case.
pub(super) fn named(job: &Job, given: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let (exact, others): (Vec<_>, Vec<_>) = given.into_iter().partition(|(name, _)| job.parameter(name).is_some());
    values.extend(exact);
    for (name, value) in others {
        let mut meant = job
            .parameters
            .iter()
            .filter(|known| known.name.eq_ignore_ascii_case(&name));
        let meant = match (meant.next(), meant.next()) {
            (Some(one), None) if !values.contains_key(&one.name) => one.name.clone(),
            _ => name,
        };
        values.insert(meant, value);
    }
    values
}

/// The names of the secrets among the given values: parameters that are secret, and values that look so.
pub(super) fn secrets(job: &Job, definition: Option<&JobDefinition>, given: &BTreeMap<String, String>) -> Vec<String> {
    let is_secret = |(name, value): &(&String, &String)| {
        let value = value.as_str();
        !value.is_empty()
            && (parameters::is_secret(job, definition, name)
                || Masks::default().mask(value) != value
                || !redact(&format!("{name}: {value}")).contains(value))
    };
    given.iter().filter(is_secret).map(|(name, _)| name.clone()).collect()
}

/// The values that may be repeated where others read along: none, while Jenkins has not said which are passwords.
pub(super) fn harmless(
    job: &Job,
    definition: Option<&JobDefinition>,
    given: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut harmless = given.clone();
    for secret in secrets(job, definition, given) {
        harmless.remove(&secret);
    }
    harmless.retain(|_, _| definition.is_some());
    harmless
}

/// The command line of a run.
pub(super) fn written(job: &Job, given: &BTreeMap<String, String>) -> String {
    let values = given.iter().map(|(name, value)| {
        if value.contains(|c: char| c.is_whitespace() || c == '"') {
            format!(" {name}=\"{}\"", value.replace('"', "'"))
        } else {
            format!(" {name}={value}")
        }
    });
    format!("run {}{}", job.id, values.collect::<String>())
}
