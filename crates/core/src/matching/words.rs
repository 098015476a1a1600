//! Strings by number: each once, all in one piece of memory, so that many of them weigh little and a copy is cheap.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Distinct strings, numbered from 0 in the order they were added.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    text: String,
    ends: Vec<u32>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Words {
    /// The string's number, if it was added.
    pub(super) fn id(&self, word: &str) -> Option<u32> {
        let known = |id: &u32| self.get(*id) == word;
        self.table.find(self.hasher.hash_one(word), known).copied()
    }

    /// The string's number; a new one is added.
    pub(super) fn add(&mut self, word: &str) -> u32 {
        if let Some(id) = self.id(word) {
            return id;
        }
        let id = self.ends.len() as u32;
        self.text.push_str(word);
        self.ends.push(self.text.len() as u32);
        let (text, ends, hasher) = (&self.text, &self.ends, &self.hasher);
        self.table
            .insert_unique(hasher.hash_one(word), id, |id| hasher.hash_one(slice(text, ends, *id)));
        id
    }

    /// The string of a number.
    pub(super) fn get(&self, id: u32) -> &str {
        slice(&self.text, &self.ends, id)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

fn slice<'t>(text: &'t str, ends: &[u32], id: u32) -> &'t str {
    let id = id as usize;
    let from = id
        .checked_sub(1)
        .and_then(|before| ends.get(before))
        .copied()
        .unwrap_or(0);
    let to = ends.get(id).copied().unwrap_or(from);
    text.get(from as usize..to as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn each_string_has_one_number() {
        let mut words = Words::default();
        let ids: Vec<u32> = ["a", "", "née", "a", ""].iter().map(|word| words.add(word)).collect();
        assert_eq!(ids, [0, 1, 2, 0, 1]);
        assert_eq!((words.get(0), words.get(1), words.get(2)), ("a", "", "née"));
        assert_eq!((words.id("née"), words.id("b"), words.len()), (Some(2), None, 3));
    }
}
