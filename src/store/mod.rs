//! What must survive `kill -9`: the inbox, the outbox, and which messages were answered.
//!
//! [`Store`] is the contract, [`sqlite::Sqlite`] keeps it on one machine. `tests/it/store.rs` is written against the
//! trait, so that another engine proves itself with the same tests.

pub mod cases;
mod model;
pub mod sqlite;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use cases::{Answered, CaseRow, Cases, Mute};
pub use model::{Arrival, Done, NewPost, Post, PostState, Purged, Receipt, Settled, Waiting};

/// Durable state. Every method is one transaction.
#[async_trait]
pub trait Store: Cases {
    /// Takes in what arrived, all or nothing. Once this returns, it may be acknowledged.
    async fn receive(&self, arrivals: &[Arrival], now: Timestamp) -> Result<Vec<Receipt>, Error>;

    /// The next rows to handle after `seq`, in the order they came; counts the attempt, so that a row that brings the
    /// process down is noticed.
    async fn take(&self, after: i64, limit: u32) -> Result<Vec<Waiting>, Error>;

    /// One row, when it still waits.
    async fn waiting(&self, key: &str) -> Result<Option<Waiting>, Error>;

    /// Marks a row as handled, erases its payload, and writes down what it led to. `false`, and nothing is done, when the
    /// row changed since it was read (the other arrival of the same message told of a mention), or a case did.
    async fn finish(&self, row: &Waiting, done: &Done, now: Timestamp) -> Result<bool, Error>;

    /// Keeps a row that cannot be handled for a look by a person, until its payload is erased.
    async fn set_aside(&self, key: &str, now: Timestamp) -> Result<(), Error>;

    /// What is still to be posted, in order; the oldest when there is very much.
    async fn unsent(&self) -> Result<Vec<Post>, Error>;

    /// Marks a post as being sent. `false` when it is not to be sent any more.
    async fn sending(&self, key: &str, now: Timestamp) -> Result<bool, Error>;

    /// Writes down how a try to send ended.
    async fn settle(&self, key: &str, settled: &Settled) -> Result<(), Error>;

    /// After a start: posts that were being sent become uncertain, to be looked up not earlier than `lookup_after` since
    /// their last try began. Tells how many.
    async fn recover(&self, lookup_after: Duration) -> Result<u64, Error>;

    /// Forgets what is older than `retention`, and erases payloads older than a day.
    async fn purge(&self, now: Timestamp, retention: Duration) -> Result<Purged, Error>;

    /// Whether it can be written.
    async fn check(&self) -> Result<(), Error>;
}

/// Raw payloads are erased after this time even when they could not be handled.
pub const PAYLOADS_KEPT: Duration = Duration::from_hours(24);

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
