//! Raw JSON from Slack → what the bot works with. Every field is optional that can be: one odd sub-field must never cost
//! the text of a message, as it does with typed models (facts: slack-morphism's flattened content).

use serde_json::Value;

use super::text;

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
}

/// Who the bot is, from `auth.test`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its workspace.
    pub team_id: String,
    /// Its user id.
    pub user_id: String,
    /// Its bot id.
    pub bot_id: Option<String>,
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

/// A message, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// Workspace that the event came for.
    pub team: String,
    /// Channel id.
    pub channel: String,
    /// Id of the message in its channel.
    pub ts: String,
    /// The thread it stands in.
    pub thread_ts: Option<String>,
    /// When it was edited, if this is an edit.
    pub edited_ts: Option<String>,
    /// Person, or a bot's user.
    pub user: Option<String>,
    /// Bot that wrote it.
    pub bot_id: Option<String>,
    /// App of that bot.
    pub app_id: Option<String>,
    /// Workspace of the author, when it is told.
    pub author_team: Option<String>,
    /// Its text, with Slack's escapes; see [`text::of_message`].
    pub text: String,
    /// A direct message, or one of a group of people without a channel.
    pub direct: bool,
    /// Whether this arrival shows that the bot was mentioned.
    pub mentioned: bool,
    /// Whether it carries images.
    pub images: bool,
    /// Whether the channel is shared with another organisation.
    pub ext_shared: bool,
    /// Whether the workspace belongs to an organisation with several workspaces.
    pub enterprise: bool,
}

impl Message {
    /// The message, whichever way and however often edited.
    pub fn id(&self) -> String {
        format!("{}:{}:{}", self.team, self.channel, self.ts)
    }

    /// The message in this version: what makes `message` and `app_mention` the same thing.
    pub fn key(&self) -> String {
        format!("{}:{}", self.id(), self.edited_ts.as_deref().unwrap_or_default())
    }

    /// The thread that an answer belongs into.
    pub fn answer_thread(&self) -> &str {
        self.thread_ts.as_deref().unwrap_or(&self.ts)
    }
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
        ("app_mention", _) => message(payload, event, event, us),
        ("message", None | Some("file_share" | "thread_broadcast" | "bot_message" | "me_message")) => {
            message(payload, event, event, us)
        }
        ("message", Some("message_changed")) => changed(payload, event, us),
        ("message", Some("message_deleted")) => deleted(payload, event),
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
        return deleted(payload, event);
    }
    let previous = event.get("previous_message").filter(|message| message.is_object());
    let same = previous.is_some_and(|previous| text::of_message(previous) == text::of_message(inner));
    // Unfurls send the same text again about a second later, without `edited`.
    if same || inner.get("edited").is_none() {
        return Event::Ignored {
            kind: "message.message_changed with the same text".to_owned(),
        };
    }
    message(payload, event, inner, us)
}

fn deleted(payload: &Value, event: &Value) -> Event {
    let ts = string(event, "deleted_ts")
        .or_else(|| event.get("previous_message").and_then(|message| string(message, "ts")))
        .or_else(|| event.get("message").and_then(|message| string(message, "ts")));
    match (string(event, "channel"), ts) {
        (Some(channel), Some(ts)) => Event::Deleted {
            message: format!("{}:{channel}:{ts}", team(payload, event).unwrap_or_default()),
        },
        _ => Event::Odd {
            why: "a deleted message without channel or ts",
        },
    }
}

/// `event` tells where, `inner` what: they differ for edits.
fn message(payload: &Value, event: &Value, inner: &Value, us: &Identity) -> Event {
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
    let text = text::of_message(inner);
    let mentioned = string(event, "type").as_deref() == Some("app_mention") || text::mentions(&text, &us.user_id);
    let direct = match string(event, "channel_type").as_deref() {
        Some(kind) => matches!(kind, "im" | "app_home"),
        None => channel.starts_with('D'),
    };
    Event::Message(Box::new(Message {
        team: team(payload, event).unwrap_or_else(|| us.team_id.clone()),
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
        ext_shared: payload
            .get("is_ext_shared_channel")
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        enterprise: is_enterprise(payload),
        channel,
        ts,
        text,
        direct,
        mentioned,
    }))
}

fn team(payload: &Value, event: &Value) -> Option<String> {
    string(payload, "team_id").or_else(|| string(event, "team"))
}

fn is_enterprise(payload: &Value) -> bool {
    string(payload, "enterprise_id").is_some()
        || payload
            .get("authorizations")
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(|one| string(one, "enterprise_id").is_some()))
}

/// A field as text: numbers stand where Slack documents strings often enough.
pub(super) fn string(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
