//! Exports of a workspace, as Slack makes them: lists of the conversations and people, and a folder for each conversation
//! with a JSON file a day. Read only, one day at a time; what cannot be read is left out with the reason.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::decode::{self, Event, Identity, Message};
use files::ExportFiles;
use lists::{Conversations, Users};

mod days;
mod files;
mod lists;

pub use days::DayRange;

/// The reason why a path cannot be read as an export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder or file cannot be read.
    #[error("cannot read the export {}: {cause}", .path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// The reason.
        cause: std::io::Error,
    },
    /// The file is no zip file.
    #[error(
        "cannot read the export {}: it is not a folder, and not a zip file either ({cause}); name the zip file that Slack \
         sent, or the folder it was unpacked to",
        .path.display()
    )]
    NoZip {
        /// The file.
        path: PathBuf,
        /// The reason.
        cause: String,
    },
    /// There are no messages and no lists.
    #[error(
        "{} is not a Slack export: it has no channel folders with files such as 2026-01-31.json, and no channels.json; name \
         the zip file that Slack sent, or the folder it was unpacked to{}",
        .path.display(),
        .unread.as_ref().map(UnreadFile::told).unwrap_or_default()
    )]
    NoExport {
        /// The folder or file.
        path: PathBuf,
        /// The first file that was not read, which may be why.
        unread: Option<UnreadFile>,
    },
    /// There are several exports.
    #[error("{} holds several exports; name one of them: {}", .path.display(), .folders.join(", "))]
    SeveralExports {
        /// The folder or file.
        path: PathBuf,
        /// The folders that are exports.
        folders: Vec<String>,
    },
}

/// A file of an export that was not read, or not in full.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnreadFile {
    /// Path below the root of the export.
    pub file: String,
    /// The reason.
    pub why: String,
}

impl UnreadFile {
    fn new(file: &str, why: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            why: why.into(),
        }
    }

    /// The end of a sentence; names in a zip file may hold anything.
    fn told(&self) -> String {
        format!("; not read: {}: {}", self.file.escape_debug(), self.why.escape_debug())
    }
}

/// The kinds of conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationKind {
    /// A channel, public or private.
    Channel,
    /// A direct message among several people.
    Group,
    /// A direct message between two people.
    Direct,
}

/// A conversation with messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedChannel {
    /// The id, or the name where the export does not give the id.
    pub id: String,
    /// The name without `#`.
    pub name: String,
    /// The kind.
    pub kind: ConversationKind,
    /// True when another organisation reads it.
    pub ext_shared: bool,
    /// The days with messages, in order.
    days: Vec<Date>,
    /// The folder of the day files.
    folder: String,
}

impl ExportedChannel {
    /// Number of days with messages.
    pub fn days(&self) -> usize {
        self.days.len()
    }
}

/// A message of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedMessage {
    /// Time of the message.
    pub at: Timestamp,
    /// The message; `None` for a notice that is not read: somebody joined, the topic was changed.
    pub message: Option<Box<Message>>,
}

/// An export, opened for reading.
#[derive(Debug)]
pub struct Export {
    files: ExportFiles,
    users: Users,
    channels: Vec<ExportedChannel>,
    unread: Vec<UnreadFile>,
}

impl Export {
    /// Opens a folder or a zip file.
    ///
    /// # Errors
    ///
    /// An [`ExportError`] when it is no export.
    pub fn open(path: &Path) -> Result<Self, ExportError> {
        let mut unread = Vec::new();
        let files = ExportFiles::list(path, &mut unread)?;
        let conversations = Conversations::read(&files, &mut unread);
        let mut folders: HashMap<&str, Vec<Date>> = HashMap::new();
        for (folder, day) in files.paths().filter_map(|path| path.split_once('/')) {
            if let Some(day) = day_of(day) {
                folders.entry(folder).or_default().push(day);
            }
        }
        if folders.is_empty() {
            return Err(ExportError::NoExport {
                path: path.to_owned(),
                unread: unread.into_iter().next(),
            });
        }
        let mut channels: Vec<ExportedChannel> = folders
            .into_iter()
            .map(|(folder, days)| conversations.channel(folder, days))
            .collect();
        channels.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        let users = Users::read(&files, &mut unread);
        Ok(Self {
            files,
            users,
            channels,
            unread,
        })
    }

    /// The conversations that have messages, by name.
    pub fn channels(&self) -> &[ExportedChannel] {
        &self.channels
    }

    /// The identity that an app of this workspace would have, as far as the export tells: its workspace.
    pub fn us(&self) -> &Identity {
        self.users.us()
    }

    /// The files beside the day files that could not be read.
    pub fn unread(&self) -> &[UnreadFile] {
        &self.unread
    }

    /// Calls `each` with the messages of a channel, in the order of their `ts`, and `day` after each file. Returns the
    /// files that could not be read.
    pub fn read(
        &self,
        channel: &ExportedChannel,
        range: DayRange,
        mut each: impl FnMut(ExportedMessage),
        mut day: impl FnMut(),
    ) -> Vec<UnreadFile> {
        let mut unread = Vec::new();
        let mut sorted = days::Sorted::default();
        // The channel's id tells the decoder nothing: direct messages count as channels that the bot was invited to.
        let place = json!({ "channel": channel.id, "channel_type": "channel" });
        for date in &channel.days {
            if range.may_hold(*date) {
                let path = format!("{}/{date}.json", channel.folder);
                match self.day(&path, channel, &place, range) {
                    Ok((messages, odd)) => {
                        unread.extend(odd);
                        sorted.add(messages, &mut each);
                    }
                    Err(why) => unread.push(UnreadFile::new(&path, why)),
                }
            }
            day();
        }
        sorted.finish(&mut each);
        unread
    }

    fn day(
        &self,
        path: &str,
        channel: &ExportedChannel,
        place: &Value,
        range: DayRange,
    ) -> Result<(Vec<ExportedMessage>, Vec<UnreadFile>), String> {
        let mut unread = Vec::new();
        let text = self.files.text(path, &mut unread);
        let text = text.unwrap_or_else(|| Err("it is gone".to_owned()))?;
        let mut messages = Vec::new();
        let mut odd: Vec<(&'static str, usize)> = Vec::new();
        let message = |element: Result<Value, _>| self.message(&element?, channel, place);
        days::elements(&text, |element| match message(element) {
            Ok(message) if range.holds(message.at) => messages.push(message),
            Ok(_) => {}
            Err(why) => match odd.iter_mut().find(|(known, _)| *known == why) {
                Some((_, count)) => *count += 1,
                None => odd.push((why, 1)),
            },
        })?;
        let told = |(why, count): (&str, usize)| {
            let messages = if count == 1 { "message" } else { "messages" };
            UnreadFile::new(path, format!("{count} {messages} left out: {why}"))
        };
        unread.extend(odd.into_iter().map(told));
        Ok((messages, unread))
    }

    /// Reads a message as if it came in an event, of which an export leaves the channel and the workspace out.
    fn message(
        &self,
        element: &Value,
        channel: &ExportedChannel,
        place: &Value,
    ) -> Result<ExportedMessage, &'static str> {
        if !element.is_object() {
            return Err("not an object");
        }
        let ts = decode::string(element, "ts").ok_or("it has no ts")?;
        let at = days::time_of(&ts).ok_or("its ts is not a time")?;
        let message = match decode::exported(element, place, self.us()) {
            Event::Message(mut message) => {
                message.ext_shared = channel.ext_shared;
                self.users.complete(&mut message);
                Some(message)
            }
            Event::Odd { why } => return Err(why),
            _ => None,
        };
        Ok(ExportedMessage { at, message })
    }
}

/// Returns true for the name of a day file.
fn is_day(name: &str) -> bool {
    day_of(name).is_some()
}

fn day_of(name: &str) -> Option<Date> {
    let day = name.strip_suffix(".json")?;
    let date: Date = day.parse().ok()?;
    // The parser takes other forms of a date as well.
    (date.to_string() == day).then_some(date)
}

/// The day of a time, in UTC.
fn date_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}
