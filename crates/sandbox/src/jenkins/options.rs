//! What a local Jenkins can be told at its start.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};

/// How the local Jenkins behaves. The defaults are Jenkins', with builds that people like to watch.
#[derive(Debug, Clone)]
pub struct Options {
    /// Tells the time for timestamps, durations and how long left items are remembered.
    pub clock: Arc<dyn Clock>,
    /// How long an item waits in the queue before it may start, unless `delay` says another time.
    pub quiet_period: Duration,
    /// How long a build takes.
    pub build_time: Duration,
    /// How many builds run at once.
    pub executors: usize,
    /// How long an item that has left the queue can still be asked for.
    pub left_life: Duration,
    /// Builds make no step by themselves: only what `/sandbox/jenkins/` is told moves them.
    pub is_held: bool,
    /// `progressiveText` holds console notes, as in recent versions.
    pub sends_notes: bool,
    /// How long [`super::Jenkins::wait_for`] waits.
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
    /// For tests: nothing waits longer than it must.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            quiet_period: Duration::ZERO,
            build_time: Duration::from_millis(30),
            ..Self::default()
        }
    }
}
