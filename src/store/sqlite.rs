//! The store on one machine: SQLite with a write-ahead log; every commit is flushed to disk before it counts.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite as Engine, Transaction};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use super::rows::Overdue;
use super::{
    Arrival, Changes, Due, Error, InboxCounts, MessageRef, Missed, NewPost, OutboxCounts, PostOutcome, Purged, Receipt,
    Replicas, Retention, SetAsideReason, Store, Turn, Waiting,
};

mod cases;
mod connections;
mod escalations;
mod file;
mod inbox;
mod mending;
mod outbox;
mod purge;
mod reading;
mod runs;
mod shadow;

use super::migrations::SQLITE as MIGRATIONS;
use connections::{Open, id_of, readers, writer};
use file::StoreFile;
pub use file::{FileFault, is_database};

/// Statement that takes the write lock at once, so that a transaction never fails half-way because another one wrote
/// first. Its commit is flushed to disk.
const BEGIN: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";
/// Like [`BEGIN`], for data that must survive a crash of the process but not one of the machine: the log is written,
/// but not flushed.
const BEGIN_UNFLUSHED: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";
/// Time for which SQLite waits for another process (`signpost inbox retry`) that writes.
const BUSY: Duration = Duration::from_secs(10);

/// A store in a SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    open: ArcSwap<Open>,
    /// Permit that tasks working through a queue take before the writer, so that a person's click waits for one
    /// transaction at most, never for a series of them.
    behind: Semaphore,
    /// Held while the file is repaired.
    mending: Mutex<()>,
    /// A detected fault: nothing is acknowledged until the file is opened anew.
    fault: parking_lot::Mutex<Option<FileFault>>,
    /// True when payloads were erased since the write-ahead log was last emptied.
    erased: AtomicBool,
    overdue: Overdue,
}

impl Sqlite {
    /// Opens the file, creates it with mode 0600 when it does not exist, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// Returns an error when the file cannot be opened or is in use by another process.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|cause| Error::Open {
                path: path.to_owned(),
                cause,
            })?;
        }
        let mut file = StoreFile::open(path)?;
        let unusable = |cause| Error::Unusable {
            path: path.to_owned(),
            cause,
        };
        let writer = writer(file.path()).await.map_err(unusable)?;
        MIGRATIONS.run(&writer).await.map_err(|cause| match cause {
            MigrateError::VersionMissing(_) => Error::Newer { path: path.to_owned() },
            cause => Error::Migration {
                path: path.to_owned(),
                cause: Box::new(cause),
            },
        })?;
        let id = id_of(&writer).await.map_err(unusable)?;
        runs::seal(&writer).await.map_err(unusable)?;
        // A process that was killed leaves a log with payloads erased since, and sealing leaves raw values there.
        // Emptying the log (below) removes them, and also writes the id to the file.
        let readers = readers(file.path()).await.map_err(unusable)?;
        file.expect_id(id);
        let open = Open {
            writer,
            readers,
            file: Arc::new(file),
        };
        open.empty_log(BUSY).await.map_err(unusable)?;
        Ok(Self {
            open: ArcSwap::from_pointee(open),
            behind: Semaphore::new(1),
            mending: Mutex::default(),
            fault: parking_lot::Mutex::default(),
            erased: AtomicBool::new(false),
            overdue: Overdue::default(),
        })
    }

    /// Begins a transaction that cannot wait: intake, and people's clicks.
    async fn begin(&self) -> Result<Transaction<'static, Engine>, Error> {
        self.begin_as(BEGIN).await
    }

    async fn begin_as(&self, statement: &'static str) -> Result<Transaction<'static, Engine>, Error> {
        let open = self.open.load_full();
        let transaction = self.told(open.writer.begin_with(statement).await)?;
        // Checked only now: while this waited for the connection, the file may have been repaired.
        self.intact(&open)?;
        open.file.note_log();
        Ok(transaction)
    }

    async fn end_transaction(&self, transaction: Transaction<'static, Engine>) -> Result<(), Error> {
        let committed = transaction.commit().await;
        // A log that is emptied from here on is noticed, whether or not anything more was written.
        self.open.load().file.note_log();
        self.told(committed)
    }

    /// Connections that only read.
    pub(super) fn readers(&self) -> SqlitePool {
        self.open.load().readers.clone()
    }

    /// Waits for the permit of tasks that can wait; it is held until the transaction has ended.
    async fn behind(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.behind.acquire().await.ok()
    }
}

/// One process uses the file: nothing is shared.
impl Replicas for Sqlite {}

#[async_trait]
impl Store for Sqlite {
    async fn receive(&self, arrivals: &[Arrival], now: Timestamp) -> Result<Vec<Receipt>, Error> {
        let mut transaction = self.begin().await?;
        let mut receipts = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            receipts.push(self.told(inbox::receive(&mut transaction, arrival, now).await)?);
        }
        self.end_transaction(transaction).await?;
        // Acknowledged arrivals must be in the current file, not in one that was removed meanwhile.
        self.intact(&self.open.load_full())?;
        Ok(receipts)
    }

    async fn lanes(&self, after: &str, limit: u32) -> Result<Vec<String>, Error> {
        self.told(inbox::lanes(&self.readers(), after, limit).await)
    }

    async fn next(&self, lane: &str) -> Result<Option<Waiting>, Error> {
        self.told(inbox::next(&self.readers(), lane).await)
    }

    async fn begin(&self, seq: i64) -> Result<bool, Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin_as(BEGIN_UNFLUSHED).await?;
        let begun = self.told(inbox::begin(&mut transaction, seq).await)?;
        self.end_transaction(transaction).await?;
        Ok(begun)
    }

    async fn release(&self, seq: Option<i64>) -> Result<(), Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin_as(BEGIN_UNFLUSHED).await?;
        self.told(inbox::release(&mut transaction, seq).await)?;
        self.end_transaction(transaction).await?;
        Ok(())
    }

    async fn finish(&self, row: &Waiting, done: &Changes, now: Timestamp) -> Result<bool, Error> {
        let _behind = self.behind().await;
        let begin = if done.can_be_repeated() { BEGIN_UNFLUSHED } else { BEGIN };
        let mut transaction = self.begin_as(begin).await?;
        if !self.told(inbox::finish(&mut transaction, row, now).await)? {
            return Ok(false);
        }
        if !self.told(cases::commit(&mut transaction, done, None, now).await)? {
            return Ok(false);
        }
        self.end_transaction(transaction).await?;
        self.erased.store(true, Ordering::Release);
        Ok(true)
    }

    async fn commit(&self, done: &Changes, user: Option<&str>, now: Timestamp) -> Result<bool, Error> {
        let mut transaction = self.begin().await?;
        if !self.told(cases::commit(&mut transaction, done, user, now).await)? {
            return Ok(false);
        }
        self.end_transaction(transaction).await?;
        Ok(true)
    }

    async fn set_aside(&self, key: &str, why: SetAsideReason, now: Timestamp) -> Result<(), Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        self.told(inbox::set_aside(&mut transaction, key, why, now).await)?;
        self.end_transaction(transaction).await?;
        Ok(())
    }

    async fn inbox(&self) -> Result<InboxCounts, Error> {
        self.told(inbox::counts(&self.readers()).await)
    }

    async fn outbox(&self) -> Result<OutboxCounts, Error> {
        self.told(outbox::counts(&self.readers()).await)
    }

    async fn missed_before(&self, before: Timestamp) -> Result<Vec<Missed>, Error> {
        self.told(inbox::missed_before(&self.readers(), before).await)
    }

    async fn tell_missed(&self, missed: &Missed, post: Option<&NewPost>, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        // More may have been noted meanwhile: then this is told later, with the new ones.
        if inbox::forget_missed(&mut transaction, missed).await?
            && let Some(post) = post
        {
            outbox::add(&mut transaction, std::slice::from_ref(post), None, now).await?;
        }
        self.end_transaction(transaction).await?;
        Ok(())
    }

    async fn enqueue(&self, posts: &[NewPost], now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        self.told(outbox::add(&mut transaction, posts, None, now).await)?;
        self.end_transaction(transaction).await?;
        Ok(())
    }

    async fn due(&self, now: Timestamp) -> Result<Due, Error> {
        self.told(outbox::due(&self.readers(), now).await)
    }

    async fn sending(&self, key: &str, now: Timestamp) -> Result<Turn, Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        let turn = self.told(outbox::turn(&mut transaction, key, now).await)?;
        self.end_transaction(transaction).await?;
        Ok(turn)
    }

    async fn record_outcome(&self, key: &str, outcome: &PostOutcome) -> Result<(), Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        self.told(outbox::record_outcome(&mut transaction, key, outcome).await)?;
        self.end_transaction(transaction).await?;
        Ok(())
    }

    async fn posted(&self, key: &str) -> Result<Option<MessageRef>, Error> {
        self.told(outbox::posted(&self.readers(), key).await)
    }

    async fn is_in_outbox(&self, key: &str) -> Result<bool, Error> {
        self.told(outbox::has(&self.readers(), key).await)
    }

    async fn recover(&self, lookup_after: Duration) -> Result<u64, Error> {
        let mut transaction = self.begin().await?;
        let changed = self.told(outbox::recover(&mut transaction, lookup_after).await)?;
        self.end_transaction(transaction).await?;
        Ok(changed)
    }

    async fn recover_inbox(&self) -> Result<u64, Error> {
        let mut transaction = self.begin().await?;
        let counted = self.told(inbox::recover(&mut transaction).await)?;
        self.end_transaction(transaction).await?;
        Ok(counted)
    }

    async fn purge(&self, now: Timestamp, retention: Retention) -> Result<Purged, Error> {
        // The owner of the store scrubs it within seconds, even when this fails half-way or is cancelled.
        self.erased.store(true, Ordering::Release);
        let purged = crate::store::purge::purge(self, now, retention).await;
        self.erased.store(true, Ordering::Release);
        purged
    }

    async fn scrub(&self) -> Result<bool, Error> {
        let open = self.open.load_full();
        self.intact(&open)?;
        self.erased.store(false, Ordering::Release);
        // Nobody's click has to wait for a slow reader.
        let emptied = open.empty_log(Duration::from_millis(50)).await;
        if !matches!(emptied, Ok(true)) {
            self.erased.store(true, Ordering::Release);
        }
        self.told(emptied)
    }

    fn wants_scrub(&self) -> bool {
        self.erased.load(Ordering::Acquire)
    }

    async fn check(&self, now: Timestamp) -> Result<(), Error> {
        self.mend().await?;
        let mut transaction = self.begin_as(BEGIN_UNFLUSHED).await?;
        let written =
            sqlx::query("INSERT INTO heartbeat (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at")
                .bind(now.as_millisecond())
                .execute(&mut *transaction)
                .await;
        self.told(written)?;
        self.end_transaction(transaction).await?;
        Ok(())
    }
}
