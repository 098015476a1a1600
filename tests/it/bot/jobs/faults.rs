//! Every answer and every fault of Jenkins: the sentence that a person reads of it, and that nothing is started twice.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

use super::super::acts::buttons;
use super::between::Between;
use super::ground::*;
use crate::bot::*;

type Make = Box<dyn Fn() -> Response + Send + Sync>;

/// What is asked for, what goes wrong, what a person reads, how often Jenkins is asked to start it, what Jenkins has of it.
pub(super) struct Row {
    command: &'static str,
    faults: Value,
    says: Vec<&'static str>,
    triggers: usize,
    made: usize,
}

pub(super) fn row(faults: Value, says: &[&'static str], triggers: usize, made: usize) -> Row {
    Row {
        command: "run get-info CLUSTERID=@ TUGBOAT=prod-wdc04-carrier107",
        faults,
        says: says.to_vec(),
        triggers,
        made,
    }
}

/// What strikes the trigger.
fn trigger(kind: &str) -> Value {
    json!([{"kind": kind, "what": "trigger"}])
}

/// Runs each row in a thread of its own, one after the other.
pub(super) async fn each(world: &World, rows: Vec<Row>) {
    for (at, row) in rows.into_iter().enumerate() {
        let value = format!("case-{at}");
        for fault in row.faults.as_array().unwrap() {
            world.jenkins().fault(fault).unwrap();
        }
        let before = world.triggers();
        let ts = world.asks(ADA, &row.command.replace('@', &value));
        let shown = world.run_saying(&ts, &row.says).await;
        world.jenkins().fault(&json!({"clear": true})).unwrap();
        world.wait_until_over().await;
        assert_eq!(
            world.triggers() - before,
            row.triggers,
            "{}: {:?}",
            row.faults,
            row.says
        );
        if row.command.contains('@') {
            assert_eq!(world.made_of(&value), row.made, "{}: {:?}", row.faults, row.says);
        }
        assert_eq!(world.runs_in(&ts).len(), 1, "{shown:#}");
    }
}

const OURS: &str = "It was not started";
const NOBODY_KNOWS: &str = "I can’t tell whether it started";

#[test]
fn what_jenkins_refuses_is_told_for_certain() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let of = |command: &'static str, row: Row| Row { command, ..row };
        let nothing = || json!([]);
        let rows = vec![
            row(
                trigger("400"),
                &[OURS, "has no parameters, but", "config/jobs.toml"],
                1,
                0,
            ),
            of(
                "run nightly",
                row(trigger("400"), &[OURS, "has parameters, but none were sent"], 1, 0),
            ),
            row(trigger("401"), &[OURS, "rejected my API token"], 1, 0),
            row(trigger("403"), &[OURS, "denied access to my user"], 1, 0),
            row(
                trigger("404"),
                &[OURS, "has no such job, or my user can’t see it"],
                1,
                0,
            ),
            of(
                "run hidden",
                row(nothing(), &[OURS, "has no such job, or my user can’t see it"], 0, 0),
            ),
            row(trigger("405"), &[OURS, "doesn’t accept this kind of request"], 1, 0),
            row(trigger("409"), &[OURS, "disabled in Jenkins"], 1, 0),
            of("run retired", row(nothing(), &[OURS, "disabled in Jenkins"], 0, 0)),
            row(trigger("429"), &[OURS, "asked me to wait"], 1, 0),
            row(trigger("veto"), &[OURS, "refused to queue it"], 1, 0),
            row(trigger("503"), &[OURS, "Jenkins is starting up"], 1, 0),
            row(
                trigger("html"),
                &[OURS, "127.0.0.1", "a web page that isn’t Jenkins"],
                1,
                0,
            ),
            // The same before anything is sent: what the job takes is asked first.
            row(
                json!([{"kind": "html", "what": "job"}]),
                &[OURS, "a web page that isn’t Jenkins"],
                0,
                0,
            ),
            row(
                json!([{"kind": "401", "what": "job"}]),
                &[OURS, "rejected my API token"],
                0,
                0,
            ),
            row(
                json!([{"kind": "500", "what": "job", "times": "always"}]),
                &[OURS, "Jenkins reported an internal error (HTTP 500)"],
                0,
                0,
            ),
            row(
                json!([{"kind": "truncated", "what": "job"}]),
                &[OURS, "I can’t read Jenkins’ response"],
                0,
                0,
            ),
        ];
        each(&world, rows).await;
        // Every refusal can be asked for again by a person.
        let ts = world.asks(ADA, "run hidden");
        let shown = world.run_saying(&ts, &[OURS]).await;
        assert_eq!(buttons(&shown), ["Run again"]);
        bot.stop().await;
    });
}

#[test]
fn a_user_without_rights_and_a_wrong_token_are_told_apart() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        world.jenkins_does("user", &json!({"user": "signpost", "build": false}));
        let rows = vec![row(
            json!([]),
            &[OURS, "lacks the permission", "hudson.model.Item.Build"],
            1,
            0,
        )];
        each(&world, rows).await;
        world.jenkins_does("user", &json!({"user": "signpost", "read": false}));
        let rows = vec![row(json!([]), &[OURS, "Jenkins"], 0, 0)];
        each(&world, rows).await;
        world.jenkins_does("user", &json!({"user": "signpost", "token": "another"}));
        let rows = vec![row(json!([]), &[OURS, "rejected my API token"], 0, 0)];
        each(&world, rows).await;
        bot.stop().await;
        let nowhere = registry("http://127.0.0.1:9");
        let bot = world.worker_with(&nowhere, hasty()).await;
        each(&world, vec![row(json!([]), &[OURS, "I can’t reach Jenkins"], 0, 0)]).await;
        bot.stop().await;
    });
}

#[test]
fn what_does_not_fit_the_job_is_never_sent() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        for (command, says) in [
            ("run mirror REGION=eu-gb", "must be one of"),
            ("run mirror DRY_RUN=perhaps", "`DRY_RUN` must be `true` or `false`"),
            ("run get-info CLUSTERID=-c1 TUGBOAT=t", "must not start with"),
            ("run get-info CLUSTERID=\"c1; ls\" TUGBOAT=t", "isn’t valid"),
            ("run get-info CLUSTERID=c1", "`TUGBOAT` needs a value"),
            ("run get-info CLUSTERID=c1 TUGBOTE=t", "Did you mean `TUGBOAT`?"),
            ("run get-info CLUSTERID=c1 TUGBOAT", "One of the words isn’t a value"),
        ] {
            let ts = world.asks(ADA, command);
            let told = world.replies(&ts).await;
            assert!(words(&told[0]).contains(says), "{command}: {told:#?}");
        }
        // What is registered and Jenkins does not know: it would silently ignore that.
        bot.stop().await;
        let url = world.workspace.jenkins_url();
        let more = registry(&url).replace("name = \"DRY_RUN\"", "name = \"DRYRUN\"");
        let bot = world.worker_with(&more, hasty()).await;
        let ts = world.asks(ADA, "run mirror DRYRUN=true");
        world
            .saying(&ts, &["The job in Jenkins has no parameter", "DRY_RUN"])
            .await;
        assert_eq!(world.triggers(), 0);
        bot.stop().await;
    });
}

#[test]
fn what_only_others_answer_is_told_as_well() {
    with_jobs(|world| async move {
        let between = Between::start(&world.workspace.url()).await;
        let bot = world
            .worker_with(&registry(&format!("{}/jenkins", between.url)), hasty())
            .await;
        let page = |status: u16, text: &'static str| -> Response {
            (StatusCode::from_u16(status).unwrap(), Html(text)).into_response()
        };
        let to = |place: &'static str| (StatusCode::FOUND, [(header::LOCATION, place)]).into_response();
        let rows: Vec<(Make, &[&str])> = vec![
            (
                Box::new(move || {
                    page(
                        500,
                        "Oops! java.lang.IllegalArgumentException: Illegal choice for parameter X",
                    )
                }),
                &[OURS, "rejected one of the choices"],
            ),
            (
                Box::new(move || page(500, "java.lang.IllegalStateException: x is not parameterized")),
                &[OURS, "has no parameters"],
            ),
            (
                Box::new(move || page(403, "No valid crumb was included in the request")),
                &[OURS, "requires a crumb", "instead of a password"],
            ),
            (
                Box::new(move || to("https://login.example.com/sso")),
                &[OURS, "a web page that isn’t Jenkins"],
            ),
            (
                Box::new(move || to("/jenkins/login?from=%2F")),
                &[OURS, "denied access to my user"],
            ),
            (
                Box::new(move || page(418, "I am a teapot")),
                &[OURS, "unexpected response (HTTP 418)"],
            ),
            // A proxy's 503 may hide a build that was started.
            (
                Box::new(move || page(503, "upstream")),
                &[NOBODY_KNOWS, "Check Jenkins", "HTTP 503"],
            ),
        ];
        for (at, (make, says)) in rows.into_iter().enumerate() {
            let before = between.count("POST", "/buildWithParameters");
            between.answers(move |asked| (asked.starts_with("POST") && asked.contains("/build")).then(&make));
            let ts = world.asks(ADA, &GET.replace("c-17", &format!("case-{at}")));
            world.run_saying(&ts, says).await;
            assert_eq!(between.count("POST", "/buildWithParameters") - before, 1, "{says:?}");
        }
        assert_eq!(world.triggers(), 0);
        bot.stop().await;
    });
}

#[test]
fn a_lost_answer_is_looked_up_and_never_asked_for_again() {
    with_jobs(|world| async move {
        let many = registry(&world.workspace.jenkins_url()).replace("concurrency = 5", "concurrency = 20");
        let bot = world.worker_with(&many, hasty()).await;
        let slow = |ms: u64| json!([{"kind": "slow", "what": "trigger", "ms": ms, "apply": true}]);
        let found = json!([{"kind": "502", "what": "trigger", "apply": true}]);
        let rows = [
            row(json!([]), &["SUCCESS"], 1, 1),
            row(trigger("lost_answer"), &["SUCCESS"], 1, 1),
            row(trigger("lost_location"), &["SUCCESS"], 1, 1),
            row(found, &["SUCCESS"], 1, 1),
            row(slow(300), &["SUCCESS"], 1, 1),
            row(slow(1500), &["SUCCESS"], 1, 1),
            row(
                trigger("break"),
                &[NOBODY_KNOWS, "Check Jenkins", "was lost", "Run again"],
                1,
                0,
            ),
            row(
                trigger("502"),
                &[
                    NOBODY_KNOWS,
                    "Jenkins reported an internal error (HTTP 502)",
                    "Run again",
                ],
                1,
                0,
            ),
        ];
        let mut threads = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            for fault in row.faults.as_array().unwrap() {
                world.jenkins().fault(fault).unwrap();
            }
            let before = world.asked_for();
            threads.push(world.asks(ADA, &row.command.replace('@', &format!("case-{at}"))));
            // The next one must not meet its fault, nor it the next one's.
            world
                .jenkins()
                .wait_for(|state| (state.faults_left() == 0).then_some(()))
                .await
                .unwrap();
            while world.asked_for() == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        for (at, (row, ts)) in rows.iter().zip(&threads).enumerate() {
            world.run_saying(ts, &row.says).await;
            assert_eq!(world.made_of(&format!("case-{at}")), row.made, "{}", row.faults);
        }
        world.wait_until_over().await;
        assert_eq!(world.triggers(), rows.len());
        // Nothing tells whether it was started while Jenkins does not answer at all.
        let silent = json!([{"kind": "lost_answer"}, {"kind": "503", "what": "queue", "times": 3}]);
        let before = world.triggers();
        for fault in silent.as_array().unwrap() {
            world.jenkins().fault(fault).unwrap();
        }
        let ts = world.asks(ADA, GET);
        world.run_saying(&ts, &["SUCCESS"]).await;
        assert_eq!((world.triggers() - before, world.made_of("c-17")), (1, 1));
        bot.stop().await;
    });
}
