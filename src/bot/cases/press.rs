//! Actions of people on a case, and the posts that show them. Buttons and remarks in a card's thread both come here.

use std::time::Duration;

use super::{Actor, Case, CaseStatus, TopicRef, rows};
use crate::bot::Knowledge;
use crate::bot::context::Context;
use crate::respond::{CardAction, Responder};
use crate::runbook::Library;
use crate::slack::sender::Body;
use crate::store::{Action, NewPost};

/// Time limit for the name of a person who acts: the id or handle does as well.
const NAME_LIMIT: Duration = Duration::from_millis(300);

impl Context {
    /// The person `id` who acts now, with the display name when Slack gives it at once. `handle`: the name to fall back
    /// to; a click comes with one.
    pub(in crate::bot) async fn actor(&self, id: &str, handle: Option<&str>) -> Actor {
        let looked_up = tokio::time::timeout(NAME_LIMIT, self.people.name(id)).await;
        let name = looked_up.ok().filter(|name| name != id);
        let fallback = handle.filter(|handle| !handle.is_empty()).unwrap_or(id);
        Actor {
            by: id.to_owned(),
            name: name.unwrap_or_else(|| fallback.to_owned()),
            at: self.clock.now(),
        }
    }

    /// Applies a person's action to a case as it was read in `version`. Returns the new card, and the posts that show
    /// the change: the card's update, the reaction to the pasted message, the messages in the teams' channels. `None`
    /// when nothing changed.
    pub(in crate::bot) fn press(
        &self,
        known: &Knowledge,
        case: &mut Case,
        version: i64,
        act: &CardAction,
        actor: &Actor,
    ) -> Option<(Body, Vec<NewPost>)> {
        let chosen = match act {
            CardAction::Section { key } => chosen_section(&known.library, case, key),
            _ => None,
        };
        let act = chosen.as_ref().unwrap_or(act);
        // The name of a step is looked up before its topic can change.
        let (detail, text) = self.detail(known, case, act);
        if matches!(act, CardAction::Wrong | CardAction::NotHelped) {
            case.offer_others(known);
        }
        let before = case.status.clone();
        // A section that the runbook no longer has leaves the case as it is, and its list up to date.
        let is_gone = matches!(act, CardAction::Section { .. });
        if !case.act(act, actor, &detail) && !is_gone {
            return None;
        }
        if let Some(entry) = case.history.last_mut().filter(|entry| entry.mark == *actor) {
            entry.text = text;
        }
        case.name(&known.library);
        let shown = self.card(known, case);
        let posts = rows::update(case, version, &shown).into_iter();
        let posts = posts.chain(self.fixed_reaction(case, &before, version));
        let posts = posts.chain(self.team_messages_of(case, before.is_over(), version));
        Some((shown, posts.collect()))
    }

    /// The reaction to the pasted message of a case that was fixed or is not any more: added or removed.
    fn fixed_reaction(&self, case: &Case, before: &CaseStatus, version: i64) -> Option<NewPost> {
        let is_fixed = |status: &CaseStatus| matches!(status, CaseStatus::Fixed(_));
        let name = &self.rules.settings.answers.fixed_reaction;
        if is_fixed(&case.status) == is_fixed(before) || name.is_empty() || case.post.is_none() {
            return None;
        }
        let message = &case.pastes.first()?.message;
        let (place, ts) = message.rsplit_once(':')?;
        // A slash command or a modal has no message to react to.
        if !place.ends_with(&case.channel) || !ts.contains('.') {
            return None;
        }
        let (ts, name) = (ts.to_owned(), name.clone());
        let action = if is_fixed(&case.status) {
            Action::React { ts, name }
        } else {
            Action::Unreact { ts, name }
        };
        Some(NewPost {
            key: format!("fixed:{}:{version}", case.id),
            channel: case.channel.clone(),
            thread_ts: case.thread_ts.clone(),
            action,
            body: String::new(),
        })
    }
}

/// The section that somebody chose from a card's list; `None` when the runbook has it no more.
fn chosen_section(library: &Library, case: &Case, key: &str) -> Option<CardAction> {
    let here = case.place.as_ref()?.find(library)?;
    let to = TopicRef::of(library, Responder::section_of(library, here, key)?)?;
    Some(CardAction::Go {
        runbook: to.runbook,
        section: to.section,
        nth: to.nth,
    })
}
