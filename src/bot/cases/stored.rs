//! Stored data of the version before: every case and run in a file that it wrote is read, and written as it stood.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use super::rows;
use crate::bot::runs::Run;
use crate::store::sqlite::Sqlite;
use crate::store::{AnswerKind, Cases as _, Runs as _};

/// A store with cases in every status and runs in several stages, written by commit 6fe2579.
const BEFORE: &[u8] = include_bytes!("../../../tests/fixtures/store-of-0.1.0.db.gz");

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn what_the_version_before_wrote_is_read_and_written_as_it_stood() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signpost.db");
    let mut bytes = Vec::new();
    GzDecoder::new(BEFORE).read_to_end(&mut bytes).unwrap();
    std::fs::write(&file, bytes).unwrap();
    let store = Sqlite::open(&file).await.unwrap();
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file).read_only(true)).await;
    let pool = pool.unwrap();

    let cases: Vec<(String, String)> = sqlx::query_as("SELECT id, body FROM cases")
        .fetch_all(&pool)
        .await
        .unwrap();
    let mut statuses = Vec::new();
    for (id, body) in &cases {
        let row = store.case(id).await.unwrap().unwrap();
        let case = rows::read(&row).unwrap_or_else(|| panic!("{id} is not read"));
        let written = rows::row(&case, row.version, row.updated_at).unwrap();
        let (before, after) = (value(body), value(&written.body));
        for (key, value) in before.as_object().unwrap() {
            // The words of a question that was answered are not kept any more.
            let is_dropped = key == "words" && before["why"] == "done";
            assert!(
                after[key] == *value || is_dropped,
                "{id}, {key}: {value} became {}",
                after[key]
            );
        }
        assert_eq!((written.open, written.identity), (row.open, row.identity), "{id}");
        let by = case.status.actor().map_or("nobody", |actor| actor.name.as_str());
        statuses.push(format!("{} {:?} by {by}", case.status.name(), case.request.name()));
    }
    statuses.sort();
    statuses.dedup();
    insta::assert_snapshot!(statuses.join("\n"), @r#"
    choosing "" by ada
    choosing "choose" by nobody
    choosing "done" by nobody
    choosing "near" by nobody
    choosing "search" by nobody
    choosing "typo" by nobody
    escalated "" by grace
    fixed "" by grace
    not-helped "" by ada
    open "" by nobody
    open "near" by nobody
    open "search" by nobody
    resolved "" by 
    withdrawn "" by nobody
    "#);

    let runs: Vec<(String, String)> = sqlx::query_as("SELECT id, body FROM runs")
        .fetch_all(&pool)
        .await
        .unwrap();
    for (id, body) in &runs {
        let row = store.run(id).await.unwrap().unwrap();
        let run = Run::read(&row).unwrap_or_else(|| panic!("{id} is not read"));
        let written = run.row(row.version, row.fingerprint.clone(), row.created_at).unwrap();
        assert_eq!(value(&written.body), value(body), "{id}");
    }
    let answers: Vec<(String, String)> = sqlx::query_as("SELECT message, about FROM answers")
        .fetch_all(&pool)
        .await
        .unwrap();
    let mut kinds = Vec::new();
    for (message, about) in &answers {
        let kind = store.answer(message).await.unwrap().unwrap().kind;
        assert_eq!(kind.as_str(), about);
        kinds.push(kind);
    }
    let count = |kind: AnswerKind| kinds.iter().filter(|other| **other == kind).count();
    let counts = [AnswerKind::Run, AnswerKind::RunRefused, AnswerKind::Nothing].map(count);
    assert_eq!((cases.len(), runs.len(), counts), (32, 11, [9, 2, 1]));
}
