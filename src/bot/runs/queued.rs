//! A request in Jenkins' queue: why it waits, its build, its cancellation, and its disappearance.

use jiff::SignedDuration;

use super::follow::Next;
use super::run::{End, Stage};
use super::step::{GONE, RunStep, Stepped};
use crate::jenkins::{Error, Found, QueueItem};
use crate::respond::Trouble;

impl RunStep<'_> {
    /// Looks the request up, and shows why it waits.
    pub(super) async fn poll_queue(mut self, queue_id: u64) -> Stepped {
        if self.run.cancel.is_some() && !self.run.cancel_sent {
            return self.cancel_in_queue(queue_id).await;
        }
        match self.client.queue_item(&self.job.path, queue_id).await {
            Ok(QueueItem::Waiting { why: said }) => {
                if let Some(next) = self.give_up_if_overdue().await? {
                    return Ok(next);
                }
                // Without the countdown, which differs at every look-up.
                let said = said.as_deref().and_then(|said| said.split(". Expires in").next());
                let said = said.and_then(|said| Some(self.runner.masks(self.job, &self.run)?.mask(said)));
                let Stage::Queued { why, missing_since, .. } = &mut self.run.stage else {
                    return Ok(Next::Again);
                };
                let is_new = *why != said || missing_since.is_some() || self.run.trouble.is_some();
                *why = said;
                *missing_since = None;
                self.clear_trouble();
                if is_new {
                    // The reason is for people to read; it is not audited.
                    self.save(Vec::new()).await?;
                }
                Ok(Next::Wait(self.runner.pace.queue))
            }
            Ok(QueueItem::Starting) => Ok(Next::Wait(self.runner.pace.queue)),
            Ok(QueueItem::Started { number }) => self.started(number).await,
            Ok(QueueItem::Cancelled) => {
                self.run.trouble = None;
                self.end_run(End::Cancelled, "cancelled").await
            }
            Ok(QueueItem::Gone) => self.missing(queue_id).await,
            Err(error) => self.retry_later(&error).await,
        }
    }

    async fn cancel_in_queue(mut self, queue_id: u64) -> Stepped {
        if self.run.joined {
            // The request is somebody else's: it goes on without this run.
            return self.end_run(End::Cancelled, "left").await;
        }
        match self.client.cancel(queue_id).await {
            Ok(()) => {
                self.run.cancel_sent = true;
                self.save_as("cancel-sent").await
            }
            // The request left the queue just now: the build is stopped.
            Err(Error::NotFound) => match self.client.queue_item(&self.job.path, queue_id).await {
                Ok(QueueItem::Started { number }) => self.started(number).await,
                Ok(QueueItem::Cancelled) => self.end_run(End::Cancelled, "cancelled").await,
                Ok(QueueItem::Gone) => self.missing(queue_id).await,
                _ => Ok(Next::Wait(self.runner.pace.queue)),
            },
            Err(error) => self.not_cancelled(&error).await,
        }
    }

    async fn started(mut self, number: u64) -> Stepped {
        let now = self.now();
        self.clear_trouble();
        self.run.number = Some(number);
        self.run.cancel_sent = false;
        self.run.go(Stage::running(number), now);
        self.save_as("started").await
    }

    /// Handles a run that left the queue while Jenkins does not say where to.
    async fn missing(mut self, queue_id: u64) -> Stepped {
        let now = self.now();
        match self.client.find_build_by_queue_id(&self.job.path, queue_id).await {
            Ok(Some(number)) => return self.started(number).await,
            Ok(None) => {}
            Err(Error::NotFound) if self.live.failures >= GONE => {
                return self.end_run(End::Gone, "gone").await;
            }
            Err(error) => return self.retry_later(&error).await,
        }
        let Stage::Queued { missing_since, .. } = &mut self.run.stage else {
            return Ok(Next::Again);
        };
        let Some(since) = *missing_since else {
            *missing_since = Some(now);
            self.save(Vec::new()).await?;
            return Ok(Next::Wait(self.runner.pace.queue));
        };
        let vanished = SignedDuration::try_from(self.runner.pace.vanished).unwrap_or(SignedDuration::MAX);
        if now.duration_since(since) < vanished {
            return Ok(Next::Wait(self.runner.pace.queue));
        }
        // After a restart of Jenkins it may have another number in the queue.
        match self.looked_up().await {
            Ok(Found::Waiting { queue_id: other, ours }) if other != queue_id => {
                self.run.joined = !ours;
                self.run.queue_id = Some(other);
                self.run.go(Stage::queued(other), now);
                self.save_as("queued").await
            }
            Ok(Found::Build { number, queue_id }) => {
                self.run.queue_id = queue_id;
                self.started(number).await
            }
            Err(error) if error.is_passing() => self.retry_later(&error).await,
            // Jenkins accepted the cancel, and has dropped the request since.
            Ok(Found::Nothing) if self.run.cancel_sent => {
                self.run.trouble = None;
                self.end_run(End::Cancelled, "cancelled").await
            }
            _ => {
                self.fail_run(
                    Trouble::new(
                        "vanished",
                        "the request is no longer in Jenkins' queue, and there is no build of it",
                    ),
                    End::Unknown,
                    "unknown",
                )
                .await
            }
        }
    }
}
