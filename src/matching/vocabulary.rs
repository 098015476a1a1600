//! How much a word tells. A word is worth the bits of its rarity: among the team's runbooks, and in technical writing
//! at large, so that `failed` counts little even where only one runbook says it.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::token::Shape;

/// A word's number in the vocabulary.
pub(super) type WordId = u32;

/// Stands in a signature where any value may stand.
pub(super) const GAP: WordId = WordId::MAX;

/// Everyday words of technical writing with the bits of their rarity (log2 of one in how many documents), counted over
/// manual pages and the documentation of language standard libraries. A line: the bits, then words.
const BACKGROUND: &str = include_str!("background.txt");

/// A plain word that technical writing at large does not use is at least this rare.
pub(super) const UNCOMMON: f32 = 9.0;
/// A name of a program's world is rarer still.
const NAME: f32 = 12.0;
const NUMBER: f32 = 2.5;
const VALUE: f32 = 0.5;
const LETTER: f32 = 0.5;

/// Small libraries say little about how rare a word is: they are counted as if they had this many runbooks.
const LEAST_RUNBOOKS: f32 = 600.0;

static COMMON: LazyLock<HashMap<&'static str, f32>> = LazyLock::new(|| {
    let mut common = HashMap::new();
    for line in BACKGROUND.lines() {
        let mut words = line.split_ascii_whitespace();
        let bits = words
            .next()
            .and_then(|bits| bits.parse::<f32>().ok())
            .unwrap_or(UNCOMMON);
        common.extend(words.map(|word| (word, bits)));
    }
    common
});

/// The rarity of a word in technical writing at large, in bits.
pub(super) fn background_bits(word: &str, shape: Shape) -> f32 {
    match shape {
        Shape::Number => NUMBER,
        Shape::Value => VALUE,
        _ if word.chars().nth(1).is_none() => LETTER,
        Shape::Name => NAME,
        Shape::Plain => COMMON.get(word).map_or(UNCOMMON, |bits| bits.max(0.3)),
    }
}

/// The words of a library.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    ids: HashMap<Box<str>, WordId>,
    entries: Vec<Entry>,
    /// All words in order, to find those that begin alike.
    sorted: Vec<(Box<str>, WordId)>,
}

#[derive(Debug)]
struct Entry {
    background: f32,
    runbooks: u32,
    last_runbook: u32,
    weight: f32,
}

impl Vocabulary {
    /// The word's number; new words are added.
    pub(super) fn add(&mut self, word: &str, shape: Shape) -> WordId {
        if let Some(id) = self.ids.get(word) {
            return *id;
        }
        let id = self.entries.len() as WordId;
        self.ids.insert(word.into(), id);
        self.entries.push(Entry {
            background: background_bits(word, shape),
            runbooks: 0,
            last_runbook: u32::MAX,
            weight: 0.0,
        });
        id
    }

    /// Notes that a runbook holds the word. Call it runbook by runbook.
    pub(super) fn seen_in(&mut self, id: WordId, runbook: u32) {
        if let Some(entry) = self.entries.get_mut(id as usize)
            && entry.last_runbook != runbook
        {
            entry.last_runbook = runbook;
            entry.runbooks += 1;
        }
    }

    /// Settles the weights once all runbooks were seen.
    pub(super) fn weigh(&mut self, runbooks: usize) {
        let total = (runbooks as f32).max(LEAST_RUNBOOKS);
        for entry in &mut self.entries {
            let rarity = (total / (entry.runbooks.max(1) as f32)).log2().max(0.1);
            entry.weight = entry.background.min(rarity * 1.2);
        }
        self.sorted = self.ids.iter().map(|(word, id)| (word.clone(), *id)).collect();
        self.sorted.sort_unstable();
    }

    pub(super) fn id(&self, word: &str) -> Option<WordId> {
        self.ids.get(word).copied()
    }

    /// The word that was probably meant: one typing error away, or, where the text was cut, the word it begins.
    pub(super) fn guess(&self, word: &str, cut: bool) -> Option<WordId> {
        let head = word.get(..2)?;
        let from = self.sorted.partition_point(|(known, _)| known.as_ref() < head);
        let alike = self
            .sorted
            .iter()
            .skip(from)
            .take_while(|(known, _)| known.starts_with(head));
        let near = |known: &str| {
            let begins = cut && known.starts_with(word);
            let typed =
                known.len() >= 6 && known.len().abs_diff(word.len()) <= 1 && strsim::osa_distance(known, word) == 1;
            (begins || typed) && !known.bytes().any(|b| b.is_ascii_digit())
        };
        let meant = alike.filter(|(known, _)| near(known));
        meant
            .max_by_key(|(_, id)| self.entries.get(*id as usize).map_or(0, |entry| entry.runbooks))
            .map(|(_, id)| *id)
    }

    /// What the word tells, in bits.
    pub(super) fn weight(&self, id: WordId) -> f32 {
        self.entries.get(id as usize).map_or(0.0, |entry| entry.weight)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}
