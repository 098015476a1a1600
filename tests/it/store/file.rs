//! The file of the store: whose it is, who may read it, and what is left of it when it is taken away.

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use signpost::store::Runs as _;
use signpost::store::sqlite::FileFault;

use super::reading::ALL;
use super::*;

#[tokio::test]
async fn the_file_is_private_survives_a_restart_and_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let store = Sqlite::open(&path).await.unwrap();
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    assert!(matches!(Sqlite::open(&path).await, Err(Error::InUse { .. })));
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
    }
    drop(store);
    let store = Sqlite::open(&path).await.unwrap();
    assert_eq!(next(&store).await.key, "a");
}

#[tokio::test]
async fn a_file_that_is_no_store_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    fs::write(&path, "not a database, but long enough to be taken for one ".repeat(40)).unwrap();
    let message = Sqlite::open(&path).await.unwrap_err().to_string();
    assert!(message.contains("signpost.db"), "{message}");
}

#[tokio::test]
async fn a_link_to_the_file_lets_nobody_else_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let store = Sqlite::open(&path).await.unwrap();
    symlink(&path, folder.path().join("symbolic.db")).unwrap();
    fs::hard_link(&path, folder.path().join("hard.db")).unwrap();
    for other in ["symbolic.db", "hard.db", "./signpost.db"] {
        let opened = Sqlite::open(&folder.path().join(other)).await;
        assert!(matches!(opened, Err(Error::InUse { .. })), "{other}");
    }
    drop(store);
}

#[tokio::test]
async fn a_file_that_others_may_read_becomes_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    drop(Sqlite::open(&path).await.unwrap());
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    let store = Sqlite::open(&path).await.unwrap();
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
    }
}

fn fault(result: Result<impl std::fmt::Debug, Error>) -> FileFault {
    match result {
        Err(Error::Lost { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_was_deleted_is_written_anew_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let store = Sqlite::open(&path).await.unwrap();
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    for round in 0..2 {
        for entry in fs::read_dir(folder.path()).unwrap() {
            // With the log that belongs to it, or without.
            let entry = entry.unwrap().path();
            if round == 0 || entry == path {
                fs::remove_file(entry).unwrap();
            }
        }
        let late = arrival(&format!("late {round}"), false);
        assert_eq!(
            fault(store.receive(std::slice::from_ref(&late), at(1)).await),
            FileFault::Removed
        );
        store.check(at(2)).await.unwrap();
        store.receive(&[late], at(3)).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(Sqlite::open(&path).await, Err(Error::InUse { .. })));
    }
    drop(store);
    let store = Sqlite::open(&path).await.unwrap();
    for key in ["a", "late 0", "late 1"] {
        let row = next(&store).await;
        assert_eq!(row.key, key);
        assert!(store.finish(&row, &Changes::default(), at(4)).await.unwrap());
    }
}

#[tokio::test]
async fn a_file_that_was_moved_or_replaced_is_used_again_once_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, away) = (folder.path().join("signpost.db"), folder.path().join("away.db"));
    let store = Sqlite::open(&path).await.unwrap();
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    fs::rename(&path, &away).unwrap();
    assert_eq!(
        fault(store.receive(&[arrival("b", false)], at(1)).await),
        FileFault::Moved
    );
    assert_eq!(fault(store.check(at(1)).await), FileFault::Moved);
    fs::write(&path, "").unwrap();
    assert_eq!(
        fault(store.receive(&[arrival("b", false)], at(1)).await),
        FileFault::Replaced
    );
    assert_eq!(fault(store.check(at(1)).await), FileFault::Replaced);
    fs::rename(&away, &path).unwrap();
    store.check(at(2)).await.unwrap();
    store.receive(&[arrival("b", false)], at(2)).await.unwrap();
    assert_eq!(next(&store).await.key, "a");
}

#[tokio::test]
async fn a_file_that_was_emptied_is_used_again_once_its_content_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let store = Sqlite::open(&path).await.unwrap();
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    assert!(store.scrub().await.unwrap(), "all of it is in the file");
    let content = fs::read(&path).unwrap();
    for damage in [
        "",
        "something else that is long enough to be a header, and more than that, and more",
    ] {
        overwrite(&path, damage.as_bytes());
        assert_eq!(
            fault(store.receive(&[arrival("b", false)], at(1)).await),
            FileFault::Damaged
        );
        assert_eq!(fault(store.check(at(1)).await), FileFault::Damaged);
        overwrite(&path, &content);
        assert_eq!(
            fault(store.receive(&[arrival("b", false)], at(1)).await),
            FileFault::Damaged
        );
        store.check(at(2)).await.unwrap();
        assert_eq!(next(&store).await.key, "a");
    }
    assert_eq!(
        store.receive(&[arrival("b", false)], at(3)).await.unwrap(),
        [Receipt::New]
    );
}

#[tokio::test]
async fn a_write_ahead_log_that_was_deleted_is_brought_into_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let log = folder.path().join("signpost.db-wal");
    let store = Sqlite::open(&path).await.unwrap();
    for (round, key) in ["a", "b", "c"].into_iter().enumerate() {
        store.receive(&[arrival(key, false)], at(0)).await.unwrap();
        fs::remove_file(&log).unwrap();
        if round == 1 {
            fs::write(&log, "").unwrap();
        }
        let late = store.receive(&[arrival("late", false)], at(1)).await;
        assert_eq!(fault(late), FileFault::LogRemoved);
        store.check(at(2)).await.unwrap();
    }
    // A copy of the file alone, as after `kill -9` without the log.
    assert!(store.scrub().await.unwrap());
    let copy = folder.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    for store in [store, Sqlite::open(&copy).await.unwrap()] {
        for key in ["a", "b", "c"] {
            let row = next(&store).await;
            assert_eq!(row.key, key);
            assert!(store.finish(&row, &Changes::default(), at(3)).await.unwrap());
        }
        assert_eq!(next_in(&store, "T:C").await, None);
    }
}

#[tokio::test]
async fn a_write_ahead_log_that_was_emptied_stops_acknowledgements_until_the_file_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let log = folder.path().join("signpost.db-wal");
    let store = Sqlite::open(&path).await.unwrap();
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    for (second, key) in (0..).zip(["b", "c"]) {
        assert!(store.scrub().await.unwrap());
        store.receive(&[arrival(key, false)], at(second)).await.unwrap();
        // Emptied, or with a hole as it has when SQLite writes on in a log that was emptied.
        let hole = vec![0; if key == "b" { 0 } else { 1 << 20 }];
        overwrite(&log, &hole);
        assert_eq!(fault(store.scrub().await), FileFault::LogDamaged, "{key}");
        let late = store.receive(&[arrival("late", false)], at(second)).await;
        assert_eq!(fault(late), FileFault::LogDamaged, "{key}");
        store.check(at(second)).await.unwrap();
        let again = store.receive(&[arrival(key, false)], at(second)).await;
        assert_eq!(
            again.unwrap(),
            [Receipt::New],
            "{key} is lost, and told as new when it comes again"
        );
    }
    for key in ["a", "b", "c"] {
        let row = next(&store).await;
        assert_eq!(row.key, key);
        assert!(store.finish(&row, &Changes::default(), at(4)).await.unwrap());
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_anew_is_tried_again_by_the_next_check() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let beside = |suffix: &str| folder.path().join(format!("signpost.db{suffix}"));
    let store = Sqlite::open(&path).await.unwrap();
    // A folder where SQLite expects a file lets nothing be opened. A file that was just written anew may have a journal.
    for (key, gone, folder) in [
        ("a", beside("-wal"), beside("-wal")),
        ("b", path.clone(), beside("-journal")),
    ] {
        store.receive(&[arrival(key, false)], at(0)).await.unwrap();
        fs::remove_file(&gone).unwrap();
        fs::create_dir(&folder).unwrap();
        let expected = if gone == path {
            FileFault::Removed
        } else {
            FileFault::LogRemoved
        };
        for _ in 0..3 {
            assert!(store.check(at(1)).await.is_err(), "{key}");
            let late = store.receive(&[arrival("late", false)], at(1)).await;
            assert_eq!(fault(late), expected, "{key}");
            assert_eq!(fault(store.next("T:C").await), expected, "{key}");
        }
        fs::remove_dir(&folder).unwrap();
        store.check(at(2)).await.unwrap();
    }
    assert_eq!(
        store.receive(&[arrival("late", false)], at(3)).await.unwrap(),
        [Receipt::New]
    );
    for key in ["a", "b", "late"] {
        let row = next(&store).await;
        assert_eq!(row.key, key);
        assert!(store.finish(&row, &Changes::default(), at(4)).await.unwrap());
    }
}

/// Overwrites the first page of a table.
async fn damage(path: &Path, table: &str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let select = "SELECT (rootpage - 1) * (SELECT page_size FROM pragma_page_size()) FROM sqlite_schema WHERE name = ?";
    let at: i64 = sqlx::query_scalar(select).bind(table).fetch_one(&pool).await.unwrap();
    pool.close().await;
    let file = fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(&[0xff; 512], at.try_into().unwrap()).unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_not_used_until_it_is_sound_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let log = folder.path().join("signpost.db-wal");
    let store = Sqlite::open(&path).await.unwrap();
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    for noticed_by_reading in [true, false] {
        assert!(store.scrub().await.unwrap(), "all of it is in the file");
        let content = fs::read(&path).unwrap();
        damage(&path, "audit").await;
        if noticed_by_reading {
            assert_eq!(fault(store.audit(&ALL).await), FileFault::Suspect);
        } else {
            fs::remove_file(&log).unwrap();
        }
        for _ in 0..3 {
            let found = store.check(at(1)).await.unwrap_err();
            assert!(matches!(found, Error::Damaged { .. }), "{found}");
            fault(store.receive(&[arrival("b", false)], at(1)).await);
        }
        overwrite(&path, &content);
        store.check(at(2)).await.unwrap();
        assert!(store.audit(&ALL).await.unwrap().is_empty());
        assert_eq!(next(&store).await.key, "a");
    }
    assert_eq!(
        store.receive(&[arrival("b", false)], at(3)).await.unwrap(),
        [Receipt::New]
    );
}

/// In place: it stays the same file.
fn overwrite(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
}

#[tokio::test]
async fn payloads_that_were_erased_are_in_no_file_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let canary = "the text that nobody may find";
    let found = || {
        let files = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| fs::read(entry.unwrap().path()).unwrap());
        let mut files = files.filter(|bytes| bytes.windows(canary.len()).any(|window| window == canary.as_bytes()));
        files.next().is_some()
    };
    let arrival = Arrival {
        payload: canary.repeat(100),
        ..arrival("a", false)
    };
    let store = Sqlite::open(&path).await.unwrap();
    store.receive(std::slice::from_ref(&arrival), at(0)).await.unwrap();
    assert!(found() && !store.wants_scrub());
    let row = next(&store).await;
    assert!(store.finish(&row, &Changes::default(), at(1)).await.unwrap());
    assert!(store.wants_scrub());
    assert!(store.scrub().await.unwrap());
    assert!(!store.wants_scrub() && !found());
    // A process that was killed leaves its log behind.
    let other = folder.path().join("other");
    store
        .receive(
            &[Arrival {
                key: "b".into(),
                ..arrival
            }],
            at(2),
        )
        .await
        .unwrap();
    let row = next(&store).await;
    assert!(store.finish(&row, &Changes::default(), at(3)).await.unwrap());
    fs::create_dir(&other).unwrap();
    for name in ["signpost.db", "signpost.db-wal"] {
        fs::copy(folder.path().join(name), other.join(name)).unwrap();
    }
    drop(store);
    let _store = Sqlite::open(&other.join("signpost.db")).await.unwrap();
    let log = fs::read(other.join("signpost.db-wal")).unwrap_or_default();
    let file = fs::read(other.join("signpost.db")).unwrap();
    for bytes in [log, file] {
        assert!(!bytes.windows(canary.len()).any(|window| window == canary.as_bytes()));
    }
}
