//! Grafana IRM, formerly Grafana OnCall: schedules and alert groups over its API, alerts over a formatted webhook. Facts: Grafana's
//! documentation of both (November 2026) and the source of OnCall (archived in March 2026).

use std::collections::VecDeque;

use async_trait::async_trait;
use futures_util::future::join_all;
use jiff::{Timestamp, ToSpan as _};
use parking_lot::Mutex;
use reqwest::RequestBuilder;
use reqwest::header::HeaderValue;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::http::authorization;
use super::shifts::{ListedShift, joined};
use super::{
    AlertLookup, AlertStage, Error, Page, PagedAlert, Pager, ScheduleSource, ServiceEndpoint, person, shortened,
    string, time,
};
use crate::runbook::ServiceSchedule;
use crate::schedule::{OnCall, OnCallPerson, Shift};

/// Most people on call who are looked up.
const PEOPLE: usize = 10;
/// Most shifts that are looked at.
const SHIFTS: usize = 1_000;
/// Most alert groups whose ids are kept.
const GROUPS: usize = 500;
/// Most characters of an alert's title and text. Grafana documents no limit.
const TITLE: usize = 1_024;
const TEXT: usize = 15_000;

/// The schedules of a stack.
#[derive(Debug)]
pub struct GrafanaSchedules {
    endpoint: ServiceEndpoint,
    token: SecretString,
    /// Address of the stack, which service-account tokens need.
    stack: Option<Url>,
    /// Ids of alert groups, by the keys of their alerts.
    groups: Mutex<VecDeque<(String, String)>>,
}

/// An integration of the kind "Formatted Webhook", which opens alerts.
#[derive(Debug)]
pub struct GrafanaPager {
    endpoint: ServiceEndpoint,
}

impl GrafanaSchedules {
    /// The schedules that a token may read. `endpoint`: the API's address, as Grafana shows it under "Admin & API".
    pub fn new(endpoint: ServiceEndpoint, token: SecretString, stack: Option<Url>) -> Self {
        Self {
            endpoint,
            token,
            stack,
            groups: Mutex::default(),
        }
    }

    /// A request below `/api/v1`; objects end in `/`.
    fn get(&self, kind: &str, id: &str, part: &str) -> RequestBuilder {
        self.allowed(self.endpoint.get(&["api", "v1", kind, id, part]))
    }

    /// A request for a list below `/api/v1`.
    fn list(&self, kind: &str, query: &[(&str, &str)]) -> RequestBuilder {
        self.allowed(self.endpoint.get(&["api", "v1", kind, ""]).query(query))
    }

    fn allowed(&self, request: RequestBuilder) -> RequestBuilder {
        // Without a scheme before the token: "Bearer" fails on servers of one's own.
        let request = request.headers(authorization("", &self.token));
        match self
            .stack
            .as_ref()
            .map(|stack| HeaderValue::from_str(stack.as_str().trim_end_matches('/')))
        {
            Some(Ok(stack)) => request.header("x-grafana-url", stack),
            _ => request,
        }
    }

    /// A person by their id in Grafana, with the Slack account that they have linked there.
    async fn person(&self, schedule: &ServiceSchedule, id: &str) -> OnCallPerson {
        // Without their name there is still their id.
        let found = self
            .endpoint
            .json(self.get("users", id, ""), "")
            .await
            .unwrap_or_default();
        let known = person(schedule, string(&found, "username"), &[id], string(&found, "email"));
        // The documentation shows a list, the service answers with an object.
        let account = found.pointer("/slack/0").or(found.get("slack"));
        let linked = account.map(|account| string(account, "user_id"));
        OnCallPerson {
            slack: known
                .slack
                .or_else(|| linked.filter(|id| !id.is_empty()).map(str::to_owned)),
            ..known
        }
    }

    fn kept_group(&self, dedup_key: &str) -> Option<String> {
        let kept = self.groups.lock();
        let found = kept.iter().find(|(key, _)| key == dedup_key);
        found.map(|(_, group)| group.clone())
    }

    /// Id of the alert group of a key. The payload of its alerts holds the key, as it was sent to the integration.
    async fn group_of(&self, dedup_key: &str) -> Result<Option<String>, Error> {
        if let Some(group) = self.kept_group(dedup_key) {
            return Ok(Some(group));
        }
        let answer = self
            .endpoint
            .json(self.list("alerts", &[("search", dedup_key)]), "")
            .await?;
        let alerts = answer.get("results").and_then(Value::as_array);
        let alerts = alerts.ok_or_else(|| self.endpoint.odd("no list of alerts"))?;
        let has_key = |one: &&Value| one.pointer("/payload/alert_uid").and_then(Value::as_str) == Some(dedup_key);
        let group = alerts.iter().find(has_key).map(|one| string(one, "alert_group_id"));
        let Some(group) = group.filter(|group| !group.is_empty()).map(str::to_owned) else {
            return Ok(None);
        };
        let mut kept = self.groups.lock();
        kept.push_back((dedup_key.to_owned(), group.clone()));
        if kept.len() > GROUPS {
            kept.pop_front();
        }
        Ok(Some(group))
    }

    /// The shifts of the next two weeks, by the ids of their people. They are cut at the bounds.
    async fn shifts(&self, schedule: &ServiceSchedule, id: &str, at: Timestamp) -> Result<Vec<ListedShift>, Error> {
        let day = |days: i64| {
            let day = at.saturating_add((24 * days).hours()).unwrap_or(at);
            day.strftime("%Y-%m-%d").to_string()
        };
        let bounds = [("start_date", day(-1)), ("end_date", day(14))];
        let request = self.get("schedules", id, "final_shifts").query(&bounds);
        let answer = self.endpoint.json(request, "").await?;
        let list = answer.get("results").and_then(Value::as_array).into_iter().flatten();
        let read = |one: &Value| {
            let (user, name) = (string(one, "user_pk"), string(one, "user_username"));
            Some(ListedShift {
                key: user.to_owned(),
                person: person(schedule, name, &[user], string(one, "user_email")),
                start: Some(time(one, "shift_start")?),
                end: Some(time(one, "shift_end")?),
            })
        };
        Ok(list.take(SHIFTS).filter_map(read).collect())
    }
}

#[async_trait]
impl ScheduleSource for GrafanaSchedules {
    async fn on_call(&self, schedule: &ServiceSchedule, at: Timestamp) -> Result<OnCall, Error> {
        let id = self.endpoint.id_of(schedule)?;
        let request = self.get("schedules", id, "");
        let found = self.endpoint.json(request, &format!("the schedule {id}")).await?;
        let now = found.get("on_call_now").and_then(Value::as_array);
        let now = now.ok_or_else(|| self.endpoint.odd("no list of people on call"))?;
        // The ends of shifts and who is next are a convenience: their failure hides nobody.
        let shifts = joined(self.shifts(schedule, id, at).await.unwrap_or_default(), at);
        let current = |user: &str| shifts.iter().find(|shift| shift.key == user && shift.covers(at));
        let now = now.iter().filter_map(Value::as_str).take(PEOPLE);
        let now = join_all(now.map(|user| async move {
            Shift {
                person: self.person(schedule, user).await,
                until: current(user).and_then(|shift| shift.end),
            }
        }));
        let now = now.await;
        let end = now.iter().filter_map(|shift| shift.until).min();
        let next = shifts.iter().filter(|shift| end.is_some() && end == shift.start);
        Ok(OnCall {
            next: next.map(|shift| shift.person.clone()).collect(),
            now,
        })
    }
}

#[async_trait]
impl AlertLookup for GrafanaSchedules {
    async fn alert(&self, dedup_key: &str) -> Result<Option<PagedAlert>, Error> {
        let Some(id) = self.group_of(dedup_key).await? else {
            return Ok(None);
        };
        let answer = self
            .endpoint
            .json(self.list("alert_groups", &[("id", &id)]), "")
            .await?;
        let groups = answer.get("results").and_then(Value::as_array);
        let groups = groups.ok_or_else(|| self.endpoint.odd("no list of alert groups"))?;
        let Some(group) = groups.iter().find(|one| string(one, "id") == id) else {
            return Ok(None);
        };
        let (stage, by, at) = match string(group, "state") {
            "acknowledged" => (AlertStage::Acknowledged, "acknowledged_by", "acknowledged_at"),
            "resolved" => (AlertStage::Resolved, "resolved_by", "resolved_at"),
            _ => return Ok(Some(PagedAlert::open())),
        };
        let name = match string(group, by) {
            "" => String::new(),
            user => self.person(&ServiceSchedule::default(), user).await.name,
        };
        Ok(Some(PagedAlert::new(stage, &name, time(group, at))))
    }
}

impl GrafanaPager {
    /// The integration at its address, which is the secret.
    pub fn new(endpoint: ServiceEndpoint) -> Self {
        Self { endpoint }
    }
}

#[async_trait]
impl Pager for GrafanaPager {
    async fn trigger(&self, page: &Page) -> Result<(), Error> {
        // Alerts with one `alert_uid` are one group, which pages once.
        let alert = json!({
            "alert_uid": page.dedup_key,
            "title": shortened(&page.summary, TITLE),
            "state": "alerting",
            "link_to_upstream_details": page.link,
            "message": shortened(&page.details, TEXT),
            "severity": page.severity,
        });
        let request = self.endpoint.post_base().json(&alert);
        // The answer is a word, not JSON.
        self.endpoint.bytes(request, "").await.map(|_| ())
    }

    async fn acknowledge(&self, _: &str) -> Result<(), Error> {
        // A webhook can only open and resolve alerts.
        Ok(())
    }
}
