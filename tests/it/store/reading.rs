//! The file: of an earlier version, after a start, and read beside the bot that has it open.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use signpost::store::{AuditQuery, Cases as _, RunRow, Runs as _, SetAsideReason};
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;

use super::runs::{entry, run};
use super::*;

pub(super) const ALL: AuditQuery = AuditQuery {
    since: None,
    run: None,
    job: None,
    user: None,
    limit: 99,
};

/// A store as the migrations up to a number made it.
pub(super) async fn store_of(path: &Path, last: &str) -> SqlitePool {
    let some = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir("migrations/sqlite").unwrap() {
        let file = file.unwrap();
        if file.file_name().to_str().unwrap() < last {
            std::fs::copy(file.path(), some.path().join(file.file_name())).unwrap();
        }
    }
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    Migrator::new(some.path()).await.unwrap().run(&pool).await.unwrap();
    pool
}

fn told(id: &str) -> Changes {
    Changes {
        runs: vec![run(id)],
        audit: vec![entry(0, "requested", Some(id))],
        ..Changes::default()
    }
}

#[tokio::test]
async fn a_store_from_before_there_were_runs_keeps_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let old = store_of(&path, "0004").await;
    for statement in [
        "INSERT INTO inbox (key, lane, mentioned, payload, received_at, state) VALUES ('a', 'T:C', 1, '{}', 1, 'waiting')",
        "INSERT INTO outbox (key, channel, body, state, created_at, next_at) VALUES ('card', 'C', 'x', 'pending', 1, 1)",
        "INSERT INTO cases (id, channel, fingerprint, post, version, body, created_at, updated_at)
         VALUES ('c', 'C', 'f', 'card', 3, '{}', 1, 1)",
        "INSERT INTO answers (message, about, answered_at, post, case_id) VALUES ('T:C:1', 'x', 1, 'card', 'c')",
        "INSERT INTO mutes (channel, muted_by, at) VALUES ('C', 'U1', 1)",
    ] {
        sqlx::query(statement).execute(&old).await.unwrap();
    }
    old.close().await;
    let early = Sqlite::read_only(&path).await.err().unwrap();
    assert!(matches!(early, Error::Older { .. }), "{early}");
    let store = Sqlite::open(&path).await.unwrap();
    let waits = store.lanes("", 9).await.unwrap();
    assert!(store.next(&waits[0]).await.unwrap().is_some());
    assert_eq!(store.due(at(0)).await.unwrap().posts.len(), 1);
    assert_eq!(store.case("c").await.unwrap().unwrap().version, 3);
    assert_eq!(store.answer("T:C:1").await.unwrap().unwrap().case.as_deref(), Some("c"));
    assert!(store.muted("C", at(0)).await.unwrap().is_some());
    assert!(store.commit(&told("r"), None, at(0)).await.unwrap());
    assert_eq!(store.audit(&ALL).await.unwrap().len(), 1);
}

#[tokio::test]
async fn runs_and_the_audit_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let store = Sqlite::open(&path).await.unwrap();
    assert!(store.commit(&told("r"), None, at(0)).await.unwrap());
    drop(store);
    let store = Sqlite::open(&path).await.unwrap();
    assert_eq!(store.live_runs().await.unwrap(), [RunRow { version: 1, ..run("r") }]);
    assert_eq!(store.audit(&ALL).await.unwrap(), told("r").audit);
    assert!(!store.commit(&told("r"), None, at(1)).await.unwrap());
}

#[tokio::test]
async fn the_audit_is_read_while_the_bot_has_the_store_open_and_nothing_gets_readable_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let store = Sqlite::open(&path).await.unwrap();
    assert!(store.commit(&told("r"), None, at(0)).await.unwrap());
    let reading = Sqlite::read_only(&path).await.unwrap();
    assert_eq!(reading.audit(&ALL).await.unwrap().len(), 1);
    assert!(store.commit(&told("s"), None, at(1)).await.unwrap(), "the bot goes on");
    assert_eq!(reading.audit(&ALL).await.unwrap().len(), 2);
    drop(store);
    drop(reading);
    let reading = Sqlite::read_only(&path).await.unwrap();
    assert_eq!(reading.live_runs().await.unwrap().len(), 2, "nor must it run");
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
    }
    Sqlite::open(&path).await.unwrap();
}

#[tokio::test]
async fn only_what_can_be_tried_again_is_listed_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let store = Sqlite::open(&path).await.unwrap();
    let odd = Arrival {
        decoded: false,
        ..arrival("odd", false)
    };
    store.receive(&[odd, arrival("a", false)], at(0)).await.unwrap();
    store.set_aside("a", SetAsideReason::Panicked, at(0)).await.unwrap();
    let counts = store.inbox().await.unwrap();
    assert_eq!((counts.set_aside, counts.retriable), (2, 1));
    let retriable = async || -> Vec<_> {
        let rows = Sqlite::inbox_rows(&path, 9).await.unwrap().into_iter();
        rows.map(|row| (row.key, row.state, row.retriable)).collect()
    };
    let row = |key: &str, state: &str, retriable| (key.to_owned(), state.to_owned(), retriable);
    assert_eq!(
        retriable().await,
        [row("odd", "set_aside", false), row("a", "set_aside", true)]
    );
    assert_eq!(Sqlite::retry(&path, None).await.unwrap(), 1);
    assert_eq!(retriable().await[0], row("odd", "set_aside", false));
    let counts = store.inbox().await.unwrap();
    assert_eq!((counts.waiting, counts.set_aside, counts.retriable), (1, 1, 0));
}

#[tokio::test]
async fn what_a_killed_bot_left_in_the_log_is_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let store = Sqlite::open(&path).await.unwrap();
    assert!(store.commit(&told("r"), None, at(0)).await.unwrap());
    let left = tempfile::tempdir().unwrap();
    for name in ["signpost.db", "signpost.db-wal"] {
        std::fs::copy(folder.path().join(name), left.path().join(name)).unwrap();
    }
    let reading = Sqlite::read_only(&left.path().join("signpost.db")).await.unwrap();
    assert_eq!(reading.audit(&ALL).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_told_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let why = async || Sqlite::read_only(&path).await.err().unwrap();
    assert!(matches!(why().await, Error::Missing { .. }));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made");
    std::fs::write(&path, "").unwrap();
    assert!(matches!(why().await, Error::Missing { .. }));
    std::fs::write(&path, "not a database, but long enough to be taken for one ".repeat(40)).unwrap();
    assert!(matches!(why().await, Error::Unusable { .. }));
    std::fs::remove_file(&path).unwrap();
    let newer = store_of(&path, "9999").await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of tomorrow', 1, x'00', 1)",
    )
    .execute(&newer)
    .await
    .unwrap();
    newer.close().await;
    assert!(matches!(why().await, Error::Newer { .. }));
    assert!(matches!(Sqlite::open(&path).await, Err(Error::Newer { .. })));
}

#[tokio::test]
async fn values_that_an_older_version_kept_to_compare_runs_are_gone_and_a_run_is_known_all_the_same() {
    const RAW: &str = "gather\n{\"CLUSTER_ID\":\"raw-4711-value\"}";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let old = store_of(&path, "0006").await;
    for (id, live) in [("live", 1), ("ended", 0), ("also ended", 0)] {
        let kept = "INSERT INTO runs (id, job, user, channel, fingerprint, live, version, body, created_at, updated_at)
            VALUES (?, 'gather', 'U1', 'C', ?, ?, 1, '{}', 1, 1)";
        sqlx::query(kept)
            .bind(id)
            .bind(RAW)
            .bind(live)
            .execute(&old)
            .await
            .unwrap();
    }
    old.close().await;
    let store = Sqlite::open(&path).await.unwrap();
    let sealed = store.fingerprint(RAW).await.unwrap();
    assert_eq!(store.same_run(&sealed).await.unwrap().unwrap().id, "live");
    assert_eq!(store.run("ended").await.unwrap().unwrap().fingerprint, None);
    let assert_gone = || {
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap().path();
            let bytes = std::fs::read(&file).unwrap();
            let is_there = bytes.windows(14).any(|window| window == b"raw-4711-value");
            assert!(!is_there, "{}", file.display());
        }
    };
    assert_gone();
    drop(store);
    // Each store has a key of its own, and keeps it.
    let store = Sqlite::open(&path).await.unwrap();
    assert_eq!(store.fingerprint(RAW).await.unwrap(), sealed);
    let other = Sqlite::open(&folder.path().join("other.db")).await.unwrap();
    assert_ne!(other.fingerprint(RAW).await.unwrap(), sealed);
    assert_gone();
}
