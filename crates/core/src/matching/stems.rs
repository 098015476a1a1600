//! Words without their endings, so that a question about pods that "keep crashing" finds the page about a pod that
//! crashes. Runbooks are mostly English; the endings of other languages stay.

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};

use super::token::Shape;
use super::words::Words;

/// A stem's number.
pub(super) type StemId = u32;

/// The stems of the words of a library. Like the words, they are only ever added to.
#[derive(Debug, Clone, Default)]
pub(super) struct Stems {
    names: Words,
    /// The stem of each word, by the word's number.
    of: Vec<StemId>,
}

impl Stems {
    /// Adds the stems of the words that were added since the last call.
    pub(super) fn follow(&mut self, words: &Words) {
        for id in self.of.len()..words.len() {
            let word = words.get(id as u32);
            self.of.push(self.names.add(&stem(word)));
        }
    }

    /// Number of words that have stems.
    pub(super) fn words(&self) -> usize {
        self.of.len()
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The stem of a word of the library.
    pub(super) fn of(&self, word: u32) -> Option<StemId> {
        self.of.get(word as usize).copied()
    }

    /// The stem of a word that the library does not hold, if it holds another form of it.
    pub(super) fn find(&self, word: &str, shape: Shape) -> Option<StemId> {
        (shape == Shape::Plain).then(|| self.names.id(&stem(word))).flatten()
    }
}

/// A word without its ending; names and numbers have none.
fn stem(word: &str) -> Cow<'_, str> {
    if word.is_ascii() && word.bytes().all(|b| b.is_ascii_lowercase()) {
        Stemmer::create(Algorithm::English).stem(word)
    } else {
        Cow::Borrowed(word)
    }
}

#[cfg(test)]
mod tests {
    use super::{Stems, Words};
    use crate::matching::token::Shape;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        let mut words = Words::default();
        for word in ["crash", "crashes", "pod", "504"] {
            words.add(word);
        }
        let mut stems = Stems::default();
        stems.follow(&words);
        assert_eq!(stems.of(0), stems.of(1));
        assert_ne!(stems.of(0), stems.of(2));
        assert_eq!(stems.find("crashing", Shape::Plain), stems.of(0));
        assert_eq!(stems.find("unheard", Shape::Plain), None);
    }
}
