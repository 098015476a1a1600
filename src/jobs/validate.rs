//! Reading and validation of the registry. Every problem names the key, what is wrong and what to do.

use std::collections::BTreeSet;

use serde::Deserialize as _;

use super::checks::{Check, Test};
use super::{Jenkins, Job, Known, Parameter, ParameterSource, Problem, Registry, parameters, schema};

impl Registry {
    /// Parses and checks the text of `jobs.toml`.
    ///
    /// # Errors
    ///
    /// The first problem found.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let line = |span: Option<std::ops::Range<usize>>| {
            let start = span.map_or(0, |span| span.start);
            text.get(..start).map_or(1, |before| before.matches('\n').count() + 1)
        };
        let tree: serde_json::Value = toml::from_str(text).map_err(|cause| {
            let message = cause.message().lines().next().unwrap_or_default().to_owned();
            let at = line(cause.span());
            Problem::new(
                format!("line {at}"),
                format!("is not valid TOML: {message}"),
                "correct it",
            )
        })?;
        schema::check(&tree)?;
        let registry = toml::Deserializer::parse(text).map_err(|cause| cause.message().to_owned());
        let registry = registry.map_err(|cause| Problem::new("jobs", cause, "correct it"))?;
        let mut track = serde_path_to_error::Track::new();
        let reader = serde_path_to_error::Deserializer::new(registry, &mut track);
        let read = Self::deserialize(reader).map_err(|cause| {
            let problem = schema::misread("", &track.path().to_string(), cause.message());
            Problem {
                problem: format!("(line {}) {}", line(cause.span()), problem.problem),
                ..problem
            }
        });
        let registry = read?;
        registry.check()?;
        Ok(registry)
    }

    fn check(&self) -> Result<(), Problem> {
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for jenkins in &self.jenkins {
            let key = format!("jenkins[{}]", jenkins.id);
            problems.extend(id(&format!("{key}.id"), &jenkins.id.0, &mut seen));
            problems.extend(self::jenkins(&key, jenkins));
        }
        let mut seen = BTreeSet::new();
        for job in &self.jobs {
            let key = format!("jobs[{}]", job.id);
            problems.extend(id(&format!("{key}.id"), &job.id.0, &mut seen));
            if self.jenkins(&job.jenkins.0).is_none() {
                let known: Vec<&str> = self.jenkins.iter().map(|jenkins| jenkins.id.0.as_str()).collect();
                let known = if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                };
                problems.push(Problem::new(
                    format!("{key}.jenkins"),
                    format!("is \"{}\", which is not the id of any [[jenkins]]", job.jenkins),
                    format!("add it, or use one of: {known}"),
                ));
            }
            let twin = |other: &&Job| other.id != job.id && other.jenkins == job.jenkins && other.path == job.path;
            if let Some(other) = self.jobs.iter().find(twin) {
                problems.push(Problem::new(
                    format!("{key}.path"),
                    format!("is the same job as jobs[{}]", other.id),
                    "register a job once",
                ));
            }
            problems.extend(self::job(&key, job));
        }
        problems.into_iter().next().map_or(Ok(()), Err)
    }
}

fn id(key: &str, id: &str, seen: &mut BTreeSet<String>) -> Option<Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || id.len() > 64 || !id.chars().all(plain) || id.starts_with('-') {
        let problem = format!("is \"{id}\"");
        return Some(Problem::new(
            key,
            problem,
            "use letters, digits, `-`, `_` and `.`, at most 64 characters",
        ));
    }
    (!seen.insert(id.to_owned())).then(|| Problem::new(key, "stands twice", "give each entry an id of its own"))
}

fn jenkins(key: &str, jenkins: &Jenkins) -> Vec<Problem> {
    let mut problems = Vec::new();
    if jenkins.user.trim().is_empty() || jenkins.user.contains(':') {
        let problem = format!("is \"{}\"", jenkins.user);
        problems.push(Problem::new(
            format!("{key}.user"),
            problem,
            "set the Jenkins user whose API token is used",
        ));
    }
    if let Some(name) = &jenkins.token_variable {
        let named = name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        if !named || !name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') || name.starts_with("SIGNPOST__") {
            // Not quoted: somebody may have written the token itself.
            problems.push(Problem::new(
                format!("{key}.token_variable"),
                "is not a variable name",
                "set the name of the variable that contains the token, such as \"JENKINS_TOKEN\" (capitals; not \
                 SIGNPOST__…, which are settings), never the token itself",
            ));
        }
    }
    if !(1..=120).contains(&jenkins.request_timeout) {
        let problem = format!("is {}", jenkins.request_timeout);
        problems.push(Problem::new(
            format!("{key}.request_timeout"),
            problem,
            "write seconds from 1 to 120",
        ));
    }
    for host in &jenkins.artifact_hosts {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
        if host.is_empty() || !host.chars().all(plain) {
            problems.push(Problem::new(
                format!("{key}.artifact_hosts"),
                format!("contains \"{host}\", which is not a host"),
                "write hosts such as \"objects.example.com\" or \"objects.example.com:9000\", without https://",
            ));
        }
    }
    problems
}

fn job(key: &str, job: &Job) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, ids, kinds, remedy) in [
        (
            "run_by",
            &job.run_by,
            "USW",
            "ids of users (U…, W…) and user groups (S…)",
        ),
        (
            "approve_by",
            &job.approve_by,
            "USW",
            "ids of users (U…, W…) and user groups (S…)",
        ),
        ("channels", &job.channels, "CGD", "ids of channels (C…, G…)"),
    ] {
        if let Some(bad) = ids.iter().find(|id| !is_id(id, kinds)) {
            problems.push(Problem::new(
                format!("{key}.{name}"),
                format!("contains \"{bad}\", which is not an id"),
                format!("write {remedy}, not names, because anyone can change theirs"),
            ));
        }
    }
    for (name, value, most) in [
        ("approval_minutes", job.approval_minutes, 1440),
        ("concurrency", job.concurrency, 50),
        ("time_limit_minutes", job.time_limit_minutes, 1440),
        ("artifact_kib", job.artifact_kib, 1024),
    ] {
        if !(1..=most).contains(&value) {
            let remedy = format!("write a number from 1 to {most}");
            problems.push(Problem::new(format!("{key}.{name}"), format!("is {value}"), remedy));
        }
    }
    if let Some(bad) = job.artifacts.iter().find(|path| !is_relative(path)) {
        problems.push(Problem::new(
            format!("{key}.artifacts"),
            format!("holds \"{bad}\""),
            "write paths below the build's artifacts, such as \"logs/result.log\"",
        ));
    }
    if job.passed.is_some() && job.checks.is_empty() {
        let remedy = "add [[jobs.checks]], or remove it";
        problems.push(Problem::new(
            format!("{key}.passed"),
            "is set without any check",
            remedy,
        ));
    }
    if let Some(run_id) = &job.run_id
        && job.parameter(run_id).is_some()
    {
        let remedy = "remove it from the parameters: nobody fills it in";
        problems.push(Problem::new(
            format!("{key}.run_id"),
            "is also a parameter of the form",
            remedy,
        ));
    }
    let mut seen = BTreeSet::new();
    for parameter in &job.parameters {
        let key = format!("{key}.parameters[{}]", parameter.name);
        if parameter.name.trim().is_empty() || !seen.insert(&parameter.name) {
            problems.push(Problem::new(
                format!("{key}.name"),
                "is empty or listed twice",
                "name each parameter once",
            ));
        }
        problems.extend(self::parameter(&key, parameter));
    }
    for check in &job.checks {
        let key = format!("{key}.checks[{}]", check.title);
        problems.extend(self::check(&key, check, Some(job)));
    }
    problems
}

fn parameter(key: &str, parameter: &Parameter) -> Vec<Problem> {
    let mut problems = Vec::new();
    let written = parameter.default.iter().map(|value| ("default", value));
    let written = written.chain(parameter.choices.iter().map(|value| ("choices", value)));
    let constants = parameter.from.iter().filter_map(|source| match source {
        ParameterSource::Constant(value) => Some(("from", value)),
        _ => None,
    });
    for (name, value) in written.chain(constants) {
        if value.is_empty() {
            continue;
        }
        if let Err(fault) = parameters::sound(parameter, value) {
            let (key, fault) = (format!("{key}.{name}"), fault.to_string());
            let said = if parameter.is_secret() {
                "a value".to_owned()
            } else {
                format!("\"{value}\"")
            };
            problems.push(Problem::new(
                key,
                format!("contains {said}, which {fault}"),
                "correct it, or change the `pattern`",
            ));
        }
    }
    if parameter.is_secret() && parameter.default.is_some() {
        let remedy = "leave it to Jenkins, which stores secrets safely";
        problems.push(Problem::new(
            format!("{key}.default"),
            "is a secret in a settings file",
            remedy,
        ));
    }
    problems
}

/// Validates a check; `job` is the job of the registry that it belongs to.
pub(super) fn check(key: &str, check: &Check, job: Option<&Job>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if check.title.trim().is_empty() {
        problems.push(Problem::new(format!("{key}.title"), "is empty", "set what is checked"));
    }
    if !is_relative(&check.artifact) {
        let problem = format!("is \"{}\"", check.artifact);
        problems.push(Problem::new(
            format!("{key}.artifact"),
            problem,
            "write the artifact's relative path",
        ));
    }
    if let Some(job) = job {
        if !job.artifacts.contains(&check.artifact) {
            problems.push(Problem::new(
                format!("{key}.artifact"),
                format!("is \"{}\", which the job's `artifacts` do not list", check.artifact),
                "add it there: only listed artifacts are read",
            ));
        }
        if check.job.is_some() {
            let remedy = "remove it: only checks in a runbook need it";
            problems.push(Problem::new(format!("{key}.job"), "belongs to the job itself", remedy));
        }
    }
    match &check.test {
        Test::Equals(known) | Test::DiffersFrom(known) => {
            problems.extend(self::known(&format!("{key}.test"), known, job));
        }
        Test::OneOf(list) if list.is_empty() => {
            problems.push(Problem::new(
                format!("{key}.test.one-of"),
                "is empty",
                "list the good values",
            ));
        }
        _ => {}
    }
    problems
}

fn known(key: &str, known: &Known, job: Option<&Job>) -> Option<Problem> {
    let ways = [&known.value, &known.parameter, &known.capture];
    if ways.iter().filter(|way| way.is_some()).count() != 1 {
        let remedy = "write one of `value`, `parameter` and `capture`";
        return Some(Problem::new(key, "does not say which value to check", remedy));
    }
    let (name, job) = (known.parameter.as_ref()?, job?);
    if job.parameter(name).is_some() {
        return None;
    }
    let nearest = schema::nearest(name, job.parameters.iter().map(|parameter| parameter.name.as_str()));
    let remedy = nearest.map_or_else(
        || "add it to the job".to_owned(),
        |nearest| format!("did you mean \"{nearest}\"?"),
    );
    let problem = format!("is \"{name}\", which is not a parameter of the job");
    Some(Problem::new(format!("{key}.parameter"), problem, remedy))
}

fn is_relative(path: &str) -> bool {
    let bad = |segment: &str| matches!(segment, "" | "." | "..");
    !path.contains("://") && !path.chars().any(char::is_control) && !path.split('/').any(bad)
}

/// Returns true when the text looks like a Slack id whose first letter is one of `kinds`.
fn is_id(id: &str, kinds: &str) -> bool {
    id.len() > 1
        && id.starts_with(|first| kinds.contains(first))
        && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}
