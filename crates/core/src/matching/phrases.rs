//! Sequences of words that the messages of many unrelated programs share, such as `connection refused`.

use std::sync::LazyLock;

use hashbrown::HashSet;

/// The sequences, one a line, as `background/phrases.py` writes them.
const PHRASES: &str = include_str!("phrases.txt");

struct Phrases {
    sequences: HashSet<&'static str>,
    words: HashSet<&'static str>,
}

static HELD: LazyLock<Phrases> = LazyLock::new(|| Phrases {
    sequences: PHRASES.lines().collect(),
    words: PHRASES.split_ascii_whitespace().collect(),
});

/// Returns true when many programs say these words in a row; for a single word, when it stands in such a sequence.
pub(super) fn holds(words: &[&str]) -> bool {
    if let [word] = words {
        return HELD.words.contains(word);
    }
    let mut sequence = String::with_capacity(64);
    for word in words {
        if !sequence.is_empty() {
            sequence.push(' ');
        }
        sequence.push_str(word);
    }
    HELD.sequences.contains(sequence.as_str())
}

/// Reads the sequences, so that the first message need not wait for it.
pub(super) fn prepare() {
    LazyLock::force(&HELD);
}
