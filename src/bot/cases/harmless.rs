//! Values of a match that hold no secret: only these are kept, compared and shown.

use std::collections::BTreeMap;

use crate::matching::{Match, Occurrence};
use crate::redact::redact;

/// The lines that tell whether a value is a secret, each as received and redacted.
struct ValueLines<'a>(Vec<(&'a str, String)>);

impl ValueLines<'_> {
    /// The lines that a match quotes, and those that its values come from.
    fn of(found: &Match) -> ValueLines<'_> {
        let quoted = found.evidence.iter().map(|evidence| &evidence.text);
        let lines = quoted.chain(&found.captured_from);
        ValueLines(lines.map(|line| (line.as_str(), redact(line).into_owned())).collect())
    }

    /// Returns true when a value is no secret by itself, under its name, and in each line where it occurs.
    fn is_harmless(&self, name: &str, value: &str) -> bool {
        let in_line = |(raw, safe): &(&str, String)| !raw.contains(value) || safe.contains(value);
        redact(value) == value && redact(&format!("{name}: {value}")).contains(value) && self.0.iter().all(in_line)
    }
}

/// Returns the captured values that hold no secret.
pub(super) fn harmless(found: &Match) -> BTreeMap<String, Vec<String>> {
    let lines = ValueLines::of(found);
    let values = found.captures.iter().map(|(name, values)| {
        let kept = values.iter().filter(|value| lines.is_harmless(name, value));
        (name.clone(), kept.cloned().collect::<Vec<String>>())
    });
    values.filter(|(_, values)| !values.is_empty()).collect()
}

/// Returns the occurrences of the error with those of their values that hold no secret.
pub(super) fn harmless_occurrences(found: &Match) -> Vec<Occurrence> {
    if found.occurrences.is_empty() {
        return Vec::new();
    }
    let lines = ValueLines::of(found);
    let harmless = |occurrence: &Occurrence| {
        let values = occurrence.values.iter();
        let values = values.filter(|(name, value)| lines.is_harmless(name, value));
        Occurrence {
            line: occurrence.line,
            values: values.cloned().collect(),
        }
    };
    found.occurrences.iter().map(harmless).collect()
}
