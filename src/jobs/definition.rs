//! What Jenkins tells of a job and of how a build ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A job as Jenkins defines it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definition {
    /// Its full name, folders included.
    pub full_name: String,
    /// Whether it can be built now.
    pub buildable: bool,
    /// Its parameters.
    pub parameters: Vec<Declared>,
}

/// A parameter as Jenkins declares it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub kind: Kind,
    /// The values that a choice has.
    pub choices: Vec<String>,
    /// What its author says of it.
    pub description: Option<String>,
    /// Its default; never told of passwords.
    pub default: Option<String>,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// A line.
    #[default]
    Text,
    /// true or false.
    Boolean,
    /// One of its choices.
    Choice,
    /// A secret.
    Password,
    /// A file: not supported here.
    File,
}

/// How a build ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BuildResult {
    /// All went well.
    Success,
    /// It ran to its end, but something is wrong.
    Unstable,
    /// It failed.
    Failure,
    /// It did not get so far.
    NotBuilt,
    /// Somebody stopped it.
    Aborted,
    /// A word that we don't know.
    #[serde(untagged)]
    Other(String),
}

impl Definition {
    /// A parameter by its name.
    pub fn parameter(&self, name: &str) -> Option<&Declared> {
        self.parameters.iter().find(|declared| declared.name == name)
    }
}

impl Kind {
    /// From Jenkins' `type`, such as `ChoiceParameterDefinition`.
    pub fn of(kind: &str) -> Self {
        match kind.rsplit('.').next().unwrap_or(kind) {
            "BooleanParameterDefinition" => Self::Boolean,
            "ChoiceParameterDefinition" => Self::Choice,
            "PasswordParameterDefinition" => Self::Password,
            "FileParameterDefinition" => Self::File,
            _ => Self::Text,
        }
    }
}

impl BuildResult {
    /// Whether the build was stopped, or left out, before its end. Errors that it printed are no reason of that: they come
    /// of the stop, or the build was on its way past them.
    pub fn is_cut_short(&self) -> bool {
        matches!(self, Self::Aborted | Self::NotBuilt)
    }
}

impl From<&str> for BuildResult {
    fn from(word: &str) -> Self {
        match word {
            "SUCCESS" => Self::Success,
            "UNSTABLE" => Self::Unstable,
            "FAILURE" => Self::Failure,
            "NOT_BUILT" => Self::NotBuilt,
            "ABORTED" => Self::Aborted,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for BuildResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "SUCCESS",
            Self::Unstable => "UNSTABLE",
            Self::Failure => "FAILURE",
            Self::NotBuilt => "NOT_BUILT",
            Self::Aborted => "ABORTED",
            Self::Other(word) => word,
        })
    }
}
