//! What a runbook itself says about when it applies: the rules of CRE files and the exclusions of front matter.
//! Expressions come from authors: they run on an engine that is linear in the text, with a limit on their size.

use std::ops::Range;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::runbook::{Pattern, Runbook, TopicId};

/// The largest compiled form of one expression, in bytes.
const MOST_PROGRAM: usize = 1 << 20;

/// The rules and exclusions of one runbook.
#[derive(Debug, Default)]
pub(super) struct Detector {
    rules: Vec<RuleOf>,
    not: Vec<Check>,
}

#[derive(Debug)]
struct RuleOf {
    all: Vec<Check>,
    none: Vec<Check>,
}

/// A pattern that compiles when it is first needed: most are never asked.
#[derive(Debug)]
struct Check {
    pattern: Pattern,
    compiled: OnceLock<Option<Regex>>,
}

/// What the rules say about a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    /// Nothing: there is no rule, or none of its patterns is there.
    Silent,
    /// This part of a rule's patterns is there.
    Partly(f32),
    /// An exclusion applies.
    Excluded,
}

impl Detector {
    pub(super) fn new(runbook: &Runbook) -> Detector {
        let rules = runbook
            .sections
            .iter()
            .filter_map(|section| section.rule.as_ref())
            .map(|rule| RuleOf {
                all: checks(&rule.all),
                none: checks(&rule.none),
            })
            .collect();
        Detector {
            rules,
            not: checks(&runbook.front.signpost.not),
        }
    }

    /// Asks the rules about a message: its lines, as plain text, joined by line breaks.
    pub(super) fn judge(&self, text: &str) -> Verdict {
        if self.not.iter().any(|check| check.holds(text)) {
            return Verdict::Excluded;
        }
        let mut verdict = Verdict::Silent;
        for rule in &self.rules {
            let there = rule.all.iter().filter(|check| check.holds(text)).count();
            if there == 0 {
                continue;
            }
            if rule.none.iter().any(|check| check.holds(text)) {
                return Verdict::Excluded;
            }
            let part = there as f32 / rule.all.len() as f32;
            if !matches!(verdict, Verdict::Partly(best) if best >= part) {
                verdict = Verdict::Partly(part);
            }
        }
        verdict
    }
}

fn checks(patterns: &[Pattern]) -> Vec<Check> {
    patterns
        .iter()
        .map(|pattern| Check {
            pattern: pattern.clone(),
            compiled: OnceLock::new(),
        })
        .collect()
}

impl Check {
    fn holds(&self, text: &str) -> bool {
        match &self.pattern {
            Pattern::Regex(pattern) => self
                .compiled
                .get_or_init(|| compile(pattern))
                .as_ref()
                .is_some_and(|regex| regex.is_match(text)),
            Pattern::Text(needle) | Pattern::Code(needle) | Pattern::Alert(needle) => text.contains(needle.as_str()),
        }
    }
}

/// Compiles an author's expression; `.` may pass line ends, for rules are written for joined logs.
fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern)
        .size_limit(MOST_PROGRAM)
        .nest_limit(60)
        .dot_matches_new_line(true)
        .build()
        .ok()
}

/// The explicit expressions of a whole library's front matter, asked all at once.
#[derive(Debug, Default)]
pub(super) struct Expressions {
    all: RegexSet,
    each: Vec<(TopicId, Regex)>,
}

/// The largest compiled form of all expressions together, in bytes.
const MOST_TOGETHER: usize = 32 << 20;

impl Expressions {
    /// Compiles them; one that is broken or too large is left out (`lint` tells its author).
    pub(super) fn new(expressions: &[(TopicId, String)]) -> Expressions {
        let compile = |(topic, pattern): &(TopicId, String)| {
            let regex = RegexBuilder::new(pattern)
                .size_limit(MOST_PROGRAM)
                .nest_limit(60)
                .build()
                .ok()?;
            Some((*topic, regex))
        };
        let each: Vec<(TopicId, Regex)> = expressions.iter().filter_map(compile).collect();
        let patterns = each.iter().map(|(_, regex)| regex.as_str());
        let all = RegexSetBuilder::new(patterns)
            .size_limit(MOST_TOGETHER)
            .build()
            .unwrap_or_default();
        Expressions { all, each }
    }

    /// Where the expressions match first in a text: the topic, the expression and the place in bytes.
    pub(super) fn matches<'e>(&'e self, text: &'e str) -> impl Iterator<Item = (TopicId, &'e str, Range<usize>)> {
        let hits = self
            .all
            .matches(text)
            .into_iter()
            .filter_map(|index| self.each.get(index));
        hits.filter_map(|(topic, regex)| Some((*topic, regex.as_str(), regex.find(text)?.range())))
    }

    /// The named groups of one runbook's expressions, as they match first in a text.
    pub(super) fn groups(&self, runbook: usize, text: &str) -> Vec<(String, String)> {
        let own = self.each.iter().filter(|(topic, _)| topic.runbook == runbook);
        own.filter_map(|(_, regex)| regex.captures(text).map(|groups| (regex, groups)))
            .flat_map(|(regex, groups)| {
                let named = regex.capture_names().flatten().map(str::to_owned);
                named
                    .filter_map(|name| groups.name(&name).map(|hit| (name.clone(), hit.as_str().to_owned())))
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}
