//! Runs that wait for approval: one reminder for those who may approve, and the end of the wait.

use jiff::{SignedDuration, Timestamp};

use super::Runner;
use super::follow::Next;
use super::run::{End, Run};
use super::show::{FollowState, approvers, spoken_moment};
use super::step::Stepped;
use crate::bot::escalations::with_mention;
use crate::jobs::Job;
use crate::slack::sender::Body;
use crate::store::{self, Changes, NewPost, RunRow};

/// Part of the time for an approval that is left at the reminder.
const LEFT: i32 = 5;
/// Shortest time before the end at which a reminder is of use.
const SHORTEST: SignedDuration = SignedDuration::from_secs(90);

impl Runner {
    /// Takes the next step of a run that waits for approval until a time: waits, reminds once, or ends it.
    pub(super) async fn wait_for_approval(
        &self,
        row: &RunRow,
        mut run: Run,
        live: &mut FollowState,
        until: Timestamp,
    ) -> Stepped {
        let now = self.ctx.clock.now();
        if now >= until {
            run.end(End::Expired, now);
            let done = Changes {
                posts: self.notice(&run, Some(until)).await?.into_iter().collect(),
                audit: vec![self.entry(&run, "expired", None, &[])],
                ..Changes::default()
            };
            self.save_with(row, &run, live, done).await?;
            return Ok(Next::Again);
        }
        let mut wake_at = until;
        if let Some(remind_at) = self.job(&run).and_then(|job| reminder(job, until)) {
            if now < remind_at {
                wake_at = remind_at;
            } else if let Some(reminder) = self.reminder(&run, until).await? {
                // Its key is the run's: further looks, also after a restart, add nothing.
                self.ctx.store.enqueue(&[reminder], now).await?;
                self.ctx.outbox.notify_one();
            }
        }
        let left = wake_at.duration_since(now);
        Ok(Next::Wait(left.try_into().unwrap_or(std::time::Duration::from_secs(1))))
    }

    /// The reply in the thread that asks for the approval once more; `None` where nobody would see it.
    async fn reminder(&self, run: &Run, until: Timestamp) -> Result<Option<NewPost>, store::Error> {
        let (Some(job), false) = (self.job(run), run.silent) else {
            return Ok(None);
        };
        let until = spoken_moment(until);
        let said = self.ctx.responder.run_reminder(job.shown(), &run.by.name, &until);
        let body = with_mention(Body::of(&said), &approvers(job, run));
        let key = format!("remind:{}", run.id);
        self.reply(run, &key, &body).await
    }
}

/// The time of the reminder: when a fifth of the time for the approval is left. `None` when that is too late to help.
fn reminder(job: &Job, until: Timestamp) -> Option<Timestamp> {
    let left = SignedDuration::from_mins(i64::from(job.approval_minutes)) / LEFT;
    (left >= SHORTEST).then(|| until.saturating_sub(left).unwrap_or(until))
}
