//! Definitions, queue, builds and logs, as Jenkins tells them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use jiff::SignedDuration;
use serde_json::{Value, json};
use signpost::jenkins::{BuildState, Error, LogPosition, QueueItem};
use signpost::jobs::{BuildResult, Kind};

use super::{Fake, JOB, client, html, job, json as answer, local, moved};

#[test]
fn a_definition_is_read_with_all_its_gaps() {
    local(async {
        let fake = Fake::start(|_| {
            answer(&json!({"_class": "x", "name": "b", "fullName": "a/b", "buildable": true, "property": [
                {"_class": "other"}, null,
                {"parameterDefinitions": [
                    {"name": "A", "type": "StringParameterDefinition", "description": null, "defaultParameterValue": {"value": "x"}},
                    {"name": "B", "type": "ChoiceParameterDefinition", "choices": ["1", "2"], "description": "which", "defaultParameterValue": {"value": "1"}},
                    {"name": "C", "type": "BooleanParameterDefinition", "defaultParameterValue": {"value": true}},
                    {"name": "D", "type": "PasswordParameterDefinition", "defaultParameterValue": {"_class": "y"}},
                    {"name": "E", "type": "FileParameterDefinition", "defaultParameterValue": null},
                ]},
            ]}))
        })
        .await;
        let found = client(&format!("{}/ci/", fake.url), &[])
            .definition(&job())
            .await
            .unwrap();
        assert!(found.buildable && found.full_name == "a/b");
        let kinds: Vec<_> = found
            .parameters
            .iter()
            .map(|declared| (declared.kind, declared.default.as_deref()))
            .collect();
        let expected = [
            (Kind::Text, Some("x")),
            (Kind::Choice, Some("1")),
            (Kind::Boolean, Some("true")),
            (Kind::Password, None),
            (Kind::File, None),
        ];
        assert_eq!(kinds, expected);
        let uri = &fake.seen()[0].uri;
        assert!(
            uri.starts_with(&format!("/ci{JOB}/api/json?tree=name")) && !uri.contains('['),
            "{uri}"
        );
    });
}

#[test]
fn a_get_is_tried_again_and_a_login_page_is_none_of_the_api() {
    local(async {
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&tries);
        let fake = Fake::start(move |_| match counted.fetch_add(1, Ordering::SeqCst) {
            0 => html(503, "starting"),
            1 => html(502, ""),
            _ => answer(&json!({"name": "signpost", "anonymous": false})),
        })
        .await;
        let who = client(&fake.url, &[]).who_am_i().await.unwrap();
        assert_eq!(
            (who.name.as_str(), who.anonymous, tries.load(Ordering::SeqCst)),
            ("signpost", false, 3)
        );

        for (status, class, tries) in [
            (200, "not-jenkins", 1),
            (401, "bad-credentials", 1),
            (404, "not-found", 1),
            (503, "starting", 3),
        ] {
            let fake = Fake::start(move |_| html(status, "<title>page</title>")).await;
            let error = client(&fake.url, &[]).server().await.unwrap_err();
            assert_eq!((error.class(), fake.seen().len()), (class, tries), "{error}");
        }
        let fake = Fake::start(|_| moved(302, "https://sso.example.com")).await;
        assert!(matches!(
            client(&fake.url, &[]).server().await,
            Err(Error::NotJenkins { .. })
        ));
        let fake = Fake::start(|_| "no json".into_response()).await;
        assert!(matches!(
            client(&fake.url, &[]).server().await,
            Err(Error::Unreadable { .. })
        ));
        let fake = Fake::start(|_| answer(&json!({"quietingDown": true}))).await;
        let server = client(&fake.url, &[]).server().await.unwrap();
        assert_eq!((server.version.as_deref(), server.quieting_down), (Some("2.579"), true));
    });
}

#[test]
fn the_queue_tells_where_a_request_is() {
    let cases: [(Value, QueueItem); 7] = [
        (
            json!({"_class": "hudson.model.Queue$BlockedItem", "why": "Build #168 is already in progress"}),
            QueueItem::Waiting {
                why: Some("Build #168 is already in progress".to_owned()),
            },
        ),
        (
            json!({"_class": "hudson.model.Queue$WaitingItem", "why": null}),
            QueueItem::Waiting { why: None },
        ),
        (
            json!({"_class": "hudson.model.Queue$LeftItem", "cancelled": false, "executable": {"number": 7, "url": "http://evil/"}}),
            QueueItem::Started { number: 7 },
        ),
        (
            json!({"_class": "hudson.model.Queue$LeftItem", "cancelled": false, "executable": null}),
            QueueItem::Starting,
        ),
        (
            json!({"_class": "hudson.model.Queue$LeftItem", "cancelled": true}),
            QueueItem::Cancelled,
        ),
        // Jenkins counted anew after a crash: the number is another job's now.
        (
            json!({"_class": "hudson.model.Queue$LeftItem", "task": {"url": "http://ci/job/B/"}, "executable": {"number": 7}}),
            QueueItem::Gone,
        ),
        (
            json!({"_class": "hudson.model.Queue$LeftItem", "task": {"url": "http://ci/job/Team%20A/job/50%25%20job/"}, "executable": {"number": 7}}),
            QueueItem::Started { number: 7 },
        ),
    ];
    local(async move {
        for (wire, expected) in cases {
            let fake = Fake::start(move |_| answer(&wire)).await;
            assert_eq!(client(&fake.url, &[]).queue_item(&job(), 3).await.unwrap(), expected);
            assert!(fake.seen()[0].uri.starts_with("/queue/item/3/api/json?tree="));
        }
        let fake = Fake::start(|seen| match seen.uri.as_str() {
            "/queue/cancelItem?id=3" => StatusCode::NO_CONTENT.into_response(),
            _ => html(404, ""),
        })
        .await;
        let client = client(&fake.url, &[]);
        assert_eq!(client.queue_item(&job(), 4).await.unwrap(), QueueItem::Gone);
        client.cancel(3).await.unwrap();
        assert_eq!(client.cancel(4).await, Err(Error::NotFound));
    });
}

#[test]
fn a_build_is_done_only_when_it_says_so() {
    let done = |word: &str| BuildState::Done(BuildResult::from(word));
    let cases = [
        (
            json!({"number": 7, "building": true, "result": null, "estimatedDuration": 60_000}),
            BuildState::Running,
        ),
        (
            json!({"number": 7, "building": false, "result": null}),
            BuildState::Running,
        ),
        (
            json!({"number": 7, "building": false, "inProgress": true, "result": "SUCCESS"}),
            BuildState::Running,
        ),
        (
            json!({"number": 7, "building": true, "result": "FAILURE"}),
            BuildState::Running,
        ),
        (
            json!({"number": 7, "building": true, "actions": [{}, null, {"_class": "org.jenkinsci.plugins.workflow.support.steps.input.InputAction"}]}),
            BuildState::WaitsForInput,
        ),
        (
            json!({"number": 7, "building": false, "inProgress": false, "result": "UNSTABLE"}),
            done("UNSTABLE"),
        ),
        (
            json!({"number": 7, "building": false, "result": "NOT_BUILT"}),
            BuildState::Done(BuildResult::NotBuilt),
        ),
        (
            json!({"number": 7, "result": "NEW"}),
            BuildState::Done(BuildResult::Other("NEW".to_owned())),
        ),
    ];
    local(async move {
        for (wire, expected) in cases {
            let fake = Fake::start(move |_| answer(&wire)).await;
            assert_eq!(client(&fake.url, &[]).build(&job(), 7).await.unwrap().state, expected);
        }
        let fake = Fake::start(|_| {
            answer(&json!({"number": 7, "queueId": 3, "building": false, "result": "SUCCESS", "timestamp": 1_700_000_000_000_i64,
                "duration": 90_500, "estimatedDuration": -1,
                "artifacts": [{"displayPath": null, "fileName": "a.log", "relativePath": "out/a.log"}]}))
        })
        .await;
        let build = client(&fake.url, &[]).build(&job(), 7).await.unwrap();
        assert_eq!(
            (build.queue_id, build.took, build.estimate),
            (Some(3), Some(SignedDuration::from_millis(90_500)), None)
        );
        assert_eq!(build.artifacts[0].relative_path, "out/a.log");
    });
}

#[test]
fn a_vanished_queue_item_is_found_among_the_builds() {
    local(async {
        let fake =
            Fake::start(|_| answer(&json!({"builds": [{"number": 9, "queueId": 40}, {"number": 8, "queueId": 39}]})))
                .await;
        let client = client(&fake.url, &[]);
        assert_eq!(client.find_build_by_queue_id(&job(), 39).await.unwrap(), Some(8));
        assert_eq!(client.find_build_by_queue_id(&job(), 1).await.unwrap(), None);
    });
}

#[test]
fn a_log_goes_on_where_jenkins_says() {
    local(async {
        let fake = Fake::start(|seen| {
            if seen.uri.ends_with("start=0") {
                (
                    [("x-text-size", "4711"), ("x-more-data", "true")],
                    "one\r\n\u{1b}[31mtwo\u{1b}[0m\r\n",
                )
                    .into_response()
            } else {
                ([("x-text-size", "5000")], "three\n").into_response()
            }
        })
        .await;
        let client = client(&fake.url, &[]);
        let mut position = LogPosition::default();
        let first = client.log(&job(), 7, &mut position).await.unwrap();
        assert_eq!((first.text.as_str(), first.more), ("one\ntwo\n", true));
        let second = client.log(&job(), 7, &mut position).await.unwrap();
        assert_eq!((second.text.as_str(), second.more), ("three\n", false));
        assert_eq!(
            fake.seen()[1].uri,
            format!("{JOB}/7/logText/progressiveText?start=4711")
        );

        let long =
            Fake::start(|_| ([("x-text-size", "9")], format!("{}END", "x".repeat(1 << 20))).into_response()).await;
        let client = super::client(&long.url, &[]);
        let log = client.log(&job(), 7, &mut LogPosition::default()).await.unwrap();
        assert!(log.text.ends_with("xEND") && log.text.len() <= 128 << 10);
    });
}

#[test]
fn a_console_note_that_two_answers_share_is_in_neither() {
    const PIECES: [&[u8]; 4] = [
        b"Release it?\r\n\x1b[8mha:////4AAAAKx7L",
        b"e4UBcYZ8=\x1b[0mProceed or \x1b[8m",
        b"ha:////4AAA==\x1b[0mAbort\r\nna\xc3",
        b"\xafve\r\n\x1b[8mha:////4AAAAend",
    ];
    local(async {
        let fake = Fake::start(|seen| {
            let at: usize = seen.uri.rsplit('=').next().unwrap().parse().unwrap();
            let mut response = PIECES[at].into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
            headers.insert("x-text-size", (at + 1).to_string().parse().unwrap());
            if at + 1 < PIECES.len() {
                headers.insert("x-more-data", "true".parse().unwrap());
            }
            response
        })
        .await;
        let client = client(&fake.url, &[]);
        let (mut position, mut read) = (LogPosition::default(), Vec::new());
        for _ in PIECES {
            read.push(client.log(&job(), 7, &mut position).await.unwrap().text);
        }
        assert_eq!(read, ["Release it?\n", "Proceed or ", "Abort\nna", "\u{ef}ve\n"]);

        // Only the end of a long answer is kept: it begins with a line, not within a note.
        let fake = Fake::start(|_| {
            let note = format!("\u{1b}[8mha:////{}\u{1b}[0m[Pipeline] sh\n", "4AAA".repeat(200));
            ([("x-text-size", "9")], note.repeat(1_000)).into_response()
        })
        .await;
        let client = super::client(&fake.url, &[]);
        let log = client.log(&job(), 7, &mut LogPosition::default()).await.unwrap();
        assert!(log.text.lines().all(|line| line == "[Pipeline] sh"), "{}", log.text);
    });
}

#[test]
fn a_build_is_stopped_once() {
    local(async {
        let fake = Fake::start(|_| moved(302, "/elsewhere")).await;
        client(&fake.url, &[]).stop(&job(), 7).await.unwrap();
        let seen = fake.seen();
        assert_eq!(
            (seen.len(), seen[0].uri.as_str()),
            (1, format!("{JOB}/7/stop").as_str())
        );
        let fake = Fake::start(|_| {
            (
                StatusCode::FORBIDDEN,
                [("x-required-permission", "hudson.model.Item.Cancel")],
            )
                .into_response()
        })
        .await;
        let refused = client(&fake.url, &[]).stop(&job(), 7).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the Jenkins user lacks the permission hudson.model.Item.Cancel"
        );
    });
}
