//! One step of a run: Jenkins is asked for its state, which is saved and shown.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Runner;
use super::follow::Next;
use super::run::{End, Run, Stage};
use super::show::FollowState;
use crate::jenkins::{Client, Error};
use crate::jobs::Job;
use crate::redact::redact;
use crate::respond::Trouble;
use crate::store::{self, AuditEntry, RunRow};

/// Failed look-ups in a row before people are told.
const FAILURES: u32 = 2;
/// Longest time between two look-ups of a build.
pub(super) const SLOWEST: Duration = Duration::from_secs(30);
/// Look-ups in a row without a known build before it counts as gone.
pub(super) const GONE: u32 = 2;

/// The outcome of a step.
pub(super) type Stepped = Result<Next, store::Error>;

/// A run as it was read, with the data needed to ask Jenkins about it.
pub(super) struct RunStep<'a> {
    pub(super) runner: &'a Runner,
    pub(super) job: &'a Job,
    pub(super) client: &'a Client,
    pub(super) row: &'a RunRow,
    pub(super) run: Run,
    pub(super) live: &'a mut FollowState,
}

impl Runner {
    /// Takes the next step of a run.
    pub(super) async fn advance(&self, row: &RunRow, run: Run, live: &mut FollowState) -> Stepped {
        if let Stage::Approval { until } = run.stage {
            return self.wait_for_approval(row, run, live, until).await;
        }
        let Some((job, client)) = self.job(&run).and_then(|job| Some((job, self.client(job)?))) else {
            return self.unregistered(row, run, live).await;
        };
        let stage = run.stage.clone();
        let step = RunStep {
            runner: self,
            job,
            client,
            row,
            run,
            live,
        };
        match stage {
            Stage::Approval { .. } | Stage::Over { .. } => Ok(Next::Over),
            Stage::Ready { .. } => step.start().await,
            Stage::Triggering => step.look_up().await,
            Stage::Queued { queue_id, .. } => step.poll_queue(queue_id).await,
            Stage::Running { number, .. } => step.poll_build(number).await,
            Stage::Reading {
                number,
                result,
                seconds,
            } => step.read_results(number, &result, seconds).await,
        }
    }

    /// Ends a run whose job was taken out of the registry.
    async fn unregistered(&self, row: &RunRow, mut run: Run, live: &mut FollowState) -> Stepped {
        run.trouble = Some(Trouble::new("unregistered", "the job is no longer registered"));
        let (end, what) = if run.takes_place() {
            (End::Unknown, "unknown")
        } else {
            (End::Refused, "refused")
        };
        run.end(end, self.ctx.clock.now());
        self.save_as(row, &run, live, what).await
    }

    /// Saves the outcome of a step, with one entry in the audit.
    async fn save_as(&self, row: &RunRow, run: &Run, live: &mut FollowState, what: &str) -> Stepped {
        let mut detail = Vec::new();
        if let Some(number) = run.number {
            detail.push(("build", json!(number)));
        }
        if let Stage::Queued { queue_id, .. } = run.stage {
            detail.push(("queue_id", json!(queue_id)));
        }
        if let Some(trouble) = &run.trouble {
            detail.extend(Self::told(trouble));
        }
        if let Stage::Over { end } = &run.stage
            && let End::Invalid { faults } = &**end
        {
            detail.push(("faults", json!(faults)));
        }
        let audit = vec![self.entry(run, what, None, &detail)];
        self.save(row, run, live, audit).await?;
        Ok(Next::Again)
    }
}

impl RunStep<'_> {
    pub(super) fn now(&self) -> Timestamp {
        self.runner.ctx.clock.now()
    }

    /// Saves the run. Returns false when it changed since it was read.
    pub(super) async fn save(&mut self, audit: Vec<AuditEntry>) -> Result<bool, store::Error> {
        self.runner.save(self.row, &self.run, self.live, audit).await
    }

    /// Saves the outcome of the step, with one entry in the audit.
    pub(super) async fn save_as(&mut self, what: &str) -> Stepped {
        self.runner.save_as(self.row, &self.run, self.live, what).await
    }

    /// Ends the run, and saves it with one entry in the audit.
    pub(super) async fn end_run(&mut self, end: End, what: &str) -> Stepped {
        self.run.end(end, self.now());
        self.save_as(what).await
    }

    /// Ends the run for a reason that people are told.
    pub(super) async fn fail_run(&mut self, trouble: Trouble, end: End, what: &str) -> Stepped {
        self.run.trouble = Some(trouble);
        self.end_run(end, what).await
    }

    /// Clears the trouble once Jenkins answers again.
    pub(super) fn clear_trouble(&mut self) {
        self.live.failures = 0;
        self.run.trouble = None;
    }

    /// Ends a run that takes longer than it may be followed. Called only when the run is known to go on, or nothing is
    /// known: it may have ended while the bot was away.
    pub(super) async fn give_up_if_overdue(&mut self) -> Result<Option<Next>, store::Error> {
        let now = self.now();
        let limit = SignedDuration::from_mins(i64::from(self.job.time_limit_minutes));
        let is_followed = matches!(self.run.stage, Stage::Queued { .. } | Stage::Running { .. });
        if !is_followed || self.run.triggered_at.is_none_or(|at| now.duration_since(at) <= limit) {
            return Ok(None);
        }
        self.end_run(End::GaveUp, "gave-up").await.map(Some)
    }

    /// Handles a failed look-up of a run: people are told when failures go on, and Jenkins is asked again.
    pub(super) async fn retry_later(mut self, error: &Error) -> Stepped {
        if let Some(next) = self.give_up_if_overdue().await? {
            return Ok(next);
        }
        self.live.failures = self.live.failures.saturating_add(1);
        let told = trouble(error, error.class());
        if self.live.failures >= FAILURES && self.run.trouble.as_ref() != Some(&told) {
            self.run.trouble = Some(told);
            self.save(Vec::new()).await?;
        }
        let wait = self.runner.pace.build * self.live.failures.min(6);
        Ok(Next::Wait(wait.min(SLOWEST.max(self.runner.pace.build))))
    }

    /// Handles a failed cancel: people are told, and may try again.
    pub(super) async fn not_cancelled(mut self, error: &Error) -> Stepped {
        if error.is_passing() && self.live.failures < 5 {
            self.live.failures += 1;
            return Ok(Next::Wait(self.runner.pace.queue));
        }
        self.run.cancel = None;
        self.run.trouble = Some(trouble(error, "not-cancelled"));
        self.save_as("not-cancelled").await
    }
}

/// An error of Jenkins as it is saved and shown.
pub(super) fn trouble(error: &Error, class: &str) -> Trouble {
    Trouble {
        class: class.to_owned(),
        words: redact(&error.to_string()).into_owned(),
        about: match error {
            Error::NotJenkins { host } | Error::Elsewhere { host } => Some(host.clone()),
            Error::NoPermission { permission } => Some(permission.clone()),
            Error::Odd { status } | Error::Server { status } => Some(status.to_string()),
            _ => None,
        },
    }
}
