//! The deviation of this machine's clock from Slack's: shown by `/ready` and the metrics, and logged when it matters.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::context::Context;
use super::last_success::Dependency;

/// Deviation in seconds that is worth a person's attention. Slack's signatures are valid for 300 s.
pub(super) const MATTERS: u64 = 30;
/// Shortest time between log lines.
const SAID: Duration = Duration::from_hours(1);
/// Time since Slack's last answer after which it is asked.
const STALE: Duration = Duration::from_mins(10);
/// Interval at which this machine's clock is compared with its expected time.
const LOOK: Duration = Duration::from_secs(5);
/// Shortest time between calls to Slack because of a clock that moved.
const AGAIN: Duration = Duration::from_mins(1);

/// Watches the deviation of the clock.
#[derive(Debug)]
pub(super) struct SkewMonitor {
    pub(super) ctx: Arc<Context>,
}

impl SkewMonitor {
    /// Watches the deviation until told to stop.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut measured = self.ctx.web.time().watch();
        let mut said: Option<Instant> = None;
        let mut asked: Option<Instant> = None;
        loop {
            let skew = measured.borrow_and_update().map(|skew| skew.seconds);
            self.ctx.status.change(|status| status.skew_seconds = skew);
            if let Some(seconds) = skew {
                // Each answer of Slack's is a measurement.
                self.ctx.status.succeeded(Dependency::Slack);
                metrics::gauge!("signpost_clock_skew_seconds").set(seconds as f64);
                if seconds.unsigned_abs() >= MATTERS && said.is_none_or(|at| at.elapsed() >= SAID) {
                    warn!(seconds, "{}", sentence(seconds));
                    said = Some(Instant::now());
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Ok(()) = measured.changed() => {}
                () = self.measure(&mut asked) => {}
            }
        }
    }

    /// Waits until a measurement is due, and calls Slack for one. After the machine has slept that has to be soon: in
    /// HTTP mode every request would be refused as too new.
    async fn measure(&self, asked: &mut Option<Instant>) {
        let begun = Instant::now();
        loop {
            tokio::time::sleep(LOOK).await;
            let may_ask = asked.is_none_or(|at| at.elapsed() >= AGAIN);
            let has_drifted = self.ctx.web.time().has_drifted(Duration::from_secs(MATTERS));
            if begun.elapsed() >= STALE || may_ask && has_drifted {
                break;
            }
        }
        *asked = Some(Instant::now());
        // The response is a measurement; success does not matter here.
        let _ = self.ctx.web.auth_test().await;
    }
}

/// A sentence about a deviation, for people.
pub(super) fn sentence(seconds: i64) -> String {
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    let by = seconds.unsigned_abs();
    format!("this machine's clock is {by} s {side} Slack's; correct it, or enable NTP")
}
