//! Escalations of a case to a team, as the case keeps them.

use serde::{Deserialize, Serialize};

use super::{Actor, Case};
use crate::respond::CardEscalation;

/// Maximum number of escalations kept per case; the oldest are dropped.
const MOST: usize = 20;

/// An escalation to a team. Redacted, as all of the case is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CaseEscalation {
    /// Id within the case.
    pub(crate) id: String,
    /// Key of the team.
    pub(crate) team: String,
    /// Name of the team.
    pub(crate) team_name: String,
    /// Channel of the message.
    pub(crate) channel: String,
    /// Key of the message in the outbox.
    pub(crate) post: String,
    /// Slack ids that the message mentions.
    pub(crate) pings: Vec<String>,
    /// Names of the people who are called.
    pub(crate) person: Option<String>,
    /// The person who escalated.
    pub(crate) by: Actor,
    /// Severity.
    pub(crate) severity: String,
    /// The summary as edited.
    pub(crate) summary: String,
    /// Title of the topic.
    pub(crate) title: String,
    /// Link to the thread.
    pub(crate) link: Option<String>,
    /// Link to a prefilled issue.
    pub(crate) issue: Option<String>,
    /// Step of the escalation, from 1.
    pub(crate) step: usize,
    /// The page, when there is one.
    pub(crate) page: Option<CasePage>,
    /// The person who takes care of it.
    pub(crate) acknowledged: Option<Actor>,
}

/// The page of an escalation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CasePage {
    /// Id of the pager.
    pub(crate) pager: String,
    /// Key of the alert.
    pub(crate) dedup_key: String,
    /// True once the service took it.
    pub(crate) sent: bool,
    /// The reason why it was given up.
    pub(crate) fault: Option<String>,
}

impl CaseEscalation {
    /// The state that the card and the message show.
    pub(crate) fn state(&self) -> CardEscalation {
        CardEscalation {
            team: self.team_name.clone(),
            person: self.person.clone(),
            acknowledged: self.acknowledged.as_ref().map(Actor::shown),
            page: match &self.page {
                None => "",
                Some(CasePage { fault: Some(_), .. }) => "failed",
                Some(CasePage { sent: true, .. }) => "sent",
                Some(_) => "pending",
            },
            fault: self.page.as_ref().and_then(|page| page.fault.clone()),
        }
    }
}

impl Case {
    /// Adds an escalation.
    pub(crate) fn escalate(&mut self, escalation: CaseEscalation) {
        if self.escalations.len() >= MOST {
            self.escalations.remove(0);
        }
        self.escalations.push(escalation);
    }

    /// The latest escalation that a person began, with the steps that followed it.
    pub(crate) fn current_escalation(&self) -> &[CaseEscalation] {
        let first = self.escalations.iter().rposition(|one| one.step <= 1);
        self.escalations.get(first.unwrap_or(0)..).unwrap_or_default()
    }

    /// Returns true when somebody has acknowledged the latest escalation or one of its steps.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.current_escalation().iter().any(|one| one.acknowledged.is_some())
    }

    /// Returns true when a page is needed: its escalation is still there, and nobody has acknowledged it or another of its
    /// steps.
    pub(crate) fn needs_page(&self, dedup_key: &str) -> bool {
        let has_key = |one: &&CaseEscalation| one.page.as_ref().is_some_and(|page| page.dedup_key == dedup_key);
        let Some(found) = self.escalations.iter().find(has_key) else {
            return false;
        };
        // All steps keep the mark of the person who began.
        let same = self.escalations.iter().filter(|one| one.by == found.by);
        same.filter(|one| one.acknowledged.is_some()).count() == 0
    }
}
