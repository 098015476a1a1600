//! Rows of the inbox.

use super::NewPost;
use super::cases::{Answered, CaseRow};
use super::escalations::{EscalationTimer, NewPage, PageOutcome, PageWatch};
use super::issues::{IssueOutcome, NewIssue};
use super::runs::{AuditEntry, RunRow};
use super::shadow::ShadowRow;

/// An event that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Key shared by all deliveries of the same thing: `team:channel:ts:edited.ts` for messages, the event id for
    /// others.
    pub key: String,
    /// The channel. Rows of one lane are handled in order.
    pub lane: String,
    /// True when this arrival shows that the bot was mentioned.
    pub mentioned: bool,
    /// The raw payload.
    pub payload: String,
    /// False when the payload could not be decoded: it is kept for a person to look at and is not handled.
    pub decoded: bool,
}

/// Result of storing an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// The arrival is new.
    New,
    /// The arrival was known already; nothing changed.
    Known,
    /// The arrival was known and still waits; only the mention is new.
    Mentioned,
    /// The arrival had been handled in silence; as the bot was mentioned it waits again.
    Reopened,
}

impl Receipt {
    /// Returns true when there is something to handle.
    pub fn wakes(self) -> bool {
        matches!(self, Self::New | Self::Reopened)
    }
}

/// A waiting row of the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Position in the order of the inbox.
    pub seq: i64,
    /// Key of the arrival ([`Arrival::key`]).
    pub key: String,
    /// Lane of the arrival ([`Arrival::lane`]).
    pub lane: String,
    /// True when any arrival showed that the bot was mentioned.
    pub mentioned: bool,
    /// The raw payload.
    pub payload: String,
    /// Number of times that the process ended while the row was running.
    pub attempts: u32,
    /// True when an operator retried the row: then it is handled regardless of its age.
    pub retried: bool,
}

/// The reason why a row was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetAsideReason {
    /// The process ended several times while the row was being handled.
    Crashed,
    /// Handling the row panicked.
    Panicked,
    /// The payload cannot be decoded.
    Undecoded,
    /// The row could not be handled for a day.
    TooOld,
}

impl SetAsideReason {
    /// The reason's name in the store and in metrics.
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
    /// Time of arrival of the oldest row that waits.
    pub oldest: Option<jiff::Timestamp>,
    /// Rows that were set aside and still have their payload.
    pub set_aside: u64,
    /// Rows set aside that can be retried.
    pub retriable: u64,
}

/// A row of the inbox as an operator sees it, without its payload.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct InboxRow {
    /// Key of the arrival ([`Arrival::key`]).
    pub key: String,
    /// Lane of the arrival ([`Arrival::lane`]).
    pub lane: String,
    /// `waiting` or `set_aside`.
    pub state: String,
    /// The reason why the row was set aside: `crashed`, `panicked`, `undecoded`, `too_old`.
    pub reason: Option<String>,
    /// Number of times that the process ended while the row was running.
    pub attempts: u32,
    /// Time of arrival.
    pub received_at: jiff::Timestamp,
    /// True when the row can be retried: its payload is still there and can be decoded.
    pub retriable: bool,
}

/// A message that was too old to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMissed {
    /// Channel id.
    pub channel: String,
    /// Time at which the message was written.
    pub at: jiff::Timestamp,
    /// True when the message asked the bot.
    pub asked: bool,
    /// Time at which the message was found to be too old, in Slack's time.
    pub noted_at: jiff::Timestamp,
}

/// The time at which answers lose their use, with facts about the message that they answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// The last moment at which the answers are posted, in Slack's time.
    pub at: jiff::Timestamp,
    /// True when the message asked the bot.
    pub asked: bool,
    /// Time at which the message was written.
    pub written_at: jiff::Timestamp,
}

/// Messages of a channel that were too old to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// Channel id.
    pub channel: String,
    /// Number of messages.
    pub count: u64,
    /// Number of messages that asked the bot.
    pub asked: u64,
    /// Time at which the first of the messages was written.
    pub first_at: jiff::Timestamp,
    /// Time at which the last of the messages was written.
    pub last_at: jiff::Timestamp,
    /// Time at which the last of the messages was noted, in Slack's time.
    pub noted_at: jiff::Timestamp,
}

/// The outcome of handling a row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Posts to add to the outbox.
    pub posts: Vec<NewPost>,
    /// Time after which messages among the posts lose their use: they are then not posted, and their channel is told.
    /// `None`: they are posted at any time.
    pub expiry: Option<Expiry>,
    /// The messages answered now, with their answers; empty for silence.
    pub answered: Vec<Answered>,
    /// Cases that are new or changed.
    pub cases: Vec<CaseRow>,
    /// Ids of cases to delete without a trace, as their message was deleted.
    pub forget: Vec<String>,
    /// Messages that no longer count as answered.
    pub unanswer: Vec<String>,
    /// The message, when it was too old to be answered: its channel is told.
    pub missed: Option<NewMissed>,
    /// Shadow answers that are new or changed.
    pub shadow: Vec<ShadowRow>,
    /// Messages whose shadow answer is to be deleted.
    pub unshadow: Vec<String>,
    /// Runs that are new or changed.
    pub runs: Vec<RunRow>,
    /// Entries to add to the audit.
    pub audit: Vec<AuditEntry>,
    /// Pages to send.
    pub pages: Vec<NewPage>,
    /// Results of attempts to send pages.
    pub paged: Vec<PageOutcome>,
    /// Times at which escalations go on.
    pub timers: Vec<EscalationTimer>,
    /// Times at which services are asked what became of pages.
    pub watches: Vec<PageWatch>,
    /// Issues to create.
    pub issues: Vec<NewIssue>,
    /// Results of attempts to create issues.
    pub filed: Vec<IssueOutcome>,
}

impl Changes {
    /// Returns true when the outcome of a message need not be flushed to disk at once. The message itself was, and everything
    /// is done again with the same keys if the machine fails now. Before a post is sent there is a flushed transaction
    /// ([`super::Store::sending`]), which flushes this one as well. Runs and pages go out on other ways.
    pub(super) fn can_be_repeated(&self) -> bool {
        self.runs.is_empty() && self.pages.is_empty() && self.timers.is_empty() && self.watches.is_empty()
    }

    /// Adds other changes, to be saved in the same transaction. Of two expiries the earlier one holds.
    pub fn join(&mut self, other: Self) {
        let Self {
            posts,
            expiry,
            answered,
            cases,
            forget,
            unanswer,
            missed,
            shadow,
            unshadow,
            runs,
            audit,
            pages,
            paged,
            timers,
            watches,
            issues,
            filed,
        } = other;
        self.posts.extend(posts);
        self.expiry = match (self.expiry.take(), expiry) {
            (Some(one), Some(two)) if two.at < one.at => Some(two),
            (one, two) => one.or(two),
        };
        self.answered.extend(answered);
        self.cases.extend(cases);
        self.forget.extend(forget);
        self.unanswer.extend(unanswer);
        self.missed = self.missed.take().or(missed);
        self.shadow.extend(shadow);
        self.unshadow.extend(unshadow);
        self.runs.extend(runs);
        self.audit.extend(audit);
        self.pages.extend(pages);
        self.paged.extend(paged);
        self.timers.extend(timers);
        self.watches.extend(watches);
        self.issues.extend(issues);
        self.filed.extend(filed);
    }
}
