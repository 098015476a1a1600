//! Checks: rules that read the artifacts of a run and say which section to follow next.
//!
//! A wrong "rotate the key" hurts a customer: where anything is missing or cannot be read, [`verdict`] names it and
//! follows no section.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::masks::{MASK, Masks};
use super::{BuildResult, Job, JobId, Known, Pattern, Pick, Problem, Values, keys, log, pick, sense};

/// So much of a value is quoted, in characters.
const QUOTED: usize = 200;

/// One rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is checked, as people read it: "The API key is there".
    pub title: String,
    /// The job it belongs to: only in front matter, where a runbook has several.
    #[serde(default)]
    pub job: Option<JobId>,
    /// The artifact: its relative path.
    pub artifact: String,
    /// What the artifact must hold to count as read: a job that failed half-way may leave an error message in it.
    #[serde(default)]
    pub holds: Option<Pattern>,
    /// The way to the value; none: the whole text.
    #[serde(default)]
    pub pick: Vec<Pick>,
    /// What must hold.
    pub test: Test,
    /// Whether the value is shown to nobody.
    #[serde(default)]
    pub secret: bool,
    /// The section to follow when it fails.
    #[serde(default)]
    pub failed: Option<String>,
}

/// What must hold of a value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// It is there.
    Present,
    /// It is there and holds something.
    NotEmpty,
    /// It is the same as one we know.
    Equals(Known),
    /// It differs from one we know.
    DiffersFrom(Known),
    /// All of it matches.
    Matches(Pattern),
    /// It is one of these.
    OneOf(Vec<String>),
}

/// Checks in their order, and where to go when all passed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checks {
    /// The first that fails and names a section wins.
    pub list: Vec<Check>,
    /// The section to follow when every check passed.
    pub passed: Option<String>,
}

/// What became of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// It was read, whole.
    Read(Vec<u8>),
    /// It was not, for this reason: "is not there", "is larger than 256 KiB".
    NotRead(String),
}

/// What is known of a finished run.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// How it ended.
    pub result: &'a BuildResult,
    /// Its artifacts by relative path.
    pub artifacts: &'a BTreeMap<String, Artifact>,
    /// What its checks compare with.
    pub known: Values<'a>,
    /// What else is not to be seen: secret parameters.
    pub masks: Masks,
}

/// What can be said.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// Every check passed or failed plainly.
    Plain {
        /// The section to follow, when one is named.
        section: Option<String>,
        /// What was found, in order.
        findings: Vec<Finding>,
    },
    /// Nothing can be said.
    Inconclusive {
        /// Why: all of it.
        missing: Vec<Missing>,
        /// What was found all the same.
        findings: Vec<Finding>,
    },
}

/// What one check found. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Finding {
    /// The check's title.
    pub title: String,
    /// Where it looked.
    pub artifact: String,
    /// Whether it passed.
    pub passed: bool,
    /// What was seen, masked; none when it was not there.
    pub seen: Option<String>,
    /// What it was compared with, masked.
    pub expected: Option<String>,
    /// The section that it names when it fails.
    pub section: Option<String>,
}

/// What a verdict lacks. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Missing {
    /// The build did not succeed.
    #[error("the build ended {result}, not SUCCESS")]
    Success {
        /// How it ended.
        result: String,
    },
    /// An artifact was not read.
    #[error("the artifact `{artifact}` {why}")]
    Artifact {
        /// Which.
        artifact: String,
        /// Why.
        why: String,
    },
    /// It is not what it should be.
    #[error("the artifact `{artifact}` does not hold what it should (`{pattern}`)")]
    Unrecognised {
        /// Which.
        artifact: String,
        /// What it should hold.
        pattern: String,
    },
    /// The value cannot be read.
    #[error("\"{check}\" cannot be answered: what `{artifact}` holds {why}")]
    Unreadable {
        /// The check.
        check: String,
        /// Where it looked.
        artifact: String,
        /// Why.
        why: String,
    },
    /// There is no value to compare.
    #[error("\"{check}\" cannot be answered: `{artifact}` does not say it")]
    Absent {
        /// The check.
        check: String,
        /// Where it looked.
        artifact: String,
    },
    /// What it is to be compared with is not known.
    #[error("\"{check}\" cannot be answered: {what} is not known")]
    Unknown {
        /// The check.
        check: String,
        /// What.
        what: String,
    },
}

impl Checks {
    /// The checks of a job from the registry.
    pub fn of(job: &Job) -> Self {
        Self {
            list: job.checks.clone(),
            passed: job.passed.clone(),
        }
    }

    /// The checks of a runbook: what stands under `signpost: checks:`, a list whose last entry may be `passed: Section`.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
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
            if let Some(problem) = keys::unknown(&key, entry, keys::of::<Check>()) {
                problems.push(problem);
                continue;
            }
            match serde_path_to_error::deserialize::<_, Check>(entry) {
                Ok(check) => {
                    problems.extend(sense::check(&key, &check, None));
                    checks.list.push(check);
                }
                Err(cause) => problems.push(keys::misread(
                    &key,
                    &cause.path().to_string(),
                    &cause.inner().to_string(),
                )),
            }
        }
        if problems.is_empty() { Ok(checks) } else { Err(problems) }
    }

    /// What holds for a job: its own checks, unless the runbook has some for it.
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

    /// The artifacts that must be read, each once. Only those on the job's list may be.
    pub fn artifacts(&self) -> BTreeSet<&str> {
        self.list.iter().map(|check| check.artifact.as_str()).collect()
    }
}

/// What the artifacts of a finished run say.
pub fn verdict(checks: &Checks, evidence: &Evidence<'_>) -> Verdict {
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
            // Two checks of one artifact miss the same thing.
            Err(lack) if missing.contains(&lack) => {}
            Err(lack) => missing.push(lack),
        }
    }
    if !missing.is_empty() {
        return Verdict::Inconclusive { missing, findings };
    }
    let mut failed = findings.iter().filter(|finding| !finding.passed).peekable();
    let section = if failed.peek().is_some() {
        failed.find_map(|finding| finding.section.clone())
    } else {
        checks.passed.clone().filter(|_| !findings.is_empty())
    };
    Verdict::Plain { section, findings }
}

/// What is not to be seen of a finished run: secret parameters, and what secret checks read.
pub fn masks(checks: &Checks, evidence: &Evidence<'_>) -> Masks {
    let mut masks = evidence.masks.clone();
    for check in checks.list.iter().filter(|check| check.is_secret()) {
        if let Ok(Some(value)) = read(check, evidence) {
            masks.hide(&value);
        }
    }
    masks
}

/// The value that a check is about; `None` when it is plainly not there.
fn read(check: &Check, evidence: &Evidence<'_>) -> Result<Option<String>, Missing> {
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
    // A console log that was archived: what it says is what people read there.
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
    /// Whether its value is shown to nobody.
    pub fn is_secret(&self) -> bool {
        self.secret || self.pick.iter().any(Pick::is_secret)
    }

    fn judge(&self, value: Option<&str>, known: &Values<'_>, masks: &Masks) -> Result<Finding, Missing> {
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
        Ok(Finding {
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
