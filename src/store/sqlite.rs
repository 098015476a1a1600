//! The store on one machine: SQLite with a write-ahead log, every commit on disk before it counts.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row as _, Sqlite as Engine, Transaction};

mod cases;

use super::{Arrival, Done, Error, NewPost, PAYLOADS_KEPT, Post, PostState, Purged, Receipt, Settled, Store, Waiting};

/// Takes the write lock at once, so that a transaction never fails half-way because another one wrote first.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// A SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    pool: SqlitePool,
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
        // One connection: SQLite has one writer anyway, and nothing here reads for long.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .map_err(unusable)?;
        sqlx::migrate!("migrations/sqlite")
            .run(&pool)
            .await
            .map_err(|cause| Error::Migration {
                path: path.to_owned(),
                cause: Box::new(cause),
            })?;
        Ok(Self { pool, _lock: lock })
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
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        let mut receipts = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            receipts.push(receive_one(&mut transaction, arrival, now).await?);
        }
        transaction.commit().await?;
        Ok(receipts)
    }

    async fn take(&self, after: i64, limit: u32) -> Result<Vec<Waiting>, Error> {
        let rows = sqlx::query(
            "UPDATE inbox SET attempts = attempts + 1
             WHERE seq IN (SELECT seq FROM inbox WHERE state = 'waiting' AND seq > ? ORDER BY seq LIMIT ?)
             RETURNING seq, key, lane, mentioned, payload, attempts",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(&self.pool)
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
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.as_ref().map(waiting).transpose()?)
    }

    async fn finish(&self, row: &Waiting, done: &Done, now: Timestamp) -> Result<bool, Error> {
        let mut transaction = self.pool.begin_with(BEGIN).await?;
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
        for case in &done.cases {
            if !cases::write(&mut transaction, case, None, now).await? {
                return Ok(false);
            }
        }
        for answered in &done.answered {
            sqlx::query(
                "INSERT INTO answers (message, about, answered_at, post, case_id) VALUES (?, ?, ?, ?, ?)
                 ON CONFLICT (message) DO UPDATE SET about = excluded.about, post = excluded.post,
                 case_id = excluded.case_id",
            )
            .bind(&answered.message)
            .bind(&answered.about)
            .bind(now.as_millisecond())
            .bind(&answered.post)
            .bind(&answered.case)
            .execute(&mut *transaction)
            .await?;
        }
        for case in &done.forget {
            cases::forget(&mut transaction, case).await?;
        }
        add_posts(&mut transaction, &done.posts, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn set_aside(&self, key: &str, now: Timestamp) -> Result<(), Error> {
        sqlx::query("UPDATE inbox SET state = 'set_aside', handled_at = ? WHERE key = ? AND state = 'waiting'")
            .bind(now.as_millisecond())
            .bind(key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn unsent(&self) -> Result<Vec<Post>, Error> {
        let rows = sqlx::query(
            "SELECT seq, key, channel, thread_ts, body, state, attempts, next_at, first_try_at FROM outbox
             WHERE state IN ('pending', 'sending', 'uncertain') ORDER BY seq LIMIT 500",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().map(post).collect::<Result<Vec<_>, _>>()?)
    }

    async fn sending(&self, key: &str, now: Timestamp) -> Result<bool, Error> {
        let marked = sqlx::query(
            "UPDATE outbox SET state = 'sending', attempts = attempts + 1, next_at = ?,
             first_try_at = coalesce(first_try_at, ?) WHERE key = ? AND state IN ('pending', 'uncertain')",
        )
        .bind(now.as_millisecond())
        .bind(now.as_millisecond())
        .bind(key)
        .execute(&self.pool)
        .await?;
        Ok(marked.rows_affected() == 1)
    }

    async fn settle(&self, key: &str, settled: &Settled) -> Result<(), Error> {
        sqlx::query(
            "UPDATE outbox SET state = ?1, next_at = ?2, posted_ts = coalesce(?3, posted_ts), error = ?4,
             body = CASE WHEN ?1 = 'sent' THEN NULL ELSE coalesce(?5, body) END WHERE key = ?6",
        )
        .bind(settled.state.as_str())
        .bind(settled.next_at.as_millisecond())
        .bind(&settled.posted_ts)
        .bind(&settled.error)
        .bind(&settled.body)
        .bind(key)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn recover(&self, lookup_after: Duration) -> Result<u64, Error> {
        // `next_at` holds when the last try began.
        let changed =
            sqlx::query("UPDATE outbox SET state = 'uncertain', next_at = next_at + ? WHERE state = 'sending'")
                .bind(milliseconds(lookup_after))
                .execute(&self.pool);
        Ok(changed.await?.rows_affected())
    }

    async fn purge(&self, now: Timestamp, retention: Duration) -> Result<Purged, Error> {
        let old = before(now, retention);
        let mut transaction = self.pool.begin_with(BEGIN).await?;
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
        for statement in [
            "DELETE FROM inbox WHERE state <> 'waiting' AND received_at < ?",
            "DELETE FROM outbox WHERE state IN ('sent', 'failed') AND created_at < ?",
            "DELETE FROM answers WHERE answered_at < ?",
            "DELETE FROM case_people WHERE case_id IN (SELECT id FROM cases WHERE updated_at < ?)",
            "DELETE FROM cases WHERE updated_at < ?",
        ] {
            forgotten += sqlx::query(statement)
                .bind(old)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
        }
        transaction.commit().await?;
        // What was erased must not live on in the write-ahead log.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&self.pool)
            .await?;
        Ok(Purged {
            forgotten,
            erased,
            unhandled,
        })
    }

    async fn check(&self) -> Result<(), Error> {
        self.pool.begin_with(BEGIN).await?.rollback().await?;
        Ok(())
    }
}

/// Adds posts to the outbox; one whose key is there already is not added again.
async fn add_posts(
    transaction: &mut Transaction<'static, Engine>,
    posts: &[NewPost],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    for post in posts {
        sqlx::query(
            "INSERT INTO outbox (key, channel, thread_ts, body, state, created_at, next_at)
             VALUES (?, ?, ?, ?, 'pending', ?, ?) ON CONFLICT (key) DO NOTHING",
        )
        .bind(&post.key)
        .bind(&post.channel)
        .bind(&post.thread_ts)
        .bind(&post.body)
        .bind(now.as_millisecond())
        .bind(now.as_millisecond())
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
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

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
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

fn post(row: &SqliteRow) -> Result<Post, sqlx::Error> {
    let state: String = row.try_get("state")?;
    Ok(Post {
        seq: row.try_get("seq")?,
        key: row.try_get("key")?,
        channel: row.try_get("channel")?,
        thread_ts: row.try_get("thread_ts")?,
        body: row.try_get::<Option<String>, _>("body")?.unwrap_or_default(),
        state: PostState::parse(&state)
            .ok_or_else(|| sqlx::Error::Decode(format!("unknown state `{state}`").into()))?,
        attempts: row.try_get("attempts")?,
        next_at: time(row.try_get("next_at")?),
        first_try_at: row.try_get::<Option<i64>, _>("first_try_at")?.map(time),
    })
}

fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
