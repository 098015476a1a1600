//! Shortcuts: on a message, and everywhere.

use serde_json::json;
use tracing::{debug, warn};

use super::InteractionHandler;
use crate::bot::cases::Case;
use crate::bot::cases::rows::{key_of, post, row};
use crate::bot::modals;
use crate::bot::questions::{Answer, QuestionHandler};
use crate::slack::decode::Shortcut;
use crate::store::{self, Answered, Changes};

impl InteractionHandler {
    pub(super) async fn shortcut(&self, shortcut: &Shortcut) -> Result<(), store::Error> {
        match shortcut.callback_id.as_str() {
            modals::PASTE => {
                self.open_paste(&shortcut.context).await;
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
        let interaction = &shortcut.context;
        let responder = &self.ctx.responder;
        let Some(message) = &shortcut.message else {
            return self.whisper(interaction, None, &responder.shortcut_nothing()).await;
        };
        let id = message.id();
        let thread = message.answer_thread();
        // What the bot itself said is an answer.
        let answered = self
            .ctx
            .store
            .answer(&id)
            .await?
            .filter(|answered| answered.post.is_some());
        if answered.is_some() || self.ctx.rules.own(message) {
            debug!(message = id, "a message was answered before");
            return self.whisper(interaction, thread, &responder.shortcut_answered()).await;
        }
        let (files, channel_info) = tokio::join!(
            self.ctx.reading.files(message),
            self.ctx.reading.channel_info(&message.channel)
        );
        let text = self.ctx.reading.text(message, &files);
        let mut question = self.question(interaction, id.clone(), String::new());
        question.case.external |= channel_info.has_externals;
        question.case.channel.clone_from(&message.channel);
        question.case.thread_ts.clone_from(&thread);
        question.case.post = Some(key_of(&id));
        question.case.author = message.author().map(str::to_owned);
        question.case.pastes.clear();
        question.case.paste(&id, &crate::redact::redact(&text));
        let known = self.ctx.knowledge.get();
        let outcome = known
            .index
            .search(&text)
            .confident(self.ctx.rules.threshold(&message.channel));
        let Some(case) = QuestionHandler::found(&known.library, question.case, &outcome) else {
            return self.whisper(interaction, thread, &responder.shortcut_nothing()).await;
        };
        if !channel_info.is_member || case.place.is_none() {
            // Where the bot cannot post, and what is no more than a guess, only who asked sees.
            let private = Case {
                id: format!("private:{}", interaction.id),
                post: None,
                ..case
            };
            let (shown, _) = self.private(interaction, Answer::Case(Box::new(private))).await?;
            let mut how = json!({"response_type": "ephemeral"});
            if let Some(thread) = thread {
                how["thread_ts"] = json!(thread);
            }
            self.respond(interaction, &how, &shown).await;
            return Ok(());
        }
        let now = self.ctx.clock.now();
        let shown = self.ctx.card(&known, &case);
        let done = Changes {
            posts: post(&key_of(&id), &message.channel, thread, &shown)
                .into_iter()
                .collect(),
            answered: vec![Answered {
                message: id.clone(),
                kind: case.answer_kind(),
                post: Some(key_of(&id)),
                case: Some(id),
            }],
            cases: row(&case, 0, now).into_iter().collect(),
            ..Changes::default()
        };
        self.commit(&done, &interaction.who.id).await?;
        Ok(())
    }
}
