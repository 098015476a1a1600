//! On-call schedules, paging and issues: clients of the services that know schedules, call people, and keep issues.
//!
//! [`ScheduleSource`] answers who is on call in a schedule, [`Pager`] calls people, [`AlertLookup`] tells what became of a
//! page, [`IssueTracker`] creates issues. Each service is a file of its own,
//! which says where its facts come from. Nothing here was tried on a real account: docs/real-workspace.md lists what only
//! the real services can show.

mod alert;
mod calendar;
mod error;
mod event_times;
mod events;
mod github;
mod gitlab;
mod goalert;
mod grafana;
mod http;
mod issues;
mod jsm;
mod opsgenie;
mod pagerduty;
mod shifts;

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;

pub use alert::{AlertEvent, AlertLookup, AlertStage, PagedAlert};
pub use calendar::{Calendar, CalendarPlace};
pub use error::Error;
pub use github::GitHubIssues;
pub use gitlab::GitLabIssues;
pub use goalert::{GoAlertAlerts, GoAlertCalendar, GoAlertPager};
pub use grafana::{GrafanaPager, GrafanaSchedules};
pub use http::ServiceEndpoint;
pub use issues::{Issue, IssueRepository, IssueText, IssueTracker, marker, repository_of};
pub use jsm::JsmSchedules;
pub use opsgenie::{OpsgeniePager, OpsgenieSchedules};
pub use pagerduty::{PagerDutyPager, PagerDutySchedules};

use crate::runbook::ServiceSchedule;
use crate::schedule::{OnCall, OnCallPerson};

/// A service that knows who is on call.
#[async_trait]
pub trait ScheduleSource: Send + Sync + Debug {
    /// The people on call in a schedule at a time. An empty answer means that nobody is.
    async fn on_call(&self, schedule: &ServiceSchedule, at: Timestamp) -> Result<OnCall, Error>;
}

/// A service that pages the people on call.
#[async_trait]
pub trait Pager: Send + Sync + Debug {
    /// Opens an alert, which pages people. With the same key as an open alert's it changes nothing for them, so that a
    /// repeated request pages nobody twice.
    async fn trigger(&self, page: &Page) -> Result<(), Error>;

    /// Acknowledges the alert with this key. Does nothing where the service has no way to do so.
    async fn acknowledge(&self, dedup_key: &str) -> Result<(), Error>;
}

/// A call for the people on call.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Page {
    /// Key of the alert, equal in every request for the same escalation.
    pub dedup_key: String,
    /// The problem in a line.
    pub summary: String,
    /// Further text.
    pub details: String,
    /// `critical`, `error`, `warning` or `info`.
    pub severity: String,
    /// Link to the thread.
    pub link: Option<String>,
}

/// A person of a service, with the Slack id that the team file gives for their id or their e-mail address. Their name
/// counts only where nothing else does and no two entries have it: people share names.
fn person(schedule: &ServiceSchedule, name: &str, ids: &[&str], mail: &str) -> OnCallPerson {
    let entries = |known_as: &str| {
        let known_as = known_as.trim().to_lowercase();
        let members = schedule.members.iter();
        members.filter(move |(known, _)| !known_as.is_empty() && *known == known_as)
    };
    let by_key = ids.iter().chain([&mail]).find_map(|key| entries(key).next());
    let slack = by_key.or_else(|| {
        let mut named = entries(name);
        named.next().filter(|_| named.next().is_none())
    });
    let name = name.trim();
    let mut others = [mail].into_iter().chain(ids.iter().copied()).map(str::trim);
    let shown = others.find(|one| !one.is_empty());
    OnCallPerson {
        name: if name.is_empty() {
            shown.unwrap_or("somebody")
        } else {
            name
        }
        .to_owned(),
        slack: slack.map(|(_, id)| id.clone()),
    }
}

/// The beginning of a text that has at most `most` characters.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A field of an answer that is a text.
fn string<'v>(value: &'v serde_json::Value, name: &str) -> &'v str {
    value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default()
}

/// A field of an answer that is a time with its offset.
fn time(value: &serde_json::Value, name: &str) -> Option<Timestamp> {
    string(value, name).parse().ok()
}
