//! Access to a store that the bot has open.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use super::{BEGIN, MIGRATIONS, Sqlite, cases, inbox};
use crate::store::{CaseRow, Error, InboxRow, RunRow, Runs, ShadowAnswers};

impl Sqlite {
    /// Opens the file for reading alone, beside the bot that may have it open: takes no lock, makes nothing and changes
    /// nothing.
    ///
    /// # Errors
    ///
    /// When there is no file, when it cannot be read, and when it is of another version.
    pub async fn read_only(path: &Path) -> Result<impl Runs + ShadowAnswers, Error> {
        beside(path, true).await
    }

    /// The rows of the inbox that wait or were set aside, the oldest first, beside the bot that may have the file open.
    ///
    /// # Errors
    ///
    /// As [`Self::read_only`].
    pub async fn inbox_rows(path: &Path, limit: u32) -> Result<Vec<InboxRow>, Error> {
        let pool = beside(path, true).await?;
        Ok(inbox::list(&pool, limit).await?)
    }

    /// A case by its id, or the newest of a thread (channel and `ts`), with the runs that belong to it, beside the bot that
    /// may have the file open.
    ///
    /// # Errors
    ///
    /// As [`Self::read_only`].
    pub async fn case_with_runs(
        path: &Path,
        id: &str,
        thread: Option<(&str, &str)>,
    ) -> Result<Option<(CaseRow, Vec<RunRow>)>, Error> {
        let pool = beside(path, true).await?;
        let Some(case) = cases::one(&pool, id, thread).await? else {
            return Ok(None);
        };
        let runs = pool.runs_of_case(&case.id).await?;
        Ok(Some((case, runs)))
    }

    /// Lets rows that were set aside wait again: the one with this key, or all. Tells how many. The bot may have the file
    /// open; it looks at its inbox every few seconds.
    ///
    /// # Errors
    ///
    /// As [`Self::read_only`], and when the file cannot be written.
    pub async fn retry(path: &Path, key: Option<&str>) -> Result<u64, Error> {
        let pool = beside(path, false).await?;
        let mut transaction = pool.begin_with(BEGIN).await?;
        let retried = inbox::retry(&mut transaction, key).await?;
        transaction.commit().await?;
        pool.close().await;
        Ok(retried)
    }
}

/// Opens a file that another process may have open: takes no lock, makes nothing.
async fn beside(path: &Path, read_only: bool) -> Result<SqlitePool, Error> {
    let missing = || Error::Missing { path: path.to_owned() };
    // SQLite does not say why it cannot open a file.
    let file = File::open(path).map_err(|cause| match cause.kind() {
        ErrorKind::NotFound => missing(),
        _ => Error::Open {
            path: path.to_owned(),
            cause,
        },
    })?;
    // Made, and not filled yet.
    if file.metadata().is_ok_and(|found| found.is_file() && found.len() == 0) {
        return Err(missing());
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(read_only)
        .busy_timeout(Duration::from_secs(10))
        .pragma("secure_delete", "ON");
    let unusable = |cause| Error::Unusable {
        path: path.to_owned(),
        cause,
    };
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .map_err(unusable)?;
    let applied: Vec<i64> = applied(&pool).await.map_err(unusable)?;
    if applied.iter().any(|version| !MIGRATIONS.version_exists(*version)) {
        return Err(Error::Newer { path: path.to_owned() });
    }
    if MIGRATIONS.iter().any(|migration| !applied.contains(&migration.version)) {
        return Err(Error::Older { path: path.to_owned() });
    }
    Ok(pool)
}

async fn applied(pool: &SqlitePool) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
        .fetch_all(pool)
        .await
}
