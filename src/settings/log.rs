//! `[log]`: contents and format of the log.

use serde::Deserialize;

use super::Error;
use super::layers::Layers;

/// Settings of the log.
#[derive(Debug, Clone, Deserialize)]
pub struct LogSettings {
    /// Format of the lines.
    pub format: Format,
    /// A level, or a filter in the syntax of tracing's `EnvFilter`.
    pub level: String,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text for people.
    Text,
    /// JSON for programs, one object per line.
    Json,
}

/// Levels of the log.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

impl LogSettings {
    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        let parts = || self.level.split(',').map(str::trim);
        // A filter would take a misspelt level for the name of a module, and log nothing.
        let is_level = |word: &str| LEVELS.contains(&word.to_ascii_lowercase().as_str());
        let is_part = |part: &str| match part.rsplit_once('=') {
            Some((_, level)) => is_level(level.trim()),
            None => is_level(part),
        };
        if parts().all(is_part) && tracing_subscriber::EnvFilter::try_new(&self.level).is_ok() {
            return Ok(());
        }
        Err(layers.wrong(
            "log.level",
            format!("is \"{}\"", self.level),
            "write error, warn, info, debug or trace, or a filter such as \"info,signpost=debug\"",
        ))
    }
}
