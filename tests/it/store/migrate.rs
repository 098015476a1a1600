//! `signpost store migrate`, as people run it, and the other commands on PostgreSQL.

use std::path::Path;
use std::process::{Command, Output};

use secrecy::{ExposeSecret as _, SecretString};
use signpost::store::{
    AuditQuery, EscalationTimer, Mute, NewIssue, NewMissed, NewPage, PageAction, PageWatch, SetAsideReason,
};

use super::cases::case;
use super::runs::{entry, run};
use super::*;
use crate::postgres;

fn signpost(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
    command.current_dir(folder).args(arguments).output().unwrap()
}

fn migrate(folder: &Path, from: &str, to: &SecretString) -> Output {
    let from = format!("sqlite://{from}");
    signpost(
        folder,
        &["store", "migrate", "--from", &from, "--to", to.expose_secret()],
    )
}

/// The exit code, standard output, and standard error with the folder and the database's name replaced.
fn told(output: &Output, url: &SecretString) -> (Option<i32>, String, String) {
    let database = url::Url::parse(url.expose_secret()).unwrap().path().to_owned();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&database, "/DATABASE");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Something in every table.
async fn fill(store: &dyn Store) {
    let arrivals: Vec<_> = ["a", "b", "c", "d"]
        .iter()
        .map(|key| arrival(key, *key == "b"))
        .collect();
    store.receive(&arrivals, at(0)).await.unwrap();
    let done = Changes {
        posts: vec![post("p"), post("q")],
        answered: vec![Answered {
            message: "T:C:1".into(),
            kind: "flux.md".into(),
            post: Some("p".into()),
            case: Some("case".into()),
        }],
        cases: vec![case("case", 0)],
        runs: vec![run("run")],
        audit: vec![entry(0, "requested", Some("run"))],
        shadow: vec![shadow::row(1)],
        pages: vec![NewPage {
            key: "page".into(),
            case: "case".into(),
            pager: "pager".into(),
            action: PageAction::Trigger,
            body: "{}".into(),
        }],
        watches: vec![PageWatch {
            key: "signpost:c1:e1".into(),
            case: "c1".into(),
            pager: "local".into(),
            next_at: Some(at(20)),
            faults: 1,
        }],
        issues: vec![NewIssue {
            case: "case".into(),
            tracker: "local".into(),
            body: "{}".into(),
        }],
        timers: vec![EscalationTimer {
            case: "case".into(),
            escalation: "first".into(),
            due_at: Some(at(60)),
            attempts: 2,
        }],
        missed: Some(NewMissed {
            channel: "D".into(),
            at: at(0),
            asked: true,
            noted_at: at(1),
        }),
        ..Changes::default()
    };
    assert!(store.finish(&next(store).await, &done, at(1)).await.unwrap());
    store.set_aside("b", SetAsideReason::Panicked, at(1)).await.unwrap();
    assert!(store.begin(next(store).await.seq).await.unwrap());
    outbox::post_it(store, "p", "7.7").await;
    let mute = Mute {
        by: "U1".into(),
        until: None,
    };
    store.mute("C", Some(&mute), at(0)).await.unwrap();
    store.check(at(2)).await.unwrap();
}

/// What can be asked of a store.
async fn content(store: &dyn Store) -> Vec<String> {
    let mut all = vec![
        format!("{:?}", store.answer("T:C:1").await.unwrap()),
        format!("{:?}", store.case("case").await.unwrap()),
        format!("{:?}", store.cases_of("U1", 9).await.unwrap()),
        format!("{:?}", store.run("run").await.unwrap()),
        format!("{:?}", store.shadow_answer("T:C:1.000100").await.unwrap()),
        format!("{:?}", store.due_pages(at(9), 9).await.unwrap()),
        format!("{:?}", store.due_escalations(at(99), 9).await.unwrap()),
        format!("{:?}", store.due_watches(at(99), 9).await.unwrap()),
        format!("{:?}", store.due_issues(at(99), 9).await.unwrap()),
        format!("{:?}", store.muted("C", at(9)).await.unwrap()),
        format!("{:?}", store.inbox().await.unwrap()),
        format!("{:?}", next_in(store, "T:C").await),
        format!("{:?}", store.due(at(9)).await.unwrap()),
        format!("{:?}", store.posted("p").await.unwrap()),
        store.fingerprint("gather").await.unwrap(),
    ];
    let query = AuditQuery {
        limit: 9,
        ..AuditQuery::default()
    };
    all.push(format!("{:?}", store.audit(&query).await.unwrap()));
    all
}

#[tokio::test]
async fn a_team_moves_to_postgresql_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signpost.db");
    let store = Sqlite::open(&path).await.unwrap();
    fill(&store).await;
    let before = content(&store).await;
    let url = postgres::database().await;
    let (code, printed, why) = told(&migrate(folder.path(), "signpost.db", &url), &url);
    assert_eq!((code, printed.as_str()), (Some(2), ""));
    assert!(why.contains("is in use by another signpost; stop it"), "{why}");
    drop(store);

    let moved = told(&migrate(folder.path(), "signpost.db", &url), &url);
    insta::assert_snapshot!(moved.1, @"
    answers            1
    audit              1
    case_issues        1
    case_people        1
    cases              1
    escalation_timers  1
    inbox              4
    keys               1
    missed             1
    mutes              1
    outbox             2
    page_watches       1
    pages              1
    runs               1
    shadow_answers     1
    Moved to postgres://signpost@localhost/DATABASE. Set store.url, remove store.path, and start the bot.
    ");
    assert_eq!((moved.0, moved.2.as_str()), (Some(0), ""));
    let store = Postgres::open(&url).await.unwrap();
    assert_eq!(content(&store).await, before);
    // Numbers go on after the last one that the file gave, and what was running counts as interrupted.
    let contract: &dyn Store = &store;
    let last = next(contract).await.seq;
    contract.receive(&[arrival("e", false)], at(3)).await.unwrap();
    assert_eq!(contract.recover_inbox().await.unwrap(), 1);
    for _ in 0..2 {
        let row = next(contract).await;
        assert!(contract.finish(&row, &Changes::default(), at(3)).await.unwrap());
    }
    assert_eq!(next(contract).await.seq, last + 2);

    // Neither over data nor under a bot.
    let (code, printed, why) = told(&migrate(folder.path(), "signpost.db", &url), &url);
    assert_eq!((code, printed.as_str()), (Some(2), ""));
    assert!(why.contains("is in use by another signpost"), "{why}");
    contract.leave().await.unwrap();
    drop(store);
    let (_, _, why) = told(&migrate(folder.path(), "signpost.db", &url), &url);
    insta::assert_snapshot!(why, @"signpost: the store postgres://signpost@localhost/DATABASE already holds data; use an empty database");
    let (_, _, why) = told(&migrate(folder.path(), "none.db", &url), &url);
    assert!(why.contains("there is no store none.db yet"), "{why}");
    assert!(!folder.path().join("none.db").exists());
}

#[tokio::test]
async fn commands_read_the_store_in_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    let url = postgres::database().await;
    std::fs::write(
        folder.path().join("local.toml"),
        format!("[store]\nurl = {:?}\n", url.expose_secret()),
    )
    .unwrap();
    let said = |arguments: &[&str]| {
        told(
            &signpost(folder.path(), &[arguments, &["--config", "."]].concat()),
            &url,
        )
    };
    let (code, _, why) = said(&["inbox"]);
    assert_eq!(code, Some(2));
    assert!(
        why.contains("there is no store postgres://signpost@localhost/DATABASE yet"),
        "{why}"
    );
    let store = Postgres::open(&url).await.unwrap();
    fill(&store).await;
    let (code, printed, why) = said(&["inbox"]);
    assert_eq!((code, why.as_str()), (Some(0), ""));
    assert_eq!(printed.lines().count(), 3);
    assert!(said(&["audit"]).1.contains("requested"));
    assert!(said(&["shadow"]).1.contains("flux.md"));
    assert_eq!(said(&["inbox", "retry", "b"]).0, Some(0));
    assert_eq!((&store as &dyn Store).inbox().await.unwrap().set_aside, 0);
    let (_, checks, _) = said(&["doctor"]);
    assert!(
        checks.contains(
            "ok       store    postgres://signpost@localhost/DATABASE can be reached; replicas that use it: 1"
        ),
        "{checks}"
    );
}
