//! What follows from the window and from "I'm on it": the case, the messages, the page and the timer, saved together.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::page_of;
use super::window::{Chosen, Mention};
use crate::bot::cases::{Actor, Case, CaseEscalation, CasePage, rows};
use crate::bot::context::Context;
use crate::oncall::Page;
use crate::redact::redact;
use crate::respond::{CallRefusal, CardAction, Reply, issue_link};
use crate::runbook::Team;
use crate::store::{Changes, EscalationTimer, PageAction};

/// Time in which the same team is not called again for the same case.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// An escalation that can be carried out.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) team: Team,
    pub(crate) escalation: CaseEscalation,
}

impl Context {
    /// Checks the choices of a person and makes an escalation of them; it is not saved yet.
    pub(crate) async fn call(
        &self,
        case: &Case,
        chosen: &Chosen,
        (id, summary): (&str, &str),
        mark: &Actor,
    ) -> Result<Call, (Option<&'static str>, Reply)> {
        use super::window;
        let known = self.knowledge.get();
        let team = chosen.team.as_ref().and_then(|key| known.library.teams.get(key));
        let Some(team) = team.cloned() else {
            return Err((Some(window::TEAM), self.responder.call_refused("", CallRefusal::NoTeam)));
        };
        let refused = |block: &'static str, why: CallRefusal<'_>| {
            Err((Some(block), self.responder.call_refused(team.shown(), why)))
        };
        let is_recent = |one: &&CaseEscalation| one.team == team.key && mark.at.duration_since(one.by.at).abs() < AGAIN;
        if let Some(before) = case.escalations.iter().rev().find(is_recent) {
            let by = before.by.name.clone();
            return refused(window::TEAM, CallRefusal::Again { by: &by });
        }
        if let Some(channel) = &team.routing.channel {
            let channel_info = self.reading.channel_info(channel).await;
            if !channel_info.is_member {
                return refused(window::TEAM, CallRefusal::NotMember);
            }
            if channel_info.has_externals {
                return refused(window::TEAM, CallRefusal::Shared);
            }
        }
        let on_call = self
            .on_call
            .known(&team, self.clock.now())
            .map(|on_call| on_call.people())
            .unwrap_or_default();
        let people: Vec<String> = on_call.iter().filter_map(|person| person.slack.clone()).collect();
        let pings = match chosen.mention {
            Mention::Person if people.is_empty() => return refused(window::MENTION, CallRefusal::NoPerson),
            Mention::Person => people,
            Mention::Group => match &team.routing.group {
                Some(group) => vec![group.clone()],
                None => return refused(window::MENTION, CallRefusal::NoGroup),
            },
            Mention::Nobody => Vec::new(),
        };
        let page = match &team.routing.page {
            _ if !chosen.page => None,
            Some(rule) if self.on_call.pager(&rule.pager).is_some() => {
                if !rule.severities.is_empty() && !rule.severities.contains(&chosen.severity) {
                    let allowed = rule.severities.join(", ");
                    return refused(window::SEVERITY, CallRefusal::Severity { allowed: &allowed });
                }
                Some(CasePage {
                    pager: rule.pager.clone(),
                    dedup_key: dedup_key(&case.id, id),
                    ..CasePage::default()
                })
            }
            _ => return refused(window::PAGE, CallRefusal::NoPager),
        };
        let names: Vec<String> = on_call.into_iter().map(|person| person.name).collect();
        let title = case.subject().map(|place| place.title(&known.library));
        let title = title.unwrap_or_else(|| case.excerpt().lines().next().unwrap_or("An error").to_owned());
        let summary = redact(summary).into_owned();
        let thread = rows::thread_of(self.store.as_ref(), case).await.ok().flatten();
        let link = match &thread {
            Some(thread) => self.reading.permalink(&case.channel, thread).await,
            None => None,
        };
        let escalation = CaseEscalation {
            id: id.to_owned(),
            team: team.key.clone(),
            team_name: team.shown().to_owned(),
            channel: team.routing.channel.clone().unwrap_or_else(|| case.channel.clone()),
            post: format!("escalate:{}:{id}", case.id),
            pings,
            person: Some(names.join(", ")).filter(|names| !names.is_empty()),
            by: mark.clone(),
            severity: chosen.severity.clone(),
            issue: team
                .issue
                .as_deref()
                .and_then(|base| issue_link(base, &title, &summary)),
            title,
            summary,
            link,
            step: 1,
            page,
            acknowledged: None,
        };
        Ok(Call { team, escalation })
    }

    /// Adds an escalation to a case. Returns what is saved together with the case.
    pub(crate) fn escalate_case(&self, case: &mut Case, call: &Call, version: i64, thread: Option<String>) -> Changes {
        let escalation = &call.escalation;
        let mark = &escalation.by;
        case.act(&CardAction::Escalated, mark, &escalation.team_name);
        case.escalate(escalation.clone());
        // In the team's channel the message begins a thread of its own.
        let thread = thread.filter(|_| call.team.routing.channel.is_none());
        let message = self.team_message(case, escalation);
        let shown = self.card(&self.knowledge.get(), case);
        let posts = rows::post(&escalation.post, &escalation.channel, thread, &message);
        let detail = [
            ("severity", json!(escalation.severity)),
            ("mentions", json!(escalation.pings)),
            ("pager", json!(escalation.page.as_ref().map(|page| &page.pager))),
        ];
        Changes {
            posts: posts.into_iter().chain(rows::update(case, version, &shown)).collect(),
            pages: self.page(case, escalation, PageAction::Trigger),
            timers: vec![timer(
                &case.id,
                call.team.routing.escalation.first().map(|step| step.after),
                mark.at,
            )],
            audit: vec![self.escalation_entry("escalated", case, escalation, Some(mark), &detail)],
            ..Changes::default()
        }
    }

    /// Marks an escalation as acknowledged. `None` when it is already, or is not known.
    pub(crate) fn acknowledge(&self, case: &mut Case, id: &str, mark: &Actor, version: i64) -> Option<Changes> {
        let found = case.escalations.iter_mut().find(|one| one.id == id)?;
        if found.acknowledged.is_some() {
            return None;
        }
        found.acknowledged = Some(mark.clone());
        let escalation = found.clone();
        case.remember(mark, "acknowledged", &escalation.team_name);
        let shown = self.card(&self.knowledge.get(), case);
        let message = self.team_message_update(case, &escalation, version);
        Some(Changes {
            posts: rows::update(case, version, &shown).into_iter().chain(message).collect(),
            pages: self.page(case, &escalation, PageAction::Acknowledge),
            timers: vec![timer(&case.id, None, mark.at)],
            audit: vec![self.escalation_entry("acknowledged", case, &escalation, Some(mark), &[])],
            ..Changes::default()
        })
    }

    /// The page of an escalation, for the store; none when it has none.
    pub(crate) fn page(
        &self,
        case: &Case,
        escalation: &CaseEscalation,
        action: PageAction,
    ) -> Vec<crate::store::NewPage> {
        let dedup_key = escalation.page.as_ref().map(|page| page.dedup_key.clone());
        let page = Page {
            dedup_key: dedup_key.unwrap_or_default(),
            summary: format!("{} (escalated by {})", escalation.title, escalation.by.name),
            details: escalation.summary.clone(),
            severity: escalation.severity.clone(),
            link: escalation.link.clone(),
        };
        page_of(&case.id, escalation, action, &page).into_iter().collect()
    }
}

/// Key of the alert: the same in every request for an escalation of a case, however often it is sent.
pub(super) fn dedup_key(case: &str, escalation: &str) -> String {
    format!("signpost:{case}:{escalation}")
}

/// The timer for the next step after some minutes; without a next step there is none.
pub(super) fn timer(case: &str, after: Option<u32>, now: Timestamp) -> EscalationTimer {
    let due_at = after.and_then(|minutes| now.checked_add(SignedDuration::from_mins(i64::from(minutes))).ok());
    EscalationTimer {
        case: case.to_owned(),
        due_at,
    }
}
