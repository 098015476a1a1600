//! One step of a run: Jenkins is asked for its state, which is saved and shown.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;

use super::Runner;
use super::follow::Next;
use super::run::{End, Run, Stage};
use super::show::FollowState;
use crate::jenkins::{Client, Error, Found, QueueItem};
use crate::jobs::Job;
use crate::redact::redact;
use crate::respond::Trouble;
use crate::store::{self, Changes, RunRow};

/// Failed look-ups in a row before people are told.
const FAILURES: u32 = 2;
/// Longest time between two look-ups of a build.
pub(super) const SLOWEST: Duration = Duration::from_secs(30);
/// Look-ups in a row without a known build before it counts as gone.
pub(super) const GONE: u32 = 2;

/// A run with the data needed to ask Jenkins about it.
pub(super) struct Asking<'a> {
    pub(super) job: &'a Job,
    pub(super) client: &'a Client,
    pub(super) row: &'a RunRow,
}

impl Runner {
    /// Takes the next step of a run.
    pub(super) async fn advance(
        &self,
        row: &RunRow,
        mut run: Run,
        live: &mut FollowState,
    ) -> Result<Next, store::Error> {
        let now = self.ctx.clock.now();
        if let Stage::Approval { until } = run.stage {
            if now < until {
                let left = until.duration_since(now);
                return Ok(Next::Wait(left.try_into().unwrap_or(Duration::from_secs(1))));
            }
            run.end(End::Expired, now);
            let done = Changes {
                posts: self.notice(&run, Some(until)).await?.into_iter().collect(),
                audit: vec![self.entry(&run, "expired", None, &[])],
                ..Changes::default()
            };
            self.save_with(row, &run, live, done).await?;
            return Ok(Next::Again);
        }
        let Some((job, client)) = self.job(&run).and_then(|job| Some((job, self.client(job)?))) else {
            return self.unregistered(row, run, live).await;
        };
        let asking = Asking { job, client, row };
        match run.stage.clone() {
            Stage::Approval { .. } | Stage::Over { .. } => Ok(Next::Over),
            Stage::Ready { .. } => self.start(&asking, run, live).await,
            Stage::Triggering => self.look_up(&asking, run, live).await,
            Stage::Queued { queue_id, .. } => self.queued(&asking, run, queue_id, live).await,
            Stage::Running { number, .. } => self.running(&asking, run, number, live).await,
            Stage::Reading {
                number,
                result,
                seconds,
            } => self.complete(&asking, run, number, &result, seconds, live).await,
        }
    }

    /// Saves the outcome of a step, with one entry in the audit.
    pub(super) async fn written(
        &self,
        row: &RunRow,
        run: &Run,
        live: &mut FollowState,
        what: &str,
    ) -> Result<Next, store::Error> {
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

    /// Ends a run whose job was taken out of the registry.
    async fn unregistered(&self, row: &RunRow, mut run: Run, live: &mut FollowState) -> Result<Next, store::Error> {
        let now = self.ctx.clock.now();
        run.trouble = Some(Trouble {
            class: "unregistered".to_owned(),
            words: "the job is not registered any more".to_owned(),
            about: None,
        });
        let (end, what) = if run.takes_place() {
            (End::Unknown, "unknown")
        } else {
            (End::Refused, "refused")
        };
        run.end(end, now);
        self.written(row, &run, live, what).await
    }

    /// Ends a run that takes longer than it may be followed. Called only when the run is known to go on, or nothing is
    /// known: it may have ended while the bot was away.
    pub(super) async fn gave_up(
        &self,
        asking: &Asking<'_>,
        run: &Run,
        live: &mut FollowState,
    ) -> Result<Option<Next>, store::Error> {
        let now = self.ctx.clock.now();
        let limit = SignedDuration::from_mins(i64::from(asking.job.time_limit_minutes));
        let is_followed = matches!(run.stage, Stage::Queued { .. } | Stage::Running { .. });
        if !is_followed || run.triggered_at.is_none_or(|at| now.duration_since(at) <= limit) {
            return Ok(None);
        }
        let mut run = run.clone();
        run.end(End::GaveUp, now);
        self.written(asking.row, &run, live, "gave-up").await.map(Some)
    }

    // --- in the queue ---------------------------------------------------------------------------------------------

    async fn queued(
        &self,
        asking: &Asking<'_>,
        mut run: Run,
        queue_id: u64,
        live: &mut FollowState,
    ) -> Result<Next, store::Error> {
        if run.cancel.is_some() && !run.cancel_sent {
            return self.cancel_in_queue(asking, run, queue_id, live).await;
        }
        let now = self.ctx.clock.now();
        match asking.client.queue_item(&asking.job.path, queue_id).await {
            Ok(QueueItem::Waiting { why: said }) => {
                if let Some(next) = self.gave_up(asking, &run, live).await? {
                    return Ok(next);
                }
                // Without the countdown, which differs at every look-up.
                let said = said.as_deref().and_then(|said| said.split(". Expires in").next());
                let said = said.and_then(|said| Some(self.masks(asking.job, &run)?.mask(said)));
                let Stage::Queued { why, missing_since, .. } = &mut run.stage else {
                    return Ok(Next::Again);
                };
                let is_new = *why != said || missing_since.is_some() || run.trouble.is_some();
                *why = said;
                *missing_since = None;
                answered(&mut run, live);
                if is_new {
                    // The reason is for people to read; it is not audited.
                    self.save(asking.row, &run, live, Vec::new()).await?;
                }
                Ok(Next::Wait(self.pace.queue))
            }
            Ok(QueueItem::Starting) => Ok(Next::Wait(self.pace.queue)),
            Ok(QueueItem::Started { number }) => self.started(asking, run, number, live).await,
            Ok(QueueItem::Cancelled) => {
                run.trouble = None;
                run.end(End::Cancelled, now);
                self.written(asking.row, &run, live, "cancelled").await
            }
            Ok(QueueItem::Gone) => self.missing(asking, run, queue_id, live).await,
            Err(error) => self.unanswered(asking, run, live, &error).await,
        }
    }

    async fn cancel_in_queue(
        &self,
        asking: &Asking<'_>,
        mut run: Run,
        queue_id: u64,
        live: &mut FollowState,
    ) -> Result<Next, store::Error> {
        let now = self.ctx.clock.now();
        if run.joined {
            // The request is somebody else's: it goes on without this run.
            run.end(End::Cancelled, now);
            return self.written(asking.row, &run, live, "left").await;
        }
        match asking.client.cancel(queue_id).await {
            Ok(()) => {
                run.cancel_sent = true;
                self.written(asking.row, &run, live, "cancel-sent").await
            }
            // The request left the queue just now: the build is stopped.
            Err(Error::NotFound) => match asking.client.queue_item(&asking.job.path, queue_id).await {
                Ok(QueueItem::Started { number }) => self.started(asking, run, number, live).await,
                Ok(QueueItem::Cancelled) => {
                    run.end(End::Cancelled, now);
                    self.written(asking.row, &run, live, "cancelled").await
                }
                Ok(QueueItem::Gone) => self.missing(asking, run, queue_id, live).await,
                _ => Ok(Next::Wait(self.pace.queue)),
            },
            Err(error) => self.not_cancelled(asking, run, live, &error).await,
        }
    }

    /// Handles a failed cancel: people are told, and may try again.
    pub(super) async fn not_cancelled(
        &self,
        asking: &Asking<'_>,
        mut run: Run,
        live: &mut FollowState,
        error: &Error,
    ) -> Result<Next, store::Error> {
        if error.is_passing() && live.failures < 5 {
            live.failures += 1;
            return Ok(Next::Wait(self.pace.queue));
        }
        run.cancel = None;
        run.trouble = Some(trouble(error, "not-cancelled"));
        self.written(asking.row, &run, live, "not-cancelled").await
    }

    async fn started(
        &self,
        asking: &Asking<'_>,
        mut run: Run,
        number: u64,
        live: &mut FollowState,
    ) -> Result<Next, store::Error> {
        let now = self.ctx.clock.now();
        answered(&mut run, live);
        run.number = Some(number);
        run.cancel_sent = false;
        run.go(Stage::running(number), now);
        self.written(asking.row, &run, live, "started").await
    }

    /// Handles a run that left the queue while Jenkins does not say where to.
    async fn missing(
        &self,
        asking: &Asking<'_>,
        mut run: Run,
        queue_id: u64,
        live: &mut FollowState,
    ) -> Result<Next, store::Error> {
        let now = self.ctx.clock.now();
        match asking.client.find_build_by_queue_id(&asking.job.path, queue_id).await {
            Ok(Some(number)) => return self.started(asking, run, number, live).await,
            Ok(None) => {}
            Err(Error::NotFound) if live.failures >= GONE => {
                run.end(End::Gone, now);
                return self.written(asking.row, &run, live, "gone").await;
            }
            Err(error) => return self.unanswered(asking, run, live, &error).await,
        }
        let Stage::Queued { missing_since, .. } = &mut run.stage else {
            return Ok(Next::Again);
        };
        let Some(since) = *missing_since else {
            *missing_since = Some(now);
            self.save(asking.row, &run, live, Vec::new()).await?;
            return Ok(Next::Wait(self.pace.queue));
        };
        let vanished = SignedDuration::try_from(self.pace.vanished).unwrap_or(SignedDuration::MAX);
        if now.duration_since(since) < vanished {
            return Ok(Next::Wait(self.pace.queue));
        }
        // After a restart of Jenkins it may have another number in the queue.
        match self.looked_up(asking, &run).await {
            Ok(Found::Waiting { queue_id: other, ours }) if other != queue_id => {
                run.joined = !ours;
                run.queue_id = Some(other);
                run.go(Stage::queued(other), now);
                self.written(asking.row, &run, live, "queued").await
            }
            Ok(Found::Build { number, queue_id }) => {
                run.queue_id = queue_id;
                self.started(asking, run, number, live).await
            }
            Err(error) if error.is_passing() => self.unanswered(asking, run, live, &error).await,
            // Jenkins accepted the cancel, and has dropped the request since.
            Ok(Found::Nothing) if run.cancel_sent => {
                run.trouble = None;
                run.end(End::Cancelled, now);
                self.written(asking.row, &run, live, "cancelled").await
            }
            _ => {
                run.trouble = Some(Trouble {
                    class: "vanished".to_owned(),
                    words: "the request is not in Jenkins' queue any more, and there is no build of it".to_owned(),
                    about: None,
                });
                run.end(End::Unknown, now);
                self.written(asking.row, &run, live, "unknown").await
            }
        }
    }

    // --- answers that are none ------------------------------------------------------------------------------------

    /// Handles a failed look-up of a run: people are told when failures go on, and Jenkins is asked again.
    pub(super) async fn unanswered(
        &self,
        asking: &Asking<'_>,
        mut run: Run,
        live: &mut FollowState,
        error: &Error,
    ) -> Result<Next, store::Error> {
        if let Some(next) = self.gave_up(asking, &run, live).await? {
            return Ok(next);
        }
        live.failures = live.failures.saturating_add(1);
        let told = trouble(error, error.class());
        if live.failures >= FAILURES && run.trouble.as_ref() != Some(&told) {
            run.trouble = Some(told);
            self.save(asking.row, &run, live, Vec::new()).await?;
        }
        let wait = self.pace.build * live.failures.min(6);
        Ok(Next::Wait(wait.min(SLOWEST.max(self.pace.build))))
    }
}

/// Clears the trouble of a run once Jenkins answers again.
pub(super) fn answered(run: &mut Run, live: &mut FollowState) {
    live.failures = 0;
    run.trouble = None;
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
