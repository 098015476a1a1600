//! The things in a Jenkins: users, jobs, queue items, builds, artifacts.

use std::collections::VecDeque;

use jiff::Timestamp;
use tokio::time::Instant;

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub struct User {
    /// The user id, which causes carry.
    pub id: String,
    /// The name that people read.
    pub full_name: String,
    /// For Basic auth without a crumb.
    pub token: String,
    /// For Basic auth with a crumb and its session.
    pub password: String,
    /// May see jobs.
    pub can_read: bool,
    /// May start builds.
    pub can_build: bool,
    /// May stop builds and cancel queue items.
    pub can_cancel: bool,
}

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name with those of its folders.
    pub path: Vec<String>,
    /// What it does, for people.
    pub description: String,
    /// What it asks for.
    pub parameters: Vec<Parameter>,
    /// Cannot be built.
    pub is_disabled: bool,
    /// A queue decision handler says no.
    pub is_vetoed: bool,
    /// Two builds may run at once.
    pub is_concurrent: bool,
    /// The node it wants; none has it.
    pub label: Option<String>,
    /// Only these users see it; everybody when empty.
    pub readers: Vec<String>,
    /// What its builds do.
    pub kind: Kind,
    /// Its builds, oldest first.
    pub builds: Vec<Build>,
    /// The number of the next build.
    pub next_number: u64,
}

/// What the builds of a job do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Collects the configuration of a Satellite Link connector.
    GetInfo,
    /// Some lines of log.
    Plain,
    /// Waits for a person in the middle.
    Input,
    /// Leaves many artifacts, a large one and some with unusual names.
    ManyFiles,
}

/// A parameter definition.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ParameterKind,
    /// What it means.
    pub description: Option<String>,
    /// What it is unless told.
    pub default: Option<String>,
    /// What it can be.
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
    /// What nobody is shown.
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

    /// The class of its values.
    pub(super) fn value_class(self) -> String {
        match self {
            // A choice becomes a plain text.
            Self::Choice => "hudson.model.StringParameterValue".to_owned(),
            other => format!("hudson.model.{}ParameterValue", other.name()),
        }
    }
}

/// A parameter's value, with the type of its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The parameter's name.
    pub name: String,
    /// Its type.
    pub kind: ParameterKind,
    /// Its value.
    pub value: String,
}

/// Something that waits to be built, or has left the queue.
#[derive(Debug, Clone)]
pub struct QueueItem {
    /// Its number.
    pub id: u64,
    /// The job's full name.
    pub job: String,
    /// The values it will be built with.
    pub parameters: Vec<Given>,
    /// Who asked for it.
    pub causes: Vec<String>,
    /// How far it is.
    pub stage: Stage,
    /// Why it waits.
    pub why: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// When the quiet period ends.
    pub(super) due: Instant,
}

/// How far a queue item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// In the quiet period.
    Waiting,
    /// Something else must end first.
    Blocked,
    /// Needs an executor.
    Buildable,
    /// Gone: into a build, or cancelled.
    Left {
        /// When.
        at: Timestamp,
        /// The build's number; cancelled without one.
        number: Option<u64>,
    },
}

impl QueueItem {
    /// Whether it is still in the queue.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !matches!(self.stage, Stage::Left { .. })
    }
}

/// A build.
#[derive(Debug, Clone)]
pub struct Build {
    /// Its number.
    pub number: u64,
    /// The queue item it came from.
    pub queue_id: u64,
    /// The values it was built with.
    pub parameters: Vec<Given>,
    /// Who asked for it.
    pub causes: Vec<String>,
    /// How it ended.
    pub result: Option<String>,
    /// When it began.
    pub timestamp: Timestamp,
    /// How long it took, in milliseconds.
    pub duration: i64,
    /// How long it was expected to take; -1 when nothing is known.
    pub estimated: i64,
    /// The log as it is on disk, with the console notes that nobody is shown.
    pub log: String,
    /// What it left behind.
    pub artifacts: Vec<Artifact>,
    /// Waits for a person.
    pub is_paused: bool,
    pub(super) plan: VecDeque<Step>,
    pub(super) outcome: Outcome,
    pub(super) step_millis: u64,
    pub(super) due: Instant,
}

impl Build {
    /// Whether it has not ended.
    #[must_use]
    pub fn is_building(&self) -> bool {
        self.result.is_none()
    }

    pub(super) fn say(&mut self, line: &str) {
        self.log.push_str(line);
        self.log.push('\n');
    }
}

/// A part of a build.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    pub(super) lines: Vec<String>,
    /// Afterwards it waits for a person.
    pub(super) pauses: bool,
}

/// How a build will end unless something comes between.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    pub(super) result: String,
    pub(super) artifacts: Vec<Artifact>,
}

/// A file that a build left.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Where it is, with `/` between folders.
    pub path: String,
    /// What is in it.
    pub content: Content,
}

/// What is in an artifact.
#[derive(Debug, Clone)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// That many bytes of nothing much.
    Filler(u64),
}

impl Artifact {
    pub(super) fn text(path: &str, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            content: Content::Bytes(text.into().into_bytes()),
        }
    }

    /// How many bytes it holds.
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
