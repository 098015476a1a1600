//! Shadow answers: answers that were not posted, since their channel is in shadow mode, and the verdicts on them.

use std::fmt::Debug;
use std::ops::ControlFlow;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Error;

/// A shadow answer as stored. The store does not interpret its body.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowRow {
    /// The message: `team:channel:ts`.
    pub message: String,
    /// Channel id.
    pub channel: String,
    /// The thread in which the message would have been answered.
    pub thread_ts: String,
    /// The author of the message: a user id or a bot id.
    pub author: Option<String>,
    /// Fingerprint of the error, equal in answers to the same error.
    pub fingerprint: String,
    /// Kind of the answer.
    pub kind: ShadowKind,
    /// Path of the runbook.
    pub runbook: String,
    /// Heading of the section; `None` for the whole runbook.
    pub section: Option<String>,
    /// Index among the sections of that heading, from 0.
    pub nth: usize,
    /// Confidence of the match, from 0 to 1.
    pub confidence: f64,
    /// The strongest line of the message, redacted and shortened.
    pub evidence: String,
    /// Link to the message; `None` when Slack did not give it.
    pub link: Option<String>,
    /// The redacted texts by message, oldest first; several when the error was pasted in pieces.
    pub texts: Vec<(String, String)>,
    /// Key of the message to the owners in the outbox.
    pub post: Option<String>,
    /// The verdict; `None` until somebody gives one.
    pub judged: Option<Judged>,
    /// 0 for a row that is not stored yet; else the version that was read.
    pub version: i64,
    /// The case as it would have been, as JSON, redacted.
    pub body: String,
    /// Time of the answer.
    pub at: Timestamp,
}

/// Kind of a shadow answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShadowKind {
    /// The runbook's steps.
    Answer,
    /// A link to the answer that the same error had shortly before.
    Repeat,
}

/// A verdict on a shadow answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShadowVerdict {
    /// The answer would have been right.
    Right,
    /// Another runbook would have been right.
    Wrong,
    /// No answer would have been right.
    Silent,
}

/// A verdict with the person who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: ShadowVerdict,
    /// The user id.
    pub by: String,
    /// Display name.
    pub name: String,
    /// Time of the verdict.
    pub at: Timestamp,
}

impl ShadowKind {
    /// The kind's name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Repeat => "repeat",
        }
    }

    /// Parses a kind's name in the store.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Answer, Self::Repeat]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl ShadowVerdict {
    /// All verdicts, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Right, Self::Wrong, Self::Silent];

    /// The verdict's name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Silent => "silent",
        }
    }

    /// Parses a verdict's name in the store.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// Criterion by which shadow answers of a channel are looked up, repeats left out. Every look-up has an index.
#[derive(Debug, Clone, Copy)]
pub enum ShadowLookup<'a> {
    /// Answers in a thread, the newest first.
    Thread(&'a str),
    /// Answers with a fingerprint since a time, the newest first.
    Fingerprint {
        /// The whole fingerprint.
        fingerprint: &'a str,
        /// Earliest time of the answer.
        since: Timestamp,
    },
    /// Answers whose fingerprint begins with a prefix since a time, in the order of their fingerprints, the newest first.
    Group {
        /// The beginning of the fingerprints.
        prefix: &'a str,
        /// Earliest time of the answer.
        since: Timestamp,
    },
}

/// The shadow answers to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShadowQuery {
    /// Restricts the list to answers from this time on.
    pub since: Option<Timestamp>,
    /// Restricts the list to a channel.
    pub channel: Option<String>,
    /// True when the texts of the messages are read, too, which may be long.
    pub texts: bool,
}

/// Callback that receives shadow answers one by one; `Break` ends the look-up.
pub type ShadowVisitor<'a> = dyn FnMut(ShadowRow) -> ControlFlow<()> + Send + 'a;

/// Shadow answers. Every method is one transaction.
#[async_trait]
pub trait ShadowAnswers: Send + Sync + Debug + 'static {
    /// The shadow answer to a message.
    async fn shadow_answer(&self, message: &str) -> Result<Option<ShadowRow>, Error>;

    /// The shadow answers to messages from one id to another, both included. Ids of one channel are in the order of
    /// their times.
    async fn shadow_answers_between(&self, first: &str, last: &str) -> Result<Vec<ShadowRow>, Error>;

    /// Passes shadow answers of a channel to `visit` until it breaks.
    async fn visit_shadow_answers(
        &self,
        channel: &str,
        lookup: ShadowLookup<'_>,
        visit: &mut ShadowVisitor<'_>,
    ) -> Result<(), Error>;

    /// Passes the shadow answers of a query to `visit`, oldest first and without their bodies, until it breaks.
    async fn list_shadow_answers(&self, query: &ShadowQuery, visit: &mut ShadowVisitor<'_>) -> Result<(), Error>;
}
