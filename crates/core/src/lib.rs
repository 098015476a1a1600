//! The core of Signpost: documents become runbooks, and a message finds its runbook. Text in, data out: no I/O, no
//! clock, no settings of a deployment.
//!
//! A crate of its own, so that it is optimised where the rest of a build for newcomers is not, and compiles beside it.

pub mod expression;
pub mod matching;
pub mod redact;
pub mod runbook;
pub mod schedule;
