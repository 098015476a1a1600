//! Recognition of the alert that a monitoring bot's message is about: repeated firing of a group is answered once, and
//! its resolution is no new problem. Pure: it reads the message's JSON, and yields nothing for ordinary messages.
//!
//! The shapes are those of the products' own messages: Alertmanager and Grafana begin with `[FIRING:2]` or
//! `[RESOLVED]`, the names of the group's labels, and in brackets the labels that its alerts currently have in common;
//! PagerDuty links its incident, Datadog its monitor, Jenkins the build.

use serde_json::Value;

use super::text;

mod jenkins;
mod links;
mod monitors;
mod part;
mod prometheus;

use part::AlertFeatures;

pub(super) use links::hidden as hidden_links;

/// An alert as a bot posts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The product that sent the alert.
    pub source: AlertSource,
    /// State of the alert.
    pub state: AlertState,
    /// Stable identity of the alert's group: without counts, measured values, times and the state.
    pub group: String,
    /// Names of the alerts, as written.
    pub names: Vec<String>,
}

/// Products whose default messages are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertSource {
    /// Prometheus Alertmanager.
    Alertmanager,
    /// Grafana.
    Grafana,
    /// PagerDuty.
    PagerDuty,
    /// Datadog.
    Datadog,
    /// Jenkins.
    Jenkins,
    /// Another product with messages of the same form.
    Other,
}

impl AlertSource {
    /// Returns the product's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alertmanager => "Alertmanager",
            Self::Grafana => "Grafana",
            Self::PagerDuty => "PagerDuty",
            Self::Datadog => "Datadog",
            Self::Jenkins => "Jenkins",
            Self::Other => "alert",
        }
    }
}

/// State of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    /// A state that the message does not give.
    Unknown,
    /// Resolved.
    Resolved,
    /// Firing.
    Firing,
}

/// Returns the alert that a bot's message is about; `None` for ordinary messages.
pub fn group(message: &Value) -> Option<Alert> {
    if !text::is_by_bot(message) {
        return None;
    }
    let attached = part::attached(message).filter_map(|part| read(&part)).reduce(together);
    attached.or_else(|| read(&part::own(message)))
}

fn read(part: &AlertFeatures) -> Option<Alert> {
    monitors::pagerduty(part)
        .or_else(|| prometheus::read(part))
        .or_else(|| monitors::datadog(part))
        .or_else(|| jenkins::read(part))
}

/// Merges the alerts of one message, which fire as long as one of them does.
fn together(mut all: Alert, one: Alert) -> Alert {
    all.state = all.state.max(one.state);
    if !all.group.split(" + ").any(|group| group == one.group) {
        all.group = format!("{} + {}", all.group, one.group);
    }
    for name in one.names {
        if !all.names.contains(&name) {
            all.names.push(name);
        }
    }
    all
}

fn alert(source: AlertSource, state: AlertState, identity: &str, names: Vec<String>) -> Alert {
    Alert {
        source,
        state,
        group: format!("{}: {identity}", source.name()),
        names,
    }
}
