//! PagerDuty: on-calls and incidents over the REST API v2, pages over the Events API v2. Facts: PagerDuty's published OpenAPI files and
//! its documentation of the Events API (August 2026).

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::http::{authorization, header};
use super::shifts::{ListedShift, on_call_among};
use super::{
    AlertLookup, AlertStage, Error, Page, PagedAlert, Pager, ScheduleSource, ServiceEndpoint, person, shortened,
    string, time,
};
use crate::runbook::ServiceSchedule;
use crate::schedule::OnCall;

/// Entries of a page of results, the most that PagerDuty gives.
const PAGE: usize = 100;
/// Most pages of results that are read.
const PAGES: usize = 20;
/// Time looked ahead for who is next.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 15);
/// Most characters of an event's summary: a longer one is refused.
const SUMMARY: usize = 1_024;
/// Most characters of an event's details; an event may have 512 KB.
const DETAILS: usize = 20_000;

/// The on-calls of an account.
#[derive(Debug)]
pub struct PagerDutySchedules {
    endpoint: ServiceEndpoint,
    token: SecretString,
}

/// An integration of a service, which opens alerts.
#[derive(Debug)]
pub struct PagerDutyPager {
    endpoint: ServiceEndpoint,
    routing_key: SecretString,
}

/// An entry of `/oncalls`, or of a schedule.
struct OnCallEntry {
    shift: ListedShift,
    level: i64,
}

impl PagerDutySchedules {
    /// The on-calls that a REST API key may read. `endpoint`: `https://api.pagerduty.com`, or the EU's.
    pub fn new(endpoint: ServiceEndpoint, token: SecretString) -> Self {
        Self { endpoint, token }
    }

    async fn ask(&self, segments: &[&str], query: &[(&str, String)], what: &str) -> Result<Value, Error> {
        let (name, accept) = header("accept", "application/vnd.pagerduty+json;version=2");
        let request = self.endpoint.get(segments).query(query).header(name, accept);
        let request = request.headers(authorization("Token token=", &self.token));
        self.endpoint.json(request, what).await
    }

    async fn entries(
        &self,
        schedule: &ServiceSchedule,
        at: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<OnCallEntry>, Error> {
        let mut entries = Vec::new();
        for page in 0..PAGES {
            let mut query = vec![
                ("since", at.to_string()),
                ("until", until.to_string()),
                ("include[]", "users".to_owned()),
                ("limit", PAGE.to_string()),
                ("offset", (page * PAGE).to_string()),
            ];
            query.extend(schedule.schedule.iter().map(|id| ("schedule_ids[]", id.clone())));
            query.extend(schedule.policy.iter().map(|id| ("escalation_policy_ids[]", id.clone())));
            let answer = self.ask(&["oncalls"], &query, &named(schedule)).await?;
            let found = answer.get("oncalls").and_then(Value::as_array);
            let found = found.ok_or_else(|| self.endpoint.odd("no list of on-calls"))?;
            entries.extend(found.iter().filter_map(|one| entry(schedule, one)));
            if answer.get("more") != Some(&Value::Bool(true)) {
                break;
            }
        }
        Ok(entries)
    }

    /// A schedule on no escalation policy never appears among the on-calls: its own entries are read.
    async fn of_schedule(
        &self,
        schedule: &ServiceSchedule,
        id: &str,
        at: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<OnCallEntry>, Error> {
        // Without a time range the entries are empty; without `overflow` they are cut at its ends.
        let query = [
            ("since", at.to_string()),
            ("until", until.to_string()),
            ("overflow", "true".to_owned()),
        ];
        let answer = self.ask(&["schedules", id], &query, &named(schedule)).await?;
        let entries = answer.pointer("/schedule/final_schedule/rendered_schedule_entries");
        let entries = entries.and_then(Value::as_array).into_iter().flatten();
        Ok(entries.filter_map(|one| entry(schedule, one)).collect())
    }
}

#[async_trait]
impl ScheduleSource for PagerDutySchedules {
    async fn on_call(&self, schedule: &ServiceSchedule, at: Timestamp) -> Result<OnCall, Error> {
        // Without a filter, everybody on call in the account would be the answer.
        if schedule.schedule.is_none() && schedule.policy.is_none() {
            return Err(self.endpoint.no_schedule());
        }
        let until = at.saturating_add(AHEAD).unwrap_or(at);
        let mut entries = self.entries(schedule, at, until).await?;
        if entries.is_empty()
            && let Some(id) = &schedule.schedule
        {
            entries = self.of_schedule(schedule, id, at, until).await?;
        }
        Ok(answer_of(entries, at))
    }
}

#[async_trait]
impl AlertLookup for PagerDutySchedules {
    /// The latest incident with the key. One that has alerts has no key of its own, but is found by theirs.
    async fn alert(&self, dedup_key: &str) -> Result<Option<PagedAlert>, Error> {
        let query = [
            ("incident_key", dedup_key.to_owned()),
            ("sort_by", "created_at:desc".to_owned()),
            ("limit", "5".to_owned()),
        ];
        let answer = self.ask(&["incidents"], &query, "").await?;
        let incidents = answer.get("incidents").and_then(Value::as_array);
        let incidents = incidents.ok_or_else(|| self.endpoint.odd("no list of incidents"))?;
        let is_ours = |one: &&Value| matches!(string(one, "incident_key"), key if key.is_empty() || key == dedup_key);
        Ok(incidents.iter().find(is_ours).map(state_of))
    }
}

/// State of an incident.
fn state_of(incident: &Value) -> PagedAlert {
    match string(incident, "status") {
        "acknowledged" => {
            let all = incident.get("acknowledgements").and_then(Value::as_array);
            let latest = all.and_then(|all| all.last()).unwrap_or(&Value::Null);
            let by = latest.get("acknowledger").map_or("", |by| string(by, "summary"));
            PagedAlert::new(AlertStage::Acknowledged, by, time(latest, "at"))
        }
        "resolved" => {
            let by = incident.get("last_status_change_by");
            let by = by.map_or("", |by| string(by, "summary"));
            let at = time(incident, "resolved_at").or_else(|| time(incident, "last_status_change_at"));
            PagedAlert::new(AlertStage::Resolved, by, at)
        }
        _ => PagedAlert::open(),
    }
}

/// The people on the lowest level, and those who follow there. With nobody on call now the lowest of all levels counts.
fn answer_of(mut entries: Vec<OnCallEntry>, at: Timestamp) -> OnCall {
    let is_now = |one: &&OnCallEntry| {
        let shift = &one.shift;
        shift.start.is_none_or(|start| start <= at) && shift.end.is_none_or(|end| at < end)
    };
    let level = entries.iter().filter(is_now).map(|one| one.level).min();
    let level = level.or_else(|| entries.iter().map(|one| one.level).min());
    entries.retain(|one| Some(one.level) == level);
    on_call_among(entries.into_iter().map(|one| one.shift).collect(), at)
}

fn entry(schedule: &ServiceSchedule, one: &Value) -> Option<OnCallEntry> {
    let user = one.get("user")?;
    let id = string(user, "id");
    let name = match string(user, "name") {
        "" => string(user, "summary"),
        name => name,
    };
    Some(OnCallEntry {
        shift: ListedShift {
            key: id.to_owned(),
            person: person(schedule, name, &[id], string(user, "email")),
            start: time(one, "start"),
            end: time(one, "end"),
        },
        level: one.get("escalation_level").and_then(Value::as_i64).unwrap_or(1),
    })
}

fn named(schedule: &ServiceSchedule) -> String {
    match (&schedule.schedule, &schedule.policy) {
        (Some(id), _) => format!("the schedule {id}"),
        (None, Some(id)) => format!("the escalation policy {id}"),
        (None, None) => "the schedule".to_owned(),
    }
}

impl PagerDutyPager {
    /// An integration with its routing key. `endpoint`: `https://events.pagerduty.com`, or the EU's.
    pub fn new(endpoint: ServiceEndpoint, routing_key: SecretString) -> Self {
        Self { endpoint, routing_key }
    }

    async fn send(&self, event: Value) -> Result<(), Error> {
        let mut event = event;
        event["routing_key"] = json!(self.routing_key.expose_secret());
        let request = self.endpoint.post(&["v2", "enqueue"]).json(&event);
        // 202 says that the event was taken, not that somebody was called.
        self.endpoint.json(request, "").await.map(|_| ())
    }
}

#[async_trait]
impl Pager for PagerDutyPager {
    async fn trigger(&self, page: &Page) -> Result<(), Error> {
        let link = |href: &String| json!({"href": href, "text": "The thread in Slack"});
        let links: Vec<Value> = page.link.iter().map(link).collect();
        let event = json!({
            "event_action": "trigger",
            "dedup_key": page.dedup_key,
            "payload": {
                "summary": shortened(&page.summary, SUMMARY),
                "source": "signpost",
                "severity": page.severity,
                "custom_details": {"summary": shortened(&page.details, DETAILS)},
            },
            "links": links,
        });
        self.send(event).await
    }

    async fn acknowledge(&self, dedup_key: &str) -> Result<(), Error> {
        self.send(json!({"event_action": "acknowledge", "dedup_key": dedup_key}))
            .await
    }
}
