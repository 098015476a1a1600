//! Alignment of a signature with a message: the heaviest chain of words that both hold in the same order. Placeholders
//! match any value, and other words in between cost a little, so that truncated, wrapped and noisy pastes still align.

use std::ops::Range;

use super::signature::Signature;
use super::vocabulary::GAP;

/// A word that the message and the signature may have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// Index among the message's words.
    pub(super) at: u32,
    /// Index among the signature's words.
    pub(super) of: u32,
    /// The word's weight, in bits.
    pub(super) weight: f32,
}

/// The best alignment of a signature with a message. Reuse it for the next signature: it keeps its allocations.
#[derive(Debug, Clone, Default)]
pub(super) struct Alignment {
    /// Word pairs (message, signature), in order.
    pub(super) pairs: Vec<(u32, u32)>,
    /// Bits of the matching words.
    pub(super) matched: f32,
    /// Bits of the matching words that are part of unmarked values.
    pub(super) samples: f32,
    /// Bits left once the cost of the words in between is subtracted.
    pub(super) score: f32,
    /// The words in common, in the order of the message.
    pub(super) hits: Vec<Hit>,
    /// The best chain that ends at each hit.
    best: Vec<AlignmentLink>,
    /// Number of words that any value may replace, before each word of the signature.
    values: Vec<u32>,
}

/// The best chain that ends at one hit.
#[derive(Debug, Clone, Copy)]
struct AlignmentLink {
    score: f32,
    before: Option<usize>,
    /// The best score of all hits up to this one.
    most: f32,
}

/// Cost of a word between two matches, and the most that a whole gap costs, in bits.
const STRAY: f32 = 0.7;
const STRAY_MOST: f32 = 7.0;
/// Words that a placeholder takes in at no cost.
const FREE: u32 = 14;
/// Cost of each word that a value has more or less than the placeholder, and the most words charged: a value of another
/// length is a little less likely to be of that kind.
const SHAPE: f32 = 0.03;
const MOST_SHAPE: u32 = 4;
/// Bonus, as a share of a word's weight, for words that are neighbours on both sides: they tell more than each alone.
const NEIGHBOURS: f32 = 0.3;
/// Most hits that are chained; longer lists are cut, which bounds the work for any input.
const MOST_HITS: usize = 160;

impl Alignment {
    /// Finds the heaviest chain through the hits. The signature provides the places of values. Hits must be ordered by
    /// `at`, then `of`.
    pub(super) fn chain(&mut self, signature: &Signature<'_>) {
        self.hits.truncate(MOST_HITS);
        self.pairs.clear();
        (self.matched, self.samples, self.score) = (0.0, 0.0, 0.0);
        self.count_values(signature);
        self.best.clear();
        let mut top: Option<(usize, f32)> = None;
        let mut most = f32::MIN;
        for index in 0..self.hits.len() {
            let Some(mut link) = self.link(index) else { break };
            most = most.max(link.score);
            link.most = most;
            if top.is_none_or(|(_, score)| link.score > score) {
                top = Some((index, link.score));
            }
            self.best.push(link);
        }
        self.score = top.map_or(0.0, |(_, score)| score);
        let mut at = top.map(|(index, _)| index);
        while let Some(index) = at {
            let (Some(hit), Some(link)) = (self.hits.get(index), self.best.get(index)) else {
                break;
            };
            self.pairs.push((hit.at, hit.of));
            self.matched += hit.weight;
            if signature.is_sample(hit.of as usize) {
                self.samples += hit.weight;
            }
            at = link.before;
        }
        self.pairs.reverse();
    }

    /// Pairs of consecutive matching words.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&(u32, u32), &(u32, u32))> {
        self.pairs.iter().zip(self.pairs.iter().skip(1))
    }

    /// Returns true when nothing but values stands between the matching words.
    pub(super) fn is_unbroken(&self) -> bool {
        self.steps()
            .all(|(from, to)| to.0 == from.0 + 1 || self.has_value(from.1 + 1..to.1))
    }

    /// Returns true when one of these words of the signature is a value.
    pub(super) fn has_value(&self, words: Range<u32>) -> bool {
        self.values_before(words.end) > self.values_before(words.start)
    }

    fn values_before(&self, of: u32) -> u32 {
        self.values.get(of as usize).copied().unwrap_or(0)
    }

    /// Share of the signature that the message holds, 0 to 1. Missing unmarked values do not count against it.
    pub(super) fn whole(&self, signature: &Signature<'_>) -> f32 {
        self.matched / (signature.total + self.samples).max(0.1)
    }

    /// The best chain that ends at a hit: of equal ones, the one from the earliest hit. Looks back only as far as a
    /// better one is possible.
    fn link(&self, index: usize) -> Option<AlignmentLink> {
        let hit = self.hits.get(index)?;
        let mut own = AlignmentLink {
            score: hit.weight,
            before: None,
            most: 0.0,
        };
        let earlier = self.hits.iter().zip(&self.best).enumerate().take(index).rev();
        for (before, (previous, link)) in earlier {
            let next = previous.at + 1 >= hit.at;
            let bonus = if next { NEIGHBOURS * hit.weight } else { 0.0 };
            if link.most + hit.weight + bonus < own.score {
                break;
            }
            let score = link.score + hit.weight;
            let neighbours = next && previous.of + 1 == hit.of;
            if previous.at >= hit.at || previous.of >= hit.of || score < own.score && !neighbours {
                continue;
            }
            let score = score + self.step(previous, hit);
            if score > own.score || own.before.is_some() && score >= own.score {
                own.score = score;
                own.before = Some(before);
            }
        }
        Some(own)
    }

    fn count_values(&mut self, signature: &Signature<'_>) {
        self.values.clear();
        self.values.push(0);
        let mut values = 0;
        for of in 0..signature.words.len() {
            values += u32::from(is_value(signature, of));
            self.values.push(values);
        }
    }

    /// Bits gained, or lost when negative, from one matching word to the next.
    fn step(&self, from: &Hit, to: &Hit) -> f32 {
        let apart = to.at - from.at - 1;
        let skipped = to.of - from.of - 1;
        if apart == 0 && skipped == 0 {
            return NEIGHBOURS * from.weight.min(to.weight);
        }
        let gaps = self.values_before(to.of) - self.values_before(from.of + 1);
        let words = skipped - gaps;
        let stray = if gaps > 0 {
            apart.saturating_sub(FREE)
        } else {
            apart.saturating_sub(words)
        };
        let other = if gaps > 0 {
            SHAPE * apart.abs_diff(skipped).min(MOST_SHAPE) as f32
        } else {
            0.0
        };
        -(STRAY * stray as f32 + 0.3 * words as f32 + other).min(STRAY_MOST)
    }
}

/// Returns true when any value may stand at that word: it is a placeholder or an unmarked value.
pub(super) fn is_value(signature: &Signature<'_>, of: usize) -> bool {
    signature.words.get(of) == Some(&GAP) || signature.is_sample(of)
}

#[cfg(test)]
mod tests {
    use super::super::SignatureKind;
    use super::super::signature::{Signature, SignatureSource};
    use super::{Alignment, GAP, Hit};
    use crate::runbook::TopicId;

    fn signature(words: &[u32]) -> Signature<'_> {
        Signature {
            topic: TopicId { runbook: 0, section: 0 },
            kind: SignatureKind::Template,
            source: SignatureSource::Message,
            symptom: true,
            speaks: true,
            text: "",
            words,
            samples: 0,
            gaps: &[],
            total: 0.0,
            shared: 1.0,
        }
    }

    #[test]
    fn the_chain_keeps_order_and_passes_placeholders() {
        // signature: instance GAP cannot found; message: instance 7 cannot be found instance
        let signature = signature(&[0, GAP, 1, 2]);
        let hits = vec![
            Hit {
                at: 0,
                of: 0,
                weight: 4.0,
            },
            Hit {
                at: 2,
                of: 2,
                weight: 3.0,
            },
            Hit {
                at: 4,
                of: 3,
                weight: 3.0,
            },
            Hit {
                at: 5,
                of: 0,
                weight: 4.0,
            },
        ];
        let mut alignment = Alignment {
            hits,
            ..Alignment::default()
        };
        alignment.chain(&signature);
        assert_eq!(alignment.pairs, [(0, 0), (2, 2), (4, 3)]);
        assert!((alignment.matched - 10.0).abs() < f32::EPSILON);
        assert!(alignment.score > 9.0);
    }

    #[test]
    fn nothing_aligns_to_nothing() {
        let mut alignment = Alignment::default();
        alignment.chain(&signature(&[GAP]));
        assert!(alignment.pairs.is_empty());
    }
}
