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
    /// Id of the first step: that of the whole escalation, with the steps that follow.
    pub(crate) first: String,
    /// Key of the team.
    pub(crate) team: String,
    /// Name of the team.
    pub(crate) team_name: String,
    /// Channel of the message.
    pub(crate) channel: String,
    /// Thread of the message; none when it begins one.
    pub(crate) thread: Option<String>,
    /// The reason why the message is not where it belongs: empty, `shared`, `not-member` or `unknown`.
    pub(crate) astray: String,
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
    /// Name of the service in which they acknowledged it; empty for Slack.
    pub(crate) acknowledged_in: String,
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
    /// True when it was not sent because nobody needed it any more.
    pub(crate) dropped: bool,
    /// Name of the service.
    pub(crate) service: String,
    /// The person who resolved the alert in the service, and the time. The name is empty where it is not known.
    pub(crate) resolved: Option<Actor>,
}

impl CaseEscalation {
    /// The state that the card and the message show.
    pub(crate) fn state(&self) -> CardEscalation {
        let resolved = self.page.as_ref().and_then(|page| page.resolved.as_ref());
        CardEscalation {
            team: self.team_name.clone(),
            person: self.person.clone(),
            by: Some(self.by.shown()),
            astray: self.astray.clone(),
            acknowledged: self.acknowledged.as_ref().map(Actor::shown),
            acknowledged_in: self.acknowledged_in.clone(),
            resolved: resolved.map(Actor::shown),
            service: self.page.as_ref().map(|page| page.service.clone()).unwrap_or_default(),
            page: match &self.page {
                None | Some(CasePage { dropped: true, .. }) => "",
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

    /// The latest step of each escalation but the latest, in order.
    pub(crate) fn earlier_escalations(&self) -> impl Iterator<Item = &CaseEscalation> {
        let is_last_step = |at: usize, one: &CaseEscalation| {
            let mut later = self.escalations.iter().skip(at + 1).peekable();
            later.peek().is_some() && later.all(|other| other.first != one.first)
        };
        let all = self.escalations.iter().enumerate();
        all.filter_map(move |(at, one)| is_last_step(at, one).then_some(one))
    }

    /// The steps of an escalation, in order. `first`: its id.
    pub(crate) fn steps_of(&self, first: &str) -> impl DoubleEndedIterator<Item = &CaseEscalation> {
        self.escalations.iter().filter(move |one| one.first == first)
    }

    /// Returns true when somebody has acknowledged an escalation.
    pub(crate) fn is_acknowledged(&self, first: &str) -> bool {
        self.steps_of(first).any(|one| one.acknowledged.is_some())
    }

    /// Returns true when a page is needed: the case is not over, its escalation is still there, and nobody has
    /// acknowledged that.
    pub(crate) fn needs_page(&self, dedup_key: &str) -> bool {
        let has_key = |one: &&CaseEscalation| one.page.as_ref().is_some_and(|page| page.dedup_key == dedup_key);
        let found = self.escalations.iter().find(has_key);
        !self.status.is_over() && found.is_some_and(|found| !self.is_acknowledged(&found.first))
    }
}
