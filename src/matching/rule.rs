//! What a runbook itself says about when it applies: the rules of CRE files and the exclusions of front matter.

use super::programs::Programs;
use crate::expression::{Dot, Work};
use crate::runbook::{Pattern, Runbook};

/// The rules and exclusions of one runbook.
#[derive(Debug, Default)]
pub(super) struct Detector {
    rules: Vec<RuleOf>,
    not: Vec<Pattern>,
}

#[derive(Debug)]
struct RuleOf {
    all: Vec<Pattern>,
    none: Vec<Pattern>,
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
                all: rule.all.clone(),
                none: rule.none.clone(),
            })
            .collect();
        Detector {
            rules,
            not: runbook.front.signpost.not.clone(),
        }
    }

    /// Asks the rules about a message: its lines, as plain text, joined by line breaks.
    pub(super) fn judge(&self, text: &str, programs: &Programs, work: &mut Work) -> Verdict {
        let mut holds = |pattern: &Pattern| holds(pattern, text, programs, work);
        if self.not.iter().any(&mut holds) {
            return Verdict::Excluded;
        }
        let mut verdict = Verdict::Silent;
        for rule in &self.rules {
            let there = rule.all.iter().filter(|pattern| holds(pattern)).count();
            if there == 0 {
                continue;
            }
            if rule.none.iter().any(&mut holds) {
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

fn holds(pattern: &Pattern, text: &str, programs: &Programs, work: &mut Work) -> bool {
    match pattern {
        Pattern::Regex(pattern) => programs
            .get(pattern, Dot::All, work)
            .is_some_and(|program| program.find(text, work).is_some()),
        Pattern::Text(needle) | Pattern::Code(needle) | Pattern::Alert(needle) => {
            work.spend(text.len() as u64) && text.contains(needle.as_str())
        }
    }
}
