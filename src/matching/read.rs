//! A message cut into words, with the way back to the lines they stand on.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::align::{self, Alignment, Hit};
use super::lines::{is_assignment, is_boilerplate};
use super::normalise::{Message, normalise};
use super::signature::Signature;
use super::token::{self, Shape, Word};
use super::vocabulary::{Vocabulary, WordId, background_bits};

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
    pub(super) known: Vec<WordId>,
    /// By word of the vocabulary: one more than its place in `positions`, 0 for a word that is not here.
    slots: Vec<u32>,
    /// Where each known word stands, ascending; no more than can matter.
    positions: Vec<Vec<u32>>,
    /// Bits a line.
    line_weights: Vec<f32>,
    /// How far each line is believed: what every listing has counts little here too.
    pub(super) line_trust: Vec<f32>,
}

/// More words are not read: a paste of 40,000 characters fits.
const MOST_WORDS: usize = 12_000;
/// Occurrences of one word that are looked at.
const MOST_OCCURRENCES: usize = 6;
/// In a message up to this length, in bytes, so many unknown words of at least so many letters are guessed.
const SHORT: usize = 600;
const MOST_GUESSES: usize = 8;
const LEAST_GUESSED: usize = 5;

impl Read {
    /// Reads a message with the words of a library. Linear in its length.
    pub(super) fn new(vocabulary: &Vocabulary, text: &str) -> Read {
        let message = normalise(text);
        let mut words = Vec::new();
        let (mut known, mut positions) = (Vec::new(), Vec::<Vec<u32>>::new());
        let mut slots = vec![0_u32; vocabulary.len()];
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
                let mut id = vocabulary.id(word);
                let mut weight = id.map_or_else(|| background_bits(word, shape), |id| vocabulary.weight(id));
                if id.is_none() && guesses > 0 && word.len() >= LEAST_GUESSED && shape != Shape::Value {
                    guesses -= 1;
                    let cut = place.end == line.text.len()
                        || line.text.get(place.end..).is_some_and(|rest| rest.starts_with("..."));
                    id = vocabulary.guess(word, cut);
                    weight = id.map_or(weight, |id| vocabulary.weight(id));
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

    /// Lays one signature along the message.
    pub(super) fn align(&self, vocabulary: &Vocabulary, signature: &Signature<'_>) -> Alignment {
        let mut hits: Vec<Hit> = Vec::new();
        for (of, id) in signature.words.iter().enumerate() {
            let Some(positions) = self.positions_of(*id) else {
                continue;
            };
            let weight = vocabulary.weight(*id);
            let hit = |at: &u32| Hit {
                at: *at,
                of: of as u32,
                weight: weight * self.trust_at(*at),
            };
            hits.extend(positions.iter().map(hit));
        }
        hits.sort_unstable_by_key(|hit| (hit.at, hit.of));
        align::chain(&hits, signature.words)
    }

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

    /// The words of a stretch of one line.
    pub(super) fn words_at(&self, line: u32, start: usize, end: usize) -> Vec<u32> {
        let from = self
            .words
            .partition_point(|word| (word.line, word.place.start) < (line, start));
        let words = self.words.iter().enumerate().skip(from);
        words
            .take_while(|(_, word)| word.line == line && word.place.end <= end)
            .map(|(at, _)| at as u32)
            .collect()
    }

    /// The words of a stretch of [`Read::text`], and the line it begins on.
    pub(super) fn words_in(&self, range: Range<usize>) -> (usize, Vec<u32>) {
        let mut begin = 0;
        let mut first = None;
        let mut words = Vec::new();
        for (number, line) in self.message.lines.iter().enumerate() {
            let end = begin + line.text.len();
            if begin <= range.end && range.start <= end {
                first.get_or_insert(number);
                let (from, to) = (
                    range.start.saturating_sub(begin),
                    range.end.min(end).saturating_sub(begin),
                );
                words.extend(self.words_at(number as u32, from, to));
            }
            begin = end + 1;
        }
        (first.unwrap_or(0), words)
    }

    /// How much of the lines that it lies on an alignment explains: a fragment that matches whole is worth more than
    /// the same words in a long line about something else.
    pub(super) fn line_cover(&self, laid: &Alignment) -> f32 {
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

    pub(super) fn heaviest_line(&self, laid: &Alignment) -> Option<u32> {
        let mut by_line: BTreeMap<u32, f32> = BTreeMap::new();
        for word in laid.pairs.iter().filter_map(|(at, _)| self.words.get(*at as usize)) {
            *by_line.entry(word.line).or_default() += word.weight;
        }
        by_line
            .into_iter()
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            .map(|(line, _)| line)
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
