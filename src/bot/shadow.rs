//! Shadow answers to and from the store and the outbox, and the message that shows one to the owners.

use tracing::error;

use super::context::Context;
use crate::bot::cases::rows::post;
use crate::bot::cases::{Actor, Case, TopicRef};
use crate::respond::{CardAction, ShadowNote};
use crate::slack::sender::Body;
use crate::store::{Action, Judged, NewPost, ShadowRow, ShadowVerdict};

/// The case of a shadow answer, as it would have been. `None` when it cannot be read, which is logged.
pub(super) fn read(row: &ShadowRow) -> Option<Case> {
    let case: Case = serde_json::from_str(&row.body)
        .inspect_err(|cause| error!(%cause, message = row.message, "a shadow answer in the store cannot be read"))
        .ok()?;
    Some(case.with_texts(&row.texts))
}

/// The case of a shadow answer whose body cannot be read, as far as the rest of the row tells: matching its texts again
/// completes it.
pub(super) fn rebuilt(row: &ShadowRow) -> Case {
    let team = row.message.split(':').next().unwrap_or_default();
    let case = Case {
        id: row.message.clone(),
        team: team.to_owned(),
        channel: row.channel.clone(),
        thread_ts: Some(row.thread_ts.clone()),
        author: row.author.clone(),
        fingerprint: row.fingerprint.clone(),
        ..Case::default()
    };
    case.with_texts(&row.texts)
}

/// The body of a row: the case without its texts, which the row holds itself.
pub(super) fn written(case: &Case) -> Option<String> {
    serde_json::to_string(&case.with_texts(&[]))
        .inspect_err(|cause| error!(%cause, case = case.id, "a shadow answer cannot be saved"))
        .ok()
}

/// The place in the runbooks that would have been shown.
pub(super) fn place_of(row: &ShadowRow) -> TopicRef {
    TopicRef {
        runbook: row.runbook.clone(),
        section: row.section.clone(),
        nth: row.nth,
    }
}

/// The verdict that an action of a button gives.
pub(super) fn verdict_of(act: &CardAction) -> Option<ShadowVerdict> {
    match act {
        CardAction::JudgeRight => Some(ShadowVerdict::Right),
        CardAction::JudgeWrong => Some(ShadowVerdict::Wrong),
        CardAction::JudgeSilent => Some(ShadowVerdict::Silent),
        _ => None,
    }
}

fn action_of(verdict: ShadowVerdict) -> CardAction {
    match verdict {
        ShadowVerdict::Right => CardAction::JudgeRight,
        ShadowVerdict::Wrong => CardAction::JudgeWrong,
        ShadowVerdict::Silent => CardAction::JudgeSilent,
    }
}

/// The message to the owners, changed. The version, as the row was read, gives each change a key of its own.
pub(super) fn update(row: &ShadowRow, channel: &str, body: &Body) -> Option<NewPost> {
    let of = row.post.clone()?;
    let shown = post(&format!("update:{of}:{}", row.version), channel, None, body)?;
    Some(NewPost {
        action: Action::Update { of },
        ..shown
    })
}

impl Context {
    /// Renders the message that shows a shadow answer to the owners.
    pub(super) async fn shadow_note(&self, row: &ShadowRow) -> Body {
        let known = self.knowledge.get();
        let place = place_of(row);
        let channel = self.people.channel(&row.channel).await;
        let note = ShadowNote {
            message: &row.message,
            channel: channel.as_deref().unwrap_or(&row.channel),
            url: row.link.as_deref(),
            topic: place.find(&known.library),
            named: &place.title(&known.library),
            confidence: row.confidence,
            evidence: &row.evidence,
            verdict: row.judged.as_ref().map(judged),
        };
        Body::of(&self.responder.shadow(&known.library, &note))
    }
}

fn judged(judged: &Judged) -> (CardAction, (String, String)) {
    let actor = Actor {
        by: judged.by.clone(),
        name: judged.name.clone(),
        at: judged.at,
    };
    (action_of(judged.verdict), actor.shown())
}
