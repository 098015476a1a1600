//! One reason for a topic, and its form in a reply.

use std::borrow::Cow;

use super::index::Index;
use super::tokenized::TokenizedMessage;
use super::{Evidence, SignatureKind};
use crate::runbook::TopicId;

/// One reason for a topic.
#[derive(Debug, Clone)]
pub(super) struct Finding<'t> {
    pub(super) topic: TopicId,
    pub(super) kind: SignatureKind,
    /// The part of the index that matched.
    pub(super) of: Cause<'t>,
    pub(super) line: u32,
    /// The words of the message that support it, by index.
    pub(super) words: Vec<u32>,
    /// True when every foreign code of the message stands where the signature has a value.
    pub(super) takes_foreign: bool,
    /// Bits for the topic.
    pub(super) strength: f32,
    /// Share of the signature, or of its lines, that matches, 0 to 1.
    pub(super) cover: f32,
    /// True when the message holds the whole signature.
    pub(super) complete: bool,
    /// True when no other runbook has its name.
    pub(super) only: bool,
    /// True when the message holds the topic's code or alert name itself, or matches its explicit expression.
    pub(super) named: bool,
    /// The named groups of its expression: name and text.
    pub(super) groups: Vec<(String, String)>,
}

/// A part of the index that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause<'t> {
    /// A signature, by its number.
    Signature(u32),
    /// A code, an alert name or an expression.
    Name(Cow<'t, str>),
}

/// Bits of a code or an alert name where the document is about it.
pub(super) const NAME_BITS: f32 = 17.0;

impl<'t> Finding<'t> {
    /// Creates the finding of a code, an alert name or an expression. A `strength` of 1 is worth [`NAME_BITS`].
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
            of: Cause::Name(text.into()),
            line: line as u32,
            words,
            takes_foreign: false,
            strength: NAME_BITS * strength,
            cover: 1.0,
            complete: false,
            only: false,
            named: true,
            groups: Vec::new(),
        }
    }

    /// Returns true when its topic is about the code, the alert name or the explicit expression that matched.
    pub(super) fn is_about(&self) -> bool {
        self.named && self.strength >= NAME_BITS * 0.9
    }

    /// The signature as its author wrote it.
    pub(super) fn signature<'f>(&'f self, index: &'f Index) -> &'f str {
        match &self.of {
            Cause::Name(name) => name,
            Cause::Signature(number) => index.signatures.get(*number).map_or("", |signature| signature.text),
        }
    }

    /// The evidence as a reply quotes it.
    pub(super) fn evidence(&self, index: &Index, read: &TokenizedMessage) -> Evidence {
        let text = read
            .message
            .lines
            .get(self.line as usize)
            .map(|line| line.shown.clone())
            .unwrap_or_default();
        Evidence {
            line: self.line as usize + 1,
            text,
            signature: self.signature(index).to_owned(),
            kind: self.kind,
        }
    }
}
