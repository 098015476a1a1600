//! A message as it arrives in an event or with an interaction.

use serde_json::Value;

use super::{Event, FileRef, Identity, array, string, team};
use crate::slack::alerts::{self, Alert};
use crate::slack::text;

/// A message, with the fields that are known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// Workspace that the event was sent for.
    pub team: String,
    /// Channel id.
    pub channel: String,
    /// Id of the message in its channel.
    pub ts: String,
    /// The thread that contains the message.
    pub thread_ts: Option<String>,
    /// Time of the edit, if this is an edit.
    pub edited_ts: Option<String>,
    /// The author: a person, or a bot's user.
    pub user: Option<String>,
    /// The bot that wrote the message.
    pub bot_id: Option<String>,
    /// App of that bot.
    pub app_id: Option<String>,
    /// Workspace of the author, when Slack names it.
    pub author_team: Option<String>,
    /// The message's text, with Slack's escapes; see [`text::of_message`].
    pub text: String,
    /// The text before the edit, if this is an edit and Slack sends it.
    pub previous_text: Option<String>,
    /// True for a message in the conversation between a person and the bot.
    pub direct: bool,
    /// True when this event shows that the bot was mentioned.
    pub mentioned: bool,
    /// True when the message carries images.
    pub images: bool,
    /// The message's files, and those of the messages that it forwards.
    pub files: Vec<FileRef>,
    /// True for a reply that was also sent to the channel.
    pub broadcast: bool,
    /// True when the message forwards another one.
    pub forwards: bool,
    /// The alert, when a bot posts one; see [`alerts::group`].
    pub alert: Option<Alert>,
    /// True when the channel is shared with another organisation.
    pub ext_shared: bool,
    /// The organisation that the event was sent for, when it has several workspaces.
    pub enterprise: Option<String>,
}

impl Message {
    /// Id of the message, the same for all its versions and event types.
    pub fn id(&self) -> String {
        format!("{}:{}:{}", self.team, self.channel, self.ts)
    }

    /// Key of this version of the message, the same in its `message` and `app_mention` events.
    pub fn key(&self) -> String {
        format!("{}:{}", self.id(), self.edited_ts.as_deref().unwrap_or_default())
    }

    /// The thread that the message stands in, or that it begins.
    pub fn thread(&self) -> &str {
        self.thread_ts.as_deref().unwrap_or(&self.ts)
    }

    /// The thread to answer in. `None` in a conversation with the bot alone: there answers stand below what was said,
    /// unless the person began a thread.
    pub fn answer_thread(&self) -> Option<String> {
        (!self.is_in_conversation()).then(|| self.thread().to_owned())
    }

    /// Returns true when the message stands in a conversation with the bot alone, outside any thread.
    pub fn is_in_conversation(&self) -> bool {
        self.direct && self.is_root()
    }

    /// Returns true when the message stands in the channel itself, not in a thread below another message.
    pub fn is_root(&self) -> bool {
        self.thread_ts.as_ref().is_none_or(|thread| *thread == self.ts)
    }

    /// The author: a person or a bot's user, else the bot. Consecutive messages of one author may belong together.
    pub fn author(&self) -> Option<&str> {
        self.user.as_deref().or(self.bot_id.as_deref())
    }

    /// Returns true when there is nothing to read: no text, and no file that could contain some.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && !self.files.iter().any(FileRef::may_hold_text)
    }

    /// Returns true when the message consists of images only.
    pub fn is_images_only(&self) -> bool {
        self.images && self.is_empty()
    }

    /// The files whose text is not wholly in [`Message::text`], and which are therefore worth a download.
    pub fn unread_files(&self) -> impl Iterator<Item = &FileRef> {
        self.files.iter().filter(|file| file.may_hold_text() && !file.is_read())
    }
}

/// Reads a message event. `event` names the place, `inner` holds the message: they differ for edits.
pub(super) fn read(payload: &Value, event: &Value, inner: &Value, us: &Identity) -> Event {
    let Some(channel) = string(event, "channel") else {
        return Event::Odd {
            why: "a message without a channel",
        };
    };
    let Some(ts) = string(inner, "ts") else {
        return Event::Odd {
            why: "a message without a ts",
        };
    };
    let mut message = of(inner, us);
    message.mentioned |= string(event, "type").as_deref() == Some("app_mention");
    message.direct = match string(event, "channel_type").as_deref() {
        Some(kind) => matches!(kind, "im" | "app_home"),
        None => channel.starts_with('D'),
    };
    message.team = team(payload, event).unwrap_or_else(|| us.team_id.clone());
    message.ext_shared = payload
        .get("is_ext_shared_channel")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    message.enterprise = enterprise(payload);
    message.channel = channel;
    message.ts = ts;
    Event::Message(Box::new(message))
}

/// Reads the fields of the message itself; the caller fills in the place.
pub(super) fn of(inner: &Value, us: &Identity) -> Message {
    let text = text::of_message(inner, us);
    Message {
        ts: string(inner, "ts").unwrap_or_default(),
        thread_ts: string(inner, "thread_ts"),
        edited_ts: inner.get("edited").and_then(|edited| string(edited, "ts")),
        user: string(inner, "user"),
        bot_id: string(inner, "bot_id"),
        app_id: string(inner, "app_id")
            .or_else(|| inner.get("bot_profile").and_then(|profile| string(profile, "app_id"))),
        author_team: ["user_team", "source_team", "team"]
            .iter()
            .find_map(|key| string(inner, key)),
        images: text::has_images(inner),
        files: files(inner, us),
        broadcast: string(inner, "subtype").as_deref() == Some("thread_broadcast"),
        forwards: text::forwarded(inner, us).next().is_some(),
        alert: alerts::group(inner),
        mentioned: text::mentions(&text, &us.user_id),
        text,
        ..Message::default()
    }
}

fn files(inner: &Value, us: &Identity) -> Vec<FileRef> {
    let forwarded = text::forwarded(inner, us).flat_map(|shared| array(shared.get("files")));
    array(inner.get("files"))
        .iter()
        .chain(forwarded)
        .filter_map(FileRef::read)
        .collect()
}

fn enterprise(payload: &Value) -> Option<String> {
    let authorized = || {
        array(payload.get("authorizations"))
            .iter()
            .find_map(|one| string(one, "enterprise_id"))
    };
    string(payload, "enterprise_id").or_else(authorized)
}
