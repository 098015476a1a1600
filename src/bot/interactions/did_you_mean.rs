//! The button below "Did you mean …?": the command is run as if it had been written so.

use super::InteractionHandler;
use super::update::{CaseChange, Updated};
use crate::bot::cases::rows::update;
use crate::bot::cases::{Case, CaseRequest, CaseStatus};
use crate::bot::questions::jobs::FormRequest;
use crate::bot::questions::{Answer, Question};
use crate::slack::decode::Actions;
use crate::slack::sender::Body;
use crate::store::{self, Changes};

/// The effect of the button.
enum Meant {
    /// The answer is in the case's message.
    Answered,
    /// The answer, for the person who alone sees the message.
    Private(Body),
    /// The form of a job is to be opened. The question stays: the form may be closed again.
    Form(Box<FormRequest>),
}

impl InteractionHandler {
    /// Runs the command that was meant. Its answer takes the place of the question.
    pub(super) async fn run(&self, actions: &Actions, id: &str, text: &str) -> Result<(), store::Error> {
        let interaction = &actions.context;
        let answered = self.update(id, interaction, |case, version| async move {
            // Somebody else was faster.
            if !matches!(case.request, CaseRequest::Typo(_)) {
                return Ok(CaseChange::Leave(Meant::Answered));
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
            let done = Case {
                request: CaseRequest::Answered,
                ..case
            };
            let mut more = Changes::default();
            let (after, shown) = match self.questions.answer(asked).await? {
                Answer::Case(case) => {
                    let shown = self.ctx.card(&self.ctx.knowledge.get(), &case);
                    (*case, shown)
                }
                Answer::Plain { reply, .. } => (done, Body::of(&reply)),
                Answer::Run {
                    done: changes, reply, ..
                }
                | Answer::Joined { done: changes, reply } => {
                    more = *changes;
                    (done, Body::of(&reply))
                }
                Answer::Form(form) => return Ok(CaseChange::Leave(Meant::Form(form))),
            };
            more.posts.splice(..0, update(&after, version, &shown));
            let outcome = match after.post {
                Some(_) => Meant::Answered,
                None => Meant::Private(shown),
            };
            Ok(CaseChange::Save(Box::new((after, more)), outcome))
        });
        match answered.await? {
            Updated::Done(Meant::Answered) => Ok(()),
            Updated::Done(Meant::Private(shown)) => {
                self.show_again(actions, &shown).await;
                Ok(())
            }
            Updated::Done(Meant::Form(form)) => self.open_form(interaction, actions.thread_ts.clone(), *form).await,
            Updated::Gone => self.too_old(actions).await,
            Updated::Busy => self.not_done(actions).await,
        }
    }
}
