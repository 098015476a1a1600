//! The explicit expressions of a whole library's front matter. A message is first searched once for the texts that the
//! expressions need; only those whose texts occur are run.

use std::ops::Range;
use std::sync::Arc;

use aho_corasick::AhoCorasick;

use super::programs::Programs;
use crate::expression::{self, Budget, Dot, Expression};
use crate::runbook::TopicId;

/// The expressions of a library, with an index of the texts they need.
#[derive(Debug, Default)]
pub(super) struct Expressions {
    all: Vec<(TopicId, Box<str>)>,
    /// Finds the texts that expressions need.
    literals: Option<AhoCorasick>,
    /// The expressions that need each literal, by the number of the literal.
    needed_by: Vec<Vec<u32>>,
    /// Expressions that need no text, and are always run.
    always: Vec<u32>,
}

/// A matching expression and the place of its match.
pub(super) struct Expressed<'e> {
    pub(super) topic: TopicId,
    pub(super) pattern: &'e str,
    pub(super) program: Arc<Expression>,
    pub(super) range: Range<usize>,
}

impl Expressions {
    /// Indexes expressions; one that is broken or too large never matches (`lint` tells its author).
    pub(super) fn new(expressions: impl IntoIterator<Item = (TopicId, Box<str>)>) -> Expressions {
        let all: Vec<(TopicId, Box<str>)> = expressions.into_iter().collect();
        let mut pairs: Vec<(String, u32)> = Vec::new();
        let mut always = Vec::new();
        for (at, (_, pattern)) in (0..).zip(&all) {
            match expression::required_literals(pattern, Dot::Line) {
                Some(literals) => pairs.extend(literals.into_iter().map(|literal| (literal, at))),
                None => always.push(at),
            }
        }
        pairs.sort_unstable();
        let mut texts: Vec<String> = Vec::new();
        let mut needed_by: Vec<Vec<u32>> = Vec::new();
        for (literal, at) in pairs {
            if texts.last() == Some(&literal)
                && let Some(needed_by) = needed_by.last_mut()
            {
                needed_by.push(at);
            } else {
                texts.push(literal);
                needed_by.push(vec![at]);
            }
        }
        let literals = AhoCorasick::builder().ascii_case_insensitive(true).build(&texts).ok();
        if literals.is_none() {
            always = (0..).zip(&all).map(|(at, _)| at).collect();
        }
        Expressions {
            all,
            literals,
            needed_by,
            always,
        }
    }

    /// Finds the expressions that match, with the first place of each. Small ones run first, so that a few expensive
    /// ones cannot use up the work allowed for a message.
    pub(super) fn matches<'e>(&'e self, text: &str, programs: &Programs, work: &mut Budget) -> Vec<Expressed<'e>> {
        let candidates = self.candidates(text);
        let mut asked: Vec<(TopicId, &str, Arc<Expression>)> = candidates
            .into_iter()
            .filter_map(|at| self.all.get(at as usize))
            .filter_map(|(topic, pattern)| Some((*topic, &**pattern, programs.get(pattern, Dot::Line, work)?)))
            .collect();
        asked.sort_by_cached_key(|(_, _, program)| program.memory());
        asked
            .into_iter()
            .filter_map(|(topic, pattern, program)| {
                let range = program.find(text, work)?;
                Some(Expressed {
                    topic,
                    pattern,
                    program,
                    range,
                })
            })
            .collect()
    }

    fn candidates(&self, text: &str) -> Vec<u32> {
        let mut candidates = self.always.clone();
        let mut seen = vec![false; self.needed_by.len()];
        for hit in self
            .literals
            .iter()
            .flat_map(|literals| literals.find_overlapping_iter(text))
        {
            let literal = hit.pattern().as_usize();
            if let Some(seen) = seen.get_mut(literal).filter(|seen| !**seen) {
                *seen = true;
                candidates.extend(self.needed_by.get(literal).into_iter().flatten());
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }
}
