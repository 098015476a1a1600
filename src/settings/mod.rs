//! Settings: the built-in `config/default.toml` ← `default.toml` and `local.toml` of the config folder ← environment.
//!
//! One section a file. Everything is checked here once, so that the rest of the program meets only values that make
//! sense. Secrets come from the environment or from files and live in `secrecy` types.

mod answers;
mod error;
pub mod jobs;
mod kinds;
mod layers;
mod links;
mod log;
mod net;
mod runbooks;
mod secrets;
mod slack;
mod store;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

pub use answers::{Answers, Channel, Matching};
pub use error::Error;
pub use links::Link;
pub use log::{Format, Log};
pub use net::{Http, Net};
pub use runbooks::Runbooks;
pub use slack::{Mode, Slack};
pub use store::Store;

/// The built-in defaults: every key, commented.
pub const DEFAULT: &str = include_str!("../../config/default.toml");

/// Every setting, checked.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    /// How to reach Slack.
    pub slack: Slack,
    /// Where the runbooks are.
    pub runbooks: Runbooks,
    /// When the bot is sure enough.
    pub matching: Matching,
    /// What answers look like.
    pub answers: Answers,
    /// Channels that differ.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// Links that captured values fill in.
    #[serde(default)]
    pub links: Vec<Link>,
    /// Where state is kept.
    pub store: Store,
    /// Where health and metrics are served.
    pub http: Http,
    /// How to reach the network.
    pub net: Net,
    /// What is logged and how.
    pub log: Log,
    /// The Jenkins servers and the jobs that people may run: `jobs.toml`.
    #[serde(skip)]
    pub jobs: jobs::Jobs,
}

impl Settings {
    /// What is set for a channel, when it differs.
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    /// From which confidence the bot answers unasked in a channel.
    pub fn threshold(&self, channel: &str) -> f32 {
        let own = self.channel(channel).and_then(|channel| channel.threshold);
        own.unwrap_or(self.matching.threshold)
    }

    /// How long the same error again in a channel gets a pointer to its answer; zero for never.
    pub fn repeat(&self, channel: &str) -> Duration {
        let own = self.channel(channel).and_then(|channel| channel.repeat_minutes);
        Duration::from_secs(u64::from(own.unwrap_or(self.answers.repeat_minutes)) * 60)
    }
}

/// Reads the settings of a config folder (without one: of `./config`, when it is there) and of the process's environment.
///
/// # Errors
///
/// The first thing that is wrong: where it stands, what it is and what to do.
pub fn load(config_dir: Option<&Path>) -> Result<Settings, Error> {
    load_from(config_dir, std::env::vars().collect())
}

/// Like [`load`], with the environment handed in.
///
/// # Errors
///
/// As for [`load`].
pub fn load_from(config_dir: Option<&Path>, environment: HashMap<String, String>) -> Result<Settings, Error> {
    let jobs = jobs::load_from(config_dir, &environment)?;
    let layers = layers::Layers::read(config_dir, environment)?;
    let mut settings: Settings = layers.deserialize()?;
    settings.jobs = jobs;
    settings.slack.check(&layers)?;
    settings.slack.take_secrets(&layers)?;
    settings.runbooks.check(&layers)?;
    settings.matching.check(&layers)?;
    settings.answers.check(&layers)?;
    answers::check_channels(&settings.channels, &layers)?;
    links::check(&settings.links, &layers)?;
    settings.store.check(&layers)?;
    settings.http.check(&layers)?;
    settings.log.check(&layers)?;
    Ok(settings)
}

/// Reads where state is kept, as [`load`] does, without the secrets: who only looks into the store needs none.
///
/// # Errors
///
/// As for [`load`].
pub fn load_store(config_dir: Option<&Path>) -> Result<Store, Error> {
    let layers = layers::Layers::read(config_dir, std::env::vars().collect())?;
    let settings: Settings = layers.deserialize()?;
    settings.store.check(&layers)?;
    Ok(settings.store)
}

/// The built-in settings, without any file or environment: for the local workspace and for tests, which change what they
/// need.
///
/// # Errors
///
/// Only when the built-in file itself were wrong.
pub fn built_in() -> Result<Settings, Error> {
    layers::Layers::built_in()?.deserialize()
}
