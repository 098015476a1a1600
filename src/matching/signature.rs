//! Signatures: how topics are recognised, and how far each is trusted for where it stood.

use super::SignatureKind;
use super::vocabulary::WordId;
use crate::runbook::TopicId;

/// A sequence of words that shows a topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signature<'i> {
    /// What it leads to.
    pub(super) topic: TopicId,
    /// What sort it is, as told to people.
    pub(super) kind: SignatureKind,
    /// Where it stood; decides how far it is trusted.
    pub(super) source: Source,
    /// As its author wrote it.
    pub(super) text: &'i str,
    /// Its words; [`GAP`](super::vocabulary::GAP) where any value may stand.
    pub(super) words: &'i [WordId],
    /// The words that stand in values nobody marked, one bit each: they tell little, and are not missed.
    pub(super) samples: u64,
    /// Names of the gaps, by index among the words.
    pub(super) gaps: &'i [(u32, Box<str>)],
    /// What all its words but samples tell together, in bits.
    pub(super) total: f32,
    /// In how many runbooks the same words stand, as a factor: what three runbooks say tells little about each.
    pub(super) shared: f32,
}

impl Signature<'_> {
    /// Whether the word at an index stands in a value.
    pub(super) fn is_sample(&self, index: usize) -> bool {
        index < 64 && self.samples >> index & 1 == 1
    }
}

/// Where a signature stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// Code that shows the trouble or may show it.
    Message,
    /// Output within the steps.
    Output,
    /// A command that the steps run.
    Command,
    /// What every log, listing or manifest has: heads of tables, keys of YAML, the first line of a stack trace.
    Boilerplate,
    /// Quoted in running text, or inline code of several words.
    Quoted,
    /// A table cell or a definition.
    Cell,
    /// A heading or the title.
    Heading,
    /// An alert name written out in words.
    AlertWords,
    /// Running text.
    Prose,
    /// Front matter's tags and description.
    Front,
    /// An explicit signature or the rule of a CRE file.
    Explicit,
    /// One of several alternatives of such an expression.
    Alternative,
}

impl Source {
    /// How often its words count among those of the runbook: what a page is called tells what it is about.
    pub(super) fn times(self) -> u16 {
        match self {
            Source::Heading => 4,
            Source::Front | Source::AlertWords => 3,
            Source::Boilerplate => 0,
            _ => 1,
        }
    }

    /// Whether an author wrote it to recognise something by.
    pub(super) fn is_explicit(self) -> bool {
        matches!(self, Source::Explicit | Source::Alternative)
    }

    /// How much of what its words tell is believed.
    pub(super) fn trust(self) -> f32 {
        match self {
            Source::Message | Source::Explicit => 1.0,
            Source::Quoted => 0.95,
            Source::AlertWords | Source::Heading => 0.9,
            Source::Cell => 0.85,
            Source::Output | Source::Alternative => 0.75,
            Source::Front => 0.55,
            Source::Prose => 0.6,
            Source::Command => 0.4,
            Source::Boilerplate => 0.15,
        }
    }
}
