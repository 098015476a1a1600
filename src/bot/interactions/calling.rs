//! Escalations to a team: the submitted window, and the button that acknowledges.

use serde_json::{Value, json};

use super::InteractionHandler;
use super::update::{CaseChange, Updated};
use crate::bot::cases::rows;
use crate::bot::escalations::window::CallChoices;
use crate::bot::modals;
use crate::slack::decode::{Actions, ViewAnswer};
use crate::slack::sender::Body;
use crate::store;

/// Most runs that a summary names.
const RUNS: usize = 10;

impl InteractionHandler {
    /// The window is submitted: the team is called, once, and the case remembers who called.
    pub(super) async fn called(&self, answer: &ViewAnswer) -> Result<Option<Value>, store::Error> {
        let interaction = &answer.context;
        let id = answer.view.private_metadata.as_str();
        let summary = &modals::summary(&answer.view);
        let chosen = &CallChoices::read(&answer.view);
        let responder = &self.ctx.responder;
        let called = self.update(id, interaction, |mut case, version| async move {
            if case.external || self.ctx.rules.is_external(interaction, &case.channel) {
                return Ok(CaseChange::Leave(Some((None, responder.who_refused()))));
            }
            // One window calls once, however often Slack sends it.
            if case.escalations.iter().any(|one| one.id == answer.id()) {
                return Ok(CaseChange::Leave(None));
            }
            let mark = self.mark(interaction).await;
            let call = match self.ctx.call(&case, chosen, (answer.id(), summary), &mark).await {
                Ok(call) => call,
                Err(refused) => return Ok(CaseChange::Leave(Some(*refused))),
            };
            if call.team.routing.channel.is_none() && case.post.is_none() {
                let channel_info = self.ctx.reading.channel_info(&case.channel).await;
                if !channel_info.is_member {
                    return Ok(CaseChange::Leave(Some((None, responder.not_member()))));
                }
            }
            let thread = rows::thread_of(self.ctx.store.as_ref(), &case).await?;
            let done = self.ctx.escalate_case(&mut case, &call, version, thread);
            metrics::counter!("signpost_escalations_total", "team" => call.team.key.clone()).increment(1);
            Ok(CaseChange::Save(Box::new((case, done)), None))
        });
        let refused = match called.await? {
            Updated::Done(refused) => refused,
            Updated::Gone => Some((None, responder.too_old(Some(self.ctx.rules.retention_days())))),
            Updated::Busy => Some((None, responder.failed(None))),
        };
        // What was written stays in the window.
        Ok(refused.map(|(block, why)| {
            let block = block.unwrap_or(modals::SUMMARY_BLOCK);
            json!({"response_action": "errors", "errors": {block: Body::of(&why).text}})
        }))
    }

    /// Somebody takes care of an escalation.
    pub(super) async fn acknowledge(&self, actions: &Actions, id: &str, escalation: &str) -> Result<(), store::Error> {
        let interaction = &actions.context;
        let acknowledged = self.update(id, interaction, |mut case, version| async move {
            let channel = interaction.channel.as_deref().unwrap_or(&case.channel);
            if case.external || self.ctx.rules.is_external(interaction, channel) {
                return Ok(CaseChange::Leave(()));
            }
            let mark = self.mark(interaction).await;
            Ok(match self.ctx.acknowledge(&mut case, escalation, &mark, version) {
                Some(done) => CaseChange::Save(Box::new((case, done)), ()),
                None => CaseChange::Leave(()),
            })
        });
        match acknowledged.await? {
            Updated::Done(()) => Ok(()),
            Updated::Gone => self.too_old(actions).await,
            Updated::Busy => self.not_done(actions).await,
        }
    }

    /// The outcome of each job that ran for a case: title and result.
    pub(super) async fn runs_of(&self, case: &str) -> Result<Vec<(String, String)>, store::Error> {
        let rows = self.ctx.store.runs_of_case(case).await?;
        let runs = rows.iter().filter_map(crate::bot::runs::Run::read);
        let told = runs.filter_map(|run| {
            let title = self
                .ctx
                .registry()
                .job(&run.job)
                .map_or(run.job.clone(), |job| job.shown().to_owned());
            Some((title, run.result()?))
        });
        Ok(told.take(RUNS).collect())
    }
}
