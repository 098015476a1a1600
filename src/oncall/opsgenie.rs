//! Opsgenie's API v2, which the integrations of Jira Service Management also speak. Facts: Atlassian's documentation of
//! both (November 2026). Opsgenie itself ends on 5 April 2027.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::http::authorization;
use super::{
    AlertLookup, AlertStage, Error, Page, PagedAlert, Pager, ScheduleSource, ServiceEndpoint, person, shortened,
    string, time,
};
use crate::runbook::ServiceSchedule;
use crate::schedule::{OnCall, OnCallPerson, Shift};

/// Most characters of an alert's message and description.
const MESSAGE: usize = 130;
const DESCRIPTION: usize = 15_000;

/// The schedules of an account.
#[derive(Debug)]
pub struct OpsgenieSchedules {
    endpoint: ServiceEndpoint,
    key: SecretString,
}

/// An API integration, which opens alerts.
#[derive(Debug)]
pub struct OpsgeniePager {
    endpoint: ServiceEndpoint,
    key: SecretString,
}

impl OpsgenieSchedules {
    /// The schedules that a key may read. `endpoint`: `https://api.opsgenie.com`, or the EU's.
    pub fn new(endpoint: ServiceEndpoint, key: SecretString) -> Self {
        Self { endpoint, key }
    }

    /// The e-mail addresses of those on call now, or next.
    async fn people(&self, schedule: &ServiceSchedule, which: &str, field: &str) -> Result<Vec<OnCallPerson>, Error> {
        let id = self.endpoint.id_of(schedule)?;
        let request = self
            .endpoint
            .get(&["v2", "schedules", id, which])
            .query(&[("flat", "true")]);
        let request = request.headers(authorization("GenieKey ", &self.key));
        let answer = self.endpoint.json(request, &format!("the schedule {id}")).await?;
        let list = answer.pointer(&format!("/data/{field}"));
        let list = list.and_then(Value::as_array).into_iter().flatten().take(50);
        Ok(list
            .filter_map(Value::as_str)
            .map(|mail| person(schedule, mail, &[], mail))
            .collect())
    }
}

#[async_trait]
impl ScheduleSource for OpsgenieSchedules {
    async fn on_call(&self, schedule: &ServiceSchedule, _: Timestamp) -> Result<OnCall, Error> {
        let now = self.people(schedule, "on-calls", "onCallRecipients").await?;
        // Who is next is a convenience: its failure hides nothing.
        let next = self
            .people(schedule, "next-on-calls", "exactNextOnCallRecipients")
            .await;
        let shift = |person| Shift { person, until: None };
        Ok(OnCall {
            now: now.into_iter().map(shift).collect(),
            next: next.unwrap_or_default(),
        })
    }
}

impl OpsgeniePager {
    /// An integration with its key. `endpoint`: `https://api.opsgenie.com`, the EU's, or
    /// `https://api.atlassian.com/jsm/ops/integration`.
    pub fn new(endpoint: ServiceEndpoint, key: SecretString) -> Self {
        Self { endpoint, key }
    }
}

#[async_trait]
impl Pager for OpsgeniePager {
    async fn trigger(&self, page: &Page) -> Result<(), Error> {
        let priority = match page.severity.as_str() {
            "critical" => "P1",
            "error" => "P2",
            "warning" => "P3",
            _ => "P5",
        };
        let mut description = page.details.clone();
        if let Some(link) = &page.link {
            description = format!("{link}\n\n{description}");
        }
        let alert = json!({
            "message": shortened(&page.summary, MESSAGE),
            "alias": page.dedup_key,
            "description": shortened(&description, DESCRIPTION),
            "priority": priority,
            "source": "signpost",
        });
        let request = self.endpoint.post(&["v2", "alerts"]).json(&alert);
        let request = request.headers(authorization("GenieKey ", &self.key));
        self.endpoint.json(request, "").await.map(|_| ())
    }

    async fn acknowledge(&self, dedup_key: &str) -> Result<(), Error> {
        let request = self.endpoint.post(&["v2", "alerts", dedup_key, "acknowledge"]);
        let request = request
            .query(&[("identifierType", "alias")])
            .json(&json!({"source": "signpost"}));
        let request = request.headers(authorization("GenieKey ", &self.key));
        self.endpoint.json(request, "").await.map(|_| ())
    }
}

#[async_trait]
impl AlertLookup for OpsgenieSchedules {
    async fn alert(&self, dedup_key: &str) -> Result<Option<PagedAlert>, Error> {
        let request = self.endpoint.get(&["v2", "alerts", dedup_key]);
        let request = request.query(&[("identifierType", "alias")]);
        let request = request.headers(authorization("GenieKey ", &self.key));
        match self.endpoint.json(request, "the alert").await {
            Ok(answer) => match answer.get("data") {
                Some(alert) => Ok(Some(state_of(alert))),
                None => Err(self.endpoint.odd("no alert")),
            },
            // Alerts are made some time after the request for one was taken.
            Err(Error::NotFound { .. }) => Ok(None),
            Err(cause) => Err(cause),
        }
    }
}

/// State of an alert of Opsgenie or Jira Service Management. Times of its report count from its creation, in milliseconds.
pub(super) fn state_of(alert: &Value) -> PagedAlert {
    let report = alert.get("report").unwrap_or(&Value::Null);
    let after = |name: &str| {
        let after = report.get(name)?.as_i64()?;
        time(alert, "createdAt")?
            .checked_add(SignedDuration::from_millis(after))
            .ok()
    };
    let by = |name: &str| match string(report, name) {
        "" => string(alert, "owner"),
        by => by,
    };
    if string(alert, "status") == "closed" {
        return PagedAlert::new(AlertStage::Resolved, by("closedBy"), after("closeTime"));
    }
    if alert.get("acknowledged") == Some(&Value::Bool(true)) {
        return PagedAlert::new(AlertStage::Acknowledged, by("acknowledgedBy"), after("ackTime"));
    }
    PagedAlert::open()
}
