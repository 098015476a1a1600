//! Signatures, by which topics are recognised, and the trust in each by its place in the document.

use super::SignatureKind;
use super::vocabulary::WordId;
use crate::runbook::TopicId;

/// A sequence of words that indicates a topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signature<'i> {
    /// The topic it leads to.
    pub(super) topic: TopicId,
    /// The kind that people are shown.
    pub(super) kind: SignatureKind,
    /// Its place in the document, which decides how far it is trusted.
    pub(super) source: SignatureSource,
    /// True when its text reads like an error, or denies something.
    pub(super) symptom: bool,
    /// True when it may be answered unasked: it is no command, setting or listing.
    pub(super) speaks: bool,
    /// The text as its author wrote it.
    pub(super) text: &'i str,
    /// The words; [`GAP`](super::vocabulary::GAP) where any value may stand.
    pub(super) words: &'i [WordId],
    /// The words that are part of unmarked values, one bit each: they tell little, and their absence is no evidence.
    pub(super) samples: u64,
    /// Names of the gaps, by index among the words.
    pub(super) gaps: &'i [(u32, Box<str>)],
    /// Total weight of its words except samples, in bits.
    pub(super) total: f32,
    /// Factor for the number of runbooks with the same words: a text of three runbooks tells little about each.
    pub(super) shared: f32,
}

impl Signature<'_> {
    /// Returns true when the word at an index is part of an unmarked value.
    pub(super) fn is_sample(&self, index: usize) -> bool {
        index < 64 && self.samples >> index & 1 == 1
    }
}

/// The place of a signature in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SignatureSource {
    /// A code block that shows the error, or may.
    Message,
    /// Output within the steps.
    Output,
    /// A command that the steps run.
    Command,
    /// A line that every log, listing or manifest has: heads of tables, keys of YAML, the first line of a stack trace.
    Boilerplate,
    /// A quotation in running text, or inline code of several words.
    Quoted,
    /// A table cell or a definition.
    Cell,
    /// A heading or the title.
    Heading,
    /// An alert name written out in words.
    AlertWords,
    /// Running text.
    Prose,
    /// Tags, description or file name.
    Front,
    /// An explicit signature or the rule of a CRE file.
    Explicit,
    /// One of several alternatives of such an expression.
    Alternative,
}

impl SignatureSource {
    /// Occurrences that each of its words counts for in the runbook: a page's name tells most about its subject.
    pub(super) fn times(self) -> u16 {
        match self {
            SignatureSource::Heading => 4,
            SignatureSource::Front | SignatureSource::AlertWords => 3,
            SignatureSource::Boilerplate => 0,
            _ => 1,
        }
    }

    /// Returns true for a signature that an author wrote to recognise an error by.
    pub(super) fn is_explicit(self) -> bool {
        matches!(self, SignatureSource::Explicit | SignatureSource::Alternative)
    }

    /// Factor on the evidence of its words, 0 to 1.
    pub(super) fn trust(self) -> f32 {
        match self {
            SignatureSource::Message | SignatureSource::Explicit => 1.0,
            SignatureSource::Quoted => 0.95,
            SignatureSource::AlertWords | SignatureSource::Heading => 0.9,
            SignatureSource::Cell => 0.85,
            SignatureSource::Output | SignatureSource::Alternative => 0.75,
            SignatureSource::Front => 0.55,
            SignatureSource::Prose => 0.6,
            SignatureSource::Command => 0.4,
            SignatureSource::Boilerplate => 0.15,
        }
    }
}
