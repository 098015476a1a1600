//! Facts that the bot reports about itself, as plain data provided by the callers.

use jiff::Timestamp;
use minijinja::{Value, context};

use super::values;
use crate::runbook::{Diagnostic, Level, SourceKind};

/// The facts of the `status` reply.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusFacts {
    /// The bot's version.
    pub version: String,
    /// The current time.
    pub now: Timestamp,
    /// Number of loaded runbooks.
    pub runbooks: usize,
    /// Number of files that were not read.
    pub skipped: usize,
    /// The sources of the runbooks; empty where there is only one folder.
    pub sources: Vec<SourceFacts>,
    /// Time at which they were last loaded.
    pub loaded_at: Option<Timestamp>,
    /// The reason why the last reload failed; the previous runbooks are in use then.
    pub reload_failed: Option<String>,
    /// Problems that the authors should know of.
    pub problems: Problems,
    /// Connection over which events arrive.
    pub connection: ConnectionFacts,
    /// The bot's behaviour in the channel where it was asked.
    pub listening: Listening,
}

/// The state of a source of runbooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceFacts {
    /// Id of the source; empty for the folder of `runbooks.dir`.
    pub id: String,
    /// Number of documents that were read.
    pub documents: usize,
    /// Kind of the source.
    pub kind: SourceKind,
    /// First digits of the version, and its time; `None` for a folder.
    pub version: Option<(String, Timestamp)>,
    /// Time of the last successful fetch since the start.
    pub fetched_at: Option<Timestamp>,
    /// The reason why the last fetch failed.
    pub problem: Option<String>,
    /// First digits of a version that is held back, and the number of documents that it removes.
    pub held: Option<(String, usize)>,
}

/// A problem with a source of runbooks, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceTrouble {
    /// A version is held back, because it removes too many documents.
    Held {
        /// Kind of the source.
        kind: SourceKind,
        /// First digits of the version.
        version: String,
        /// Number of documents that it removes.
        removed: usize,
        /// Number of documents that there are.
        documents: usize,
    },
    /// The source has not been fetched for a day.
    Unreachable {
        /// The reason.
        why: String,
    },
}

/// Problems found in the runbooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// Number of errors: parts that cannot be used.
    pub errors: usize,
    /// Number of warnings: parts that were not understood.
    pub warnings: usize,
    /// The first few of them, errors first.
    pub first: Vec<Diagnostic>,
}

/// Connection over which events arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionFacts {
    /// Socket Mode.
    Socket {
        /// Number of connections on which Slack said hello.
        connections: usize,
    },
    /// HTTP requests from Slack.
    Http,
}

/// Behaviour of the bot in a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listening {
    /// Everything is answered, for it is a direct message.
    Direct,
    /// Errors are answered unasked.
    Unasked,
    /// Errors are recognised, but answers that nobody asked for are only recorded for the owners.
    Shadow,
    /// Only questions to the bot are answered, by its settings.
    Asked,
    /// Only questions are answered, for the channel is shared with another organisation.
    Shared,
    /// Only questions are answered, for somebody muted the channel.
    Muted {
        /// End of the muting; `None` lasts until `unmute`.
        until: Option<Timestamp>,
        /// The person who muted it, as shown to readers.
        by: Option<String>,
    },
}

/// An error that was answered a while ago in the same channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// Title of the runbook, or of a section of one.
    pub title: String,
    /// The current time.
    pub now: Timestamp,
    /// Time of the answer.
    pub answered_at: Timestamp,
    /// Link to the answer.
    pub url: Option<String>,
    /// Values that differ this time, by placeholder.
    pub values: Vec<(String, String)>,
}

impl Problems {
    /// Most problems that are listed one by one.
    const TOLD: usize = 3;

    /// Counts errors and warnings; diagnostics of a lower level are left out.
    pub fn of(found: &[Diagnostic]) -> Self {
        let count = |level| found.iter().filter(|one| one.level == level).count();
        let of = |level| found.iter().filter(move |one| one.level == level);
        Self {
            errors: count(Level::Error),
            warnings: count(Level::Warning),
            first: of(Level::Error)
                .chain(of(Level::Warning))
                .take(Self::TOLD)
                .cloned()
                .collect(),
        }
    }

    /// Template values of the problems.
    pub(super) fn values(&self) -> Value {
        let one = |one: &Diagnostic| context! { path => one.path.clone(), line => one.line, message => values::shortened(&one.message, 200) };
        let first: Vec<Value> = self.first.iter().map(one).collect();
        let count = self.errors.saturating_add(self.warnings);
        context! {
            errors => self.errors, warnings => self.warnings, count,
            more => count.saturating_sub(first.len()), first,
        }
    }
}

/// Messages of a channel that were too old to be answered.
#[derive(Debug, Clone, Copy)]
pub struct Missed {
    /// Number of messages.
    pub count: u64,
    /// True when some of them asked the bot; otherwise all are errors.
    pub asked: bool,
    /// Time of the first message.
    pub first_at: Timestamp,
    /// Time of the last message.
    pub last_at: Timestamp,
    /// The current time.
    pub now: Timestamp,
}
