//! The section of a runbook that holds most of what somebody asks for.

use std::collections::BTreeMap;

use super::index::Index;
use super::signature::SignatureSource;
use super::stems::StemId;
use super::token::Shape;

/// Words of a question beyond these are not looked for: one bit each.
const MOST_STEMS: usize = 64;
/// A word in the heading counts so much more.
const HEADING: f32 = 1.2;

/// A section whose heading the question holds to this share is named by it, and counts so much more.
const NAMED: f32 = 0.7;
const WHOLE_HEADING: f32 = 2.0;
/// A section that is set apart by less than this is not.
const LEAST_APART: f32 = 4.0;

/// The section that is meant, and the most that the words in common with one section tell, in bits.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Passage {
    pub(super) section: usize,
    pub(super) told: f32,
}

/// The most that one section tells, each word counted once, and the section that is meant.
pub(super) fn best(index: &Index, stems: &[StemId], runbook: usize) -> Passage {
    let stems = stems.get(..MOST_STEMS).unwrap_or(stems);
    let mut places: Vec<(StemId, usize)> = stems.iter().copied().zip(0..).collect();
    places.sort_unstable();
    // By section: the words that it holds anywhere, and those in headings.
    let mut held: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    let mut named: Vec<usize> = Vec::new();
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
        if matches!(signature.source, SignatureSource::Heading | SignatureSource::AlertWords) {
            *headings |= words;
            let weigh = |id: &u32| {
                index
                    .lexicon
                    .stem(Some(*id), "", Shape::Plain)
                    .map(|stem| index.lexicon.weight(stem))
            };
            let (asked, others): (Vec<&u32>, Vec<&u32>) = signature.words.iter().partition(|id| place(id).is_some());
            let here: f32 = asked.into_iter().filter_map(weigh).sum();
            let all: f32 = here + others.into_iter().filter_map(weigh).sum::<f32>();
            if here >= all * NAMED {
                named.push(index.topic_section(signature.topic));
            }
        }
    }
    let weight = |at: usize| stems.get(at).map_or(0.0, |stem| index.lexicon.weight(*stem));
    let tell = |words: u64| -> f32 { bits(words).map(weight).sum() };
    let told = held
        .values()
        .map(|(all, headings)| tell(*all) + HEADING * tell(*headings));
    Passage {
        told: told.fold(0.0, f32::max),
        section: apart(&held, &named, weight),
    }
}

/// The section whose words set it apart from the others of the same runbook; the whole runbook when none does.
fn apart(held: &BTreeMap<usize, (u64, u64)>, named: &[usize], weight: impl Fn(usize) -> f32) -> usize {
    let sections = held.len() as f32 + 1.0;
    let rarity = |at: usize| {
        let holding = held.values().filter(|(all, _)| all >> at & 1 == 1).count();
        (sections / (holding.max(1) as f32)).log2()
    };
    let tell = |words: u64| -> f32 { bits(words).map(|at| weight(at) * rarity(at)).sum() };
    let mut best = (0, LEAST_APART);
    for (section, (all, headings)) in held {
        // The title says what all sections are about: it sets none of them apart.
        let told = if *section == 0 {
            tell(*all)
        } else {
            let whole = if named.contains(section) { WHOLE_HEADING } else { 1.0 };
            (tell(*all) + HEADING * tell(*headings)) * whole
        };
        if told > best.1 {
            best = (*section, told);
        }
    }
    best.0
}

/// The places of the bits that are set.
fn bits(words: u64) -> impl Iterator<Item = usize> {
    (0..MOST_STEMS).filter(move |at| words >> at & 1 == 1)
}
