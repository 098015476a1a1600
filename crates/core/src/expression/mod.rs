//! Regular expressions as authors of runbooks write them, compiled within a limit of size and searched within a limit
//! of work. Pure.
//!
//! Searches run on automata that are built while the text is read, in time linear in the text. Such an automaton can
//! grow with the text (`[01]*1[01]{900}`); where it does, it is abandoned after a few milliseconds, and only the
//! surroundings of a text that every match must contain are searched, with a slower engine where necessary. Nothing
//! here depends on the machine's speed: the same expression gives the same result everywhere.

mod budget;
mod literals;

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex_automata::hybrid::{dfa, regex::Regex};
use regex_automata::nfa::thompson::{self, pikevm::PikeVM};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, PatternID};
use regex_syntax::hir::Hir;

pub use budget::{Budget, COMPILING};

/// The largest compiled form of one expression, in bytes: some 250 times `.` or 30 times `\w`.
const MOST_PROGRAM: usize = 512 << 10;
/// The most memory that one search takes for its automaton, in bytes.
const MOST_AUTOMATON: usize = 256 << 10;
/// Minimum number of bytes read per new state once an automaton's cache was cleared; one that needs states faster is
/// abandoned.
const LEAST_PER_STATE: usize = 16;
/// Maximum nesting depth of brackets.
const MOST_NESTED: u32 = 60;
/// Maximum number of places searched once the automaton was abandoned, and of bytes searched on either side of each.
const MOST_PLACES: usize = 8;
const MOST_AROUND: usize = 1_000;
/// The longest match from which named groups are read, in bytes.
const MOST_GROUPED: usize = 4_000;

/// Meaning of `.` in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dot {
    /// Any character except the end of a line.
    Line,
    /// Any character, ends of lines included: rules are written for joined logs.
    All,
}

/// Reason for refusing an expression. Each message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternRefusal {
    /// The expression does not parse.
    #[error("is no regular expression: {0}")]
    Syntax(String),
    /// The expression would take too much memory.
    #[error(
        "is too large to be run safely; repeat less (`{{1,50}}` of a group multiplies it), or write `[a-z0-9]` for `\\w`"
    )]
    TooLarge,
    /// The expression can match an empty text.
    #[error("also matches where nothing is, so every message would match; ask for at least one word")]
    Empty,
    /// The expression cannot match.
    #[error("can never match")]
    Never,
    /// The expression matches ordinary chat.
    #[error("matches almost any message; name something that only this error says")]
    Anything,
}

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    pattern: Box<str>,
    dot: Dot,
    /// Finds the texts of which every match contains at least one.
    literals: Option<AhoCorasick>,
    /// Length of the longest possible match, in bytes, when it is limited.
    longest: Option<usize>,
    automaton: Regex,
    /// A slower engine that needs no cache and reports groups. Built on first use.
    machine: OnceLock<Option<Box<PikeVM>>>,
}

/// Error of an automaton that grew too fast, or met a character that it has no rule for (`\b` beside `é`).
struct GaveUp;

/// Returns the texts, in lower case, of which every match of an expression contains at least one; `None` for one that
/// could match other texts too, or does not parse. Compiles nothing.
pub fn required_literals(pattern: &str, dot: Dot) -> Option<Vec<String>> {
    literals::of(&parse(pattern, dot).ok()?)
}

fn parse(pattern: &str, dot: Dot) -> Result<Hir, PatternRefusal> {
    let mut parser = regex_syntax::ParserBuilder::new();
    parser.nest_limit(MOST_NESTED).dot_matches_new_line(dot == Dot::All);
    parser.build().parse(pattern).map_err(|error| {
        let reason = match &error {
            regex_syntax::Error::Parse(error) => error.kind().to_string(),
            regex_syntax::Error::Translate(error) => error.kind().to_string(),
            other => other.to_string(),
        };
        PatternRefusal::Syntax(reason)
    })
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// The [`PatternRefusal`] of an expression that must not be used.
    pub fn new(pattern: &str, dot: Dot) -> Result<Expression, PatternRefusal> {
        let hir = parse(pattern, dot)?;
        match hir.properties().minimum_len() {
            None => return Err(PatternRefusal::Never),
            Some(0) => return Err(PatternRefusal::Empty),
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
            .map_err(|_| PatternRefusal::TooLarge)?;
        let literals = literals::of(&hir).and_then(|all| {
            let searcher = AhoCorasick::builder().ascii_case_insensitive(true).build(all);
            searcher.ok()
        });
        let expression = Expression {
            pattern: pattern.into(),
            dot,
            literals,
            longest: hir.properties().maximum_len(),
            automaton,
            machine: OnceLock::new(),
        };
        if expression.literals.is_none() && expression.matches_chat() {
            return Err(PatternRefusal::Anything);
        }
        Ok(expression)
    }

    /// Returns the approximate memory use, in bytes, once every part has been needed.
    pub fn memory(&self) -> usize {
        3 * self.program()
    }

    /// Returns the byte range of the first match.
    pub fn find(&self, text: &str, budget: &mut Budget) -> Option<Range<usize>> {
        // Most expressions are tried on texts that they have nothing to do with.
        if let Some(literals) = &self.literals
            && !literals.is_match(text)
        {
            budget.charge(text.len() as u64);
            return None;
        }
        match self.scan(text, 0..text.len(), budget) {
            Ok(found) => found,
            Err(GaveUp) => self.find_near_literals(text, budget),
        }
    }

    /// Returns the named groups, as names and values, of a match that [`find`](Self::find) found.
    pub fn groups(&self, text: &str, found: Range<usize>, budget: &mut Budget) -> Vec<(String, String)> {
        // Most expressions have none and do not need the slower engine.
        if found.len() > MOST_GROUPED || !self.pattern.contains("(?") {
            return Vec::new();
        }
        let Some(machine) = self.machine() else {
            return Vec::new();
        };
        let names = machine.get_nfa().group_info().pattern_names(PatternID::ZERO);
        let names: Vec<(usize, &str)> = names.enumerate().filter_map(|(at, name)| Some((at, name?))).collect();
        if names.is_empty() || !budget.spend(self.steps(found.len())) {
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

    fn scan(&self, text: &str, span: Range<usize>, budget: &mut Budget) -> Result<Option<Range<usize>>, GaveUp> {
        if !budget.spend(budget::scan(span.len(), self.program())) {
            return Ok(None);
        }
        let mut cache = self.automaton.create_cache();
        let found = self.automaton.try_search(&mut cache, &Input::new(text).span(span));
        found.map(|hit| hit.map(|hit| hit.range())).map_err(|_| {
            budget.charge(budget::GAVE_UP);
            GaveUp
        })
    }

    /// Searches around the texts of which every match must contain one, or at the beginning when there are none.
    fn find_near_literals(&self, text: &str, budget: &mut Budget) -> Option<Range<usize>> {
        let around = self.longest.map_or(MOST_AROUND, |longest| longest.min(MOST_AROUND)) + 2;
        for place in self.places(text, around) {
            let from = text.floor_char_boundary(place.start.saturating_sub(around));
            let to = text.ceil_char_boundary(place.end.saturating_add(around));
            let found = match self.scan(text, from..to, budget) {
                Ok(found) => found,
                Err(GaveUp) if budget.spend(self.steps(to - from)) => self.step_through(text, from..to),
                Err(GaveUp) => return None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Returns the places to search, at least `apart` bytes from one another.
    fn places(&self, text: &str, apart: usize) -> Vec<Range<usize>> {
        let Some(literals) = &self.literals else {
            return std::iter::once(0..0).collect();
        };
        let mut places: Vec<Range<usize>> = Vec::new();
        for hit in literals.find_iter(text) {
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

    /// Returns the most steps that the slower engine takes through a text.
    fn steps(&self, length: usize) -> u64 {
        budget::steps(length, self.automaton.forward().get_nfa().states().len())
    }

    fn program(&self) -> usize {
        self.automaton.forward().get_nfa().memory_usage()
    }

    /// Tells whether the expression matches at least half of a sample of messages without an error.
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
        let mut budget = Budget::for_message();
        let matching = CHAT.iter().filter(|said| self.find(said, &mut budget).is_some());
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
