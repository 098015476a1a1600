//! The state of the workspace. One lock guards it; everything that changes it is synchronous.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::api::Caller;
use super::delivery::Watched;
use super::faults::Fault;
use super::model::{App, Channel, Delivered, File, Group, Message, User};
use super::options::Options;
use super::seed::{STRANGERS, TEAM};

/// The state of the workspace.
#[derive(Debug)]
pub struct State {
    /// Options of this workspace.
    pub options: Options,
    /// People and bots' users.
    pub users: Vec<User>,
    /// Installed apps.
    pub apps: Vec<App>,
    /// User groups.
    pub groups: Vec<Group>,
    /// Channels and direct messages.
    pub channels: Vec<Channel>,
    /// Uploaded files by id.
    pub files: BTreeMap<String, File>,
    /// Opened and published views by id.
    pub views: BTreeMap<String, Value>,
    /// The last thousand deliveries of envelopes.
    pub delivered: VecDeque<Delivered>,
    /// Injected faults, in the order they were added.
    pub(crate) faults: Vec<Fault>,
    pub(crate) triggers: BTreeMap<String, Trigger>,
    pub(crate) response_urls: BTreeMap<String, ResponseUrl>,
    pub(crate) tickets: BTreeMap<String, String>,
    pub(crate) buckets: BTreeMap<(String, String), Bucket>,
    /// Choices in a message's selects and checkboxes: by channel, message and person.
    pub(crate) chosen: BTreeMap<(String, String, String), Value>,
    pub(crate) to_watch: Vec<Watched>,
    pub(crate) live: broadcast::Sender<Value>,
    started: i64,
    next_id: u64,
    last_ts: i64,
}

/// The origin of a trigger id.
#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    pub(crate) app_id: String,
    pub(crate) user_id: String,
    /// The page's window that the trigger came from: a modal opens only there.
    pub(crate) client: Option<String>,
    /// The modal that the trigger came from.
    pub(crate) view_id: Option<String>,
    pub(crate) born: Timestamp,
    pub(crate) is_used: bool,
}

/// The place for an app's later answers to an interaction.
#[derive(Debug, Clone)]
pub(crate) struct ResponseUrl {
    pub(crate) app_id: String,
    pub(crate) user_id: String,
    pub(crate) channel: String,
    pub(crate) message_ts: Option<String>,
    pub(crate) born: Timestamp,
    pub(crate) uses: u32,
}

/// Token bucket of an app for a channel or a method.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    pub(crate) tokens: f64,
    pub(crate) filled: Timestamp,
}

impl State {
    pub(super) fn new(options: Options) -> Self {
        let started = options.clock.now().as_microsecond();
        Self {
            options,
            users: Vec::new(),
            apps: Vec::new(),
            groups: Vec::new(),
            channels: Vec::new(),
            files: BTreeMap::new(),
            views: BTreeMap::new(),
            delivered: VecDeque::new(),
            faults: Vec::new(),
            triggers: BTreeMap::new(),
            response_urls: BTreeMap::new(),
            tickets: BTreeMap::new(),
            buckets: BTreeMap::new(),
            chosen: BTreeMap::new(),
            to_watch: Vec::new(),
            live: broadcast::Sender::new(1024),
            started,
            next_id: 0,
            last_ts: 0,
        }
    }

    /// Returns a channel by id, `#name` or name.
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channel_index(id).and_then(|index| self.channels.get(index))
    }

    pub(crate) fn channel_mut(&mut self, id: &str) -> Option<&mut Channel> {
        let index = self.channel_index(id)?;
        self.channels.get_mut(index)
    }

    fn channel_index(&self, id: &str) -> Option<usize> {
        let name = id.strip_prefix('#').unwrap_or(id);
        self.channels
            .iter()
            .position(|channel| channel.id == id || (!name.is_empty() && channel.name == name))
    }

    /// Returns a user by id.
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Returns a user by id or handle.
    pub fn user_called(&self, name: &str) -> Option<&User> {
        let name = name.strip_prefix('@').unwrap_or(name);
        self.users
            .iter()
            .find(|user| user.id == name || user.name.eq_ignore_ascii_case(name))
    }

    /// Returns an app by id.
    pub fn app(&self, id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.id == id)
    }

    pub(crate) fn app_mut(&mut self, id: &str) -> Option<&mut App> {
        self.apps.iter_mut().find(|app| app.id == id)
    }

    /// Returns a message by channel and timestamp.
    pub fn message(&self, channel: &str, ts: &str) -> Option<&Message> {
        self.channel(channel)?.messages.get(ts)
    }

    /// Returns the replies in a thread, oldest first, as Slack's JSON with metadata.
    pub fn replies(&self, channel: &str, thread_ts: &str) -> Vec<Value> {
        let Some(channel) = self.channel(channel) else {
            return Vec::new();
        };
        let replies = channel
            .messages
            .values()
            .filter(|message| message.is_reply_to(thread_ts));
        replies.map(|message| message.to_json(true)).collect()
    }

    /// Returns a user group by id or handle.
    pub fn group_called(&self, name: &str) -> Option<&Group> {
        self.groups
            .iter()
            .find(|group| group.id == name || group.handle == name)
    }

    /// Returns the team id of a user.
    pub(crate) fn team_of(&self, user: &str) -> &'static str {
        let is_stranger = self.user(user).is_some_and(|user| user.is_stranger);
        if is_stranger { STRANGERS } else { TEAM }
    }

    pub(crate) fn caller_of_user(&self, user: &str) -> Option<Caller> {
        if let Some(app) = self.apps.iter().find(|app| app.user_id == user) {
            return Some(Caller::bot(app));
        }
        self.user(user).map(|user| Caller::Person {
            user_id: user.id.clone(),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        let now = self.options.clock.now();
        now.checked_add(self.options.clock_skew).unwrap_or(now)
    }

    /// Returns a new message timestamp: the current time, and later than all before.
    pub(crate) fn next_ts(&mut self) -> String {
        self.last_ts = self.now().as_microsecond().max(self.last_ts + 1);
        format!("{:010}.{:06}", self.last_ts / 1_000_000, self.last_ts % 1_000_000)
    }

    pub(crate) fn next_number(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Returns a new id with this prefix. It contains the start time, so that a bot that outlives the workspace sees no
    /// id twice.
    pub(crate) fn next_id(&mut self, prefix: &str) -> String {
        let number = self.next_number();
        format!("{prefix}{:010X}{number:05X}", self.started / 1000 % 0x00FF_FFFF_FFFF)
    }

    /// Returns a new id in the form of a UUID.
    pub(crate) fn next_uuid(&mut self) -> String {
        let number = self.next_number();
        let started = self.started.unsigned_abs();
        format!(
            "{:08x}-{:04x}-4000-8000-{number:012x}",
            started >> 24 & 0xFFFF_FFFF,
            started >> 8 & 0xFFFF
        )
    }

    /// Sends a change to the open pages; without any it is dropped.
    pub(crate) fn tell_page(&self, change: Value) {
        let _ = self.live.send(change);
    }

    /// Sends a message's current state to the open pages.
    pub(crate) fn tell_page_of(&self, channel: &str, ts: &str) {
        let Some(message) = self.message(channel, ts) else {
            return;
        };
        self.tell_page(json!({"type": "message", "channel": channel, "message": self.shown(channel, message)}));
    }

    /// Returns a message as the page and `/sandbox/state` show it: with metadata, the user of an ephemeral one, and the
    /// thread's counts.
    pub(crate) fn shown(&self, channel: &str, message: &Message) -> Value {
        let mut value = self.with_thread(channel, message, true);
        if let (Some(user), Some(object)) = (&message.ephemeral_to, value.as_object_mut()) {
            object.insert("ephemeral_to".into(), json!(user));
        }
        value
    }

    /// Returns a message as the reading methods do: a thread's root counts its replies.
    pub(crate) fn with_thread(&self, channel: &str, message: &Message, with_metadata: bool) -> Value {
        let mut value = message.to_json(with_metadata);
        let replies: Vec<&Message> = self.channel(channel).map_or_else(Vec::new, |channel| {
            channel
                .messages
                .range(message.ts().to_owned()..)
                .map(|(_, found)| found)
                .filter(|found| found.is_reply_to(message.ts()) && found.ephemeral_to.is_none())
                .collect()
        });
        if let (Some(last), Some(object)) = (replies.last(), value.as_object_mut()) {
            let mut users: Vec<&str> = Vec::new();
            for user in replies.iter().map(|reply| reply.user()) {
                if !users.contains(&user) {
                    users.push(user);
                }
            }
            object.insert("thread_ts".into(), json!(message.ts()));
            object.insert("reply_count".into(), json!(replies.len()));
            object.insert("reply_users_count".into(), json!(users.len()));
            object.insert("reply_users".into(), json!(users));
            object.insert("latest_reply".into(), json!(last.ts()));
        }
        value
    }
}
