//! A runbook's own conditions: the rules of CRE files and the exclusions of front matter.

use super::programs::Programs;
use crate::expression::{Budget, Dot};
use crate::runbook::{Pattern, Runbook};

/// The rules and exclusions of one runbook.
#[derive(Debug, Default)]
pub(super) struct RuleDetector {
    rules: Vec<RuleOf>,
    not: Vec<Pattern>,
}

#[derive(Debug)]
struct RuleOf {
    all: Vec<Pattern>,
    none: Vec<Pattern>,
}

/// Result of the rules for a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RuleVerdict {
    /// There is no rule, or none of its patterns matches.
    Silent,
    /// The share of a rule's patterns that match, above 0 and up to 1.
    Partly(f32),
    /// An exclusion applies.
    Excluded,
}

impl RuleDetector {
    pub(super) fn new(runbook: &Runbook) -> RuleDetector {
        let rules = runbook
            .sections
            .iter()
            .filter_map(|section| section.rule.as_ref())
            .map(|rule| RuleOf {
                all: rule.all.clone(),
                none: rule.none.clone(),
            })
            .collect();
        RuleDetector {
            rules,
            not: runbook.front.signpost.not.clone(),
        }
    }

    /// Evaluates the rules for a message, given as its plain lines joined by line breaks.
    pub(super) fn judge(&self, text: &str, programs: &Programs, work: &mut Budget) -> RuleVerdict {
        let mut holds = |pattern: &Pattern| holds(pattern, text, programs, work);
        if self.not.iter().any(&mut holds) {
            return RuleVerdict::Excluded;
        }
        let mut verdict = RuleVerdict::Silent;
        for rule in &self.rules {
            let there = rule.all.iter().filter(|pattern| holds(pattern)).count();
            if there == 0 {
                continue;
            }
            if rule.none.iter().any(&mut holds) {
                return RuleVerdict::Excluded;
            }
            let part = there as f32 / rule.all.len() as f32;
            if !matches!(verdict, RuleVerdict::Partly(best) if best >= part) {
                verdict = RuleVerdict::Partly(part);
            }
        }
        verdict
    }
}

fn holds(pattern: &Pattern, text: &str, programs: &Programs, work: &mut Budget) -> bool {
    match pattern {
        Pattern::Regex(pattern) => programs
            .get(pattern, Dot::All, work)
            .is_some_and(|program| program.find(text, work).is_some()),
        Pattern::Text(literal) | Pattern::Code(literal) | Pattern::Alert(literal) => {
            work.spend(text.len() as u64) && text.contains(literal.as_str())
        }
    }
}
