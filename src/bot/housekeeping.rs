//! Periodic checks: old rows, old cache entries, stray connections, the store, the inbox.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::context::Context;
use crate::bot::inbox::intake::Intake;
use crate::bot::inbox::missed;
use crate::clock::Clock;
use crate::slack::socket::Sockets;
use crate::slack::stray_connections::StrayVerdict;

/// Interval between rounds of checks.
const LOOK: Duration = Duration::from_secs(1);
/// Interval between purges.
const PURGE: Duration = Duration::from_hours(1);
/// Rounds between checks of the store: a file that was taken away is noticed within seconds.
const CHECK: u32 = 2;
/// Rounds between counts of the inbox, between checks for missed messages, and between removals from the caches.
const COUNT: u32 = 5;
/// Rounds until erased payloads are removed from the write-ahead log even though more come in all the time.
const SCRUB: u32 = 5;
/// Interval at which the log says again that messages were set aside.
const ALARM: SignedDuration = SignedDuration::from_hours(1);

/// Runs the periodic checks.
pub(super) struct Housekeeping {
    pub(super) ctx: Arc<Context>,
    pub(super) intake: Arc<Intake>,
    /// The connections of Socket Mode; `None` in HTTP mode.
    pub(super) sockets: Option<Arc<Sockets>>,
}

impl Housekeeping {
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut looks: u32 = 0;
        let mut alarmed: Option<(Timestamp, u64)> = None;
        loop {
            self.look_for_stray_connections();
            if looks.is_multiple_of(CHECK) {
                self.check().await;
            }
            if looks.is_multiple_of(COUNT) {
                self.count(&mut alarmed).await;
                self.gauge().await;
                self.look_at_replicas().await;
                self.ctx.people.expire().await;
                self.ctx.reading.expire().await;
                if missed::tell(self.ctx.store.as_ref(), &self.ctx.responder, self.ctx.slack_time.now()).await {
                    self.ctx.outbox.notify_one();
                }
            }
            looks = looks.wrapping_add(1);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Scrubs erased payloads, in parallel with the checks: on a large database that takes minutes. What was not scrubbed at
    /// the end is scrubbed after the next start.
    pub(super) async fn scrub_on(self: Arc<Self>, stop: CancellationToken) {
        let scrubs = async {
            let mut looks: u32 = 0;
            loop {
                self.scrub(looks).await;
                looks = looks.wrapping_add(1);
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            never = scrubs => never,
        }
    }

    /// Removes old rows every hour, in parallel with everything else, for there may be hundreds of thousands. Rows that
    /// were not removed before the end are removed after the next start.
    pub(super) async fn purge_hourly(self: Arc<Self>, stop: CancellationToken) {
        let purges = async {
            loop {
                self.purge().await;
                tokio::time::sleep(PURGE).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            never = purges => never,
        }
    }

    fn look_for_stray_connections(&self) {
        let verdict = self.intake.stray_connections.lock().tick(self.ctx.clock.now());
        if let (StrayVerdict::Ask, Some(sockets)) = (verdict, &self.sockets) {
            info!("other connections to Slack were open; checking again");
            sockets.renew_one();
        }
    }

    async fn check(&self) {
        match self.ctx.store.check(self.ctx.clock.now()).await {
            Ok(()) => self.ctx.status.store_works(),
            Err(cause) => {
                if self.ctx.status.store_failed(&cause) {
                    error!(%cause, "the store cannot be written");
                }
            }
        }
    }

    /// Seconds since a time; 0 without one.
    fn age(&self, since: Option<Timestamp>) -> f64 {
        since.map_or(0.0, |since| {
            self.ctx.clock.now().duration_since(since).as_secs_f64().max(0.0)
        })
    }

    /// Updates the gauges that nothing else sets.
    async fn gauge(&self) {
        let status = self.ctx.status.get();
        let sockets = self.sockets.as_ref();
        let configured = sockets.map_or(0, |_| self.ctx.rules.settings.slack.connections);
        metrics::gauge!("signpost_slack_connections").set(status.sockets as f64);
        metrics::gauge!("signpost_slack_connections_configured").set(f64::from(configured));
        metrics::gauge!("signpost_runbooks").set(status.runbooks as f64);
        metrics::gauge!("signpost_runbook_errors").set(status.errors as f64);
        match self.ctx.store.outbox().await {
            Ok(counts) => {
                metrics::gauge!("signpost_outbox_waiting").set(counts.waiting as f64);
                metrics::gauge!("signpost_outbox_oldest_seconds").set(self.age(counts.oldest));
            }
            Err(cause) => error!(%cause, "the outbox cannot be counted"),
        }
    }

    /// Counts the waiting rows and those set aside, and logs an alarm about the latter: at once, then every hour.
    async fn count(&self, alarmed: &mut Option<(Timestamp, u64)>) {
        let counts = match self.ctx.store.inbox().await {
            Ok(counts) => counts,
            Err(cause) => {
                error!(%cause, "the inbox cannot be counted");
                return;
            }
        };
        metrics::gauge!("signpost_inbox_waiting").set(counts.waiting as f64);
        metrics::gauge!("signpost_inbox_set_aside").set(counts.set_aside as f64);
        metrics::gauge!("signpost_inbox_oldest_seconds").set(self.age(counts.oldest));
        self.ctx.status.change(|status| {
            status.waiting = counts.waiting;
            status.set_aside = counts.set_aside;
        });
        let now = self.ctx.clock.now();
        let known =
            alarmed.is_some_and(|(at, count)| counts.set_aside <= count && now.duration_since(at).abs() < ALARM);
        if counts.set_aside > 0 && !known {
            let remedy = match counts.retriable {
                0 => "none can be retried",
                all if all == counts.set_aside => "`signpost inbox retry` retries them",
                _ => "`signpost inbox retry` retries some of them",
            };
            error!(
                count = counts.set_aside,
                retriable = counts.retriable,
                "messages were set aside without an answer: `signpost inbox` lists them, {remedy}; their payloads are \
                 erased after a day"
            );
            *alarmed = Some((now, counts.set_aside));
        }
        if counts.set_aside == 0 {
            *alarmed = None;
        }
    }

    /// Shows this replica's leases, where several replicas share the store.
    async fn look_at_replicas(&self) {
        match self.ctx.store.replica().await {
            Ok(replica) => {
                if let Some(replica) = &replica {
                    metrics::gauge!("signpost_leases").set(replica.leases as f64);
                    metrics::gauge!("signpost_replicas").set(replica.replicas as f64);
                }
                self.ctx.status.set_replica(replica);
            }
            Err(cause) => error!(%cause, "the leases of this replica cannot be counted"),
        }
    }

    /// Removes erased payloads from the write-ahead log: at once when no more rows wait, else every few seconds.
    async fn scrub(&self, looks: u32) {
        if !self.ctx.store.wants_scrub() || (self.ctx.status.get().waiting > 0 && !looks.is_multiple_of(SCRUB)) {
            return;
        }
        if let Err(cause) = self.ctx.store.scrub().await {
            error!(%cause, "erased payloads cannot be removed from the write-ahead log; retrying");
        }
    }

    async fn purge(&self) {
        match self
            .ctx
            .store
            .purge(self.ctx.clock.now(), self.ctx.rules.retention())
            .await
        {
            Ok(purged) if purged.unhandled > 0 => {
                metrics::counter!("signpost_inbox_set_aside_total", "reason" => "too_old").increment(purged.unhandled);
                warn!(
                    count = purged.unhandled,
                    "giving up on messages that could not be handled for a day"
                );
            }
            Ok(_) => {}
            Err(cause) => error!(%cause, "old rows cannot be removed; retrying in an hour"),
        }
    }
}
