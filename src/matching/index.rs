//! The index of a library's signatures: built once a load, read by every message.

use std::collections::{HashMap, HashSet};

use super::Options;
use super::code;
use super::harvest::{Harvest, harvest};
use super::rule::{Detector, Expressions};
use super::signature::{Name, Signature};
use super::vocabulary::{GAP, Vocabulary, WordId};
use crate::runbook::{Library, Standing, TopicId};

/// Everything that recognising needs, owned: it outlives the library it was built from.
#[derive(Debug)]
pub struct Index {
    pub(super) options: Options,
    pub(super) vocabulary: Vocabulary,
    pub(super) signatures: Vec<Signature>,
    /// Signatures by word: `postings[starts[w]..starts[w + 1]]`.
    postings: Vec<u32>,
    starts: Vec<u32>,
    pub(super) codes: HashMap<String, Vec<(TopicId, f32)>>,
    pub(super) families: HashSet<String>,
    pub(super) alerts: HashMap<String, Vec<(TopicId, f32)>>,
    pub(super) expressions: Expressions,
    pub(super) runbooks: Vec<Entry>,
    pub(super) lexicon: Lexicon,
}

/// What the index keeps of a runbook.
#[derive(Debug)]
pub(super) struct Entry {
    /// Whether it may answer unasked.
    pub(super) answers: bool,
    /// How far it is believed: a listing ranks behind the page that explains.
    pub(super) standing: f32,
    /// The topic that each of its sections belongs to.
    pub(super) topics: Vec<usize>,
    /// Its detection rules and exclusions.
    pub(super) detector: Detector,
}

/// Words by runbook, for ranking by words in common (BM25).
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    /// (runbook, how often) by word, like `postings`.
    postings: Vec<(u32, u16)>,
    starts: Vec<u32>,
    /// Words a runbook, relative to the average.
    pub(super) lengths: Vec<f32>,
}

impl Index {
    /// Takes the signatures of a library and makes them searchable.
    pub fn build(library: &Library, options: &Options) -> Index {
        let Harvest {
            vocabulary,
            signatures,
            codes,
            alerts,
            expressions,
        } = harvest(library);
        let (starts, postings) = invert(&signatures, vocabulary.len());
        let lexicon = Lexicon::build(&signatures, vocabulary.len(), library.runbooks.len());
        let codes = by_name(codes, str::to_owned);
        let families = codes.keys().map(|code| code::family(code)).collect();
        let runbooks = library
            .runbooks
            .iter()
            .map(|runbook| {
                let topics = (0..runbook.sections.len())
                    .map(|section| runbook.topic(section).map_or(0, |topic| topic.section))
                    .collect();
                Entry {
                    answers: runbook.standing == Standing::Full && runbook.front.signpost.answer != Some(false),
                    standing: match runbook.standing {
                        Standing::Full => 1.0,
                        Standing::Listing => 0.6,
                        Standing::Pointer | Standing::Draft => 0.5,
                    },
                    topics,
                    detector: Detector::new(runbook),
                }
            })
            .collect();
        Index {
            options: options.clone(),
            vocabulary,
            signatures,
            postings,
            starts,
            codes,
            families,
            alerts: by_name(alerts, str::to_lowercase),
            expressions: Expressions::new(&expressions),
            runbooks,
            lexicon,
        }
    }

    /// How many signatures it holds: templates, codes and alert names.
    pub fn signatures(&self) -> usize {
        self.signatures.len() + self.codes.len() + self.alerts.len()
    }

    /// How many runbooks it was built from.
    pub fn runbooks(&self) -> usize {
        self.runbooks.len()
    }

    pub(super) fn signatures_with(&self, word: WordId) -> &[u32] {
        slice(&self.postings, &self.starts, word)
    }

    /// The signatures of one runbook: they were taken runbook by runbook.
    pub(super) fn signatures_of(&self, runbook: usize) -> &[Signature] {
        let from = self
            .signatures
            .partition_point(|signature| signature.topic.runbook < runbook);
        let to = self
            .signatures
            .partition_point(|signature| signature.topic.runbook <= runbook);
        self.signatures.get(from..to).unwrap_or_default()
    }

    /// The section of the topic that a section belongs to.
    pub(super) fn topic_section(&self, id: TopicId) -> usize {
        self.runbooks
            .get(id.runbook)
            .and_then(|entry| entry.topics.get(id.section))
            .copied()
            .unwrap_or(0)
    }
}

impl Lexicon {
    fn build(signatures: &[Signature], words: usize, runbooks: usize) -> Lexicon {
        let mut counts: HashMap<(WordId, u32), u16> = HashMap::new();
        let mut lengths = vec![0.0_f32; runbooks];
        for signature in signatures {
            let runbook = signature.topic.runbook as u32;
            for id in signature.words.iter().filter(|id| **id != GAP) {
                let count = counts.entry((*id, runbook)).or_default();
                *count = count.saturating_add(1);
            }
            if let Some(length) = lengths.get_mut(signature.topic.runbook) {
                *length += signature.words.len() as f32;
            }
        }
        let average = (lengths.iter().sum::<f32>() / (runbooks.max(1) as f32)).max(1.0);
        for length in &mut lengths {
            *length /= average;
        }
        let mut all: Vec<((WordId, u32), u16)> = counts.into_iter().collect();
        all.sort_unstable();
        let mut starts = vec![0_u32; words + 1];
        for ((id, _), _) in &all {
            if let Some(start) = starts.get_mut(*id as usize + 1) {
                *start += 1;
            }
        }
        accumulate(&mut starts);
        Lexicon {
            postings: all.into_iter().map(|((_, runbook), count)| (runbook, count)).collect(),
            starts,
            lengths,
        }
    }

    /// The runbooks that hold a word, with how often.
    pub(super) fn runbooks_with(&self, word: WordId) -> &[(u32, u16)] {
        slice(&self.postings, &self.starts, word)
    }
}

fn slice<'a, T>(postings: &'a [T], starts: &[u32], word: WordId) -> &'a [T] {
    let bounds = (starts.get(word as usize), starts.get(word as usize + 1));
    let (Some(from), Some(to)) = bounds else { return &[] };
    postings.get(*from as usize..*to as usize).unwrap_or(&[])
}

fn accumulate(starts: &mut [u32]) {
    let mut sum = 0;
    for start in starts {
        sum += *start;
        *start = sum;
    }
}

/// Signatures by word, each once.
fn invert(signatures: &[Signature], words: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; words + 1];
    let mut distinct: Vec<WordId> = Vec::new();
    let mut pairs: Vec<(WordId, u32)> = Vec::new();
    for (index, signature) in signatures.iter().enumerate() {
        distinct.clear();
        distinct.extend(signature.words.iter().filter(|id| **id != GAP));
        distinct.sort_unstable();
        distinct.dedup();
        for id in &distinct {
            pairs.push((*id, index as u32));
            if let Some(start) = starts.get_mut(*id as usize + 1) {
                *start += 1;
            }
        }
    }
    accumulate(&mut starts);
    pairs.sort_unstable();
    (starts, pairs.into_iter().map(|(_, signature)| signature).collect())
}

/// Names by their key, each topic once with its best strength. A name that many runbooks mention is left to those that
/// are about it.
fn by_name(names: Vec<Name>, key: impl Fn(&str) -> String) -> HashMap<String, Vec<(TopicId, f32)>> {
    let mut map: HashMap<String, Vec<(TopicId, f32)>> = HashMap::new();
    for name in names {
        let entry = map.entry(key(&name.text)).or_default();
        match entry.iter_mut().find(|(topic, _)| *topic == name.topic) {
            Some((_, strength)) => *strength = strength.max(name.strength),
            None => entry.push((name.topic, name.strength)),
        }
    }
    for topics in map.values_mut() {
        let runbooks: HashSet<usize> = topics.iter().map(|(topic, _)| topic.runbook).collect();
        let factor = match runbooks.len() {
            0..=3 => 1.0,
            4..=5 => 0.6,
            _ => 0.3,
        };
        for (_, strength) in topics.iter_mut().filter(|(_, strength)| *strength < 1.0) {
            *strength *= factor;
        }
    }
    map
}
