//! The local on-call service: answers as PagerDuty's public documentation says (on-calls and incidents of the REST API
//! v2, events of the Events API v2), and has a page below `/oncall` that shows who was paged, where alerts can be
//! acknowledged and the service be made to fail. Calls nobody.

pub(super) mod modes;
mod page;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::modes::ServiceMode;
use super::Shared;
use super::server::problem;

/// The API token that reads on-calls.
pub const ONCALL_TOKEN: &str = "sandbox-oncall-token";
/// The routing key of the integration that pages.
pub const ROUTING_KEY: &str = "sandbox0routing0key0000000000000";
/// The schedule that Grace and Ada share.
pub const SCHEDULE: &str = "PSANDBOX1";

/// The people who take turns: id, name, e-mail address.
const PEOPLE: [(&str, &str, &str); 2] = [("PU1", "Grace", "grace@example.com"), ("PU2", "Ada", "ada@example.com")];

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
    mode: ServiceMode,
    /// Look-ups of incidents so far.
    lookups: u64,
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
    /// The person who acknowledged or resolved it, and the time.
    by: Option<String>,
    changed_at: Timestamp,
}

impl OncallService {
    fn lock(&self) -> std::sync::MutexGuard<'_, OncallState> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Acknowledges or resolves an alert. `false` when there is none with this key, or it is over.
    fn change(&self, key: &str, status: &'static str, by: &str, now: Timestamp) -> bool {
        let mut state = self.lock();
        let Some(alert) = state.alerts.iter_mut().find(|alert| alert.key == key) else {
            return false;
        };
        if alert.status == "resolved" {
            return false;
        }
        alert.status = status;
        alert.by = Some(by.to_owned()).filter(|by| !by.is_empty());
        alert.changed_at = now;
        true
    }

    /// The number of look-ups of incidents so far.
    pub(super) fn lookups(&self) -> u64 {
        self.lock().lookups
    }

    /// The alerts as JSON, the oldest first.
    pub(super) fn pages(&self) -> Value {
        let alerts = self.lock().alerts.clone();
        let shown = alerts.iter().map(|alert| {
            json!({
                "key": alert.key, "summary": alert.summary, "severity": alert.severity, "status": alert.status,
                "link": alert.link, "requests": alert.requests, "by": alert.by,
            })
        });
        shown.collect()
    }
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/oncall", get(page::show).post(page::press))
        .route(
            "/oncall/pages",
            get(|State(shared): State<Arc<Shared>>| async move { Json(shared.oncall.pages()) }),
        )
        .route("/oncall/faults", post(faults))
        .route("/oncall/mode", post(mode))
        .route("/oncall/acknowledge", post(acknowledge))
        .route("/oncall/resolve", post(resolve))
        .route("/oncall/api/oncalls", get(oncalls))
        .route("/oncall/api/incidents", get(incidents))
        .route("/oncall/events/v2/enqueue", post(enqueue))
}

/// `POST /oncall/faults`: makes the next requests fail: `{"status": 503, "times": 2}`.
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

/// Makes the service answer in a mode: `{"mode": "slow"}`.
async fn mode(State(shared): State<Arc<Shared>>, Json(wanted): Json<Value>) -> Response {
    let Some(mode) = wanted["mode"].as_str().and_then(ServiceMode::parse) else {
        let names = ServiceMode::ALL.map(|(_, name)| name).join(", ");
        return problem(StatusCode::BAD_REQUEST, &format!("`mode` must be one of {names}"));
    };
    shared.oncall.lock().mode = mode;
    Json(json!({"ok": true, "mode": mode.as_str()})).into_response()
}

/// Acknowledges an alert: `{"key": "…", "by": "Grace"}`.
async fn acknowledge(State(shared): State<Arc<Shared>>, Json(wanted): Json<Value>) -> Response {
    changed(&shared, &wanted, "acknowledged")
}

/// Resolves an alert: `{"key": "…", "by": "Grace"}`.
async fn resolve(State(shared): State<Arc<Shared>>, Json(wanted): Json<Value>) -> Response {
    changed(&shared, &wanted, "resolved")
}

fn changed(shared: &Shared, wanted: &Value, status: &'static str) -> Response {
    let read = |name: &str| wanted[name].as_str().unwrap_or_default();
    let now = shared.lock().now();
    if shared.oncall.change(read("key"), status, read("by"), now) {
        Json(json!({"ok": true})).into_response()
    } else {
        problem(StatusCode::NOT_FOUND, "no open alert has this `key`")
    }
}

/// The answer to a request that the service does not answer as documented.
async fn fault(shared: &Shared) -> Option<Response> {
    if let Some(fault) = next_fault(shared) {
        return Some(fault);
    }
    let mode = shared.oncall.lock().mode;
    mode.answer().await
}

fn next_fault(shared: &Shared) -> Option<Response> {
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
    if let Some(fault) = fault(&shared).await {
        return fault;
    }
    if let Some(refused) = refused(&headers) {
        return refused;
    }
    let turn = 8 * 3_600;
    let now = query
        .get("since")
        .and_then(|since| since.parse().ok())
        .unwrap_or_else(|| shared.lock().now());
    let first = now.as_second().div_euclid(turn);
    let entry = |index: i64| {
        let time = |index: i64| Timestamp::from_second(index * turn).unwrap_or(now).to_string();
        let (id, name, email) = PEOPLE[usize::try_from(index.rem_euclid(2)).unwrap_or_default()];
        json!({
            "user": {"id": id, "name": name, "summary": name, "email": email, "type": "user"},
            "schedule": {"id": SCHEDULE}, "escalation_policy": {"id": "PSANDBOX2"}, "escalation_level": 1,
            "start": time(index), "end": time(index + 1),
        })
    };
    let is_empty = shared.oncall.lock().mode == ServiceMode::Empty;
    let oncalls: Vec<Value> = (first..first + 3).filter(|_| !is_empty).map(entry).collect();
    Json(json!({"oncalls": oncalls, "limit": 100, "offset": 0, "more": false, "total": null})).into_response()
}

/// The answer to a wrong key.
fn refused(headers: &HeaderMap) -> Option<Response> {
    let expected = format!("Token token={ONCALL_TOKEN}");
    if headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) == Some(&*expected) {
        return None;
    }
    let error = json!({"error": {"message": "Unauthorized", "code": 2006}});
    Some((StatusCode::UNAUTHORIZED, Json(error)).into_response())
}

/// `GET /incidents?incident_key=…`: each alert is an incident of its own.
async fn incidents(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    shared.oncall.lock().lookups += 1;
    if let Some(fault) = fault(&shared).await {
        return fault;
    }
    if let Some(refused) = refused(&headers) {
        return refused;
    }
    let state = shared.oncall.lock();
    let is_asked = |alert: &&LocalAlert| query.get("incident_key").is_none_or(|key| *key == alert.key);
    let alerts = state.alerts.iter().rev().filter(is_asked);
    let alerts = alerts.filter(|_| state.mode != ServiceMode::Empty);
    let incidents: Vec<Value> = alerts.map(LocalAlert::incident).collect();
    Json(json!({"incidents": incidents, "limit": 25, "offset": 0, "more": false, "total": null})).into_response()
}

impl LocalAlert {
    /// The alert as an incident of the REST API.
    fn incident(&self) -> Value {
        let person = self.by.as_deref().map_or(Value::Null, |by| {
            let id = PEOPLE.iter().find(|(_, name, _)| *name == by).map(|(id, ..)| *id);
            json!({"id": id, "type": "user_reference", "summary": by})
        });
        let acknowledgements = match self.status {
            "acknowledged" => json!([{"at": self.changed_at.to_string(), "acknowledger": person}]),
            _ => json!([]),
        };
        let resolved_at = (self.status == "resolved").then(|| self.changed_at.to_string());
        json!({
            "type": "incident", "status": self.status, "incident_key": self.key, "title": self.summary,
            "created_at": self.at.to_string(), "acknowledgements": acknowledgements, "resolved_at": resolved_at,
            "last_status_change_at": self.changed_at.to_string(), "last_status_change_by": person,
        })
    }
}

/// `POST /v2/enqueue`.
async fn enqueue(State(shared): State<Arc<Shared>>, Json(event): Json<Value>) -> Response {
    if let Some(fault) = fault(&shared).await {
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
                by: None,
                changed_at: now,
            });
        }
        ("acknowledge", Some(alert)) if alert.status == "triggered" => {
            alert.status = "acknowledged";
            alert.changed_at = now;
        }
        ("resolve", Some(alert)) => {
            alert.status = "resolved";
            alert.changed_at = now;
        }
        ("acknowledge", Some(_)) | ("acknowledge" | "resolve", None) => {}
        _ => return invalid("'event_action' is invalid"),
    }
    let body = json!({"status": "success", "message": "Event processed", "dedup_key": key});
    (StatusCode::ACCEPTED, Json(body)).into_response()
}
