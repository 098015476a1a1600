//! Keys of the registry, and the known key nearest to an unknown one.

use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor, value};
use serde_json::Value;

use super::checks::Check;
use super::registry::{Jenkins, Job, Parameter};
use super::{Problem, Registry};

/// Returns the names of a struct's fields, as its derived `Deserialize` knows them.
pub(super) fn of<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut fields: &[&str] = &[];
    // Ends with an error once the names are known.
    let _ = T::deserialize(TableKeys(&mut fields));
    fields
}

/// A deserializer that records which fields a struct asks for, and has no value for any.
struct TableKeys<'f>(&'f mut &'static [&'static str]);

impl<'de> Deserializer<'de> for TableKeys<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(value::Error::custom("it has no value"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Checks that every key of a registry is known. Entries are named by their ids.
///
/// # Errors
///
/// The first unknown key.
pub fn check(registry: &Value) -> Result<(), Problem> {
    let all = || {
        unknown("", registry, of::<Registry>()).or_else(|| {
            let jenkins =
                entries("", registry, "jenkins", "id").find_map(|(key, entry)| unknown(&key, entry, of::<Jenkins>()));
            jenkins.or_else(|| {
                entries("", registry, "jobs", "id").find_map(|(key, job)| {
                    let parameters = || {
                        entries(&key, job, "parameters", "name")
                            .find_map(|(key, entry)| unknown(&key, entry, of::<Parameter>()))
                    };
                    let checks = || {
                        entries(&key, job, "checks", "title")
                            .find_map(|(key, entry)| unknown(&key, entry, of::<Check>()))
                    };
                    unknown(&key, job, of::<Job>()).or_else(parameters).or_else(checks)
                })
            })
        })
    };
    all().map_or(Ok(()), Err)
}

/// Lists every key of the registry with its table: for the test that the sample shows them all.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tables = [
        ("jenkins", of::<Jenkins>()),
        ("jobs", of::<Job>()),
        ("jobs.parameters", of::<Parameter>()),
        ("jobs.checks", of::<Check>()),
    ];
    tables
        .into_iter()
        .flat_map(|(table, keys)| keys.iter().map(move |key| (table, *key)))
}

fn entries<'v>(
    above: &'v str,
    table: &'v Value,
    list: &'v str,
    name: &'v str,
) -> impl Iterator<Item = (String, &'v Value)> {
    let entries = table.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    entries.iter().enumerate().map(move |(at, entry)| {
        let own = entry.get(name).and_then(Value::as_str);
        let own = own.map_or_else(|| (at + 1).to_string(), str::to_owned);
        let dot = if above.is_empty() { "" } else { "." };
        (format!("{above}{dot}{list}[{own}]"), entry)
    })
}

/// Reports the first unknown key of a table.
pub(super) fn unknown(place: &str, table: &Value, known: &[&str]) -> Option<Problem> {
    let key = table.as_object()?.keys().find(|key| !known.contains(&key.as_str()))?;
    let dot = if place.is_empty() { "" } else { "." };
    let nearest = nearest(key, known.iter().copied());
    let remedy = nearest.map_or_else(
        || format!("known here: {}", known.join(", ")),
        |nearest| format!("did you mean `{nearest}`?"),
    );
    Some(Problem::new(format!("{place}{dot}{key}"), "is not known", remedy))
}

/// Returns the known word most similar to `word`, if any is similar enough.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    known
        .map(|known| (strsim::jaro_winkler(&word.to_lowercase(), &known.to_lowercase()), known))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// Converts serde's error for a value that could not be read.
pub(super) fn misread(place: &str, path: &str, cause: &str) -> Problem {
    let dot = if place.is_empty() || path == "." || path.is_empty() {
        ""
    } else {
        "."
    };
    let path = if path == "." { "" } else { path };
    let cause = cause.trim().lines().next().unwrap_or_default();
    if let Some((problem, remedy)) = plain(cause) {
        return Problem::new(format!("{place}{dot}{path}"), problem, remedy);
    }
    let (problem, remedy) = cause
        .split_once("; ")
        .unwrap_or((cause, "see the comment above it in config/jobs.toml"));
    Problem::new(
        format!("{place}{dot}{path}"),
        format!("cannot be used: {problem}"),
        remedy,
    )
}

/// Rewords serde's message about a wrong type or value: what the value is, and what it must be. `None` for other
/// messages.
fn plain(cause: &str) -> Option<(String, String)> {
    let rest = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|beginning| cause.strip_prefix(beginning))?;
    let (found, expected) = rest.split_once(", expected ")?;
    let found = match found.split_once(' ') {
        _ if found.starts_with("sequence") => "a list",
        _ if found.starts_with("map") => "a table",
        Some(("string", text)) => text,
        Some(_) => found.rsplit_once(' ')?.1.trim_matches('`'),
        None => return None,
    };
    let expected = match expected.split(' ').next_back()? {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "boolean" => "true or false",
        "string" => "text in quotation marks",
        "sequence" => "a list such as [\"one\", \"two\"]",
        "map" => "a table",
        _ => return None,
    };
    Some((format!("is {found}"), format!("it must be {expected}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_kind_of_value_is_told_in_plain_words() {
        let told = |cause| misread("jobs[a]", "concurrency", cause).to_string();
        assert_eq!(
            told("invalid type: string \"two\", expected u32"),
            "`jobs[a].concurrency` is \"two\"; it must be a whole number, 0 or more"
        );
        assert_eq!(
            told("invalid type: floating point `1.5`, expected a boolean\nin `concurrency`"),
            "`jobs[a].concurrency` is 1.5; it must be true or false"
        );
        assert_eq!(
            told("invalid value: integer `-1`, expected u32"),
            "`jobs[a].concurrency` is -1; it must be a whole number, 0 or more"
        );
    }
}
