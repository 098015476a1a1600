//! Rows of the outbox.

use std::time::Duration;

use jiff::Timestamp;

/// The longest time that a row waits for its next try. A row whose time is further away than this is due: the clock was
/// wrong when it was written.
pub const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// What is to be done in Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPost {
    /// Unique for ever: the same key is never posted twice.
    pub key: String,
    /// Channel id. What is done to a row's message goes where that message is, whatever stands here.
    pub channel: String,
    /// The thread it belongs to.
    pub thread_ts: Option<String>,
    /// What is done.
    pub action: Action,
    /// The message as JSON, redacted; empty for [`Action::Delete`].
    pub body: String,
}

/// What a row of the outbox does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Action {
    /// Posts a message: exactly once.
    #[default]
    Post,
    /// Gives the message of another row another content. It waits until that one is posted; a later update takes the
    /// place of one that still waits; none is sent when the message is gone.
    Update {
        /// The other row's key.
        of: String,
    },
    /// Deletes the message of another row. One that was not posted yet never is.
    Delete {
        /// The other row's key.
        of: String,
    },
    /// Shows a message to one person: at least once, as it cannot be looked up.
    Ephemeral {
        /// Who sees it.
        user: String,
    },
}

impl Action {
    /// As it is stored.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
            Self::Ephemeral { .. } => "ephemeral",
        }
    }
}

/// A row of the outbox whose turn may have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Its place in the order.
    pub seq: i64,
    /// See [`NewPost::key`].
    pub key: String,
    /// Channel id.
    pub channel: String,
    /// The thread it belongs to.
    pub thread_ts: Option<String>,
    /// What is done.
    pub action: Action,
    /// How far it is.
    pub state: PostState,
    /// Tries so far.
    pub attempts: u32,
    /// When it was first tried.
    pub first_try_at: Option<Timestamp>,
}

/// What may be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Now, the oldest first.
    pub posts: Vec<Post>,
    /// When the next one is, of those that must wait.
    pub next_at: Option<Timestamp>,
}

/// Whether it is a row's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// It is marked as being sent.
    Ready(Ready),
    /// There is nothing to send (any more, or yet): why, when that was found out just now.
    Over(Option<&'static str>),
}

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The message as JSON, as it is now.
    pub body: String,
    /// The message that is updated or deleted.
    pub place: Option<Place>,
}

/// Where a message stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Channel id.
    pub channel: String,
    /// Its `ts`.
    pub ts: String,
}

/// How far a post is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostState {
    /// To be sent.
    Pending,
    /// A request is under way.
    Sending,
    /// A request was under way and its end is not known: looked up before it is sent again.
    Uncertain,
    /// Posted.
    Sent,
    /// Given up.
    Failed,
    /// Not needed any more: a later one took its place, or its message is not there.
    Dropped,
    /// Its message is not in Slack any more.
    Gone,
}

impl PostState {
    /// As it is stored.
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

    /// From how it is stored.
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

/// How a try to send ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// How far the post is now.
    pub state: PostState,
    /// Not before this time, when it is to be tried again.
    pub next_at: Timestamp,
    /// Its `ts`, when it was posted.
    pub posted_ts: Option<String>,
    /// Why it was not.
    pub error: Option<String>,
    /// A shorter message to try next.
    pub body: Option<String>,
}
