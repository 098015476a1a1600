//! Escalations to a team: the submitted window, and the button that acknowledges.

use serde_json::{Value, json};
use tracing::warn;

use super::InteractionHandler;
use super::update::{CaseChange, Updated};
use crate::bot::cases::{Case, rows};
use crate::bot::escalations::submit::RefusedCall;
use crate::bot::escalations::window::{self, CallChoices, CallWindow};
use crate::bot::modals;
use crate::respond::Reply;
use crate::slack::decode::{Actions, View, ViewAnswer};
use crate::slack::sender::Body;
use crate::slack::web::{Error, OpenedView, Which};
use crate::store::{self, Changes};

/// Most runs that a summary names.
const RUNS: usize = 10;

/// The outcome of a submitted window.
enum Called {
    /// The team, by key, is called.
    Now(String),
    /// A repeated submission: the window has called already.
    Before,
    /// The reason why nobody is called, and the field that it is shown at.
    Refused(Option<&'static str>, Reply),
}

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
                return Ok(CaseChange::Leave(Called::Refused(None, responder.who_refused())));
            }
            // One window calls once, however often Slack sends it.
            if case.escalations.iter().any(|one| one.id == answer.id()) {
                return Ok(CaseChange::Leave(Called::Before));
            }
            let mark = self.actor(interaction).await;
            let call = match self.ctx.call(&case, chosen, (answer.id(), summary), &mark).await {
                Ok(call) => call,
                Err(refused) => return Ok(self.refused_call(case, *refused, version)),
            };
            let done = self.ctx.escalate_case(&mut case, &call, version);
            Ok(CaseChange::Save(Box::new((case, done)), Called::Now(call.team.key)))
        });
        let (block, why) = match called.await? {
            Updated::Done(Called::Now(team)) => {
                metrics::counter!("signpost_escalations_total", "team" => team).increment(1);
                return Ok(None);
            }
            Updated::Done(Called::Before) => return Ok(None),
            Updated::Done(Called::Refused(block, why)) => (block, why),
            Updated::Gone => (None, responder.too_old(Some(self.ctx.rules.retention_days()))),
            Updated::Busy => (None, responder.failed(None)),
        };
        // What was written stays in the window.
        let block = window::block_of(&answer.view, block.unwrap_or(modals::SUMMARY_BLOCK));
        let errors = json!({block: Body::of(&why).text});
        Ok(Some(json!({"response_action": "errors", "errors": errors})))
    }

    /// Updates the other fields after a team was chosen in the window, at once with what is known already. The hash
    /// keeps a late answer from replacing a later choice.
    pub(super) async fn changed_in_window(&self, actions: &Actions, view: &View) -> Result<(), store::Error> {
        if !actions
            .actions
            .iter()
            .any(|action| window::is_field(&action.block_id, window::TEAM))
        {
            return Ok(());
        }
        let row = self.ctx.store.case(&view.private_metadata).await?;
        let Some(case) = row.as_ref().and_then(rows::read) else {
            return Ok(());
        };
        if case.external || self.ctx.rules.is_external(&actions.context, &case.channel) {
            return Ok(());
        }
        let Some(window) = window::for_team(&self.ctx, &case, view) else {
            return Ok(());
        };
        if let Some(shown) = self.replaced(&window, &view.id, view.hash.as_deref()).await {
            self.complete(window, shown).await;
        }
        Ok(())
    }

    /// Asks who is on call, and shows it in the window that is open already.
    pub(super) async fn complete(&self, mut window: CallWindow, shown: OpenedView) {
        if window.ask(&self.ctx).await {
            let hash = Some(shown.hash.as_str()).filter(|hash| !hash.is_empty());
            self.replaced(&window, &shown.id, hash).await;
        }
    }

    /// Replaces a window; `None` when that failed. One that was closed or changed in the meantime stays as it is.
    async fn replaced(&self, window: &CallWindow, id: &str, hash: Option<&str>) -> Option<OpenedView> {
        let view = window.view(&self.ctx);
        match self.ctx.sender.update_view(Which::Id(id), hash, view).await {
            Ok(shown) => Some(shown),
            Err(Error::Gone { .. }) => None,
            Err(error) => {
                warn!(%error, "the Escalate window could not be updated");
                None
            }
        }
    }

    /// The trace of a refused call: the case is no longer shown to another organisation as before, and the audit knows.
    fn refused_call(&self, mut case: Case, refused: RefusedCall, version: i64) -> CaseChange<Called> {
        let outcome = Called::Refused(refused.block, refused.reply);
        if !refused.external && refused.audit.is_none() {
            return CaseChange::Leave(outcome);
        }
        let mut done = Changes {
            audit: refused.audit.into_iter().collect(),
            ..Changes::default()
        };
        if refused.external {
            case.external = true;
            let shown = self.ctx.card(&self.ctx.knowledge.get(), &case);
            done.posts.extend(rows::update(&case, version, &shown));
        }
        CaseChange::Save(Box::new((case, done)), outcome)
    }

    /// Somebody takes care of an escalation.
    pub(super) async fn acknowledge(&self, actions: &Actions, id: &str, escalation: &str) -> Result<(), store::Error> {
        let interaction = &actions.context;
        let acknowledged = self.update(id, interaction, |mut case, version| async move {
            let channel = interaction.channel.as_deref().unwrap_or(&case.channel);
            // A case that another organisation came to read is still taken care of, by our own people.
            if self.ctx.rules.is_external(interaction, channel) {
                return Ok(CaseChange::Leave(()));
            }
            let mark = self.actor(interaction).await;
            Ok(
                match self.ctx.acknowledge(&mut case, (escalation, ""), &mark, version) {
                    Some(done) => CaseChange::Save(Box::new((case, done)), ()),
                    None => CaseChange::Leave(()),
                },
            )
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
