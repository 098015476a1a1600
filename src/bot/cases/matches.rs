//! Matches of the index in a case: recorded, offered, and turned back.

use super::{Case, EvidenceLine, TopicRef};
use crate::bot::Knowledge;
use crate::matching::{Evidence, Match, Outcome};
use crate::runbook::Library;

/// Maximum number of near misses that are offered with a button.
const NEAR: usize = 3;
/// Least confidence of a near miss that is offered. A candidate without a word in common that means anything has about
/// 0.01: three unrelated runbooks are no answer.
pub(crate) const NEAR_FLOOR: f32 = 0.02;

impl Case {
    /// Records matches: the best one leads, the others are listed. Returns false when there is none.
    pub(crate) fn take_up(&mut self, library: &Library, outcome: &Outcome) -> bool {
        let places = |list: &[Match]| -> Vec<TopicRef> {
            list.iter()
                .filter_map(|other| TopicRef::of(library, other.topic))
                .collect()
        };
        let near = outcome.near.iter().filter(|near| near.confidence >= NEAR_FLOOR);
        self.near = near
            .take(NEAR)
            .filter_map(|near| TopicRef::of(library, near.topic))
            .collect();
        let Some(best) = outcome.matches.first() else {
            self.others.clear();
            return false;
        };
        self.others = places(outcome.matches.get(1..).unwrap_or_default());
        self.recognise(library, best);
        true
    }

    /// Looks for other topics when the runbook was of no use: the near misses, and the results of a search for the same
    /// words.
    pub(crate) fn offer_others(&mut self, known: &Knowledge) {
        let is_tried = |place: &TopicRef| {
            let mut tried = self.place.iter().chain(&self.found);
            tried.any(|other| other.runbook == place.runbook)
        };
        let mut near: Vec<TopicRef> = self.near.iter().filter(|place| !is_tried(place)).cloned().collect();
        if near.len() < NEAR {
            let outcome = known.index.search(&self.text());
            let near_misses = outcome.near.iter().filter(|near| near.confidence >= NEAR_FLOOR);
            let more = outcome.matches.iter().chain(near_misses);
            for place in more.filter_map(|other| TopicRef::of(&known.library, other.topic)) {
                if near.len() < NEAR && !is_tried(&place) && !near.contains(&place) {
                    near.push(place);
                }
            }
        }
        self.near = near;
    }

    /// A line of evidence with its number as people count: Slack shows no fences of code.
    fn as_seen(&self, line: &EvidenceLine) -> Evidence {
        let mut seen = line.evidence();
        let text = self.pastes.first().map(|paste| paste.text.as_str()).unwrap_or_default();
        let before = text.lines().take(seen.line.saturating_sub(1));
        let fences = before.filter(|line| line.trim() == "```").count();
        seen.line = seen.line.saturating_sub(fences).max(1);
        seen
    }

    /// The match that led to the topic; `None` when people chose the topic.
    pub(crate) fn matched(&self, library: &Library) -> Option<Match> {
        let topic = self.place.as_ref()?.find(library)?;
        let also = self.also.iter().filter_map(|place| place.find(library)).collect();
        (self.place == self.found && !self.evidence.is_empty()).then(|| Match {
            topic,
            confidence: 1.0,
            answered: true,
            evidence: self.evidence.iter().map(|line| self.as_seen(line)).collect(),
            captures: self.captures.clone(),
            also,
        })
    }
}
