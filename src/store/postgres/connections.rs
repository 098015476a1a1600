//! Connections to the database, and the versions of its schema.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::Connection as _;
use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use tracing::warn;
use url::Url;

use super::{MIGRATIONS, limited};
use crate::store::{Error, migrations};

/// Connections for transactions.
const WRITERS: u32 = 8;
/// Of these, the most that tasks working through a queue use at once.
pub(super) const BEHIND: usize = 4;
/// Connections that read.
const READERS: u32 = 4;
/// Time to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// Newest migrations that this version may not know: a newer version may work beside it while replicas are upgraded.
const TOLERATED: usize = 1;

/// The address of a database for people: without the password and the parameters.
pub fn display(url: &SecretString) -> String {
    let hidden = || "postgres://…".to_owned();
    let Ok(mut url) = Url::parse(url.expose_secret()) else {
        return hidden();
    };
    // `user:12/34@host`: a password with a slash that is not escaped reads as a port and a path.
    if url.path().contains('@') || url.fragment().is_some() {
        return hidden();
    }
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// Connects to a database: for transactions, and for reading alone.
pub(super) async fn open(url: &SecretString) -> Result<(PgPool, PgPool), Error> {
    let options = reachable(url).await?;
    // A replica that was paused or cut off in the middle of a transaction must not hold its locks for longer than its leases
    // last: the others wait for them.
    let writers = pool(WRITERS).after_connect(|connection, _| {
        Box::pin(async move {
            let limit = "SELECT set_config('idle_in_transaction_session_timeout', '10s', false)";
            sqlx::query(limit).execute(connection).await.map(drop)
        })
    });
    Ok((
        writers.connect_lazy_with(options.clone()),
        pool(READERS).connect_lazy_with(options),
    ))
}

/// Connects to a database with one connection.
pub(super) async fn one(url: &SecretString) -> Result<PgPool, Error> {
    Ok(pool(1).connect_lazy_with(reachable(url).await?))
}

/// Connects once: a pool would hide why it cannot.
async fn reachable(url: &SecretString) -> Result<PgConnectOptions, Error> {
    let options = options(url)?;
    let connected = limited(async { PgConnection::connect_with(&options).await?.close().await });
    connected.await.map_err(|cause| unreachable(url, cause))?;
    Ok(options)
}

fn options(url: &SecretString) -> Result<PgConnectOptions, Error> {
    let options = PgConnectOptions::from_str(url.expose_secret()).map_err(|cause| unreachable(url, cause))?;
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("signpost"),
    })
}

fn unreachable(url: &SecretString, cause: sqlx::Error) -> Error {
    Error::Unreachable {
        place: display(url),
        cause,
    }
}

fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
}

/// Brings the schema up to date, while other replicas wait. Tolerates a schema that is newer by one migration.
pub(super) async fn upgrade(writers: &PgPool, place: &str) -> Result<(), Error> {
    let path = || PathBuf::from(place);
    let mut migrator = migrations::postgres();
    let unknown = unknown(&applied(writers).await?);
    if unknown > TOLERATED {
        return Err(Error::Newer { path: path() });
    }
    if unknown > 0 {
        warn!("the store was upgraded by a newer version; this version can still use it, but upgrade it soon");
        migrator.set_ignore_missing(true);
    }
    migrator.run(writers).await.map_err(|cause| match cause {
        // Another replica upgraded the schema between the two looks.
        MigrateError::VersionMissing(_) => Error::Newer { path: path() },
        cause => Error::Migration {
            path: path(),
            cause: Box::new(cause),
        },
    })
}

/// Checks that the schema is one that this version can read.
pub(super) async fn check(pool: &PgPool, place: &str) -> Result<(), Error> {
    let path = PathBuf::from(place);
    let applied = applied(pool).await?;
    if applied.is_empty() {
        return Err(Error::Missing { path });
    }
    if unknown(&applied) > TOLERATED {
        return Err(Error::Newer { path });
    }
    if MIGRATIONS.iter().any(|migration| !applied.contains(&migration.version)) {
        return Err(Error::Older { path });
    }
    Ok(())
}

fn unknown(applied: &[i64]) -> usize {
    let known = |version: &&i64| MIGRATIONS.version_exists(**version);
    applied.len() - applied.iter().filter(known).count()
}

/// The migrations that the schema has had; none in an empty database.
async fn applied(pool: &PgPool) -> Result<Vec<i64>, sqlx::Error> {
    let any: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(pool)
        .await?;
    if !any {
        return Ok(Vec::new());
    }
    sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
        .fetch_all(pool)
        .await
}
