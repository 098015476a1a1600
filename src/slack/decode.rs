//! Raw JSON from Slack → what the bot works with. Every field is optional that can be: one odd sub-field must never cost
//! the text of a message, as it does with typed models (facts: slack-morphism's flattened content).

use serde_json::Value;

use super::text;
use crate::policy::{self, Affiliation};

mod file;
mod interaction;
mod message;

pub use file::{FileMode, FileRef};
pub use interaction::{
    Action, Actions, Container, Input, Interaction, InteractionContext, Shortcut, SlashCommand, View, ViewAnswer, Who,
    interaction,
};
pub use message::Message;

/// A frame of Socket Mode.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// The connection is there.
    Hello {
        /// Connections of the app, this one included.
        num_connections: Option<u32>,
    },
    /// The connection is about to go.
    Disconnect {
        /// `warning`, `refresh_requested`, `link_disabled`, `too_many_websockets`.
        reason: String,
    },
    /// Something to acknowledge.
    Envelope(Envelope),
    /// JSON, but nothing that is known.
    Unknown,
}

/// Something that Slack wants acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// What the acknowledgement names.
    pub id: String,
    /// `events_api`, `interactive`, `slash_commands`.
    pub kind: String,
    /// What it carries.
    pub payload: Value,
    /// How often it was delivered before.
    pub retry_attempt: u64,
    /// Whether its acknowledgement may carry a payload.
    pub accepts_payload: bool,
}

impl Envelope {
    /// Whether a person waits for the answer: it is given with the acknowledgement and never waits behind messages.
    pub fn is_interaction(&self) -> bool {
        matches!(self.kind.as_str(), "interactive" | "slash_commands")
    }

    /// Keys of an interaction, any of which says that two deliveries are of the same one: the id of the delivery, and
    /// that of the interaction itself where Slack gives one.
    pub fn keys(&self) -> Vec<String> {
        let delivery = format!("delivery:{}", self.id);
        std::iter::once(delivery)
            .chain(interaction::key(&self.payload))
            .collect()
    }
}

/// Who the bot is, from `auth.test`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its workspace.
    pub team_id: String,
    /// The organisation that its workspace belongs to, where there is one.
    pub enterprise_id: Option<String>,
    /// Its user id.
    pub user_id: String,
    /// Its bot id.
    pub bot_id: Option<String>,
}

impl Identity {
    /// Whether a person of this workspace belongs to another organisation than the bot. `enterprise`: the organisation that
    /// the event or interaction names.
    pub fn is_external(&self, team: Option<&str>, enterprise: Option<&str>) -> bool {
        let ours = Affiliation {
            team: Some(&self.team_id),
            enterprise: self.enterprise_id.as_deref(),
        };
        policy::is_external(Affiliation { team, enterprise }, ours)
    }
}

/// What an `event_callback` tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message to look at.
    Message(Box<Message>),
    /// A message was deleted.
    Deleted {
        /// `team:channel:ts`.
        message: String,
        /// The thread that it stood in, when that is told; its own `ts` for a root that has replies.
        thread_ts: Option<String>,
        /// Whether it was the root of a thread or could have become one; `None` when Slack does not tell.
        root: Option<bool>,
        /// Who had written it: a person, or a bot.
        author: Option<String>,
    },
    /// A person opened the bot's own page.
    HomeOpened {
        /// The person.
        user: String,
        /// `home` or `messages`.
        tab: String,
    },
    /// Nothing for us: joins, unfurls, reactions, other events.
    Ignored {
        /// Its type and subtype.
        kind: String,
    },
    /// It should be a message, but lacks what a message needs.
    Odd {
        /// What is missing.
        why: &'static str,
    },
}

/// Reads a frame. `None` when it is no JSON object.
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

/// The id of an event, the same in every delivery of it.
pub fn event_id(payload: &Value) -> Option<String> {
    string(payload, "event_id")
}

/// Reads what an `event_callback` tells.
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
        ("message", None | Some("file_share" | "thread_broadcast" | "bot_message" | "me_message")) => {
            message::read(payload, event, event, us)
        }
        ("message", Some("message_changed")) => changed(payload, event, us),
        ("message", Some("message_deleted")) => deleted(payload, event, us),
        ("app_home_opened", _) => match string(event, "user") {
            Some(user) => Event::HomeOpened {
                user,
                tab: string(event, "tab").unwrap_or_else(|| "home".to_owned()),
            },
            None => Event::Odd {
                why: "a Home tab was opened by nobody",
            },
        },
        ("", _) => Event::Odd {
            why: "its event has no type",
        },
        _ => Event::Ignored {
            kind: subtype.map_or_else(|| kind.clone(), |subtype| format!("{kind}.{subtype}")),
        },
    }
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
            // A bot that updates its message, or a preview that comes later, leaves no `edited`.
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
    // The author of a tombstone is Slack itself, so only the previous message tells.
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

/// The elements of an array; none of anything else.
pub(super) fn array(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A field as text: numbers stand where Slack documents strings often enough.
pub(super) fn string(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
