//! Checks: rules that read the artifacts of a run and say which section to follow next.
//!
//! A wrong "rotate the key" hurts a customer: where anything is missing or cannot be read, [`verdict`] names it and
//! follows no section.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::masks::{MASK, Masks};
use super::{BuildResult, Job, JobId, Known, Pick, Problem, ValuePattern, Values, log, pick, schema, validate};

/// Maximum number of characters of a value that are quoted.
const QUOTED: usize = 200;

/// A check of one artifact.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Title, as people read it: "The API key is there".
    pub title: String,
    /// Job that the check belongs to: only in front matter, where a runbook has several.
    #[serde(default)]
    pub job: Option<JobId>,
    /// Relative path of the artifact.
    pub artifact: String,
    /// Pattern that the artifact must contain to count as read: a job that failed half-way may leave an error message
    /// in it.
    #[serde(default)]
    pub holds: Option<ValuePattern>,
    /// Steps that lead to the value; empty for the whole text.
    #[serde(default)]
    pub pick: Vec<Pick>,
    /// Condition that the value must meet.
    pub test: Test,
    /// True when the value must never be shown.
    #[serde(default)]
    pub secret: bool,
    /// Section to follow when the check fails.
    #[serde(default)]
    pub failed: Option<String>,
}

/// Condition on a value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// The value is present.
    Present,
    /// The value is present and not empty.
    NotEmpty,
    /// The value equals a known one.
    Equals(Known),
    /// The value differs from a known one.
    DiffersFrom(Known),
    /// The whole value matches a pattern.
    Matches(ValuePattern),
    /// The value is one of a list.
    OneOf(Vec<String>),
}

/// Checks in their order, and the section to follow when all pass.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checks {
    /// The checks; the first that fails and names a section wins.
    pub list: Vec<Check>,
    /// Section to follow when every check passed.
    pub passed: Option<String>,
}

/// An artifact of a run, read or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// The artifact's whole content.
    Read(Vec<u8>),
    /// The artifact was not read, for this reason: "does not exist", "is larger than 256 KiB".
    NotRead(String),
}

/// Facts about a finished run.
#[derive(Debug, Clone)]
pub struct CheckEvidence<'a> {
    /// Result of the build.
    pub result: &'a BuildResult,
    /// Artifacts by relative path.
    pub artifacts: &'a BTreeMap<String, Artifact>,
    /// Values that checks compare with.
    pub known: Values<'a>,
    /// Other values to hide: secret parameters.
    pub masks: Masks,
}

/// Outcome of all checks.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum CheckVerdict {
    /// Every check passed or failed plainly.
    Plain {
        /// Section to follow, if one is named.
        section: Option<String>,
        /// Findings, in order.
        findings: Vec<CheckFinding>,
    },
    /// Something is missing, so no section can be named.
    Inconclusive {
        /// Everything that is missing.
        missing: Vec<Missing>,
        /// Findings of the checks that could be evaluated.
        findings: Vec<CheckFinding>,
    },
}

/// Result of one check. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct CheckFinding {
    /// The check's title.
    pub title: String,
    /// The artifact.
    pub artifact: String,
    /// True when the check passed.
    pub passed: bool,
    /// The actual value, masked; `None` when there was none.
    pub seen: Option<String>,
    /// The value that it was compared with, masked.
    pub expected: Option<String>,
    /// Section that the check names for its failure.
    pub section: Option<String>,
}

/// Something that a verdict lacks. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Missing {
    /// The build did not succeed.
    #[error("the build ended {result}, not SUCCESS")]
    Success {
        /// Result of the build.
        result: String,
    },
    /// An artifact was not read.
    #[error("the artifact `{artifact}` {why}")]
    Artifact {
        /// The artifact.
        artifact: String,
        /// The reason.
        why: String,
    },
    /// An artifact does not contain what its check requires.
    #[error("the artifact `{artifact}` does not contain what it should (`{pattern}`)")]
    Unrecognised {
        /// The artifact.
        artifact: String,
        /// The required pattern.
        pattern: String,
    },
    /// A check's value cannot be read.
    #[error("\"{check}\" cannot be checked: the content of `{artifact}` {why}")]
    Unreadable {
        /// The check.
        check: String,
        /// The artifact.
        artifact: String,
        /// The reason.
        why: String,
    },
    /// The artifact has no value to compare.
    #[error("\"{check}\" cannot be checked: `{artifact}` does not contain it")]
    Absent {
        /// The check.
        check: String,
        /// The artifact.
        artifact: String,
    },
    /// The value to compare with is not known.
    #[error("\"{check}\" cannot be checked: {what} is not known")]
    Unknown {
        /// The check.
        check: String,
        /// Name of the unknown value.
        what: String,
    },
}

impl Checks {
    /// Returns the checks of a job from the registry.
    pub fn of(job: &Job) -> Self {
        Self {
            list: job.checks.clone(),
            passed: job.passed.clone(),
        }
    }

    /// Reads the checks of a runbook: the list under `signpost: checks:`, whose last entry may be `passed: Section`.
    ///
    /// # Errors
    ///
    /// All problems found.
    pub fn read(value: &Value) -> Result<Self, Vec<Problem>> {
        let mut checks = Self::default();
        let mut problems = Vec::new();
        let entries = match value {
            Value::Null => return Ok(checks),
            Value::Array(entries) => entries.as_slice(),
            other => std::slice::from_ref(other),
        };
        for (at, entry) in entries.iter().enumerate() {
            let key = format!("checks[{}]", at + 1);
            let only = entry.as_object().filter(|entry| entry.len() == 1);
            if let Some(passed) = only.and_then(|entry| entry.get("passed")).and_then(Value::as_str) {
                checks.passed = Some(passed.to_owned());
                continue;
            }
            if let Some(problem) = schema::unknown(&key, entry, schema::of::<Check>()) {
                problems.push(problem);
                continue;
            }
            match serde_path_to_error::deserialize::<_, Check>(entry) {
                Ok(check) => {
                    problems.extend(validate::check(&key, &check, None));
                    checks.list.push(check);
                }
                Err(cause) => problems.push(schema::misread(
                    &key,
                    &cause.path().to_string(),
                    &cause.inner().to_string(),
                )),
            }
        }
        if problems.is_empty() { Ok(checks) } else { Err(problems) }
    }

    /// Returns the checks for a job: those of the runbook for it, else the job's own.
    #[must_use]
    pub fn for_job(&self, job: &Job) -> Self {
        let own = |check: &&Check| check.job.as_ref().is_none_or(|id| *id == job.id);
        let list: Vec<Check> = self.list.iter().filter(own).cloned().collect();
        if list.is_empty() {
            return Self::of(job);
        }
        Self {
            list,
            passed: self.passed.clone(),
        }
    }

    /// Returns the artifacts to be read, each once. Only those on the job's list may be.
    pub fn artifacts(&self) -> BTreeSet<&str> {
        self.list.iter().map(|check| check.artifact.as_str()).collect()
    }
}

/// Evaluates the checks on a finished run.
pub fn verdict(checks: &Checks, evidence: &CheckEvidence<'_>) -> CheckVerdict {
    let mut missing = Vec::new();
    if *evidence.result != BuildResult::Success {
        missing.push(Missing::Success {
            result: evidence.result.to_string(),
        });
    }
    let masks = masks(checks, evidence);
    let read: Vec<_> = checks.list.iter().map(|check| (check, read(check, evidence))).collect();
    let mut findings = Vec::new();
    for (check, value) in read {
        match value.and_then(|value| check.judge(value.as_deref(), &evidence.known, &masks)) {
            Ok(finding) => findings.push(finding),
            // Two checks of one artifact lack the same thing.
            Err(lack) if missing.contains(&lack) => {}
            Err(lack) => missing.push(lack),
        }
    }
    if !missing.is_empty() {
        return CheckVerdict::Inconclusive { missing, findings };
    }
    let mut failed = findings.iter().filter(|finding| !finding.passed).peekable();
    let section = if failed.peek().is_some() {
        failed.find_map(|finding| finding.section.clone())
    } else {
        checks.passed.clone().filter(|_| !findings.is_empty())
    };
    CheckVerdict::Plain { section, findings }
}

/// Returns the values to hide of a finished run: secret parameters, and values read by secret checks.
pub fn masks(checks: &Checks, evidence: &CheckEvidence<'_>) -> Masks {
    let mut masks = evidence.masks.clone();
    for check in checks.list.iter().filter(|check| check.is_secret()) {
        if let Ok(Some(value)) = read(check, evidence) {
            masks.hide(&value);
        }
    }
    masks
}

/// Reads the value that a check is about; `None` when it is plainly absent.
fn read(check: &Check, evidence: &CheckEvidence<'_>) -> Result<Option<String>, Missing> {
    let artifact = check.artifact.clone();
    let lacking = |why: &str| Missing::Artifact {
        artifact: artifact.clone(),
        why: why.to_owned(),
    };
    let bytes = match evidence.artifacts.get(&check.artifact) {
        None => return Err(lacking("was not read")),
        Some(Artifact::NotRead(why)) => return Err(lacking(why)),
        Some(Artifact::Read(bytes)) => bytes,
    };
    // An archived console log: use the text that people read there.
    let plain = log::of_console(bytes);
    let bytes = plain.as_deref().map_or(bytes.as_slice(), str::as_bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(lacking("is empty"));
    }
    if let Some(pattern) = &check.holds
        && !pattern.is_in(&String::from_utf8_lossy(bytes))
    {
        return Err(Missing::Unrecognised {
            artifact,
            pattern: pattern.as_str().to_owned(),
        });
    }
    pick::pick(&check.pick, bytes).map_err(|why| Missing::Unreadable {
        check: check.title.clone(),
        artifact,
        why: why.to_owned(),
    })
}

impl Check {
    /// Returns true when the value must never be shown.
    pub fn is_secret(&self) -> bool {
        self.secret || self.pick.iter().any(Pick::is_secret)
    }

    fn judge(&self, value: Option<&str>, known: &Values<'_>, masks: &Masks) -> Result<CheckFinding, Missing> {
        let absent = || Missing::Absent {
            check: self.title.clone(),
            artifact: self.artifact.clone(),
        };
        let find = |which: &Known| {
            which.find(known).map_err(|what| Missing::Unknown {
                check: self.title.clone(),
                what,
            })
        };
        let there = || value.filter(|value| !value.is_empty()).ok_or_else(absent);
        let mut expected = None;
        let passed = match &self.test {
            Test::Present => value.is_some(),
            Test::NotEmpty => value.is_some_and(|value| !value.is_empty()),
            Test::Equals(which) => {
                let wanted = find(which)?;
                let same = there()? == wanted;
                expected = Some(wanted);
                same
            }
            Test::DiffersFrom(which) => {
                let other = find(which)?;
                let same = there()? == other;
                expected = Some(other);
                !same
            }
            Test::Matches(pattern) => pattern.is_whole(there()?),
            Test::OneOf(list) => {
                let value = there()?;
                expected = Some(list.join(", "));
                list.iter().any(|one| one == value)
            }
        };
        let shown = |text: &str| shorten(&masks.mask(text));
        let seen = value.map(|value| match value {
            "" => String::new(),
            _ if self.is_secret() => MASK.to_owned(),
            value => shown(value),
        });
        let expected = expected.map(|expected| {
            if self.is_secret() {
                MASK.to_owned()
            } else {
                shown(&expected)
            }
        });
        Ok(CheckFinding {
            title: self.title.clone(),
            artifact: self.artifact.clone(),
            passed,
            seen,
            expected,
            section: self.failed.clone(),
        })
    }
}

fn shorten(text: &str) -> String {
    let short: String = text.chars().take(QUOTED).collect();
    if short.len() < text.len() {
        format!("{short}…")
    } else {
        short
    }
}
