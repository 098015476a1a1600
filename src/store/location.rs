//! The place of a store, which decides on its engine, and the commands' access to it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use super::postgres::{self, Postgres};
use super::sqlite::Sqlite;
use super::{CaseRow, Error, InboxRow, RunRow, Runs, ShadowAnswers, Store};
use crate::settings::StoreSettings;

/// The place of a store. Formats as an address without a password.
#[derive(Debug, Clone)]
pub enum StoreLocation {
    /// An SQLite file.
    File(PathBuf),
    /// The URL of a PostgreSQL database.
    Database(SecretString),
}

impl From<&StoreSettings> for StoreLocation {
    fn from(settings: &StoreSettings) -> Self {
        match settings.database() {
            Some(url) => Self::Database(url.clone()),
            None => Self::File(settings.path.clone()),
        }
    }
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Database(url) => f.write_str(&postgres::display(url)),
        }
    }
}

/// Read access to a store for commands.
pub trait ReadOnlyStore: Runs + ShadowAnswers {}

impl<T: Runs + ShadowAnswers> ReadOnlyStore for T {}

/// Opens the store that the bot works with, and brings it up to date.
///
/// # Errors
///
/// As [`Sqlite::open`] and [`Postgres::open`].
pub async fn open(location: &StoreLocation) -> Result<Arc<dyn Store>, Error> {
    // The futures are large, and one of them is rarely made.
    Ok(match location {
        StoreLocation::File(path) => Arc::new(Box::pin(Sqlite::open(path)).await?),
        StoreLocation::Database(url) => Arc::new(Box::pin(Postgres::open(url)).await?),
    })
}

/// Opens a store for reading alone, beside the bot that may have it open.
///
/// # Errors
///
/// As [`Sqlite::read_only`] and [`Postgres::read_only`].
pub async fn read_only(location: &StoreLocation) -> Result<Box<dyn ReadOnlyStore>, Error> {
    Ok(match location {
        StoreLocation::File(path) => Box::new(Sqlite::read_only(path).await?),
        StoreLocation::Database(url) => Box::new(Postgres::read_only(url).await?),
    })
}

/// The rows of the inbox that wait or were set aside, the oldest first.
///
/// # Errors
///
/// As [`read_only`].
pub async fn inbox_rows(location: &StoreLocation, limit: u32) -> Result<Vec<InboxRow>, Error> {
    match location {
        StoreLocation::File(path) => Sqlite::inbox_rows(path, limit).await,
        StoreLocation::Database(url) => Postgres::inbox_rows(url, limit).await,
    }
}

/// A case by its id, or the newest of a thread (channel and `ts`), with the runs that belong to it.
///
/// # Errors
///
/// As [`read_only`].
pub async fn case_with_runs(
    location: &StoreLocation,
    id: &str,
    thread: Option<(&str, &str)>,
) -> Result<Option<(CaseRow, Vec<RunRow>)>, Error> {
    match location {
        StoreLocation::File(path) => Sqlite::case_with_runs(path, id, thread).await,
        StoreLocation::Database(url) => Postgres::case_with_runs(url, id, thread).await,
    }
}

/// Lets rows that were set aside wait again: the one with this key, or all. Tells how many.
///
/// # Errors
///
/// As [`read_only`], and when the store cannot be written.
pub async fn retry(location: &StoreLocation, key: Option<&str>) -> Result<u64, Error> {
    match location {
        StoreLocation::File(path) => Sqlite::retry(path, key).await,
        StoreLocation::Database(url) => Postgres::retry(url, key).await,
    }
}
