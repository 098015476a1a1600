//! The button below "Did you mean …?": the command is run as if it had been written so.

use super::{InteractionHandler, TRIES};
use crate::bot::cases::rows::{self, update};
use crate::bot::cases::{Case, CaseRequest, CaseStatus};
use crate::bot::questions::{Answer, Question};
use crate::slack::decode::Actions;
use crate::slack::sender::Body;
use crate::store::{self, Changes};

impl InteractionHandler {
    /// Runs the command that was meant. Its answer takes the place of the question.
    pub(super) async fn run(&self, actions: &Actions, id: &str, text: &str) -> Result<(), store::Error> {
        let interaction = &actions.context;
        for _ in 0..TRIES {
            let Some((row, case)) = self.ctx.store.case(id).await?.and_then(|row| {
                let case = rows::read(&row)?;
                Some((row, case))
            }) else {
                let days = Some(self.ctx.rules.retention_days());
                return self.tell(actions, &self.ctx.responder.too_old(days)).await;
            };
            // Somebody else was faster.
            if !matches!(case.request, CaseRequest::Typo(_)) {
                return Ok(());
            }
            let asked = Question {
                text: text.to_owned(),
                images: false,
                user: interaction.who.id.clone(),
                direct: interaction.is_direct(),
                shared: false,
                can_open: true,
                case: Case {
                    request: CaseRequest::default(),
                    status: CaseStatus::Open,
                    external: case.external || self.ctx.rules.is_external(interaction, &case.channel),
                    ..case.clone()
                },
            };
            let ended = |reply| {
                let done = Case {
                    request: CaseRequest::Answered,
                    ..case.clone()
                };
                (done, Body::of(reply))
            };
            let mut more = Changes::default();
            let (after, shown): (Case, Body) = match self.questions.answer(asked).await? {
                Answer::Case(case) => {
                    let shown = self.ctx.card(&self.ctx.knowledge.get(), &case);
                    (*case, shown)
                }
                Answer::Plain { reply, .. } => ended(&reply),
                Answer::Run { done, reply, .. } | Answer::Joined { done, reply } => {
                    more = *done;
                    ended(&reply)
                }
                // The question stays: the form may be closed again.
                Answer::Form(wish) => return self.open_form(interaction, actions.thread_ts.clone(), *wish).await,
            };
            let posts: Vec<_> = update(&after, row.version, &shown).into_iter().collect();
            if self.save_with(&row, &after, interaction, &posts, more).await? {
                if after.post.is_none() {
                    self.show_again(actions, &shown).await;
                }
                return Ok(());
            }
        }
        self.not_done(actions).await
    }
}
