//! The section of a runbook that holds most of what somebody asks for.

use std::collections::BTreeMap;

use super::index::Index;
use super::signature::Source;
use super::stems::StemId;
use super::token::Shape;

/// Words of a question beyond these are not looked for: one bit each.
const MOST_STEMS: usize = 64;
/// A word in the heading counts so much more.
const HEADING: f32 = 1.2;

/// A section, and what the words in common with it tell, in bits.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Passage {
    pub(super) section: usize,
    pub(super) told: f32,
}

/// The section that holds most of the words, each counted once; of equals, the first.
pub(super) fn best(index: &Index, stems: &[StemId], runbook: usize) -> Passage {
    let stems = stems.get(..MOST_STEMS).unwrap_or(stems);
    let mut places: Vec<(StemId, usize)> = stems.iter().copied().zip(0..).collect();
    places.sort_unstable();
    // By section: the words that it holds anywhere, and those in headings.
    let mut held: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for signature in index.signatures.of(runbook) {
        let place = |id: &u32| {
            let stem = index.lexicon.stem(Some(*id), "", Shape::Plain)?;
            let found = places.binary_search_by_key(&stem, |(stem, _)| *stem).ok()?;
            places.get(found).map(|(_, place)| *place)
        };
        let words = signature
            .words
            .iter()
            .filter_map(place)
            .fold(0, |all, at| all | 1 << at);
        if words == 0 {
            continue;
        }
        let (all, headings) = held.entry(index.topic_section(signature.topic)).or_default();
        *all |= words;
        if signature.source == Source::Heading {
            *headings |= words;
        }
    }
    let tell = |words: u64| -> f32 {
        let here = stems.iter().enumerate().filter(|(at, _)| words >> at & 1 == 1);
        here.map(|(_, stem)| index.lexicon.weight(*stem)).sum()
    };
    let mut best = Passage::default();
    for (section, (all, headings)) in held {
        let told = tell(all) + HEADING * tell(headings);
        if told > best.told {
            best = Passage { section, told };
        }
    }
    best
}
