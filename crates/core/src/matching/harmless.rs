//! Values of a match that hold no secret: only these are kept, compared and shown.

use std::collections::BTreeMap;

use super::{Match, Occurrence};
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

impl Match {
    /// Returns the captured values that hold no secret.
    pub fn harmless_captures(&self) -> BTreeMap<String, Vec<String>> {
        if self.captures.is_empty() {
            return BTreeMap::new();
        }
        let lines = ValueLines::of(self);
        let values = self.captures.iter().map(|(name, values)| {
            let kept = values.iter().filter(|value| lines.is_harmless(name, value));
            (name.clone(), kept.cloned().collect::<Vec<String>>())
        });
        values.filter(|(_, values)| !values.is_empty()).collect()
    }

    /// Returns the occurrences of the error, with those of their values that hold no secret.
    pub fn harmless_occurrences(&self) -> Vec<Occurrence> {
        if self.occurrences.is_empty() {
            return Vec::new();
        }
        let lines = ValueLines::of(self);
        let harmless = |occurrence: &Occurrence| {
            let values = occurrence.values.iter();
            let values = values.filter(|(name, value)| lines.is_harmless(name, value));
            Occurrence {
                line: occurrence.line,
                values: values.cloned().collect(),
            }
        };
        self.occurrences.iter().map(harmless).collect()
    }

    /// Returns the match without the values that hold a secret. Its evidence stays as received.
    #[must_use]
    pub fn with_harmless_values(self) -> Match {
        Match {
            captures: self.harmless_captures(),
            occurrences: self.harmless_occurrences(),
            ..self
        }
    }
}
