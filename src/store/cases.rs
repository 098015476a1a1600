//! Cases, what messages were answered with, and mutes: what people see when they come back to a thread.

use std::fmt::Debug;
use std::ops::ControlFlow;

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
    /// A digest of what tells a case from others with its fingerprint; `None` when it was written by an older version.
    pub identity: Option<String>,
    /// Whether people may still work on it.
    pub open: bool,
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

/// What cases of a channel are looked up by. Every look-up has an index.
#[derive(Debug, Clone, Copy)]
pub enum CaseLookup<'a> {
    /// Cases of a thread, including those whose shared card begins it; the newest first.
    Thread(&'a str),
    /// Cases with a fingerprint that changed since a time, the latest change first.
    Fingerprint {
        /// The whole fingerprint.
        fingerprint: &'a str,
        /// Restricts the look-up to cases with this identity.
        identity: Option<&'a str>,
        /// When they last changed, at the earliest.
        since: Timestamp,
    },
    /// Open cases whose fingerprint begins with this, in the order of their fingerprints.
    Open(&'a str),
    /// Cases of an author that changed since a time, the latest change first.
    Author {
        /// A user id or a bot id.
        author: &'a str,
        /// When they last changed, at the earliest.
        since: Timestamp,
    },
}

/// Receives the cases of a look-up one by one; `Break` ends it.
pub type CaseVisitor<'a> = dyn FnMut(CaseRow) -> ControlFlow<()> + Send + 'a;

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

    /// Passes cases of a channel to `visit`, all read from one snapshot and one in memory at a time, until it breaks.
    async fn visit_cases(
        &self,
        channel: &str,
        lookup: CaseLookup<'_>,
        visit: &mut CaseVisitor<'_>,
    ) -> Result<(), Error>;

    /// The cases that a person had to do with, the latest first.
    async fn cases_of(&self, user: &str, limit: u32) -> Result<Vec<CaseRow>, Error>;

    /// Mutes a channel, or unmutes it with `None`.
    async fn mute(&self, channel: &str, mute: Option<&Mute>, now: Timestamp) -> Result<(), Error>;

    /// Whether a channel is muted.
    async fn muted(&self, channel: &str, now: Timestamp) -> Result<Option<Mute>, Error>;
}
