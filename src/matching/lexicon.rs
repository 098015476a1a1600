//! Words by runbook, for ranking by words in common (BM25).

use std::sync::Arc;

use super::part::Part;
use super::postings::Postings;
use super::vocabulary::WordId;

/// Which runbooks hold a word, and how long each is.
#[derive(Debug)]
pub(super) struct Lexicon {
    postings: Postings<(u32, u16)>,
    /// Words a runbook, relative to the average.
    pub(super) lengths: Vec<f32>,
}

impl Lexicon {
    pub(super) fn new(parts: &[Arc<Part>], words: usize) -> Lexicon {
        let mut lengths: Vec<f32> = parts.iter().map(|part| part.length).collect();
        let average = (lengths.iter().sum::<f32>() / (parts.len().max(1) as f32)).max(1.0);
        for length in &mut lengths {
            *length /= average;
        }
        let postings = Postings::new(words, |take| {
            for (runbook, part) in (0..).zip(parts) {
                for seen in part.seen.iter().filter(|seen| seen.count > 0) {
                    take(seen.id, (runbook, seen.count));
                }
            }
        });
        Lexicon { postings, lengths }
    }

    /// The runbooks that hold a word, with how often.
    pub(super) fn runbooks_with(&self, word: WordId) -> &[(u32, u16)] {
        self.postings.of(word)
    }
}
