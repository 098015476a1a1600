//! Who and what stands in the workspace: people, apps, channels, messages, files.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::delivery::{Pending, Socket};

/// A person, or the user that stands for a bot.
#[derive(Debug, Clone)]
pub struct User {
    /// `U…`.
    pub id: String,
    /// The handle.
    pub name: String,
    /// What people see.
    pub real_name: String,
    /// A person's token.
    pub token: Option<String>,
    /// `B…`, for bots.
    pub bot_id: Option<String>,
    /// The avatar's colour.
    pub color: String,
    /// Belongs to another organisation.
    pub is_stranger: bool,
}

/// An installed app with its bot.
#[derive(Debug)]
pub struct App {
    /// `A…`.
    pub id: String,
    /// What people see.
    pub name: String,
    /// Its bot's user.
    pub user_id: String,
    /// `B…`.
    pub bot_id: String,
    /// Its bot token.
    pub token: String,
    /// Its app-level token; empty when it uses no Socket Mode.
    pub app_token: String,
    /// Where its events, interactions and commands go over HTTP instead of Socket Mode.
    pub request_urls: RequestUrls,
    /// What its manifest offers to people.
    pub features: Features,
    pub(crate) sockets: Vec<Socket>,
    pub(crate) pending: BTreeMap<u64, Pending>,
    pub(crate) turn: usize,
    /// Listens to events, even while it has no connection: set by its first.
    pub(crate) listens: bool,
}

/// Where an app's deliveries go over HTTP: Slack lets it set the three apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestUrls {
    /// Events.
    pub events: Option<String>,
    /// Buttons, modals and shortcuts.
    pub interactivity: Option<String>,
    /// Slash commands.
    pub commands: Option<String>,
}

/// What an app offers besides its bot; in Slack its manifest says so.
#[derive(Debug, Clone, Default)]
pub struct Features {
    /// Slash commands.
    pub commands: Vec<Command>,
    /// Message shortcuts and global ones.
    pub shortcuts: Vec<Shortcut>,
    /// Shows a Home tab in its direct messages.
    pub has_home: bool,
}

/// A slash command.
#[derive(Debug, Clone)]
pub struct Command {
    /// With its slash.
    pub command: String,
    /// What it does.
    pub description: String,
    /// What may follow it.
    pub usage_hint: String,
}

/// A shortcut.
#[derive(Debug, Clone)]
pub struct Shortcut {
    /// What people see.
    pub name: String,
    /// What the app sees.
    pub callback_id: String,
    /// In the composer's menu instead of a message's.
    pub is_global: bool,
}

/// A user group.
#[derive(Debug, Clone)]
pub struct Group {
    /// `S…`.
    pub id: String,
    /// Without `@`.
    pub handle: String,
    /// What people see.
    pub name: String,
    /// User ids.
    pub users: Vec<String>,
}

/// What sort of conversation a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `channel`
    Public,
    /// `group`
    Private,
    /// `im`
    Direct,
}

/// A conversation and its messages.
#[derive(Debug, Clone)]
pub struct Channel {
    /// `C…` or `D…`.
    pub id: String,
    /// Without `#`; empty for direct messages.
    pub name: String,
    /// Its topic.
    pub topic: String,
    /// What sort it is.
    pub kind: Kind,
    /// User ids.
    pub members: Vec<String>,
    /// Takes no messages any more.
    pub is_archived: bool,
    /// Shared with another organisation.
    pub is_shared: bool,
    /// Only some people may post: bots get `restricted_action`.
    pub is_restricted: bool,
    /// By timestamp, so in order.
    pub messages: BTreeMap<String, Message>,
}

/// A message as it stands now.
#[derive(Debug, Clone)]
pub struct Message {
    /// Slack's JSON of it, without metadata and without what a thread's root counts.
    pub value: Map<String, Value>,
    /// Its metadata, which Slack shows only when asked.
    pub metadata: Option<Value>,
    /// Only this user sees it.
    pub ephemeral_to: Option<String>,
}

/// One sending of an envelope to an app.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// The app.
    pub app_id: String,
    /// The envelope.
    pub envelope_id: String,
    /// `events_api`, `interactive` or `slash_commands`.
    pub envelope_type: String,
    /// The event or interaction in it, such as `app_mention` or `block_actions`.
    pub what: String,
    /// 0 for the first sending.
    pub attempt: u32,
    /// Whether it was acknowledged.
    pub acknowledged: bool,
}

/// An uploaded file.
#[derive(Debug, Clone)]
pub struct File {
    /// Slack's JSON of it.
    pub value: Map<String, Value>,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Not shared yet: bytes may still come.
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

    /// How many Socket Mode connections it holds.
    pub fn connections(&self) -> usize {
        self.sockets.len()
    }

    /// How many envelopes wait for its acknowledgement.
    pub fn unacknowledged(&self) -> usize {
        self.pending.len()
    }
}

impl Command {
    /// In the form of a manifest.
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
    /// In the form of a manifest.
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
    /// Whether the app takes deliveries over HTTP.
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

    /// Whether this user is in it.
    pub fn has(&self, user: &str) -> bool {
        self.members.iter().any(|member| member == user)
    }

    /// What events call its kind.
    pub fn channel_type(&self) -> &'static str {
        match self.kind {
            Kind::Public => "channel",
            Kind::Private => "group",
            Kind::Direct => "im",
        }
    }
}

impl Message {
    /// Its timestamp, which is its name.
    pub fn ts(&self) -> &str {
        self.text_of("ts")
    }

    /// Who wrote it.
    pub fn user(&self) -> &str {
        self.text_of("user")
    }

    /// Its text.
    pub fn text(&self) -> &str {
        self.text_of("text")
    }

    /// The root of its thread, when it is in one.
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
