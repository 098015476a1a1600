//! Modals: what was pasted into one, what is called for in another, and buttons in them.

use serde_json::{Value, json};

use super::InteractionHandler;
use super::update::{CaseChange, Updated};
use crate::bot::cases::rows::{self, post, row, update};
use crate::bot::modals;
use crate::bot::questions::QuestionHandler;
use crate::respond::{CardAction, Reply};
use crate::slack::decode::{Actions, Container, ViewAnswer};
use crate::slack::sender::Body;
use crate::slack::web::Which;
use crate::store::{self, Changes, NewPost};

impl InteractionHandler {
    /// Shows anew what only one person sees, where it stands: in a message or in a window.
    pub(super) async fn show_again(&self, actions: &Actions, shown: &Body) {
        let Some(view) = actions.view.as_ref().filter(|_| actions.container == Container::View) else {
            return self
                .respond(&actions.context, &json!({"replace_original": true}), shown)
                .await;
        };
        let window = modals::answer(self.ctx.responder.labels(), shown, true);
        if let Err(error) = self.ctx.sender.update_view(Which::Id(&view.id), None, window).await {
            tracing::warn!(%error, "a modal could not be updated after a click");
        }
    }

    /// An error was pasted into the window: the window shows what was found, and the channel that was chosen gets it.
    pub(super) async fn pasted(&self, answer: &ViewAnswer) -> Result<Option<Value>, store::Error> {
        let interaction = &answer.context;
        let text = modals::pasted_text(&answer.view);
        let responder = &self.ctx.responder;
        if text.trim().is_empty() {
            let errors = json!({modals::PASTE_BLOCK: responder.labels().fields.paste_missing});
            return Ok(Some(json!({"response_action": "errors", "errors": errors})));
        }
        let key = format!("window:{}", answer.id());
        let known = self.ctx.knowledge.get();
        let channel = modals::chosen_channel(&answer.view);
        let mut question = self.question(interaction, key.clone(), text.clone());
        if let Some(channel) = &channel {
            let channel_info = self.ctx.reading.channel_info(channel).await;
            if !channel_info.is_member {
                return Ok(Some(refused(modals::CHANNEL_BLOCK, &responder.not_member())));
            }
            question.case.external = channel_info.has_externals || self.ctx.rules.is_external(interaction, channel);
            question.case.channel.clone_from(channel);
            question.case.post = Some(format!("share:{key}"));
        }
        let threshold = self.ctx.rules.threshold(channel.as_deref().unwrap_or_default());
        let outcome = known.asked(&text, threshold);
        let Some(case) = QuestionHandler::found(&known.library, question.case, &outcome) else {
            let nothing = Body::of(&responder.nothing_found());
            let window = modals::answer(responder.labels(), &nothing, false);
            return Ok(Some(json!({"response_action": "update", "view": window})));
        };
        let now = self.ctx.clock.now();
        let posts: Vec<NewPost> = match &case.post {
            Some(key) => {
                let shown = self.shared(&case, &self.actor(interaction).await);
                post(key, &case.channel, None, &shown).into_iter().collect()
            }
            None => Vec::new(),
        };
        let done = Changes {
            posts,
            cases: row(&case, 0, now).into_iter().collect(),
            ..Changes::default()
        };
        self.commit(&done, &interaction.who.id).await?;
        // What stands in a channel is worked on there, by everybody.
        let shown = self.ctx.card(&known, &case);
        let window = modals::answer(responder.labels(), &shown, case.post.is_none());
        Ok(Some(json!({"response_action": "update", "view": window})))
    }

    /// The summary is posted, once, and the case remembers who called.
    pub(super) async fn escalated(&self, answer: &ViewAnswer) -> Result<Option<Value>, store::Error> {
        let interaction = &answer.context;
        let id = answer.view.private_metadata.as_str();
        let summary = &modals::summary(&answer.view);
        let responder = &self.ctx.responder;
        let escalated = self.update(id, interaction, |mut case, version| async move {
            if case.external || self.ctx.rules.is_external(interaction, &case.channel) {
                return Ok(CaseChange::Leave(Some(responder.who_refused())));
            }
            if case.post.is_none() {
                let channel_info = self.ctx.reading.channel_info(&case.channel).await;
                if !channel_info.is_member {
                    return Ok(CaseChange::Leave(Some(responder.not_member())));
                }
                case.external |= channel_info.has_externals;
            }
            let mark = self.actor(interaction).await;
            case.act(&CardAction::Escalated, &mark, "");
            let told = modals::escalated(&self.ctx, &case, &mark, summary);
            // One window posts once, however often Slack sends it.
            let key = format!("escalate:{id}:{}", answer.id());
            let shown = self.ctx.card(&self.ctx.knowledge.get(), &case);
            let thread = rows::reply_thread(self.ctx.store.as_ref(), &case).await?;
            let posts = post(&key, &case.channel, thread, &told).into_iter();
            let posts: Vec<NewPost> = posts.chain(update(&case, version, &shown)).collect();
            Ok(CaseChange::save(case, posts, None))
        });
        // In these cases what was written stays in the window.
        let why = match escalated.await? {
            Updated::Done(refused) => refused,
            Updated::Gone => Some(responder.too_old(Some(self.ctx.rules.retention_days()))),
            Updated::Busy => Some(responder.failed(None)),
        };
        Ok(why.map(|why| refused(modals::SUMMARY_BLOCK, &why)))
    }
}

/// The window stays open and says at a field why.
fn refused(block: &str, reply: &Reply) -> Value {
    json!({"response_action": "errors", "errors": {block: Body::of(reply).text}})
}
