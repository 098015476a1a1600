//! What the bot says about itself, as plain data: handed in by those who know it.

use jiff::Timestamp;

use crate::runbook::{Diagnostic, Level};

/// How the bot is, as `status` tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusFacts {
    /// Its version.
    pub version: String,
    /// Now.
    pub now: Timestamp,
    /// Runbooks that are loaded.
    pub runbooks: usize,
    /// When they were read last.
    pub loaded_at: Option<Timestamp>,
    /// Why the last reading failed; the runbooks of before are in use.
    pub reload_failed: Option<String>,
    /// What the authors should know.
    pub problems: Problems,
    /// How events come in.
    pub connection: Connection,
    /// What it does where it was asked.
    pub listening: Listening,
}

/// What was not understood of the runbooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// What cannot be used.
    pub errors: usize,
    /// What was not understood.
    pub warnings: usize,
    /// The first of them, errors first.
    pub first: Vec<Diagnostic>,
}

/// How events come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Over Socket Mode.
    Socket {
        /// Connections that said hello.
        connections: usize,
    },
    /// Slack calls the bot.
    Http,
}

/// What the bot does in a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listening {
    /// It is a direct message: everything is answered.
    Direct,
    /// Errors are answered unasked.
    Unasked,
    /// Only those who ask are answered: so the settings say.
    Asked,
    /// The same, for the channel is shared with another organisation.
    Shared,
    /// The same, for somebody muted it.
    Muted {
        /// Until when; until `unmute` without.
        until: Option<Timestamp>,
        /// Who did it, as it is to be shown.
        by: Option<String>,
    },
}

/// An error that was answered a while ago in the same channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// The runbook, or the section of one.
    pub title: String,
    /// Now.
    pub now: Timestamp,
    /// When it was answered.
    pub answered_at: Timestamp,
    /// Where the answer is.
    pub url: Option<String>,
    /// Values that differ this time, by placeholder.
    pub values: Vec<(String, String)>,
}

impl Problems {
    /// Problems that are told one by one.
    const TOLD: usize = 3;

    /// Counts what was found; what is only worth knowing is left out.
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
}

/// Messages of a channel that were too old to be answered.
#[derive(Debug, Clone, Copy)]
pub struct Missed {
    /// How many.
    pub count: u64,
    /// Whether some of them asked the bot; else all are errors.
    pub asked: bool,
    /// When the first was written.
    pub first_at: Timestamp,
    /// When the last was written.
    pub last_at: Timestamp,
    /// Now.
    pub now: Timestamp,
}
