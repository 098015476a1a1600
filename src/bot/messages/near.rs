//! Errors that a runbook comes near: marked with a reaction, and answered when a person clicks on it.

use std::time::Duration;

use tracing::{debug, info, warn};

use super::{MessageHandler, ReceivedMessage, bounded};
use crate::bot::Knowledge;
use crate::bot::cases::Case;
use crate::bot::cases::rows::{self, key_of};
use crate::bot::questions::{Answer, QuestionHandler};
use crate::matching::Silence;
use crate::policy;
use crate::slack::decode::Reaction;
use crate::slack::web::Error;
use crate::store::{self, Action, AnswerKind, CaseLookup, CaseRow, Changes, NewPost};

/// Share of a channel's threshold from which a runbook comes near.
const NEAR: f32 = 0.5;
/// Maximum tries of a look-up for a click.
const TRIES: u32 = 4;
/// Longest wait before the next try: the messages of the channel wait behind it.
const LONGEST: Duration = Duration::from_secs(30);

impl MessageHandler {
    /// Marks a message that no runbook matches for certain, when one comes near.
    pub(super) async fn marked_near(
        &self,
        received: &ReceivedMessage<'_>,
        known: &Knowledge,
    ) -> Result<Changes, store::Error> {
        let message = received.message;
        let rules = &self.ctx.rules;
        let Some(name) = rules.near_reaction(&message.channel) else {
            return Ok(Changes::default());
        };
        let is_silent = received.shadow || rules.by_bot(message);
        if is_silent || !self.comes_near(known, &message.channel, &received.text) {
            return Ok(Changes::default());
        }
        // An edit of a message whose answer is there: a link to another one, for instance.
        if self.ctx.store.answer(&received.id).await?.is_some() {
            return Ok(Changes::default());
        }
        // Below an answer people talk about it.
        let lookup = CaseLookup::Thread(message.thread());
        let is_answer = |_: &CaseRow, case: &Case| case.post.is_some();
        let answer = rows::find(self.ctx.store.as_ref(), &message.channel, lookup, is_answer).await?;
        if answer.is_some() {
            return Ok(Changes::default());
        }
        let mark = NewPost {
            key: mark_of(&received.id),
            channel: message.channel.clone(),
            thread_ts: Some(message.thread().to_owned()),
            action: Action::React {
                ts: message.ts.clone(),
                name: name.to_owned(),
            },
            body: String::new(),
        };
        Ok(Changes {
            posts: vec![mark],
            ..Changes::default()
        })
    }

    /// Tells whether the best candidate only lacks confidence: what reads like a command, talk or another object does not
    /// come near, however many words it shares.
    fn comes_near(&self, known: &Knowledge, channel: &str, text: &str) -> bool {
        let least = self.ctx.rules.threshold(channel) * NEAR;
        let outcome = known.index.find(text).confident(self.ctx.rules.threshold(channel));
        let near = outcome.near.first();
        let Some(best) =
            near.filter(|best| best.confidence >= least && !super::is_of_parameters(self.ctx.registry(), best))
        else {
            return false;
        };
        let explained = known.index.explain(text, false);
        let mut accounts = explained.candidates.iter();
        let account = accounts.find(|account| account.topic == best.topic);
        account.is_some_and(|account| matches!(account.silence, None | Some(Silence::Unsure)))
    }

    /// Answers a marked message, as if its author had asked, once a person clicks on the mark.
    pub(crate) async fn clicked_near(&self, reaction: &Reaction) -> Result<Changes, store::Error> {
        let id = reaction.message();
        let store = &self.ctx.store;
        if store.answer(&id).await?.is_some() || !store.is_in_outbox(&mark_of(&id)).await? {
            return Ok(Changes::default());
        }
        let allowed = self.ctx.rules.is_shared_allowed(&reaction.channel);
        let asked = tokio::join!(
            tried(|| self.ctx.web.user_info(&reaction.user)),
            tried(|| self.ctx.web.message(&reaction.channel, &reaction.ts))
        );
        let (person, inner) = match asked {
            (Ok(person), Ok(Some(inner))) => (person, inner),
            (Err(error), _) | (_, Err(error)) => {
                warn!(%error, message = id, "a reaction is not answered");
                return Ok(Changes::default());
            }
            (_, Ok(None)) => {
                info!(message = id, "the message of a reaction no longer exists");
                return Ok(Changes::default());
            }
        };
        let team = Some(person.team.as_str()).filter(|team| !team.is_empty());
        let is_external = person.is_external || self.ctx.rules.us.is_external(team, person.enterprise.as_deref());
        if person.is_bot || policy::is_guarded(is_external, reaction.ext_shared, allowed) {
            debug!(message = id, "a reaction by a bot or an external user is ignored");
            return Ok(Changes::default());
        }
        let message = reaction.message_of(&inner, &self.ctx.rules.us);
        let files = self.ctx.reading.files(&message).await;
        let received = ReceivedMessage {
            key: key_of(&id),
            text: bounded(self.ctx.reading.text(&message, &files)),
            id,
            external: false,
            shadow: false,
            recorded: Vec::new(),
            message: &message,
        };
        let case = Case {
            asked: true,
            ..Self::new_case(&received)
        };
        // Never a command, whatever the message begins with: its author asked for nothing.
        let known = self.ctx.knowledge.get();
        let threshold = self.ctx.rules.threshold(&message.channel);
        let outcome = known.index.search(&received.text).confident(threshold);
        let said = match QuestionHandler::found(&known.library, case, &outcome) {
            Some(case) => Answer::Case(Box::new(case)),
            None => Answer::Plain {
                reply: self.ctx.responder.nothing_found(),
                kind: AnswerKind::Nothing,
            },
        };
        Ok(self.said(&received, said))
    }
}

/// Asks Slack, and again while the failure may pass.
async fn tried<T, F: Future<Output = Result<T, Error>>>(ask: impl Fn() -> F) -> Result<T, Error> {
    let mut wait = Duration::from_secs(1);
    for _ in 1..TRIES {
        match ask().await {
            Err(Error::RateLimited { after, .. }) => tokio::time::sleep(after.min(LONGEST)).await,
            Err(Error::Unreachable { .. } | Error::Uncertain { .. }) => {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            answer => return answer,
        }
    }
    ask().await
}

/// Key of the reaction to a message in the outbox.
fn mark_of(message: &str) -> String {
    format!("near:{message}")
}
