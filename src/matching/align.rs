//! Lays a signature along a message: the heaviest chain of words that both hold in the same order. Placeholders let any
//! value pass, other words between cost a little, so that truncated, wrapped and noisy pastes still align.

use super::vocabulary::GAP;

/// A word of the message that the signature may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// Index among the message's words.
    pub(super) at: u32,
    /// Index among the signature's words.
    pub(super) of: u32,
    /// What the word tells, in bits.
    pub(super) weight: f32,
}

/// The best way to lay a signature along a message.
#[derive(Debug, Clone, Default)]
pub(super) struct Alignment {
    /// Word pairs (message, signature), in order.
    pub(super) pairs: Vec<(u32, u32)>,
    /// Bits of the words that match.
    pub(super) matched: f32,
    /// Bits left after what stands between was paid for.
    pub(super) score: f32,
}

/// What a word between two matches costs, in bits, and the most that a gap costs.
const STRAY: f32 = 0.7;
const STRAY_MOST: f32 = 7.0;
/// So many words pass through a placeholder for nothing.
const FREE: u32 = 14;
/// Neighbours on both sides tell more than their words alone.
const NEIGHBOURS: f32 = 0.3;
/// Longer lists of hits are cut: no input makes the chain more than this much work.
const MOST_HITS: usize = 160;

/// The heaviest chain through the hits. `signature` tells where the placeholders are. Hits must be ordered by `at`.
pub(super) fn chain(hits: &[Hit], signature: &[u32]) -> Alignment {
    let hits = hits.get(..MOST_HITS).unwrap_or(hits);
    let mut best: Vec<(f32, Option<usize>)> = Vec::with_capacity(hits.len());
    let mut top: Option<usize> = None;
    for (index, hit) in hits.iter().enumerate() {
        let mut own = (hit.weight, None);
        for (before, previous) in hits.iter().enumerate().take(index) {
            if previous.at >= hit.at || previous.of >= hit.of {
                continue;
            }
            let Some((so_far, _)) = best.get(before) else { continue };
            let score = so_far + hit.weight + step(previous, hit, signature);
            if score > own.0 {
                own = (score, Some(before));
            }
        }
        if top
            .and_then(|top| best.get(top))
            .is_none_or(|(score, _)| own.0 > *score)
        {
            top = Some(index);
        }
        best.push(own);
    }
    let mut alignment = Alignment {
        score: top.and_then(|top| best.get(top)).map_or(0.0, |(score, _)| *score),
        ..Alignment::default()
    };
    let mut at = top;
    while let Some(index) = at {
        if let (Some(hit), Some((_, before))) = (hits.get(index), best.get(index)) {
            alignment.pairs.push((hit.at, hit.of));
            alignment.matched += hit.weight;
            at = *before;
        } else {
            break;
        }
    }
    alignment.pairs.reverse();
    alignment
}

/// What it is worth, or costs, to go from one matching word to the next.
fn step(from: &Hit, to: &Hit, signature: &[u32]) -> f32 {
    let apart = to.at - from.at - 1;
    let skipped = signature.get(from.of as usize + 1..to.of as usize).unwrap_or_default();
    if apart == 0 && skipped.is_empty() {
        return NEIGHBOURS * from.weight.min(to.weight);
    }
    let placeholder = skipped.contains(&GAP);
    let words = skipped.iter().filter(|id| **id != GAP).count() as u32;
    let stray = if placeholder {
        apart.saturating_sub(FREE)
    } else {
        apart.saturating_sub(words)
    };
    -(STRAY * stray as f32 + 0.3 * words as f32).min(STRAY_MOST)
}

#[cfg(test)]
mod tests {
    use super::{GAP, Hit, chain};

    #[test]
    fn the_chain_keeps_order_and_passes_placeholders() {
        // signature: instance GAP cannot found; message: instance 7 cannot be found instance
        let signature = [0, GAP, 1, 2];
        let hits = [
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
        let alignment = chain(&hits, &signature);
        assert_eq!(alignment.pairs, [(0, 0), (2, 2), (4, 3)]);
        assert!((alignment.matched - 10.0).abs() < f32::EPSILON);
        assert!(alignment.score > 9.0);
    }

    #[test]
    fn nothing_aligns_to_nothing() {
        assert!(chain(&[], &[GAP]).pairs.is_empty());
    }
}
