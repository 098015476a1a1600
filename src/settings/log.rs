//! `[log]`

use serde::Deserialize;

use super::Error;
use super::layers::Layers;

/// What is logged and how.
#[derive(Debug, Clone, Deserialize)]
pub struct Log {
    /// How lines look.
    pub format: Format,
    /// A level, or a filter as of tracing's `EnvFilter`.
    pub level: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    Text,
    /// For machines, an object a line.
    Json,
}

impl Log {
    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        tracing_subscriber::EnvFilter::try_new(&self.level)
            .map(drop)
            .map_err(|cause| {
                layers.wrong(
                    "log.level",
                    format!("is \"{}\": {cause}", self.level),
                    "write error, warn, info, debug or trace",
                )
            })
    }
}
