//! Durable state that must survive `kill -9`: the inbox, the outbox, and which messages were answered.
//!
//! [`Store`] is the contract. [`sqlite::Sqlite`] implements it on one machine, [`postgres::Postgres`] for several
//! replicas; [`open`] chooses. `tests/it/store.rs` is written against the trait and verifies both.

pub mod cases;
mod commit;
pub mod escalations;
mod inbox;
mod issues;
mod location;
mod migrations;
mod outbox;
pub mod postgres;
mod purge;
mod replicas;
mod rows;
pub mod runs;
pub mod shadow;
pub mod sqlite;
mod transfer;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use cases::{AnswerKind, Answered, CaseLookup, CaseRow, CaseVisitor, Cases, Mute};
pub use escalations::{
    DueEscalation, DuePage, DueWatch, EscalationTimer, Escalations, NewPage, PageAction, PageOutcome, PageState,
    PageWatch,
};
pub use inbox::{Arrival, Changes, Expiry, InboxCounts, InboxRow, Missed, NewMissed, Receipt, SetAsideReason, Waiting};
pub use issues::{DueIssue, IssueOutcome, NewIssue};
pub use location::{StoreLocation, case_with_runs, inbox_rows, open, read_only, retry};
pub use outbox::{
    Action, Due, LONGEST_WAIT, MessageRef, NewPost, OutboxCounts, Post, PostOutcome, PostState, Ready, Turn,
};
pub use replicas::{InteractionClaim, ReplicaChange, ReplicaStatus, Replicas};
pub use runs::{AuditEntry, AuditQuery, RunRow, Runs};
pub use shadow::{
    Judged, ShadowAnswers, ShadowKind, ShadowLookup, ShadowQuery, ShadowRow, ShadowVerdict, ShadowVisitor,
};
pub use transfer::{Transferred, transfer};

/// Durable state. Every method is one transaction.
#[async_trait]
pub trait Store: Cases + Escalations + Replicas + Runs + ShadowAnswers {
    /// Stores arrivals, all or nothing. Once this returns, they may be acknowledged.
    async fn receive(&self, arrivals: &[Arrival], now: Timestamp) -> Result<Vec<Receipt>, Error>;

    /// Lists lanes with waiting rows, by name, at most `limit` of them: first the lanes after `after`, then those from
    /// the first name on, so that a caller that always passes the last name gets every lane in turn.
    async fn lanes(&self, after: &str, limit: u32) -> Result<Vec<String>, Error>;

    /// The oldest waiting row of a lane.
    async fn next(&self, lane: &str) -> Result<Option<Waiting>, Error>;

    /// Marks a row as running. `false` when it is not waiting any more. After a crash the rows that were running are
    /// counted; this mark survives a crash of the process, but need not survive one of the machine.
    async fn begin(&self, seq: i64) -> Result<bool, Error>;

    /// Removes the mark of [`Self::begin`] from one unfinished row, or from all of them.
    async fn release(&self, seq: Option<i64>) -> Result<(), Error>;

    /// Marks a row as handled, erases its payload, and stores the outcome. `false`, and nothing is done, when the row
    /// changed since it was read (the other arrival of the same message told of a mention), or a case did.
    async fn finish(&self, row: &Waiting, done: &Changes, now: Timestamp) -> Result<bool, Error>;

    /// Stores the outcome of a person's action, as [`Self::finish`] does for a row of the inbox. `false`, and nothing
    /// is done, when a case changed since it was read. `user`: the person involved in the cases.
    async fn commit(&self, done: &Changes, user: Option<&str>, now: Timestamp) -> Result<bool, Error>;

    /// Sets aside a row that cannot be handled, for an operator, until its payload is erased.
    async fn set_aside(&self, key: &str, why: SetAsideReason, now: Timestamp) -> Result<(), Error>;

    /// Counts of the inbox.
    async fn inbox(&self) -> Result<InboxCounts, Error>;

    /// Counts of the outbox.
    async fn outbox(&self) -> Result<OutboxCounts, Error>;

    /// Channels in which messages were too old to be answered, once none was noted since `before`, which is in Slack's
    /// time, and nothing old waits there any more: neither a row of the inbox nor an answer that has expired.
    async fn missed_before(&self, before: Timestamp) -> Result<Vec<Missed>, Error>;

    /// Forgets the missed messages of a channel and adds the post that tells of them, if there is one.
    async fn tell_missed(&self, missed: &Missed, post: Option<&NewPost>, now: Timestamp) -> Result<(), Error>;

    /// Adds posts, updates or deletions that are not the outcome of a row of the inbox but of people's clicks. Never
    /// waits behind tasks that work through queues.
    async fn enqueue(&self, posts: &[NewPost], now: Timestamp) -> Result<(), Error>;

    /// Lists the rows that may be sent now: of each thread only the first message, and of the changes to a message only
    /// the first, so that their order is kept; of each channel only as many as it may take soon, so that no channel
    /// waits behind thousands of rows of another one.
    async fn due(&self, now: Timestamp) -> Result<Due, Error>;

    /// Marks a row as being sent, and returns its current content.
    async fn sending(&self, key: &str, now: Timestamp) -> Result<Turn, Error>;

    /// Stores the result of an attempt to send.
    async fn record_outcome(&self, key: &str, outcome: &PostOutcome) -> Result<(), Error>;

    /// The place of a row's message; `None` while it is not posted, and once it is known to be gone.
    async fn posted(&self, key: &str) -> Result<Option<MessageRef>, Error>;

    /// Returns true when the outbox has a row with this key that was not given up.
    async fn is_in_outbox(&self, key: &str) -> Result<bool, Error>;

    /// Recovers the outbox after a start: posts that were being sent become uncertain, to be looked up not earlier than
    /// `lookup_after` since their last attempt began. Returns their number.
    async fn recover(&self, lookup_after: Duration) -> Result<u64, Error>;

    /// Recovers the inbox after a start: counts an attempt for each row that was running when the process ended.
    /// Returns the number of those rows.
    async fn recover_inbox(&self) -> Result<u64, Error>;

    /// Deletes data older than `retention`, and erases payloads older than a day. Rows that still wait after a day, as
    /// they do after an outage, may be handled until a later purge, half an hour on; then they are given up, and
    /// channels where the bot was asked are told. Cases that people still work on stay, with the messages that lead to
    /// them and the runs that gathered facts for them; so does a run that has not ended. The messages of a case and of
    /// a run are kept as long as it is. The erased data must still be scrubbed.
    async fn purge(&self, now: Timestamp, retention: Retention) -> Result<Purged, Error>;

    /// Removes erased data from everywhere else that the store keeps it (the write-ahead log). `false` when a reader is
    /// in the way: then it has to be tried again.
    async fn scrub(&self) -> Result<bool, Error>;

    /// Returns true when something was erased that [`Self::scrub`] has not removed yet.
    fn wants_scrub(&self) -> bool;

    /// Checks that the store can be written; repairs what can be repaired without data loss.
    async fn check(&self, now: Timestamp) -> Result<(), Error>;
}

/// Time after which raw payloads are erased even when they could not be handled.
pub const PAYLOADS_KEPT: Duration = Duration::from_hours(24);

/// Retention periods of finished data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Messages, answers, cases and runs, since they last changed; shadow answers since they were recorded.
    pub answers: Duration,
    /// Entries of the audit.
    pub audit: Duration,
}

/// Numbers of rows and payloads that a purge removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Rows that were older than the retention.
    pub forgotten: u64,
    /// Payloads erased for their age.
    pub erased: u64,
    /// Number of messages that had not been handled.
    pub unhandled: u64,
}

/// The errors of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be created or opened.
    #[error("the store {} cannot be opened: {cause}; set store.path to a writable file on a local disk", .path.display())]
    Open {
        /// The file's path.
        path: PathBuf,
        /// The cause.
        cause: std::io::Error,
    },
    /// Another process uses the file.
    #[error("the store {} is in use by another signpost; stop it, or set another store.path", .path.display())]
    InUse {
        /// The file's path.
        path: PathBuf,
    },
    /// Others may read or write the file, and its mode cannot be changed.
    #[error("the store {} is readable or writable by others, and its mode cannot be changed to 0600: {cause}", .path.display())]
    NotPrivate {
        /// The file's path.
        path: PathBuf,
        /// The cause.
        cause: std::io::Error,
    },
    /// The file was removed or damaged while it is open.
    #[error("the store {} {fault}", .path.display())]
    Lost {
        /// The file's path.
        path: PathBuf,
        /// The fault.
        fault: sqlite::FileFault,
    },
    /// SQLite found the file damaged.
    #[error("the store {} is damaged ({found}): stop the bot and restore the file from a backup", .path.display())]
    Damaged {
        /// The file's path.
        path: PathBuf,
        /// The first problem found.
        found: String,
    },
    /// A bot uses the database.
    #[error("the store {place} is in use by another signpost; stop it first, or wait half a minute if it crashed")]
    DatabaseInUse {
        /// The database's address, without its password.
        place: String,
    },
    /// The database server cannot be reached, or refuses the connection.
    #[error("the store {place} cannot be reached: {cause}; check store.url, and that the database server is running")]
    Unreachable {
        /// The database's address, without its password.
        place: String,
        /// The cause.
        cause: sqlx::Error,
    },
    /// The file does not exist.
    #[error("there is no store {} yet: `signpost serve` creates it; give the bot's settings with --config, or set store.path (`signpost sandbox` keeps its store to itself and deletes it at the end)", .path.display())]
    Missing {
        /// The file's path.
        path: PathBuf,
    },
    /// The file was written by an older version, and may not be changed here.
    #[error("the store {} was written by an older signpost: start `signpost serve` of this version to upgrade it", .path.display())]
    Older {
        /// The file's path.
        path: PathBuf,
    },
    /// The file was written by a newer version, and holds data unknown to this one.
    #[error("the store {} was written by a newer signpost: use that version", .path.display())]
    Newer {
        /// The file's path.
        path: PathBuf,
    },
    /// The file is not a usable store.
    #[error("the store {} cannot be used: {cause}", .path.display())]
    Unusable {
        /// The file's path.
        path: PathBuf,
        /// The cause.
        cause: sqlx::Error,
    },
    /// The schema cannot be brought up to date.
    #[error("the store {} cannot be upgraded: {cause}", .path.display())]
    Migration {
        /// The file's path.
        path: PathBuf,
        /// The cause.
        cause: Box<sqlx::migrate::MigrateError>,
    },
    /// The target of a move holds data.
    #[error("the store {place} already holds data; use an empty database")]
    NotEmpty {
        /// The database's address, without its password.
        place: String,
    },
    /// The file holds something that the other engine has no place for.
    #[error("the store {} cannot be moved: PostgreSQL has no column for {column}", .path.display())]
    Untransferable {
        /// The file's path.
        path: PathBuf,
        /// Table and column.
        column: String,
    },
    /// A transaction failed.
    #[error("the store failed: {0}")]
    Database(#[from] sqlx::Error),
}
