//! Operations of Jira Service Management, the successor of Opsgenie: its schedules and alerts. Its integrations take the alerts of
//! Opsgenie's API ([`super::OpsgeniePager`]). Facts: Atlassian's documentation (November 2026).

use async_trait::async_trait;
use futures_util::future::{join, join_all};
use jiff::Timestamp;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::opsgenie::state_of;
use super::{AlertLookup, Error, PagedAlert, ScheduleSource, ServiceEndpoint, person, string};
use crate::runbook::ServiceSchedule;
use crate::schedule::{OnCall, OnCallPerson, Shift};

/// Most people on call who are looked up.
const PEOPLE: usize = 10;

/// The schedules of a site.
#[derive(Debug)]
pub struct JsmSchedules {
    endpoint: ServiceEndpoint,
    /// `EMAIL:TOKEN`.
    token: SecretString,
}

impl JsmSchedules {
    /// The schedules that an API token may read. `endpoint`: `https://api.atlassian.com/jsm/ops/api/CLOUD_ID`; `token`:
    /// `EMAIL:TOKEN`.
    pub fn new(endpoint: ServiceEndpoint, token: SecretString) -> Self {
        Self { endpoint, token }
    }

    async fn ask(&self, request: RequestBuilder, what: &str) -> Result<Value, Error> {
        let (mail, token) = self.token.expose_secret().split_once(':').unwrap_or_default();
        self.endpoint.json(request.basic_auth(mail, Some(token)), what).await
    }

    /// A person by their Atlassian account. Their e-mail address may be hidden.
    async fn person(&self, schedule: &ServiceSchedule, account: &str) -> OnCallPerson {
        let Some(request) = self
            .endpoint
            .get_beside("jsm/ops/api", "ex/jira", &["rest", "api", "3", "user"])
        else {
            return person(schedule, "", &[account], "");
        };
        let found = self.ask(request.query(&[("accountId", account)]), "").await;
        // Without their name there is still their id.
        let found = found.unwrap_or_default();
        person(
            schedule,
            string(&found, "displayName"),
            &[account],
            string(&found, "emailAddress"),
        )
    }

    /// The accounts in one of the fields of an answer.
    async fn accounts(&self, id: &str, which: &str, fields: &[&str]) -> Result<Vec<String>, Error> {
        let request = self
            .endpoint
            .get(&["v1", "schedules", id, which])
            .query(&[("flat", "true")]);
        let answer = self.ask(request, &format!("the schedule {id}")).await?;
        let list = fields.iter().find_map(|field| answer.get(*field)?.as_array());
        let list = list.ok_or_else(|| self.endpoint.odd("no list of people on call"))?;
        Ok(list
            .iter()
            .take(PEOPLE)
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect())
    }
}

#[async_trait]
impl ScheduleSource for JsmSchedules {
    async fn on_call(&self, schedule: &ServiceSchedule, _: Timestamp) -> Result<OnCall, Error> {
        let id = self.endpoint.id_of(schedule)?;
        let now = self.accounts(id, "on-calls", &["onCallUsers"]).await?;
        // Who is next is a convenience: its failure hides nobody.
        let next = self.accounts(id, "next-on-calls", &["exactNextOnCallUsers", "nextOnCallUsers"]);
        let next = next.await.unwrap_or_default();
        let people = |accounts: Vec<String>| async move {
            join_all(accounts.iter().map(|account| self.person(schedule, account))).await
        };
        let (now, next) = join(people(now), people(next)).await;
        let shift = |person| Shift { person, until: None };
        Ok(OnCall {
            now: now.into_iter().map(shift).collect(),
            next,
        })
    }
}

#[async_trait]
impl AlertLookup for JsmSchedules {
    /// The API finds an alert by its alias only in a list (JSDCLOUD-14179); the latest comes first.
    async fn alert(&self, dedup_key: &str) -> Result<Option<PagedAlert>, Error> {
        let quoted = dedup_key.replace(['"', '\\'], "");
        let query = [
            ("query", format!("alias: \"{quoted}\"")),
            ("size", "5".to_owned()),
            ("sort", "createdAt".to_owned()),
            ("order", "desc".to_owned()),
        ];
        let request = self.endpoint.get(&["v1", "alerts"]).query(&query);
        let answer = self.ask(request, "").await?;
        let alerts = answer.get("values").and_then(Value::as_array);
        let alerts = alerts.ok_or_else(|| self.endpoint.odd("no list of alerts"))?;
        let found = alerts.iter().find(|one| string(one, "alias") == dedup_key);
        let Some(mut state) = found.map(state_of) else {
            return Ok(None);
        };
        // The owner is an account id; its name takes another request.
        if let Some(account) = state.by.take() {
            state.by = Some(self.person(&ServiceSchedule::default(), &account).await.name);
        }
        Ok(Some(state))
    }
}
