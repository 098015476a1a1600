//! The index of a library's signatures: assembled once a load, read for every message.

use std::collections::HashSet;
use std::sync::Arc;

use hashbrown::HashMap;

use super::draft::Dictionaries;
use super::expressions::Expressions;
use super::lexicon::Lexicon;
use super::names::Names;
use super::part::Part;
use super::phrases;
use super::postings::{Postings, Stamps};
use super::programs::Programs;
use super::signature::{Signature, SignatureSource};
use super::signature_cache::SignatureCache;
use super::vocabulary::{GAP, Vocabulary, WordId};
use super::{IndexOptions, code};
use crate::runbook::{Library, TopicId};

/// All data that matching needs, owned, so that it outlives the library it was built from.
#[derive(Debug)]
pub struct Index {
    pub(super) options: IndexOptions,
    pub(super) vocabulary: Vocabulary,
    pub(super) signatures: Signatures,
    /// Signatures by word.
    postings: Postings<u32>,
    pub(super) codes: Names,
    pub(super) families: HashSet<String>,
    pub(super) alerts: Names,
    pub(super) expressions: Expressions,
    pub(super) programs: Programs,
    pub(super) runbooks: Arc<[Arc<Part>]>,
    pub(super) lexicon: Lexicon,
}

/// The signatures of a library, numbered runbook by runbook.
#[derive(Debug)]
pub(super) struct Signatures {
    parts: Arc<[Arc<Part>]>,
    /// The first signature of each runbook.
    firsts: Vec<u32>,
    told: Vec<Told>,
}

/// The weight of a signature in this library, kept apart from the rest: many signatures are rated by it, and few are
/// read further.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) total: f32,
    pub(super) shared: f32,
    pub(super) source: SignatureSource,
    runbook: u32,
}

impl Index {
    /// Extracts the signatures of a library and indexes them.
    pub fn build(library: &Library, options: &IndexOptions) -> Index {
        SignatureCache::default().index(library, options)
    }

    /// Assembles the index from the parts of a library, in the library's order.
    pub(super) fn assemble(
        parts: Vec<Arc<Part>>,
        vocabulary: Vocabulary,
        dictionaries: &Dictionaries,
        options: &IndexOptions,
    ) -> Index {
        let parts: Arc<[Arc<Part>]> = parts.into();
        let words = vocabulary.len();
        let ((signatures, expressions), (postings, lexicon, codes, alerts)) = rayon::join(
            || {
                (
                    Signatures::new(&parts, &vocabulary),
                    Expressions::new(expressions(&parts)),
                )
            },
            || {
                let codes = Names::new(&dictionaries.codes, &parts, |part| &part.codes);
                let alerts = Names::new(&dictionaries.alerts, &parts, |part| &part.alerts);
                phrases::prepare();
                let lexicon = Lexicon::new(&parts, &dictionaries.stems, &vocabulary);
                (by_word(&parts, words), lexicon, codes, alerts)
            },
        );
        Index {
            options: options.clone(),
            signatures,
            postings,
            families: codes.all().map(code::family).collect(),
            codes,
            alerts,
            expressions,
            programs: Programs::default(),
            lexicon,
            vocabulary,
            runbooks: parts,
        }
    }

    /// Number of signatures: templates, codes and alert names.
    pub fn signatures(&self) -> usize {
        self.signatures.len() + self.codes.all().count() + self.alerts.all().count()
    }

    /// Number of runbooks that it was built from.
    pub fn runbooks(&self) -> usize {
        self.runbooks.len()
    }

    pub(super) fn signatures_with(&self, word: WordId) -> &[u32] {
        self.postings.of(word)
    }

    /// The section that begins the topic to which a section belongs; 0 for an unknown one.
    pub(super) fn topic_section(&self, id: TopicId) -> usize {
        self.runbooks
            .get(id.runbook)
            .and_then(|part| part.topics.get(id.section))
            .copied()
            .unwrap_or(0)
    }
}

impl Signatures {
    fn new(parts: &Arc<[Arc<Part>]>, vocabulary: &Vocabulary) -> Signatures {
        let all = parts.iter().map(|part| part.packed.len()).sum();
        let mut signatures = Signatures {
            firsts: Vec::with_capacity(parts.len()),
            told: Vec::with_capacity(all),
            parts: Arc::clone(parts),
        };
        let shared = SignatureCount::count(parts, all);
        for (runbook, part) in (0..).zip(parts.iter()) {
            signatures.firsts.push(signatures.told.len() as u32);
            for (at, kept) in part.packed.signatures.iter().enumerate() {
                let words = part.packed.words(at).iter().enumerate();
                let telling = words.filter(|(index, id)| **id != GAP && kept.samples >> index & 1 == 0);
                signatures.told.push(Told {
                    total: telling.map(|(_, id)| vocabulary.weight(*id)).sum(),
                    shared: shared.factor(kept.fingerprint),
                    source: kept.source,
                    runbook,
                });
            }
        }
        signatures
    }

    pub(super) fn len(&self) -> usize {
        self.told.len()
    }

    /// The weight of a signature.
    pub(super) fn told(&self, index: u32) -> Option<Told> {
        self.told.get(index as usize).copied()
    }

    /// The signature of a number.
    pub(super) fn get(&self, index: u32) -> Option<Signature<'_>> {
        let told = self.told(index)?;
        let first = self.firsts.get(told.runbook as usize)?;
        let part = self.parts.get(told.runbook as usize)?;
        let signature = part.packed.signature(told.runbook as usize, (index - first) as usize)?;
        Some(Signature {
            total: told.total,
            shared: told.shared,
            ..signature
        })
    }

    /// The signatures of one runbook.
    pub(super) fn of(&self, runbook: usize) -> impl Iterator<Item = Signature<'_>> {
        let first = self.firsts.get(runbook).copied().unwrap_or(0);
        let count = self.parts.get(runbook).map_or(0, |part| part.packed.len() as u32);
        (first..first + count).filter_map(|index| self.get(index))
    }
}

/// Lists the signatures that hold each word, each signature once.
fn by_word(parts: &[Arc<Part>], words: usize) -> Postings<u32> {
    let signatures = || {
        let packed = parts.iter().map(|part| &part.packed);
        packed.flat_map(|packed| (0..packed.len()).map(|at| packed.words(at)))
    };
    let mut stamps = Stamps::new(words);
    Postings::new(words, |take| {
        stamps.clear();
        for (index, signature) in (0..).zip(signatures()) {
            for id in signature.iter().filter(|id| **id != GAP) {
                if stamps.first(*id, index) {
                    take(*id, index);
                }
            }
        }
    })
}

fn expressions(parts: &[Arc<Part>]) -> Vec<(TopicId, Box<str>)> {
    let mut expressions = Vec::new();
    for (runbook, part) in parts.iter().enumerate() {
        for (section, pattern) in &part.expressions {
            let section = *section;
            expressions.push((TopicId { runbook, section }, pattern.as_str().into()));
        }
    }
    expressions
}

/// Number of runbooks that have a signature of the same words, and the last of them, by fingerprint.
struct SignatureCount(HashMap<u64, (u32, u32)>);

impl SignatureCount {
    fn count(parts: &[Arc<Part>], signatures: usize) -> SignatureCount {
        let mut runbooks: HashMap<u64, (u32, u32)> = HashMap::with_capacity(signatures);
        for (runbook, part) in (0..).zip(parts) {
            for kept in &part.packed.signatures {
                let (count, last) = runbooks.entry(kept.fingerprint).or_insert((0, u32::MAX));
                *count += u32::from(*last != runbook);
                *last = runbook;
            }
        }
        SignatureCount(runbooks)
    }

    fn factor(&self, fingerprint: u64) -> f32 {
        match self.0.get(&fingerprint).map_or(1, |(count, _)| *count) {
            0..=2 => 1.0,
            3..=4 => 0.7,
            _ => 0.4,
        }
    }
}
