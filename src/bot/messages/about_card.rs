//! Remarks about the card of a thread, made by mentioning the bot there: they act like its buttons.

use super::{MessageHandler, ReceivedMessage};
use crate::bot::cases::{Case, CaseStatus, rows};
use crate::command::{self, Remark};
use crate::respond::{CardAction, Reply};
use crate::runbook::Library;
use crate::slack::sender::Body;
use crate::store::{self, CaseLookup, CaseRow, Changes};

impl MessageHandler {
    /// Answers a remark about the card of its thread. `None` when the message is no such remark, or has no such thread.
    pub(super) async fn about_card(&self, received: &ReceivedMessage<'_>) -> Result<Option<Changes>, store::Error> {
        if received.message.is_root() {
            return Ok(None);
        }
        let Some(remark) = command::remark(&received.text) else {
            return Ok(None);
        };
        let Some((row, mut case)) = self.card_of_thread(received).await? else {
            return Ok(None);
        };
        let known = self.ctx.knowledge.get();
        let library = &known.library;
        let act = self.act_of(library, &case, remark);
        let id = case.id.clone();
        let below = |reply: &Reply| Self::reply(received, &Body::of(reply), "card".into(), Some(id.clone()));
        if remark == Remark::Whom {
            if received.external || case.external {
                let refused = self.ctx.responder.who_refused();
                return Ok(Some(below(&refused)));
            }
            let place = case.place.as_ref().map(|place| place.runbook.clone());
            let reply = self.questions.who_to_contact(library, &place.unwrap_or_default()).await;
            return Ok(Some(below(&reply)));
        }
        let mut done = Changes::default();
        if let Some(act) = &act {
            let user = received.message.user.as_deref().unwrap_or_default();
            let actor = self.ctx.actor(user, None).await;
            if let Some((_, posts)) = self.ctx.press(&known, &mut case, row.version, act, &actor) {
                done.posts = posts;
                let changed = rows::row(&case, row.version, self.ctx.clock.now());
                done.cases.extend(changed.map(|changed| CaseRow {
                    created_at: row.created_at,
                    ..changed
                }));
            }
        }
        let next = self.open_step(library, &case).map(|(_, label)| label);
        let reply = self
            .ctx
            .responder
            .remark(remark, act.is_some(), next.as_deref(), !case.near.is_empty());
        done.join(below(&reply));
        Ok(Some(done))
    }

    /// The latest case of a thread whose card shows a topic.
    pub(super) async fn card_of_thread(
        &self,
        received: &ReceivedMessage<'_>,
    ) -> Result<Option<(CaseRow, Case)>, store::Error> {
        let message = received.message;
        let lookup = CaseLookup::Thread(message.answer_thread());
        let has_card = |_: &CaseRow, case: &Case| {
            case.post.is_some() && case.place.is_some() && case.status != CaseStatus::Withdrawn
        };
        rows::find(self.ctx.store.as_ref(), &message.channel, lookup, has_card).await
    }

    /// The action of a card that a remark asks for; `None` for a step that the topic does not have.
    fn act_of(&self, library: &Library, case: &Case, remark: Remark) -> Option<CardAction> {
        let step = |number: u32| {
            let topic = case.place.as_ref()?.find(library)?;
            let steps = self.ctx.responder.steps(library, topic);
            let named = steps.iter().find(|step| step.name == number.to_string());
            let counted = steps.get(usize::try_from(number).ok()?.checked_sub(1)?);
            named.or(counted).map(|step| step.key.clone())
        };
        match remark {
            Remark::Next => self.open_step(library, case).map(|(at, _)| CardAction::Page { at }),
            Remark::Fixed => Some(CardAction::Fixed),
            Remark::NotHelped => Some(CardAction::NotHelped),
            Remark::Wrong => Some(CardAction::Wrong),
            Remark::Done(number) => step(number).map(|step| CardAction::Done { step }),
            Remark::Undo(number) => step(number).map(|step| CardAction::Undo { step }),
            Remark::Whom => None,
        }
    }

    /// The first step that nobody has done: its index, and its words.
    fn open_step(&self, library: &Library, case: &Case) -> Option<(usize, String)> {
        let place = case.place.as_ref()?;
        let topic = place.find(library)?;
        let done = case.done.get(&place.name());
        let is_open = |key: &str| done.is_none_or(|done| !done.contains_key(key));
        let matched = case.matched(library);
        let chosen = case.chosen_here().map(|chosen| chosen.key.as_str());
        self.ctx
            .responder
            .first_step(library, topic, (matched.as_ref(), chosen), is_open)
    }
}
