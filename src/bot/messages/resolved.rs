//! Alerts that are over.

use super::{MessageHandler, ReceivedMessage};
use crate::bot::cases::{Actor, CaseStatus};
use crate::matching::Match;
use crate::store::{self, Changes};

impl MessageHandler {
    /// Handles an alert that is over: its answer is marked so. Nothing new is posted.
    pub(super) async fn resolved(&self, received: &ReceivedMessage<'_>) -> Result<Changes, store::Error> {
        let Some(alert) = &received.message.alert else {
            return Ok(Changes::default());
        };
        let open = self.open_cases(&received.message.channel, alert).await?;
        let mark = Actor {
            by: String::new(),
            name: String::new(),
            at: self.ctx.clock.now(),
        };
        let known = self.ctx.knowledge.get();
        // The end of one cluster's alert is not the end of another's.
        let outcome = self.recognise(&known, &received.message.channel, &received.text, true);
        // A notice that it is over is never answered, so it is among the near misses.
        let threshold = self.ctx.rules.threshold(&received.message.channel);
        let is_sure =
            |best: &&Match| best.confidence >= threshold && !super::is_of_parameters(self.ctx.registry(), best);
        let best = outcome.best().filter(is_sure);
        let message = received.message;
        let shadow = self.shadow_resolved(message, alert, best, &mark).await?;
        let open = open
            .into_iter()
            .filter(|(_, case)| best.is_none_or(|best| case.other_values(best).is_empty()));
        let mut done = Changes {
            shadow,
            ..Changes::default()
        };
        for (row, before) in open {
            let mut case = before.clone();
            case.set_status(CaseStatus::Resolved(mark.clone()));
            let one = self.changed(&known, &row, &before, &case);
            done.posts.extend(one.posts);
            done.cases.extend(one.cases);
        }
        Ok(done)
    }
}
