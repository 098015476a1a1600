//! Which alert a message of a monitoring bot is about: the same group firing again is answered once, and its end is no
//! new problem. Pure: it reads the message's JSON, and says nothing about ordinary messages.
//!
//! The shapes are those of the products' own messages: Alertmanager and Grafana begin with `[FIRING:2]` or `[RESOLVED]`,
//! the names of the group's labels, and in brackets what its alerts have in common at the moment; PagerDuty links its
//! incident, Datadog its monitor, Jenkins the build.

use serde_json::Value;

use super::text;

mod jenkins;
mod monitors;
mod part;
mod prometheus;

use part::Part;

/// An alert as a bot posts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which product speaks.
    pub source: Source,
    /// Whether it fires.
    pub state: State,
    /// What stays the same in every message about it: without counts, measured values, times and the state.
    pub group: String,
    /// Names of the alerts, as they are written.
    pub names: Vec<String>,
}

/// Products whose default messages are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
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
    /// Something that says it in the same way.
    Other,
}

impl Source {
    /// The product's name.
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

/// Whether there is something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It does not say.
    Unknown,
    /// It is over.
    Resolved,
    /// It fires.
    Firing,
}

/// The alert that a bot's message is about; `None` for ordinary messages.
pub fn group(message: &Value) -> Option<Alert> {
    if !text::is_by_bot(message) {
        return None;
    }
    let attached = part::attached(message).filter_map(|part| read(&part)).reduce(together);
    attached.or_else(|| read(&part::own(message)))
}

fn read(part: &Part) -> Option<Alert> {
    monitors::pagerduty(part)
        .or_else(|| prometheus::read(part))
        .or_else(|| monitors::datadog(part))
        .or_else(|| jenkins::read(part))
}

/// Several alerts in one message fire as long as one of them does.
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

fn alert(source: Source, state: State, identity: &str, names: Vec<String>) -> Alert {
    Alert {
        source,
        state,
        group: format!("{}: {identity}", source.name()),
        names,
    }
}
