//! Index of words by runbook, for ranking by words in common (BM25).

use std::sync::Arc;

use super::part::Part;
use super::postings::Postings;
use super::stems::{StemId, Stems};
use super::token::Shape;
use super::vocabulary::{Vocabulary, WordId};

/// BM25's k1, which limits the weight of a word that a page repeats, and its b, which discounts long pages.
const SATURATION: f32 = 2.0;
const LENGTH: f32 = 0.6;
/// Share of a stem's weight that is its rarity among the runbooks; the rest is its rarity in technical writing at
/// large.
const OWN: f32 = 0.85;
/// Weight below which a stem is everyday technical writing, and the share that its rarity among the runbooks has then:
/// it stays light, however few runbooks use it.
const EVERYDAY: f32 = 2.0;
const OWN_EVERYDAY: f32 = 0.3;

/// Most bits of each of the words that hold an English sentence together. Questions are full of them and runbooks have
/// few, so each looks rare. Words that may be what is wrong, such as `no`, `nothing` or `down`, are not among them.
const CONNECTIVE: f32 = 2.2;
const CONNECTIVES: [&str; 5] = [
    "i im ive id me my we weve our ours us you youre youve your he hes him his she shes her it its they theyre theyve \
     them their this that thats these those who whom whose which what whats somebody someone anybody anyone everybody \
     everyone something anything everything",
    "am is are was were be been being do does did have has had having can could will would shall should may might must \
     cant couldnt dont doesnt didnt isnt arent wasnt werent hasnt havent hadnt wont wouldnt shouldnt mustnt lets",
    "and but or nor so because although though while whereas since until unless if whether as than when where why how",
    "about across after against along among around at before beside between beyond by despite during except for from in \
     inside into near of off on onto outside per through to toward towards under upon via with within without",
    "ago almost already also always anyway else even however instead just maybe perhaps please quite rather really \
     somehow soon still therefore thus too very yet",
];

/// The runbooks that hold each word in any form, and their lengths.
#[derive(Debug)]
pub(super) struct Lexicon {
    stems: Arc<Stems>,
    postings: Postings<(u32, u16)>,
    /// The weight of each stem, in bits.
    weights: Vec<f32>,
    /// Words of each runbook, relative to the average.
    lengths: Vec<f32>,
}

impl Lexicon {
    pub(super) fn new(parts: &[Arc<Part>], stems: &Arc<Stems>, vocabulary: &Vocabulary) -> Lexicon {
        let mut lengths: Vec<f32> = parts.iter().map(|part| part.length).collect();
        let average = (lengths.iter().sum::<f32>() / (parts.len().max(1) as f32)).max(1.0);
        for length in &mut lengths {
            *length /= average;
        }
        let postings = Postings::new(stems.len(), |take| {
            for (runbook, part) in (0..).zip(parts) {
                for seen in part.seen.iter().filter(|seen| seen.count > 0) {
                    if let Some(stem) = stems.of(seen.id) {
                        take(stem, (runbook, seen.count));
                    }
                }
            }
        });
        // A stem is as common as its commonest form, and as the runbooks that hold any of them.
        let mut weights = vec![f32::MAX; stems.len()];
        for word in 0..stems.words() as WordId {
            let weight = stems.of(word).and_then(|stem| weights.get_mut(stem as usize));
            if let Some(weight) = weight.filter(|_| vocabulary.runbooks(word) > 0) {
                *weight = weight.min(vocabulary.weight(word));
            }
        }
        for (stem, weight) in (0..).zip(&mut weights) {
            let rarity = vocabulary.rarity(postings.of(stem).len());
            let own = if *weight < EVERYDAY { OWN_EVERYDAY } else { OWN };
            *weight = own * rarity + (1.0 - own) * weight.min(rarity);
        }
        for word in CONNECTIVES.iter().flat_map(|words| words.split_whitespace()) {
            let stem = stems.find(word, Shape::Plain);
            if let Some(weight) = stem.and_then(|stem| weights.get_mut(stem as usize)) {
                *weight = weight.min(CONNECTIVE);
            }
        }
        Lexicon {
            stems: Arc::clone(stems),
            postings,
            weights,
            lengths,
        }
    }

    /// The stem of a word that some runbook holds. A known word is looked up by its number alone.
    pub(super) fn stem(&self, id: Option<WordId>, word: &str, shape: Shape) -> Option<StemId> {
        let held = |stem: &StemId| !self.postings.of(*stem).is_empty();
        id.map_or_else(|| self.stems.find(word, shape), |id| self.stems.of(id))
            .filter(held)
    }

    /// The weight of a stem, in bits.
    pub(super) fn weight(&self, stem: StemId) -> f32 {
        self.weights.get(stem as usize).copied().unwrap_or(0.0)
    }

    /// Adds a stem's BM25 score to the score of each runbook that holds it.
    pub(super) fn add(&self, stem: StemId, scores: &mut [f32]) {
        let weight = self.weight(stem);
        for (runbook, count) in self.postings.of(stem) {
            let length = self.lengths.get(*runbook as usize).copied().unwrap_or(1.0);
            let count = f32::from(*count);
            let part = count * (SATURATION + 1.0) / (count + SATURATION * (1.0 - LENGTH + LENGTH * length));
            if let Some(score) = scores.get_mut(*runbook as usize) {
                *score += weight * part;
            }
        }
    }
}
