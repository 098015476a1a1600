//! One scan for literals that decides which detectors run on a text.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::detectors::{CONTEXTS, SHAPES};
use super::find::Find;
use super::names::{SecretName, names};
use super::{assignment, blocks, command_lines, encoded, files, keys, strong, tables, urls};

/// A detector that is a function, and the literals of which one must occur.
struct FindFunction {
    literals: &'static [&'static str],
    find: fn(&str, &mut Vec<Find>),
}

static READERS: LazyLock<Vec<FindFunction>> = LazyLock::new(|| {
    vec![
        FindFunction {
            literals: &["://"],
            find: urls::find,
        },
        FindFunction {
            literals: &["@"],
            find: urls::find_sources,
        },
        FindFunction {
            literals: &["="],
            find: urls::find_parameters,
        },
        FindFunction {
            literals: &["\n", "private key", "mii"],
            find: keys::find_keys,
        },
        FindFunction {
            literals: &["secret"],
            find: files::find_kubernetes,
        },
        FindFunction {
            literals: &["cookie", "curl", "\ttrue\t", "\tfalse\t"],
            find: files::find_cookies,
        },
        FindFunction {
            literals: &["|", "\t", "pass", "token", "secret", "pwd", "key", "insert into"],
            find: tables::find_tables,
        },
        FindFunction {
            literals: &["s:", "s =", "s=", "s\":", "s\" =", "s {"],
            find: blocks::find,
        },
        FindFunction {
            literals: &["-", " ", "/"],
            find: command_lines::find,
        },
    ]
});

struct Prefilter {
    literals: AhoCorasick,
    /// The bit of the detector of each literal.
    owners: Vec<u128>,
}

/// First bit of the detectors of contexts; before it are those of shapes.
const FIRST_CONTEXT: usize = 48;
/// First bit of the functions.
const FIRST_READER: usize = 96;

static PREFILTER: LazyLock<Option<Prefilter>> = LazyLock::new(|| {
    let shapes = SHAPES.iter().enumerate().map(|(at, detector)| (at, detector.literals));
    let contexts = CONTEXTS
        .iter()
        .enumerate()
        .map(|(at, detector)| (at + FIRST_CONTEXT, detector.literals));
    let readers = READERS
        .iter()
        .enumerate()
        .map(|(at, reader)| (at + FIRST_READER, reader.literals));
    let (literals, owners): (Vec<&str>, Vec<u128>) = shapes
        .chain(contexts)
        .chain(readers)
        .flat_map(|(bit, literals)| literals.iter().map(move |literal| (*literal, 1 << bit)))
        .unzip();
    let literals = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(literals)
        .ok()?;
    Some(Prefilter { literals, owners })
});

/// The detectors to run on a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct DetectorSet(u128);

/// Scans a text.
pub(super) fn wanted(text: &str) -> DetectorSet {
    let Some(prefilter) = PREFILTER.as_ref() else {
        // Without the scan every detector runs: slow is better than leaky.
        return DetectorSet(u128::MAX);
    };
    let mut wanted = 0;
    for found in prefilter.literals.find_overlapping_iter(text) {
        wanted |= prefilter
            .owners
            .get(found.pattern().as_usize())
            .copied()
            .unwrap_or_default();
    }
    DetectorSet(wanted)
}

impl DetectorSet {
    fn has(self, bit: usize) -> bool {
        self.0 >> bit & 1 == 1
    }

    /// Returns true when a token may be there.
    pub(super) fn shapes(self) -> bool {
        self.0 & ((1 << FIRST_CONTEXT) - 1) != 0
    }

    /// Adds the finds of all detectors.
    pub(super) fn find(self, text: &str, depth: usize, finds: &mut Vec<Find>) {
        self.find_shapes(text, finds);
        for (at, detector) in CONTEXTS.iter().enumerate() {
            if self.has(at + FIRST_CONTEXT) {
                detector.find(text, finds);
            }
        }
        for (at, reader) in READERS.iter().enumerate() {
            if self.has(at + FIRST_READER) {
                (reader.find)(text, finds);
            }
        }
        let names: Vec<SecretName> = names(text).collect();
        assignment::find(text, &names, finds);
        strong::find(text, &names, finds);
        encoded::find(text, depth, finds);
    }

    /// Adds the finds of the detectors of shapes.
    pub(super) fn find_shapes(self, text: &str, finds: &mut Vec<Find>) {
        for (at, detector) in SHAPES.iter().enumerate() {
            if self.has(at) {
                detector.find(text, finds);
            }
        }
    }
}
