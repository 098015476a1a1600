//! Clicks on a card: who clicked, what they chose, and the reaction to the pasted message.

use super::{AT_ONCE, InteractionHandler};
use crate::bot::cases::{Actor, Case, TopicRef};
use crate::respond::{CardAction, Responder};
use crate::runbook::Library;
use crate::slack::decode::InteractionContext;
use crate::store::{Action, NewPost};

impl InteractionHandler {
    /// The reaction to the pasted message of a case that was just marked as fixed; `None` when there is none to add.
    pub(super) fn fixed_reaction(&self, case: &Case, act: &CardAction) -> Option<NewPost> {
        let name = &self.ctx.rules.settings.answers.fixed_reaction;
        if *act != CardAction::Fixed || name.is_empty() || case.post.is_none() {
            return None;
        }
        let message = &case.pastes.first()?.message;
        let (place, ts) = message.rsplit_once(':')?;
        // A slash command or a modal has no message to react to.
        if !place.ends_with(&case.channel) || !ts.contains('.') {
            return None;
        }
        Some(NewPost {
            key: format!("fixed:{}", case.id),
            channel: case.channel.clone(),
            thread_ts: case.thread_ts.clone(),
            action: Action::React {
                ts: ts.to_owned(),
                name: name.clone(),
            },
            body: String::new(),
        })
    }

    /// The section that somebody chose from a card's list.
    pub(super) fn section(library: &Library, case: &Case, key: &str) -> Option<CardAction> {
        let here = case.place.as_ref()?.find(library)?;
        let to = TopicRef::of(library, Responder::section_of(library, here, key)?)?;
        Some(CardAction::Go {
            runbook: to.runbook,
            section: to.section,
            nth: to.nth,
        })
    }

    /// The person who clicked, with their display name; with a click, Slack sends only their handle.
    pub(super) async fn mark(&self, interaction: &InteractionContext) -> Actor {
        let who = &interaction.who;
        let looked_up = tokio::time::timeout(AT_ONCE, self.ctx.people.name(&who.id)).await;
        let name = looked_up
            .ok()
            .filter(|name| *name != who.id)
            .or_else(|| who.name.clone());
        Actor {
            by: who.id.clone(),
            name: name.unwrap_or_else(|| who.id.clone()),
            at: self.ctx.clock.now(),
        }
    }
}
