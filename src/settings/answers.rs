//! `[matching]`, `[answers]` and `[[channels]]`: when the bot speaks, and how much.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Error;
use super::layers::Layers;

/// When the bot is sure enough.
#[derive(Debug, Clone, Deserialize)]
pub struct Matching {
    /// From which confidence it answers unasked.
    pub threshold: f32,
}

/// What answers look like.
#[derive(Debug, Clone, Deserialize)]
pub struct Answers {
    /// Whether it answers unasked in channels that are not listed.
    pub auto: bool,
    /// Folder with templates that take the place of the built-in ones; empty for none.
    pub templates: PathBuf,
}

/// A channel that differs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its id.
    pub id: String,
    /// Whether the bot answers unasked there; without, as everywhere.
    #[serde(default)]
    pub auto_answer: Option<bool>,
    /// Whether it answers there although the channel is shared with other organisations.
    #[serde(default)]
    pub shared: bool,
}

impl Matching {
    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        if (0.0..=1.0).contains(&self.threshold) {
            return Ok(());
        }
        Err(layers.wrong(
            "matching.threshold",
            format!("is {}", self.threshold),
            "write a number from 0 to 1",
        ))
    }
}

impl Answers {
    /// The folder with templates, when there is one.
    pub fn templates(&self) -> Option<&Path> {
        (!self.templates.as_os_str().is_empty()).then_some(self.templates.as_path())
    }

    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        if self.templates().is_some_and(|folder| !folder.is_dir()) {
            let problem = format!("is {}, which is no folder", self.templates.display());
            return Err(layers.wrong("answers.templates", problem, "create it, or leave the setting away"));
        }
        Ok(())
    }
}

pub(super) fn check_channels(channels: &[Channel], layers: &Layers) -> Result<(), Error> {
    for (at, channel) in channels.iter().enumerate() {
        if !is_id(&channel.id, "CGD") {
            return Err(layers.wrong(
                "channels",
                format!("holds the id \"{}\", which is no channel's id", channel.id),
                "write the id from the channel's details, such as \"C0123456789\", never its name",
            ));
        }
        if channels.iter().take(at).any(|other| other.id == channel.id) {
            let problem = format!("lists \"{}\" twice", channel.id);
            return Err(layers.wrong("channels", problem, "keep one entry a channel"));
        }
    }
    Ok(())
}

/// Whether this looks like a Slack id whose first letter is one of `kinds`.
pub(super) fn is_id(id: &str, kinds: &str) -> bool {
    id.len() > 1
        && id.starts_with(|first| kinds.contains(first))
        && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}
