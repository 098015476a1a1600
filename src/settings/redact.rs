//! `[redact]`: the removal of secrets from messages.

use serde::Deserialize;

/// Settings of the removal of secrets. Secrets are always removed; only the warning is a choice.
#[derive(Debug, Clone, Deserialize)]
pub struct RedactSettings {
    /// True when people who paste a secret into a channel are told so privately.
    pub warn: bool,
}
