//! The data of one runbook for matching, packed: kept from load to load while the runbook does not change.

use std::ops::Range;

use super::SignatureKind;
use super::product::Product;
use super::rule::RuleDetector;
use super::signature::{Signature, SignatureSource};
use super::token::Shape;
use super::vocabulary::WordId;
use crate::runbook::TopicId;

/// All data of a runbook that matching needs.
#[derive(Debug)]
pub(super) struct Part {
    /// True when it may be answered unasked.
    pub(super) answers: bool,
    /// Factor on its evidence, 0 to 1: a listing ranks behind the page that explains.
    pub(super) completeness: f32,
    /// The products that its title, path and tags name.
    pub(super) products: Box<[Product]>,
    /// The topic that each of its sections belongs to.
    pub(super) topics: Box<[usize]>,
    /// The detection rules and exclusions.
    pub(super) detector: RuleDetector,
    /// Explicit expressions of the front matter, with their sections.
    pub(super) expressions: Box<[(usize, String)]>,
    /// The words of the runbook, each once.
    pub(super) seen: Box<[Seen]>,
    /// The numbers of these words, in ascending order.
    pub(super) held: Box<[WordId]>,
    /// The words of its title, tags, description and file name, in ascending order.
    pub(super) subject: Box<[WordId]>,
    /// The words of each section's heading, by section.
    pub(super) headings: Box<[(u32, WordId)]>,
    /// Codes that it explains or mentions, each once a section.
    pub(super) codes: Box<[Named]>,
    /// Alert names that it explains or mentions, each once a section.
    pub(super) alerts: Box<[Named]>,
    /// Number of words of all its signatures, placeholders included.
    pub(super) length: f32,
    pub(super) packed: Packed,
}

/// The signatures of a runbook.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) signatures: Box<[Kept]>,
    pub(super) words: Box<[WordId]>,
    pub(super) texts: Box<str>,
    pub(super) gaps: Box<[(u32, Box<str>)]>,
}

/// A word of a runbook.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) id: WordId,
    /// Occurrences in the runbook's signatures, weighted by [`SignatureSource::times`]: headings count several times.
    pub(super) count: u16,
    /// The shape at its first occurrence.
    pub(super) shape: Shape,
}

/// A code or an alert name, by its number, and the section that explains or mentions it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) id: u32,
    pub(super) section: u32,
    /// 1 where the document is about the name, less where it only mentions it.
    pub(super) strength: f32,
}

/// A signature, as offsets into the lists that its runbook's signatures share; each part ends where the next
/// signature's begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    /// Hash of the words: equal for equal words.
    pub(super) fingerprint: u64,
    /// The words that are part of unmarked values, one bit each.
    pub(super) samples: u64,
    pub(super) words: u32,
    pub(super) text: u32,
    pub(super) gaps: u32,
    pub(super) section: u32,
    pub(super) kind: SignatureKind,
    pub(super) source: SignatureSource,
    /// True when its text reads like an error, or denies something.
    pub(super) symptom: bool,
    /// True when it may be answered unasked: it is no command, setting or listing.
    pub(super) speaks: bool,
}

impl Packed {
    /// Number of signatures.
    pub(super) fn len(&self) -> usize {
        self.signatures.len()
    }

    /// The words of a signature.
    pub(super) fn words(&self, at: usize) -> &[WordId] {
        part_of(&self.words, self.bounds(at, |kept| kept.words, self.words.len()))
    }

    /// A signature as matching reads it, with neutral values for what depends on the whole library.
    pub(super) fn signature(&self, runbook: usize, at: usize) -> Option<Signature<'_>> {
        let kept = self.signatures.get(at)?;
        let text = self.bounds(at, |kept| kept.text, self.texts.len());
        let gaps = self.bounds(at, |kept| kept.gaps, self.gaps.len());
        Some(Signature {
            topic: TopicId {
                runbook,
                section: kept.section as usize,
            },
            kind: kept.kind,
            source: kept.source,
            symptom: kept.symptom,
            speaks: kept.speaks,
            text: self.texts.get(text).unwrap_or_default(),
            words: self.words(at),
            samples: kept.samples,
            gaps: part_of(&self.gaps, gaps),
            total: 0.0,
            shared: 1.0,
        })
    }

    fn bounds(&self, at: usize, begin: impl Fn(&Kept) -> u32, all: usize) -> Range<usize> {
        let from = self.signatures.get(at).map_or(all, |kept| begin(kept) as usize);
        let to = self.signatures.get(at + 1).map_or(all, |kept| begin(kept) as usize);
        from..to
    }
}

fn part_of<T>(all: &[T], range: Range<usize>) -> &[T] {
    all.get(range).unwrap_or_default()
}
