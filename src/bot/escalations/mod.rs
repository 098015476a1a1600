//! Escalations: the window, the message in the team's channel, pages, and the steps while nobody acknowledges.
//!
//! ```text
//! Escalate ─► `window` ─► `submit` ─► case + message + page + timer + audit, in one transaction
//!                                              │ `calls`
//!                        `worker` ─► page ─► service;  timer ─► the next step;  I'm on it ─► both end
//!                        `issues` ─► the issue of the case, found again or created ─► its link
//!                        `alerts`: service or its webhook ─► `reports`: acknowledged, resolved ─► both end
//! ```

pub(super) mod alerts;
pub(super) mod issues;
mod reports;
mod steps;
pub(super) mod submit;
pub(super) mod window;
pub(super) mod worker;

use serde_json::{Map, Value, json};

use super::cases::{Actor, Case, CaseEscalation, CaseIssue, rows};
use super::context::Context;
use crate::respond::TeamMessage;
use crate::runbook::Library;
use crate::slack::sender::Body;
use crate::store::{Action, AuditEntry, NewPage, NewPost, PageAction};

/// The title of a case: that of its card, or of the topic that people chose.
fn case_title(ctx: &Context, library: &Library, case: &Case) -> Option<String> {
    let matched = case
        .matched(library)
        .map(|matched| ctx.responder.title(library, &matched));
    matched.or_else(|| case.subject().map(|place| place.title(library)))
}

impl Context {
    /// The message in a team's channel, with the mention.
    pub(super) fn team_message(&self, case: &Case, escalation: &CaseEscalation) -> Body {
        let (by, when) = case.status.actor().map(Actor::shown).unwrap_or_default();
        let message = TeamMessage {
            case: &case.id,
            escalation: &escalation.id,
            title: &escalation.title,
            severity: &escalation.severity,
            by: &escalation.by.name,
            summary: &escalation.summary,
            link: escalation.link.as_deref(),
            issue: escalation.issue.as_deref(),
            case_issue: case.issue.as_deref().map(CaseIssue::state),
            step: escalation.step,
            state: escalation.state(),
            outcome: (case.status.name(), by, when),
        };
        with_mention(Body::of(&self.responder.team_message(&message)), &escalation.pings)
    }

    /// The new content of the message in a team's channel. `version` of the case makes its key unique.
    pub(super) fn team_message_update(
        &self,
        case: &Case,
        escalation: &CaseEscalation,
        version: i64,
    ) -> Option<NewPost> {
        if escalation.post.is_empty() {
            return None;
        }
        let key = format!("update:{}:{version}", escalation.post);
        let post = rows::post(&key, &escalation.channel, None, &self.team_message(case, escalation))?;
        let action = Action::Update {
            of: escalation.post.clone(),
        };
        Some(NewPost { action, ..post })
    }

    /// The new content of all messages in teams' channels, when a change of the case's status ended its escalations or
    /// began them anew.
    pub(super) fn team_messages_of(&self, case: &Case, was_over: bool, version: i64) -> Vec<NewPost> {
        if case.status.is_over() == was_over {
            return Vec::new();
        }
        let all = case.escalations.iter();
        all.filter_map(|escalation| self.team_message_update(case, escalation, version))
            .collect()
    }

    /// An entry of the audit about an escalation to a team, by key.
    pub(super) fn escalation_entry(
        &self,
        what: &str,
        case: &Case,
        team: &str,
        mark: Option<&Actor>,
        detail: &[(&str, Value)],
    ) -> AuditEntry {
        let mut all = Map::new();
        all.insert("case".to_owned(), json!(case.id));
        all.insert("team".to_owned(), json!(team));
        all.extend(detail.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        AuditEntry {
            at: self.clock.now(),
            what: what.to_owned(),
            run: None,
            job: "-".to_owned(),
            // People who acknowledged in a service have no id in Slack.
            user: mark.map(|mark| mark.by.clone()).filter(|by| !by.is_empty()),
            name: mark.map(|mark| mark.name.clone()),
            channel: Some(case.channel.clone()),
            thread_ts: case.thread_ts.clone(),
            parameters: Map::new(),
            detail: all,
        }
    }
}

/// Puts live mentions above a message: the only ones that it may hold, whatever its text says.
pub(super) fn with_mention(mut body: Body, ids: &[String]) -> Body {
    let mention = |id: &String| match id.bytes().next() {
        Some(b'S') => format!("<!subteam^{id}>"),
        _ => format!("<@{id}>"),
    };
    let mentions: Vec<String> = ids.iter().map(mention).collect();
    if mentions.is_empty() {
        return body;
    }
    let text = mentions.join(" ");
    body.put_first(json!({"type": "section", "text": {"type": "mrkdwn", "text": text}}));
    body.text = format!("{text} {}", body.text);
    body.pings = ids.to_vec();
    body.safe()
}

/// The page of an escalation, and the acknowledgement of one.
fn page_of(case: &str, escalation: &CaseEscalation, action: PageAction, body: &crate::oncall::Page) -> Option<NewPage> {
    let page = escalation.page.as_ref()?;
    Some(NewPage {
        key: format!("{}:{}", action.as_str(), page.dedup_key),
        case: case.to_owned(),
        pager: page.pager.clone(),
        action,
        body: serde_json::to_string(body).ok()?,
    })
}
