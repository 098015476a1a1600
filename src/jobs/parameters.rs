//! Forms of jobs: values filled in from known sources, and checked before anything is sent.

use std::collections::BTreeMap;

use serde::Serialize;

use super::attach::{Hint, Written};
use super::masks::{MASK, Masks, secret_like};
use super::{Job, JobDefinition, Kind, Parameter, ParameterSource, Transform, pick, schema};
use crate::redact::redact;

/// Pattern of a parameter that has none of its own. Values become shell variables, so only harmless characters are
/// allowed.
pub const DEFAULT_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$";
/// Length limit of a name that is repeated, in bytes.
const LONGEST_NAME: usize = 41;
/// Length limit of a value, in characters, whatever the pattern says.
pub const LONGEST: usize = 1_000;

/// Sources of values.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Values that somebody wrote, by parameter.
    pub given: &'a BTreeMap<String, String>,
    /// Values captured from the paste, by placeholder in lower snake case.
    pub captures: &'a BTreeMap<String, Vec<String>>,
    /// The thread's messages, oldest first.
    pub thread: &'a [String],
    /// The runbook's own "fill in the form" list.
    pub hints: &'a [Hint],
}

/// A field of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The parameter's name.
    pub name: String,
    /// Value, when there is one.
    pub value: Option<String>,
    /// Source of the value.
    pub origin: ValueOrigin,
    /// Different values from one source: a person must choose.
    pub several: Vec<String>,
}

/// Source of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueOrigin {
    /// A person wrote the value.
    Given,
    /// A capture from the paste.
    Capture,
    /// A message of the thread.
    Thread,
    /// A hint of the runbook.
    Runbook,
    /// The registry: constant or default.
    Registry,
    /// No source has a value.
    Nowhere,
}

/// A fault of a field. Never holds the value: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldFault {
    /// The parameter's name.
    pub name: String,
    /// The fault.
    pub fault: Fault,
}

impl std::fmt::Display for FieldFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Fault::Unregistered { nearest, known } = &self.fault else {
            return write!(f, "{} {}.", self.name, self.fault);
        };
        if self.name.is_empty() {
            write!(f, "One of the names you gave isn't a parameter of this job")?;
        } else {
            write!(f, "This job has no parameter {}", self.name)?;
        }
        match nearest {
            Some(_) => write!(f, "{}.", did_you_mean(nearest.as_deref())),
            None if known.is_empty() => write!(f, "."),
            None => write!(f, "; it has {}.", known.join(", ")),
        }
    }
}

impl FieldFault {
    /// Empties the name of an unregistered parameter that may be anything, such as a part of a secret that somebody
    /// typed.
    #[must_use]
    pub fn discreet(mut self, value: &str) -> Self {
        // Base64 ends in `=`, which looks like a name without a value.
        let is_padding = value.chars().all(|c| c == '=');
        if matches!(self.fault, Fault::Unregistered { .. }) && (is_padding || !is_repeatable(&self.name)) {
            self.name.clear();
        }
        self
    }
}

/// Returns true when a name that a person typed may be repeated: it looks like that of a parameter, and not like a
/// secret.
pub fn is_repeatable(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    // As random as a token.
    let count = |is: fn(&char) -> bool| name.chars().filter(is).count();
    let is_random = name.len() >= 16
        && count(char::is_ascii_digit) >= 3
        && count(char::is_ascii_lowercase) > 0
        && count(char::is_ascii_uppercase) > 0;
    begins && name.len() <= LONGEST_NAME && name.chars().all(is_plain) && !is_random && redact(name) == name
}

/// Faults of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "fault")]
pub enum Fault {
    /// A required value is missing.
    #[error("needs a value")]
    Missing,
    /// The registry has no such parameter.
    #[error("is not a parameter of this job{}", did_you_mean(.nearest.as_deref()))]
    Unregistered {
        /// The most similar parameter.
        nearest: Option<String>,
        /// The job's parameters, without secret ones.
        known: Vec<String>,
    },
    /// Jenkins has no such parameter and would silently ignore it.
    #[error("is not known to the job in Jenkins{}; the owner of config/jobs.toml needs to correct it", did_you_mean(.nearest.as_deref()))]
    Undeclared {
        /// The most similar parameter.
        nearest: Option<String>,
    },
    /// The value contains a line break, a tab or another control character.
    #[error("contains a line break or another control character")]
    Control,
    /// The value begins with `-`: a command would take it for an option.
    #[error("must not start with `-`")]
    Dash,
    /// The value is too long.
    #[error("is {length} characters long; the maximum is {LONGEST}")]
    TooLong {
        /// Its length, in characters.
        length: usize,
    },
    /// The value does not match the pattern.
    #[error("is not valid: it must match `{pattern}`")]
    Pattern {
        /// The pattern.
        pattern: String,
    },
    /// The value is none of the choices.
    #[error("must be one of: {}", .choices.join(", "))]
    Choice {
        /// The choices.
        choices: Vec<String>,
    },
    /// The value is neither `true` nor `false`.
    #[error("must be true or false")]
    Boolean,
    /// The parameter takes a file.
    #[error("takes a file, which cannot be uploaded from here; start this job in Jenkins")]
    File,
}

fn did_you_mean(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" (did you mean {name}?)"))
}

/// Fills in the form of a job: a field for each of its parameters, in their order.
pub fn resolve(job: &Job, sources: &Sources<'_>) -> Vec<Field> {
    job.parameters
        .iter()
        .map(|parameter| field(parameter, sources))
        .collect()
}

/// Returns the values to send: those of the fields that have one.
pub fn values(fields: &[Field]) -> BTreeMap<String, String> {
    let value = |field: &Field| Some((field.name.clone(), field.value.clone()?));
    fields.iter().filter_map(value).collect()
}

/// Checks values against the registry; returns all faults.
pub fn check(job: &Job, values: &BTreeMap<String, String>) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    for name in values.keys().filter(|name| job.parameter(name).is_none()) {
        let names = job.parameters.iter().map(|parameter| parameter.name.as_str());
        let nearest = schema::nearest(name, names).map(str::to_owned);
        let known = job.parameters.iter().filter(|parameter| !parameter.is_secret());
        let known = known.map(|parameter| parameter.name.clone());
        faults.push(FieldFault {
            name: name.clone(),
            fault: Fault::Unregistered {
                nearest,
                known: known.collect(),
            },
        });
    }
    for parameter in &job.parameters {
        let fault = match values.get(&parameter.name).map(String::as_str).unwrap_or_default() {
            "" if parameter.required => Err(Fault::Missing),
            "" => Ok(()),
            value => sound(parameter, value),
        };
        if let Err(fault) = fault {
            let name = parameter.name.clone();
            faults.push(FieldFault { name, fault });
        }
    }
    faults
}

/// Checks values against the job's own definition; returns all faults. Jenkins ignores unknown names and answers bad
/// choices with an error page, so this runs before anything is sent.
pub fn against(definition: &JobDefinition, values: &BTreeMap<String, String>) -> Vec<FieldFault> {
    let fault = |(name, value): (&String, &String)| {
        let fault = match definition.parameter(name) {
            None => {
                let names = definition.parameters.iter().map(|declared| declared.name.as_str());
                Fault::Undeclared {
                    nearest: schema::nearest(name, names).map(str::to_owned),
                }
            }
            Some(declared) => match declared.kind {
                Kind::File => Fault::File,
                Kind::Boolean if !matches!(value.as_str(), "true" | "false") => Fault::Boolean,
                Kind::Choice if !declared.choices.contains(value) => Fault::Choice {
                    choices: declared.choices.clone(),
                },
                _ => return None,
            },
        };
        Some(FieldFault {
            name: name.clone(),
            fault,
        })
    };
    values.iter().filter_map(fault).collect()
}

/// Returns the values in a form that anybody may see: secrets are masked.
pub fn shown(
    job: &Job,
    definition: Option<&JobDefinition>,
    values: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let masks = masks(job, definition, values);
    let show = |(name, value): (&String, &String)| {
        let shown = if is_secret(job, definition, name) {
            MASK.to_owned()
        } else {
            masks.mask(value)
        };
        (name.clone(), shown)
    };
    values.iter().map(show).collect()
}

/// Returns masks for the secret values, which hide them wherever else they turn up.
pub fn masks(job: &Job, definition: Option<&JobDefinition>, values: &BTreeMap<String, String>) -> Masks {
    let mut masks = Masks::default();
    for (_, value) in values.iter().filter(|(name, _)| is_secret(job, definition, name)) {
        masks.hide(value);
    }
    masks
}

/// Returns true when a parameter's value must never be shown: the registry, its name or Jenkins says so.
pub fn is_secret(job: &Job, definition: Option<&JobDefinition>, name: &str) -> bool {
    let declared = definition.and_then(|definition| definition.parameter(name));
    declared.is_some_and(|declared| declared.kind == Kind::Password)
        || job
            .parameter(name)
            .map_or_else(|| secret_like(name), Parameter::is_secret)
}

/// Applies a parameter's transforms to a person's input where possible, and else leaves it as it is. Input with shell
/// characters is not made harmless: it is left as it is, for the check.
pub fn rewritten(parameter: &Parameter, given: &str) -> String {
    const SHELL: &[char] = &[
        '`', '$', ';', '|', '&', '<', '>', '(', ')', '{', '}', '\'', '"', '\\', '*', '?', '!', '~', '#',
    ];
    let given = given.trim();
    let is_plain = !given.starts_with('-') && !given.contains(SHELL) && !given.contains(char::is_control);
    let value = is_plain.then(|| Transform::all(&parameter.transform, given)).flatten();
    value.unwrap_or_else(|| given.to_owned())
}

/// Checks that a value may be sent.
pub(super) fn sound(parameter: &Parameter, value: &str) -> Result<(), Fault> {
    let length = value.chars().count();
    if value
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
    {
        return Err(Fault::Control);
    }
    if value.starts_with('-') {
        return Err(Fault::Dash);
    }
    if length > LONGEST {
        return Err(Fault::TooLong { length });
    }
    if !parameter.choices.is_empty() {
        return if parameter.choices.iter().any(|choice| choice == value) {
            Ok(())
        } else {
            Err(Fault::Choice {
                choices: parameter.choices.clone(),
            })
        };
    }
    let (matches, pattern) = match &parameter.pattern {
        Some(pattern) => (pattern.is_whole(value), pattern.as_str()),
        None => (is_plain(value), DEFAULT_PATTERN),
    };
    if matches {
        return Ok(());
    }
    Err(Fault::Pattern {
        pattern: pattern.to_owned(),
    })
}

/// Tests for [`DEFAULT_PATTERN`] without a regular expression: it must hold whatever happens.
fn is_plain(value: &str) -> bool {
    value.len() <= 128
        && value.starts_with(|c: char| c.is_ascii_alphanumeric())
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-'))
}

fn field(parameter: &Parameter, sources: &Sources<'_>) -> Field {
    let mut field = Field {
        name: parameter.name.clone(),
        value: None,
        origin: ValueOrigin::Nowhere,
        several: Vec::new(),
    };
    if let Some(given) = sources.given.get(&parameter.name) {
        field.value = Some(rewritten(parameter, given));
        field.origin = ValueOrigin::Given;
        return field;
    }
    let hint = sources
        .hints
        .iter()
        .find(|hint| hint.parameter.eq_ignore_ascii_case(&parameter.name));
    let found = parameter.from.iter().map(|source| found(source, sources));
    let hinted = hint
        .into_iter()
        .map(|hint| (ValueOrigin::Runbook, hinted(hint, sources)));
    let default = parameter
        .default
        .iter()
        .map(|value| (ValueOrigin::Registry, vec![value.clone()]));
    for (origin, raw) in found.chain(hinted).chain(default) {
        let mut values: Vec<String> = raw
            .iter()
            .filter_map(|value| Transform::all(&parameter.transform, value))
            .filter(|value| !value.is_empty() && sound(parameter, value).is_ok())
            .collect();
        values.dedup();
        match values.len() {
            0 => {}
            1 => {
                field.value = values.pop();
                field.origin = origin;
                break;
            }
            // Two clusters in one paste: a guess would be wrong half the time.
            _ => {
                field.several = values;
                field.several.sort();
                field.several.dedup();
                break;
            }
        }
    }
    if field.several.len() == 1 {
        field.value = field.several.pop();
    }
    field
}

fn found(source: &ParameterSource, sources: &Sources<'_>) -> (ValueOrigin, Vec<String>) {
    match source {
        ParameterSource::Capture(name) => (ValueOrigin::Capture, captured(name, sources)),
        ParameterSource::Thread(name) => (ValueOrigin::Thread, said(name, sources.thread).into_iter().collect()),
        ParameterSource::Runbook(name) => {
            let hint = sources
                .hints
                .iter()
                .find(|hint| hint.parameter.eq_ignore_ascii_case(name));
            (
                ValueOrigin::Runbook,
                hint.map(|hint| hinted(hint, sources)).unwrap_or_default(),
            )
        }
        ParameterSource::Constant(value) => (ValueOrigin::Registry, vec![value.clone()]),
    }
}

fn captured(name: &str, sources: &Sources<'_>) -> Vec<String> {
    // Never from a placeholder that is named like a secret.
    if secret_like(name) {
        return Vec::new();
    }
    let mut values = sources.captures.get(name).cloned().unwrap_or_default();
    values.sort();
    values.dedup();
    values
}

fn hinted(hint: &Hint, sources: &Sources<'_>) -> Vec<String> {
    match &hint.value {
        Written::Constant(value) => vec![value.clone()],
        Written::Placeholder(name) => captured(name, sources)
            .iter()
            .filter_map(|value| Transform::all(&hint.transform, value))
            .collect(),
    }
}

/// Finds the newest `NAME: value` in the thread; within one message the last.
fn said(name: &str, thread: &[String]) -> Option<String> {
    thread.iter().rev().find_map(|message| {
        message.lines().rev().find_map(|line| {
            // Any markup is accepted, and text after the value, such as a remark in brackets, is dropped.
            let line = line.replace(['*', '`'], "");
            let line = line.trim_start().trim_start_matches(['>', ' ', '\t']);
            let line = line.strip_prefix("&gt;").unwrap_or(line);
            let value = pick::unquoted(pick::value_of(line, name)?);
            let value = value.split_whitespace().next().unwrap_or_default();
            let value = value.trim_matches(['_', ',', ';']);
            (!value.is_empty()).then(|| value.to_owned())
        })
    })
}
