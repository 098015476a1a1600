//! What follows from the window and from "I'm on it": the case, the messages, the page and the timer, saved together.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::page_of;
use super::window::{self, CallChoices, Mention};
use crate::bot::cases::{Actor, Case, CaseEscalation, CasePage, rows};
use crate::bot::context::Context;
use crate::bot::on_call::TeamOnCall;
use crate::oncall::Page;
use crate::redact::redact;
use crate::respond::{CallRefusal, CardAction, Reply, issue_link};
use crate::runbook::Team;
use crate::store::{Changes, EscalationTimer, NewPage, PageAction};

/// Time in which the same team is not called again for the same case.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// The reason why an escalation cannot be carried out, and the field of the window that it is shown at.
pub(crate) type Refused = Box<(Option<&'static str>, Reply)>;

/// An escalation that can be carried out.
#[derive(Debug, Clone)]
pub(crate) struct TeamCall {
    pub(crate) team: Team,
    pub(crate) escalation: CaseEscalation,
}

impl Context {
    /// Checks the choices of a person and makes an escalation of them; it is not saved yet.
    pub(crate) async fn call(
        &self,
        case: &Case,
        chosen: &CallChoices,
        (id, summary): (&str, &str),
        mark: &Actor,
    ) -> Result<TeamCall, Refused> {
        let known = self.knowledge.get();
        let team = chosen.team.as_ref().and_then(|key| known.library.teams.get(key));
        let Some(team) = team.cloned() else {
            let no_team = self.responder.call_refused("", CallRefusal::NoTeam);
            return Err(Box::new((Some(window::TEAM), no_team)));
        };
        self.may_call(case, &team, mark).await?;
        let on_call = self.on_call.known(&team, self.clock.now());
        let on_call = on_call.as_ref().map(TeamOnCall::people).unwrap_or_default();
        let people: Vec<String> = on_call.iter().filter_map(|person| person.slack.clone()).collect();
        let pings = match (chosen.mention, &team.routing.group) {
            (Mention::Person, _) if people.is_empty() => {
                return self.refused(&team, window::MENTION, CallRefusal::NoPerson);
            }
            (Mention::Person, _) => people,
            (Mention::Group, Some(group)) => vec![group.clone()],
            (Mention::Group, None) => return self.refused(&team, window::MENTION, CallRefusal::NoGroup),
            (Mention::Nobody, _) => Vec::new(),
        };
        let page = self.page_chosen(&team, chosen, dedup_key(&case.id, id))?;
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
        Ok(TeamCall { team, escalation })
    }

    fn refused<T>(&self, team: &Team, block: &'static str, why: CallRefusal<'_>) -> Result<T, Refused> {
        Err(Box::new((Some(block), self.responder.call_refused(team.shown(), why))))
    }

    /// Checks that a team was not called for a case a moment ago, and that its channel can be posted to.
    async fn may_call(&self, case: &Case, team: &Team, mark: &Actor) -> Result<(), Refused> {
        let is_recent = |one: &&CaseEscalation| one.team == team.key && mark.at.duration_since(one.by.at).abs() < AGAIN;
        if let Some(before) = case.escalations.iter().rev().find(is_recent) {
            let by = &before.by.name;
            return self.refused(team, window::TEAM, CallRefusal::Again { by });
        }
        let Some(channel) = &team.routing.channel else {
            return Ok(());
        };
        let channel_info = self.reading.channel_info(channel).await;
        match () {
            () if !channel_info.is_member => self.refused(team, window::TEAM, CallRefusal::NotMember),
            () if channel_info.has_externals => self.refused(team, window::TEAM, CallRefusal::Shared),
            () => Ok(()),
        }
    }

    /// The page that was chosen; `None` when nobody is to be paged.
    fn page_chosen(&self, team: &Team, chosen: &CallChoices, dedup_key: String) -> Result<Option<CasePage>, Refused> {
        if !chosen.page {
            return Ok(None);
        }
        let rule = team.routing.page.as_ref();
        let Some(rule) = rule.filter(|rule| self.on_call.pager(&rule.pager).is_some()) else {
            return self.refused(team, window::PAGE, CallRefusal::NoPager);
        };
        if !rule.severities.is_empty() && !rule.severities.contains(&chosen.severity) {
            let allowed = &rule.severities.join(", ");
            return self.refused(team, window::SEVERITY, CallRefusal::Severity { allowed });
        }
        Ok(Some(CasePage {
            pager: rule.pager.clone(),
            dedup_key,
            ..CasePage::default()
        }))
    }

    /// Adds an escalation to a case. Returns what is saved together with the case.
    pub(crate) fn escalate_case(
        &self,
        case: &mut Case,
        call: &TeamCall,
        version: i64,
        thread: Option<String>,
    ) -> Changes {
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
            pages: page(case, escalation, PageAction::Trigger),
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
            pages: page(case, &escalation, PageAction::Acknowledge),
            timers: vec![timer(&case.id, None, mark.at)],
            audit: vec![self.escalation_entry("acknowledged", case, &escalation, Some(mark), &[])],
            ..Changes::default()
        })
    }
}

/// The page of an escalation, for the store; none when it has none.
pub(super) fn page(case: &Case, escalation: &CaseEscalation, action: PageAction) -> Vec<NewPage> {
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
