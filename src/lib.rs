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
//! [`store`] and [`files`] are adapters that know nothing of each other. The local workspace, `signpost_sandbox`, is a crate of
//! its own: it judges the bot and shares no code with it.

pub mod bot;
pub mod cli;
pub mod clock;
pub mod command;
pub mod expression;
pub mod files;
pub mod http;
pub mod jenkins;
pub mod jobs;
pub mod malloc;
pub mod matching;
pub mod net;
pub mod policy;
pub mod redact;
pub mod respond;
pub mod runbook;
pub mod settings;
pub mod slack;
pub mod store;

#[cfg(feature = "sandbox")]
pub use signpost_sandbox as sandbox;
