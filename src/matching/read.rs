//! A message cut into words, with the way back to the lines they stand on.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;

use super::align::{self, Alignment, Hit};
use super::code;
use super::lexicon::Lexicon;
use super::lines::{is_assignment, is_boilerplate};
use super::normalise::{Message, normalise};
use super::sample;
use super::signature::Signature;
use super::stems::StemId;
use super::token::{self, Shape, Word};
use super::vocabulary::{GAP, Vocabulary, WordId, background_bits};

/// A word of the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageWord {
    /// Its number, when any runbook holds it.
    pub(super) id: Option<WordId>,
    pub(super) line: u32,
    pub(super) place: Word,
    /// What it tells, in bits.
    pub(super) weight: f32,
    /// The place of a known word in [`Read::known`].
    pub(super) slot: u32,
}

/// A message cut into words.
pub(super) struct Read {
    pub(super) message: Message,
    pub(super) words: Vec<MessageWord>,
    /// The known words, each once.
    pub(super) known: Vec<WordId>,
    /// Where each known word stands, in the order of `known`.
    positions: Vec<Places>,
    slots: Slots,
    /// Bits a line.
    line_weights: Vec<f32>,
    /// How far each line is believed: what every listing has counts little here too.
    pub(super) line_trust: Vec<f32>,
    /// Whether a person may have typed it.
    short: bool,
    /// All lines in one, once it is asked for.
    text: OnceCell<String>,
}

/// More words are not read: a paste of 40,000 characters fits.
const MOST_WORDS: usize = 12_000;
/// Occurrences of one word that are looked at.
const MOST_OCCURRENCES: usize = 6;
/// More words than this between two others are not in their place.
const MOST_STRAY: usize = 6;
/// Keys of JSON and of settings tell so much of what they would tell as words.
const KEY: f32 = 0.4;
/// A room, an order, a release that looks like a code tells so much of what the code would.
const NO_CODE: f32 = 0.1;
/// In a message up to this length, in bytes, so many unknown words of at least so many letters are guessed.
const SHORT: usize = 600;
const MOST_GUESSES: usize = 8;
const LEAST_GUESSED: usize = 5;

/// Where a word stands, ascending; no more than can matter.
#[derive(Debug, Clone, Copy, Default)]
struct Places {
    count: usize,
    at: [u32; MOST_OCCURRENCES],
}

impl Places {
    fn add(&mut self, at: u32) {
        if let Some(place) = self.at.get_mut(self.count) {
            *place = at;
            self.count += 1;
        }
    }

    fn all(&self) -> &[u32] {
        self.at.get(..self.count).unwrap_or_default()
    }
}

impl Read {
    /// Reads a message with the words of a library. Linear in its length.
    pub(super) fn new(vocabulary: &Vocabulary, text: &str) -> Read {
        let message = normalise(text);
        let mut words = Vec::new();
        let (mut known, mut positions) = (Vec::new(), Vec::<Places>::new());
        let mut slots = Slots::default();
        let mut line_weights = vec![0.0; message.lines.len()];
        let mut seen: HashSet<Vec<WordId>> = HashSet::new();
        let mut line_ids = Vec::new();
        let line_trust = line_trust(&message);
        // Typing errors and words that were cut off are a person's; a long log has none worth the search.
        let mut guesses = if text.len() <= SHORT { MOST_GUESSES } else { 0 };
        for (number, line) in message.lines.iter().enumerate() {
            let first = words.len();
            if first >= MOST_WORDS {
                break;
            }
            line_ids.clear();
            let mut addresses = sample::addresses(&line.text).peekable();
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
                while addresses.next_if(|address| address.end <= place.start).is_some() {}
                if addresses.peek().is_some_and(|address| address.start <= place.start) {
                    weight *= sample::SAMPLE;
                }
                weight *= doubt(&line.text, word, place, shape);
                words.push(MessageWord {
                    id,
                    line: number as u32,
                    place,
                    weight,
                    slot: 0,
                });
            });
            // A log repeats itself: the same line again, but for its numbers, tells nothing new.
            if line_ids.len() > 3 {
                if seen.contains(&line_ids) {
                    words.truncate(first);
                    continue;
                }
                seen.insert(line_ids.clone());
            }
            for (at, word) in words.iter_mut().enumerate().skip(first) {
                if let Some(weight) = line_weights.get_mut(number) {
                    *weight += word.weight;
                }
                if let Some(id) = word.id {
                    let slot = slots.of(id);
                    word.slot = slot as u32;
                    if slot == known.len() {
                        known.push(id);
                        positions.push(Places::default());
                    }
                    if let Some(places) = positions.get_mut(slot) {
                        places.add(at as u32);
                    }
                }
            }
        }
        Read {
            message,
            words,
            known,
            positions,
            slots,
            line_weights,
            line_trust,
            short: text.len() <= SHORT,
            text: OnceCell::new(),
        }
    }

    /// Lays one signature along the message.
    pub(super) fn align(&self, vocabulary: &Vocabulary, signature: &Signature<'_>, laid: &mut Alignment) {
        laid.hits.clear();
        for (of, id) in signature.words.iter().enumerate() {
            let Some(positions) = self.positions_of(*id) else {
                continue;
            };
            let weight = vocabulary.weight(*id);
            let weight = if signature.is_sample(of) {
                weight * sample::SAMPLE
            } else {
                weight
            };
            let hit = |at: &u32| Hit {
                at: *at,
                of: of as u32,
                weight: self
                    .words
                    .get(*at as usize)
                    .map_or(weight, |word| word.weight.min(weight))
                    * self.trust_at(*at),
            };
            laid.hits.extend(positions.iter().map(hit));
        }
        laid.hits.sort_unstable_by_key(|hit| (hit.at, hit.of));
        laid.chain(signature);
    }

    /// The most that [`Alignment::whole`] can be: every word of the signature that the message holds.
    pub(super) fn most_whole(&self, vocabulary: &Vocabulary, signature: &Signature<'_>) -> f32 {
        let (mut words, mut samples) = (0.0, 0.0);
        for (of, id) in signature.words.iter().enumerate() {
            if self.slots.find(*id).is_some() {
                let weight = vocabulary.weight(*id);
                if signature.is_sample(of) {
                    samples += weight * sample::SAMPLE;
                } else {
                    words += weight;
                }
            }
        }
        (words + samples) / (signature.total + samples).max(0.1)
    }

    /// The stems of the message's words, each once, in the message's order; in a long message, of the known ones only.
    pub(super) fn stems(&self, lexicon: &Lexicon) -> Vec<StemId> {
        let known = self.known.iter().map(|id| lexicon.stem(Some(*id), "", Shape::Plain));
        let mut stems: Vec<StemId> = known.flatten().collect();
        if self.short {
            for line in &self.message.lines {
                token::words(&line.text, |word, _, shape| {
                    if shape == Shape::Plain {
                        stems.extend(lexicon.stem(None, word, shape));
                    }
                });
            }
        }
        // Numbers of stems differ from load to load, and sums by their order.
        let mut seen = HashSet::new();
        stems.retain(|stem| seen.insert(*stem));
        stems
    }

    fn positions_of(&self, word: WordId) -> Option<&[u32]> {
        self.positions.get(self.slots.find(word)?).map(Places::all)
    }

    fn trust_at(&self, at: u32) -> f32 {
        let line = self.words.get(at as usize).map_or(0, |word| word.line as usize);
        self.line_trust.get(line).copied().unwrap_or(1.0)
    }

    /// The message as plain text.
    pub(super) fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let lines: Vec<&str> = self.message.lines.iter().map(|line| line.text.as_str()).collect();
            lines.join("\n")
        })
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
        laid.matched / self.weight_of_lines(laid).max(1.0)
    }

    fn weight_of_lines(&self, laid: &Alignment) -> f32 {
        let mut last = None;
        let mut all = 0.0;
        for word in laid.pairs.iter().filter_map(|(at, _)| self.words.get(*at as usize)) {
            if last != Some(word.line) {
                last = Some(word.line);
                all += self.line_weights.get(word.line as usize).copied().unwrap_or(0.0);
            }
        }
        all
    }

    /// The words of the message that stand where the signature has a value.
    pub(super) fn span(&self, laid: &Alignment, signature: &Signature<'_>) -> Vec<u32> {
        let value = |of: u32| align::is_value(signature, of as usize);
        let (Some(first), Some(last)) = (laid.pairs.first(), laid.pairs.last()) else {
            return Vec::new();
        };
        let mut span: Vec<u32> = Vec::new();
        for (from, to) in laid.pairs.iter().zip(laid.pairs.iter().skip(1)) {
            if (from.1 + 1..to.1).any(value) {
                span.extend(from.0 + 1..to.0);
            }
        }
        let line = |at: u32| self.words.get(at as usize).map(|word| word.line);
        let on_line_of = |edge: u32| move |at: &u32| line(*at) == line(edge);
        if (0..first.1).any(value) {
            span.extend((0..first.0).rev().take_while(on_line_of(first.0)));
        }
        if (last.1 + 1..signature.words.len() as u32).any(value) {
            let rest = last.0 + 1..self.words.len() as u32;
            span.extend(rest.take_while(on_line_of(last.0)));
        }
        span
    }

    /// How much of its lines an alignment explains when every value may be anything: 0 to 1.
    pub(super) fn explained(&self, laid: &Alignment, span: &[u32]) -> f32 {
        let weight = |at: &u32| self.words.get(*at as usize).map_or(0.0, |word| word.weight);
        let matched: f32 = laid.pairs.iter().map(|(at, _)| weight(at)).sum();
        let explained = matched + span.iter().map(weight).sum::<f32>();
        explained / self.weight_of_lines(laid).max(1.0)
    }

    /// What the signature tells and the message does not, where the message says something else in its place, in bits.
    pub(super) fn contradicted(&self, vocabulary: &Vocabulary, laid: &Alignment, signature: &Signature<'_>) -> f32 {
        let said = |at: u32| self.words.get(at as usize).map_or(0.0, |word| word.weight);
        let meant = |of: u32| match signature.words.get(of as usize) {
            Some(id) if !align::is_value(signature, of as usize) => vocabulary.weight(*id),
            _ => 0.0,
        };
        let between = laid.pairs.iter().zip(laid.pairs.iter().skip(1));
        let inside: f32 = between
            .filter(|(from, to)| from.1 + 1 < to.1)
            .map(|(from, to)| {
                let meant: f32 = (from.1 + 1..to.1).map(meant).sum();
                let said: f32 = (from.0 + 1..to.0).take(MOST_STRAY).map(said).sum();
                meant.min(said)
            })
            .sum();
        let Some(last) = laid.pairs.last() else { return inside };
        let line = |at: u32| self.words.get(at as usize).map(|word| word.line);
        let rest = last.1 + 1..signature.words.len() as u32;
        let replaced = (last.0 + 1..)
            .take(rest.len())
            .take_while(|at| line(*at) == line(last.0));
        inside + rest.map(meant).sum::<f32>().min(replaced.map(said).sum())
    }

    /// The line that most of an alignment lies on; of equals, the first.
    pub(super) fn heaviest_line(&self, laid: &Alignment) -> Option<u32> {
        let mut heaviest: Option<(u32, f32)> = None;
        let mut own: Option<(u32, f32)> = None;
        let better = |own: Option<(u32, f32)>, heaviest: Option<(u32, f32)>| match (own, heaviest) {
            (Some(own), Some(heaviest)) if own.1 > heaviest.1 => Some(own),
            (own, None) => own,
            (_, heaviest) => heaviest,
        };
        for word in laid.pairs.iter().filter_map(|(at, _)| self.words.get(*at as usize)) {
            match &mut own {
                Some((line, weight)) if *line == word.line => *weight += word.weight,
                _ => {
                    heaviest = better(own, heaviest);
                    own = Some((word.line, word.weight));
                }
            }
        }
        better(own, heaviest).map(|(line, _)| line)
    }
}

/// From words of the vocabulary to their place among the message's known words: a small table of its own, for the
/// vocabulary may be large and the message is not.
struct Slots {
    /// Open addressing; [`GAP`], which is no word, where nothing is.
    table: Vec<(WordId, u32)>,
    filled: usize,
}

impl Default for Slots {
    fn default() -> Slots {
        Slots {
            table: vec![(GAP, 0); 256],
            filled: 0,
        }
    }
}

impl Slots {
    /// The place of a word; one more than the last for a new one.
    fn of(&mut self, word: WordId) -> usize {
        if self.filled * 2 >= self.table.len() {
            let larger = vec![(GAP, 0); self.table.len() * 2];
            for (word, slot) in std::mem::replace(&mut self.table, larger) {
                if word != GAP {
                    let at = self.seek(word);
                    self.put(at, word, slot);
                }
            }
        }
        let at = self.seek(word);
        match self.table.get(at) {
            Some((known, slot)) if *known == word => *slot as usize,
            _ => {
                let slot = self.filled;
                self.put(at, word, slot as u32);
                self.filled += 1;
                slot
            }
        }
    }

    fn put(&mut self, at: usize, word: WordId, slot: u32) {
        if let Some(entry) = self.table.get_mut(at) {
            *entry = (word, slot);
        }
    }

    fn find(&self, word: WordId) -> Option<usize> {
        let (known, slot) = self.table.get(self.seek(word))?;
        (*known == word && word != GAP).then_some(*slot as usize)
    }

    /// Where the word stands, or would stand. At least half of the table is free, so that the way is short.
    fn seek(&self, word: WordId) -> usize {
        let mask = self.table.len() - 1;
        // Neighbouring numbers are spread over the table (the golden ratio, as Knuth has it).
        let mut at = (u64::from(word).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while self
            .table
            .get(at)
            .is_some_and(|(known, _)| *known != word && *known != GAP)
        {
            at = (at + 1) & mask;
        }
        at
    }
}

/// `"severity":`: what a field is called says nothing of what went wrong.
fn is_key(text: &str, place: Word) -> bool {
    text.get(place.end..).is_some_and(|after| after.starts_with("\":"))
        && text.get(..place.start).is_some_and(|before| before.ends_with('"'))
}

/// How far a word is believed for where it stands.
fn doubt(line: &str, word: &str, place: Word, shape: Shape) -> f32 {
    let digits = || word.bytes().any(|b| b.is_ascii_digit());
    if is_key(line, place) {
        KEY
    } else if shape == Shape::Name && digits() && code::is_something_else(line, place.start) {
        NO_CODE
    } else {
        1.0
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
