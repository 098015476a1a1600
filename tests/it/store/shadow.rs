//! Shadow answers: as the store keeps them, and `signpost shadow` as people and programs run it.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use signpost::store::{Judged, ShadowKind, ShadowLookup, ShadowQuery, ShadowRow, ShadowVerdict};

use super::*;

pub(super) fn row(number: i64) -> ShadowRow {
    ShadowRow {
        message: format!("T:C:{number}.000100"),
        channel: "C".into(),
        thread_ts: format!("{number}.000100"),
        author: Some("U1".into()),
        fingerprint: "flux.md # QX4711".into(),
        kind: ShadowKind::Answer,
        runbook: "flux.md".into(),
        section: Some("QX4711".into()),
        nth: 1,
        confidence: 0.93,
        evidence: "QX4711: empty".into(),
        link: Some("https://x.slack.com/p1".into()),
        texts: vec![(format!("T:C:{number}.000100"), "QX4711: empty\nof node w-17".into())],
        post: Some(format!("shadow:T:C:{number}.000100")),
        judged: None,
        version: 0,
        body: "{}".into(),
        at: at(number),
    }
}

fn judged(row: ShadowRow, verdict: ShadowVerdict, name: &str) -> ShadowRow {
    let judged = Judged {
        verdict,
        by: "U1".into(),
        name: name.into(),
        at: at(99),
    };
    ShadowRow {
        judged: Some(judged),
        ..row
    }
}

fn written(rows: Vec<ShadowRow>) -> Changes {
    Changes {
        shadow: rows,
        ..Changes::default()
    }
}

async fn listed(store: &dyn Store, query: &ShadowQuery) -> Vec<ShadowRow> {
    let mut rows = Vec::new();
    let mut visit = |row: ShadowRow| {
        rows.push(row);
        ControlFlow::Continue(())
    };
    store.list_shadow_answers(query, &mut visit).await.unwrap();
    rows
}

async fn found(store: &dyn Store, channel: &str, lookup: ShadowLookup<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut visit = |row: ShadowRow| {
        found.push(row.message);
        ControlFlow::Continue(())
    };
    store.visit_shadow_answers(channel, lookup, &mut visit).await.unwrap();
    found
}

pub(super) async fn a_shadow_answer_is_kept_with_the_end_of_its_message_or_not_at_all(store: &dyn Store) {
    store.receive(&[arrival("a", false)], at(0)).await.unwrap();
    let waiting = next(store).await;
    let done = Changes {
        posts: vec![post("shadow:T:C:1.000100")],
        ..written(vec![row(1)])
    };
    assert!(store.finish(&waiting, &done, at(0)).await.unwrap());
    assert_eq!(
        store.shadow_answer("T:C:1.000100").await.unwrap(),
        Some(ShadowRow { version: 1, ..row(1) })
    );
    assert!(store.shadow_answer("T:C:2.000100").await.unwrap().is_none());
    // Written once only, and with nothing else of the second time.
    let again = Changes {
        posts: vec![post("late")],
        ..written(vec![row(1)])
    };
    assert!(!store.commit(&again, None, at(1)).await.unwrap());
    assert!(!outbox::keys(store, 9).await.contains(&"late".to_owned()));
    let read = ShadowRow { version: 1, ..row(1) };
    let first = judged(read.clone(), ShadowVerdict::Silent, "Ada");
    assert!(store.commit(&written(vec![first.clone()]), None, at(1)).await.unwrap());
    let second = judged(read, ShadowVerdict::Right, "Grace");
    assert!(!store.commit(&written(vec![second]), None, at(1)).await.unwrap());
    let kept = store.shadow_answer("T:C:1.000100").await.unwrap();
    assert_eq!(kept, Some(ShadowRow { version: 2, ..first }));
    let gone = Changes {
        unshadow: vec!["T:C:1.000100".into()],
        ..Changes::default()
    };
    assert!(store.commit(&gone, None, at(2)).await.unwrap());
    assert!(store.shadow_answer("T:C:1.000100").await.unwrap().is_none());
}

pub(super) async fn shadow_answers_are_found_by_thread_error_time_and_channel(store: &dyn Store) {
    let repeat = ShadowRow {
        kind: ShadowKind::Repeat,
        ..row(3)
    };
    let elsewhere = ShadowRow {
        channel: "D".into(),
        message: "T:D:4.000100".into(),
        fingerprint: "alert:core|x".into(),
        section: None,
        ..row(4)
    };
    let rows = vec![row(1), row(2), repeat, elsewhere];
    assert!(store.commit(&written(rows), None, at(0)).await.unwrap());
    assert_eq!(
        found(store, "C", ShadowLookup::Thread("2.000100")).await,
        ["T:C:2.000100"]
    );
    let same = |since| ShadowLookup::Fingerprint {
        fingerprint: "flux.md # QX4711",
        since: at(since),
    };
    assert_eq!(found(store, "C", same(0)).await, ["T:C:2.000100", "T:C:1.000100"]);
    assert_eq!(found(store, "C", same(2)).await, ["T:C:2.000100"]);
    assert!(found(store, "D", same(0)).await.is_empty());
    let group = |prefix, since| ShadowLookup::Group {
        prefix,
        since: at(since),
    };
    assert_eq!(found(store, "D", group("alert:core|", 4)).await.len(), 1);
    assert!(found(store, "D", group("alert:core|", 5)).await.is_empty());
    assert!(found(store, "D", group("alert:cor|", 0)).await.is_empty());
    let between = store
        .shadow_answers_between("T:C:1.000100", "T:C:2.000099")
        .await
        .unwrap();
    assert_eq!(between.len(), 1);
    let count = async |since: Option<i64>, channel: Option<&str>| {
        let query = ShadowQuery {
            since: since.map(at),
            channel: channel.map(str::to_owned),
            texts: false,
        };
        listed(store, &query).await.len()
    };
    assert_eq!(
        [
            count(None, None).await,
            count(Some(3), None).await,
            count(None, Some("D")).await
        ],
        [4, 2, 1]
    );
}

pub(super) async fn shadow_answers_are_forgotten_with_the_answers(store: &dyn Store) {
    assert!(store.commit(&written(vec![row(1)]), None, at(0)).await.unwrap());
    store.purge(at(0) + 29 * DAY, KEPT).await.unwrap();
    assert_eq!(listed(store, &ShadowQuery::default()).await.len(), 1);
    store.purge(at(0) + 31 * DAY, KEPT).await.unwrap();
    assert!(listed(store, &ShadowQuery::default()).await.is_empty());
    assert!(store.wants_scrub());
}

#[tokio::test]
async fn a_store_from_before_shadow_mode_keeps_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let old = reading::store_of(&path, "0009").await;
    let answered = "INSERT INTO answers (message, about, answered_at) VALUES ('T:C:1', 'x', 1)";
    sqlx::query(answered).execute(&old).await.unwrap();
    old.close().await;
    let store = Sqlite::open(&path).await.unwrap();
    let contract: &dyn Store = &store;
    assert!(contract.answer("T:C:1").await.unwrap().is_some());
    assert!(contract.commit(&written(vec![row(1)]), None, at(0)).await.unwrap());
    assert_eq!(listed(contract, &ShadowQuery::default()).await.len(), 1);
}

fn printed(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
    let output = command
        .arg("shadow")
        .arg("--config")
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    text(&output.stdout)
}

/// Six answers in two channels, four of them judged, in the store of a bot that runs.
async fn judged_week(folder: &Path) -> Sqlite {
    let path = folder.join("signpost.db");
    let local = format!("[store]\npath = {:?}\n", path.display().to_string());
    std::fs::write(folder.join("local.toml"), local).unwrap();
    let store = Sqlite::open(&path).await.unwrap();
    let whole = |number| ShadowRow {
        section: None,
        runbook: "gates/north.md".into(),
        evidence: "gate\u{7} shut".into(),
        confidence: 0.584_999_9,
        channel: "D".into(),
        ..row(number)
    };
    let rows = vec![
        judged(row(1), ShadowVerdict::Right, "Ada"),
        ShadowRow {
            kind: ShadowKind::Repeat,
            ..row(2)
        },
        judged(row(3), ShadowVerdict::Right, "Gr\u{202e}ace"),
        judged(whole(4), ShadowVerdict::Silent, ""),
        judged(whole(5), ShadowVerdict::Wrong, "Ada"),
        row(6),
    ];
    let contract: &dyn Store = &store;
    assert!(contract.commit(&written(rows), None, at(0)).await.unwrap());
    store
}

#[tokio::test]
async fn shadow_answers_are_printed_while_the_bot_runs_for_people_and_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let _store = judged_week(folder.path()).await;
    insta::assert_snapshot!(printed(folder.path(), &[]), @r"
    2023-11-14T22:13:21Z  answer  C  93%  right (Ada)            flux.md › QX4711  QX4711: empty
    2023-11-14T22:13:22Z  repeat  C  93%  -                      flux.md › QX4711  QX4711: empty
    2023-11-14T22:13:23Z  answer  C  93%  right (Gr\u{202e}ace)  flux.md › QX4711  QX4711: empty
    2023-11-14T22:13:24Z  answer  D  58%  silent (U1)            gates/north.md    gate\u{7} shut
    2023-11-14T22:13:25Z  answer  D  58%  wrong (Ada)            gates/north.md    gate\u{7} shut
    2023-11-14T22:13:26Z  answer  C  93%  -                      flux.md › QX4711  QX4711: empty

    5 answers, 1 repeat
    4 judged: 2 right (50%), 1 wrong runbook, 1 shouldn't answer
    most frequent:
         3  flux.md › QX4711
         2  gates/north.md
    ");
    insta::assert_snapshot!(printed(folder.path(), &["--channel", "D", "--since", "2023-11-14T22:13:25Z"]), @r"
    2023-11-14T22:13:25Z  answer  D  58%  wrong (Ada)  gates/north.md  gate\u{7} shut

    1 answer, 0 repeats
    1 judged: 0 right (0%), 1 wrong runbook, 0 shouldn't answer
    most frequent:
         1  gates/north.md
    ");
    assert_eq!(printed(folder.path(), &["--since", "7d"]), "0 answers, 0 repeats\n");
    let lines: Vec<Value> = printed(folder.path(), &["--json"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 6);
    let expected = json!({
        "at": "2023-11-14T22:13:21Z", "kind": "answer", "message": "T:C:1.000100", "channel": "C",
        "thread_ts": "1.000100", "author": "U1", "runbook": "flux.md", "section": "QX4711", "confidence": 0.93,
        "evidence": "QX4711: empty", "link": "https://x.slack.com/p1", "verdict": "right", "verdict_by": "U1",
        "verdict_name": "Ada", "verdict_at": "2023-11-14T22:14:59Z",
    });
    assert_eq!(lines[0], expected);
    assert_eq!(
        (&lines[3]["confidence"], &lines[3]["section"]),
        (&json!(0.585), &Value::Null)
    );
}

#[tokio::test]
async fn judged_answers_are_a_labelled_set_for_eval() {
    let folder = tempfile::tempdir().unwrap();
    let _store = judged_week(folder.path()).await;
    let cases = printed(folder.path(), &["--cases"]);
    insta::assert_snapshot!(cases, @r#"
    {"id":"T:C:1.000100","text":"QX4711: empty\nof node w-17","expect":"flux.md","kind":"shadow"}
    {"id":"T:C:3.000100","text":"QX4711: empty\nof node w-17","expect":"flux.md","kind":"shadow"}
    {"id":"T:C:4.000100","text":"QX4711: empty\nof node w-17","expect":null,"kind":"shadow"}
    "#);
    let file = folder.path().join("cases.jsonl");
    std::fs::write(&file, cases).unwrap();
    let runbooks = folder.path().join("runbooks");
    std::fs::create_dir(&runbooks).unwrap();
    std::fs::write(
        runbooks.join("flux.md"),
        "# Flux\n\n## QX4711\n\n```\nQX4711: empty\n```\n\n1. Fill it.\n",
    )
    .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
    command
        .arg("eval")
        .arg("--json")
        .arg("--runbooks")
        .arg(&runbooks)
        .arg("--cases")
        .arg(&file);
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["positives"], &report["negatives"]),
        (&json!(2), &json!(1)),
        "{report}"
    );
}
