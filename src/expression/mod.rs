//! Regular expressions as authors of runbooks write them: compiled within a limit of size, searched within a limit of
//! work. Pure.
//!
//! They run on automata that are built while the text is read, linear in the text. Such an automaton can grow with the
//! text (`[01]*1[01]{900}`); where it does, it is given up after a few milliseconds, and only the surroundings of a text
//! that every match must hold are searched with care. Nothing here depends on the machine's speed: the same expression
//! gives the same answer everywhere.

mod needles;
mod work;

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex_automata::hybrid::{dfa, regex::Regex};
use regex_automata::nfa::thompson::{self, pikevm::PikeVM};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, PatternID};
use regex_syntax::hir::Hir;

pub use work::{COMPILING, Work};

/// The largest compiled form of one expression, in bytes: some 250 times `.` or 30 times `\w`.
const MOST_PROGRAM: usize = 512 << 10;
/// The most memory that one search takes for its automaton, in bytes.
const MOST_AUTOMATON: usize = 256 << 10;
/// An automaton that was thrown away once and needs a new state within so many bytes is given up.
const LEAST_PER_STATE: usize = 16;
/// Brackets in brackets.
const MOST_NESTED: u32 = 60;
/// So many places are searched with care, each with so much around it, in bytes.
const MOST_PLACES: usize = 8;
const MOST_AROUND: usize = 1_000;
/// The longest match from which named groups are read, in bytes.
const MOST_GROUPED: usize = 4_000;

/// What an expression may pass with `.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dot {
    /// All but the end of a line.
    Line,
    /// Ends of lines too: rules are written for joined logs.
    All,
}

/// Why an expression is not used. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not parse.
    #[error("is no regular expression: {0}")]
    Syntax(String),
    /// It would take too much memory.
    #[error(
        "is too large to be run safely; repeat less (`{{1,50}}` of a group multiplies it), or write `[a-z0-9]` for `\\w`"
    )]
    TooLarge,
    /// It matches nothing at all in every text.
    #[error("also matches where nothing is, so every message would match; ask for at least one word")]
    Empty,
    /// It cannot match.
    #[error("can never match")]
    Never,
    /// It matches chat.
    #[error("matches almost any message; name something that only this error says")]
    Anything,
}

/// An expression that can be searched for.
#[derive(Debug)]
pub struct Expression {
    pattern: Box<str>,
    dot: Dot,
    /// Finds the texts of which each match holds one.
    needles: Option<AhoCorasick>,
    /// The longest text it matches.
    longest: Option<usize>,
    automaton: Regex,
    /// Slower, but needs no memory, and tells groups. Made when it is needed.
    machine: OnceLock<Option<Box<PikeVM>>>,
}

/// The automaton grew too fast, or met a letter that it has no rule for (`\b` beside `é`).
struct GaveUp;

/// What texts each match of an expression holds one of, in lower case; none for one that could match other texts too, or
/// does not parse. Takes no compiling.
pub fn needles(pattern: &str, dot: Dot) -> Option<Vec<String>> {
    needles::of(&parse(pattern, dot).ok()?)
}

fn parse(pattern: &str, dot: Dot) -> Result<Hir, Refusal> {
    let mut parser = regex_syntax::ParserBuilder::new();
    parser.nest_limit(MOST_NESTED).dot_matches_new_line(dot == Dot::All);
    parser.build().parse(pattern).map_err(|error| {
        let reason = match &error {
            regex_syntax::Error::Parse(error) => error.kind().to_string(),
            regex_syntax::Error::Translate(error) => error.kind().to_string(),
            other => other.to_string(),
        };
        Refusal::Syntax(reason)
    })
}

impl Expression {
    /// Compiles it.
    ///
    /// # Errors
    ///
    /// Why it is not used.
    pub fn new(pattern: &str, dot: Dot) -> Result<Expression, Refusal> {
        let hir = parse(pattern, dot)?;
        match hir.properties().minimum_len() {
            None => return Err(Refusal::Never),
            Some(0) => return Err(Refusal::Empty),
            Some(_) => {}
        }
        let config = dfa::Config::new()
            .cache_capacity(MOST_AUTOMATON)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(1))
            .minimum_bytes_per_state(Some(LEAST_PER_STATE))
            .unicode_word_boundary(true);
        let automaton = Regex::builder()
            .syntax(rules(dot))
            .thompson(limit())
            .dfa(config)
            .build(pattern)
            .map_err(|_| Refusal::TooLarge)?;
        let needles = needles::of(&hir).and_then(|all| {
            let searcher = AhoCorasick::builder().ascii_case_insensitive(true).build(all);
            searcher.ok()
        });
        let expression = Expression {
            pattern: pattern.into(),
            dot,
            needles,
            longest: hir.properties().maximum_len(),
            automaton,
            machine: OnceLock::new(),
        };
        if expression.needles.is_none() && expression.matches_chat() {
            return Err(Refusal::Anything);
        }
        Ok(expression)
    }

    /// Roughly what it takes in memory once everything of it was needed, in bytes.
    pub fn memory(&self) -> usize {
        3 * self.program()
    }

    /// Where it matches first.
    pub fn find(&self, text: &str, work: &mut Work) -> Option<Range<usize>> {
        // Most are asked of texts that they have nothing to do with.
        if let Some(needles) = &self.needles
            && !needles.is_match(text)
        {
            work.charge(text.len() as u64);
            return None;
        }
        match self.scan(text, 0..text.len(), work) {
            Ok(found) => found,
            Err(GaveUp) => self.find_near_needles(text, work),
        }
    }

    /// The named groups of a match that [`find`](Self::find) found.
    pub fn groups(&self, text: &str, found: Range<usize>, work: &mut Work) -> Vec<(String, String)> {
        // Most expressions have none, and need no slower machine.
        if found.len() > MOST_GROUPED || !self.pattern.contains("(?") {
            return Vec::new();
        }
        let Some(machine) = self.machine() else {
            return Vec::new();
        };
        let names = machine.get_nfa().group_info().pattern_names(PatternID::ZERO);
        let names: Vec<(usize, &str)> = names.enumerate().filter_map(|(at, name)| Some((at, name?))).collect();
        if names.is_empty() || !work.spend(self.steps(found.len())) {
            return Vec::new();
        }
        let mut captures = machine.create_captures();
        let input = Input::new(text).span(found).anchored(Anchored::Yes);
        machine.search(&mut machine.create_cache(), &input, &mut captures);
        let group = |(at, name): (usize, &str)| {
            let span = captures.get_group(at)?;
            Some((name.to_owned(), text.get(span.range())?.to_owned()))
        };
        names.into_iter().filter_map(group).collect()
    }

    fn scan(&self, text: &str, span: Range<usize>, work: &mut Work) -> Result<Option<Range<usize>>, GaveUp> {
        if !work.spend(work::scan(span.len(), self.program())) {
            return Ok(None);
        }
        let mut cache = self.automaton.create_cache();
        let found = self.automaton.try_search(&mut cache, &Input::new(text).span(span));
        found.map(|hit| hit.map(|hit| hit.range())).map_err(|_| {
            work.charge(work::GAVE_UP);
            GaveUp
        })
    }

    /// Searches around the texts that each match must hold, or at the beginning where there is none such.
    fn find_near_needles(&self, text: &str, work: &mut Work) -> Option<Range<usize>> {
        let around = self.longest.map_or(MOST_AROUND, |longest| longest.min(MOST_AROUND)) + 2;
        for place in self.places(text, around) {
            let from = text.floor_char_boundary(place.start.saturating_sub(around));
            let to = text.ceil_char_boundary(place.end.saturating_add(around));
            let found = match self.scan(text, from..to, work) {
                Ok(found) => found,
                Err(GaveUp) if work.spend(self.steps(to - from)) => self.step_through(text, from..to),
                Err(GaveUp) => return None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Where to search, not closer together than what is searched at once.
    fn places(&self, text: &str, apart: usize) -> Vec<Range<usize>> {
        let Some(needles) = &self.needles else {
            return std::iter::once(0..0).collect();
        };
        let mut places: Vec<Range<usize>> = Vec::new();
        for hit in needles.find_iter(text) {
            if places.last().is_none_or(|last| hit.start() >= last.end + apart) {
                places.push(hit.range());
            }
            if places.len() == MOST_PLACES {
                break;
            }
        }
        places
    }

    fn step_through(&self, text: &str, span: Range<usize>) -> Option<Range<usize>> {
        let machine = self.machine()?;
        let mut captures = machine.create_captures();
        machine.search(&mut machine.create_cache(), &Input::new(text).span(span), &mut captures);
        captures.get_match().map(|hit| hit.range())
    }

    fn machine(&self) -> Option<&PikeVM> {
        let machine = self.machine.get_or_init(|| {
            let built = PikeVM::builder()
                .syntax(rules(self.dot))
                .thompson(limit())
                .build(&self.pattern);
            built.ok().map(Box::new)
        });
        machine.as_deref()
    }

    /// The most steps that the slower machine takes through a text.
    fn steps(&self, length: usize) -> u64 {
        work::steps(length, self.automaton.forward().get_nfa().states().len())
    }

    fn program(&self) -> usize {
        self.automaton.forward().get_nfa().memory_usage()
    }

    /// Whether it matches half of what people say who have no error.
    fn matches_chat(&self) -> bool {
        const CHAT: [&str; 8] = [
            "good morning, how was the weekend?",
            "Thanks a lot!",
            "I'll have a look after lunch, around 2 pm.",
            "see https://example.com/board/17 for the plan",
            "2026-01-31 09:14:07 INFO started in 12 ms",
            "ok",
            "the build is green again",
            "Who is on call this week?",
        ];
        let mut work = Work::for_message();
        let matching = CHAT.iter().filter(|said| self.find(said, &mut work).is_some());
        matching.count() * 2 >= CHAT.len()
    }
}

fn rules(dot: Dot) -> syntax::Config {
    syntax::Config::new()
        .nest_limit(MOST_NESTED)
        .dot_matches_new_line(dot == Dot::All)
}

fn limit() -> thompson::Config {
    thompson::Config::new().nfa_size_limit(Some(MOST_PROGRAM))
}
