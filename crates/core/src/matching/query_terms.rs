//! The known words of a message, each once, and their positions.

use super::vocabulary::{GAP, WordId};

/// Most positions that are kept of one word.
const MOST_OCCURRENCES: usize = 6;

/// The known words of a message.
#[derive(Default)]
pub(super) struct QueryTerms {
    /// The words, each once.
    pub(super) words: Vec<WordId>,
    /// The positions of each of them.
    positions: Vec<Places>,
    slots: Slots,
}

impl QueryTerms {
    /// Adds a word at its position, and returns its place among the known words.
    pub(super) fn add(&mut self, word: WordId, at: u32) -> u32 {
        let slot = self.slots.of(word);
        if slot == self.words.len() {
            self.words.push(word);
            self.positions.push(Places::default());
        }
        if let Some(places) = self.positions.get_mut(slot) {
            places.add(at);
        }
        slot as u32
    }

    /// Returns true when the message holds a word.
    pub(super) fn holds(&self, word: WordId) -> bool {
        self.slots.find(word).is_some()
    }

    /// The positions of a word, ascending: the first [`MOST_OCCURRENCES`].
    pub(super) fn positions_of(&self, word: WordId) -> Option<&[u32]> {
        self.positions.get(self.slots.find(word)?).map(Places::all)
    }
}

/// The positions of a word, ascending: the first [`MOST_OCCURRENCES`].
#[derive(Debug, Clone, Copy, Default)]
struct Places {
    count: usize,
    at: [u32; MOST_OCCURRENCES],
}

impl Places {
    fn add(&mut self, at: u32) {
        if let Some(place) = self.at.get_mut(self.count) {
            *place = at;
            self.count += 1;
        }
    }

    fn all(&self) -> &[u32] {
        self.at.get(..self.count).unwrap_or_default()
    }
}

/// A hash table from words of the vocabulary to their places among the message's known words: sized by the message, for
/// the vocabulary may be far larger.
struct Slots {
    /// The entries, by open addressing; an empty one holds [`GAP`], which is no word.
    table: Vec<(WordId, u32)>,
    filled: usize,
}

impl Default for Slots {
    fn default() -> Slots {
        Slots {
            table: vec![(GAP, 0); 256],
            filled: 0,
        }
    }
}

impl Slots {
    /// The place of a word; a new one gets the next place.
    fn of(&mut self, word: WordId) -> usize {
        if self.filled * 2 >= self.table.len() {
            let larger = vec![(GAP, 0); self.table.len() * 2];
            for (word, slot) in std::mem::replace(&mut self.table, larger) {
                if word != GAP {
                    let at = self.seek(word);
                    self.put(at, word, slot);
                }
            }
        }
        let at = self.seek(word);
        match self.table.get(at) {
            Some((known, slot)) if *known == word => *slot as usize,
            _ => {
                let slot = self.filled;
                self.put(at, word, slot as u32);
                self.filled += 1;
                slot
            }
        }
    }

    fn put(&mut self, at: usize, word: WordId, slot: u32) {
        if let Some(entry) = self.table.get_mut(at) {
            *entry = (word, slot);
        }
    }

    fn find(&self, word: WordId) -> Option<usize> {
        let (known, slot) = self.table.get(self.seek(word))?;
        (*known == word && word != GAP).then_some(*slot as usize)
    }

    /// Index of a word's entry, or of the free one where it belongs. At least half of the table is free, so the search
    /// is short.
    fn seek(&self, word: WordId) -> usize {
        let mask = self.table.len() - 1;
        // Spreads neighbouring numbers over the table (multiplicative hashing by the golden ratio, after Knuth).
        let mut at = (u64::from(word).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while self
            .table
            .get(at)
            .is_some_and(|(known, _)| *known != word && *known != GAP)
        {
            at = (at + 1) & mask;
        }
        at
    }
}
