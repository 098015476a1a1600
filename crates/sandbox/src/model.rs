//! The data model of the workspace: people, apps, channels, messages, files.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::delivery::{Pending, Socket};

/// A person, or a bot's user.
#[derive(Debug, Clone)]
pub struct User {
    /// The user id, `U…`.
    pub id: String,
    /// Handle, without `@`.
    pub name: String,
    /// Display name.
    pub real_name: String,
    /// User token, for people.
    pub token: Option<String>,
    /// The bot id, `B…`, for bots.
    pub bot_id: Option<String>,
    /// Colour of the avatar.
    pub color: String,
    /// True for members of another organisation.
    pub is_stranger: bool,
}

/// An installed app with its bot.
#[derive(Debug)]
pub struct App {
    /// The app id, `A…`.
    pub id: String,
    /// Display name.
    pub name: String,
    /// User id of its bot.
    pub user_id: String,
    /// The bot id, `B…`.
    pub bot_id: String,
    /// Bot token.
    pub token: String,
    /// App-level token; empty without Socket Mode.
    pub app_token: String,
    /// Addresses for events, interactions and commands over HTTP instead of Socket Mode.
    pub request_urls: RequestUrls,
    /// Features from its manifest.
    pub features: Features,
    pub(crate) sockets: Vec<Socket>,
    pub(crate) pending: BTreeMap<u64, Pending>,
    pub(crate) turn: usize,
    /// True when events are queued even without a connection: set by the first connection.
    pub(crate) listens: bool,
}

/// Addresses for an app's deliveries over HTTP; Slack lets an app set each of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestUrls {
    /// Address for events.
    pub events: Option<String>,
    /// Address for buttons, modals and shortcuts.
    pub interactivity: Option<String>,
    /// Address for slash commands.
    pub commands: Option<String>,
}

/// Features of an app besides its bot, as set in its manifest.
#[derive(Debug, Clone, Default)]
pub struct Features {
    /// Slash commands.
    pub commands: Vec<Command>,
    /// Message shortcuts and global ones.
    pub shortcuts: Vec<Shortcut>,
    /// True when the app has a Home tab.
    pub has_home: bool,
}

/// A slash command.
#[derive(Debug, Clone)]
pub struct Command {
    /// The command, with its slash.
    pub command: String,
    /// Description for people.
    pub description: String,
    /// Hint about the arguments.
    pub usage_hint: String,
}

/// A shortcut.
#[derive(Debug, Clone)]
pub struct Shortcut {
    /// Display name.
    pub name: String,
    /// Identifier for the app.
    pub callback_id: String,
    /// True for a global shortcut, in the composer's menu; false for a message shortcut.
    pub is_global: bool,
}

/// A user group.
#[derive(Debug, Clone)]
pub struct Group {
    /// The group id, `S…`.
    pub id: String,
    /// Handle, without `@`.
    pub handle: String,
    /// Display name.
    pub name: String,
    /// Ids of the members.
    pub users: Vec<String>,
}

/// Type of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A public channel, `channel` in events.
    Public,
    /// A private channel, `group` in events.
    Private,
    /// Direct messages, `im` in events.
    Direct,
}

/// A conversation and its messages.
#[derive(Debug, Clone)]
pub struct Channel {
    /// The channel id, `C…` or `D…`.
    pub id: String,
    /// Name without `#`; empty for direct messages.
    pub name: String,
    /// Topic of the channel.
    pub topic: String,
    /// Type of the conversation.
    pub kind: Kind,
    /// User ids of the members.
    pub members: Vec<String>,
    /// True when no messages can be posted any more.
    pub is_archived: bool,
    /// True when shared with another organisation.
    pub is_shared: bool,
    /// True when only some people may post: bots get `restricted_action`.
    pub is_restricted: bool,
    /// Messages by timestamp, so in order.
    pub messages: BTreeMap<String, Message>,
}

/// A message in its current state.
#[derive(Debug, Clone)]
pub struct Message {
    /// The message as Slack's JSON, without metadata and without the counts of a thread's root.
    pub value: Map<String, Value>,
    /// Metadata, which Slack returns only on request.
    pub metadata: Option<Value>,
    /// The only user who sees the message, if it is ephemeral.
    pub ephemeral_to: Option<String>,
}

/// One delivery of an envelope to an app.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Id of the app.
    pub app_id: String,
    /// Id of the envelope.
    pub envelope_id: String,
    /// `events_api`, `interactive` or `slash_commands`.
    pub envelope_type: String,
    /// The event or interaction, such as `app_mention` or `block_actions`.
    pub what: String,
    /// Number of the attempt; 0 for the first.
    pub attempt: u32,
    /// True when the envelope was acknowledged.
    pub acknowledged: bool,
}

/// An uploaded file.
#[derive(Debug, Clone)]
pub struct File {
    /// The file as Slack's JSON.
    pub value: Map<String, Value>,
    /// Content of the file.
    pub bytes: Vec<u8>,
    /// True until the file is shared: its content may still be uploaded.
    pub is_pending: bool,
}

impl App {
    pub(super) fn new(id: &str, name: &str, user_id: &str, bot_id: &str, token: &str, app_token: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            user_id: user_id.to_owned(),
            bot_id: bot_id.to_owned(),
            token: token.to_owned(),
            app_token: app_token.to_owned(),
            request_urls: RequestUrls::default(),
            features: Features::default(),
            sockets: Vec::new(),
            pending: BTreeMap::new(),
            turn: 0,
            listens: false,
        }
    }

    pub(crate) fn hears_events(&self) -> bool {
        self.listens || self.request_urls.is_set()
    }

    /// Returns the number of the app's Socket Mode connections.
    pub fn connections(&self) -> usize {
        self.sockets.len()
    }

    /// Returns the number of envelopes that wait for the app's acknowledgement.
    pub fn unacknowledged(&self) -> usize {
        self.pending.len()
    }
}

impl Command {
    /// Reads a command in a manifest's format.
    pub(crate) fn read(given: &Value) -> Self {
        let text = |key: &str| given[key].as_str().unwrap_or_default().to_owned();
        Self {
            command: format!("/{}", text("command").trim_start_matches('/')),
            description: text("description"),
            usage_hint: text("usage_hint"),
        }
    }
}

impl Shortcut {
    /// Reads a shortcut in a manifest's format.
    pub(crate) fn read(given: &Value) -> Self {
        let text = |key: &str| given[key].as_str().unwrap_or_default().to_owned();
        Self {
            name: text("name"),
            callback_id: text("callback_id"),
            is_global: given["type"] == "global",
        }
    }
}

impl RequestUrls {
    /// Returns true when the app takes deliveries over HTTP.
    pub fn is_set(&self) -> bool {
        self.events.is_some() || self.interactivity.is_some() || self.commands.is_some()
    }

    pub(crate) fn of(&self, envelope_type: &str) -> Option<&str> {
        match envelope_type {
            "events_api" => self.events.as_deref(),
            "slash_commands" => self.commands.as_deref(),
            _ => self.interactivity.as_deref(),
        }
    }
}

impl Channel {
    pub(super) fn new(id: &str, name: &str, kind: Kind, members: &[&str]) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            topic: String::new(),
            kind,
            members: members.iter().map(|&member| member.to_owned()).collect(),
            is_archived: false,
            is_shared: false,
            is_restricted: false,
            messages: BTreeMap::new(),
        }
    }

    /// Returns true when the user is a member.
    pub fn has(&self, user: &str) -> bool {
        self.members.iter().any(|member| member == user)
    }

    /// Returns the `channel_type` of events.
    pub fn channel_type(&self) -> &'static str {
        match self.kind {
            Kind::Public => "channel",
            Kind::Private => "group",
            Kind::Direct => "im",
        }
    }
}

impl Message {
    /// Returns the message's timestamp, which identifies it in its channel.
    pub fn ts(&self) -> &str {
        self.text_of("ts")
    }

    /// Returns the author's user id.
    pub fn user(&self) -> &str {
        self.text_of("user")
    }

    /// Returns the message's text.
    pub fn text(&self) -> &str {
        self.text_of("text")
    }

    /// Returns the timestamp of the thread's root, if the message is in a thread.
    pub fn thread_ts(&self) -> Option<&str> {
        self.value.get("thread_ts").and_then(Value::as_str)
    }

    pub(crate) fn is_reply_to(&self, root: &str) -> bool {
        self.thread_ts() == Some(root) && self.ts() != root
    }

    pub(crate) fn to_json(&self, with_metadata: bool) -> Value {
        let mut value = self.value.clone();
        if let (true, Some(metadata)) = (with_metadata, &self.metadata) {
            value.insert("metadata".into(), metadata.clone());
        }
        Value::Object(value)
    }

    fn text_of(&self, key: &str) -> &str {
        self.value.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}
