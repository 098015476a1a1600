//! Rows of the inbox.

use super::NewPost;
use super::cases::{Answered, CaseRow};
use super::runs::{AuditEntry, RunRow};

/// Something that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// What makes two deliveries the same thing: `team:channel:ts:edited.ts` for messages, the event id for others.
    pub key: String,
    /// Rows of one lane are handled in order: the channel.
    pub lane: String,
    /// Whether this arrival says that the bot was mentioned.
    pub mentioned: bool,
    /// The raw payload.
    pub payload: String,
    /// `false` for what could not be decoded: it is kept for a look by a person and not handled.
    pub decoded: bool,
}

/// What became of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It is new.
    New,
    /// It was known; nothing changed.
    Known,
    /// It was known and waits; now it is known that the bot was mentioned.
    Mentioned,
    /// It had been handled in silence; as the bot was mentioned it waits again.
    Reopened,
}

impl Receipt {
    /// Whether there is something to handle.
    pub fn wakes(self) -> bool {
        matches!(self, Self::New | Self::Reopened)
    }
}

/// A row of the inbox that is to be handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the order.
    pub seq: i64,
    /// See [`Arrival::key`].
    pub key: String,
    /// See [`Arrival::lane`].
    pub lane: String,
    /// Whether any arrival said that the bot was mentioned.
    pub mentioned: bool,
    /// The raw payload.
    pub payload: String,
    /// How often it was begun, this time included.
    pub attempts: u32,
}

/// What handling a row led to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Done {
    /// What is to be posted.
    pub posts: Vec<NewPost>,
    /// The messages that are answered now, and what with; empty for silence.
    pub answered: Vec<Answered>,
    /// Cases that are new or changed.
    pub cases: Vec<CaseRow>,
    /// Cases of which nothing may stay, for their message was deleted.
    pub forget: Vec<String>,
    /// Messages that count as not answered any more.
    pub unanswer: Vec<String>,
    /// Runs that are new or changed.
    pub runs: Vec<RunRow>,
    /// What the audit is told.
    pub audit: Vec<AuditEntry>,
}
