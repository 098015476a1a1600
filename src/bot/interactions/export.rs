//! "Export": the history of a case, as a Markdown file in its thread.

use tracing::warn;

use super::InteractionHandler;
use super::update::{CaseChange, Updated};
use crate::bot::cases::{Case, TopicRef, rows};
use crate::bot::handover::Handover;
use crate::bot::reading::ChannelFault;
use crate::redact::redact;
use crate::slack::decode::Actions;
use crate::slack::web::{Error, NewFile};
use crate::store::{self, Changes};

/// Most presses of Export that a case remembers.
const EXPORTS: usize = 20;

impl InteractionHandler {
    /// Uploads a case into its thread, or tells the person who pressed why not.
    pub(super) async fn export(&self, actions: &Actions, id: &str) -> Result<(), store::Error> {
        let Some(row) = self.ctx.store.case(id).await? else {
            return self.too_old(actions).await;
        };
        let known = self.ctx.knowledge.get();
        let runs = self.ctx.store.runs_of_case(id).await?;
        let registry = self.runner.registry();
        let case = rows::read(&row);
        let handover = Handover::of(&row, &runs, registry, Some(&known.library));
        let (Some(case), Some(handover)) = (case, handover) else {
            return self.too_old(actions).await;
        };
        let Some(thread) = rows::thread_of(self.ctx.store.as_ref(), &case).await? else {
            return self.too_old(actions).await;
        };
        if let Some(why) = self.not_exported(actions, &case).await {
            return self.tell(actions, &self.ctx.responder.export_refused(why)).await;
        }
        if !self.takes_export(actions, id).await? {
            return Ok(());
        }
        let text = redact(&handover.markdown()).into_owned();
        let title = case.subject().map(|place: &TopicRef| place.title(&known.library));
        let file = NewFile {
            name: &format!("case-{}.md", self.ctx.clock.now().strftime("%Y-%m-%d")),
            title: title.as_deref().unwrap_or("Case"),
            text: &text,
            channel: &case.channel,
            thread_ts: &thread,
        };
        if let Err(cause) = self.ctx.web.upload(&file).await {
            warn!(%cause, case = id, "a case could not be exported");
            let why = match cause {
                Error::Auth { code, .. } if code == "missing_scope" => "scope",
                _ => "",
            };
            return self.tell(actions, &self.ctx.responder.export_refused(why)).await;
        }
        let mark = self.actor(&actions.context).await;
        let mut entry = self.ctx.escalation_entry("exported", &case, "", Some(&mark), &[]);
        entry.detail.remove("team");
        let done = Changes {
            audit: vec![entry],
            ..Changes::default()
        };
        self.commit(&done, &actions.context.who.id).await.map(|_| ())
    }

    /// Notes in the case that a press uploads it; false when another delivery of the press has done so. Written down before
    /// the upload, which takes several calls: what is delivered again meanwhile uploads nothing.
    async fn takes_export(&self, actions: &Actions, id: &str) -> Result<bool, store::Error> {
        let interaction = &actions.context;
        let noted = self.update(id, interaction, |mut case, _| async move {
            Ok(if case.exports.contains(&interaction.id) {
                CaseChange::Leave(false)
            } else {
                case.exports.push(interaction.id.clone());
                let old = case.exports.len().saturating_sub(EXPORTS);
                case.exports.drain(..old);
                CaseChange::save(case, [], true)
            })
        });
        Ok(matches!(noted.await?, Updated::Done(true)))
    }

    /// The reason why a case may not be uploaded into its channel; without an answer of Slack's it may not.
    async fn not_exported(&self, actions: &Actions, case: &Case) -> Option<&'static str> {
        if case.external || self.ctx.rules.is_external(&actions.context, &case.channel) {
            return Some("external");
        }
        match self.ctx.reading.channel_info(&case.channel).await.fault()? {
            ChannelFault::Shared => Some("external"),
            ChannelFault::NotMember => Some("not-member"),
            ChannelFault::Unknown => Some(""),
        }
    }
}
