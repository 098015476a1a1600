//! Which alert a message of a monitoring bot is about: the same group firing again is answered once, and its end is no
//! new problem. Pure: it reads the message's JSON, and says nothing about ordinary messages.

use serde_json::Value;

use super::text;

/// An alert as a bot posts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which product speaks.
    pub source: Source,
    /// Whether it fires.
    pub state: State,
    /// What stays the same in every message about it: without counts, times and the state.
    pub group: String,
    /// Names of the alerts.
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
    /// Something that says `[FIRING:1]` or the like.
    Other,
}

/// Whether there is something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It fires.
    Firing,
    /// It is over.
    Resolved,
    /// It does not say.
    Unknown,
}

/// The alert that a bot's message is about; `None` for ordinary messages.
pub fn group(message: &Value) -> Option<Alert> {
    if !text::is_by_bot(message) {
        return None;
    }
    None
}
