//! The store on one machine: SQLite with a write-ahead log, every commit on disk before it counts.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row as _, Sqlite as Engine, Transaction};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    Arrival, Done, Due, Error, NewPost, PAYLOADS_KEPT, Place, Purged, Receipt, Retention, Settled, Store, Turn, Waiting,
};

mod cases;
mod outbox;
mod reading;
mod runs;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Takes the write lock at once, so that a transaction never fails half-way because another one wrote first.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// Connections that read.
const READERS: u32 = 4;

/// Forgets what is older than a time, in this order: what people still work on keeps what belongs to it.
const FORGET: [&str; 6] = [
    "DELETE FROM inbox WHERE state <> 'waiting' AND received_at < ?",
    "DELETE FROM case_people WHERE case_id IN (SELECT id FROM cases WHERE updated_at < ?)",
    "DELETE FROM cases WHERE updated_at < ?",
    "DELETE FROM answers WHERE answered_at < ? AND (case_id IS NULL OR case_id NOT IN (SELECT id FROM cases))",
    "DELETE FROM runs WHERE live = 0 AND updated_at < ? AND (case_id IS NULL OR case_id NOT IN (SELECT id FROM cases))",
    // The card of a case, and the other messages of its thread (its card may have moved); a run's messages, whose keys
    // end in the run's id, and those of its thread.
    "DELETE FROM outbox WHERE state NOT IN ('pending', 'sending', 'uncertain') AND created_at < ?
     AND (action <> 'post' OR (key NOT IN (SELECT post FROM cases WHERE post IS NOT NULL)
     AND substr(key, instr(key, ':') + 1) NOT IN (SELECT id FROM runs)
     AND (thread_ts IS NULL OR (channel, thread_ts) NOT IN (
         SELECT channel, thread_ts FROM cases WHERE thread_ts IS NOT NULL
         UNION ALL SELECT channel, thread_ts FROM runs WHERE thread_ts IS NOT NULL))))",
];

/// A SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    /// The one connection that writes.
    writer: SqlitePool,
    /// Connections that only read; they see what was committed, and never wait for the writer.
    readers: SqlitePool,
    /// Who works through a queue takes this before the writer, so that a person's click waits for one transaction at
    /// most, never for a row of them.
    behind: Semaphore,
    /// Held while the store is open: two bots on one file would post everything twice.
    _lock: File,
}

impl Sqlite {
    /// Opens the file, made with mode 0600 when it is not there, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or is in use by another process.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        let open = |cause| Error::Open {
            path: path.to_owned(),
            cause,
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(open)?;
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = private(&PathBuf::from(name)).map_err(open)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(cause)) => return Err(open(cause)),
        }
        // SQLite gives its log and index files the mode of the database, so it must exist before SQLite opens it.
        drop(private(path).map_err(open)?);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            // Erased payloads must not stay readable in free pages.
            .pragma("secure_delete", "ON");
        let unusable = |cause| Error::Unusable {
            path: path.to_owned(),
            cause,
        };
        // SQLite has one writer at a time anyway.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await
            .map_err(unusable)?;
        MIGRATIONS.run(&writer).await.map_err(|cause| match cause {
            MigrateError::VersionMissing(_) => Error::Newer { path: path.to_owned() },
            cause => Error::Migration {
                path: path.to_owned(),
                cause: Box::new(cause),
            },
        })?;
        runs::seal(&writer).await.map_err(unusable)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.read_only(true))
            .await
            .map_err(unusable)?;
        Ok(Self {
            writer,
            readers,
            behind: Semaphore::new(1),
            _lock: lock,
        })
    }

    /// A transaction of what cannot wait: intake, and what people click.
    async fn begin(&self) -> Result<Transaction<'static, Engine>, Error> {
        Ok(self.writer.begin_with(BEGIN).await?)
    }

    /// The place in the queue of what can wait; held until the transaction has ended.
    async fn behind(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.behind.acquire().await.ok()
    }
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[async_trait]
impl Store for Sqlite {
    async fn receive(&self, arrivals: &[Arrival], now: Timestamp) -> Result<Vec<Receipt>, Error> {
        let mut transaction = self.begin().await?;
        let mut receipts = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            receipts.push(receive_one(&mut transaction, arrival, now).await?);
        }
        transaction.commit().await?;
        Ok(receipts)
    }

    async fn take(&self, after: i64, limit: u32) -> Result<Vec<Waiting>, Error> {
        let _behind = self.behind().await;
        let rows = sqlx::query(
            "UPDATE inbox SET attempts = attempts + 1
             WHERE seq IN (SELECT seq FROM inbox WHERE state = 'waiting' AND seq > ? ORDER BY seq LIMIT ?)
             RETURNING seq, key, lane, mentioned, payload, attempts",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(&self.writer)
        .await?;
        let mut rows = rows.iter().map(waiting).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|row| row.seq);
        Ok(rows)
    }

    async fn waiting(&self, key: &str) -> Result<Option<Waiting>, Error> {
        let row = sqlx::query(
            "SELECT seq, key, lane, mentioned, payload, attempts FROM inbox WHERE key = ? AND state = 'waiting'",
        )
        .bind(key)
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.as_ref().map(waiting).transpose()?)
    }

    async fn finish(&self, row: &Waiting, done: &Done, now: Timestamp) -> Result<bool, Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        let marked = sqlx::query(
            "UPDATE inbox SET state = 'handled', handled_at = ?, payload = NULL
             WHERE seq = ? AND mentioned = ? AND state = 'waiting'",
        )
        .bind(now.as_millisecond())
        .bind(row.seq)
        .bind(row.mentioned)
        .execute(&mut *transaction)
        .await?;
        if marked.rows_affected() == 0 {
            return Ok(false);
        }
        if !cases::conclude(&mut transaction, done, None, now).await? {
            return Ok(false);
        }
        transaction.commit().await?;
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

    async fn set_aside(&self, key: &str, now: Timestamp) -> Result<(), Error> {
        sqlx::query("UPDATE inbox SET state = 'set_aside', handled_at = ? WHERE key = ? AND state = 'waiting'")
            .bind(now.as_millisecond())
            .bind(key)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn enqueue(&self, posts: &[NewPost], now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        outbox::add(&mut transaction, posts, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn due(&self, now: Timestamp) -> Result<Due, Error> {
        Ok(outbox::due(&self.readers, now).await?)
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
        Ok(outbox::posted(&self.readers, key).await?)
    }

    async fn recover(&self, lookup_after: Duration) -> Result<u64, Error> {
        Ok(outbox::recover(&self.writer, lookup_after).await?)
    }

    async fn purge(&self, now: Timestamp, retention: Retention) -> Result<Purged, Error> {
        let old = before(now, retention.answers);
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        let unhandled = sqlx::query(
            "UPDATE inbox SET state = 'set_aside', handled_at = ? WHERE state = 'waiting' AND received_at < ?",
        )
        .bind(now.as_millisecond())
        .bind(before(now, PAYLOADS_KEPT))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        let erased = sqlx::query("UPDATE inbox SET payload = NULL WHERE payload IS NOT NULL AND received_at < ?")
            .bind(before(now, PAYLOADS_KEPT))
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        let mut forgotten = 0;
        for statement in FORGET {
            forgotten += sqlx::query(statement)
                .bind(old)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
        }
        forgotten += sqlx::query("DELETE FROM audit WHERE at < ?")
            .bind(before(now, retention.audit))
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        transaction.commit().await?;
        self.scrub().await?;
        Ok(Purged {
            forgotten,
            erased,
            unhandled,
        })
    }

    async fn scrub(&self) -> Result<(), Error> {
        // The write-ahead log keeps pages of before.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn check(&self) -> Result<(), Error> {
        self.begin().await?.rollback().await?;
        Ok(())
    }
}

async fn receive_one(
    transaction: &mut Transaction<'static, Engine>,
    arrival: &Arrival,
    now: Timestamp,
) -> Result<Receipt, sqlx::Error> {
    let known = sqlx::query("SELECT state, mentioned FROM inbox WHERE key = ?")
        .bind(&arrival.key)
        .fetch_optional(&mut **transaction)
        .await?;
    let mut receipt = Receipt::New;
    if let Some(row) = known {
        let state: String = row.try_get("state")?;
        if row.try_get::<bool, _>("mentioned")? || !arrival.mentioned {
            return Ok(Receipt::Known);
        }
        if state == "waiting" {
            sqlx::query("UPDATE inbox SET mentioned = 1 WHERE key = ?")
                .bind(&arrival.key)
                .execute(&mut **transaction)
                .await?;
            return Ok(Receipt::Mentioned);
        }
        // Handled before the mention was known: it goes through again, as a row of its own at the end of the order.
        sqlx::query("DELETE FROM inbox WHERE key = ?")
            .bind(&arrival.key)
            .execute(&mut **transaction)
            .await?;
        receipt = Receipt::Reopened;
    }
    sqlx::query("INSERT INTO inbox (key, lane, mentioned, payload, received_at, state) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(&arrival.key)
        .bind(&arrival.lane)
        .bind(arrival.mentioned)
        .bind(&arrival.payload)
        .bind(now.as_millisecond())
        .bind(if arrival.decoded { "waiting" } else { "set_aside" })
        .execute(&mut **transaction)
        .await?;
    Ok(receipt)
}

fn before(now: Timestamp, age: Duration) -> i64 {
    now.as_millisecond()
        .saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}

fn waiting(row: &SqliteRow) -> Result<Waiting, sqlx::Error> {
    Ok(Waiting {
        seq: row.try_get("seq")?,
        key: row.try_get("key")?,
        lane: row.try_get("lane")?,
        mentioned: row.try_get("mentioned")?,
        payload: row.try_get::<Option<String>, _>("payload")?.unwrap_or_default(),
        attempts: row.try_get("attempts")?,
    })
}
