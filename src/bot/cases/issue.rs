//! The issue of a case in a tracker, as the case keeps it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Actor;
use crate::respond::CardIssue;

/// The issue of a case. Redacted, as all of the case is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CaseIssue {
    /// Id of the tracker.
    pub(crate) tracker: String,
    /// Name of the service.
    pub(crate) service: String,
    /// Path of the repository.
    pub(crate) repository: String,
    /// The person who asked for it.
    pub(crate) by: Actor,
    /// Link to the prefilled form, for when it cannot be created.
    pub(crate) form: Option<String>,
    /// Number and address, once it exists.
    pub(crate) number: u64,
    pub(crate) url: Option<String>,
    /// Time at which it was found to exist.
    pub(crate) created: Option<Timestamp>,
    /// The reason why it was not created so far.
    pub(crate) fault: Option<String>,
    /// True when it was given up.
    pub(crate) failed: bool,
}

impl CaseIssue {
    /// Repository and number, as trackers write them.
    pub(crate) fn name(&self) -> String {
        format!("{}#{}", self.repository, self.number)
    }

    /// The state that the card and the messages show.
    pub(crate) fn state(&self) -> CardIssue {
        CardIssue {
            service: self.service.clone(),
            name: self.name(),
            url: self.url.clone(),
            form: self.form.clone(),
            state: match self {
                Self { created: Some(_), .. } => "created",
                Self { failed: true, .. } => "failed",
                _ => "pending",
            },
            fault: self.fault.clone(),
        }
    }
}
