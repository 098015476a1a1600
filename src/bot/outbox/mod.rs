//! The outbox: posts go to Slack in the order of their threads, never the same one twice, as fast as Slack allows.

mod attempt;
mod circuit_breaker;
mod log_throttle;
mod outcome;
mod panics;
pub(crate) mod worker;
