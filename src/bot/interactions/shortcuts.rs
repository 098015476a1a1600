//! Shortcuts: on a message, and everywhere.

use serde_json::json;
use tracing::{debug, warn};

use super::InteractionHandler;
use crate::bot::cases::Case;
use crate::bot::cases::rows::{key_of, post, row};
use crate::bot::mind::confident;
use crate::bot::modals;
use crate::bot::questions::{Answer, QuestionHandler};
use crate::slack::decode::Shortcut;
use crate::store::{self, Answered, Changes};

impl InteractionHandler {
    pub(super) async fn shortcut(&self, shortcut: &Shortcut) -> Result<(), store::Error> {
        match shortcut.callback_id.as_str() {
            modals::PASTE => {
                self.open_paste(&shortcut.whence).await;
                Ok(())
            }
            modals::FIND => self.find_runbook(shortcut).await,
            other => {
                warn!(slack.callback = other, "a shortcut that this version does not know");
                Ok(())
            }
        }
    }

    /// "Find the runbook" on a message: the answer goes into its thread, for everybody; nothing found is told only to who
    /// asked.
    async fn find_runbook(&self, shortcut: &Shortcut) -> Result<(), store::Error> {
        let whence = &shortcut.whence;
        let responder = self.context.mind.responder();
        let Some(message) = &shortcut.message else {
            return self.whisper(whence, None, &responder.shortcut_nothing()).await;
        };
        let id = message.id();
        let thread = message.answer_thread().to_owned();
        // What the bot itself said is an answer.
        let answered = self
            .context
            .store
            .answer(&id)
            .await?
            .filter(|answered| answered.post.is_some());
        if answered.is_some() || self.context.rules.own(message) {
            debug!(message = id, "a message was answered before");
            return self.whisper(whence, Some(thread), &responder.shortcut_answered()).await;
        }
        let (files, spot) = tokio::join!(
            self.context.reading.files(message),
            self.context.reading.spot(&message.channel)
        );
        let text = self.context.reading.text(message, &files);
        let mut question = self.question(whence, id.clone(), String::new());
        question.case.external |= spot.has_externals;
        question.case.channel.clone_from(&message.channel);
        question.case.thread_ts = Some(thread.clone());
        question.case.post = Some(key_of(&id));
        question.case.author = message.author().map(str::to_owned);
        question.case.pastes.clear();
        question.case.paste(&id, &crate::redact::redact(&text));
        let known = self.context.mind.knowledge();
        let outcome = confident(
            known.index.search(&text),
            self.context.rules.threshold(&message.channel),
        );
        let Some(Answer::Case { case, about }) = QuestionHandler::found(&known.library, question.case, &outcome) else {
            return self.whisper(whence, Some(thread), &responder.shortcut_nothing()).await;
        };
        if !spot.is_member || case.place.is_none() {
            // Where the bot cannot post, and what is no more than a guess, only who asked sees.
            let private = Case {
                id: format!("private:{}", whence.id),
                post: None,
                ..*case
            };
            let (shown, _) = self
                .private(
                    whence,
                    Answer::Case {
                        case: Box::new(private),
                        about,
                    },
                )
                .await?;
            self.respond(whence, &json!({"response_type": "ephemeral"}), &shown)
                .await;
            return Ok(());
        }
        let now = self.context.clock.now();
        let shown = self.context.mind.show(&known, &case);
        let done = Changes {
            posts: post(&key_of(&id), &message.channel, Some(thread), &shown)
                .into_iter()
                .collect(),
            answered: vec![Answered {
                message: id.clone(),
                about,
                post: Some(key_of(&id)),
                case: Some(id),
            }],
            cases: row(&case, 0, now).into_iter().collect(),
            ..Changes::default()
        };
        self.context.store.commit(&done, Some(&whence.who.id), now).await?;
        self.context.outbox.notify_one();
        Ok(())
    }
}
