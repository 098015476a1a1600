//! Pages, the times at which escalations go on, and issues.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{DueIssue, Error};

/// A request to a service that pages people. `Store::commit` and `Store::finish` add it, in one transaction with the
/// case that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPage {
    /// The row's key, never reused: the same key is never sent twice.
    pub key: String,
    /// Id of the case.
    pub case: String,
    /// Id of the pager in `oncall.toml`.
    pub pager: String,
    /// The action to take.
    pub action: PageAction,
    /// The request as JSON, redacted.
    pub body: String,
}

/// The action of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAction {
    /// Opens an alert, which pages people.
    Trigger,
    /// Acknowledges that alert.
    Acknowledge,
}

impl PageAction {
    /// The action's name in the store and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Acknowledge => "acknowledge",
        }
    }
}

/// A page that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePage {
    /// The page.
    pub page: NewPage,
    /// Number of attempts so far.
    pub attempts: u32,
    /// Time at which the page was added.
    pub created_at: Timestamp,
}

/// Result of an attempt to send a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOutcome {
    /// Key of the page.
    pub key: String,
    /// The new state.
    pub state: PageState,
    /// The reason why it was not sent.
    pub error: Option<String>,
}

/// State of a page after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageState {
    /// Another attempt follows at this time.
    Pending(Timestamp),
    /// The service took the request.
    Sent,
    /// The page was given up.
    Failed,
    /// The page is not needed any more.
    Dropped,
}

impl PageState {
    /// Name of the state in the store, and the time that is stored with it: that of the next attempt, else `now`.
    pub(super) fn stored(self, now: Timestamp) -> (&'static str, Timestamp) {
        match self {
            Self::Pending(next_at) => ("pending", next_at),
            Self::Sent => ("sent", now),
            Self::Failed => ("failed", now),
            Self::Dropped => ("dropped", now),
        }
    }
}

/// The time at which an escalation goes on; `None` stops it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationTimer {
    /// Id of the case.
    pub case: String,
    /// Id of the escalation within the case.
    pub escalation: String,
    /// The time.
    pub due_at: Option<Timestamp>,
    /// Number of attempts to take the step so far.
    pub attempts: u32,
}

/// An escalation that goes on now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueEscalation {
    /// Id of the case.
    pub case: String,
    /// Id of the escalation within the case.
    pub escalation: String,
    /// Number of attempts to take the step so far.
    pub attempts: u32,
}

/// The time at which a service is asked what became of a page; `None` ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageWatch {
    /// Key of the alert.
    pub key: String,
    /// Id of the case.
    pub case: String,
    /// Id of the pager in `oncall.toml`.
    pub pager: String,
    /// The time.
    pub next_at: Option<Timestamp>,
    /// Number of look-ups in a row that failed.
    pub faults: u32,
}

/// A page whose service is asked now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueWatch {
    /// Key of the alert.
    pub key: String,
    /// Id of the case.
    pub case: String,
    /// Id of the pager in `oncall.toml`.
    pub pager: String,
    /// Number of look-ups in a row that failed.
    pub faults: u32,
    /// Time at which the page was sent.
    pub created_at: Timestamp,
}

/// Pages and escalations. Every method is one transaction.
#[async_trait]
pub trait Escalations: Send + Sync + Debug + 'static {
    /// Pages that are due, the oldest first, at most `limit` of them; of each case and pager only the first.
    async fn due_pages(&self, now: Timestamp, limit: u32) -> Result<Vec<DuePage>, Error>;

    /// Escalations that go on now, the longest overdue first.
    async fn due_escalations(&self, now: Timestamp, limit: u32) -> Result<Vec<DueEscalation>, Error>;

    /// Pages whose service is asked now, the longest overdue first.
    async fn due_watches(&self, now: Timestamp, limit: u32) -> Result<Vec<DueWatch>, Error>;

    /// Issues that are to be created now, the longest overdue first.
    async fn due_issues(&self, now: Timestamp, limit: u32) -> Result<Vec<DueIssue>, Error>;
}
