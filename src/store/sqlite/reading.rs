//! Reads a store that the bot has open.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use super::{MIGRATIONS, Sqlite};
use crate::store::{Error, Runs};

impl Sqlite {
    /// Opens the file for reading alone, beside the bot that may have it open: takes no lock, makes nothing and changes
    /// nothing.
    ///
    /// # Errors
    ///
    /// When there is no file, when it cannot be read, and when it is of another version.
    pub async fn read_only(path: &Path) -> Result<impl Runs, Error> {
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
            .read_only(true)
            .busy_timeout(Duration::from_secs(10));
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
}

async fn applied(pool: &SqlitePool) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
        .fetch_all(pool)
        .await
}
