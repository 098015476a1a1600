//! Decoding of Slack's raw JSON to the bot's own types. Every field that can be is optional: one odd sub-field must
//! never lose the text of a message, as it does with typed models such as slack-morphism's flattened content.

use serde_json::Value;

use super::text;
use crate::policy::{self, Affiliation};

mod file;
mod interaction;
mod message;

pub use file::{FileMode, FileRef};
pub use interaction::{
    Actions, BlockAction, Container, Input, Interaction, InteractionContext, Shortcut, SlashCommand, View, ViewAnswer,
    Who, interaction,
};
pub use message::Message;

/// A frame of Socket Mode.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// The connection is established.
    Hello {
        /// Connections of the app, this one included.
        num_connections: Option<u32>,
    },
    /// The connection is about to be closed.
    Disconnect {
        /// `warning`, `refresh_requested`, `link_disabled`, `too_many_websockets`.
        reason: String,
    },
    /// A delivery to acknowledge.
    Envelope(Envelope),
    /// A JSON object of an unknown kind.
    Unknown,
}

/// A delivery that Slack wants acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// Id to name in the acknowledgement.
    pub id: String,
    /// `events_api`, `interactive`, `slash_commands`.
    pub kind: String,
    /// The content.
    pub payload: Value,
    /// Number of earlier deliveries.
    pub retry_attempt: u64,
    /// True when the acknowledgement may carry a payload.
    pub accepts_payload: bool,
}

impl Envelope {
    /// Returns true when a person waits for the answer: it is given with the acknowledgement and never queues behind
    /// messages.
    pub fn is_interaction(&self) -> bool {
        matches!(self.kind.as_str(), "interactive" | "slash_commands")
    }

    /// Keys of an interaction, any of which identifies another delivery of it: the id of the delivery, and that of the
    /// interaction itself where Slack gives one.
    pub fn keys(&self) -> Vec<String> {
        let delivery = format!("delivery:{}", self.id);
        std::iter::once(delivery)
            .chain(interaction::key(&self.payload))
            .collect()
    }
}

/// The bot's identity, from `auth.test`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The bot's workspace.
    pub team_id: String,
    /// The organisation that the workspace belongs to, if there is one.
    pub enterprise_id: Option<String>,
    /// The bot's user id.
    pub user_id: String,
    /// The bot's bot id.
    pub bot_id: Option<String>,
}

impl Identity {
    /// Returns true when a person comes from another organisation than the bot. `team` is the person's workspace,
    /// `enterprise` the organisation that the event or interaction names.
    pub fn is_external(&self, team: Option<&str>, enterprise: Option<&str>) -> bool {
        let ours = Affiliation {
            team: Some(&self.team_id),
            enterprise: self.enterprise_id.as_deref(),
        };
        policy::is_external(Affiliation { team, enterprise }, ours)
    }
}

/// Content of an `event_callback`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message to examine.
    Message(Box<Message>),
    /// A message was deleted.
    Deleted {
        /// `team:channel:ts`.
        message: String,
        /// The thread of the message, if Slack names it; the message's own `ts` for a root that has replies.
        thread_ts: Option<String>,
        /// True when the message was the root of a thread or could have become one; `None` when Slack does not tell.
        root: Option<bool>,
        /// The author: a person or a bot.
        author: Option<String>,
    },
    /// A person opened the bot's own page.
    HomeOpened {
        /// The person.
        user: String,
        /// `home` or `messages`.
        tab: String,
    },
    /// Somebody added a reaction to a message.
    Reacted(Reaction),
    /// An event that the bot ignores: joins, unfurls, and others.
    Ignored {
        /// Type and subtype of the event.
        kind: String,
    },
    /// A message without a field that messages need.
    Odd {
        /// The missing part.
        why: &'static str,
    },
}

/// A reaction that somebody added to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The workspace.
    pub team: String,
    /// The channel.
    pub channel: String,
    /// The message's `ts`.
    pub ts: String,
    /// User id of who added it.
    pub user: String,
    /// Name of the emoji.
    pub name: String,
    /// True when the channel is shared with another organisation.
    pub ext_shared: bool,
    /// Slack's time at which it was added.
    pub event_ts: Option<String>,
}

impl Reaction {
    /// Returns the id of the message: `team:channel:ts`.
    pub fn message(&self) -> String {
        format!("{}:{}:{}", self.team, self.channel, self.ts)
    }

    /// Reads the message that it was added to, as Slack gave it on request.
    pub fn message_of(&self, inner: &Value, us: &Identity) -> Message {
        Message {
            team: self.team.clone(),
            channel: self.channel.clone(),
            ts: self.ts.clone(),
            direct: self.channel.starts_with('D'),
            ext_shared: self.ext_shared,
            ..message::of(inner, us)
        }
    }
}

/// Reads a frame; `None` when it is not a JSON object.
pub fn frame(text: &str) -> Option<Frame> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.as_object()?;
    if let Some(id) = string(&value, "envelope_id") {
        return Some(Frame::Envelope(Envelope {
            id,
            kind: string(&value, "type").unwrap_or_default(),
            payload: value.get("payload").cloned().unwrap_or(Value::Null),
            retry_attempt: value.get("retry_attempt").and_then(Value::as_u64).unwrap_or_default(),
            accepts_payload: value
                .get("accepts_response_payload")
                .and_then(Value::as_bool)
                .unwrap_or(true),
        }));
    }
    Some(match string(&value, "type").as_deref() {
        Some("hello") => Frame::Hello {
            num_connections: value
                .get("num_connections")
                .and_then(Value::as_u64)
                .and_then(|n| u32::try_from(n).ok()),
        },
        Some("disconnect") => Frame::Disconnect {
            reason: string(&value, "reason").unwrap_or_default(),
        },
        _ => Frame::Unknown,
    })
}

/// Returns the id of an event, the same in every delivery of it.
pub fn event_id(payload: &Value) -> Option<String> {
    string(payload, "event_id")
}

/// Reads the content of an `event_callback`.
pub fn event(payload: &Value, us: &Identity) -> Event {
    let Some(event) = payload.get("event").filter(|event| event.is_object()) else {
        return Event::Odd {
            why: "it carries no event",
        };
    };
    let kind = string(event, "type").unwrap_or_default();
    let subtype = string(event, "subtype");
    match (kind.as_str(), subtype.as_deref()) {
        ("app_mention", _) => message::read(payload, event, event, us),
        ("message", subtype) if is_written(subtype) => message::read(payload, event, event, us),
        ("message", Some("message_changed")) => changed(payload, event, us),
        ("message", Some("message_deleted")) => deleted(payload, event, us),
        ("app_home_opened", _) => match string(event, "user") {
            Some(user) => Event::HomeOpened {
                user,
                tab: string(event, "tab").unwrap_or_else(|| "home".to_owned()),
            },
            None => Event::Odd {
                why: "a Home tab was opened without a user",
            },
        },
        // A reaction to a file, or one that lacks a part, is nothing to act on.
        ("reaction_added", _) => reacted(payload, event, us).map_or(Event::Ignored { kind }, Event::Reacted),
        ("", _) => Event::Odd {
            why: "its event has no type",
        },
        _ => Event::Ignored {
            kind: subtype.map_or_else(|| kind.clone(), |subtype| format!("{kind}.{subtype}")),
        },
    }
}

/// Reads a message of an export, which has the form of a message event without its place. `place` holds `channel` and
/// `channel_type`.
pub(super) fn exported(message: &Value, place: &Value, us: &Identity) -> Event {
    let (kind, subtype) = (string(message, "type"), string(message, "subtype"));
    match kind.as_deref() {
        None | Some("message") if is_written(subtype.as_deref()) => message::read(&Value::Null, place, message, us),
        _ => Event::Ignored {
            kind: subtype.or(kind).unwrap_or_default(),
        },
    }
}

/// Returns true for the subtypes of messages that somebody wrote. The others are notices: joins, topics, tombstones.
fn is_written(subtype: Option<&str>) -> bool {
    matches!(
        subtype,
        None | Some("file_share" | "thread_broadcast" | "bot_message" | "me_message")
    )
}

fn reacted(payload: &Value, event: &Value, us: &Identity) -> Option<Reaction> {
    let item = event.get("item")?;
    Some(Reaction {
        team: team(payload, event).unwrap_or_else(|| us.team_id.clone()),
        channel: string(item, "channel")?,
        ts: string(item, "ts")?,
        user: string(event, "user")?,
        name: string(event, "reaction")?,
        ext_shared: payload
            .get("is_ext_shared_channel")
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        event_ts: string(event, "event_ts"),
    })
}

fn changed(payload: &Value, event: &Value, us: &Identity) -> Event {
    let Some(inner) = event.get("message").filter(|message| message.is_object()) else {
        return Event::Odd {
            why: "a changed message without the message",
        };
    };
    if string(inner, "subtype").as_deref() == Some("tombstone") {
        return deleted(payload, event, us);
    }
    let previous = event
        .get("previous_message")
        .filter(|message| message.is_object())
        .map(|previous| text::of_message(previous, us));
    let changed = match &previous {
        // Unfurls send the same text again about a second later, without `edited`.
        Some(previous) => *previous != text::of_message(inner, us),
        None => inner.get("edited").is_some_and(Value::is_object),
    };
    if !changed {
        return Event::Ignored {
            kind: "message.message_changed with the same text".to_owned(),
        };
    }
    match message::read(payload, event, inner, us) {
        Event::Message(mut message) => {
            message.previous_text = previous;
            // A bot that updates its message, or a preview that comes later, sets no `edited`.
            message.edited_ts = message
                .edited_ts
                .or_else(|| string(event, "event_ts"))
                .or_else(|| string(event, "ts"));
            Event::Message(message)
        }
        other => other,
    }
}

fn deleted(payload: &Value, event: &Value, us: &Identity) -> Event {
    let known: Vec<&Value> = ["previous_message", "message"]
        .iter()
        .filter_map(|key| event.get(key))
        .filter(|message| message.is_object())
        .collect();
    let of = |key: &str| known.iter().find_map(|message| string(message, key));
    let (Some(channel), Some(ts)) = (
        string(event, "channel"),
        string(event, "deleted_ts").or_else(|| of("ts")),
    ) else {
        return Event::Odd {
            why: "a deleted message without channel or ts",
        };
    };
    let thread_ts = of("thread_ts");
    let root = match &thread_ts {
        Some(thread) => Some(*thread == ts),
        None => (!known.is_empty()).then_some(true),
    };
    // The author of a tombstone is Slack itself, so only the previous message names the real one.
    let previous = event.get("previous_message");
    Event::Deleted {
        message: format!(
            "{}:{channel}:{ts}",
            team(payload, event).unwrap_or_else(|| us.team_id.clone())
        ),
        author: previous.and_then(|previous| string(previous, "user").or_else(|| string(previous, "bot_id"))),
        thread_ts,
        root,
    }
}

fn team(payload: &Value, event: &Value) -> Option<String> {
    string(payload, "team_id").or_else(|| string(event, "team"))
}

/// Returns the elements of an array; none for any other value.
pub(super) fn array(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns a field as text: Slack often enough sends numbers where it documents strings.
pub(super) fn string(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
