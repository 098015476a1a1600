//! Options of a local Jenkins.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};

/// Behaviour of the local Jenkins. The defaults are Jenkins' own, with builds at a pace that people can follow.
#[derive(Debug, Clone)]
pub struct Options {
    /// Clock for timestamps, durations and the retention of items that have left the queue.
    pub clock: Arc<dyn Clock>,
    /// Time that an item waits in the queue before it may start, unless the request sets `delay`.
    pub quiet_period: Duration,
    /// Duration of a build.
    pub build_time: Duration,
    /// Maximum number of concurrent builds.
    pub executors: usize,
    /// Time that an item is still available after it has left the queue.
    pub left_life: Duration,
    /// When true, builds make no progress by themselves: only requests to `/sandbox/jenkins/` advance them.
    pub is_held: bool,
    /// When true, `progressiveText` contains console notes, as in recent versions.
    pub sends_notes: bool,
    /// Time limit of [`super::Jenkins::wait_for`].
    pub wait_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            quiet_period: Duration::from_secs(5),
            build_time: Duration::from_secs(12),
            executors: 2,
            left_life: Duration::from_mins(5),
            is_held: false,
            sends_notes: false,
            wait_limit: Duration::from_secs(10),
        }
    }
}

impl Options {
    /// Returns options for tests: no quiet period, short builds.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            quiet_period: Duration::ZERO,
            build_time: Duration::from_millis(30),
            ..Self::default()
        }
    }
}
