//! The keys that the registry knows, and the nearest one to a key that it doesn't.

use serde_json::Value;

use super::Problem;

const ROOT: &[&str] = &["jenkins", "jobs"];
const JENKINS: &[&str] = &[
    "id",
    "url",
    "aliases",
    "user",
    "token_variable",
    "token_file",
    "ca_files",
    "request_timeout",
    "artifact_hosts",
];
const JOB: &[&str] = &[
    "id",
    "jenkins",
    "path",
    "title",
    "about",
    "run_by",
    "channels",
    "approve_by",
    "approval_minutes",
    "concurrency",
    "time_limit_minutes",
    "artifacts",
    "artifact_kib",
    "run_id",
    "parameters",
    "checks",
    "passed",
];
const PARAMETER: &[&str] = &[
    "name",
    "title",
    "help",
    "required",
    "default",
    "choices",
    "pattern",
    "secret",
    "from",
    "transform",
];
/// The keys of a check.
pub(super) const CHECK: &[&str] = &["title", "job", "artifact", "holds", "pick", "test", "secret", "failed"];

/// Does every key of a registry mean something? Entries are named by their ids.
///
/// # Errors
///
/// The first key that nothing knows.
pub fn check(registry: &Value) -> Result<(), Problem> {
    let all = || {
        unknown("", registry, ROOT).or_else(|| {
            let jenkins = entries("", registry, "jenkins", "id").find_map(|(key, entry)| unknown(&key, entry, JENKINS));
            jenkins.or_else(|| {
                entries("", registry, "jobs", "id").find_map(|(key, job)| {
                    let parameters = || {
                        entries(&key, job, "parameters", "name")
                            .find_map(|(key, entry)| unknown(&key, entry, PARAMETER))
                    };
                    let checks =
                        || entries(&key, job, "checks", "title").find_map(|(key, entry)| unknown(&key, entry, CHECK));
                    unknown(&key, job, JOB).or_else(parameters).or_else(checks)
                })
            })
        })
    };
    all().map_or(Ok(()), Err)
}

/// Every key of the registry, with the tables it stands in: for the test that the sample shows them all.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of = |table, keys: &'static [&'static str]| keys.iter().map(move |key| (table, *key));
    of("jenkins", JENKINS)
        .chain(of("jobs", JOB))
        .chain(of("jobs.parameters", PARAMETER))
        .chain(of("jobs.checks", CHECK))
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

/// The first key of a table that is not among the known ones.
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

/// The known word that is most like another, if any is.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    known
        .map(|known| (strsim::jaro_winkler(&word.to_lowercase(), &known.to_lowercase()), known))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// A value that could not be read, as serde tells it.
pub(super) fn misread(place: &str, path: &str, cause: &str) -> Problem {
    let dot = if place.is_empty() || path == "." || path.is_empty() {
        ""
    } else {
        "."
    };
    let path = if path == "." { "" } else { path };
    let cause = cause.trim().lines().next().unwrap_or_default();
    let (problem, remedy) = cause
        .split_once("; ")
        .unwrap_or((cause, "see the comment above it in config/jobs.toml"));
    Problem::new(
        format!("{place}{dot}{path}"),
        format!("cannot be used: {problem}"),
        remedy,
    )
}
