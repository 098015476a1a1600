//! Tests of the on-call services' clients against small servers that answer as the services' documentation says.

mod alerts;
mod calendar;
mod trackers;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use signpost::net::Net;
use signpost::oncall::{
    Calendar, CalendarPlace, GoAlertAlerts, GoAlertCalendar, GoAlertPager, GrafanaPager, GrafanaSchedules,
    JsmSchedules, OpsgeniePager, OpsgenieSchedules, Page, Pager, PagerDutyPager, PagerDutySchedules, ScheduleSource,
    ServiceEndpoint,
};
use signpost::runbook::ServiceSchedule;
use signpost::schedule::OnCall;

use super::jenkins::{Fake, Seen};

fn with<F: Future<Output = ()>>(
    answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static,
    test: impl FnOnce(Fake) -> F,
) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async { test(Fake::start(answer).await).await });
}

fn endpoint(url: &str, service: &'static str) -> ServiceEndpoint {
    let net = Net::new(&[], std::time::Duration::from_millis(400)).unwrap();
    ServiceEndpoint::new(net.client().unwrap(), url.parse().unwrap(), service)
}

fn at() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

fn schedule() -> ServiceSchedule {
    ServiceSchedule {
        service: "s".to_owned(),
        schedule: Some("PA1".to_owned()),
        members: vec![("ada@example.com".to_owned(), "U1".to_owned())],
        ..ServiceSchedule::default()
    }
}

/// `NAME=SLACK until TIME + …; next NAME`.
fn told(answer: Result<OnCall, signpost::oncall::Error>) -> String {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return error.to_string(),
    };
    let now = answer.now.iter().map(|shift| {
        let slack = shift.person.slack.as_ref().map_or(String::new(), |id| format!("={id}"));
        let until = shift.until.map_or(String::new(), |until| format!(" until {until}"));
        format!("{}{slack}{until}", shift.person.name)
    });
    let now: Vec<String> = now.collect();
    let next: Vec<&str> = answer.next.iter().map(|person| person.name.as_str()).collect();
    format!("{}; next {}", now.join(" + "), next.join(" + "))
}

fn entry(id: &str, name: &str, level: i64, start: &str, end: &str) -> Value {
    let time = |time: &str| if time.is_empty() { Value::Null } else { json!(time) };
    json!({
        "user": {"id": id, "summary": name, "email": format!("{}@example.com", name.to_lowercase())},
        "escalation_level": level, "start": time(start), "end": time(end),
    })
}

#[test]
fn pagerduty_pages_through_its_on_calls_and_takes_the_lowest_level() {
    let answer = |seen: &Seen| {
        assert_eq!(seen.headers["authorization"], "Token token=key");
        assert_eq!(seen.headers["accept"], "application/vnd.pagerduty+json;version=2");
        assert!(seen.uri.contains("schedule_ids%5B%5D=PA1"), "{}", seen.uri);
        let first = seen.uri.contains("offset=0");
        let oncalls = if first {
            vec![
                entry("P2", "Linus", 2, "", ""),
                entry("P1", "Ada", 1, "2026-11-30T08:00:00Z", "2026-11-30T20:00:00Z"),
                entry("P1", "Ada", 1, "2026-11-30T08:00:00Z", "2026-11-30T20:00:00Z"),
            ]
        } else {
            vec![entry(
                "P3",
                "Grace",
                1,
                "2026-11-30T20:00:00+00:00",
                "2026-12-01T08:00:00Z",
            )]
        };
        axum::Json(json!({"oncalls": oncalls, "limit": 100, "more": first, "total": null})).into_response()
    };
    with(answer, |fake| async move {
        let source = PagerDutySchedules::new(endpoint(&fake.url, "PagerDuty"), "key".into());
        let answer = source.on_call(&schedule(), at()).await;
        assert_eq!(told(answer), "Ada=U1 until 2026-11-30T20:00:00Z; next Grace");
    });
}

#[test]
fn pagerduty_joins_the_shifts_of_one_person_and_tells_who_is_next_when_nobody_is_on_call() {
    let answer = |seen: &Seen| {
        let oncalls = [
            entry("P1", "Ada", 1, "2026-11-30T08:00:00Z", "2026-11-30T20:00:00Z"),
            entry("P1", "Ada", 1, "2026-11-30T20:00:00Z", "2026-12-01T08:00:00Z"),
            entry("P3", "Grace", 1, "2026-12-01T08:00:00Z", "2026-12-01T20:00:00Z"),
        ];
        // The first page is all there is.
        assert!(seen.uri.contains("offset=0"), "{}", seen.uri);
        axum::Json(json!({"oncalls": oncalls, "more": false})).into_response()
    };
    with(answer, |fake| async move {
        let source = PagerDutySchedules::new(endpoint(&fake.url, "PagerDuty"), "key".into());
        for (at, expected) in [
            ("2026-11-30T12:00:00Z", "Ada=U1 until 2026-12-01T08:00:00Z; next Grace"),
            ("2026-11-30T02:00:00Z", "; next Ada"),
        ] {
            let answer = source.on_call(&schedule(), at.parse().unwrap()).await;
            assert_eq!(told(answer), expected, "{at}");
        }
    });
}

#[test]
fn ids_win_over_addresses_and_addresses_over_names_that_are_not_shared() {
    let answer = |_: &Seen| {
        let oncalls = [entry("P1", "Ada", 1, "", "")];
        axum::Json(json!({"oncalls": oncalls, "more": false})).into_response()
    };
    with(answer, |fake| async move {
        let source = PagerDutySchedules::new(endpoint(&fake.url, "PagerDuty"), "key".into());
        for (known, expected) in [
            (&["ada", "ada@example.com", "p1"][..], "Ada=U3; next "),
            (&["ada", "ada@example.com"], "Ada=U2; next "),
            (&["ada"], "Ada=U1; next "),
            (&["ada", "ada"], "Ada; next "),
        ] {
            let members = known.iter().zip(1..);
            let schedule = ServiceSchedule {
                members: members.map(|(one, id)| ((*one).to_owned(), format!("U{id}"))).collect(),
                ..schedule()
            };
            assert_eq!(told(source.on_call(&schedule, at()).await), expected, "{known:?}");
        }
    });
}

#[test]
fn pagerduty_reads_a_schedule_that_is_on_no_policy() {
    let answer = |seen: &Seen| {
        if seen.uri.starts_with("/oncalls") {
            return axum::Json(json!({"oncalls": [], "more": false})).into_response();
        }
        assert!(
            seen.uri.starts_with("/schedules/PA1?") && seen.uri.contains("overflow=true"),
            "{}",
            seen.uri
        );
        let entries = [
            json!({"user": {"id": "P1", "summary": "Ada"}, "start": "2026-11-30T08:00:00Z", "end": "2026-11-30T20:00:00Z"}),
            json!({"user": {"id": "P3", "summary": "Grace"}, "start": "2026-11-30T20:00:00Z", "end": "2026-12-01T08:00:00Z"}),
        ];
        axum::Json(json!({"schedule": {"final_schedule": {"rendered_schedule_entries": entries}}})).into_response()
    };
    with(answer, |fake| async move {
        let source = PagerDutySchedules::new(endpoint(&fake.url, "PagerDuty"), "key".into());
        let answer = source.on_call(&schedule(), at()).await;
        assert_eq!(told(answer), "Ada until 2026-11-30T20:00:00Z; next Grace");
    });
}

#[test]
fn grafana_tells_who_is_on_call_until_when_and_their_slack_account() {
    let answer = |seen: &Seen| {
        assert_eq!(seen.headers["authorization"], "glsa_token");
        assert_eq!(seen.headers["x-grafana-url"], "https://depot.grafana.net");
        let path = seen.uri.split('?').next().unwrap();
        let shift = |user: &str, name: &str, start: &str, end: &str| json!({"user_pk": user, "user_username": name, "user_email": "", "shift_start": start, "shift_end": end});
        let body = match path {
            "/oncall/api/v1/schedules/PA1/" => json!({"id": "PA1", "type": "web", "on_call_now": ["G1", "G2"]}),
            "/oncall/api/v1/schedules/PA1/final_shifts" => {
                assert!(
                    seen.uri.ends_with("start_date=2026-11-29&end_date=2026-12-14"),
                    "{}",
                    seen.uri
                );
                json!({"count": 4, "next": null, "results": [
                    shift("G3", "grace", "2026-11-30T20:00:00Z", "2026-12-01T08:00:00Z"),
                    shift("G1", "ada", "2026-11-30T00:00:00Z", "2026-11-30T18:00:00Z"),
                    shift("G1", "ada", "2026-11-30T18:00:00Z", "2026-11-30T20:00:00Z"),
                    {"shift_start": "soon"},
                ]})
            }
            "/oncall/api/v1/users/G1/" => {
                json!({"id": "G1", "username": "ada", "email": "ada@example.com", "slack": {"user_id": "U9", "team_id": "T1"}})
            }
            "/oncall/api/v1/users/G2/" => {
                json!({"id": "G2", "username": "linus", "email": "", "slack": [{"user_id": "U2"}]})
            }
            other => panic!("{other}"),
        };
        axum::Json(body).into_response()
    };
    with(answer, |fake| async move {
        let stack = "https://depot.grafana.net".parse().ok();
        let at_oncall = endpoint(&format!("{}/oncall", fake.url), "Grafana");
        let source = GrafanaSchedules::new(at_oncall, "glsa_token".into(), stack);
        let answer = source.on_call(&schedule(), at()).await;
        // The team file knows Ada by her address, and wins.
        assert_eq!(told(answer), "ada=U1 until 2026-11-30T20:00:00Z + linus=U2; next grace");
    });
}

#[test]
fn grafana_without_shifts_and_people_still_tells_who_is_on_call() {
    let answer = |seen: &Seen| {
        if seen.uri.ends_with("/schedules/PA1/") {
            return axum::Json(json!({"on_call_now": ["G1"]})).into_response();
        }
        (StatusCode::TOO_MANY_REQUESTS, "{}").into_response()
    };
    with(answer, |fake| async move {
        let source = GrafanaSchedules::new(endpoint(&fake.url, "Grafana"), "key".into(), None);
        assert_eq!(told(source.on_call(&schedule(), at()).await), "G1; next ");
        let nobody = |_: &Seen| axum::Json(json!({"on_call_now": []})).into_response();
        let fake = Fake::start(nobody).await;
        let source = GrafanaSchedules::new(endpoint(&fake.url, "Grafana"), "key".into(), None);
        assert_eq!(told(source.on_call(&schedule(), at()).await), "; next ");
        let odd = |_: &Seen| axum::Json(json!({"detail": "being synced"})).into_response();
        let fake = Fake::start(odd).await;
        let source = GrafanaSchedules::new(endpoint(&fake.url, "Grafana"), "key".into(), None);
        let expected = "Grafana returned no list of people on call";
        assert_eq!(told(source.on_call(&schedule(), at()).await), expected);
    });
}

#[test]
fn jira_service_management_tells_the_names_of_accounts() {
    let answer = |seen: &Seen| {
        // `ada@example.com:token`
        assert_eq!(seen.headers["authorization"], "Basic YWRhQGV4YW1wbGUuY29tOnRva2Vu");
        let body = match seen.uri.as_str() {
            "/jsm/ops/api/c1/v1/schedules/PA1/on-calls?flat=true" => json!({"onCallUsers": ["a1", "a2"]}),
            "/jsm/ops/api/c1/v1/schedules/PA1/next-on-calls?flat=true" => json!({"exactNextOnCallUsers": ["a3"]}),
            "/ex/jira/c1/rest/api/3/user?accountId=a1" => {
                json!({"displayName": "Ada", "emailAddress": "ada@example.com"})
            }
            "/ex/jira/c1/rest/api/3/user?accountId=a3" => json!({"displayName": "Grace"}),
            _ => return StatusCode::FORBIDDEN.into_response(),
        };
        axum::Json(body).into_response()
    };
    with(answer, |fake| async move {
        let site = endpoint(&format!("{}/jsm/ops/api/c1", fake.url), "Jira Service Management");
        let source = JsmSchedules::new(site, "ada@example.com:token".into());
        // A person who may not be looked up is their id.
        assert_eq!(told(source.on_call(&schedule(), at()).await), "Ada=U1 + a2; next Grace");
        let elsewhere = endpoint(&fake.url, "Jira Service Management");
        let source = JsmSchedules::new(elsewhere, "ada@example.com:token".into());
        let expected = "Jira Service Management refused the request (HTTP 403)";
        assert!(told(source.on_call(&schedule(), at()).await).starts_with(expected.split(" refused").next().unwrap()));
    });
}

#[test]
fn grafana_gets_one_alert_under_its_key() {
    let answer = |seen: &Seen| {
        assert_eq!(seen.uri, "/integrations/v1/formatted_webhook/secret/");
        let sent: Value = serde_json::from_str(&seen.body).unwrap();
        assert_eq!(sent["alert_uid"], "signpost/c1");
        assert_eq!(
            (&sent["state"], &sent["title"]),
            (&json!("alerting"), &json!("Queue stuck"))
        );
        assert_eq!(
            sent["link_to_upstream_details"],
            "https://example.slack.com/archives/C1/p1"
        );
        "Ok.".into_response()
    };
    with(answer, |fake| async move {
        let link = format!("{}/integrations/v1/formatted_webhook/secret/", fake.url);
        let pager = GrafanaPager::new(endpoint(&link, "Grafana"));
        let page = Page {
            dedup_key: "signpost/c1".to_owned(),
            summary: "Queue stuck".to_owned(),
            details: "What is known.".to_owned(),
            severity: "critical".to_owned(),
            link: Some("https://example.slack.com/archives/C1/p1".to_owned()),
        };
        pager.trigger(&page).await.unwrap();
        pager.acknowledge("signpost/c1").await.unwrap();
    });
}

#[test]
fn faults_of_a_service_are_sentences_without_its_key() {
    for (status, header, body, expected) in [
        (
            401,
            None,
            "{}",
            "PagerDuty rejected the key (HTTP 401); check the token of this service in oncall.toml",
        ),
        (
            404,
            None,
            "{}",
            "PagerDuty does not know the schedule PA1, or its key can't see it; check _data/teams.yml",
        ),
        (
            429,
            Some(("ratelimit-reset", "7")),
            "{}",
            "PagerDuty is rate limiting requests; retry in 7 s",
        ),
        (503, None, "", "PagerDuty failed (HTTP 503)"),
        (
            200,
            None,
            "<html>",
            "PagerDuty returned a web page, perhaps a sign-in page, instead of data",
        ),
        (200, None, "[1", "PagerDuty returned something other than JSON"),
        (200, None, "{}", "PagerDuty returned no list of on-calls"),
    ] {
        let answer = move |_: &Seen| {
            let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
            if let Some((name, value)) = header {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        };
        with(answer, |fake| async move {
            let source = PagerDutySchedules::new(endpoint(&fake.url, "PagerDuty"), "key".into());
            assert_eq!(told(source.on_call(&schedule(), at()).await), expected);
        });
    }
    let silent = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    silent.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let source = PagerDutySchedules::new(endpoint(&url, "PagerDuty"), "key".into());
        assert_eq!(
            told(source.on_call(&schedule(), at()).await),
            "PagerDuty did not respond in time"
        );
        drop(listener);
        assert_eq!(
            told(source.on_call(&schedule(), at()).await),
            "PagerDuty cannot be reached"
        );
    });
}

#[test]
fn opsgenie_and_goalert_answer_who_is_on_call() {
    let answer = |seen: &Seen| match seen.uri.split('?').next().unwrap() {
        "/v2/schedules/PA1/on-calls" => {
            assert_eq!(seen.headers["authorization"], "GenieKey key");
            axum::Json(json!({"data": {"onCallRecipients": ["ada@example.com", "bo@example.com"]}})).into_response()
        }
        "/api/v2/calendar" => {
            assert_eq!(seen.headers["accept"], "application/json");
            let shift = |start: &str, end: &str, name: &str| json!({"Start": start, "End": end, "UserName": name, "UserID": name});
            let shifts = [
                shift("2026-11-30T08:00:00Z", "2026-11-30T20:00:00Z", "Ada"),
                shift("2026-11-30T20:00:00Z", "2026-12-01T08:00:00Z", "Grace"),
            ];
            axum::Json(json!({"Shifts": shifts})).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    };
    with(answer, |fake| async move {
        let opsgenie = OpsgenieSchedules::new(endpoint(&fake.url, "Opsgenie"), "key".into());
        assert_eq!(
            told(opsgenie.on_call(&schedule(), at()).await),
            "ada@example.com=U1 + bo@example.com; next "
        );
        let goalert = GoAlertCalendar::new(endpoint(&fake.url, "GoAlert"), "key".into());
        assert_eq!(
            told(goalert.on_call(&schedule(), at()).await),
            "Ada until 2026-11-30T20:00:00Z; next Grace"
        );
    });
}

#[test]
fn without_a_schedule_no_service_is_asked_for_everybody() {
    let answer = |_: &Seen| axum::Json(json!({"oncalls": []})).into_response();
    with(answer, |fake| async move {
        let at_service = |name| endpoint(&format!("{}/jsm/ops/api/c1", fake.url), name);
        let sources: [(Box<dyn ScheduleSource>, &str); 4] = [
            (
                Box::new(PagerDutySchedules::new(at_service("PagerDuty"), "key".into())),
                "PagerDuty",
            ),
            (
                Box::new(OpsgenieSchedules::new(at_service("Opsgenie"), "key".into())),
                "Opsgenie",
            ),
            (
                Box::new(GrafanaSchedules::new(at_service("Grafana"), "key".into(), None)),
                "Grafana",
            ),
            (
                Box::new(JsmSchedules::new(at_service("JSM"), "a@example.com:key".into())),
                "JSM",
            ),
        ];
        for (source, name) in &sources {
            let told = told(source.on_call(&ServiceSchedule::default(), at()).await);
            assert_eq!(
                told,
                format!("{name} has many schedules; name one with `schedule` in _data/teams.yml")
            );
        }
        assert_eq!(fake.seen().len(), 0);
        // An escalation policy is enough for PagerDuty.
        let policy = ServiceSchedule {
            policy: Some("PP1".to_owned()),
            ..ServiceSchedule::default()
        };
        assert_eq!(told(sources[0].0.on_call(&policy, at()).await), "; next ");
    });
}

#[test]
fn a_calendar_link_is_read_once_and_a_sign_in_page_is_told() {
    let answer = |seen: &Seen| {
        match seen.uri.as_str() {
        "/secret.ics" => "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Ada\r\nDTSTART:20261130T080000Z\r\nDTEND:20261130T200000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".into_response(),
        _ => "<!doctype html><title>Sign in</title>".into_response(),
    }
    };
    with(answer, |fake| async move {
        let place = |path: &str| CalendarPlace::Link(endpoint(&format!("{}{path}", fake.url), "the calendar"));
        let calendar = Calendar::new(place("/secret.ics"), "UTC".to_owned());
        for _ in 0..3 {
            assert_eq!(
                told(calendar.on_call(&schedule(), at()).await),
                "Ada until 2026-11-30T20:00:00Z; next "
            );
        }
        assert_eq!(fake.seen().len(), 1);
        let login = Calendar::new(place("/login"), "UTC".to_owned());
        assert!(told(login.on_call(&schedule(), at()).await).contains("a sign-in page"));
    });
}

#[test]
fn pagers_send_their_own_key_and_cut_what_would_be_refused() {
    let answer = |seen: &Seen| match seen.uri.split('?').next().unwrap() {
        "/v2/enqueue" => (StatusCode::ACCEPTED, axum::Json(json!({"status": "success"}))).into_response(),
        "/v2/alerts" | "/v2/alerts/signpost%2Fc%2Ft%2F1/acknowledge" => {
            (StatusCode::ACCEPTED, axum::Json(json!({"requestId": "r"}))).into_response()
        }
        "/api/v2/generic/incoming" => StatusCode::NO_CONTENT.into_response(),
        other => panic!("{other}"),
    };
    with(answer, |fake| async move {
        let page = Page {
            dedup_key: "signpost/c/t/1".to_owned(),
            summary: "é".repeat(5_000),
            details: "d".repeat(50_000),
            severity: "critical".to_owned(),
            link: Some("https://slack.example.com/p1".to_owned()),
        };
        let pagers: [Box<dyn Pager>; 3] = [
            Box::new(PagerDutyPager::new(endpoint(&fake.url, "PagerDuty"), "routing".into())),
            Box::new(OpsgeniePager::new(endpoint(&fake.url, "Opsgenie"), "key".into())),
            Box::new(GoAlertPager::new(endpoint(&fake.url, "GoAlert"), "key".into())),
        ];
        for pager in &pagers {
            pager.trigger(&page).await.unwrap();
            pager.acknowledge(&page.dedup_key).await.unwrap();
        }
        let bodies: Vec<Value> = fake
            .seen()
            .iter()
            .map(|seen| serde_json::from_str(&seen.body).unwrap())
            .collect();
        let [event, acknowledged, alert, _, incoming] = bodies.as_slice() else {
            panic!("{}", bodies.len());
        };
        assert_eq!(
            (&event["dedup_key"], &event["routing_key"]),
            (&json!("signpost/c/t/1"), &json!("routing"))
        );
        assert_eq!(event["payload"]["summary"].as_str().unwrap().chars().count(), 1_024);
        assert_eq!(acknowledged["event_action"], "acknowledge");
        assert_eq!(
            (&alert["alias"], &alert["priority"]),
            (&json!("signpost/c/t/1"), &json!("P1"))
        );
        assert!(alert["message"].as_str().unwrap().chars().count() <= 130);
        assert_eq!(incoming["dedup"], "signpost/c/t/1");
    });
}
