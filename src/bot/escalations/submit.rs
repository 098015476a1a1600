//! The outcome of the window and of "I'm on it": the case, the messages, the page and the timer, saved together.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::issues::has_issue;
use super::window::{self, CallChoices, Mention};
use super::{case_title, page_of};
use crate::bot::cases::{Actor, Case, CaseEscalation, CasePage, rows};
use crate::bot::context::Context;
use crate::bot::on_call::TeamOnCall;
use crate::bot::reading::ChannelFault;
use crate::bot::trackers::TeamRepository;
use crate::oncall::Page;
use crate::redact::redact;
use crate::respond::{CallRefusal, CardAction, Reply, issue_link};
use crate::runbook::Team;
use crate::store::{AuditEntry, Changes, EscalationTimer, NewPage, PageAction};

/// Time in which the same team is not called again for the same case.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// The reason why an escalation cannot be carried out.
#[derive(Debug)]
pub(crate) struct RefusedCall {
    /// The field of the window that it is shown at.
    pub(crate) block: Option<&'static str>,
    /// The reason in words.
    pub(crate) reply: Reply,
    /// True when another organisation turned out to read the case.
    pub(crate) external: bool,
    /// An entry of the audit.
    pub(crate) audit: Option<AuditEntry>,
}

/// The result of a check, with the reason on the heap: it is large, and rare.
type Checked<T> = Result<T, Box<RefusedCall>>;

impl RefusedCall {
    pub(crate) fn new(block: Option<&'static str>, reply: Reply) -> Self {
        Self {
            block,
            reply,
            external: false,
            audit: None,
        }
    }
}

/// An escalation that can be carried out.
#[derive(Debug, Clone)]
pub(crate) struct TeamCall {
    pub(crate) team: Team,
    pub(crate) escalation: CaseEscalation,
    /// The repository in which an issue is created.
    pub(crate) repository: Option<TeamRepository>,
}

impl Context {
    /// Checks the choices of a person and makes an escalation of them; it is not saved yet.
    pub(crate) async fn call(
        &self,
        case: &Case,
        chosen: &CallChoices,
        (id, summary): (&str, &str),
        mark: &Actor,
    ) -> Checked<TeamCall> {
        let known = self.knowledge.get();
        let team = chosen.team.as_ref().and_then(|key| known.library.teams.get(key));
        let Some(team) = team.map(|team| self.routed(team)) else {
            let no_team = self.responder.call_refused("", CallRefusal::NoTeam);
            return Err(Box::new(RefusedCall::new(Some(window::TEAM), no_team)));
        };
        self.is_first(case, &team, mark)?;
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
        let repository = self.repository_chosen(case, &team, chosen)?;
        let thread = rows::thread_of(self.store.as_ref(), case).await.ok().flatten();
        let permalink = async {
            match &thread {
                Some(thread) => self.reading.permalink(&case.channel, thread).await,
                None => None,
            }
        };
        // Slack waits three seconds for the answer: everything is asked at the same time.
        let (places, page, link) = tokio::join!(
            self.may_post(case, &team),
            self.page_chosen(case, &team, chosen, (dedup_key(&case.id, id), mark)),
            permalink,
        );
        places?;
        let page = page?;
        let names: Vec<String> = on_call.into_iter().map(|person| person.name).collect();
        let title = case_title(self, &known.library, case);
        let title = title.unwrap_or_else(|| case.excerpt().lines().next().unwrap_or("An error").to_owned());
        let summary = redact(summary).into_owned();
        let escalation = CaseEscalation {
            id: id.to_owned(),
            first: id.to_owned(),
            team: team.key.clone(),
            team_name: team.shown().to_owned(),
            channel: team.routing.channel.clone().unwrap_or_else(|| case.channel.clone()),
            // In the team's channel the message begins a thread of its own.
            thread: thread.filter(|_| team.routing.channel.is_none() && !case.is_in_conversation()),
            astray: String::new(),
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
            acknowledged_in: String::new(),
        };
        Ok(TeamCall {
            team,
            escalation,
            repository,
        })
    }

    fn refused<T>(&self, team: &Team, block: &'static str, why: CallRefusal<'_>) -> Checked<T> {
        let reply = self.responder.call_refused(team.shown(), why);
        Err(Box::new(RefusedCall::new(Some(block), reply)))
    }

    /// Checks that a team was not called for a case a moment ago.
    fn is_first(&self, case: &Case, team: &Team, mark: &Actor) -> Checked<()> {
        let is_recent = |one: &&CaseEscalation| one.team == team.key && mark.at.duration_since(one.by.at).abs() < AGAIN;
        match case.escalations.iter().rev().find(is_recent) {
            Some(before) => self.refused(team, window::TEAM, CallRefusal::Again { by: &before.by.name }),
            None => Ok(()),
        }
    }

    /// Checks the channels that show the escalation: the team's, and that of the case, which may have been shared with
    /// another organisation since, or whose sharing Slack did not tell.
    async fn may_post(&self, case: &Case, team: &Team) -> Checked<()> {
        let fault_of = |channel: Option<String>| async move {
            match channel {
                Some(channel) => self.reading.channel_info(&channel).await.fault(),
                None => None,
            }
        };
        let own = team.routing.channel.clone();
        let is_shown = case.post.is_some() || own.is_none();
        let here = Some(case.channel.clone()).filter(|here| is_shown && own.as_ref() != Some(here));
        let (there, here) = tokio::join!(fault_of(own.clone()), fault_of(here));
        match there {
            Some(ChannelFault::NotMember) => return self.refused(team, window::TEAM, CallRefusal::NotMember),
            Some(ChannelFault::Unknown) => return self.refused(team, window::TEAM, CallRefusal::Unknown),
            Some(ChannelFault::Shared) => return self.refused(team, window::TEAM, CallRefusal::Shared),
            None => {}
        }
        match here {
            Some(ChannelFault::NotMember) if own.is_none() => {
                Err(Box::new(RefusedCall::new(None, self.responder.not_member())))
            }
            Some(ChannelFault::Unknown) => self.refused(team, window::TEAM, CallRefusal::Unknown),
            Some(ChannelFault::Shared) => Err(Box::new(RefusedCall {
                external: true,
                ..RefusedCall::new(None, self.responder.who_refused())
            })),
            Some(ChannelFault::NotMember) | None => Ok(()),
        }
    }

    /// The page that was chosen; `None` when nobody is to be paged.
    async fn page_chosen(
        &self,
        case: &Case,
        team: &Team,
        chosen: &CallChoices,
        (dedup_key, mark): (String, &Actor),
    ) -> Checked<Option<CasePage>> {
        if !chosen.page {
            return Ok(None);
        }
        let rule = team.routing.page.as_ref();
        let Some(rule) = rule.filter(|rule| self.on_call.pager(&rule.pager).is_some()) else {
            return self.refused(team, window::PAGE, CallRefusal::NoPager);
        };
        if !rule.is_for(&chosen.severity) {
            let allowed = &rule.severities.join(", ");
            return self.refused(team, window::SEVERITY, CallRefusal::Severity { allowed });
        }
        if !self.people.is_one_of(&mark.by, &rule.by).await {
            let detail = [("pager", json!(rule.pager)), ("severity", json!(chosen.severity))];
            let audit = self.escalation_entry("page-refused", case, &team.key, Some(mark), &detail);
            let reply = self.responder.call_refused(team.shown(), CallRefusal::NotAllowed);
            return Err(Box::new(RefusedCall {
                audit: Some(audit),
                ..RefusedCall::new(Some(window::PAGE), reply)
            }));
        }
        Ok(Some(CasePage {
            pager: rule.pager.clone(),
            dedup_key,
            ..CasePage::default()
        }))
    }

    /// The repository in which an issue was asked for; `None` when nobody asked, or the case has one.
    fn repository_chosen(&self, case: &Case, team: &Team, chosen: &CallChoices) -> Checked<Option<TeamRepository>> {
        if !chosen.issue || has_issue(case) {
            return Ok(None);
        }
        match self.trackers.of_team(team) {
            Some(found) => Ok(Some(found)),
            None => self.refused(team, window::ISSUE, CallRefusal::NoTracker),
        }
    }

    /// Adds an escalation to a case. Returns what is saved together with the case.
    pub(crate) fn escalate_case(&self, case: &mut Case, call: &TeamCall, version: i64) -> Changes {
        let (escalation, mark) = (&call.escalation, &call.escalation.by);
        let was_over = case.status.is_over();
        case.act(&CardAction::Escalated, mark, &escalation.team_name);
        let others = self.team_messages_of(case, was_over, version);
        case.escalate(escalation.clone());
        let issue = call
            .repository
            .as_ref()
            .and_then(|of| self.ask_for_issue(case, of, escalation));
        let message = self.team_message(case, escalation);
        let shown = self.card(&self.knowledge.get(), case);
        let message = rows::post(
            &escalation.post,
            &escalation.channel,
            escalation.thread.clone(),
            &message,
        );
        let posts = message.into_iter().chain(rows::update(case, version, &shown));
        let detail = [
            ("severity", json!(escalation.severity)),
            ("mentions", json!(escalation.pings)),
            ("pager", json!(escalation.page.as_ref().map(|page| &page.pager))),
            ("issue", json!(issue.as_ref().map(|issue| &issue.tracker))),
        ];
        let after = call.team.routing.escalation.first().map(|step| step.after);
        Changes {
            posts: posts.chain(others).collect(),
            pages: page(case, escalation, PageAction::Trigger).into_iter().collect(),
            issues: issue.into_iter().collect(),
            timers: vec![timer((&case.id, &escalation.first), after, mark.at)],
            audit: vec![self.escalation_entry("escalated", case, &escalation.team, Some(mark), &detail)],
            ..Changes::default()
        }
    }

    /// Marks an escalation as acknowledged, with all of its steps. `id` is that of any of them; `service`: the name of the
    /// service in which its alert was acknowledged, empty for Slack. `None` when it is already, or is not known.
    pub(crate) fn acknowledge(
        &self,
        case: &mut Case,
        (id, service): (&str, &str),
        mark: &Actor,
        version: i64,
    ) -> Option<Changes> {
        let pressed = case.escalations.iter().find(|one| one.id == id)?.clone();
        let first = &pressed.first;
        let mut taken = Vec::new();
        for step in &mut case.escalations {
            if step.first == *first && step.acknowledged.is_none() {
                step.acknowledged = Some(mark.clone());
                service.clone_into(&mut step.acknowledged_in);
                taken.push(step.clone());
            }
        }
        if taken.is_empty() {
            return None;
        }
        case.remember(mark, "acknowledged", &pressed.team_name);
        let shown = self.card(&self.knowledge.get(), case);
        let messages = taken
            .iter()
            .filter_map(|step| self.team_message_update(case, step, version));
        // The service knows already of the alert that was acknowledged there.
        let is_known = |step: &&CaseEscalation| !service.is_empty() && step.id == id;
        let others = taken.iter().filter(|step| !is_known(step));
        let pages = others.filter_map(|step| page(case, step, PageAction::Acknowledge));
        let detail = [("service", json!(service))];
        let detail = if service.is_empty() { &[][..] } else { &detail };
        Some(Changes {
            posts: rows::update(case, version, &shown)
                .into_iter()
                .chain(messages)
                .collect(),
            pages: pages.collect(),
            timers: vec![timer((&case.id, first), None, mark.at)],
            audit: vec![self.escalation_entry("acknowledged", case, &pressed.team, Some(mark), detail)],
            ..Changes::default()
        })
    }
}

/// The page of an escalation, for the store; none when it has none.
pub(super) fn page(case: &Case, escalation: &CaseEscalation, action: PageAction) -> Option<NewPage> {
    let dedup_key = escalation.page.as_ref().map(|page| page.dedup_key.clone());
    let page = Page {
        dedup_key: dedup_key.unwrap_or_default(),
        summary: format!("{} (escalated by {})", escalation.title, escalation.by.name),
        details: escalation.summary.clone(),
        severity: escalation.severity.clone(),
        link: escalation.link.clone(),
    };
    page_of(&case.id, escalation, action, &page)
}

/// Key of the alert: the same in every request for an escalation of a case, however often it is sent.
pub(super) fn dedup_key(case: &str, escalation: &str) -> String {
    format!("signpost:{case}:{escalation}")
}

/// The timer of an escalation of a case, both by id, for the next step after some minutes; without a next step there is none.
pub(super) fn timer((case, escalation): (&str, &str), after: Option<u32>, now: Timestamp) -> EscalationTimer {
    let due_at = after.and_then(|minutes| now.checked_add(SignedDuration::from_mins(i64::from(minutes))).ok());
    EscalationTimer {
        case: case.to_owned(),
        escalation: escalation.to_owned(),
        due_at,
        attempts: 0,
    }
}
