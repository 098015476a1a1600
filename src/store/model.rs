//! The rows.

use jiff::Timestamp;

use super::cases::{Answered, CaseRow};

/// Something that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// What makes two deliveries the same thing: `team:channel:ts:edited.ts` for messages, the event id for others.
    pub key: String,
    /// Rows of one lane are handled in order: the channel.
    pub lane: String,
    /// Whether this arrival says that the bot was mentioned.
    pub mentioned: bool,
    /// The raw payload.
    pub payload: String,
    /// `false` for what could not be decoded: it is kept for a look by a person and not handled.
    pub decoded: bool,
}

/// What became of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It is new.
    New,
    /// It was known; nothing changed.
    Known,
    /// It was known and waits; now it is known that the bot was mentioned.
    Mentioned,
    /// It had been handled in silence; as the bot was mentioned it waits again.
    Reopened,
}

impl Receipt {
    /// Whether there is something to handle.
    pub fn wakes(self) -> bool {
        matches!(self, Self::New | Self::Reopened)
    }
}

/// A row of the inbox that is to be handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the order.
    pub seq: i64,
    /// See [`Arrival::key`].
    pub key: String,
    /// See [`Arrival::lane`].
    pub lane: String,
    /// Whether any arrival said that the bot was mentioned.
    pub mentioned: bool,
    /// The raw payload.
    pub payload: String,
    /// How often it was begun, this time included.
    pub attempts: u32,
}

/// What handling a row led to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// What is to be posted.
    pub posts: Vec<NewPost>,
    /// The messages that are answered now, and what with; empty for silence.
    pub answered: Vec<Answered>,
    /// Cases that are new or changed.
    pub cases: Vec<CaseRow>,
    /// Cases of which nothing may stay, for their message was deleted.
    pub forget: Vec<String>,
}

/// A message to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPost {
    /// Unique for ever: the same key is never posted twice.
    pub key: String,
    /// Channel id.
    pub channel: String,
    /// The thread it belongs to.
    pub thread_ts: Option<String>,
    /// The message as JSON, redacted.
    pub body: String,
}

/// A row of the outbox.
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
    /// The message as JSON.
    pub body: String,
    /// How far it is.
    pub state: PostState,
    /// Tries so far.
    pub attempts: u32,
    /// Not before this time.
    pub next_at: Timestamp,
    /// When it was first tried.
    pub first_try_at: Option<Timestamp>,
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
        }
    }

    /// From how it is stored.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Sending, Self::Uncertain, Self::Sent, Self::Failed]
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

/// What a purge removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Rows that were older than the retention.
    pub forgotten: u64,
    /// Payloads erased for their age.
    pub erased: u64,
    /// Of these, messages that had not been handled.
    pub unhandled: u64,
}
