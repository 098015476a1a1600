//! Sequences of words that the messages of many unrelated programs share, such as `connection refused`.

use std::sync::LazyLock;

use hashbrown::HashSet;

/// The sequences, one a line, as `background/phrases.py` writes them.
const PHRASES: &str = include_str!("phrases.txt");
/// Identifiers in lower case, one a line, from the same script.
const NAMES: &str = include_str!("names.txt");

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

/// Identifiers that many unrelated programs have, such as `ECONNREFUSED` and `DeadlineExceeded`.
static NAMES_HELD: LazyLock<HashSet<&'static str>> = LazyLock::new(|| NAMES.lines().collect());

/// Returns true for the name of an error, a function or a field, in lower case, that many programs have.
pub(super) fn is_common_name(name: &str) -> bool {
    NAMES_HELD.contains(name)
}

/// Reads the sequences and names, so that the first message need not wait for them.
pub(super) fn prepare() {
    LazyLock::force(&HELD);
    LazyLock::force(&NAMES_HELD);
}
