//! The buttons below a shadow answer: a verdict on what would have been answered.

use super::InteractionHandler;
use super::update::TRIES;
use crate::bot::shadow;
use crate::slack::decode::Actions;
use crate::store::{self, Changes, Judged, ShadowRow, ShadowVerdict};

impl InteractionHandler {
    /// Records a verdict, which anybody of the organisation may change later.
    pub(super) async fn judge(
        &self,
        actions: &Actions,
        message: &str,
        verdict: ShadowVerdict,
    ) -> Result<(), store::Error> {
        let interaction = &actions.context;
        let channel = interaction.channel.as_deref().unwrap_or_default();
        // Whatever the settings allow in a shared channel: the verdicts are those of the owners.
        if interaction.external {
            return self.tell(actions, &self.ctx.responder.shadow_refused()).await;
        }
        for _ in 0..TRIES {
            let Some(row) = self.ctx.store.shadow_answer(message).await? else {
                return self.too_old(actions).await;
            };
            if row.judged.as_ref().is_some_and(|judged| judged.verdict == verdict) {
                return Ok(());
            }
            let mark = self.actor(interaction).await;
            let judged = Judged {
                verdict,
                by: mark.by,
                name: mark.name,
                at: mark.at,
            };
            let row = ShadowRow {
                judged: Some(judged),
                ..row
            };
            let shown = self.ctx.shadow_note(&row).await;
            let done = Changes {
                posts: shadow::update(&row, channel, &shown).into_iter().collect(),
                shadow: vec![row],
                ..Changes::default()
            };
            if self.commit(&done, &interaction.who.id).await? {
                return Ok(());
            }
        }
        self.not_done(actions).await
    }
}
