//! Migrations from an empty file to the current tables. sqlx's own macro would compile SQLite a second time, for the
//! host.

use std::borrow::Cow;
use std::sync::LazyLock;

use rust_embed::RustEmbed;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};

/// The files: each name begins with its number in four digits. A released file is never changed: its checksum is in existing stores.
#[derive(RustEmbed)]
#[folder = "migrations/sqlite"]
struct Files;

/// Migrator that brings a store up to date.
pub(super) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut names: Vec<Cow<'static, str>> = Files::iter().collect();
    names.sort();
    let migrations = names.into_iter().filter_map(|name| {
        let version = name.get(..4)?.parse().ok()?;
        let sql = String::from_utf8(Files::get(&name)?.data.into_owned()).ok()?;
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
});
