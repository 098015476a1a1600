//! The data model of a Jenkins: users, jobs, queue items, builds, artifacts.

use std::collections::VecDeque;

use jiff::Timestamp;
use tokio::time::Instant;

/// A user who can sign in.
#[derive(Debug, Clone)]
pub struct User {
    /// The user id, as in causes.
    pub id: String,
    /// Display name.
    pub full_name: String,
    /// API token, for Basic auth without a crumb.
    pub token: String,
    /// Password, for Basic auth with a crumb and its session.
    pub password: String,
    /// True when the user may see jobs.
    pub can_read: bool,
    /// True when the user may start builds.
    pub can_build: bool,
    /// True when the user may stop builds and cancel queue items.
    pub can_cancel: bool,
}

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Names of the folders and of the job.
    pub path: Vec<String>,
    /// Description for people.
    pub description: String,
    /// Parameter definitions.
    pub parameters: Vec<Parameter>,
    /// True when the job cannot be built.
    pub is_disabled: bool,
    /// True when a queue decision handler refuses every build.
    pub is_vetoed: bool,
    /// True when several builds may run at once.
    pub is_concurrent: bool,
    /// Label of the required node; no node has it.
    pub label: Option<String>,
    /// Ids of the users who see the job; everybody when empty.
    pub readers: Vec<String>,
    /// Behaviour of its builds.
    pub kind: Kind,
    /// Builds, oldest first.
    pub builds: Vec<Build>,
    /// Number of the next build.
    pub next_number: u64,
}

/// Behaviour of a job's builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Collects the configuration of a Satellite Link connector.
    GetInfo,
    /// Writes a few log lines.
    Plain,
    /// Waits for a person halfway through.
    Input,
    /// Archives many artifacts, including a large one and some with unusual names.
    ManyFiles,
}

/// A parameter definition.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Name of the parameter.
    pub name: String,
    /// Type of the parameter.
    pub kind: ParameterKind,
    /// Description for people.
    pub description: Option<String>,
    /// Default value.
    pub default: Option<String>,
    /// Allowed values of a choice.
    pub choices: Vec<String>,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// One line.
    String,
    /// Several lines.
    Text,
    /// One of a list.
    Choice,
    /// Yes or no.
    Boolean,
    /// A value that is never shown.
    Password,
}

impl ParameterKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Text => "Text",
            Self::Choice => "Choice",
            Self::Boolean => "Boolean",
            Self::Password => "Password",
        }
    }

    /// Returns the Jenkins class of the parameter's values.
    pub(super) fn value_class(self) -> String {
        match self {
            // A choice's value is a plain string.
            Self::Choice => "hudson.model.StringParameterValue".to_owned(),
            other => format!("hudson.model.{}ParameterValue", other.name()),
        }
    }
}

/// A parameter's value, with the type of its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Name of the parameter.
    pub name: String,
    /// Type of the parameter.
    pub kind: ParameterKind,
    /// Value of the parameter.
    pub value: String,
}

/// An item of the queue, waiting or already gone.
#[derive(Debug, Clone)]
pub struct QueueItem {
    /// Number of the item.
    pub id: u64,
    /// Full name of the job.
    pub job: String,
    /// Parameter values for the build.
    pub parameters: Vec<Given>,
    /// Ids of the users who asked for the build.
    pub causes: Vec<String>,
    /// Stage of the item.
    pub stage: Stage,
    /// Jenkins' text for the reason of the wait.
    pub why: Option<String>,
    /// Time the item entered the queue.
    pub since: Timestamp,
    /// End of the quiet period.
    pub(super) due: Instant,
}

/// Stage of a queue item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// In the quiet period.
    Waiting,
    /// Something else has to end first.
    Blocked,
    /// Waits for an executor.
    Buildable,
    /// Gone: turned into a build, or cancelled.
    Left {
        /// Time of leaving.
        at: Timestamp,
        /// Number of the build; `None` when cancelled.
        number: Option<u64>,
    },
}

impl QueueItem {
    /// Returns true while the item is in the queue.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !matches!(self.stage, Stage::Left { .. })
    }
}

/// A build.
#[derive(Debug, Clone)]
pub struct Build {
    /// Number of the build.
    pub number: u64,
    /// Id of the queue item that became the build.
    pub queue_id: u64,
    /// Parameter values of the build.
    pub parameters: Vec<Given>,
    /// Ids of the users who asked for the build.
    pub causes: Vec<String>,
    /// Result; `None` while the build runs.
    pub result: Option<String>,
    /// Start time.
    pub timestamp: Timestamp,
    /// Duration, in milliseconds.
    pub duration: i64,
    /// Estimated duration, in milliseconds; -1 when unknown.
    pub estimated: i64,
    /// The log as on disk, with the console notes that are never shown.
    pub log: String,
    /// Archived artifacts.
    pub artifacts: Vec<Artifact>,
    /// True while the build waits for a person.
    pub is_paused: bool,
    pub(super) plan: VecDeque<Step>,
    pub(super) outcome: Outcome,
    pub(super) step_millis: u64,
    pub(super) due: Instant,
}

impl Build {
    /// Returns true until the build has ended.
    #[must_use]
    pub fn is_building(&self) -> bool {
        self.result.is_none()
    }

    pub(super) fn say(&mut self, line: &str) {
        self.log.push_str(line);
        self.log.push('\n');
    }
}

/// One step of a build.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    pub(super) lines: Vec<String>,
    /// True when the build waits for a person after this step.
    pub(super) pauses: bool,
}

/// The end of a build if nothing interferes.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    pub(super) result: String,
    pub(super) artifacts: Vec<Artifact>,
}

/// An archived file of a build.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Path, with `/` between folders.
    pub path: String,
    /// Content of the file.
    pub content: Content,
}

/// Content of an artifact.
#[derive(Debug, Clone)]
pub enum Content {
    /// The bytes themselves.
    Bytes(Vec<u8>),
    /// Filler of this many bytes.
    Filler(u64),
}

impl Artifact {
    pub(super) fn text(path: &str, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            content: Content::Bytes(text.into().into_bytes()),
        }
    }

    /// Returns the size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Filler(size) => *size,
        }
    }

    pub(super) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}
