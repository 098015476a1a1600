//! The bot, from a frame of Slack to its answer.
//!
//! ```text
//! frame ─► inbox::intake ─┬─► inbox ─► inbox::worker ─► messages ─► questions ─┬─► cases ─► outbox ─► Slack
//!                         └─► interactions, modals ────────────────────────────┤
//!                                                                              └─► runs ─► Jenkins
//! ```
//!
//! All of them share one `Context`; `assembly` makes it and starts the tasks. `reload` swaps the knowledge when the
//! runbooks change, `home` keeps the Home tab, and `housekeeping` looks after the store and the connections.
//!
//! [`run`] is the whole bot. `signpost serve` calls it with settings from files and environment; the local workspace and
//! the tests call it with [`crate::settings::built_in`] and these changes:
//!
//! ```ignore
//! let mut settings = settings::built_in()?;
//! settings.slack.api_url = format!("http://{address}/api");
//! settings.slack.bot_token = Some(bot_token.into());
//! settings.slack.app_token = Some(app_token.into());
//! settings.store.path = folder.join("signpost.db");
//! settings.http.listen = String::new();
//! let parts = bot::Parts::default();
//! let status = Arc::clone(&parts.status);
//! tracker.spawn(bot::run(settings, parts, shutdown.clone()));
//! status.wait_ready().await; // sockets are connected, runbooks loaded, the store works
//! ```

mod admin;
mod assembly;
mod cache;
mod cases;
mod context;
mod doctor;
mod error;
mod escalations;
mod handover;
mod home;
mod home_visitors;
mod housekeeping;
mod inbound;
mod inbox;
mod interactions;
mod knowledge;
mod last_success;
mod messages;
mod modals;
mod on_call;
mod outbox;
mod own_channels;
mod people;
mod probe;
mod questions;
mod reading;
mod reload;
mod replicas;
mod responder;
mod rules;
mod runs;
mod shadow;
mod skew;
mod sources;
mod start;
mod status;
mod tasks;
mod trackers;
mod unknown_links;
mod waiting;

pub use assembly::{Parts, run};
pub use doctor::{DoctorCheck, examine, unwell};
pub use error::Error;
pub use handover::{Handover, HandoverEvent};
pub use knowledge::Knowledge;
pub use messages::{ChannelReplay, Replay, ReplayedAnswer};
pub use runs::JobTiming;
pub use sources::{FetchError, FetchedSource, GuardedFetch, SourceHealth, SourceReader, fetched_sources};
pub use status::{Snapshot, Status};
