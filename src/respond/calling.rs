//! Calling a team: who is on call, the message in the team's channel, and its state on the card.

use minijinja::{Value, context};
use serde::Deserialize;

use super::act::CardAction;
use super::answer::Responder;
use super::buttons::{button, button_row, keep_buttons};
use super::card::Card;
use super::escalation::written;
use super::labels::{BUTTON, LABEL, TITLE};
use super::pieces::Pieces;
use super::{Audience, CardIssue, Reply, contacts, issues, links, values};
use crate::matching::Match;
use crate::runbook::{Library, TopicId};

/// Labels around escalations to a team.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallingLabels {
    /// Button that acknowledges an escalation.
    pub on_it: String,
    /// Button of the modal that escalates.
    pub submit: String,
    /// Label of the field for the team.
    pub team_label: String,
    /// Label of the field for who is mentioned.
    pub mention_label: String,
    /// Option to mention the person on call.
    pub mention_person: String,
    /// Option to mention the team's user group.
    pub mention_group: String,
    /// Option to mention nobody.
    pub mention_nobody: String,
    /// Label of the field for paging.
    pub page_label: String,
    /// Option to page.
    pub page_yes: String,
    /// Option not to page.
    pub page_no: String,
    /// Label of the field for creating an issue.
    pub issue_label: String,
    /// Option to create an issue.
    pub issue_yes: String,
    /// Option not to create an issue.
    pub issue_no: String,
    /// Label of the field for the severity.
    pub severity_label: String,
    /// Text before the channel that the message goes to.
    pub posts_in: String,
    /// Text for a message in the thread.
    pub posts_here: String,
}

/// Most characters of a label around escalations.
pub(super) fn most(name: &str) -> usize {
    match name {
        "submit" => TITLE,
        name if name.ends_with("_label") => LABEL,
        _ => BUTTON,
    }
}

/// The people on call for a team, as they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnCallLine {
    /// Name of the team; empty where it is clear.
    pub team: String,
    /// Names of the people on call; empty when nobody is, or when it is not known.
    pub now: Vec<String>,
    /// End of the shift.
    pub until: Option<String>,
    /// Names of the people who follow.
    pub next: Vec<String>,
    /// Time of the answer, when it is an old one.
    pub as_of: Option<String>,
    /// The reason why it is not known.
    pub fault: Option<String>,
    /// The page of the schedule.
    pub link: Option<String>,
}

/// The latest escalation of a case, as its card shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardEscalation {
    /// Name of the team.
    pub team: String,
    /// Names of the people who were called.
    pub person: Option<String>,
    /// The person who escalated, and the time.
    pub by: Option<(String, String)>,
    /// The reason why the message is not in the team's channel: empty, `shared`, `not-member` or `unknown`.
    pub astray: String,
    /// The person who takes care of it, and the time.
    pub acknowledged: Option<(String, String)>,
    /// Name of the service in which they acknowledged it; empty for Slack.
    pub acknowledged_in: String,
    /// The person who resolved the alert in the service, and the time. The name is empty where it is not known.
    pub resolved: Option<(String, String)>,
    /// Name of the service that paged.
    pub service: String,
    /// State of the page: empty, `pending`, `sent` or `failed`.
    pub page: &'static str,
    /// The reason why the page was not sent.
    pub fault: Option<String>,
}

/// The message in a team's channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamMessage<'a> {
    /// The case's id, and that of the escalation within it, for the button.
    pub case: &'a str,
    /// Id of the escalation within the case.
    pub escalation: &'a str,
    /// Title of the runbook or section.
    pub title: &'a str,
    /// Severity.
    pub severity: &'a str,
    /// Name of the person who escalates.
    pub by: &'a str,
    /// The summary as edited.
    pub summary: &'a str,
    /// Link to the thread.
    pub link: Option<&'a str>,
    /// Link to a prefilled issue.
    pub issue: Option<&'a str>,
    /// The issue of the case in a tracker.
    pub case_issue: Option<CardIssue>,
    /// Step of the escalation, from 1.
    pub step: usize,
    /// State of the escalation.
    pub state: CardEscalation,
    /// Status of the case, the person who set it, and the time.
    pub outcome: (&'static str, String, String),
}

/// The reason why an escalation cannot be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallRefusal<'a> {
    /// No team was chosen.
    NoTeam,
    /// The bot is not in the team's channel.
    NotMember,
    /// Another organisation reads the team's channel.
    Shared,
    /// Slack does not tell in time who reads the channel.
    Unknown,
    /// The person on call is not known in Slack.
    NoPerson,
    /// The team has no user group.
    NoGroup,
    /// The team has no pager.
    NoPager,
    /// No tracker is set up for the team's issues.
    NoTracker,
    /// The person may not page the team.
    NotAllowed,
    /// The team is paged for other severities only.
    Severity {
        /// The severities.
        allowed: &'a str,
    },
    /// Somebody has escalated to this team a moment ago.
    Again {
        /// Name of that person.
        by: &'a str,
    },
}

impl Responder {
    /// The keys of the teams that a topic names, those first that fit the error.
    pub fn teams_of(&self, library: &Library, topic: Option<TopicId>, matched: Option<&Match>) -> Vec<String> {
        let named = topic
            .and_then(|id| library.topic(id))
            .map(|topic| topic.contacts.as_slice());
        let mut teams: Vec<String> = Vec::new();
        for key in contacts::ordered(named.unwrap_or_default(), matched)
            .into_iter()
            .filter_map(|one| one.team)
        {
            if library.teams.contains_key(&key) && !teams.contains(&key) {
                teams.push(key);
            }
        }
        teams
    }

    /// Heads the window that escalates to a team: the contacts, and who is on call.
    pub fn escalate_window(
        &self,
        library: &Library,
        (topic, matched): (Option<TopicId>, Option<&Match>),
        on_call: &[OnCallLine],
        (issue, case_issue): (Option<&str>, Option<&CardIssue>),
    ) -> Reply {
        let mut pieces = Pieces::default();
        let contacts = self.contacts_of(library, (topic, matched), Audience::Internal, &mut pieces);
        let values = context! {
            on_call => lines(on_call), issue => issue.and_then(links::safe),
            case_issue => case_issue.map(issues::values), ..contacts
        };
        self.reply("escalate_window.md", &values, &pieces, None)
    }

    /// Renders the message in a team's channel.
    pub fn team_message(&self, message: &TeamMessage<'_>) -> Reply {
        let mut pieces = Pieces::default();
        let act = CardAction::Acknowledge {
            escalation: message.escalation.to_owned(),
        };
        let (standing, over_by, over_when) = message.outcome.clone();
        let is_over = matches!(standing, "fixed" | "resolved");
        let row = match message.state.acknowledged {
            None if !is_over => button_row(vec![button(message.case, act, &self.labels.calling.on_it, 0)]),
            _ => Vec::new(),
        };
        let values = context! {
            title => values::shortened(message.title, 120), severity => message.severity, by => message.by,
            link => message.link.and_then(links::safe), issue => message.issue.and_then(links::safe),
            case_issue => message.case_issue.as_ref().map(issues::values),
            step => message.step, summary => pieces.put(written(message.summary)), buttons => pieces.put(row),
            standing, over_by, over_when, ..state(&message.state)
        };
        keep_buttons(self.reply("team_message.md", &values, &pieces, None))
    }

    /// Says in the window why the escalation cannot be carried out. `team` is the team's name.
    pub fn call_refused(&self, team: &str, refusal: CallRefusal<'_>) -> Reply {
        let (why, allowed, by) = match refusal {
            CallRefusal::NoTeam => ("no-team", "", ""),
            CallRefusal::NotMember => ("not-member", "", ""),
            CallRefusal::Shared => ("shared", "", ""),
            CallRefusal::Unknown => ("unknown", "", ""),
            CallRefusal::NoPerson => ("no-person", "", ""),
            CallRefusal::NoGroup => ("no-group", "", ""),
            CallRefusal::NoPager => ("no-pager", "", ""),
            CallRefusal::NoTracker => ("no-tracker", "", ""),
            CallRefusal::NotAllowed => ("not-allowed", "", ""),
            CallRefusal::Severity { allowed } => ("severity", allowed, ""),
            CallRefusal::Again { by } => ("again", "", by),
        };
        self.simple("call_refused.md", &context! { team, why, allowed, by })
    }
}

/// Template values of a card that concern the calling of teams.
pub(super) fn on_card(card: &Card<'_>) -> Value {
    let on_call = if card.audience == Audience::Internal {
        lines(&card.on_call)
    } else {
        Vec::new()
    };
    let is_internal = card.audience == Audience::Internal;
    let escalation = card.escalation.as_ref().filter(|_| is_internal);
    let earlier = card.earlier_escalations.iter().filter(|_| is_internal);
    context! {
        on_call,
        case_issue => card.issue.as_ref().filter(|_| is_internal).map(issues::values),
        escalation => escalation.map(state),
        earlier_escalations => earlier.map(state).collect::<Vec<_>>(),
    }
}

/// Template values of the people on call. A single team is clear from the context.
pub(super) fn lines(on_call: &[OnCallLine]) -> Vec<Value> {
    named_lines(on_call, on_call.len() > 1)
}

/// Template values of the people on call, with or without the names of their teams.
pub(super) fn named_lines(on_call: &[OnCallLine], with_teams: bool) -> Vec<Value> {
    let names = |names: &[String]| match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    let line = |one: &OnCallLine| {
        let team = if with_teams { one.team.clone() } else { String::new() };
        context! {
            team, now => names(&one.now), until => one.until.clone(), next => names(&one.next),
            as_of => one.as_of.clone(), fault => one.fault.clone(),
            link => one.link.as_deref().and_then(links::safe),
        }
    };
    on_call.iter().map(line).collect()
}

fn state(escalation: &CardEscalation) -> Value {
    let (acknowledged_by, acknowledged_when) = escalation.acknowledged.clone().unzip();
    let (resolved_by, resolved_when) = escalation.resolved.clone().unzip();
    let (escalated_by, escalated_when) = escalation.by.clone().unwrap_or_default();
    context! {
        team => escalation.team.clone(), person => escalation.person.clone(), page => escalation.page,
        fault => escalation.fault.clone(), acknowledged_by, acknowledged_when, escalated_by, escalated_when,
        astray => escalation.astray.clone(), acknowledged_in => escalation.acknowledged_in.clone(),
        resolved_by, resolved_when, service => escalation.service.clone(),
    }
}

/// A sample of what [`on_card`] returns, for the trial of the templates.
pub(super) fn card_sample(full: bool) -> Value {
    let some = |text: &str| full.then(|| text.to_owned());
    let name = |name: &str| full.then(|| name.to_owned()).into_iter().collect();
    let line = OnCallLine {
        team: "Team".to_owned(),
        now: name("Ada"),
        until: some("18:00 CET"),
        next: name("Linus"),
        as_of: some("12:04 UTC"),
        fault: some("PagerDuty did not respond in time"),
        link: some("https://example.com"),
    };
    let escalation = CardEscalation {
        team: "Team".to_owned(),
        ..CardEscalation::default()
    };
    let earlier: Vec<Value> = full.then(|| state(&escalation)).into_iter().collect();
    context! {
        on_call => lines(&[line]),
        case_issue => issues::samples(full).pop().filter(|_| full),
        escalation => full.then(|| state(&escalation)),
        earlier_escalations => earlier,
    }
}

/// Samples of the templates' values, for their trial.
pub(super) fn samples(full: bool) -> Vec<(&'static str, Value)> {
    let some = |text: &str| full.then(|| text.to_owned());
    let window = context! {
        case_issue => issues::samples(full).first(), issue => some("https://example.com"), contacts => Vec::<Value>::new(), ..card_sample(full)
    };
    let mut out = vec![("on_call.md", card_sample(full)), ("escalate_window.md", window)];
    out.extend(
        issues::samples(full)
            .into_iter()
            .map(|issue| ("issue_state.md", context! { case_issue => issue })),
    );
    for (page, standing, astray) in [
        ("", "fixed", "shared"),
        ("pending", "resolved", "not-member"),
        ("sent", "open", "unknown"),
        ("failed", "escalated", ""),
    ] {
        let escalation = CardEscalation {
            team: "Team".to_owned(),
            person: some("Grace"),
            by: Some(("Ada".to_owned(), "06:41 UTC".to_owned())),
            astray: astray.to_owned(),
            acknowledged: full.then(|| {
                (
                    if page == "sent" { "" } else { "Grace" }.to_owned(),
                    "06:41 UTC".to_owned(),
                )
            }),
            acknowledged_in: some("PagerDuty").unwrap_or_default(),
            resolved: full.then(|| {
                (
                    if page == "sent" { "Grace" } else { "" }.to_owned(),
                    "06:45 UTC".to_owned(),
                )
            }),
            service: some("PagerDuty").unwrap_or_default(),
            page,
            fault: some("PagerDuty failed"),
        };
        out.push(("escalation_state.md", context! { escalation => state(&escalation) }));
        let message = context! {
            title => "Title", severity => "error", by => "Ada", link => some("https://example.com"),
            case_issue => issues::samples(full).get(1), issue => some("https://example.com"), step => if full { 2 } else { 1 }, summary => "summary",
            buttons => if full { "buttons" } else { "" }, standing, over_by => "Ada", over_when => "06:41 UTC", ..state(&escalation)
        };
        out.push(("team_message.md", message));
    }
    for why in ["scope", "external", "not-member", ""] {
        out.push(("export_refused.md", context! { why }));
    }
    for why in [
        "no-team",
        "not-member",
        "shared",
        "unknown",
        "no-person",
        "no-group",
        "no-pager",
        "no-tracker",
        "not-allowed",
        "severity",
        "again",
    ] {
        out.push((
            "call_refused.md",
            context! { team => "Team", why, allowed => "critical", by => "Ada" },
        ));
    }
    out
}
