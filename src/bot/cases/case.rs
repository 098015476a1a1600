//! A case: one error that people work on in a thread. Plain data and its transitions; [`card`](super::card) renders it,
//! the store keeps it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CaseEscalation, CaseIssue, CaseRequest, CaseStatus, OtherError};
use crate::matching::{Evidence, Match, Occurrence, SignatureKind};
use crate::respond::{Audience, moment, topic_title};
use crate::runbook::{Library, TopicId};
use crate::store::AnswerKind;

/// Maximum number of pastes kept per case; further ones add nothing.
const PASTES: usize = 8;
/// Maximum number of characters kept of a paste.
const PASTE: usize = 12_000;
/// Maximum number of characters kept of an evidence line that lies beyond the kept part of a paste.
const EVIDENCE: usize = 2_000;
/// Maximum number of lines of evidence.
pub(super) const EVIDENCE_LINES: usize = 6;
/// Maximum number of places in the trail; the oldest are dropped.
pub(super) const TRAIL: usize = 50;
/// Maximum number of entries in the history; the oldest are dropped.
const HISTORY: usize = 200;

/// A case. All its contents are redacted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Case {
    /// Globally unique id.
    pub(crate) id: String,
    /// Workspace, channel and thread of the case; no thread while only one person sees it, where its card was shared
    /// with the channel, and in a conversation with the bot alone.
    pub(crate) team: String,
    pub(crate) channel: String,
    pub(crate) thread_ts: Option<String>,
    /// Outbox key of the card, once it is visible to everybody.
    pub(crate) post: Option<String>,
    /// Outbox keys of the case's previous cards, further up in the thread.
    pub(crate) earlier: Vec<String>,
    /// User id of the person who pasted the error.
    pub(crate) author: Option<String>,
    /// True when somebody asked the bot.
    pub(crate) asked: bool,
    /// True when a bot of the team posted the error, such as an alert.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) by_bot: bool,
    /// True when members of another organisation read the case: then it shows no contacts.
    #[serde(rename = "stranger")]
    pub(crate) external: bool,
    /// Fingerprint of the error: equal for cases of the same error.
    pub(crate) fingerprint: String,
    /// The pasted text, by message.
    pub(crate) pastes: Vec<Paste>,
    /// Current topic; none while people still choose.
    pub(crate) place: Option<TopicRef>,
    /// Title of the latest topic, for when the runbooks no longer have it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) title: String,
    /// Previous places, the latest last.
    pub(crate) trail: Vec<TopicRef>,
    /// Step shown at each place of `trail`.
    pub(crate) trail_at: Vec<usize>,
    /// Topic found from the paste itself: only there are values filled in.
    pub(crate) found: Option<TopicRef>,
    /// Evidence for `found`.
    pub(crate) evidence: Vec<EvidenceLine>,
    /// Values of placeholders.
    pub(crate) captures: BTreeMap<String, Vec<String>>,
    /// Occurrences of the error, when the paste shows it more than once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) occurrences: Vec<Occurrence>,
    /// Other possible topics, best first.
    pub(crate) near: Vec<TopicRef>,
    /// Other errors of the same paste.
    pub(crate) others: Vec<OtherError>,
    /// Topics of other runbooks that say the same.
    pub(crate) also: Vec<TopicRef>,
    /// Index of the first step shown.
    pub(crate) at: usize,
    /// The person who turned to the steps that are shown; none when nobody has turned the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) turned: Option<Actor>,
    /// True when the message was edited after work on the case had begun, and no longer shows the error.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) edited: bool,
    /// True when the steps are shown although the case is over.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) expanded: bool,
    /// Marks of the steps done, by place and step.
    pub(crate) done: BTreeMap<String, BTreeMap<String, Actor>>,
    /// Alternatives that people chose, by place.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) chosen: BTreeMap<String, ChosenAlternative>,
    /// The request that made the case.
    #[serde(flatten)]
    pub(crate) request: CaseRequest,
    /// Status of the case, with the person who set it.
    #[serde(flatten)]
    pub(crate) status: CaseStatus,
    /// History of the case, in order.
    pub(crate) history: Vec<HistoryEntry>,
    /// Escalations to teams, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) escalations: Vec<CaseEscalation>,
    /// Ids of the presses of Export that uploaded the case, the latest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) exports: Vec<String>,
    /// The issue that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issue: Option<Box<CaseIssue>>,
}

/// A message of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Paste {
    /// Id of the message: `team:channel:ts`.
    pub(crate) message: String,
    /// Redacted text.
    pub(crate) text: String,
}

/// A reference to a topic by names, since indexes change with the runbooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct TopicRef {
    /// Path of the runbook.
    pub(crate) runbook: String,
    /// Heading of the section; none for the whole runbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) section: Option<String>,
    /// Index among sections of the same heading, from 0.
    #[serde(skip_serializing_if = "is_zero")]
    #[serde(default)]
    pub(crate) nth: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A line of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EvidenceLine {
    /// Line number in the pasted text, from 1.
    #[serde(rename = "line")]
    pub(crate) number: usize,
    pub(crate) text: String,
    pub(crate) signature: String,
    pub(crate) kind: SignatureKind,
}

/// A person and the time of their action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Actor {
    /// The user id.
    pub(crate) by: String,
    /// Display name.
    pub(crate) name: String,
    /// Time of the action.
    pub(crate) at: Timestamp,
}

/// The answer to a runbook's question which of its alternatives applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChosenAlternative {
    /// The alternative's key.
    pub(crate) key: String,
    /// The person who chose it.
    pub(crate) by: Actor,
}

/// An entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HistoryEntry {
    /// The person and the time.
    pub(crate) mark: Actor,
    /// Kind of event: `done`, `fixed`, …
    pub(crate) what: String,
    /// The step or the place, as shown to people.
    #[serde(default)]
    pub(crate) detail: String,
    /// The step's text, with the values of the case; none in a case of an earlier version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) text: String,
}

impl TopicRef {
    /// Returns the reference to a topic.
    pub(crate) fn of(library: &Library, id: TopicId) -> Option<TopicRef> {
        let runbook = library.runbook(id)?;
        let section = runbook.sections.get(id.section).filter(|_| id.section != 0);
        let nth = section.map_or(0, |_| runbook.nth(id.section));
        Some(TopicRef {
            runbook: runbook.path.clone(),
            section: section.map(|section| section.heading.clone()),
            nth,
        })
    }

    /// Finds the topic, if the runbooks still hold it.
    pub(crate) fn find(&self, library: &Library) -> Option<TopicId> {
        let index = library
            .runbooks
            .binary_search_by(|runbook| runbook.path.as_str().cmp(&self.runbook))
            .ok()
            .or_else(|| library.runbooks.iter().position(|runbook| runbook.path == self.runbook))?;
        let section = match &self.section {
            None => 0,
            Some(heading) => {
                let runbook = library.runbooks.get(index)?;
                let sections = runbook.sections.iter().enumerate().skip(1);
                let mut named = sections
                    .filter(|(_, section)| section.heading == *heading)
                    .map(|(at, _)| at);
                let first = named.next()?;
                if self.nth == 0 {
                    first
                } else {
                    named.nth(self.nth - 1).unwrap_or(first)
                }
            }
        };
        Some(TopicId {
            runbook: index,
            section,
        })
    }

    /// Returns the reference to a topic as one string.
    pub(crate) fn name_of(library: &Library, topic: TopicId) -> String {
        Self::of(library, topic).map_or_else(|| "?".to_owned(), |place| place.name())
    }

    /// Returns the title of the topic as its card has it without a pasted line, or the heading or the path of one that no
    /// longer exists. "Find out which of them it is" alone names no error.
    pub(crate) fn title(&self, library: &Library) -> String {
        let title = self.find(library).and_then(|id| topic_title(library, id));
        let section = || self.section.clone();
        title.or_else(section).unwrap_or_else(|| self.runbook.clone())
    }

    /// Returns the reference as one string, for counting and comparing.
    pub(crate) fn name(&self) -> String {
        match &self.section {
            Some(section) if self.nth > 0 => format!("{} # {section} ({})", self.runbook, self.nth + 1),
            Some(section) => format!("{} # {section}", self.runbook),
            None => self.runbook.clone(),
        }
    }
}

impl Actor {
    /// Returns the person's name and the time of their action, for people to read.
    pub(crate) fn shown(&self) -> (String, String) {
        (self.name.clone(), moment(self.at))
    }
}

impl Case {
    /// Returns the audience that reads the case.
    pub(crate) fn audience(&self) -> Audience {
        if self.external {
            Audience::External
        } else {
            Audience::Internal
        }
    }

    /// Returns the kind of the answer that the case is: its topic, or the kind of list.
    pub(crate) fn answer_kind(&self) -> AnswerKind {
        let topic = self.place.as_ref().map(TopicRef::name);
        AnswerKind::Other(topic.unwrap_or_else(|| self.fingerprint.clone()))
    }

    /// Returns the pasted text of all messages.
    pub(crate) fn text(&self) -> String {
        self.text_with(None)
    }

    /// Returns the pasted text, with the full text of one message (its id and text), of which only a part may be kept.
    pub(crate) fn text_with(&self, whole: Option<(&str, &str)>) -> String {
        let of = |paste: &'_ Paste| match whole {
            Some((message, text)) if message == paste.message => text.to_owned(),
            _ => paste.text.clone(),
        };
        let texts: Vec<String> = self.pastes.iter().map(of).collect();
        texts.join("\n")
    }

    /// Returns the pasted texts by message.
    pub(crate) fn texts(&self) -> Vec<(String, String)> {
        let text = |paste: &Paste| (paste.message.clone(), paste.text.clone());
        self.pastes.iter().map(text).collect()
    }

    /// Returns the case with other pasted texts.
    pub(crate) fn with_texts(&self, texts: &[(String, String)]) -> Self {
        let paste = |(message, text): &(String, String)| Paste {
            message: message.clone(),
            text: text.clone(),
        };
        Self {
            pastes: texts.iter().map(paste).collect(),
            ..self.clone()
        }
    }

    /// Returns the beginning of the pasted text (6 lines), for people who have not seen it.
    pub(crate) fn excerpt(&self) -> String {
        let text = self.text();
        let mut lines: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()).take(6) {
            lines.push(line.chars().take(200).collect());
        }
        lines.join("\n")
    }

    /// Adds a message, or its new text. Returns false when nothing is added: the text is unchanged, or the case is
    /// full.
    pub(crate) fn paste(&mut self, message: &str, text: &str) -> bool {
        let text: String = text.chars().take(PASTE).collect();
        if let Some(known) = self.pastes.iter_mut().find(|paste| paste.message == message) {
            let is_new = known.text != text;
            known.text = text;
            return is_new;
        }
        if self.pastes.len() >= PASTES {
            return false;
        }
        self.pastes.push(Paste {
            message: message.to_owned(),
            text,
        });
        true
    }

    /// Sets the case's topic to the match. Steps done stay with their places.
    pub(crate) fn recognise(&mut self, library: &Library, best: &Match) {
        let place = TopicRef::of(library, best.topic);
        if self.found != place || self.place.is_none() {
            self.place.clone_from(&place);
            self.turn(0, None);
            self.trail.clear();
            self.trail_at.clear();
        }
        self.found = place;
        self.edited = false;
        self.title = topic_title(library, best.topic).unwrap_or_default();
        self.evidence = best
            .evidence
            .iter()
            .take(EVIDENCE_LINES)
            .map(EvidenceLine::from)
            .collect();
        self.keep_evidence();
        self.captures = best.harmless_captures();
        self.occurrences = best.harmless_occurrences();
        self.also = best.also.iter().filter_map(|id| TopicRef::of(library, *id)).collect();
        if matches!(self.status, CaseStatus::Choosing(_) | CaseStatus::Withdrawn) {
            self.status = CaseStatus::Open;
        }
    }

    /// Keeps the evidence of a long message, of which only the beginning is stored.
    fn keep_evidence(&mut self) {
        let kept = self.text();
        let is_cut = |paste: &&mut Paste| paste.text.chars().count() >= PASTE;
        let Some(cut) = self.pastes.iter_mut().rev().find(is_cut) else {
            return;
        };
        for line in &self.evidence {
            let line: String = line.text.chars().take(EVIDENCE).collect();
            if !kept.contains(&line) {
                cut.text.push('\n');
                cut.text.push_str(&line);
            }
        }
    }

    /// Keeps the topic and the state of `before`; the new topic is listed among the others.
    pub(crate) fn stay_with(&mut self, before: &Case) {
        let other = std::mem::replace(&mut self.found, before.found.clone());
        self.place.clone_from(&before.place);
        self.turn(before.at, before.turned.clone());
        self.trail.clone_from(&before.trail);
        self.trail_at.clone_from(&before.trail_at);
        let evidence = std::mem::replace(&mut self.evidence, before.evidence.clone());
        let captures = std::mem::replace(&mut self.captures, before.captures.clone());
        let occurrences = std::mem::replace(&mut self.occurrences, before.occurrences.clone());
        self.also.clone_from(&before.also);
        self.status.clone_from(&before.status);
        self.title.clone_from(&before.title);
        self.edited = before.edited;
        self.others.retain(|other| Some(&other.place) != before.found.as_ref());
        if let Some(place) = other.filter(|place| self.others.iter().all(|other| other.place != *place)) {
            let other = OtherError {
                place,
                evidence,
                captures,
                occurrences,
            };
            self.others.insert(0, other);
        }
    }

    /// Returns true when the case is about a pasted error, and not a list or a runbook requested by name.
    pub(crate) fn is_of_paste(&self) -> bool {
        self.found.is_some() || self.request == CaseRequest::Near
    }

    /// Returns true when a match of the same topic is the same error: one section may explain a hundred codes.
    pub(crate) fn is_same_error(&self, found: &Match) -> bool {
        let other: Vec<EvidenceLine> = found.evidence.iter().map(EvidenceLine::from).collect();
        let names = |lines: &[EvidenceLine]| -> BTreeSet<String> {
            let named = lines
                .iter()
                .filter(|line| matches!(line.kind, SignatureKind::Code | SignatureKind::Alert));
            named.map(|line| line.signature.to_lowercase()).collect()
        };
        let (ours, theirs) = (names(&self.evidence), names(&other));
        if !ours.is_empty() && !theirs.is_empty() {
            return !ours.is_disjoint(&theirs);
        }
        // Common words, such as the runbook's title, occur in every error of a runbook.
        let says = |line: &&EvidenceLine| line.kind != SignatureKind::Words;
        let told = |line: &EvidenceLine| {
            let mut own = self.evidence.iter().filter(says);
            own.any(|own| own.signature == line.signature)
        };
        self.evidence.iter().filter(says).count() == 0 || other.iter().filter(says).any(told)
    }

    /// Returns true when a match is mere conversation: only words of the runbook that people already work on, or text
    /// of the very section (the field that a step asks for looks like the name of an alert).
    pub(crate) fn is_talk(&self, library: &Library, found: &Match) -> bool {
        let Some(other) = TopicRef::of(library, found.topic) else {
            return false;
        };
        let is_only = |kinds: &[SignatureKind]| found.evidence.iter().all(|evidence| kinds.contains(&evidence.kind));
        let mut own = [&self.place, &self.found].into_iter().flatten();
        own.any(|place| {
            place.runbook == other.runbook && is_only(&[SignatureKind::Words])
                || *place == other && is_only(&[SignatureKind::Words, SignatureKind::Alert])
        })
    }

    /// Returns the values of a match that contradict those of the case: the match is another instance of the same
    /// error.
    pub(crate) fn other_values(&self, found: &Match) -> Vec<(String, String)> {
        let values = found.harmless_captures();
        let differ = values.iter().filter(|(name, values)| {
            let known = self.captures.get(*name);
            known.is_some_and(|known| values.iter().all(|value| !known.contains(value)))
        });
        differ
            .filter_map(|(name, values)| Some((name.clone(), values.first()?.clone())))
            .collect()
    }

    /// Returns true when the card stands in a conversation with the bot alone, outside any thread.
    pub(crate) fn is_in_conversation(&self) -> bool {
        self.thread_ts.is_none() && self.post.is_some() && is_conversation(&self.channel)
    }

    /// Returns true when somebody has begun to work on the case.
    pub(crate) fn is_begun(&self) -> bool {
        !self.history.is_empty()
    }

    /// Adds an entry to the history.
    pub(crate) fn remember(&mut self, mark: &Actor, what: &str, detail: &str) {
        if self.history.len() >= HISTORY {
            self.history.remove(0);
        }
        self.history.push(HistoryEntry {
            mark: mark.clone(),
            what: what.to_owned(),
            detail: detail.to_owned(),
            text: String::new(),
        });
    }

    /// Returns the topic that people work on, or the one found while they choose again: it determines the contacts.
    pub(crate) fn subject(&self) -> Option<&TopicRef> {
        self.place.as_ref().or(self.found.as_ref())
    }

    /// Returns every place with steps done, in the order people visited them.
    pub(crate) fn worked_on(&self) -> Vec<(&TopicRef, &BTreeMap<String, Actor>)> {
        let places = self.found.iter().chain(&self.trail).chain(&self.place);
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        let others = self.others.iter().map(|other| &other.place);
        for place in places.chain(&self.near).chain(others) {
            if let Some(marks) = self.done.get(&place.name()).filter(|marks| !marks.is_empty())
                && seen.insert(place.name())
            {
                out.push((place, marks));
            }
        }
        out
    }

    /// Returns the marks of the steps done at the current place.
    pub(crate) fn done_here(&self) -> BTreeMap<String, Actor> {
        let place = self.place.as_ref().map(TopicRef::name);
        place
            .and_then(|place| self.done.get(&place))
            .cloned()
            .unwrap_or_default()
    }

    /// Returns the alternative that was chosen at the current place.
    pub(crate) fn chosen_here(&self) -> Option<&ChosenAlternative> {
        self.chosen.get(&self.place.as_ref()?.name())
    }

    /// Moves the case to another place, and records it.
    pub(crate) fn go_to(&mut self, place: &TopicRef, mark: &Actor) {
        if self.place.as_ref() == Some(place) {
            return;
        }
        self.leave();
        self.place = Some(place.clone());
        self.turn(0, None);
        self.remember(mark, "went", &place.name());
    }

    /// Shows the steps from this one on. `by` turned the page; none when the steps are those of another place.
    pub(super) fn turn(&mut self, at: usize, by: Option<Actor>) {
        self.at = at;
        self.turned = by;
    }

    /// Sets the status. Returns false when the case has it already, whoever set it.
    pub(crate) fn set_status(&mut self, status: CaseStatus) -> bool {
        let is_new = std::mem::discriminant(&self.status) != std::mem::discriminant(&status);
        if is_new {
            self.status = status;
            self.expanded = false;
        }
        is_new
    }
}

/// Returns true for the id of a conversation with the bot alone (Slack's ids: `D` before the rest).
pub(crate) fn is_conversation(channel: &str) -> bool {
    channel.starts_with('D')
}

impl From<&Evidence> for EvidenceLine {
    fn from(evidence: &Evidence) -> Self {
        let redacted = |text: &str| crate::redact::redact(text).into_owned();
        EvidenceLine {
            number: evidence.line,
            text: redacted(&evidence.text),
            signature: redacted(&evidence.signature),
            kind: evidence.kind,
        }
    }
}

impl EvidenceLine {
    /// Converts the line back to the matcher's format.
    pub(crate) fn evidence(&self) -> Evidence {
        Evidence {
            line: self.number,
            text: self.text.clone(),
            signature: self.signature.clone(),
            kind: self.kind,
        }
    }
}
