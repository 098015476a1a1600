//! `signpost audit`, as people and programs run it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use signpost::store::AuditEntry;

use super::runs::entry;
use super::*;

fn audit(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
    command.arg("audit").arg("--config").arg(folder).args(arguments);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What it printed; it must have gone well, and said nothing else.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = audit(folder, arguments).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    text(&output.stdout)
}

/// A config folder, and its store as the bot has it open.
async fn open(folder: &Path) -> Sqlite {
    let path = folder.join("signpost.db");
    std::fs::write(
        folder.join("local.toml"),
        format!("[store]\npath = {:?}\n", path.display().to_string()),
    )
    .unwrap();
    Sqlite::open(&path).await.unwrap()
}

async fn tell(store: &dyn Store, entries: Vec<AuditEntry>) {
    let done = Changes {
        audit: entries,
        ..Changes::default()
    };
    assert!(store.commit(&done, None, at(0)).await.unwrap());
}

#[tokio::test]
async fn the_audit_is_printed_while_the_bot_runs_for_people_and_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    assert_eq!(printed(folder.path(), &[]), "", "nothing happened yet");
    let odd = json!({"NOTE": "two\nlines \u{1b}[2J", "EMPTY": ""});
    let told = vec![
        entry(0, "requested", Some("r1")),
        AuditEntry {
            user: None,
            name: None,
            channel: None,
            thread_ts: None,
            detail: json!({"result": "SUCCESS", "build": 12}).as_object().unwrap().clone(),
            parameters: serde_json::Map::new(),
            ..entry(90, "result", Some("r1"))
        },
        AuditEntry {
            name: Some("Gr\u{202e}ace".into()),
            user: Some("U2".into()),
            job: "no\u{7}job".into(),
            parameters: odd.as_object().unwrap().clone(),
            detail: serde_json::Map::new(),
            ..entry(91, "refused", None)
        },
    ];
    tell(&store, told.clone()).await;
    assert_eq!(
        printed(folder.path(), &[]),
        "\
2023-11-14T22:13:20Z  requested  Ada (U1)            C/1.0  gather      CLUSTER_ID=bq1k2 TOKEN=****           queue=7 run=r1
2023-11-14T22:14:50Z  result     -                   -      gather      -                                     result=SUCCESS build=12 run=r1
2023-11-14T22:14:51Z  refused    Gr\\u{202e}ace (U2)  C/1.0  no\\u{7}job  NOTE=\"two\\nlines \\u001b[2J\" EMPTY=\"\"  -
"
    );
    let lines = printed(folder.path(), &["--json"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, told.iter().map(|one| json!(one)).collect::<Vec<_>>());
    let names: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "at",
            "what",
            "run",
            "job",
            "user",
            "name",
            "channel",
            "thread_ts",
            "parameters",
            "detail"
        ]
    );
    assert_eq!(lines[0]["at"], "2023-11-14T22:13:20Z");
    for (arguments, expected) in [
        (&["--run", "r1"][..], 2),
        (&["--user", "U2"], 1),
        (&["--job", "gather", "--limit", "1"], 1),
        (&["--since", "2023-11-14T22:14:50Z"], 2),
        (&["--since", "2023-11-14"], 3),
        (&["--since", "7d"], 0),
    ] {
        assert_eq!(
            printed(folder.path(), arguments).lines().count(),
            expected,
            "{arguments:?}"
        );
    }
}

#[tokio::test]
async fn who_reads_only_the_beginning_breaks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    tell(
        &store,
        (0..2_000).map(|second| entry(second, "requested", None)).collect(),
    )
    .await;
    let mut child = audit(folder.path(), &[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    assert_eq!((status.code(), text(&stderr)), (Some(0), String::new()));
}

#[tokio::test]
async fn what_keeps_the_audit_from_being_read_is_told_and_is_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await);
    let path = folder.path().join("signpost.db");
    std::fs::remove_file(&path).unwrap();
    let fails = |arguments: &[&str]| {
        let output = audit(folder.path(), arguments).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
        text(&output.stderr)
    };
    let said = fails(&[]);
    assert!(
        said.contains("there is no store") && said.contains("signpost serve"),
        "{said}"
    );
    assert!(!path.exists());
    drop(reading::store_of(&path, "0004").await);
    let said = fails(&["--json"]);
    assert!(said.contains("written by an older signpost"), "{said}");
    let said = fails(&["--since", "yesterday"]);
    assert!(said.contains("7d") && said.contains("2026-11-01"), "{said}");
}
