//! Connections to the file: one that writes, some that read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use uuid::Uuid;

use super::BUSY;
use super::file::StoreFile;

/// Connections that read.
const READERS: u32 = 4;

/// Connections to the file, and the file itself, which must be closed after them.
#[derive(Debug)]
pub(super) struct Open {
    /// The one connection that writes: SQLite has one writer at a time anyway.
    pub(super) writer: SqlitePool,
    /// Connections that only read; they see what was committed, and never wait for the writer.
    pub(super) readers: SqlitePool,
    pub(super) file: Arc<StoreFile>,
}

impl Open {
    /// New connections to the same file.
    pub(super) async fn again(file: Arc<StoreFile>) -> Result<Self, sqlx::Error> {
        let writer = writer(file.path()).await?;
        match readers(file.path()).await {
            Ok(readers) => Ok(Self { writer, readers, file }),
            Err(cause) => {
                writer.close().await;
                Err(cause)
            }
        }
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// The first problem that SQLite finds in the file, if there is one.
    pub(super) async fn problem(&self) -> Result<Option<String>, sqlx::Error> {
        let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&self.writer)
            .await?;
        Ok((found != "ok").then_some(found))
    }

    /// Brings the write-ahead log into the file and cuts it to nothing. `false` when a reader was in the way for so long.
    pub(super) async fn empty_log(&self, patience: Duration) -> Result<bool, sqlx::Error> {
        let mut connection = self.writer.acquire().await?;
        let wait = |wait: Duration| AssertSqlSafe(format!("PRAGMA busy_timeout = {}", wait.as_millis()));
        sqlx::query(wait(patience)).execute(&mut *connection).await?;
        let emptying = self.file.emptying_log();
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut *connection)
            .await;
        drop(emptying);
        sqlx::query(wait(BUSY)).execute(&mut *connection).await?;
        Ok(row?.try_get::<i64, _>(0)? == 0)
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

pub(super) async fn writer(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    pool(1).connect_with(options(path)).await
}

pub(super) async fn readers(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    pool(READERS).connect_with(options(path).read_only(true)).await
}

/// A pool that replaces a connection whose transaction could not be ended, as on a full disk: SQLite and sqlx disagree
/// about it from then on, and every later transaction on it would fail. None is closed for its age: the last one to be
/// closed deletes the write-ahead log, which then looks as if somebody else had.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .max_lifetime(None)
        .idle_timeout(None)
        .after_release(|connection, _| {
            Box::pin(async move {
                // A rollback that was begun when a transaction was dropped is done before this is answered.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
}

/// The id of the store, kept where the file's header can be read without SQLite. A store without one gets one.
pub(super) async fn id_of(writer: &SqlitePool) -> Result<u32, sqlx::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_connection_is_closed_for_its_age() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signpost.db");
        drop(StoreFile::open(&path).unwrap());
        let writer = writer(&path).await.unwrap();
        for pool in [readers(&path).await.unwrap(), writer] {
            let options = pool.options();
            assert_eq!((options.get_max_lifetime(), options.get_idle_timeout()), (None, None));
        }
    }
}
