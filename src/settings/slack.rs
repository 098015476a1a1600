//! `[slack]`: access to Slack.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::layers::Layers;
use super::{Error, secrets};

/// Settings of the access to Slack.
#[derive(Debug, Clone, Deserialize)]
pub struct Slack {
    /// Transport of the events.
    pub mode: Mode,
    /// Address of the Web API, without a trailing slash.
    pub api_url: String,
    /// File with the bot token; empty for none.
    pub bot_token_file: PathBuf,
    /// File with the app-level token; empty for none.
    pub app_token_file: PathBuf,
    /// File with the signing secret; empty for none.
    pub signing_secret_file: PathBuf,
    /// The bot token; `None` when there is none.
    #[serde(skip)]
    pub bot_token: Option<SecretString>,
    /// The app-level token, for Socket Mode; `None` when there is none.
    #[serde(skip)]
    pub app_token: Option<SecretString>,
    /// The secret with which Slack signs its requests, for HTTP; `None` when there is none.
    #[serde(skip)]
    pub signing_secret: Option<SecretString>,
    /// Local address for Slack's requests, in HTTP mode.
    pub listen: String,
    /// Number of Socket Mode connections held at once.
    pub connections: u32,
    /// Number of connections that all replicas together should hold; 0: as many as `connections`.
    pub fleet_connections: u32,
    /// Bots whose messages are read like those of people: bot ids, app ids or bot user ids.
    pub allowed_bots: Vec<String>,
    /// Seconds until a request times out.
    pub request_timeout: u64,
    /// Seconds, on top of the time limit, before an uncertain message is looked up.
    pub lookup_wait: u64,
}

/// Transport of the events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Socket Mode.
    #[default]
    Socket,
    /// HTTP: Slack posts the events to an address of ours.
    Http,
}

impl Slack {
    /// Time limit of a request.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout)
    }

    /// Time between an attempt to post and the look-up of a message whose fate is uncertain.
    pub fn lookup_after(&self) -> Duration {
        Duration::from_secs(self.request_timeout + self.lookup_wait)
    }

    /// Longest time between the record of an attempt to post and its request. A request that begins later might still be on
    /// the way at the look-up.
    pub fn lookup_margin(&self) -> Duration {
        Duration::from_secs(self.lookup_wait.max(1))
    }

    /// Number of connections that all replicas together should hold.
    pub fn expected_connections(&self) -> u32 {
        if self.fleet_connections == 0 {
            self.connections
        } else {
            self.fleet_connections
        }
    }

    /// Returns the local address for Slack's requests, in HTTP mode only.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok().filter(|_| self.mode == Mode::Http)
    }

    pub(super) fn check(&mut self, layers: &Layers) -> Result<(), Error> {
        if self.listen.parse::<SocketAddr>().is_err() {
            return Err(layers.wrong(
                "slack.listen",
                format!("is \"{}\"", self.listen),
                "use an address and a port such as \"127.0.0.1:3000\"",
            ));
        }
        let trimmed = self.api_url.trim_end_matches('/').to_owned();
        if !Url::parse(&trimmed).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Err(layers.wrong(
                "slack.api_url",
                format!("is \"{}\", which is not a URL", self.api_url),
                "use an address such as \"https://slack.com/api\"",
            ));
        }
        self.api_url = trimmed;
        for (key, value, low, high) in [
            ("slack.connections", u64::from(self.connections), 1, 10),
            ("slack.fleet_connections", u64::from(self.fleet_connections), 0, 10),
            ("slack.request_timeout", self.request_timeout, 1, 120),
            ("slack.lookup_wait", self.lookup_wait, 1, 60),
        ] {
            if !(low..=high).contains(&value) {
                return Err(layers.wrong(
                    key,
                    format!("is {value}"),
                    format!("write a number from {low} to {high}"),
                ));
            }
        }
        if let Some(bad) = self.allowed_bots.iter().find(|id| !super::answers::is_id(id, "ABUW")) {
            return Err(layers.wrong(
                "slack.allowed_bots",
                format!("contains \"{bad}\", which is not an id"),
                "write ids such as \"B0123456789\", not names, because anyone can change theirs",
            ));
        }
        Ok(())
    }

    pub(super) fn take_secrets(&mut self, layers: &Layers) -> Result<(), Error> {
        self.bot_token = secrets::read(layers, "slack.bot_token", &self.bot_token_file)?;
        self.app_token = secrets::read(layers, "slack.app_token", &self.app_token_file)?;
        self.signing_secret = secrets::read(layers, "slack.signing_secret", &self.signing_secret_file)?;
        Ok(())
    }
}
