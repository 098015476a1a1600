//! Remarks about a card, made by mentioning the bot in its thread, or in a conversation with the bot alone: they act like
//! its buttons.

use super::lookup::REMINDED;
use super::{MessageHandler, ReceivedMessage};
use crate::bot::cases::{Case, CaseStatus, rows};
use crate::command::{self, Remark};
use crate::respond::{CardAction, Reply};
use crate::runbook::Library;
use crate::slack::sender::Body;
use crate::store::{self, CaseLookup, CaseRow, Changes};

impl MessageHandler {
    /// Answers a remark about the card of its thread, or of its conversation. `None` when the message is no such remark,
    /// or there is no such card.
    pub(super) async fn about_card(&self, received: &ReceivedMessage<'_>) -> Result<Option<Changes>, store::Error> {
        let message = received.message;
        if message.is_root() && !message.direct {
            return Ok(None);
        }
        let Some(remark) = command::remark(&received.text) else {
            return Ok(None);
        };
        let Some((row, mut case)) = self.card_here(received).await? else {
            return self.still_choosing(received).await;
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
        // Without a thread, the reply says which card it is about.
        let place = case.place.as_ref().filter(|_| message.is_in_conversation());
        let title = place.map(|place| place.title(library));
        let mut done = Changes::default();
        if let Some(act) = &act {
            let user = message.user.as_deref().unwrap_or_default();
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
        let reply = self.ctx.responder.remark(
            remark,
            act.is_some(),
            next.as_deref(),
            (!case.near.is_empty(), title.as_deref()),
        );
        done.join(below(&reply));
        Ok(Some(done))
    }

    /// Answers a remark in a thread where people still choose among runbooks; `None` in any other.
    async fn still_choosing(&self, received: &ReceivedMessage<'_>) -> Result<Option<Changes>, store::Error> {
        let message = received.message;
        if message.is_in_conversation() {
            return Ok(None);
        }
        let is_choosing = |_: &CaseRow, case: &Case| {
            case.post.is_some() && case.place.is_none() && !case.near.is_empty() && case.status.is_open()
        };
        let lookup = CaseLookup::Thread(message.thread());
        let found = rows::find(self.ctx.store.as_ref(), &message.channel, lookup, is_choosing).await?;
        Ok(found.map(|(_, case)| {
            let reply = self.ctx.responder.no_card(true);
            Self::reply(received, &Body::of(&reply), "card".into(), Some(case.id))
        }))
    }

    /// The case that a message is about: the latest of its thread whose card shows a topic. In a conversation with the
    /// bot alone it is the latest that is open, else the latest, of the last day.
    pub(super) async fn card_here(
        &self,
        received: &ReceivedMessage<'_>,
    ) -> Result<Option<(CaseRow, Case)>, store::Error> {
        let (store, message) = (self.ctx.store.as_ref(), received.message);
        let has_card = |_: &CaseRow, case: &Case| {
            case.post.is_some() && case.place.is_some() && case.status != CaseStatus::Withdrawn
        };
        if message.is_in_conversation() {
            let Some(author) = message.author() else {
                return Ok(None);
            };
            let since = self.since(REMINDED);
            let lookup = CaseLookup::Author { author, since };
            let is_open = |row: &CaseRow, case: &Case| has_card(row, case) && case.status.is_open();
            let open = rows::find(store, &message.channel, lookup, is_open).await?;
            return match open {
                Some(open) => Ok(Some(open)),
                None => rows::find(store, &message.channel, lookup, has_card).await,
            };
        }
        let found = rows::find(store, &message.channel, CaseLookup::Thread(message.thread()), has_card).await?;
        if found.is_some() || !message.direct {
            return Ok(found);
        }
        // A thread below a message of the conversation: its answer stands beside it.
        let root = format!("{}:{}:{}", message.team, message.channel, message.thread());
        let Some(id) = store.answer(&root).await?.and_then(|answered| answered.case) else {
            return Ok(None);
        };
        let row = store.case(&id).await?;
        let found = row.and_then(|row| rows::read(&row).map(|case| (row, case)));
        Ok(found.filter(|(row, case)| has_card(row, case)))
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
