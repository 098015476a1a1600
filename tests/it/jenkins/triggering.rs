//! Every answer to a trigger has its own class, and a trigger is sent once.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderName, SET_COOKIE};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use signpost::jenkins::{Error, Triggered};
use signpost::jobs::{Declared, JobDefinition};

use super::{Fake, JOB, client, html, job, json as answer_json, local, moved};

/// An answer and its class.
type Case = (fn() -> Response, &'static str);

fn definition(parameters: &[&str]) -> JobDefinition {
    let declared = |name: &&str| Declared {
        name: (*name).to_owned(),
        ..Declared::default()
    };
    JobDefinition {
        buildable: true,
        parameters: parameters.iter().map(declared).collect(),
        ..JobDefinition::default()
    }
}

fn values() -> BTreeMap<String, String> {
    [("A", "x&y=z"), ("B", "é")]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

async fn trigger(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> (Triggered, Fake) {
    let fake = Fake::start(move |_| answer()).await;
    let client = client(&format!("{}/ci", fake.url), &[]);
    (client.trigger(&job(), &definition(&["A", "B"]), &values()).await, fake)
}

#[test]
fn values_go_in_the_body_with_the_token_and_without_cookies() {
    local(async {
        let fake = Fake::start(|_| {
            let set = [
                (SET_COOKIE, "JSESSIONID=1"),
                (
                    HeaderName::from_static("location"),
                    "http://elsewhere/ci/queue/item/17/",
                ),
            ];
            (StatusCode::CREATED, set).into_response()
        })
        .await;
        let client = client(&format!("{}/ci", fake.url), &[]);
        for _ in 0..2 {
            let triggered = client.trigger(&job(), &definition(&["A"]), &values()).await;
            assert_eq!(triggered, Triggered::Queued { queue_id: 17 });
        }
        client.trigger(&job(), &definition(&[]), &BTreeMap::new()).await;
        let seen = fake.seen();
        assert_eq!(seen[0].uri, format!("/ci{JOB}/buildWithParameters"));
        assert_eq!(seen[0].body, "A=x%26y%3Dz&B=%C3%A9");
        assert_eq!(seen[0].headers[AUTHORIZATION], "Basic c2lnbnBvc3Q6dDBrZW4=");
        assert_eq!(
            (seen[2].uri.as_str(), seen[2].body.as_str()),
            (format!("/ci{JOB}/build").as_str(), "")
        );
        assert!(
            seen.iter()
                .all(|request| request.method == "POST" && !request.headers.contains_key(COOKIE))
        );
    });
}

#[test]
fn the_same_request_in_the_queue_is_joined() {
    local(async {
        let (triggered, fake) = trigger(|| moved(303, "/ci/queue/item/9/")).await;
        assert_eq!(triggered, Triggered::Joined { queue_id: 9 });
        assert_eq!(fake.seen().len(), 1, "no redirect of a POST is followed");
    });
}

#[test]
fn every_refusal_has_its_own_class() {
    fn permission() -> Response {
        (
            StatusCode::FORBIDDEN,
            [("x-required-permission", "hudson.model.Item.Build")],
        )
            .into_response()
    }
    let answers: [Case; 18] = [
        (|| html(400, "is not parameterized"), "no-parameters"),
        (|| html(500, "X is not parameterized"), "no-parameters"),
        (|| html(401, "Unauthorized"), "bad-credentials"),
        (|| html(403, "Authentication required"), "forbidden"),
        (
            || html(403, "No valid crumb was included in the request"),
            "crumb-needed",
        ),
        (permission, "no-permission"),
        (|| html(404, "Not Found"), "not-found"),
        (|| html(405, ""), "method"),
        (|| html(409, "X is not buildable"), "not-buildable"),
        (|| html(413, ""), "odd"),
        (|| html(429, ""), "busy"),
        (|| html(500, "Oops! Illegal choice for parameter A"), "bad-choice"),
        (
            || html(503, "Please wait while Jenkins is getting ready to work"),
            "starting",
        ),
        (|| html(200, "<title>Sign in</title>"), "not-jenkins"),
        (|| moved(302, "https://sso.example.com/login"), "not-jenkins"),
        (|| moved(302, "/ci/login?from=x"), "forbidden"),
        (|| moved(302, "/ci/job/Team%20A/job/50%25%20job/"), "vetoed"),
        (|| StatusCode::MOVED_PERMANENTLY.into_response(), "not-jenkins"),
    ];
    local(async move {
        for (answer, class) in answers {
            let (triggered, fake) = trigger(answer).await;
            let Triggered::Refused(error) = triggered else {
                panic!("{class}: {triggered:?}");
            };
            assert_eq!(error.class(), class, "{error}");
            assert!(error.to_string().len() > 10 && !error.to_string().contains("t0ken"));
            assert_eq!(fake.seen().len(), 1, "{class}: sent once");
        }
        let fake = Fake::start(|_| html(400, "")).await;
        let triggered = client(&fake.url, &[])
            .trigger(&job(), &definition(&[]), &values())
            .await;
        assert_eq!(triggered, Triggered::Refused(Error::ParametersNeeded));
        let nowhere = client("http://127.0.0.1:1", &[])
            .trigger(&job(), &definition(&[]), &values())
            .await;
        assert!(
            matches!(nowhere, Triggered::Refused(Error::Unreachable { .. })),
            "{nowhere:?}"
        );
    });
}

#[test]
fn what_is_not_certain_is_unknown() {
    let answers: [Case; 7] = [
        (|| StatusCode::CREATED.into_response(), "no-queue-id"),
        (|| moved(201, "/ci/job/x/"), "no-queue-id"),
        (|| moved(303, "/ci/queue/item/x/"), "no-queue-id"),
        (|| answer_json(&json!({})), "no-queue-id"),
        (|| html(500, "Oops!"), "server"),
        (|| html(502, "Bad Gateway"), "server"),
        (|| html(503, "no backend"), "server"),
    ];
    local(async move {
        for (answer, class) in answers {
            let (triggered, fake) = trigger(answer).await;
            let Triggered::Unknown(error) = triggered else {
                panic!("{class}: {triggered:?}");
            };
            assert_eq!((error.class(), fake.seen().len()), (class, 1));
        }
    });
}

#[test]
fn no_answer_and_a_broken_one_are_unknown() {
    use tokio::io::AsyncReadExt as _;
    local(async {
        for (silent, class) in [(true, "timed-out"), (false, "broken")] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            tokio::task::spawn_local(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut bytes = [0; 1024];
                let _ = stream.read(&mut bytes).await;
                if silent {
                    // Held open until the client gives up.
                    let _ = stream.read(&mut bytes).await;
                }
            });
            let triggered = client(&url, &[]).trigger(&job(), &definition(&["A"]), &values()).await;
            assert!(
                matches!(&triggered, Triggered::Unknown(error) if error.class() == class),
                "{triggered:?}"
            );
        }
    });
}
