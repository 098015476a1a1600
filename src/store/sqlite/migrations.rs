//! Migrations from an empty file to the current tables. sqlx's own macro would compile SQLite a second time, for the
//! host.

use std::borrow::Cow;
use std::sync::LazyLock;

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")))),*]
    };
}

/// All files of `migrations/sqlite`, in order. A released file is never changed: its checksum is in existing stores.
const FILES: [(&str, &str); 8] = files![
    "0001_inbox_outbox_answers",
    "0002_outbox_actions",
    "0003_cases",
    "0004_runs",
    "0005_inbox_turns",
    "0006_run_fingerprints",
    "0007_case_lookups",
    "0008_outbox_expiry",
];

/// Migrator that brings a store up to date.
pub(super) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = Vec::with_capacity(FILES.len());
    for (version, (name, sql)) in (1..).zip(FILES) {
        let description = name.get(5..).unwrap_or(name).replace('_', " ");
        migrations.push(Migration::new(
            version,
            Cow::Owned(description),
            MigrationType::Simple,
            SqlStr::from_static(sql),
            false,
        ));
    }
    Migrator::with_migrations(migrations)
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_under_its_number() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let listed: Vec<String> = (1..)
            .zip(FILES)
            .map(|(number, (name, _))| {
                assert!(name.starts_with(&format!("{number:04}_")), "{name} is number {number}");
                format!("{name}.sql")
            })
            .collect();
        assert_eq!(files, listed);
    }
}
