//! `[matching]`, `[answers]` and `[[channels]]`: conditions and extent of answers.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Error;
use super::layers::Layers;

/// Settings of the matching.
#[derive(Debug, Clone, Deserialize)]
pub struct Matching {
    /// Least confidence, from 0 to 1, at which the bot answers unasked.
    pub threshold: f32,
}

/// Settings of the answers.
#[derive(Debug, Clone, Deserialize)]
pub struct Answers {
    /// True when the bot answers unasked in channels that are not listed.
    pub auto: bool,
    /// Minutes during which a repeated error in a channel gets a pointer to its earlier answer; 0 for never.
    pub repeat_minutes: u32,
    /// Minutes after which an error is too old to be answered unless the bot was asked; 0 for no limit.
    pub too_old: u32,
    /// Minutes after which a request is too old to be answered; 0 for no limit.
    pub too_old_asked: u32,
    /// The mode of channels that are not listed.
    pub mode: AnswerMode,
    /// Channel in which the owners see what would have been answered in shadow mode; empty for none.
    pub shadow_channel: String,
    /// Name of the emoji with which a message is marked that a runbook comes near; empty for none.
    pub near_reaction: String,
    /// Name of the emoji that the bot adds to a pasted message when its error is fixed; empty for none.
    pub fixed_reaction: String,
    /// People who may mute a channel: ids of users and user groups; empty for everybody in the workspace.
    pub mute_by: Vec<String>,
    /// Folder with templates that override the built-in ones; empty for none.
    pub templates: PathBuf,
}

/// The fate of answers that nobody asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerMode {
    /// Answers are posted.
    #[default]
    Answer,
    /// Answers are recorded for the owners, and nothing is posted.
    Shadow,
}

/// A channel with settings of its own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// The channel's id.
    pub id: String,
    /// True when the bot answers unasked in the channel; `None` for the general setting.
    #[serde(default)]
    pub auto_answer: Option<bool>,
    /// Least confidence at which the bot answers unasked in the channel; `None` for the general setting.
    #[serde(default)]
    pub threshold: Option<f32>,
    /// The channel's value of [`Answers::repeat_minutes`]; `None` for the general setting.
    #[serde(default)]
    pub repeat_minutes: Option<u32>,
    /// The channel's value of [`Answers::mode`]; `None` for the general setting.
    #[serde(default)]
    pub mode: Option<AnswerMode>,
    /// The channel's value of [`Answers::near_reaction`]; `None` for the general setting.
    #[serde(default)]
    pub near_reaction: Option<String>,
    /// True when the bot answers in the channel although it is shared with other organisations.
    #[serde(default)]
    pub shared: bool,
}

/// Upper limit of the age settings: one day. Payloads are not kept longer, so nothing older is answered anyway.
const LONGEST_AGE: u32 = 24 * 60;
/// Upper limit of the repetition settings: one week. A later occurrence is treated as a new error.
const LONGEST_REPEAT: u32 = 7 * 24 * 60;
/// Upper limit of the length of an emoji's name (Slack's limit).
const LONGEST_EMOJI: usize = 100;

impl Matching {
    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        check_threshold("matching.threshold", self.threshold, layers)
    }
}

fn check_threshold(key: &str, threshold: f32, layers: &Layers) -> Result<(), Error> {
    if (0.0..=1.0).contains(&threshold) {
        return Ok(());
    }
    Err(layers.wrong(key, format!("is {threshold}"), "it must be a number between 0 and 1"))
}

fn check_repeat(key: &str, minutes: u32, layers: &Layers) -> Result<(), Error> {
    if minutes <= LONGEST_REPEAT {
        return Ok(());
    }
    let remedy = format!("write a number from 0 (never) to {LONGEST_REPEAT} (a week)");
    Err(layers.wrong(key, format!("is {minutes}"), remedy))
}

/// Slack's names of emoji hold nothing else, and a name with colons would be refused only when it is used.
fn check_reaction(key: &str, name: &str, layers: &Layers) -> Result<(), Error> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '+');
    if name.chars().all(is_part) && name.len() <= LONGEST_EMOJI {
        return Ok(());
    }
    let remedy = "write the name of an emoji without colons, such as \"eyes\"; \"\" for none";
    Err(layers.wrong(key, format!("is \"{name}\""), remedy))
}

impl Answers {
    /// Returns the channel in which the owners see what would have been answered, if there is one.
    pub fn shadow_channel(&self) -> Option<&str> {
        (!self.shadow_channel.is_empty()).then_some(self.shadow_channel.as_str())
    }

    /// Returns the folder with templates, if there is one.
    pub fn templates(&self) -> Option<&Path> {
        (!self.templates.as_os_str().is_empty()).then_some(self.templates.as_path())
    }

    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        if self.templates().is_some_and(|folder| !folder.is_dir()) {
            let problem = format!("is {}, which is not a folder", self.templates.display());
            return Err(layers.wrong("answers.templates", problem, "create it, or remove the setting"));
        }
        check_repeat("answers.repeat_minutes", self.repeat_minutes, layers)?;
        for (key, minutes) in [
            ("answers.too_old", self.too_old),
            ("answers.too_old_asked", self.too_old_asked),
        ] {
            if minutes > LONGEST_AGE {
                let remedy = format!("write a number of minutes from 0 (never too old) to {LONGEST_AGE} (a day)");
                return Err(layers.wrong(key, format!("is {minutes}"), remedy));
            }
        }
        if self.shadow_channel().is_some_and(|id| !is_id(id, "CG")) {
            return Err(layers.wrong(
                "answers.shadow_channel",
                format!("is \"{}\", which is not a channel id", self.shadow_channel),
                "write the id from the channel's details, such as \"C0123456789\", never its name; \"\" for none",
            ));
        }
        check_reaction("answers.near_reaction", &self.near_reaction, layers)?;
        check_reaction("answers.fixed_reaction", &self.fixed_reaction, layers)?;
        if let Some(bad) = self.mute_by.iter().find(|id| !is_id(id, "USW")) {
            return Err(layers.wrong(
                "answers.mute_by",
                format!("contains \"{bad}\", which is not the id of a user or a user group"),
                "write ids such as \"U0123456789\" or \"S0123456789\", not names, because anyone can change theirs",
            ));
        }
        Ok(())
    }
}

pub(super) fn check_channels(channels: &[Channel], layers: &Layers) -> Result<(), Error> {
    for (at, channel) in channels.iter().enumerate() {
        if !is_id(&channel.id, "CGD") {
            return Err(layers.wrong(
                "channels",
                format!("holds the id \"{}\", which is not a channel id", channel.id),
                "write the id from the channel's details, such as \"C0123456789\", never its name",
            ));
        }
        if channels.iter().take(at).any(|other| other.id == channel.id) {
            let problem = format!("lists \"{}\" twice", channel.id);
            return Err(layers.wrong("channels", problem, "keep one entry per channel"));
        }
        if let Some(threshold) = channel.threshold {
            check_threshold("channels.threshold", threshold, layers)?;
        }
        if let Some(minutes) = channel.repeat_minutes {
            check_repeat("channels.repeat_minutes", minutes, layers)?;
        }
        if let Some(name) = &channel.near_reaction {
            check_reaction("channels.near_reaction", name, layers)?;
        }
    }
    Ok(())
}

/// Returns true when a text looks like a Slack id whose first letter is one of `kinds`.
pub(super) fn is_id(id: &str, kinds: &str) -> bool {
    id.len() > 1
        && id.starts_with(|first| kinds.contains(first))
        && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}
