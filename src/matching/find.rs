//! From a message to ranked topics: candidates by their rare words, laid along the message, added up by runbook.

use std::collections::{BTreeMap, HashSet};

use super::align::{self, Alignment, Hit};
use super::code;
use super::index::Index;
use super::lines::{is_assignment, is_boilerplate};
use super::normalise::{Message, normalise};
use super::rule::Verdict;
use super::score;
use super::signature::Signature;
use super::token::{self, Shape, Word};
use super::vocabulary::{WordId, background_bits};
use super::{Evidence, Match, Outcome, SignatureKind};
use crate::runbook::TopicId;

/// A word of the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageWord {
    /// Its number, when any runbook holds it.
    pub(super) id: Option<WordId>,
    pub(super) line: u32,
    pub(super) place: Word,
    /// What it tells, in bits.
    pub(super) weight: f32,
}

/// A message cut into words.
pub(super) struct Read {
    pub(super) message: Message,
    pub(super) words: Vec<MessageWord>,
    /// The known words, each once.
    known: Vec<WordId>,
    /// By word of the vocabulary: one more than its place in `positions`, 0 for a word that is not here.
    slots: Vec<u32>,
    /// Where each known word stands, ascending; no more than can matter.
    positions: Vec<Vec<u32>>,
    /// Bits a line.
    line_weights: Vec<f32>,
    /// How far each line is believed: what every listing has counts little here too.
    line_trust: Vec<f32>,
}

/// One reason for a topic.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) topic: TopicId,
    pub(super) kind: SignatureKind,
    pub(super) signature: String,
    pub(super) line: u32,
    /// Words of the message that it rests on.
    pub(super) words: Vec<u32>,
    /// Bits for the topic.
    pub(super) strength: f32,
    /// How much of the signature, or of its lines, is there: 0 to 1.
    pub(super) cover: f32,
    /// Whether the message holds the topic's code or alert name itself.
    pub(super) named: bool,
}

/// More words are not read: a paste of 40,000 characters fits.
const MOST_WORDS: usize = 12_000;
/// A word with less than this proposes nothing by itself.
const PROPOSES: f32 = 2.6;
/// Signatures that share less than this are not looked at.
const LEAST_SHARED: f32 = 5.0;
/// So many signatures are laid along the message.
const MOST_CANDIDATES: usize = 140;
/// Occurrences of one word that are looked at.
const MOST_OCCURRENCES: usize = 6;
/// In a message up to this length, in bytes, so many unknown words of at least so many letters are guessed.
const SHORT: usize = 600;
const MOST_GUESSES: usize = 8;
const LEAST_GUESSED: usize = 5;
/// What remains of the evidence in a message with a code that no runbook explains.
const FOREIGN: f32 = 0.5;
/// A name, or a code, tells this much where the document is about it.
const NAME_BITS: f32 = 17.0;

impl Index {
    /// Recognises a message that nobody asked about: what is above the threshold would be answered.
    pub fn find(&self, message: &str) -> Outcome {
        self.rank(message, false)
    }

    /// Ranks everything for a question or words that somebody asked about.
    pub fn search(&self, words: &str) -> Outcome {
        self.rank(words, true)
    }

    fn rank(&self, message: &str, asked: bool) -> Outcome {
        let read = self.read(message);
        let mut findings = self.names(&read);
        findings.extend(self.aligned(&read));
        if self.is_foreign(&read) {
            for finding in findings.iter_mut().filter(|finding| !finding.named) {
                finding.strength *= FOREIGN;
            }
        }
        score::outcome(self, &read, findings, asked)
    }

    fn read(&self, text: &str) -> Read {
        let message = normalise(text);
        let mut words = Vec::new();
        let (mut known, mut positions) = (Vec::new(), Vec::<Vec<u32>>::new());
        let mut slots = vec![0_u32; self.vocabulary.len()];
        let mut line_weights = vec![0.0; message.lines.len()];
        let mut seen: HashSet<Vec<WordId>> = HashSet::new();
        let mut line_ids = Vec::new();
        let line_trust = line_trust(&message);
        // Typing errors and words that were cut off are a person's; a long log has none worth the search.
        let mut guesses = if text.len() <= SHORT { MOST_GUESSES } else { 0 };
        for (number, line) in message.lines.iter().enumerate() {
            let first = words.len();
            line_ids.clear();
            token::words(&line.text, |word, place, shape| {
                if words.len() >= MOST_WORDS {
                    return;
                }
                let mut id = self.vocabulary.id(word);
                let mut weight = id.map_or_else(|| background_bits(word, shape), |id| self.vocabulary.weight(id));
                if id.is_none() && guesses > 0 && word.len() >= LEAST_GUESSED && shape != Shape::Value {
                    guesses -= 1;
                    let cut = place.end == line.text.len()
                        || line.text.get(place.end..).is_some_and(|rest| rest.starts_with("..."));
                    id = self.vocabulary.guess(word, cut);
                    weight = id.map_or(weight, |id| self.vocabulary.weight(id));
                }
                if shape != Shape::Value && shape != Shape::Number {
                    line_ids.push(id.unwrap_or(WordId::MAX));
                }
                words.push(MessageWord {
                    id,
                    line: number as u32,
                    place,
                    weight,
                });
            });
            // A log repeats itself: the same line again, but for its numbers, tells nothing new.
            if line_ids.len() > 3 && !seen.insert(line_ids.clone()) {
                words.truncate(first);
                continue;
            }
            for (at, word) in words.iter().enumerate().skip(first) {
                if let Some(weight) = line_weights.get_mut(number) {
                    *weight += word.weight;
                }
                if let Some(id) = word.id {
                    let Some(slot) = slots.get_mut(id as usize) else {
                        continue;
                    };
                    if *slot == 0 {
                        known.push(id);
                        positions.push(Vec::with_capacity(2));
                        *slot = known.len() as u32;
                    }
                    if let Some(places) = positions
                        .get_mut(*slot as usize - 1)
                        .filter(|places| places.len() < MOST_OCCURRENCES)
                    {
                        places.push(at as u32);
                    }
                }
            }
        }
        Read {
            message,
            words,
            known,
            slots,
            positions,
            line_weights,
            line_trust,
        }
    }

    /// Codes and alert names that the message holds.
    fn names(&self, read: &Read) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (number, line) in read.message.lines.iter().enumerate() {
            if read.line_trust.get(number).is_some_and(|trust| *trust < 0.3) {
                continue;
            }
            for (name, start, end) in self.codes_in(&line.text) {
                if code::is_something_else(&line.text, start) {
                    continue;
                }
                let words = read.words_at(number as u32, start, end);
                for (topic, strength) in self.codes.get(&name).into_iter().flatten() {
                    findings.push(Finding::name(
                        *topic,
                        SignatureKind::Code,
                        &name,
                        number,
                        *strength,
                        words.clone(),
                    ));
                }
            }
            token::words(&line.text, |word, place, shape| {
                if shape != Shape::Name {
                    return;
                }
                let Some(topics) = self.alerts.get(word) else { return };
                let text = line.text.get(place.start..place.end).unwrap_or(word);
                let words = read.words_at(number as u32, place.start, place.end);
                for (topic, strength) in topics {
                    findings.push(Finding::name(
                        *topic,
                        SignatureKind::Alert,
                        text,
                        number,
                        *strength,
                        words.clone(),
                    ));
                }
            });
        }
        findings
    }

    /// Codes that a line holds and some runbook knows, in whatever case a person typed them.
    fn codes_in(&self, text: &str) -> Vec<(String, usize, usize)> {
        // In whatever case: which of them are codes, the runbooks say.
        let upper = text.to_ascii_uppercase();
        let mut found: Vec<(String, usize, usize)> = code::codes(&upper)
            .iter()
            .map(|code| (code.text.to_owned(), code.start, code.start + code.text.len()))
            .filter(|(_, start, end)| code::stands_alone(text, *start, *end))
            .collect();
        found.extend(code::numbered(text));
        token::words(text, |word, place, _| {
            let known = word.len() >= 4
                && !found
                    .iter()
                    .any(|(_, start, end)| *start <= place.start && place.end <= *end);
            let upper = if known { word.to_uppercase() } else { return };
            if self.codes.contains_key(&upper) && code::stands_alone(text, place.start, place.end) {
                found.push((upper, place.start, place.end));
            }
        });
        found.retain(|(name, _, _)| self.codes.contains_key(name));
        found
    }

    /// Whether the message names a code of a family that the runbooks know, but only such as none of them explains: what
    /// else stands there belongs to an error of its own.
    fn is_foreign(&self, read: &Read) -> bool {
        let texts = read.message.lines.iter().map(|line| line.text.as_str());
        let mut codes = texts.flat_map(code::codes).map(|code| code.text).peekable();
        codes.peek().is_some()
            && codes.clone().any(|code| self.families.contains(&code::family(code)))
            && codes.all(|code| !self.codes.contains_key(code))
    }

    /// Signatures that share rare words with the message, laid along it.
    fn aligned(&self, read: &Read) -> Vec<Finding> {
        let mut shared = vec![0.0_f32; self.signatures.len()];
        let mut touched: Vec<u32> = Vec::new();
        for id in &read.known {
            let weight = self.vocabulary.weight(*id);
            if weight < PROPOSES {
                continue;
            }
            for signature in self.signatures_with(*id) {
                if let Some(sum) = shared.get_mut(*signature as usize) {
                    if *sum == 0.0 {
                        touched.push(*signature);
                    }
                    *sum += weight;
                }
            }
        }
        let rate = |index: u32| {
            let sum = shared.get(index as usize).copied().unwrap_or(0.0);
            let signature = self.signatures.get(index as usize);
            signature.map_or(0.0, |s| {
                sum * s.source.trust() * s.shared * (sum / s.total.max(sum)).sqrt()
            })
        };
        touched.retain(|index| shared.get(*index as usize).is_some_and(|sum| *sum >= LEAST_SHARED));
        let mut rated: Vec<(f32, u32)> = touched.into_iter().map(|index| (rate(index), index)).collect();
        rated.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        rated.truncate(MOST_CANDIDATES);
        rated
            .into_iter()
            .filter_map(|(_, index)| self.lay(read, index))
            .collect()
    }

    /// Lays one signature along the message.
    pub(super) fn alignment(&self, read: &Read, signature: &Signature) -> Alignment {
        let mut hits: Vec<Hit> = Vec::new();
        for (of, id) in signature.words.iter().enumerate() {
            let Some(positions) = read.positions_of(*id) else {
                continue;
            };
            let weight = self.vocabulary.weight(*id);
            let hit = |at: &u32| Hit {
                at: *at,
                of: of as u32,
                weight: weight * read.trust_at(*at),
            };
            hits.extend(positions.iter().map(hit));
        }
        hits.sort_unstable_by_key(|hit| (hit.at, hit.of));
        align::chain(&hits, &signature.words)
    }

    fn lay(&self, read: &Read, index: u32) -> Option<Finding> {
        let signature = self.signatures.get(index as usize)?;
        let laid = self.alignment(read, signature);
        let first = laid.pairs.first()?;
        let line = read.words.get(first.0 as usize)?.line;
        let cover = (laid.matched / signature.total.max(1.0))
            .max(read.line_cover(&laid))
            .min(1.0);
        let strength = laid.score * signature.source.trust() * signature.shared * cover.sqrt();
        (strength > 2.0).then(|| Finding {
            topic: signature.topic,
            kind: signature.kind,
            signature: signature.text.to_string(),
            line: read.heaviest_line(&laid).unwrap_or(line),
            words: laid.pairs.iter().map(|(at, _)| *at).collect(),
            strength,
            cover,
            named: false,
        })
    }

    /// Asks a runbook's own rules about the message.
    pub(super) fn judge(&self, runbook: usize, read: &Read) -> Verdict {
        self.runbooks
            .get(runbook)
            .map_or(Verdict::Silent, |entry| entry.detector.judge(&read.text()))
    }
}

impl Finding {
    fn name(topic: TopicId, kind: SignatureKind, text: &str, line: usize, strength: f32, words: Vec<u32>) -> Finding {
        Finding {
            topic,
            kind,
            signature: text.to_owned(),
            line: line as u32,
            words,
            strength: NAME_BITS * strength,
            cover: 1.0,
            named: true,
        }
    }

    /// Whether its topic is what a code or an alert name of the message stands for.
    pub(super) fn is_about(&self) -> bool {
        matches!(self.kind, SignatureKind::Code | SignatureKind::Alert)
            && self.named
            && self.strength >= NAME_BITS * 0.9
    }

    /// As a reply quotes it.
    pub(super) fn evidence(&self, read: &Read) -> Evidence {
        let text = read
            .message
            .lines
            .get(self.line as usize)
            .map(|line| line.shown.clone())
            .unwrap_or_default();
        Evidence {
            line: self.line as usize + 1,
            text,
            signature: self.signature.clone(),
            kind: self.kind,
        }
    }
}

/// Heads of tables, commands at a prompt and manifests are not what went wrong.
fn line_trust(message: &Message) -> Vec<f32> {
    let manifest = message
        .lines
        .iter()
        .any(|line| line.text.trim_start().starts_with("apiVersion:"));
    let trust = |text: &str| {
        let text = text.trim();
        if is_boilerplate(text) || manifest && is_assignment(text) {
            0.2
        } else if text.starts_with("$ ") || text.starts_with("+ ") {
            0.4
        } else {
            1.0
        }
    };
    message.lines.iter().map(|line| trust(&line.text)).collect()
}

impl Read {
    fn positions_of(&self, word: WordId) -> Option<&[u32]> {
        let slot = self.slots.get(word as usize).copied().unwrap_or(0);
        self.positions.get((slot as usize).checked_sub(1)?).map(Vec::as_slice)
    }

    fn trust_at(&self, at: u32) -> f32 {
        let line = self.words.get(at as usize).map_or(0, |word| word.line as usize);
        self.line_trust.get(line).copied().unwrap_or(1.0)
    }

    /// The message as plain text.
    pub(super) fn text(&self) -> String {
        let lines: Vec<&str> = self.message.lines.iter().map(|line| line.text.as_str()).collect();
        lines.join("\n")
    }

    fn words_at(&self, line: u32, start: usize, end: usize) -> Vec<u32> {
        let from = self.words.partition_point(|word| word.line < line);
        self.words
            .iter()
            .enumerate()
            .skip(from)
            .take_while(|(_, word)| word.line == line)
            .filter(|(_, word)| word.place.start >= start && word.place.end <= end)
            .map(|(at, _)| at as u32)
            .collect()
    }

    /// How much of the lines that it lies on an alignment explains: a fragment that matches whole is worth more than
    /// the same words in a long line about something else.
    fn line_cover(&self, laid: &Alignment) -> f32 {
        let mut lines: Vec<u32> = laid
            .pairs
            .iter()
            .filter_map(|(at, _)| self.words.get(*at as usize))
            .map(|word| word.line)
            .collect();
        lines.dedup();
        let all: f32 = lines
            .iter()
            .filter_map(|line| self.line_weights.get(*line as usize))
            .sum();
        laid.matched / all.max(1.0)
    }

    fn heaviest_line(&self, laid: &Alignment) -> Option<u32> {
        let mut by_line: BTreeMap<u32, f32> = BTreeMap::new();
        for word in laid.pairs.iter().filter_map(|(at, _)| self.words.get(*at as usize)) {
            *by_line.entry(word.line).or_default() += word.weight;
        }
        by_line
            .into_iter()
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            .map(|(line, _)| line)
    }

    /// The known words of the message, each once.
    pub(super) fn known_words(&self) -> impl Iterator<Item = WordId> + '_ {
        self.known.iter().copied()
    }
}

/// A match as `score` puts it together.
pub(super) fn as_match(
    read: &Read,
    topic: TopicId,
    confidence: f32,
    answered: bool,
    findings: &[Finding],
    captures: BTreeMap<String, Vec<String>>,
) -> Match {
    const MOST_EVIDENCE: usize = 6;
    // The same line by the same name, found twice, is one reason.
    let mut told: HashSet<(u32, String)> = HashSet::new();
    let plain = |signature: &str| {
        signature
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    };
    let evidence = findings
        .iter()
        .filter(|finding| told.insert((finding.line, plain(&finding.signature))))
        .take(MOST_EVIDENCE)
        .map(|finding| finding.evidence(read))
        .collect();
    Match {
        topic,
        confidence,
        answered,
        evidence,
        captures,
        also: Vec::new(),
    }
}
