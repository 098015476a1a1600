//! Runs of jobs, and the audit.

use serde_json::json;
use signpost::store::{AuditEntry, AuditQuery, CaseRow, RunRow};

use super::outbox::post_it;
use super::*;

pub(super) fn run(id: &str) -> RunRow {
    RunRow {
        id: id.into(),
        job: "gather".into(),
        user: "U1".into(),
        channel: "C".into(),
        thread_ts: Some("1.0".into()),
        case: None,
        fingerprint: Some(format!("hmac:{id}")),
        live: true,
        version: 0,
        body: format!("{{\"id\":\"{id}\"}}"),
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(super) fn entry(second: i64, what: &str, run: Option<&str>) -> AuditEntry {
    AuditEntry {
        at: at(second),
        what: what.into(),
        run: run.map(Into::into),
        job: "gather".into(),
        user: Some("U1".into()),
        name: Some("Ada".into()),
        channel: Some("C".into()),
        thread_ts: Some("1.0".into()),
        parameters: json!({"CLUSTER_ID": "bq1k2", "TOKEN": "****"})
            .as_object()
            .unwrap()
            .clone(),
        detail: json!({"queue": 7}).as_object().unwrap().clone(),
    }
}

/// A run as it is begun: with its message and its entry in the audit.
fn begun(run: RunRow) -> Changes {
    Changes {
        posts: vec![post(&format!("run:{}", run.id))],
        audit: vec![entry(0, "requested", Some(&run.id))],
        runs: vec![run],
        ..Changes::default()
    }
}

async fn commit(store: &dyn Store, done: &Changes, second: i64) -> bool {
    store.commit(done, Some("U1"), at(second)).await.unwrap()
}

async fn change(store: &dyn Store, id: &str, second: i64, change: impl FnOnce(&mut RunRow)) -> bool {
    let mut run = store.run(id).await.unwrap().unwrap();
    change(&mut run);
    let done = Changes {
        runs: vec![run],
        ..Changes::default()
    };
    commit(store, &done, second).await
}

async fn all(store: &dyn Store) -> Vec<AuditEntry> {
    let query = AuditQuery {
        limit: 99,
        ..AuditQuery::default()
    };
    store.audit(&query).await.unwrap()
}

fn ids(runs: &[RunRow]) -> Vec<&str> {
    runs.iter().map(|run| run.id.as_str()).collect()
}

pub(super) async fn a_run_is_begun_once_and_nothing_of_a_second_time_is_done(store: &dyn Store) {
    assert!(commit(store, &begun(run("r")), 0).await);
    let again = RunRow {
        user: "U2".into(),
        fingerprint: Some("another".into()),
        ..run("r")
    };
    let again = Changes {
        posts: vec![post("second message")],
        ..begun(again)
    };
    assert!(!commit(store, &again, 1).await);
    assert_eq!(
        store.run("r").await.unwrap().unwrap(),
        RunRow { version: 1, ..run("r") }
    );
    assert_eq!(all(store).await.len(), 1);
    assert_eq!(outbox::keys(store, 9).await, ["run:r"]);
    // Nor is it begun again once it has ended.
    assert!(change(store, "r", 2, |run| run.live = false).await);
    assert!(!commit(store, &begun(run("r")), 3).await);
}

pub(super) async fn the_same_is_never_under_way_twice(store: &dyn Store) {
    let same = |id: &str| RunRow {
        fingerprint: Some("same".into()),
        ..run(id)
    };
    assert!(commit(store, &begun(same("first")), 0).await);
    assert!(!commit(store, &begun(same("second")), 1).await);
    assert!(store.run("second").await.unwrap().is_none());
    assert_eq!(store.same_run("same").await.unwrap().unwrap().id, "first");
    assert!(change(store, "first", 2, |run| run.live = false).await);
    assert!(store.same_run("same").await.unwrap().is_none());
    assert!(commit(store, &begun(same("second")), 3).await);
    assert!(
        !change(store, "first", 4, |run| run.live = true).await,
        "one that has ended does not come back beside it"
    );
    for id in ["secret", "secret too"] {
        let not_compared = RunRow {
            fingerprint: None,
            ..run(id)
        };
        assert!(commit(store, &begun(not_compared), 5).await, "{id}");
    }
    assert_eq!(
        ids(&store.live_runs().await.unwrap()),
        ["second", "secret", "secret too"]
    );
}

pub(super) async fn who_changes_an_old_version_of_a_run_is_told_and_nothing_is_done(store: &dyn Store) {
    assert!(commit(store, &begun(run("r")), 0).await);
    let read = store.run("r").await.unwrap().unwrap();
    assert!(change(store, "r", 5, |run| run.body = "cancelled".into()).await);
    let late = RunRow {
        body: "triggered".into(),
        ..read
    };
    let late = Changes {
        posts: vec![NewPost {
            thread_ts: None,
            ..post("late")
        }],
        audit: vec![entry(6, "triggered", Some("r"))],
        runs: vec![late],
        ..Changes::default()
    };
    assert!(!commit(store, &late, 6).await);
    let now = store.run("r").await.unwrap().unwrap();
    assert_eq!((now.version, now.body.as_str()), (2, "cancelled"));
    assert_eq!((now.created_at, now.updated_at), (at(0), at(5)));
    assert_eq!(all(store).await.len(), 1);
    assert!(!outbox::keys(store, 9).await.contains(&"late".to_owned()));
    let unknown = Changes {
        runs: vec![RunRow {
            version: 3,
            ..run("nobody's")
        }],
        ..Changes::default()
    };
    assert!(!commit(store, &unknown, 7).await);
}

pub(super) async fn a_run_is_written_with_all_that_belongs_to_it_or_not_at_all(store: &dyn Store) {
    store.receive(&[arrival("a", true)], at(0)).await.unwrap();
    let row = next(store).await;
    assert!(commit(store, &begun(run("r")), 0).await);
    let everything = |id: &str, version| Changes {
        answered: vec![Answered {
            message: "T:C:1".into(),
            ..Answered::default()
        }],
        cases: vec![cases::case("c", 0)],
        runs: vec![run(id), RunRow { version, ..run("r") }],
        ..begun(run(id))
    };
    assert!(!store.finish(&row, &everything("s", 9), at(1)).await.unwrap());
    assert!(next_in(store, "T:C").await.is_some(), "it is handled again");
    assert!(store.run("s").await.unwrap().is_none());
    assert!(store.case("c").await.unwrap().is_none());
    assert!(store.answer("T:C:1").await.unwrap().is_none());
    assert_eq!(all(store).await.len(), 1);
    assert_eq!(outbox::keys(store, 9).await, ["run:r"]);
    assert!(store.finish(&row, &everything("s", 1), at(2)).await.unwrap());
    assert!(next_in(store, "T:C").await.is_none());
    assert!(store.run("s").await.unwrap().is_some());
    assert!(store.case("c").await.unwrap().is_some());
    assert!(store.answer("T:C:1").await.unwrap().is_some());
    assert_eq!(all(store).await.len(), 2);
}

pub(super) async fn runs_are_listed_as_people_look_for_them(store: &dyn Store) {
    for (second, id, user, case) in [
        (1, "a", "U1", None),
        (3, "b", "U2", Some("c")),
        (2, "d", "U1", Some("c")),
    ] {
        let row = RunRow {
            user: user.into(),
            case: case.map(Into::into),
            created_at: at(second),
            ..run(id)
        };
        assert!(commit(store, &begun(row), second).await);
    }
    // A change does not move it in the list.
    assert!(change(store, "a", 9, |run| run.live = false).await);
    let latest = async |user: Option<&str>, limit| store.latest_runs(user, limit).await.unwrap();
    assert_eq!(ids(&latest(None, 9).await), ["b", "d", "a"]);
    assert_eq!(ids(&latest(None, 2).await), ["b", "d"]);
    assert_eq!(ids(&latest(Some("U1"), 9).await), ["d", "a"]);
    assert!(latest(Some("U3"), 9).await.is_empty());
    assert_eq!(ids(&store.live_runs().await.unwrap()), ["d", "b"]);
    assert_eq!(ids(&store.runs_of_case("c").await.unwrap()), ["d", "b"]);
    assert!(store.runs_of_case("another").await.unwrap().is_empty());
}

pub(super) async fn a_run_that_has_ended_is_forgotten_with_its_messages_and_a_live_one_stays(store: &dyn Store) {
    for id in ["T:C:1:live", "ended"] {
        let mut done = begun(RunRow {
            thread_ts: None,
            ..run(id)
        });
        done.posts.push(post(&format!("verdict:{id}")));
        assert!(commit(store, &done, 0).await);
        for kind in ["run", "verdict"] {
            post_it(store, &format!("{kind}:{id}"), "1.1").await;
        }
    }
    assert!(change(store, "ended", 9, |run| run.live = false).await);
    store.purge(at(8) + 30 * DAY, KEPT).await.unwrap();
    assert!(store.run("ended").await.unwrap().is_some());
    assert!(store.posted("run:ended").await.unwrap().is_some());
    store.purge(at(0) + 40 * DAY, KEPT).await.unwrap();
    assert!(store.run("ended").await.unwrap().is_none());
    store.purge(at(0) + 40 * DAY, KEPT).await.unwrap();
    assert!(store.run("T:C:1:live").await.unwrap().is_some());
    for kind in ["run", "verdict"] {
        assert!(store.posted(&format!("{kind}:T:C:1:live")).await.unwrap().is_some());
        assert!(store.posted(&format!("{kind}:ended")).await.unwrap().is_none());
    }
}

pub(super) async fn the_messages_of_a_case_and_its_runs_are_known_as_long_as_people_work_on_it(store: &dyn Store) {
    let case = CaseRow {
        thread_ts: Some("1.0".into()),
        ..cases::case("c", 0)
    };
    let mut done = begun(RunRow {
        case: Some("c".into()),
        live: false,
        ..run("r")
    });
    done.cases.push(case.clone());
    let elsewhere = NewPost {
        thread_ts: Some("2.0".into()),
        ..post("elsewhere")
    };
    done.posts.extend([post("earlier card"), elsewhere]);
    assert!(commit(store, &done, 0).await);
    for key in ["run:r", "earlier card", "elsewhere"] {
        post_it(store, key, "1.1").await;
    }
    let worked_on = Changes {
        cases: vec![CaseRow { version: 1, ..case }],
        ..Changes::default()
    };
    store.commit(&worked_on, None, at(0) + 20 * DAY).await.unwrap();
    store.purge(at(0) + 31 * DAY, KEPT).await.unwrap();
    assert!(store.run("r").await.unwrap().is_some());
    assert!(store.posted("run:r").await.unwrap().is_some());
    assert!(store.posted("earlier card").await.unwrap().is_some());
    assert!(store.posted("elsewhere").await.unwrap().is_none());
    store.purge(at(0) + 51 * DAY, KEPT).await.unwrap();
    assert!(store.run("r").await.unwrap().is_none());
    assert!(store.posted("run:r").await.unwrap().is_none());
    assert!(store.posted("earlier card").await.unwrap().is_none());
}

pub(super) async fn the_audit_is_asked_by_time_run_job_and_user_and_gives_the_newest(store: &dyn Store) {
    let told = [
        entry(1, "requested", Some("r")),
        AuditEntry {
            user: None,
            name: None,
            ..entry(2, "triggered", Some("r"))
        },
        AuditEntry {
            job: "restart".into(),
            user: Some("U2".into()),
            channel: None,
            thread_ts: None,
            ..entry(3, "refused", None)
        },
        entry(4, "result", Some("s")),
    ];
    for entry in &told {
        let done = Changes {
            audit: vec![entry.clone()],
            ..Changes::default()
        };
        assert!(commit(store, &done, 9).await);
    }
    let whats = async |query: AuditQuery| -> Vec<String> {
        let found = store.audit(&query).await.unwrap();
        found.into_iter().map(|entry| entry.what).collect()
    };
    let any = AuditQuery {
        limit: 99,
        ..AuditQuery::default()
    };
    assert_eq!(
        store.audit(&any).await.unwrap(),
        told,
        "as it was told, the oldest first"
    );
    let since = Some(at(3));
    let of = |text: &str| Some(text.to_owned());
    assert_eq!(whats(AuditQuery { since, ..any.clone() }).await, ["refused", "result"]);
    assert_eq!(
        whats(AuditQuery {
            run: of("r"),
            ..any.clone()
        })
        .await,
        ["requested", "triggered"]
    );
    assert_eq!(
        whats(AuditQuery {
            job: of("restart"),
            ..any.clone()
        })
        .await,
        ["refused"]
    );
    assert_eq!(
        whats(AuditQuery {
            user: of("U1"),
            ..any.clone()
        })
        .await,
        ["requested", "result"]
    );
    assert_eq!(
        whats(AuditQuery {
            limit: 2,
            ..any.clone()
        })
        .await,
        ["refused", "result"]
    );
    let none = AuditQuery {
        user: of("U2"),
        run: of("r"),
        ..any
    };
    assert!(whats(none).await.is_empty());
}

pub(super) async fn the_audit_is_kept_for_its_own_time(store: &dyn Store) {
    let mut done = begun(RunRow {
        live: false,
        ..run("r")
    });
    done.audit = vec![entry(0, "requested", Some("r")), entry(60, "result", Some("r"))];
    assert!(commit(store, &done, 0).await);
    store.purge(at(0) + 365 * DAY, KEPT).await.unwrap();
    assert!(store.run("r").await.unwrap().is_none());
    assert_eq!(all(store).await.len(), 2);
    assert_eq!(store.purge(at(1) + 365 * DAY, KEPT).await.unwrap().forgotten, 1);
    assert_eq!(all(store).await[0].what, "result");
}

pub(super) async fn the_runs_of_a_job_are_found_however_many_others_there_are(store: &dyn Store) {
    let of = |job: &str, id: &str, live: bool| RunRow {
        job: job.into(),
        live,
        ..run(id)
    };
    assert!(commit(store, &begun(of("rare", "old and live", true)), 0).await);
    assert!(commit(store, &begun(of("rare", "old", false)), 0).await);
    assert!(commit(store, &begun(of("rare", "lately", false)), 50).await);
    for number in 0..150 {
        let other = RunRow {
            user: "U9".into(),
            created_at: at(100),
            ..of("busy", &format!("busy {number}"), false)
        };
        assert!(commit(store, &begun(other), 100).await);
    }
    let found = async |job: &str, since: i64| store.runs_of_job(job, at(since)).await.unwrap();
    assert_eq!(ids(&found("rare", 40).await), ["lately", "old and live"]);
    assert_eq!(ids(&found("rare", 0).await), ["lately", "old", "old and live"]);
    assert_eq!(found("busy", 100).await.len(), 150);
    assert!(found("another", 0).await.is_empty());

    let listed = async |user: &str, jobs: &[&str], limit| store.runs_to_list(user, jobs, limit).await.unwrap();
    assert_eq!(
        ids(&listed("U5", &["rare"], 9).await),
        ["lately", "old", "old and live"]
    );
    assert_eq!(listed("U1", &[], 9).await.len(), 3);
    assert_eq!(listed("U9", &["rare", "busy"], 9).await.len(), 9);
    assert!(listed("U5", &[], 9).await.is_empty());
}

pub(super) async fn a_fingerprint_is_the_same_each_time_and_tells_nothing(store: &dyn Store) {
    let raw = "gather\n{\"CLUSTER_ID\":\"bq1k2\"}";
    let first = store.fingerprint(raw).await.unwrap();
    assert_eq!(first, store.fingerprint(raw).await.unwrap());
    assert_ne!(first, store.fingerprint("gather\n{}").await.unwrap());
    assert!(first.len() == 69 && !first.contains("bq1k2"), "{first}");
}
