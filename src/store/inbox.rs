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
    /// How often the process ended while it was running.
    pub attempts: u32,
    /// Whether an operator asked for it: then it is handled however old it is.
    pub retried: bool,
}

/// The reason why a row was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The process ended several times while it was handled.
    Crashed,
    /// Handling it panicked.
    Panicked,
    /// It can't be decoded.
    Undecoded,
    /// It could not be handled for a day.
    TooOld,
}

impl Why {
    /// As it is stored, and as metrics name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crashed => "crashed",
            Self::Panicked => "panicked",
            Self::Undecoded => "undecoded",
            Self::TooOld => "too_old",
        }
    }
}

/// Counts of the inbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InboxCounts {
    /// Rows that wait.
    pub waiting: u64,
    /// Rows that were set aside and still have their payload.
    pub set_aside: u64,
    /// Of these, rows that can be tried again.
    pub retriable: u64,
}

/// A row of the inbox as an operator sees it, without its payload.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct InboxRow {
    /// See [`Arrival::key`].
    pub key: String,
    /// See [`Arrival::lane`].
    pub lane: String,
    /// `waiting` or `set_aside`.
    pub state: String,
    /// Why it was set aside: `crashed`, `panicked`, `undecoded`, `too_old`.
    pub reason: Option<String>,
    /// How often the process ended while it was running.
    pub attempts: u32,
    /// When it came in.
    pub received_at: jiff::Timestamp,
    /// Whether it can be tried again: its payload is still there and can be decoded.
    pub retriable: bool,
}

/// A message that was too old to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMissed {
    /// Channel id.
    pub channel: String,
    /// When it was written.
    pub at: jiff::Timestamp,
    /// Whether the bot was asked.
    pub asked: bool,
    /// When it was found to be too old, in Slack's time.
    pub noted_at: jiff::Timestamp,
}

/// The time at which answers lose their use, and the message they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// The last moment at which they are posted, in Slack's time.
    pub at: jiff::Timestamp,
    /// Whether the message asked the bot.
    pub asked: bool,
    /// When the message was written.
    pub written_at: jiff::Timestamp,
}

/// Messages of a channel that were too old to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// Channel id.
    pub channel: String,
    /// How many.
    pub count: u64,
    /// How many of them asked the bot.
    pub asked: u64,
    /// When the first of them was written.
    pub first_at: jiff::Timestamp,
    /// When the last of them was written.
    pub last_at: jiff::Timestamp,
    /// When the last of them was noted, in Slack's time.
    pub noted_at: jiff::Timestamp,
}

/// What handling a row led to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// What is to be posted.
    pub posts: Vec<NewPost>,
    /// When messages among the posts are of no use any more: then they are not posted, and their channel is told.
    /// `None`: they always are.
    pub expiry: Option<Expiry>,
    /// The messages that are answered now, and what with; empty for silence.
    pub answered: Vec<Answered>,
    /// Cases that are new or changed.
    pub cases: Vec<CaseRow>,
    /// Cases of which nothing may stay, for their message was deleted.
    pub forget: Vec<String>,
    /// Messages that count as not answered any more.
    pub unanswer: Vec<String>,
    /// The message was too old to be answered: its channel is told.
    pub missed: Option<NewMissed>,
    /// Runs that are new or changed.
    pub runs: Vec<RunRow>,
    /// What the audit is told.
    pub audit: Vec<AuditEntry>,
}
