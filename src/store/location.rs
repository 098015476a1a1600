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
pub enum Location {
    /// An SQLite file.
    File(PathBuf),
    /// The URL of a PostgreSQL database.
    Database(SecretString),
}

impl From<&StoreSettings> for Location {
    fn from(settings: &StoreSettings) -> Self {
        match settings.database() {
            Some(url) => Self::Database(url.clone()),
            None => Self::File(settings.path.clone()),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Database(url) => f.write_str(&postgres::display(url)),
        }
    }
}

/// Read access to a store for commands.
pub trait Reading: Runs + ShadowAnswers {}

impl<T: Runs + ShadowAnswers> Reading for T {}

/// Opens the store that the bot works with, and brings it up to date.
///
/// # Errors
///
/// As [`Sqlite::open`] and [`Postgres::open`].
pub async fn open(location: &Location) -> Result<Arc<dyn Store>, Error> {
    // The futures are large, and one of them is rarely made.
    Ok(match location {
        Location::File(path) => Arc::new(Box::pin(Sqlite::open(path)).await?),
        Location::Database(url) => Arc::new(Box::pin(Postgres::open(url)).await?),
    })
}

/// Opens a store for reading alone, beside the bot that may have it open.
///
/// # Errors
///
/// As [`Sqlite::read_only`] and [`Postgres::read_only`].
pub async fn read_only(location: &Location) -> Result<Box<dyn Reading>, Error> {
    Ok(match location {
        Location::File(path) => Box::new(Sqlite::read_only(path).await?),
        Location::Database(url) => Box::new(Postgres::read_only(url).await?),
    })
}

/// The rows of the inbox that wait or were set aside, the oldest first.
///
/// # Errors
///
/// As [`read_only`].
pub async fn inbox_rows(location: &Location, limit: u32) -> Result<Vec<InboxRow>, Error> {
    match location {
        Location::File(path) => Sqlite::inbox_rows(path, limit).await,
        Location::Database(url) => Postgres::inbox_rows(url, limit).await,
    }
}

/// A case by its id, or the newest of a thread (channel and `ts`), with the runs that belong to it.
///
/// # Errors
///
/// As [`read_only`].
pub async fn case_with_runs(
    location: &Location,
    id: &str,
    thread: Option<(&str, &str)>,
) -> Result<Option<(CaseRow, Vec<RunRow>)>, Error> {
    match location {
        Location::File(path) => Sqlite::case_with_runs(path, id, thread).await,
        Location::Database(url) => Postgres::case_with_runs(url, id, thread).await,
    }
}

/// Lets rows that were set aside wait again: the one with this key, or all. Tells how many.
///
/// # Errors
///
/// As [`read_only`], and when the store cannot be written.
pub async fn retry(location: &Location, key: Option<&str>) -> Result<u64, Error> {
    match location {
        Location::File(path) => Sqlite::retry(path, key).await,
        Location::Database(url) => Postgres::retry(url, key).await,
    }
}
