//! GoAlert: shifts from a calendar subscription read as JSON, alerts over a generic integration, and what became of them over
//! GraphQL. Facts: GoAlert's source (0.34): `graphql2/`, `alert/alertlog/`, and API keys that are bound to the text of one
//! query.

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::http::{authorization, header};
use super::shifts::{ListedShift, on_call_among};
use super::{
    AlertLookup, AlertStage, Error, Page, PagedAlert, Pager, ScheduleSource, ServiceEndpoint, person, shortened,
    string, time,
};
use crate::runbook::ServiceSchedule;
use crate::schedule::OnCall;

/// Most characters of an alert's summary and details; GoAlert cuts them there.
const SUMMARY: usize = 1_024;
const DETAILS: usize = 6_144;
/// Most shifts that are looked at.
const SHIFTS: usize = 5_000;

/// A calendar subscription with the full schedule.
#[derive(Debug)]
pub struct GoAlertCalendar {
    endpoint: ServiceEndpoint,
    token: SecretString,
}

/// A generic API integration of a service, which opens alerts.
#[derive(Debug)]
pub struct GoAlertPager {
    endpoint: ServiceEndpoint,
    key: SecretString,
}

/// The alerts that an API key's query lists.
#[derive(Debug)]
pub struct GoAlertAlerts {
    endpoint: ServiceEndpoint,
    key: SecretString,
}

impl GoAlertCalendar {
    /// A subscription with the token of its link. `endpoint`: the address of GoAlert's start page.
    pub fn new(endpoint: ServiceEndpoint, token: SecretString) -> Self {
        Self { endpoint, token }
    }
}

#[async_trait]
impl ScheduleSource for GoAlertCalendar {
    async fn on_call(&self, schedule: &ServiceSchedule, at: Timestamp) -> Result<OnCall, Error> {
        let (name, accept) = header("accept", "application/json");
        let request = self.endpoint.get(&["api", "v2", "calendar"]).header(name, accept);
        let request = request.headers(authorization("Bearer ", &self.token));
        let answer = self.endpoint.json(request, "").await?;
        let shifts = answer.get("Shifts").and_then(Value::as_array);
        let shifts = shifts.ok_or_else(|| self.endpoint.odd("no list of shifts"))?;
        let read = |one: &Value| {
            Some(ListedShift {
                key: string(one, "UserID").to_owned(),
                person: person(schedule, string(one, "UserName"), &[string(one, "UserID")], ""),
                start: Some(time(one, "Start")?),
                end: Some(time(one, "End")?),
            })
        };
        let shifts = shifts.iter().take(SHIFTS).filter_map(read).collect();
        Ok(on_call_among(shifts, at))
    }
}

impl GoAlertPager {
    /// An integration with its key. `endpoint`: the address of GoAlert's start page.
    pub fn new(endpoint: ServiceEndpoint, key: SecretString) -> Self {
        Self { endpoint, key }
    }
}

#[async_trait]
impl Pager for GoAlertPager {
    async fn trigger(&self, page: &Page) -> Result<(), Error> {
        // The key first: GraphQL tells the details of an alert, and not its key.
        let mut details = format!("{}\n\n{}", key_line(&page.dedup_key), page.details);
        if let Some(link) = &page.link {
            details = format!("{link}\n{details}");
        }
        let alert = json!({
            "summary": shortened(&page.summary, SUMMARY),
            "details": shortened(&details, DETAILS),
            "dedup": page.dedup_key,
        });
        let request = self.endpoint.post(&["api", "v2", "generic", "incoming"]).json(&alert);
        let request = request.headers(authorization("Bearer ", &self.key));
        // 204 without a body.
        self.endpoint.bytes(request, "").await.map(|_| ())
    }

    async fn acknowledge(&self, _: &str) -> Result<(), Error> {
        // The integration can only open and close alerts.
        Ok(())
    }
}

/// The line of an alert's details that holds its key.
fn key_line(dedup_key: &str) -> String {
    format!("Key: {dedup_key}")
}

impl GoAlertAlerts {
    /// The alerts that an API key may list. `endpoint`: the address of GoAlert's start page.
    pub fn new(endpoint: ServiceEndpoint, key: SecretString) -> Self {
        Self { endpoint, key }
    }
}

#[async_trait]
impl AlertLookup for GoAlertAlerts {
    async fn alert(&self, dedup_key: &str) -> Result<Option<PagedAlert>, Error> {
        // The key holds the query; with another text it would be refused.
        let request = self.endpoint.post(&["api", "graphql"]).json(&json!({"variables": {}}));
        let request = request.headers(authorization("Bearer ", &self.key));
        let answer = self.endpoint.json(request, "").await?;
        let alerts = answer.pointer("/data/alerts/nodes").and_then(Value::as_array);
        let alerts = alerts.ok_or_else(|| self.endpoint.odd("no list of alerts; check the query of its API key"))?;
        let line = key_line(dedup_key);
        // Only where a page has it, below its link: further down somebody may quote another alert.
        let has_key = |one: &&Value| string(one, "details").lines().take(2).any(|other| other.trim() == line);
        let Some(alert) = alerts.iter().find(has_key) else {
            return Ok(None);
        };
        let (stage, word) = match string(alert, "status") {
            "StatusAcknowledged" => (AlertStage::Acknowledged, "Acknowledged"),
            "StatusClosed" => (AlertStage::Resolved, "Closed"),
            _ => return Ok(Some(PagedAlert::open())),
        };
        let events = alert.pointer("/recentEvents/nodes").and_then(Value::as_array);
        let is_it = |one: &&Value| string(one, "message").starts_with(word);
        let event = events.into_iter().flatten().find(is_it);
        // "Acknowledged by NAME (WAY)": what came over an integration names nobody.
        let by = event.and_then(|event| string(event, "message").strip_prefix(word)?.strip_prefix(" by "));
        let by = by.map_or("", |by| by.rsplit_once(" (").map_or(by, |(name, _)| name));
        Ok(Some(PagedAlert::new(
            stage,
            by,
            event.and_then(|event| time(event, "timestamp")),
        )))
    }
}
