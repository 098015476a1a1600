//! Weights of words. A word is worth the bits of its rarity: among the team's runbooks, and in technical writing at
//! large, so that `failed` counts little even where only one runbook uses it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::part::Part;
use super::token::Shape;
use super::words::Words;

/// A word's number in the vocabulary.
pub(super) type WordId = u32;

/// Placeholder in a signature's words, where any value may stand.
pub(super) const GAP: WordId = WordId::MAX;

/// Everyday words of technical writing with the bits of their rarity (log2 of one in how many documents), counted over
/// manual pages and the documentation of language standard libraries. A line: the bits, then words.
const BACKGROUND: &str = include_str!("background.txt");

/// Rarity of a plain word that technical writing at large does not use, in bits.
pub(super) const UNCOMMON: f32 = 9.0;
/// Rarity of a technical name, and of numbers, values and single letters, in bits.
const NAME: f32 = 12.0;
const NUMBER: f32 = 2.5;
const VALUE: f32 = 0.5;
const LETTER: f32 = 0.5;

/// Number of runbooks as which a smaller library is counted: it says little about how rare a word is.
const LEAST_RUNBOOKS: f32 = 600.0;

/// Words of every collection of runbooks, which technical writing at large hardly uses, and the most bits of each.
const GENRE: (f32, &[&str]) = (
    3.0,
    &[
        "alert",
        "alerting",
        "alerts",
        "dashboard",
        "dashboards",
        "escalate",
        "escalation",
        "firing",
        "impact",
        "incident",
        "incidents",
        "mitigate",
        "mitigation",
        "oncall",
        "outage",
        "owner",
        "pager",
        "pagerduty",
        "postmortem",
        "runbook",
        "runbooks",
        "severity",
        "symptom",
        "symptoms",
        "troubleshoot",
        "troubleshooting",
        "workaround",
    ],
);

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
    for word in GENRE.1 {
        let bits = common.entry(*word).or_insert(GENRE.0);
        *bits = bits.min(GENRE.0);
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

/// The words of a library, and their weights.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// All words that were ever added; those that no runbook holds any more are not words of the library.
    words: Arc<Words>,
    entries: Vec<WordEntry>,
    /// The numbers of all words in the words' order, to find those that begin alike.
    sorted: Arc<Vec<WordId>>,
    /// Number of runbooks for rarity, at least [`LEAST_RUNBOOKS`].
    total: f32,
}

#[derive(Debug, Clone, Copy, Default)]
struct WordEntry {
    runbooks: u32,
    /// Bits: first the rarity in technical writing at large, then the lesser of that and the rarity among the runbooks.
    weight: f32,
}

fn rarity(total: f32, runbooks: usize) -> f32 {
    (total / (runbooks.max(1) as f32)).log2().max(0.1) * 1.2
}

impl Vocabulary {
    /// Counts the runbooks that hold each word, and weighs the words by that.
    pub(super) fn new(words: &Arc<Words>, sorted: Arc<Vec<WordId>>, parts: &[Arc<Part>]) -> Vocabulary {
        let mut entries = vec![WordEntry::default(); words.len()];
        for seen in parts.iter().flat_map(|part| &part.seen) {
            let Some(entry) = entries.get_mut(seen.id as usize) else {
                continue;
            };
            if entry.runbooks == 0 {
                entry.weight = background_bits(words.get(seen.id), seen.shape);
            }
            entry.runbooks += 1;
        }
        let total = (parts.len() as f32).max(LEAST_RUNBOOKS);
        for entry in &mut entries {
            entry.weight = entry.weight.min(rarity(total, entry.runbooks as usize));
        }
        Vocabulary {
            words: Arc::clone(words),
            entries,
            sorted,
            total,
        }
    }

    /// The rarity of a word that this many runbooks hold, in bits.
    pub(super) fn rarity(&self, runbooks: usize) -> f32 {
        rarity(self.total, runbooks)
    }

    pub(super) fn id(&self, word: &str) -> Option<WordId> {
        self.words.id(word).filter(|id| self.runbooks(*id) > 0)
    }

    /// The word that was probably meant: one typing error away, or, where the text was `cut`, a word that begins so. Of
    /// several, the one that most runbooks hold; none of several long ones, which are names.
    pub(super) fn guess(&self, word: &str, cut: bool) -> Option<WordId> {
        const LONG: usize = 16;
        let head = word.get(..2)?;
        let from = self.sorted.partition_point(|id| self.words.get(*id) < head);
        let rest = self.sorted.get(from..)?;
        let alike = rest.get(..rest.partition_point(|id| self.words.get(*id).starts_with(head)))?;
        let near = |known: &str| {
            let begins = || cut && known.starts_with(word);
            let typed = || known.len() >= 6 && known.len().abs_diff(word.len()) <= 1 && is_one_edit(known, word);
            (begins() || typed()) && !known.bytes().any(|b| b.is_ascii_digit())
        };
        let near = |id: &WordId| self.runbooks(*id) > 0 && near(self.words.get(*id));
        let mut meant = alike.iter().copied().filter(near);
        if word.len() >= LONG {
            return meant.next().filter(|_| meant.next().is_none());
        }
        meant.max_by_key(|id| self.runbooks(*id))
    }

    /// The word of a number.
    pub(super) fn word(&self, id: WordId) -> &str {
        self.words.get(id)
    }

    /// Number of runbooks that hold the word.
    pub(super) fn runbooks(&self, id: WordId) -> u32 {
        self.entries.get(id as usize).map_or(0, |entry| entry.runbooks)
    }

    /// The weight of the word, in bits.
    pub(super) fn weight(&self, id: WordId) -> f32 {
        self.entries.get(id as usize).map_or(0.0, |entry| entry.weight)
    }

    /// The largest number of a word, plus one.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Number of words that some runbook holds.
    pub(super) fn live(&self) -> usize {
        self.entries.iter().filter(|entry| entry.runbooks > 0).count()
    }
}

/// Returns true when two words differ by one letter that was left out, inserted or changed, or by two swapped
/// neighbours.
fn is_one_edit(a: &str, b: &str) -> bool {
    let begin: usize = alike(a.chars(), b.chars());
    let (a, b) = (a.get(begin..).unwrap_or_default(), b.get(begin..).unwrap_or_default());
    let end: usize = alike(a.chars().rev(), b.chars().rev());
    let middle = |word: &str| -> Vec<char> { word.get(..word.len() - end).unwrap_or_default().chars().collect() };
    match (middle(a).as_slice(), middle(b).as_slice()) {
        ([_], [] | [_]) | ([], [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

/// Bytes that two sequences of characters have in common at their beginning.
fn alike(a: impl Iterator<Item = char>, b: impl Iterator<Item = char>) -> usize {
    let same = a.zip(b).take_while(|(a, b)| a == b);
    same.map(|(c, _)| c.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use super::is_one_edit;

    #[test]
    fn a_typing_error_is_one_edit() {
        let words = [
            "certificate",
            "certificte",
            "cretificate",
            "certificaate",
            "cerTificate",
            "",
            "e",
            "née",
            "nee",
        ];
        for a in words {
            for b in words {
                assert_eq!(is_one_edit(a, b), strsim::osa_distance(a, b) == 1, "{a} {b}");
            }
        }
    }
}
