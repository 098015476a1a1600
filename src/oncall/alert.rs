//! The state of an alert that a page opened.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::{Error, string, time};

/// State of an alert at its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagedAlert {
    /// Stage of the alert.
    pub stage: AlertStage,
    /// Name of the person who acknowledged or resolved it, where the service tells.
    pub by: Option<String>,
    /// Time of that, where the service tells.
    pub at: Option<Timestamp>,
}

/// Stage of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertStage {
    /// Nobody has acknowledged it.
    Open,
    /// Somebody takes care of it.
    Acknowledged,
    /// The alert is over.
    Resolved,
}

impl AlertStage {
    /// Name of the stage, for metrics and the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

impl PagedAlert {
    pub(super) fn open() -> Self {
        Self {
            stage: AlertStage::Open,
            by: None,
            at: None,
        }
    }

    pub(super) fn new(stage: AlertStage, by: &str, at: Option<Timestamp>) -> Self {
        let by = by.trim();
        Self {
            stage,
            by: Some(by.to_owned()).filter(|by| !by.is_empty()),
            at,
        }
    }
}

/// A service that tells what became of an alert.
#[async_trait]
pub trait AlertLookup: Send + Sync + Debug {
    /// The state of the alert with this key; `None` while the service knows no such alert.
    async fn alert(&self, dedup_key: &str) -> Result<Option<PagedAlert>, Error>;
}

/// An event about an alert, as a PagerDuty V3 webhook sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertEvent {
    /// Key of the alert; `None` where PagerDuty names none.
    pub dedup_key: Option<String>,
    /// The new state.
    pub state: PagedAlert,
}

impl AlertEvent {
    /// Reads the body of a webhook. `None` for events that tell nothing of an acknowledgement, such as PagerDuty's test
    /// event `pagey.ping`. Facts: PagerDuty's documentation of V3 webhooks (August 2026).
    pub fn read(body: &[u8]) -> Option<AlertEvent> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let event = body.get("event")?;
        let stage = match string(event, "event_type") {
            "incident.acknowledged" => AlertStage::Acknowledged,
            "incident.resolved" => AlertStage::Resolved,
            _ => return None,
        };
        let by = event.get("agent").map_or("", |agent| string(agent, "summary"));
        let key = event.get("data").map_or("", |data| string(data, "incident_key"));
        Some(AlertEvent {
            dedup_key: Some(key.to_owned()).filter(|key| !key.is_empty()),
            state: PagedAlert::new(stage, by, time(event, "occurred_at")),
        })
    }
}
