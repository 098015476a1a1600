//! What thinks: a question in, messages out.

use std::fmt::Debug;

use crate::slack::sender::Body;

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    /// The text, without the mention of the bot.
    pub(super) text: String,
    /// Whether there must be an answer.
    pub(super) asked: bool,
    /// Whether it goes to people of another organisation.
    pub(super) stranger: bool,
    /// Whether there are images.
    pub(super) images: bool,
}

/// What is said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// The messages.
    pub(super) bodies: Vec<Body>,
    /// What it is about, for the log and the list of answers.
    pub(super) about: String,
}

/// Finds answers.
pub(super) trait Brain: Send + Sync + Debug + 'static {
    /// The answer; `None` for silence.
    fn answer(&self, question: &Question) -> Option<Answer>;
}
