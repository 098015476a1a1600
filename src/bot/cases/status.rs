//! Status of a case, and the request that made it: enums that are stored as the words of earlier versions.

use serde::{Deserialize, Serialize};

use super::Actor;

/// Status of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredStatus", into = "StoredStatus")]
pub(crate) enum CaseStatus {
    /// People work on the case.
    #[default]
    Open,
    /// People are choosing its topic, with the person who set the status before: mostly who rejected the runbook.
    Choosing(Option<Actor>),
    /// The runbook fixed it.
    Fixed(Actor),
    /// The runbook did not help.
    NotHelped(Actor),
    /// Somebody else was called in.
    Escalated(Actor),
    /// The alert reports that it is resolved.
    Resolved(Actor),
    /// The message was edited and no longer holds an error.
    Withdrawn,
}

/// Stored form of a [`CaseStatus`].
#[derive(Serialize, Deserialize)]
struct StoredStatus {
    #[serde(default = "open")]
    standing: String,
    #[serde(default)]
    mark: Option<Actor>,
}

fn open() -> String {
    CaseStatus::Open.name().to_owned()
}

impl CaseStatus {
    /// Returns true when people may still work on the case: one marked as fixed stays so.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self, Self::Fixed(_) | Self::Resolved(_) | Self::Withdrawn)
    }

    /// Returns true when the error is gone, so that nobody has to be called any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self, Self::Fixed(_) | Self::Resolved(_))
    }

    /// Returns the status's name in templates and in the store.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Choosing(_) => "choosing",
            Self::Fixed(_) => "fixed",
            Self::NotHelped(_) => "not-helped",
            Self::Escalated(_) => "escalated",
            Self::Resolved(_) => "resolved",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Returns the person who set the status.
    pub(crate) fn actor(&self) -> Option<&Actor> {
        match self {
            Self::Fixed(actor) | Self::NotHelped(actor) | Self::Escalated(actor) | Self::Resolved(actor) => Some(actor),
            Self::Choosing(actor) => actor.as_ref(),
            Self::Open | Self::Withdrawn => None,
        }
    }
}

impl From<CaseStatus> for StoredStatus {
    fn from(status: CaseStatus) -> Self {
        Self {
            standing: status.name().to_owned(),
            mark: status.actor().cloned(),
        }
    }
}

impl TryFrom<StoredStatus> for CaseStatus {
    type Error = String;

    fn try_from(StoredStatus { standing, mark }: StoredStatus) -> Result<Self, String> {
        let actor = || mark.clone().unwrap_or_default();
        Ok(match standing.as_str() {
            "open" => Self::Open,
            "choosing" => Self::Choosing(mark),
            "fixed" => Self::Fixed(actor()),
            "not-helped" => Self::NotHelped(actor()),
            "escalated" => Self::Escalated(actor()),
            "resolved" => Self::Resolved(actor()),
            "withdrawn" => Self::Withdrawn,
            other => return Err(format!("unknown status `{other}`")),
        })
    }
}

/// Request that made a case. It decides what people are offered while they choose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredRequest", into = "StoredRequest")]
pub(crate) enum CaseRequest {
    /// An error that was recognised, or a runbook requested by its name.
    #[default]
    Found,
    /// An error that is near several topics.
    Near,
    /// A search for these words.
    Search(String),
    /// A name that several topics have.
    Name(String),
    /// A mistyped command, and the command that was meant.
    Typo(String),
    /// A mistyped command that was answered since.
    Answered,
}

/// Stored form of a [`CaseRequest`].
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredRequest {
    why: String,
    words: String,
}

impl CaseRequest {
    /// Returns the request's name in templates and in the store.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Found => "",
            Self::Near => "near",
            Self::Search(_) => "search",
            Self::Name(_) => "choose",
            Self::Typo(_) => "typo",
            Self::Answered => "done",
        }
    }

    /// Returns the words of the request.
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::Search(words) | Self::Name(words) | Self::Typo(words) => words,
            Self::Found | Self::Near | Self::Answered => "",
        }
    }

    /// Returns the request without secrets.
    pub(super) fn redacted(&self) -> Self {
        let mut request = self.clone();
        if let Self::Search(words) | Self::Name(words) | Self::Typo(words) = &mut request {
            *words = crate::redact::redact(words).into_owned();
        }
        request
    }
}

impl From<CaseRequest> for StoredRequest {
    fn from(request: CaseRequest) -> Self {
        Self {
            why: request.name().to_owned(),
            words: request.words().to_owned(),
        }
    }
}

impl TryFrom<StoredRequest> for CaseRequest {
    type Error = String;

    fn try_from(StoredRequest { why, words }: StoredRequest) -> Result<Self, String> {
        Ok(match why.as_str() {
            "" => Self::Found,
            "near" => Self::Near,
            "search" => Self::Search(words),
            "choose" => Self::Name(words),
            "typo" => Self::Typo(words),
            "done" => Self::Answered,
            other => return Err(format!("unknown request `{other}`")),
        })
    }
}
