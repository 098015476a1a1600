//! Migrations from an empty store to the current tables, a folder for each engine. sqlx's own macro would compile SQLite
//! a second time, for the host.

use std::borrow::Cow;
use std::sync::LazyLock;

use rust_embed::RustEmbed;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};

/// SQLite's files: each name begins with its number in four digits. A released file is never changed: its checksum is in
/// existing stores.
#[derive(RustEmbed)]
#[folder = "migrations/sqlite"]
struct SqliteFiles;

/// PostgreSQL's files, to which the same applies. Each only adds, so that the version before it goes on beside this one.
#[derive(RustEmbed)]
#[folder = "migrations/postgres"]
struct PostgresFiles;

/// Migrator that brings an SQLite store up to date.
pub(super) static SQLITE: LazyLock<Migrator> = LazyLock::new(migrator::<SqliteFiles>);
/// Migrator that brings a PostgreSQL store up to date.
pub(super) static POSTGRES: LazyLock<Migrator> = LazyLock::new(postgres);

/// A migrator of its own that brings a PostgreSQL store up to date.
pub(super) fn postgres() -> Migrator {
    migrator::<PostgresFiles>()
}

fn migrator<F: RustEmbed>() -> Migrator {
    let mut names: Vec<Cow<'static, str>> = F::iter().collect();
    names.sort();
    let migrations = names.into_iter().filter_map(|name| {
        let version = name.get(..4)?.parse().ok()?;
        let sql = String::from_utf8(F::get(&name)?.data.into_owned()).ok()?;
        let description = name.trim_end_matches(".sql").get(5..)?.replace('_', " ");
        let sql = AssertSqlSafe(sql).into_sql_str();
        Some(Migration::new(
            version,
            description.into(),
            MigrationType::Simple,
            sql,
            false,
        ))
    });
    Migrator::with_migrations(migrations.collect())
}
