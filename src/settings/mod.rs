//! Settings: the built-in `config/default.toml` ← `default.toml` and `local.toml` of the config folder ← environment.
//!
//! Each section has a file of its own. Everything is checked here once, so that the rest of the program gets valid
//! values only. Secrets come from the environment or from files and live in `secrecy` types.

mod admin;
mod answers;
mod error;
pub mod jobs;
mod kinds;
mod layers;
mod links;
mod log;
mod net;
pub mod oncall;
mod redact;
mod runbooks;
mod secrets;
mod slack;
mod sources;
mod store;
mod wikis;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

pub use admin::AdminSettings;
pub use answers::{AnswerMode, Answers, Channel, Matching};
pub use error::Error;
pub use links::LinkSettings;
pub use log::{Format, LogSettings};
pub use net::{Http, NetSettings};
pub use redact::RedactSettings;
pub use runbooks::Runbooks;
pub use slack::{Mode, Slack};
pub use sources::RunbookSource;
pub use store::{StoreSettings, database_url};

/// The built-in defaults: every key, commented.
pub const DEFAULT: &str = include_str!("../../config/default.toml");

/// Every setting, checked.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    /// Access to Slack.
    pub slack: Slack,
    /// Location of the runbooks.
    pub runbooks: Runbooks,
    /// Settings of the matching.
    pub matching: Matching,
    /// Settings of the answers.
    pub answers: Answers,
    /// Settings of the removal of secrets.
    pub redact: RedactSettings,
    /// Channels with settings of their own.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// Links that are filled with captured values.
    #[serde(default)]
    pub links: Vec<LinkSettings>,
    /// Location of the stored state.
    pub store: StoreSettings,
    /// The channel of the operators.
    pub admin: AdminSettings,
    /// Address of health and metrics.
    pub http: Http,
    /// Network access.
    pub net: NetSettings,
    /// Settings of the log.
    pub log: LogSettings,
    /// The Jenkins servers and the jobs that people may run: `jobs.toml`.
    #[serde(skip)]
    pub jobs: jobs::Jobs,
    /// The services that know who is on call, and those that page: `oncall.toml`.
    #[serde(skip)]
    pub oncall: oncall::OncallSettings,
}

impl Settings {
    /// Returns a channel's own settings, if it has any.
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    /// Returns the least confidence at which the bot answers unasked in a channel.
    pub fn threshold(&self, channel: &str) -> f32 {
        let own = self.channel(channel).and_then(|channel| channel.threshold);
        own.unwrap_or(self.matching.threshold)
    }

    /// Returns the least threshold of all channels: one may be less strict than the others.
    pub fn least_threshold(&self) -> f32 {
        let own = self.channels.iter().filter_map(|channel| channel.threshold);
        own.fold(self.matching.threshold, f32::min)
    }

    /// Returns the fate of answers that nobody asked for in a channel.
    pub fn answer_mode(&self, channel: &str) -> AnswerMode {
        let own = self.channel(channel).and_then(|channel| channel.mode);
        own.unwrap_or(self.answers.mode)
    }

    /// Returns the name of the emoji with which messages of a channel are marked that a runbook comes near; `None` when
    /// they are not marked.
    pub fn near_reaction(&self, channel: &str) -> Option<&str> {
        let own = self
            .channel(channel)
            .and_then(|channel| channel.near_reaction.as_deref());
        Some(own.unwrap_or(&self.answers.near_reaction)).filter(|name| !name.is_empty())
    }

    /// Returns the time during which a repeated error in a channel gets a pointer to its earlier answer; zero for
    /// never.
    pub fn repeat(&self, channel: &str) -> Duration {
        let own = self.channel(channel).and_then(|channel| channel.repeat_minutes);
        Duration::from_secs(u64::from(own.unwrap_or(self.answers.repeat_minutes)) * 60)
    }
}

/// Reads the settings of a config folder (`./config` by default, if it exists) and of the process's environment.
///
/// # Errors
///
/// The first problem: its place, its description and its remedy.
pub fn load(config_dir: Option<&Path>) -> Result<Settings, Error> {
    load_from(config_dir, std::env::vars().collect())
}

/// Reads the settings like [`load`], with the given environment.
///
/// # Errors
///
/// As for [`load`].
pub fn load_from(config_dir: Option<&Path>, environment: HashMap<String, String>) -> Result<Settings, Error> {
    let jobs = jobs::load_from(config_dir, &environment)?;
    let oncall = oncall::load_from(config_dir, &environment)?;
    let layers = layers::Layers::read(config_dir, environment)?;
    let mut settings = checked(&layers)?;
    settings.jobs = jobs;
    settings.oncall = oncall;
    settings.slack.take_secrets(&layers)?;
    settings.store.take_url(&layers)?;
    settings.runbooks.take_secrets(&layers)?;
    Ok(settings)
}

/// Reads the settings like [`load`], but not the secrets, which a command that talks to nobody does not need.
///
/// # Errors
///
/// As for [`load`].
pub fn load_without_secrets(config_dir: Option<&Path>) -> Result<Settings, Error> {
    let registry = jobs::registry(config_dir)?.unwrap_or_default();
    let layers = layers::Layers::read(config_dir, std::env::vars().collect())?;
    let mut settings = checked(&layers)?;
    settings.jobs.registry = Arc::new(registry);
    Ok(settings)
}

/// Reads the settings like [`load`], with the secrets of the runbooks' sources and no others.
///
/// # Errors
///
/// As for [`load`].
pub fn load_for_runbooks(config_dir: Option<&Path>) -> Result<Settings, Error> {
    let layers = layers::Layers::read(config_dir, std::env::vars().collect())?;
    let mut settings = checked(&layers)?;
    settings.runbooks.take_secrets(&layers)?;
    Ok(settings)
}

/// Checks the settings of every section.
fn checked(layers: &layers::Layers) -> Result<Settings, Error> {
    let mut settings: Settings = layers.deserialize()?;
    settings.slack.check(layers)?;
    settings.runbooks.check(layers)?;
    settings.runbooks.take_environment(layers);
    settings.matching.check(layers)?;
    settings.answers.check(layers)?;
    settings.admin.check(layers)?;
    answers::check_channels(&settings.channels, layers)?;
    links::check(&settings.links, layers)?;
    settings.store.check(layers)?;
    settings.http.check(layers)?;
    settings.log.check(layers)?;
    Ok(settings)
}

/// Reads the store's settings, as [`load`] does, but no other secrets, which a mere reader of the store does not need.
///
/// # Errors
///
/// As for [`load`].
pub fn load_store(config_dir: Option<&Path>) -> Result<StoreSettings, Error> {
    let layers = layers::Layers::read(config_dir, std::env::vars().collect())?;
    let mut store = layers.deserialize::<Settings>()?.store;
    store.check(&layers)?;
    store.take_url(&layers)?;
    Ok(store)
}

/// Returns the built-in settings, without any file or environment: for the local workspace and for tests, which change
/// them as needed.
///
/// # Errors
///
/// Only if the built-in file itself is invalid.
pub fn built_in() -> Result<Settings, Error> {
    layers::Layers::built_in()?.deserialize()
}
