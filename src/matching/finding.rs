//! One reason for a topic, and how it is told.

use std::borrow::Cow;

use super::read::Read;
use super::{Evidence, SignatureKind};
use crate::runbook::TopicId;

/// One reason for a topic.
#[derive(Debug, Clone)]
pub(super) struct Finding<'t> {
    pub(super) topic: TopicId,
    pub(super) kind: SignatureKind,
    pub(super) signature: Cow<'t, str>,
    pub(super) line: u32,
    /// Words of the message that it rests on.
    pub(super) words: Vec<u32>,
    /// Bits for the topic.
    pub(super) strength: f32,
    /// How much of the signature, or of its lines, is there: 0 to 1.
    pub(super) cover: f32,
    /// Whether the message holds the topic's code or alert name itself, or matches its explicit expression.
    pub(super) named: bool,
}

/// A name, or a code, tells this much where the document is about it.
pub(super) const NAME_BITS: f32 = 17.0;

impl<'t> Finding<'t> {
    /// A code or an alert name that the message holds.
    pub(super) fn name(
        topic: TopicId,
        kind: SignatureKind,
        text: impl Into<Cow<'t, str>>,
        line: usize,
        strength: f32,
        words: Vec<u32>,
    ) -> Finding<'t> {
        Finding {
            topic,
            kind,
            signature: text.into(),
            line: line as u32,
            words,
            strength: NAME_BITS * strength,
            cover: 1.0,
            named: true,
        }
    }

    /// Whether its topic is what a code, an alert name or an explicit expression stands for.
    pub(super) fn is_about(&self) -> bool {
        self.named && self.strength >= NAME_BITS * 0.9
    }

    /// As a reply quotes it.
    pub(super) fn evidence(&self, read: &Read) -> Evidence {
        let text = read
            .message
            .lines
            .get(self.line as usize)
            .map(|line| line.shown.clone())
            .unwrap_or_default();
        Evidence {
            line: self.line as usize + 1,
            text,
            signature: self.signature.clone().into_owned(),
            kind: self.kind,
        }
    }
}
