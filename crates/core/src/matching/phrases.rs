//! Sequences of words that the messages of many unrelated programs share, such as `connection refused`.

use std::collections::HashSet;
use std::sync::LazyLock;

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
    match words {
        [word] => HELD.words.contains(word),
        _ => HELD.sequences.contains(words.join(" ").as_str()),
    }
}
