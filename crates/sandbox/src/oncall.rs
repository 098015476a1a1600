//! The local on-call service: answers as PagerDuty's public documentation says (on-calls of the REST API v2, events of
//! the Events API v2), and has a page below `/oncall` that shows who was paged. Calls nobody.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Shared;
use super::text;

/// The API token that reads on-calls.
pub const ONCALL_TOKEN: &str = "sandbox-oncall-token";
/// The routing key of the integration that pages.
pub const ROUTING_KEY: &str = "sandbox0routing0key0000000000000";
/// The schedule that Grace and Ada share.
pub const SCHEDULE: &str = "PSANDBOX1";

/// Most alerts that are kept; the oldest are dropped.
const MOST: usize = 500;
/// Most faults that may wait.
const FAULTS: usize = 1_000;

/// Alerts by key, and faults to answer with.
#[derive(Debug, Default)]
pub(super) struct OncallService(Mutex<OncallState>);

#[derive(Debug, Default)]
struct OncallState {
    alerts: Vec<LocalAlert>,
    /// Statuses of the next answers.
    faults: VecDeque<u16>,
}

/// An alert that somebody was paged for.
#[derive(Debug, Clone)]
struct LocalAlert {
    key: String,
    summary: String,
    severity: String,
    link: Option<String>,
    status: &'static str,
    at: Timestamp,
    /// Requests with its key: one pages, the others are taken for the same alert.
    requests: u32,
}

impl OncallService {
    fn lock(&self) -> std::sync::MutexGuard<'_, OncallState> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The alerts as JSON, the oldest first.
    pub(super) fn pages(&self) -> Value {
        let alerts = self.lock().alerts.clone();
        let shown = alerts.iter().map(|alert| {
            json!({
                "key": alert.key, "summary": alert.summary, "severity": alert.severity, "status": alert.status,
                "link": alert.link, "requests": alert.requests,
            })
        });
        shown.collect()
    }
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/oncall", get(page))
        .route(
            "/oncall/pages",
            get(|State(shared): State<Arc<Shared>>| async move { Json(shared.oncall.pages()) }),
        )
        .route("/oncall/faults", post(faults))
        .route("/oncall/api/oncalls", get(oncalls))
        .route("/oncall/events/v2/enqueue", post(enqueue))
}

/// Makes the next requests fail: `{"status": 503, "times": 2}`.
async fn faults(State(shared): State<Arc<Shared>>, Json(fault): Json<Value>) -> Response {
    let status = fault["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let times = usize::try_from(fault["times"].as_u64().unwrap_or(1))
        .unwrap_or(FAULTS)
        .min(FAULTS);
    let Some(status) = status.filter(|status| (400..600).contains(status)) else {
        return (
            StatusCode::BAD_REQUEST,
            Json(json!({"ok": false, "error": "`status` must be from 400 to 599"})),
        )
            .into_response();
    };
    let mut state = shared.oncall.lock();
    state.faults.extend(std::iter::repeat_n(status, times));
    state.faults.truncate(FAULTS);
    Json(json!({"ok": true})).into_response()
}

fn fault(shared: &Shared) -> Option<Response> {
    let status = shared.oncall.lock().faults.pop_front()?;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Some(
        (
            status,
            Json(json!({"error": {"message": "a fault of the local workspace"}})),
        )
            .into_response(),
    )
}

/// `GET /oncalls`: Grace and Ada take turns of eight hours.
async fn oncalls(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    if let Some(fault) = fault(&shared) {
        return fault;
    }
    let expected = format!("Token token={ONCALL_TOKEN}");
    if headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) != Some(&*expected) {
        let error = json!({"error": {"message": "Unauthorized", "code": 2006}});
        return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
    }
    let turn = 8 * 3_600;
    let now = query
        .get("since")
        .and_then(|since| since.parse().ok())
        .unwrap_or_else(|| shared.lock().now());
    let first = now.as_second().div_euclid(turn);
    let people = [("PU1", "Grace", "grace@example.com"), ("PU2", "Ada", "ada@example.com")];
    let entry = |index: i64| {
        let time = |index: i64| Timestamp::from_second(index * turn).unwrap_or(now).to_string();
        let (id, name, email) = people[usize::try_from(index.rem_euclid(2)).unwrap_or_default()];
        json!({
            "user": {"id": id, "name": name, "summary": name, "email": email, "type": "user"},
            "schedule": {"id": SCHEDULE}, "escalation_policy": {"id": "PSANDBOX2"}, "escalation_level": 1,
            "start": time(index), "end": time(index + 1),
        })
    };
    let oncalls: Vec<Value> = (first..first + 3).map(entry).collect();
    Json(json!({"oncalls": oncalls, "limit": 100, "offset": 0, "more": false, "total": null})).into_response()
}

/// `POST /v2/enqueue`.
async fn enqueue(State(shared): State<Arc<Shared>>, Json(event): Json<Value>) -> Response {
    if let Some(fault) = fault(&shared) {
        return fault;
    }
    let read = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let invalid = |error: &str| {
        let body = json!({"status": "invalid event", "message": "Event object is invalid", "errors": [error]});
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    if read(&event["routing_key"]) != ROUTING_KEY {
        return invalid("Length of 'routing_key' is incorrect (should be 32 characters)");
    }
    let key = read(&event["dedup_key"]);
    if key.is_empty() {
        return invalid("the local service wants a 'dedup_key'");
    }
    let payload = &event["payload"];
    let now = shared.lock().now();
    let mut state = shared.oncall.lock();
    let known = state.alerts.iter_mut().find(|alert| alert.key == key);
    match (read(&event["event_action"]).as_str(), known) {
        ("trigger", Some(alert)) => alert.requests += 1,
        ("trigger", None) => {
            let summary = read(&payload["summary"]);
            if summary.is_empty() || summary.chars().count() > 1_024 {
                return invalid("'payload.summary' is missing or too long");
            }
            if state.alerts.len() >= MOST {
                state.alerts.remove(0);
            }
            state.alerts.push(LocalAlert {
                key: key.clone(),
                summary,
                severity: read(&payload["severity"]),
                link: event
                    .pointer("/links/0/href")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                status: "triggered",
                at: now,
                requests: 1,
            });
        }
        ("acknowledge", Some(alert)) => alert.status = "acknowledged",
        ("resolve", Some(alert)) => alert.status = "resolved",
        ("acknowledge" | "resolve", None) => {}
        _ => return invalid("'event_action' is invalid"),
    }
    let body = json!({"status": "success", "message": "Event processed", "dedup_key": key});
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

/// The page that shows who was paged.
async fn page(State(shared): State<Arc<Shared>>) -> Response {
    let now = shared.lock().now();
    let alerts = shared.oncall.lock().alerts.clone();
    let mut rows = String::new();
    for alert in alerts.iter().rev() {
        let ago = now.duration_since(alert.at).max(SignedDuration::ZERO).as_secs();
        let link = alert
            .link
            .as_deref()
            .filter(|link| link.starts_with("http"))
            .map(|link| format!(" <a href=\"{}\">thread</a>", escaped(link)));
        let _ = writeln!(
            rows,
            "<tr><td>{ago} s ago</td><td>{}</td><td>{}</td><td>{}{}</td></tr>",
            escaped(alert.status),
            escaped(&alert.severity),
            escaped(&alert.summary),
            link.unwrap_or_default()
        );
    }
    let content = if rows.is_empty() {
        "<p>No one has been paged yet.</p>".to_owned()
    } else {
        format!(
            "<table><thead><tr><th>When</th><th>Status</th><th>Severity</th><th>Alert</th></tr></thead><tbody>{rows}</tbody></table>"
        )
    };
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"2\">\
         <title>Local on-call service</title><link rel=\"stylesheet\" href=\"/page/oncall.css\"></head><body>\
         <h1>Local on-call service</h1><p>Shows who would have been paged. No one is actually paged.</p>{content}</body></html>"
    );
    let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}

fn escaped(text: &str) -> String {
    text::escape(text).replace('"', "&quot;")
}
