//! The store on one machine: SQLite with a write-ahead log, every commit on disk before it counts.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, Sqlite as Engine, Transaction};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tracing::{error, warn};
use uuid::Uuid;

use super::{
    Arrival, Done, Due, Error, InboxCounts, Missed, NewPost, Place, Purged, Receipt, Retention, Settled, Store, Turn,
    Waiting, Why,
};

mod cases;
mod file;
mod inbox;
mod outbox;
mod purge;
mod reading;
mod runs;

pub use file::FileFault;
use file::{StoreFile, with_suffix};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Takes the write lock at once, so that a transaction never fails half-way because another one wrote first. What it
/// commits is on disk.
const BEGIN: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";
/// The same for what must survive a crash of the process but not one of the machine: the log is written, not flushed.
const BEGIN_UNFLUSHED: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";
/// Connections that read.
const READERS: u32 = 4;
/// How long SQLite waits for another process (`signpost inbox retry`) that writes.
const BUSY: Duration = Duration::from_secs(10);

/// A SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    open: ArcSwap<Open>,
    /// Who works through a queue takes this before the writer, so that a person's click waits for one transaction at
    /// most, never for a row of them.
    behind: Semaphore,
    /// Held while the file is mended.
    mending: Mutex<()>,
    /// The file was seen damaged: what the connections remember of it may be wrong.
    damaged: AtomicBool,
    /// Payloads were erased since the write-ahead log was last emptied.
    erased: AtomicBool,
    overdue: purge::Overdue,
}

/// Connections to the file, and the file itself, which must be closed after them.
#[derive(Debug)]
struct Open {
    /// The one connection that writes: SQLite has one writer at a time anyway.
    writer: SqlitePool,
    /// Connections that only read; they see what was committed, and never wait for the writer.
    readers: SqlitePool,
    file: Arc<StoreFile>,
}

impl Sqlite {
    /// Opens the file, made with mode 0600 when it is not there, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or is in use by another process.
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
        // A process that was killed leaves a log with payloads that were erased since, and sealing leaves raw values there.
        // It also brings the id to the file.
        let readers = readers(file.path()).await.map_err(unusable)?;
        file.expect_id(id);
        let open = Open {
            writer,
            readers,
            file: Arc::new(file),
        };
        empty_log(&open, BUSY).await.map_err(unusable)?;
        Ok(Self {
            open: ArcSwap::from_pointee(open),
            behind: Semaphore::new(1),
            mending: Mutex::default(),
            damaged: AtomicBool::new(false),
            erased: AtomicBool::new(false),
            overdue: purge::Overdue::default(),
        })
    }

    /// A transaction of what cannot wait: intake, and what people click.
    async fn begin(&self) -> Result<Transaction<'static, Engine>, Error> {
        self.begin_as(BEGIN).await
    }

    async fn begin_as(&self, statement: &'static str) -> Result<Transaction<'static, Engine>, Error> {
        let open = self.open.load_full();
        let transaction = self.told(open.writer.begin_with(statement).await)?;
        // Only now: while this waited for the connection, the file may have been mended.
        self.intact(&open)?;
        open.file.note_log();
        Ok(transaction)
    }

    /// Fails when the file is not what the connections take it for.
    fn intact(&self, open: &Open) -> Result<(), Error> {
        let fault = match open.file.check() {
            Ok(()) if self.damaged.load(Ordering::Acquire) => FileFault::Damaged,
            Ok(()) => return Ok(()),
            Err(fault) => fault,
        };
        if fault == FileFault::Damaged {
            self.damaged.store(true, Ordering::Release);
        }
        Err(lost(&open.file, fault))
    }

    /// The result of reading. When that failed and the file is at fault, the fault is the better reason.
    fn told<T>(&self, read: Result<T, sqlx::Error>) -> Result<T, Error> {
        read.map_err(|cause| match self.intact(&self.open.load_full()) {
            Err(lost) => lost,
            Ok(()) => cause.into(),
        })
    }

    fn readers(&self) -> SqlitePool {
        self.open.load().readers.clone()
    }

    /// The place in the queue of what can wait; held until the transaction has ended.
    async fn behind(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.behind.acquire().await.ok()
    }

    /// Mends what can be mended: a file that was deleted is written anew from the connections, which still have all of
    /// it; one whose content was restored is opened anew.
    async fn mend(&self) -> Result<(), Error> {
        let _alone = self.mending.lock().await;
        let open = self.open.load_full();
        match open.file.check() {
            Ok(()) if !self.damaged.load(Ordering::Acquire) => Ok(()),
            Ok(()) | Err(FileFault::LogDamaged) => self.reopen(&open).await,
            Err(FileFault::Removed) => self.restore(&open).await,
            Err(FileFault::LogRemoved) => {
                // The connections have the log still open: what is in it goes into the file.
                empty_log(&open, BUSY).await?;
                self.reopen(&open).await
            }
            Err(fault) => {
                if fault == FileFault::Damaged {
                    self.damaged.store(true, Ordering::Release);
                }
                Err(lost(&open.file, fault))
            }
        }
    }

    async fn reopen(&self, open: &Open) -> Result<(), Error> {
        open.close().await;
        open.file.forget_log();
        let fresh = Open::again(Arc::clone(&open.file)).await?;
        let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&fresh.writer)
            .await?;
        self.open.store(Arc::new(fresh));
        if found != "ok" {
            error!(found, "the store's file is still damaged");
            return Err(lost(&open.file, FileFault::Damaged));
        }
        self.damaged.store(false, Ordering::Release);
        warn!("the store's file is back and is used again");
        Ok(())
    }

    async fn restore(&self, open: &Open) -> Result<(), Error> {
        let path = open.file.path().to_owned();
        let failed = |cause| Error::Open {
            path: path.clone(),
            cause,
        };
        let copy = with_suffix(&path, ".restored");
        let _ = std::fs::remove_file(&copy);
        // Made private before anything is in it.
        drop(StoreFile::open(&copy)?);
        sqlx::query("VACUUM INTO ?")
            .bind(copy.to_string_lossy())
            .execute(&open.writer)
            .await?;
        std::fs::File::open(&copy)
            .and_then(|copy| copy.sync_all())
            .map_err(failed)?;
        // Not over a file that somebody put there meanwhile.
        std::fs::hard_link(&copy, &path).map_err(failed)?;
        std::fs::remove_file(&copy).map_err(failed)?;
        // The last connection to close deletes the log beside the path, so this comes before the new ones.
        open.close().await;
        open.file.remove_leftovers().map_err(failed)?;
        let mut file = StoreFile::open(&path)?;
        let writer = writer(&path).await?;
        file.expect_id(id_of(&writer).await?);
        let readers = readers(&path).await?;
        self.open.store(Arc::new(Open {
            writer,
            readers,
            file: Arc::new(file),
        }));
        warn!(path = %path.display(), "the store's file was deleted; all that it held was written to a new one");
        Ok(())
    }
}

impl Open {
    /// New connections to the same file.
    async fn again(file: Arc<StoreFile>) -> Result<Self, Error> {
        Ok(Self {
            writer: writer(file.path()).await?,
            readers: readers(file.path()).await?,
            file,
        })
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn lost(file: &StoreFile, fault: FileFault) -> Error {
    Error::Lost {
        path: file.path().to_owned(),
        fault,
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        // Erased payloads must not stay readable in free pages.
        .pragma("secure_delete", "ON")
}

async fn writer(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    pool(1).connect_with(options(path)).await
}

async fn readers(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    pool(READERS).connect_with(options(path).read_only(true)).await
}

/// A pool that replaces a connection whose transaction could not be ended, as on a full disk: SQLite and sqlx disagree
/// about it from then on, and every later transaction on it would fail.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .after_release(|connection, _| {
            Box::pin(async move {
                // A rollback that was begun when a transaction was dropped is done before this is answered.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
}

/// The id of the store, kept where the file's header can be read without SQLite. A store without one gets one.
async fn id_of(writer: &SqlitePool) -> Result<u32, sqlx::Error> {
    let id: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(writer).await?;
    if let Ok(id) = u32::try_from(id)
        && id != 0
    {
        return Ok(id);
    }
    let id = (Uuid::new_v4().as_u128() as u32 & 0x7fff_ffff) | 1;
    sqlx::query(AssertSqlSafe(format!("PRAGMA user_version = {id}")))
        .execute(writer)
        .await?;
    Ok(id)
}

/// Brings the write-ahead log into the file and cuts it to nothing. `false` when a reader was in the way for so long.
async fn empty_log(open: &Open, patience: Duration) -> Result<bool, sqlx::Error> {
    let mut connection = open.writer.acquire().await?;
    let wait = |wait: Duration| AssertSqlSafe(format!("PRAGMA busy_timeout = {}", wait.as_millis()));
    sqlx::query(wait(patience)).execute(&mut *connection).await?;
    open.file.expect_short_log();
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(&mut *connection)
        .await;
    sqlx::query(wait(BUSY)).execute(&mut *connection).await?;
    Ok(row?.try_get::<i64, _>(0)? == 0)
}

#[async_trait]
impl Store for Sqlite {
    async fn receive(&self, arrivals: &[Arrival], now: Timestamp) -> Result<Vec<Receipt>, Error> {
        let mut transaction = self.begin().await?;
        let mut receipts = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            receipts.push(inbox::receive(&mut transaction, arrival, now).await?);
        }
        transaction.commit().await?;
        // What is acknowledged must be in the file that is there, not in one that was taken away meanwhile.
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
        let begun = inbox::begin(&mut transaction, seq).await?;
        transaction.commit().await?;
        Ok(begun)
    }

    async fn release(&self, seq: Option<i64>) -> Result<(), Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin_as(BEGIN_UNFLUSHED).await?;
        inbox::release(&mut transaction, seq).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn finish(&self, row: &Waiting, done: &Done, now: Timestamp) -> Result<bool, Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        if !inbox::finish(&mut transaction, row, now).await? {
            return Ok(false);
        }
        if !cases::conclude(&mut transaction, done, None, now).await? {
            return Ok(false);
        }
        transaction.commit().await?;
        self.erased.store(true, Ordering::Release);
        Ok(true)
    }

    async fn conclude(&self, done: &Done, user: Option<&str>, now: Timestamp) -> Result<bool, Error> {
        let mut transaction = self.begin().await?;
        if !cases::conclude(&mut transaction, done, user, now).await? {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn set_aside(&self, key: &str, why: Why, now: Timestamp) -> Result<(), Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        inbox::set_aside(&mut transaction, key, why, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn inbox(&self) -> Result<InboxCounts, Error> {
        self.told(inbox::counts(&self.readers()).await)
    }

    async fn missed_before(&self, before: Timestamp) -> Result<Vec<Missed>, Error> {
        self.told(inbox::missed_before(&self.readers(), before).await)
    }

    async fn tell_missed(&self, missed: &Missed, post: Option<&NewPost>, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        // More may have been noted meanwhile: then it is told later, with those.
        if inbox::forget_missed(&mut transaction, missed).await?
            && let Some(post) = post
        {
            outbox::add(&mut transaction, std::slice::from_ref(post), None, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn enqueue(&self, posts: &[NewPost], now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        outbox::add(&mut transaction, posts, None, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn due(&self, now: Timestamp) -> Result<Due, Error> {
        self.told(outbox::due(&self.readers(), now).await)
    }

    async fn sending(&self, key: &str, now: Timestamp) -> Result<Turn, Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        let turn = outbox::turn(&mut transaction, key, now).await?;
        transaction.commit().await?;
        Ok(turn)
    }

    async fn settle(&self, key: &str, settled: &Settled) -> Result<(), Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        outbox::settle(&mut transaction, key, settled).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn posted(&self, key: &str) -> Result<Option<Place>, Error> {
        self.told(outbox::posted(&self.readers(), key).await)
    }

    async fn recover(&self, lookup_after: Duration) -> Result<u64, Error> {
        let mut transaction = self.begin().await?;
        let changed = outbox::recover(&mut transaction, lookup_after).await?;
        transaction.commit().await?;
        Ok(changed)
    }

    async fn recover_inbox(&self) -> Result<u64, Error> {
        let mut transaction = self.begin().await?;
        let counted = inbox::recover(&mut transaction).await?;
        transaction.commit().await?;
        Ok(counted)
    }

    async fn purge(&self, now: Timestamp, retention: Retention) -> Result<Purged, Error> {
        let purged = self.purge_in_chunks(now, retention).await?;
        self.scrub().await?;
        Ok(purged)
    }

    async fn scrub(&self) -> Result<bool, Error> {
        let open = self.open.load_full();
        self.intact(&open)?;
        self.erased.store(false, Ordering::Release);
        // Nobody's click waits for a reader that is slow.
        let emptied = empty_log(&open, Duration::from_millis(50)).await;
        if !matches!(emptied, Ok(true)) {
            self.erased.store(true, Ordering::Release);
        }
        Ok(emptied?)
    }

    fn wants_scrub(&self) -> bool {
        self.erased.load(Ordering::Acquire)
    }

    async fn check(&self, now: Timestamp) -> Result<(), Error> {
        self.mend().await?;
        let mut transaction = self.begin_as(BEGIN_UNFLUSHED).await?;
        sqlx::query("INSERT INTO heartbeat (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at")
            .bind(now.as_millisecond())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}
