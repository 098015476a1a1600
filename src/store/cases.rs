//! Cases, answers to messages, and mutes: the state that people see when they come back to a thread.

use std::fmt::Debug;
use std::ops::ControlFlow;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Error;

/// A case as stored. The store does not interpret its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    /// The case's id, never reused.
    pub id: String,
    /// Channel id.
    pub channel: String,
    /// The thread in which the case is handled; `None` while only one person sees it.
    pub thread_ts: Option<String>,
    /// The author of the pasted error: a user id or a bot id.
    pub author: Option<String>,
    /// Fingerprint of the error, equal in cases of the same error.
    pub fingerprint: String,
    /// Digest that tells a case from others with its fingerprint; `None` when it was written by an older version.
    pub identity: Option<String>,
    /// True while people may still work on the case.
    pub open: bool,
    /// Key of the case's card in the outbox, which is kept as long as the case is.
    pub post: Option<String>,
    /// 0 for a case that is not stored yet; else the version that was read.
    pub version: i64,
    /// The case's contents as JSON, redacted.
    pub body: String,
    /// Time at which the case began.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// Criterion by which cases of a channel are looked up. Every look-up has an index.
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
        /// Earliest time of the last change.
        since: Timestamp,
    },
    /// Open cases whose fingerprint begins with this, in the order of their fingerprints.
    Open(&'a str),
    /// Cases of an author that changed since a time, the latest change first.
    Author {
        /// A user id or a bot id.
        author: &'a str,
        /// Earliest time of the last change.
        since: Timestamp,
    },
}

/// Callback that receives the cases of a look-up one by one; `Break` ends it.
pub type CaseVisitor<'a> = dyn FnMut(CaseRow) -> ControlFlow<()> + Send + 'a;

/// The answer that a message got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// The message: `team:channel:ts`.
    pub message: String,
    /// Kind of the answer.
    pub kind: AnswerKind,
    /// Key of the answer in the outbox.
    pub post: Option<String>,
    /// Id of the case that the answer belongs to.
    pub case: Option<String>,
}

/// Kind of an answer, stored in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerKind {
    /// A run: its own message is the answer.
    Run,
    /// The refusal of a run.
    RunRefused,
    /// The statement that no runbook fits.
    Nothing,
    /// Any other answer: the name of its topic, or words for the log.
    Other(String),
}

impl AnswerKind {
    /// The kind's words.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Run => "run",
            Self::RunRefused => "no run",
            Self::Nothing => "nothing",
            Self::Other(words) => words,
        }
    }
}

impl Default for AnswerKind {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl From<&str> for AnswerKind {
    fn from(words: &str) -> Self {
        let named = [Self::Run, Self::RunRefused, Self::Nothing];
        let named = named.into_iter().find(|kind| kind.as_str() == words);
        named.unwrap_or_else(|| Self::Other(words.to_owned()))
    }
}

/// The mute of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mute {
    /// Id of the user who muted the channel.
    pub by: String,
    /// End of the mute; `None`: until somebody unmutes the channel.
    pub until: Option<Timestamp>,
}

/// Cases, answers and mutes. Every method is one transaction.
#[async_trait]
pub trait Cases: Send + Sync + Debug + 'static {
    /// The answer that a message got.
    async fn answer(&self, message: &str) -> Result<Option<Answered>, Error>;

    /// The answers that belong to a case.
    async fn answers_of_case(&self, case: &str) -> Result<Vec<Answered>, Error>;

    /// A case by its id.
    async fn case(&self, id: &str) -> Result<Option<CaseRow>, Error>;

    /// Passes cases of a channel to `visit`, all read from one snapshot and one in memory at a time, until it breaks.
    async fn visit_cases(
        &self,
        channel: &str,
        lookup: CaseLookup<'_>,
        visit: &mut CaseVisitor<'_>,
    ) -> Result<(), Error>;

    /// The cases that a person was involved in, the latest first.
    async fn cases_of(&self, user: &str, limit: u32) -> Result<Vec<CaseRow>, Error>;

    /// Mutes a channel, or unmutes it with `None`.
    async fn mute(&self, channel: &str, mute: Option<&Mute>, now: Timestamp) -> Result<(), Error>;

    /// The mute in force in a channel at `now`; `None` when there is none.
    async fn muted(&self, channel: &str, now: Timestamp) -> Result<Option<Mute>, Error>;
}
