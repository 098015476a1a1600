//! Rows of the outbox.

use std::time::Duration;

use jiff::Timestamp;

/// Longest time that a row waits for its next attempt. A row scheduled later than this is due now: the clock was wrong
/// when it was written.
pub const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// A row to add to the outbox: something to do in Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPost {
    /// The row's key, never reused: the same key is never posted twice.
    pub key: String,
    /// Channel id. Changes to a row's message go where that message is, whatever this says.
    pub channel: String,
    /// The thread that the message belongs to.
    pub thread_ts: Option<String>,
    /// The action to take.
    pub action: Action,
    /// The message as JSON, redacted; empty for [`Action::Delete`] and reactions.
    pub body: String,
}

/// The action of a row of the outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Action {
    /// Posts a message: exactly once.
    #[default]
    Post,
    /// Replaces the content of another row's message. It waits until that one is posted; a later update replaces one
    /// that still waits; none is sent when the message is gone.
    Update {
        /// The other row's key.
        of: String,
    },
    /// Deletes the message of another row. A message that was not posted yet never will be.
    Delete {
        /// The other row's key.
        of: String,
    },
    /// Shows a message to one person: at least once, as it cannot be looked up.
    Ephemeral {
        /// Id of the user who sees the message.
        user: String,
    },
    /// Adds a reaction to somebody's message. Adding it twice does no harm.
    React {
        /// The message's `ts`.
        ts: String,
        /// Name of the emoji, without colons.
        name: String,
    },
    /// Removes the bot's reaction from somebody's message. Removing it twice does no harm.
    Unreact {
        /// The message's `ts`.
        ts: String,
        /// Name of the emoji, without colons.
        name: String,
    },
}

impl Action {
    /// The action's name in the store.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
            Self::Ephemeral { .. } => "ephemeral",
            Self::React { .. } => "react",
            Self::Unreact { .. } => "unreact",
        }
    }

    /// The key of the row whose message is changed.
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Update { of } | Self::Delete { of } => Some(of),
            Self::Post | Self::Ephemeral { .. } | Self::React { .. } | Self::Unreact { .. } => None,
        }
    }

    /// The id of the only person who sees the message.
    pub fn person(&self) -> Option<&str> {
        match self {
            Self::Ephemeral { user } => Some(user),
            _ => None,
        }
    }

    /// The message that a reaction is about, by its `ts`, and the name of the emoji.
    pub fn reaction(&self) -> Option<(&str, &str)> {
        match self {
            Self::React { ts, name } | Self::Unreact { ts, name } => Some((ts, name)),
            _ => None,
        }
    }
}

/// A row of the outbox that may be due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Position in the order of the outbox.
    pub seq: i64,
    /// Key of the row ([`NewPost::key`]).
    pub key: String,
    /// Channel id.
    pub channel: String,
    /// The thread that the message belongs to.
    pub thread_ts: Option<String>,
    /// The action to take.
    pub action: Action,
    /// The row's state.
    pub state: PostState,
    /// Number of attempts so far.
    pub attempts: u32,
    /// Time of the first attempt.
    pub first_try_at: Option<Timestamp>,
}

/// Rows of the outbox that may be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// The rows that are due now, the oldest first.
    pub posts: Vec<Post>,
    /// Time at which the next of the other rows is due.
    pub next_at: Option<Timestamp>,
}

/// Result of [`Store::sending`](super::Store::sending).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// The row is marked as being sent.
    Ready(Ready),
    /// There is nothing to send (any more, or yet); holds the reason when that was found out just now.
    Over(Option<&'static str>),
}

/// The content to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The message's current content as JSON.
    pub body: String,
    /// The message to update or delete.
    pub place: Option<MessageRef>,
    /// For an answer, the time at which the message was written that it answers, by Slack's clock; `None` where answers
    /// never expire.
    pub written_at: Option<Timestamp>,
}

/// Counts of the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Rows that wait to be sent, or to be looked up.
    pub waiting: u64,
    /// Time at which the oldest of them was added.
    pub oldest: Option<Timestamp>,
}

/// The place of a message in Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRef {
    /// Channel id.
    pub channel: String,
    /// The message's `ts`.
    pub ts: String,
}

/// State of a row of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostState {
    /// The row is to be sent.
    Pending,
    /// A request is in progress.
    Sending,
    /// A request was in progress and its result is not known: the message is looked up before it is sent again.
    Uncertain,
    /// The row was sent.
    Sent,
    /// The row was given up.
    Failed,
    /// The row is not needed any more: a later one replaced it, or its message is not there.
    Dropped,
    /// The row's message is not in Slack any more.
    Gone,
}

impl PostState {
    /// The state's name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Uncertain => "uncertain",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::Gone => "gone",
        }
    }

    /// Parses a state's name in the store.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Sending,
            Self::Uncertain,
            Self::Sent,
            Self::Failed,
            Self::Dropped,
            Self::Gone,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }
}

/// Result of an attempt to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostOutcome {
    /// The new state.
    pub state: PostState,
    /// Earliest time of the next attempt, if there is to be one.
    pub next_at: Timestamp,
    /// The message's `ts`, when it was posted.
    pub posted_ts: Option<String>,
    /// The reason why it was not sent.
    pub error: Option<String>,
    /// A shorter message for the next attempt.
    pub body: Option<String>,
}
