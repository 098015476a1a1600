//! Reports of services about an alert, in the shapes of their documentation.

use signpost::oncall::{AlertLookup, PagedAlert};

use super::*;

const KEY: &str = "signpost:T1:C1:1764.1:V1";

/// `STAGE by NAME at TIME`.
fn shown(answer: Result<Option<PagedAlert>, signpost::oncall::Error>) -> String {
    let alert = match answer {
        Ok(Some(alert)) => alert,
        Ok(None) => return "unknown".to_owned(),
        Err(error) => return error.to_string(),
    };
    let by = alert.by.map_or(String::new(), |by| format!(" by {by}"));
    let at = alert.at.map_or(String::new(), |at| format!(" at {at}"));
    format!("{}{by}{at}", alert.stage.as_str())
}

fn json_of(value: Value) -> Response {
    axum::Json(value).into_response()
}

fn query_of(seen: &Seen) -> Vec<(String, String)> {
    let url = url::Url::parse(&format!("http://x{}", seen.uri)).unwrap();
    url.query_pairs().into_owned().collect()
}

fn has(seen: &Seen, name: &str, value: &str) -> bool {
    query_of(seen).contains(&(name.to_owned(), value.to_owned()))
}

#[test]
fn pagerduty_finds_an_incident_by_the_key_of_its_alert() {
    let incident = |status: &str| {
        json!({
            "id": "PI1", "status": status, "incident_key": null, "created_at": "2026-11-30T11:00:00Z",
            "acknowledgements": [{"at": "2026-11-30T11:05:00Z", "acknowledger": {"type": "user_reference", "summary": "Ada"}}],
            "last_status_change_at": "2026-11-30T11:09:00Z", "last_status_change_by": {"summary": "Grace"},
        })
    };
    for (incidents, expected) in [
        (json!([incident("triggered")]), "open"),
        (
            json!([incident("acknowledged")]),
            "acknowledged by Ada at 2026-11-30T11:05:00Z",
        ),
        (
            json!([incident("resolved")]),
            "resolved by Grace at 2026-11-30T11:09:00Z",
        ),
        (json!([]), "unknown"),
        // Another incident, as a service would give that ignores the key.
        (
            json!([{"status": "acknowledged", "incident_key": "another"}]),
            "unknown",
        ),
        (json!([{"status": "acknowledged"}]), "acknowledged"),
        (json!(null), "PagerDuty returned no list of incidents"),
    ] {
        let answer = move |seen: &Seen| {
            assert_eq!(seen.headers["authorization"], "Token token=key");
            assert!(
                seen.uri.starts_with("/incidents?") && has(seen, "incident_key", KEY),
                "{}",
                seen.uri
            );
            json_of(json!({"incidents": incidents, "more": false}))
        };
        with(answer, |fake| async move {
            let service = PagerDutySchedules::new(endpoint(&fake.url, "PagerDuty"), "key".into());
            assert_eq!(shown(service.alert(KEY).await), expected);
        });
    }
}

#[test]
fn grafana_finds_an_alert_group_by_the_payload_of_its_alert_once() {
    let answer = |seen: &Seen| match seen.uri.split('?').next().unwrap() {
        "/api/v1/alerts/" if has(seen, "search", KEY) => json_of(json!({"results": [
            {"id": "A0", "alert_group_id": "I0", "payload": {"alert_uid": "another"}},
            {"id": "A1", "alert_group_id": "I1", "payload": {"alert_uid": KEY}},
        ]})),
        "/api/v1/alerts/" => json_of(json!({"results": []})),
        "/api/v1/alert_groups/" => {
            assert!(has(seen, "id", "I1"), "{}", seen.uri);
            json_of(json!({"results": [{
                "id": "I1", "state": "acknowledged", "acknowledged_at": "2026-11-30T11:05:00.5Z", "acknowledged_by": "U1",
            }]}))
        }
        "/api/v1/users/U1/" => json_of(json!({"username": "ada", "email": "ada@example.com"})),
        other => panic!("{other}"),
    };
    with(answer, |fake| async move {
        let service = GrafanaSchedules::new(endpoint(&fake.url, "Grafana"), "key".into(), None);
        for _ in 0..2 {
            let told = shown(service.alert(KEY).await);
            assert_eq!(told, "acknowledged by ada at 2026-11-30T11:05:00.5Z");
        }
        let searched = fake
            .seen()
            .iter()
            .filter(|seen| seen.uri.starts_with("/api/v1/alerts/"))
            .count();
        assert_eq!(searched, 1);
        assert_eq!(shown(service.alert("another key").await), "unknown");
    });
}

#[test]
fn jira_service_management_finds_an_alert_by_its_alias() {
    let answer = |seen: &Seen| match seen.uri.split('?').next().unwrap() {
        "/jsm/ops/api/c1/v1/alerts" => {
            assert!(has(seen, "query", &format!("alias: \"{KEY}\"")), "{}", seen.uri);
            json_of(json!({"values": [
                {"alias": "another", "status": "open", "acknowledged": false},
                {"alias": KEY, "status": "open", "acknowledged": true, "owner": "account-1"},
            ]}))
        }
        "/ex/jira/c1/rest/api/3/user" => json_of(json!({"displayName": "Ada"})),
        other => panic!("{other}"),
    };
    with(answer, |fake| async move {
        let url = format!("{}/jsm/ops/api/c1", fake.url);
        let service = JsmSchedules::new(endpoint(&url, "Jira Service Management"), "ada@example.com:t".into());
        assert_eq!(shown(service.alert(KEY).await), "acknowledged by Ada");
    });
}

#[test]
fn opsgenie_tells_who_acknowledged_or_closed_and_when() {
    let alert = |more: Value| {
        let mut alert = json!({"alias": KEY, "status": "open", "acknowledged": false, "createdAt": "2026-11-30T11:00:00Z", "owner": ""});
        for (name, value) in more.as_object().unwrap() {
            alert[name] = value.clone();
        }
        json!({"data": alert})
    };
    for (status, body, expected) in [
        (200, alert(json!({})), "open"),
        (
            200,
            alert(json!({"acknowledged": true, "report": {"ackTime": 60_000, "acknowledgedBy": "ada@example.com"}})),
            "acknowledged by ada@example.com at 2026-11-30T11:01:00Z",
        ),
        (
            200,
            alert(
                json!({"status": "closed", "acknowledged": true, "report": {"closeTime": 90_000, "closedBy": "grace@example.com"}}),
            ),
            "resolved by grace@example.com at 2026-11-30T11:01:30Z",
        ),
        // Made some time after the request for it was taken.
        (404, json!({"message": "Alert not found"}), "unknown"),
        (
            403,
            json!({}),
            "Opsgenie rejected the key (HTTP 403); check the token of this service in oncall.toml",
        ),
    ] {
        let answer = move |seen: &Seen| {
            assert!(has(seen, "identifierType", "alias"), "{}", seen.uri);
            assert_eq!(seen.headers["authorization"], "GenieKey key");
            (StatusCode::from_u16(status).unwrap(), axum::Json(body.clone())).into_response()
        };
        with(answer, |fake| async move {
            let service = OpsgenieSchedules::new(endpoint(&fake.url, "Opsgenie"), "key".into());
            assert_eq!(shown(service.alert(KEY).await), expected);
        });
    }
}

#[test]
fn goalert_tells_what_became_of_an_alert_with_the_query_of_its_key() {
    let alert = |status: &str| {
        let details = format!("https://work.slack.com/archives/C1/p1\nKey: {KEY}\n\nThe valve sticks.");
        let events = json!([
            {"timestamp": "2026-11-30T11:09:00Z", "message": "Closed by Grace (Web)"},
            {"timestamp": "2026-11-30T11:05:00Z", "message": "Acknowledged by Ada Lovelace (SMS)"},
            {"timestamp": "2026-11-30T11:00:00Z", "message": "Created via Signpost (Generic API)"},
        ]);
        json!({"status": status, "details": details, "recentEvents": {"nodes": events}})
    };
    let of = |alerts: Value| json!({"data": {"alerts": {"nodes": alerts}}});
    let other = json!({"status": "StatusAcknowledged", "details": format!("Key: {KEY}0")});
    let quoting = json!({"status": "StatusAcknowledged", "details": format!("Key: {KEY}0\n\nAgain this:\nKey: {KEY}")});
    let by_key = json!({"status": "StatusClosed", "details": format!("Key: {KEY}"), "recentEvents": {"nodes": [
        {"timestamp": "2026-11-30T11:09:00Z", "message": "Closed via Signpost (Generic API)"},
    ]}});
    for (body, expected) in [
        (of(json!([other, alert("StatusUnacknowledged")])), "open"),
        (
            of(json!([other, alert("StatusAcknowledged")])),
            "acknowledged by Ada Lovelace at 2026-11-30T11:05:00Z",
        ),
        (
            of(json!([alert("StatusClosed")])),
            "resolved by Grace at 2026-11-30T11:09:00Z",
        ),
        (of(json!([by_key])), "resolved at 2026-11-30T11:09:00Z"),
        (of(json!([other])), "unknown"),
        (of(json!([quoting, alert("StatusUnacknowledged")])), "open"),
        (
            json!({"errors": [{"message": "invalid query"}], "data": null}),
            "GoAlert returned no list of alerts; check the query of its API key",
        ),
    ] {
        let answer = move |seen: &Seen| {
            assert_eq!((seen.method.as_str(), seen.uri.as_str()), ("POST", "/api/graphql"));
            assert_eq!(seen.headers["authorization"], "Bearer key");
            assert_eq!(
                serde_json::from_str::<Value>(&seen.body).unwrap(),
                json!({"variables": {}})
            );
            json_of(body.clone())
        };
        with(answer, |fake| async move {
            let alerts = GoAlertAlerts::new(endpoint(&fake.url, "GoAlert"), "key".into());
            assert_eq!(shown(alerts.alert(KEY).await), expected);
        });
    }
}
