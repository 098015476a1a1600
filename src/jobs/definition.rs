//! Jobs as Jenkins defines them, and results of builds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A job as Jenkins defines it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobDefinition {
    /// Full name, folders included.
    pub full_name: String,
    /// True when the job can be built now.
    pub buildable: bool,
    /// Parameters of the job.
    pub parameters: Vec<Declared>,
}

/// A parameter as Jenkins declares it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// Name of the parameter.
    pub name: String,
    /// Kind of its values.
    pub kind: Kind,
    /// Values of a choice.
    pub choices: Vec<String>,
    /// Description by the job's author.
    pub description: Option<String>,
    /// Default value; Jenkins does not report those of passwords.
    pub default: Option<String>,
}

/// Kind of a parameter's values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// A line of text.
    #[default]
    Text,
    /// `true` or `false`.
    Boolean,
    /// One of the parameter's choices.
    Choice,
    /// A secret.
    Password,
    /// A file: not supported here.
    File,
}

/// Result of a build.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BuildResult {
    /// The build succeeded.
    Success,
    /// The build ran to its end, but something is wrong.
    Unstable,
    /// The build failed.
    Failure,
    /// The build, or a part of it, was not run.
    NotBuilt,
    /// Somebody stopped the build.
    Aborted,
    /// A result unknown to us, as Jenkins spells it.
    #[serde(untagged)]
    Other(String),
}

impl JobDefinition {
    /// Returns a parameter by its name.
    pub fn parameter(&self, name: &str) -> Option<&Declared> {
        self.parameters.iter().find(|declared| declared.name == name)
    }
}

impl Kind {
    /// Converts Jenkins' `type`, such as `ChoiceParameterDefinition`.
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
    /// Returns true when the build was stopped, or left out, before its end. Errors in its log are not the reason for
    /// that: they result from the stop, or the build was on its way past them.
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
