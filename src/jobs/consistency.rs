//! Comparison of the registry with the runbooks and with Jenkins' own definitions. Mismatches are reported before
//! anybody runs a job, not in the thread of an incident.

use std::collections::BTreeMap;

use super::checks::{Check, Checks, Test};
use super::parameters::{self, Fault};
use super::{Job, JobDefinition, Kind, Known, ParameterSource, Problem, Registry, Transform, schema, validate};
use crate::runbook::{Diagnostic, Document, Level, Library, Runbook};

/// Common prefix of the codes of all diagnostics made here.
pub const CODES: &str = "jobs-";

/// Reports checks in front matter that cannot be used, whether or not a job is registered.
pub fn unusable_checks(library: &Library) -> Vec<Diagnostic> {
    let may_have = |document: &&Document| document.text().is_none_or(|text| text.contains("checks"));
    let of = |path: &str, runbook: &Runbook| {
        let keys = &runbook.front.signpost;
        let problems = Checks::read(&keys.checks).err().unwrap_or_default();
        let diagnostic = |problem: &Problem| Diagnostic {
            path: path.to_owned(),
            line: keys.checks_line,
            level: Level::Error,
            code: "checks",
            message: problem.to_string(),
        };
        problems.iter().map(diagnostic).collect::<Vec<_>>()
    };
    let documents = library.runbooks.iter().filter(may_have);
    documents
        .flat_map(|document| document.look(|runbook| of(&document.path, runbook)))
        .collect()
}

/// Reports where the runbooks do not fit the registry. Without a registered job there is nothing to report.
pub fn misfits(registry: &Registry, library: &Library) -> Vec<Diagnostic> {
    if registry.jobs.is_empty() {
        return Vec::new();
    }
    // Links may be assembled from `_data`.
    let has_links = library.data.values().any(|data| data.to_string().contains("/job/"));
    let concerned = |document: &&Document| concerns(registry, document, has_links);
    let mut found = Vec::new();
    for document in library.runbooks.iter().filter(concerned) {
        let look = Look {
            registry,
            library,
            path: &document.path,
            found: Vec::new(),
        };
        found.extend(document.look(|runbook| look.at(runbook)));
    }
    found
}

/// Returns true when a document may concern jobs: opening thousands that don't takes long.
fn concerns(registry: &Registry, document: &Document, has_links: bool) -> bool {
    let Some(text) = document.text() else { return true };
    let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let named = |job: &Job| {
        let name = job.path.segments().last().map(String::as_str).unwrap_or_default();
        if plain(name) {
            text.contains(name)
        } else {
            text.contains("/job/")
        }
    };
    text.contains("signpost:") || has_links && document.may_name_data() || registry.jobs.iter().any(named)
}

/// Finds the section that a check names: by its heading, as displayed or as written, else by one that differs in case
/// only.
pub fn section(runbook: &Runbook, name: &str) -> Option<usize> {
    let name = name.trim();
    let by = |same: &dyn Fn(&str) -> bool| {
        let mut sections = runbook.sections.iter().enumerate().skip(1);
        let found = sections.find(|(_, section)| same(&section.heading) || same(section.name()));
        found.map(|(at, _)| at)
    };
    by(&|heading| heading == name).or_else(|| by(&|heading| heading.eq_ignore_ascii_case(name)))
}

struct Look<'a> {
    registry: &'a Registry,
    library: &'a Library,
    path: &'a str,
    found: Vec<Diagnostic>,
}

impl Look<'_> {
    fn tell(&mut self, line: u32, code: &'static str, message: String) {
        let diagnostic = Diagnostic {
            path: self.path.to_owned(),
            line,
            level: Level::Error,
            code,
            message,
        };
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    fn at(mut self, runbook: &Runbook) -> Vec<Diagnostic> {
        let front = &runbook.front.signpost;
        let registry = self.registry;
        let mut jobs: Vec<(&Job, u32)> = Vec::new();
        for id in &front.jobs {
            match registry.job(id) {
                Some(job) => jobs.push((job, front.jobs_line)),
                None => self.unknown(front.jobs_line, "`signpost: jobs:` names", id),
            }
        }
        for attached in runbook.topics.iter().flat_map(|topic| registry.attached(&topic.steps)) {
            if let Some(job) = registry.job(&attached.job.0)
                && jobs.iter().all(|(other, _)| other.id != job.id)
            {
                jobs.push((job, attached.line));
            }
        }
        // Faults of the checks themselves are reported by `runbook`.
        let own = Checks::read(&front.checks).unwrap_or_default();
        for check in &own.list {
            self.own_check(check, &jobs, front.checks_line);
        }
        for (job, line) in jobs {
            let is_own = own
                .list
                .iter()
                .any(|check| check.job.as_ref().is_none_or(|id| *id == job.id));
            let checks = own.for_job(job);
            let (line, whose) = if is_own {
                (front.checks_line, "`signpost: checks:`".to_owned())
            } else {
                (line, format!("jobs[{}] of jobs.toml", job.id))
            };
            self.sections(runbook, &checks, line, &whose);
            self.data(&checks, line, &whose);
        }
        self.found
    }

    fn unknown(&mut self, line: u32, who: &str, id: &str) {
        let known = || self.registry.jobs.iter().map(|job| job.id.0.as_str());
        let remedy = schema::nearest(id, known()).map_or_else(
            || format!("registered are: {}", known().collect::<Vec<_>>().join(", ")),
            |nearest| format!("did you mean \"{nearest}\"?"),
        );
        self.tell(
            line,
            "jobs-unknown",
            format!("{who} the job \"{id}\", which is not registered; {remedy}"),
        );
    }

    /// Checks that a check of the front matter belongs to a job, and that this job's artifact may be read.
    fn own_check(&mut self, check: &Check, jobs: &[(&Job, u32)], line: u32) {
        let who = format!("the check \"{}\"", check.title);
        let of: Vec<&Job> = match &check.job {
            None => jobs.iter().map(|(job, _)| *job).collect(),
            Some(id) => match self.registry.job(&id.0) {
                Some(job) => vec![job],
                None => return self.unknown(line, &format!("{who} is about"), &id.0),
            },
        };
        let belongs = |job: &&Job| jobs.iter().any(|(other, _)| other.id == job.id);
        if !of.iter().any(belongs) {
            let message = format!(
                "{who} belongs to no job of this runbook: no step links to a registered job that it is about; name it in `signpost: jobs:`"
            );
            self.tell(line, "jobs-check", message);
        }
        // The job was examined above.
        let check = Check {
            job: None,
            ..check.clone()
        };
        for job in of {
            for problem in validate::check("check", &check, Some(job)) {
                let Problem { problem, remedy, .. } = problem;
                let message = format!("{who} of the job \"{}\" {problem}; {remedy}", job.id);
                self.tell(line, "jobs-check", message);
            }
        }
    }

    fn sections(&mut self, runbook: &Runbook, checks: &Checks, line: u32, whose: &str) {
        let failed = checks.list.iter().filter_map(|check| check.failed.as_ref());
        for name in failed.chain(&checks.passed) {
            if section(runbook, name).is_some() {
                continue;
            }
            let headings = runbook.sections.iter().skip(1).map(|section| section.heading.as_str());
            let remedy = schema::nearest(name, headings).map_or_else(
                || "write the text of one of its headings".to_owned(),
                |nearest| format!("did you mean \"{nearest}\"?"),
            );
            let message =
                format!("{whose} leads to the section \"{name}\", which this runbook does not have; {remedy}");
            self.tell(line, "jobs-section", message);
        }
    }

    /// Reports files of `_data` that a check looks up and that do not exist.
    fn data(&mut self, checks: &Checks, line: u32, whose: &str) {
        let lookups = checks.list.iter().filter_map(|check| match &check.test {
            Test::Equals(Known { lookup, .. }) | Test::DiffersFrom(Known { lookup, .. }) => lookup.as_ref(),
            _ => None,
        });
        for lookup in lookups {
            if !self.library.data.contains_key(&lookup.data) {
                let message = format!(
                    "{whose} reads _data/{0}.yml, which does not exist; without it no run can be checked",
                    lookup.data
                );
                self.tell(line, "jobs-data", message);
            }
        }
    }
}

/// Reports where a job of the registry does not fit the job as Jenkins defines it.
pub fn unfit(job: &Job, definition: &JobDefinition) -> Vec<Problem> {
    let mut problems = Vec::new();
    let declared = || definition.parameters.iter().map(|declared| declared.name.as_str());
    let undeclared = |key: String, name: &str| {
        let remedy = match schema::nearest(name, declared()) {
            Some(nearest) => format!("did you mean \"{nearest}\"?"),
            None if definition.parameters.is_empty() => "the job has no parameters".to_owned(),
            None => format!("it declares: {}", declared().collect::<Vec<_>>().join(", ")),
        };
        Problem::new(
            key,
            format!("is \"{name}\", which the job in Jenkins does not declare"),
            remedy,
        )
    };
    for parameter in &job.parameters {
        let key = format!("jobs[{}].parameters[{}]", job.id, parameter.name);
        let Some(found) = definition.parameter(&parameter.name) else {
            problems.push(undeclared(format!("{key}.name"), &parameter.name));
            continue;
        };
        if found.kind == Kind::File {
            problems.push(Problem::new(key, Fault::File.to_string(), "remove it"));
            continue;
        }
        let constants = parameter.from.iter().filter_map(|source| match source {
            ParameterSource::Constant(value) => Some(("from", value)),
            _ => None,
        });
        let written = parameter.default.iter().map(|value| ("default", value));
        let written = written.chain(constants).map(|(name, value)| {
            let value = Transform::all(&parameter.transform, value).unwrap_or_default();
            (name, value)
        });
        let choices = parameter.choices.iter().map(|value| ("choices", value.clone()));
        for (name, value) in written.chain(choices).filter(|(_, value)| !value.is_empty()) {
            let sent = BTreeMap::from([(parameter.name.clone(), value.clone())]);
            for wrong in parameters::against(definition, &sent) {
                // The registry never holds a secret's value.
                let problem = format!("contains \"{value}\", which Jenkins would reject");
                problems.push(Problem::new(
                    format!("{key}.{name}"),
                    problem,
                    format!("it {}", wrong.fault),
                ));
            }
        }
    }
    if let Some(run_id) = &job.run_id
        && definition.parameter(run_id).is_none()
    {
        problems.push(undeclared(format!("jobs[{}].run_id", job.id), run_id));
    }
    problems
}
