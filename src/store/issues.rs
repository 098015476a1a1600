//! Issues to create in trackers.

use jiff::Timestamp;

use super::PageState;

/// A request to create the issue of a case. `Store::commit` adds it, in one transaction with the case. A case has one
/// issue: a second request counts only when the first is no longer pending, and then finds what that one created. A case
/// that an older version has saved meanwhile no longer knows its issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIssue {
    /// Id of the case.
    pub case: String,
    /// Id of the tracker in `oncall.toml`.
    pub tracker: String,
    /// The request as JSON, redacted.
    pub body: String,
}

/// An issue that is to be created now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueIssue {
    /// The request.
    pub issue: NewIssue,
    /// Number of attempts so far.
    pub attempts: u32,
    /// Time of the first request.
    pub created_at: Timestamp,
}

/// Result of an attempt to create an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueOutcome {
    /// Id of the case.
    pub case: String,
    /// The new state; `Sent` means that the issue exists.
    pub state: PageState,
    /// The reason why it was not created. `None` with a pending state: an attempt begins, which does not count yet.
    pub error: Option<String>,
}
