//! A runbook's [`Part`] under construction.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use parking_lot::Mutex;

use super::form::Form;
use super::lines::{has_error_level, is_call, is_listing, is_request, is_setting};
use super::part::{Kept, Named, Packed, Part, Seen};
use super::product::{self, Product};
use super::rule::RuleDetector;
use super::signature::SignatureSource;
use super::stems::Stems;
use super::token::{self, Shape};
use super::vocabulary::{GAP, WordId};
use super::words::Words;
use super::{SignatureKind, code};
use crate::runbook::{Completeness, Runbook};

/// Most words of a signature; longer texts are cut, for no signature is a whole page.
pub(super) const MOST_WORDS: usize = 64;

/// The words and names of a whole library, by number. Entries are only ever added.
#[derive(Debug, Default)]
pub(super) struct Dictionaries {
    pub(super) words: Arc<Words>,
    pub(super) codes: Arc<Words>,
    pub(super) alerts: Arc<Words>,
    pub(super) stems: Arc<Stems>,
    /// The words' numbers in the words' order, as of the last [`Dictionaries::sorted`].
    sorted: Arc<Vec<WordId>>,
}

impl Dictionaries {
    /// The numbers of all words, in the words' order.
    pub(super) fn sorted(&mut self) -> Arc<Vec<WordId>> {
        let (old, all) = (self.sorted.len(), self.words.len());
        if old < all {
            // Sorting a list that is sorted except for its end takes little more than sorting the end.
            let mut sorted: Vec<WordId> = self.sorted.to_vec();
            sorted.extend(old as WordId..all as WordId);
            sorted.sort_by_key(|id| self.words.get(*id));
            self.sorted = Arc::new(sorted);
        }
        Arc::clone(&self.sorted)
    }
}

/// The signatures and names taken from a runbook so far. Until it is finished, words have numbers of its own.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) codes: Vec<Name>,
    pub(super) alerts: Vec<Name>,
    /// Explicit expressions of the front matter, with their sections.
    pub(super) expressions: Vec<(usize, String)>,
    own: Words,
    shapes: Vec<Shape>,
    signatures: Vec<Kept>,
    words: Vec<WordId>,
    texts: String,
    gaps: Vec<(u32, Box<str>)>,
}

/// A code or an alert name as it was found.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) section: usize,
    /// 1 where the document is about the name, less where it only mentions it.
    pub(super) strength: f32,
}

/// A signature that is being added to a draft.
pub(super) struct Begun<'d> {
    draft: &'d mut Draft,
    words: usize,
    gaps: usize,
    samples: u64,
}

impl Draft {
    /// Begins a signature. Unless it is [added](Begun::add), only its words are kept, as seen.
    pub(super) fn begin(&mut self) -> Begun<'_> {
        let (words, gaps) = (self.words.len(), self.gaps.len());
        Begun {
            draft: self,
            words,
            gaps,
            samples: 0,
        }
    }

    /// Number of signatures so far.
    pub(super) fn len(&self) -> usize {
        self.signatures.len()
    }

    /// Makes the signatures from a number on symptoms whatever their form: their place says that they are.
    pub(super) fn let_speak(&mut self, from: usize) {
        for signature in self.signatures.iter_mut().skip(from) {
            (signature.symptom, signature.speaks) = (true, true);
        }
    }

    /// Moves examples of errors that hold one code to the section that explains the code, where the runbook has one.
    fn lead_to_codes(&mut self) {
        let mut explained: HashMap<&str, u32> = HashMap::new();
        for name in self
            .codes
            .iter()
            .filter(|name| name.strength >= 1.0 && name.section > 0)
        {
            explained.entry(&name.text).or_insert(name.section as u32);
        }
        if explained.is_empty() {
            return;
        }
        let mut end = self.texts.len();
        for signature in self.signatures.iter_mut().rev() {
            let text = self.texts.get(signature.text as usize..end).unwrap_or_default();
            end = signature.text as usize;
            if signature.source == SignatureSource::Prose {
                continue;
            }
            let codes = code::codes(text);
            let section = codes.first().and_then(|code| explained.get(code.text));
            if let Some(section) = section.filter(|_| codes.len() == 1) {
                signature.section = *section;
            }
        }
    }

    /// Gives every word and name its number in the library and packs the draft.
    pub(super) fn finish(mut self, runbook: &Runbook, dictionaries: &Mutex<Dictionaries>) -> Part {
        self.lead_to_codes();
        // Other threads wait for the lock, so it is held only while numbers are looked up.
        let mut guard = dictionaries.lock();
        let dictionaries = &mut *guard;
        let codes = named(self.codes, &mut dictionaries.codes, |code| code);
        let alerts = named(self.alerts, &mut dictionaries.alerts, |alert| alert.to_lowercase());
        let mut seen: Vec<Seen> = (0..)
            .zip(self.shapes)
            .map(|(own, shape)| Seen {
                id: number(&mut dictionaries.words, self.own.get(own)),
                count: 0,
                shape,
            })
            .collect();
        if dictionaries.stems.words() < dictionaries.words.len() {
            Arc::make_mut(&mut dictionaries.stems).follow(&dictionaries.words);
        }
        drop(guard);
        let mut signatures = self.signatures.iter().peekable();
        let mut times = 0;
        for (at, word) in self.words.iter_mut().enumerate() {
            while let Some(signature) = signatures.next_if(|signature| signature.words as usize <= at) {
                times = signature.source.times();
            }
            if let Some(seen) = seen.get_mut(*word as usize).filter(|_| *word != GAP) {
                seen.count = seen.count.saturating_add(times);
                *word = seen.id;
            }
        }
        let mut packed = Packed {
            signatures: self.signatures.into(),
            words: self.words.into(),
            texts: self.texts.into(),
            gaps: self.gaps.into(),
        };
        for at in 0..packed.len() {
            let mut hasher = DefaultHasher::new();
            packed.words(at).hash(&mut hasher);
            if let Some(kept) = packed.signatures.get_mut(at) {
                kept.fingerprint = hasher.finish();
            }
        }
        let mut held: Vec<WordId> = seen.iter().map(|seen| seen.id).collect();
        held.sort_unstable();
        let (subject, headings) = subjects(&packed);
        Part {
            held: held.into(),
            subject: subject.into(),
            headings: headings.into(),
            answers: matches!(runbook.completeness, Completeness::Full | Completeness::Listing)
                && runbook.front.signpost.answer != Some(false),
            completeness: match runbook.completeness {
                Completeness::Full => 1.0,
                Completeness::Listing => 0.6,
                Completeness::Pointer | Completeness::Draft | Completeness::Partial => 0.5,
            },
            products: about(runbook),
            topics: (0..runbook.sections.len())
                .map(|section| runbook.topic(section).map_or(0, |topic| topic.section))
                .collect(),
            detector: RuleDetector::new(runbook),
            expressions: self.expressions.into(),
            seen: seen.into(),
            codes,
            alerts,
            length: packed.words.len() as f32,
            packed,
        }
    }
}

impl Begun<'_> {
    /// Adds a word. A value counts as seen, but becomes a placeholder. A `sample` is part of an unmarked value.
    pub(super) fn word(&mut self, word: &str, shape: Shape, sample: bool) {
        let draft = &mut *self.draft;
        let at = draft.words.len() - self.words;
        if sample && at < MOST_WORDS {
            self.samples |= 1 << at;
        }
        let id = draft.own.add(word);
        if id as usize == draft.shapes.len() {
            draft.shapes.push(shape);
        }
        draft.words.push(if shape == Shape::Value { GAP } else { id });
    }

    /// Adds a named place where any value may stand.
    pub(super) fn gap(&mut self, name: &str) {
        let at = (self.draft.words.len() - self.words) as u32;
        self.draft.gaps.push((at, name.into()));
        self.draft.words.push(GAP);
    }

    /// Adds the signature, unless it has nothing but placeholders. Words added afterwards begin another signature.
    pub(super) fn add(&mut self, section: usize, kind: SignatureKind, source: SignatureSource, text: &str) {
        let samples = std::mem::take(&mut self.samples);
        let (from, gaps) = (self.words, self.gaps);
        let draft = &mut *self.draft;
        draft.words.truncate(from + MOST_WORDS);
        let said = draft.words.get(from..).unwrap_or_default();
        if said.iter().all(|id| *id == GAP) {
            draft.words.truncate(from);
            draft.gaps.truncate(gaps);
            return;
        }
        // A text that is only a value, such as the path of a file, is about that value; a line that a program printed
        // is not.
        let printed = matches!(source, SignatureSource::Message | SignatureSource::Output);
        let mut words = said.iter().enumerate();
        let only = words.all(|(index, id)| *id == GAP || samples >> index & 1 == 1);
        let samples = if only && !printed { 0 } else { samples };
        let symptom = is_symptom(text);
        draft.signatures.push(Kept {
            fingerprint: 0,
            samples,
            words: from as u32,
            text: draft.texts.len() as u32,
            gaps: gaps as u32,
            section: section as u32,
            kind,
            source,
            symptom,
            speaks: speaks(text, source, symptom),
        });
        draft.texts.push_str(text);
        (self.words, self.gaps) = (draft.words.len(), draft.gaps.len());
    }

    /// Number of words and placeholders so far.
    pub(super) fn len(&self) -> usize {
        self.draft.words.len() - self.words
    }
}

/// Returns true for a text that reads like an error, or denies something; a question about an error is none.
pub(super) fn is_symptom(text: &str) -> bool {
    let form = Form::of(text);
    form.negations > 0 || has_error_level(text) || form.errors > 0 && !text.trim_end().ends_with('?')
}

/// Returns true when a text may be answered unasked by its place and its form.
fn speaks(text: &str, source: SignatureSource, symptom: bool) -> bool {
    const LEAST_WORDS: usize = 4;
    const LEAST_HUMPS: usize = 3;
    match source {
        SignatureSource::Command | SignatureSource::Boilerplate | SignatureSource::Front => false,
        SignatureSource::Explicit | SignatureSource::Alternative => true,
        // A name of two humps may be a product or a thing: `BareMetal`.
        SignatureSource::AlertWords => symptom || token::humps(text).len() >= LEAST_HUMPS,
        SignatureSource::Prose | SignatureSource::Output => symptom,
        // `What am I looking at?`
        SignatureSource::Heading if text.trim_end().ends_with('?') => symptom || Form::of(text).errors > 0,
        _ => {
            let long = text.split_whitespace().nth(LEAST_WORDS - 1).is_some();
            let context =
                text.contains("://") || is_setting(text) || is_listing(text) || is_call(text) || is_request(text);
            symptom || long && !context && Form::of(text).fine == 0
        }
    }
}

/// The words that name the subject of the page, and those of each section's heading.
fn subjects(packed: &Packed) -> (Vec<WordId>, Vec<(u32, WordId)>) {
    let (mut page, mut headings) = (Vec::new(), Vec::new());
    for at in 0..packed.len() {
        let Some(kept) = packed.signatures.get(at) else {
            continue;
        };
        let title = matches!(kept.source, SignatureSource::Heading | SignatureSource::AlertWords);
        let words = packed.words(at).iter().copied().filter(|id| *id != GAP);
        if kept.section == 0 && (title || kept.source == SignatureSource::Front) {
            page.extend(words);
        } else if title {
            headings.extend(words.map(|id| (kept.section, id)));
        }
    }
    page.sort_unstable();
    page.dedup();
    headings.sort_unstable();
    headings.dedup();
    (page, headings)
}

/// The products that a runbook says it is about.
fn about(runbook: &Runbook) -> Box<[Product]> {
    let front = &runbook.front;
    let texts = [&runbook.path, &runbook.title]
        .into_iter()
        .chain(&front.title)
        .chain(&front.tags);
    let words = texts.flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    words.filter_map(product::named).collect()
}

/// The number of a string, which is added if it is new; a dictionary that an index still reads is copied first.
fn number(words: &mut Arc<Words>, word: &str) -> u32 {
    words.id(word).unwrap_or_else(|| Arc::make_mut(words).add(word))
}

/// Names numbered by their key, each once a section with its best strength.
fn named<K: AsRef<str>>(names: Vec<Name>, dictionary: &mut Arc<Words>, key: impl Fn(String) -> K) -> Box<[Named]> {
    let mut places: HashMap<(u32, u32), usize> = HashMap::new();
    let mut out: Vec<Named> = Vec::new();
    for name in names {
        let (section, strength) = (name.section as u32, name.strength);
        let id = number(dictionary, key(name.text).as_ref());
        let at = *places.entry((id, section)).or_insert(out.len());
        match out.get_mut(at) {
            Some(known) => known.strength = known.strength.max(strength),
            None => out.push(Named { id, section, strength }),
        }
    }
    out.into()
}
