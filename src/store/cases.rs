//! Cases, what messages were answered with, and mutes: what people see when they come back to a thread.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Error;

/// A case as it is kept. The store reads nothing of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    /// Unique for ever.
    pub id: String,
    /// Channel id.
    pub channel: String,
    /// The thread it is worked on in; `None` while only one person sees it.
    pub thread_ts: Option<String>,
    /// Who pasted it: a user id or a bot id.
    pub author: Option<String>,
    /// What makes two cases the same error.
    pub fingerprint: String,
    /// Key of its card in the outbox, which is kept as long as the case is.
    pub post: Option<String>,
    /// 0 for one that is not stored yet; else as it was read.
    pub version: i64,
    /// What people work on, as JSON, redacted.
    pub body: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a message was answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// The message: `team:channel:ts`.
    pub message: String,
    /// What the answer is about.
    pub about: String,
    /// Key of the answer in the outbox.
    pub post: Option<String>,
    /// The case that it belongs to.
    pub case: Option<String>,
}

/// A channel that is quiet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mute {
    /// The user who asked for it.
    pub by: String,
    /// Until when; `None`: until somebody unmutes it.
    pub until: Option<Timestamp>,
}

/// Cases, answers and mutes. Every method is one transaction.
#[async_trait]
pub trait Cases: Send + Sync + Debug + 'static {
    /// What a message was answered with.
    async fn answer(&self, message: &str) -> Result<Option<Answered>, Error>;

    /// Every message that a case answers.
    async fn answers_of_case(&self, case: &str) -> Result<Vec<Answered>, Error>;

    /// A case.
    async fn case(&self, id: &str) -> Result<Option<CaseRow>, Error>;

    /// The cases of a channel that changed since, the latest first, at most 200.
    async fn cases_since(&self, channel: &str, since: Timestamp) -> Result<Vec<CaseRow>, Error>;

    /// The cases that a person had to do with, the latest first.
    async fn cases_of(&self, user: &str, limit: u32) -> Result<Vec<CaseRow>, Error>;

    /// Mutes a channel, or unmutes it with `None`.
    async fn mute(&self, channel: &str, mute: Option<&Mute>, now: Timestamp) -> Result<(), Error>;

    /// Whether a channel is muted.
    async fn muted(&self, channel: &str, now: Timestamp) -> Result<Option<Mute>, Error>;
}
