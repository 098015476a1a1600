//! What must survive `kill -9`: the inbox, the outbox, and which messages were answered.
//!
//! [`Store`] is the contract, [`sqlite::Sqlite`] keeps it on one machine. `tests/it/store.rs` is written against the
//! trait, so that another engine proves itself with the same tests.

pub mod cases;
mod inbox;
mod outbox;
pub mod runs;
pub mod sqlite;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use cases::{Answered, CaseLookup, CaseRow, CaseVisitor, Cases, Mute};
pub use inbox::{Arrival, Changes, Expiry, InboxCounts, InboxRow, Missed, NewMissed, Receipt, Waiting, Why};
pub use outbox::{Action, Due, LONGEST_WAIT, NewPost, Place, Post, PostState, Ready, Settled, Turn};
pub use runs::{AuditEntry, AuditQuery, RunRow, Runs};

/// Durable state. Every method is one transaction.
#[async_trait]
pub trait Store: Cases + Runs {
    /// Takes in what arrived, all or nothing. Once this returns, it may be acknowledged.
    async fn receive(&self, arrivals: &[Arrival], now: Timestamp) -> Result<Vec<Receipt>, Error>;

    /// The lanes with rows that wait, by name, at most `limit` of them: those after `after`, then from the first on, so
    /// that who asks again and again with the last name hears of each.
    async fn lanes(&self, after: &str, limit: u32) -> Result<Vec<String>, Error>;

    /// The oldest row of a lane that waits.
    async fn next(&self, lane: &str) -> Result<Option<Waiting>, Error>;

    /// Marks a row as running: its turn has come. `false` when it doesn't wait any more. After a crash the rows that were
    /// running are counted; this mark survives a crash of the process, but need not survive one of the machine.
    async fn begin(&self, seq: i64) -> Result<bool, Error>;

    /// Takes the mark of [`Self::begin`] back from one row that was not finished, or from all of them.
    async fn release(&self, seq: Option<i64>) -> Result<(), Error>;

    /// Marks a row as handled, erases its payload, and writes down what it led to. `false`, and nothing is done, when the
    /// row changed since it was read (the other arrival of the same message told of a mention), or a case did.
    async fn finish(&self, row: &Waiting, done: &Changes, now: Timestamp) -> Result<bool, Error>;

    /// Writes down what somebody's act led to, as [`Self::finish`] does for a row of the inbox. `false`, and nothing is
    /// done, when a case changed since it was read. `user`: who had to do with the cases.
    async fn commit(&self, done: &Changes, user: Option<&str>, now: Timestamp) -> Result<bool, Error>;

    /// Keeps a row that cannot be handled for an operator, until its payload is erased.
    async fn set_aside(&self, key: &str, why: Why, now: Timestamp) -> Result<(), Error>;

    /// Counts of the inbox.
    async fn inbox(&self) -> Result<InboxCounts, Error>;

    /// Channels in which messages were too old to be answered, once none was noted since `before`, which is in Slack's
    /// time, and nothing old waits there any more: neither a row of the inbox nor an answer that has expired.
    async fn missed_before(&self, before: Timestamp) -> Result<Vec<Missed>, Error>;

    /// Forgets what was missed in a channel and adds the post that says so, if there is one.
    async fn tell_missed(&self, missed: &Missed, post: Option<&NewPost>, now: Timestamp) -> Result<(), Error>;

    /// Adds what is to be posted, updated or deleted and is not the outcome of a row of the inbox: what people click.
    /// Never waits behind those who work through queues.
    async fn enqueue(&self, posts: &[NewPost], now: Timestamp) -> Result<(), Error>;

    /// What may be sent now: of each thread the first message alone, and of what is done to a message the first alone,
    /// so that their order holds; of each channel only as many as it may take soon, so that no channel waits behind
    /// another one's thousands.
    async fn due(&self, now: Timestamp) -> Result<Due, Error>;

    /// Marks a row as being sent, and gives what to send as it is now.
    async fn sending(&self, key: &str, now: Timestamp) -> Result<Turn, Error>;

    /// Writes down how a try to send ended.
    async fn settle(&self, key: &str, settled: &Settled) -> Result<(), Error>;

    /// Where the message of a row stands; `None` while it is not posted, and once it is known to be gone.
    async fn posted(&self, key: &str) -> Result<Option<Place>, Error>;

    /// After a start: posts that were being sent become uncertain, to be looked up not earlier than `lookup_after` since
    /// their last try began. Tells how many.
    async fn recover(&self, lookup_after: Duration) -> Result<u64, Error>;

    /// After a start: counts an attempt for each row of the inbox that was running when the process ended. Tells how many.
    async fn recover_inbox(&self) -> Result<u64, Error>;

    /// Forgets what is older than `retention`, and erases payloads older than a day. Rows that still wait after a day,
    /// as they do after an outage, may be handled until a later purge, half an hour on; then they are given up, and
    /// channels where the bot was asked are told. What people still work on stays, with what leads to it and with the runs
    /// that gathered facts for it; so does a run that has not ended. The messages of a case and of a run are known as long
    /// as it is. What was erased is still to be scrubbed.
    async fn purge(&self, now: Timestamp, retention: Retention) -> Result<Purged, Error>;

    /// Removes what was erased from everywhere else that the store keeps it (the write-ahead log). `false` when a reader
    /// is in the way: then it has to be tried again.
    async fn scrub(&self) -> Result<bool, Error>;

    /// Whether something was erased that [`Self::scrub`] has not removed yet.
    fn wants_scrub(&self) -> bool;

    /// Whether it can be written; mends what can be mended without losing anything.
    async fn check(&self, now: Timestamp) -> Result<(), Error>;
}

/// Raw payloads are erased after this time even when they could not be handled.
pub const PAYLOADS_KEPT: Duration = Duration::from_hours(24);

/// How long what is over is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Messages, answers, cases and runs, since they last changed.
    pub answers: Duration,
    /// Entries of the audit.
    pub audit: Duration,
}

/// What a purge removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Rows that were older than the retention.
    pub forgotten: u64,
    /// Payloads erased for their age.
    pub erased: u64,
    /// Of these, messages that had not been handled.
    pub unhandled: u64,
}

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be made or opened.
    #[error("the store {} cannot be opened: {cause}; set store.path to a file on a local disk that may be written", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Another process uses the file.
    #[error("the store {} is in use by another signpost; stop it, or set another store.path", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Others may read the file, and that can't be changed.
    #[error("the store {} may be read or written by others, and its mode cannot be changed to 0600: {cause}", .path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file was taken away or damaged while it is open.
    #[error("the store {} {fault}", .path.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// How.
        fault: sqlite::FileFault,
    },
    /// SQLite found the file damaged.
    #[error("the store {} is damaged ({found}): stop the bot and restore the file from a backup", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first problem that was found.
        found: String,
    },
    /// There is no file.
    #[error("there is no store {} yet: `signpost serve` makes it; name the bot's settings with --config, or set store.path", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is of another version, and is not ours to change.
    #[error("the store {} was written by an older signpost: start `signpost serve` of this version, which brings it up to date", .path.display())]
    Older {
        /// The file.
        path: PathBuf,
    },
    /// The file holds what this version knows nothing of.
    #[error("the store {} was written by a newer signpost: use that version", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// The file is no store of ours.
    #[error("the store {} cannot be used: {cause}", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: sqlx::Error,
    },
    /// The schema cannot be brought up to date.
    #[error("the store {} cannot be brought up to date: {cause}", .path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: Box<sqlx::migrate::MigrateError>,
    },
    /// A transaction failed.
    #[error("the store failed: {0}")]
    Database(#[from] sqlx::Error),
}
