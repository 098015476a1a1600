//! The known words of a message, each once, and where they stand.

use super::vocabulary::{GAP, WordId};

/// Occurrences of one word that are looked at.
const MOST_OCCURRENCES: usize = 6;

/// The known words of a message.
#[derive(Default)]
pub(super) struct Known {
    /// Each once.
    pub(super) words: Vec<WordId>,
    /// Where each of them stands.
    positions: Vec<Places>,
    slots: Slots,
}

impl Known {
    /// Takes a word where it stands, and tells its place among the known words.
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

    /// Whether the message holds a word.
    pub(super) fn holds(&self, word: WordId) -> bool {
        self.slots.find(word).is_some()
    }

    /// Where a word stands, ascending; no more than can matter.
    pub(super) fn positions_of(&self, word: WordId) -> Option<&[u32]> {
        self.positions.get(self.slots.find(word)?).map(Places::all)
    }
}

/// Where a word stands, ascending; no more than can matter.
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

/// From words of the vocabulary to their place among the message's known words: a small table of its own, for the
/// vocabulary may be large and the message is not.
struct Slots {
    /// Open addressing; [`GAP`], which is no word, where nothing is.
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
    /// The place of a word; one more than the last for a new one.
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

    /// Where the word stands, or would stand. At least half of the table is free, so that the way is short.
    fn seek(&self, word: WordId) -> usize {
        let mask = self.table.len() - 1;
        // Neighbouring numbers are spread over the table (the golden ratio, as Knuth has it).
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
