//! Matches of the index in a case: recorded, offered, and turned back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Case, EvidenceLine, TopicRef};
use crate::bot::Knowledge;
use crate::matching::{Evidence, Match, Occurrence, Outcome};
use crate::runbook::{Library, TopicId};

/// Maximum number of lines of evidence kept of an error that does not lead.
const OTHER_LINES: usize = 2;

/// Maximum number of near misses that are offered with a button.
const NEAR: usize = 3;
/// Least confidence of a near miss that is offered. A candidate without a word in common that means anything has about
/// 0.01: three unrelated runbooks are no answer.
pub(crate) const NEAR_FLOOR: f32 = 0.02;

/// An error of a paste that another error leads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OtherError {
    /// The topic that explains it.
    #[serde(flatten)]
    pub(crate) place: TopicRef,
    /// Evidence for it; none in a case of an earlier version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) evidence: Vec<EvidenceLine>,
    /// Values of its placeholders, from its own part of the paste.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) captures: BTreeMap<String, Vec<String>>,
    /// Its occurrences, when the paste shows it more than once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) occurrences: Vec<Occurrence>,
}

impl OtherError {
    fn of(library: &Library, found: &Match) -> Option<OtherError> {
        Some(OtherError {
            place: TopicRef::of(library, found.topic)?,
            evidence: found
                .evidence
                .iter()
                .take(OTHER_LINES)
                .map(EvidenceLine::from)
                .collect(),
            captures: found.harmless_captures(),
            occurrences: found.harmless_occurrences(),
        })
    }
}

impl Case {
    /// Records matches: the best one leads, the others are listed. Returns false when there is none.
    pub(crate) fn take_up(&mut self, library: &Library, outcome: &Outcome) -> bool {
        let near = outcome.near.iter().filter(|near| near.confidence >= NEAR_FLOOR);
        self.near = near
            .take(NEAR)
            .filter_map(|near| TopicRef::of(library, near.topic))
            .collect();
        let Some(best) = outcome.matches.first() else {
            self.others.clear();
            return false;
        };
        let others = outcome.matches.iter().skip(1);
        self.others = others.filter_map(|other| OtherError::of(library, other)).collect();
        // In the order of the message.
        self.others
            .sort_by_key(|other| other.evidence.first().map(|line| line.number));
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

    /// The match that led to the topic; `None` when people chose a topic that the paste did not lead to.
    pub(crate) fn matched(&self, library: &Library) -> Option<Match> {
        let place = self.place.as_ref()?;
        if self.place != self.found {
            let other = self.others.iter().find(|other| other.place == *place)?;
            let found = self.match_of(place.find(library)?, &other.evidence, &other.captures)?;
            return Some(Match {
                occurrences: other.occurrences.clone(),
                ..found
            });
        }
        let also = self.also.iter().filter_map(|place| place.find(library)).collect();
        let found = self.match_of(place.find(library)?, &self.evidence, &self.captures)?;
        Some(Match {
            also,
            occurrences: self.occurrences.clone(),
            ..found
        })
    }

    fn match_of(
        &self,
        topic: TopicId,
        evidence: &[EvidenceLine],
        captures: &BTreeMap<String, Vec<String>>,
    ) -> Option<Match> {
        (!evidence.is_empty()).then(|| Match {
            topic,
            confidence: 1.0,
            answered: true,
            evidence: evidence.iter().map(|line| self.as_seen(line)).collect(),
            captures: captures.clone(),
            ..Match::default()
        })
    }

    /// The values of placeholders at the current place: of the error that people work on.
    pub(crate) fn values(&self) -> &BTreeMap<String, Vec<String>> {
        let is_here = |other: &&OtherError| self.place.as_ref() == Some(&other.place) && self.place != self.found;
        let other = self.others.iter().find(is_here);
        other
            .filter(|other| !other.evidence.is_empty())
            .map_or(&self.captures, |other| &other.captures)
    }

    /// The values that a placeholder has in any of the errors.
    pub(crate) fn all_values(&self, name: &str) -> Vec<&String> {
        let others = self.others.iter().map(|other| &other.captures);
        let all = std::iter::once(&self.captures).chain(others);
        all.filter_map(|captures| captures.get(name)).flatten().collect()
    }

    /// The other errors of the paste, besides the one that people work on, each with the line that shows it: the one
    /// that led first.
    pub(crate) fn other_errors(&self, library: &Library) -> Vec<(TopicId, Option<usize>)> {
        let line = |evidence: &[EvidenceLine]| evidence.first().map(|line| self.as_seen(line).line);
        let found = self.found.iter().map(|place| (place, line(&self.evidence)));
        let found = found.filter(|_| {
            self.others
                .iter()
                .any(|other| self.place.as_ref() == Some(&other.place))
        });
        let others = self.others.iter().map(|other| (&other.place, line(&other.evidence)));
        let elsewhere = found
            .chain(others)
            .filter(|(place, _)| self.place.as_ref() != Some(*place));
        elsewhere
            .filter_map(|(place, line)| Some((place.find(library)?, line)))
            .collect()
    }
}
