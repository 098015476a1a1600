//! Signpost recognises pasted errors in a team's own runbooks and answers in the thread.
//!
//! ```text
//! Slack frame ─► inbox::intake ─► inbox (durable) ─► inbox::worker ─► outbox (durable) ─► outbox::worker ─► Slack
//!                      │ ack only after the row is stored    │
//! runbook files ─► parse ─► topics + signatures ─► index ────┘ (swapped whole on reload)
//! ```
//!
//! Start at [`runbook`] (documents become topics), go on to [`matching`] (a message finds its topic), [`respond`] (the
//! topic becomes a reply) and [`bot`] (events become answers). The core modules are pure; [`slack`], [`jenkins`],
//! [`store`], [`files`], [`git`] and [`wiki`] are adapters that know nothing of each other. The core is a crate of its own, `signpost_core`, so
//! that a quick build can optimise it alone; so is the local workspace, `signpost_sandbox`, which judges the bot and
//! shares no code with it.

pub mod addresses;
pub mod bot;
pub mod cli;
pub mod clock;
pub mod command;
pub mod fetched;
pub mod files;
pub mod git;
pub mod http;
pub mod jenkins;
pub mod jobs;
pub mod malloc;
pub mod net;
pub mod oncall;
pub mod policy;
pub mod respond;
pub mod settings;
pub mod slack;
pub mod store;
pub mod telemetry;
pub mod traces;
pub mod wiki;

pub use signpost_core::{expression, matching, redact, runbook, schedule};
#[cfg(feature = "sandbox")]
pub use signpost_sandbox as sandbox;
