//! A case: one error that people work on in a thread. Plain data and what can happen to it; what it looks like is
//! [`crate::bot::mind`]'s, where it is kept the store's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::matching::{Evidence, Match, SignatureKind};
use crate::runbook::{Library, TopicId};

/// Pastes of one case that are kept; more of them tell nothing new.
const PASTES: usize = 8;
/// Characters of a paste that are kept.
const PASTE: usize = 12_000;
/// Characters of each line of evidence further on.
const EVIDENCE: usize = 2_000;
/// Lines of evidence that are kept.
pub(super) const EVIDENCE_LINES: usize = 6;
/// Places on the way back; the oldest give way.
pub(super) const TRAIL: usize = 50;
/// Entries of the history; the oldest give way.
const HISTORY: usize = 200;

/// A case. Everything in it is redacted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::bot) struct Case {
    /// Unique for ever.
    pub(in crate::bot) id: String,
    /// Workspace, channel and thread it is worked on in; no thread while only one person sees it.
    pub(in crate::bot) team: String,
    pub(in crate::bot) channel: String,
    pub(in crate::bot) thread_ts: Option<String>,
    /// Key of the card in the outbox, once it is shown to everybody.
    pub(in crate::bot) post: Option<String>,
    /// Keys of the cards that it had before, further up in the thread.
    pub(in crate::bot) earlier: Vec<String>,
    /// Who pasted the error.
    pub(in crate::bot) author: Option<String>,
    /// Whether somebody asked for it.
    pub(in crate::bot) asked: bool,
    /// Whether people of another organisation read it: then it shows no contacts.
    pub(in crate::bot) stranger: bool,
    /// What makes two cases the same error.
    pub(in crate::bot) fingerprint: String,
    /// What was pasted, message by message.
    pub(in crate::bot) pastes: Vec<Paste>,
    /// What it is about now; none while people still choose.
    pub(in crate::bot) place: Option<TopicRef>,
    /// Where people came from, the latest last.
    pub(in crate::bot) trail: Vec<TopicRef>,
    /// Which step was shown there.
    pub(in crate::bot) trail_at: Vec<usize>,
    /// The place that the paste itself led to: only there values are filled in.
    pub(in crate::bot) found: Option<TopicRef>,
    /// Why it was found.
    pub(in crate::bot) evidence: Vec<EvidenceLine>,
    /// Values of placeholders.
    pub(in crate::bot) captures: BTreeMap<String, Vec<String>>,
    /// What else it could be, best first.
    pub(in crate::bot) near: Vec<TopicRef>,
    /// Other errors of the same paste.
    pub(in crate::bot) others: Vec<TopicRef>,
    /// The same said by other runbooks.
    pub(in crate::bot) also: Vec<TopicRef>,
    /// First step that is shown.
    pub(in crate::bot) at: usize,
    /// Steps that are done, by place and step.
    pub(in crate::bot) done: BTreeMap<String, BTreeMap<String, Actor>>,
    /// Why people have to choose: `near`, `search`, `choose`; and what they had asked for.
    pub(in crate::bot) why: String,
    pub(in crate::bot) words: String,
    /// How it stands.
    pub(in crate::bot) standing: CaseStatus,
    /// Who set that, and when.
    pub(in crate::bot) mark: Option<Actor>,
    /// What happened, in order.
    pub(in crate::bot) history: Vec<Event>,
}

/// A message of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::bot) struct Paste {
    /// `team:channel:ts`.
    pub(in crate::bot) message: String,
    /// Its text, redacted.
    pub(in crate::bot) text: String,
}

/// A topic by its names: indexes change when runbooks do.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::bot) struct TopicRef {
    /// Path of the runbook.
    pub(in crate::bot) runbook: String,
    /// Heading of the section; none for the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::bot) section: Option<String>,
    /// Which of several sections of that heading, from 0.
    #[serde(skip_serializing_if = "is_zero")]
    #[serde(default)]
    pub(in crate::bot) nth: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A line of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::bot) struct EvidenceLine {
    /// Which, from 1.
    #[serde(rename = "line")]
    pub(in crate::bot) number: usize,
    pub(in crate::bot) text: String,
    pub(in crate::bot) signature: String,
    pub(in crate::bot) kind: SignatureKind,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::bot) struct Actor {
    /// User id.
    pub(in crate::bot) by: String,
    /// What people call them.
    pub(in crate::bot) name: String,
    /// When.
    pub(in crate::bot) at: Timestamp,
}

/// How a case stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::bot) enum CaseStatus {
    /// People work on it.
    #[default]
    Open,
    /// People choose what it is about.
    Choosing,
    /// The runbook fixed it.
    Fixed,
    /// The runbook did not help.
    NotHelped,
    /// Somebody else was called.
    Escalated,
    /// The alert says that it is over.
    Resolved,
    /// The message was edited and holds no error any more.
    Withdrawn,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::bot) struct Event {
    /// Who did it, and when.
    pub(in crate::bot) mark: Actor,
    /// What: `done`, `fixed`, …
    pub(in crate::bot) what: String,
    /// The step or the place, as people read it.
    #[serde(default)]
    pub(in crate::bot) detail: String,
}

impl TopicRef {
    /// The place of a topic.
    pub(in crate::bot) fn of(library: &Library, id: TopicId) -> Option<TopicRef> {
        let runbook = library.runbook(id)?;
        let section = runbook.sections.get(id.section).filter(|_| id.section != 0);
        let nth = section.map_or(0, |_| runbook.nth(id.section));
        Some(TopicRef {
            runbook: runbook.path.clone(),
            section: section.map(|section| section.heading.clone()),
            nth,
        })
    }

    /// The topic, when the runbooks still hold it.
    pub(in crate::bot) fn find(&self, library: &Library) -> Option<TopicId> {
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

    /// As one word, to count and compare by.
    pub(in crate::bot) fn name(&self) -> String {
        match &self.section {
            Some(section) if self.nth > 0 => format!("{} # {section} ({})", self.runbook, self.nth + 1),
            Some(section) => format!("{} # {section}", self.runbook),
            None => self.runbook.clone(),
        }
    }
}

impl Case {
    /// What was pasted, as one text.
    pub(in crate::bot) fn text(&self) -> String {
        self.text_with(None)
    }

    /// The same with all of one message, of which perhaps only a part is kept.
    pub(in crate::bot) fn text_with(&self, whole: Option<(&str, &str)>) -> String {
        let of = |paste: &'_ Paste| match whole {
            Some((message, text)) if message == paste.message => text.to_owned(),
            _ => paste.text.clone(),
        };
        let texts: Vec<String> = self.pastes.iter().map(of).collect();
        texts.join("\n")
    }

    /// The beginning of what was pasted, for people who did not see it.
    pub(in crate::bot) fn excerpt(&self) -> String {
        let text = self.text();
        let mut lines: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()).take(6) {
            lines.push(line.chars().take(200).collect());
        }
        lines.join("\n")
    }

    /// Adds a message, or its new text. `false` when it was known with this text.
    pub(in crate::bot) fn paste(&mut self, message: &str, text: &str) -> bool {
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

    /// What was recognised becomes what the case is about. Marks stay with their places.
    pub(in crate::bot) fn recognise(&mut self, library: &Library, best: &Match) {
        let place = TopicRef::of(library, best.topic);
        if self.found != place || self.place.is_none() {
            self.place.clone_from(&place);
            self.at = 0;
            self.trail.clear();
            self.trail_at.clear();
        }
        self.found = place;
        self.evidence = best
            .evidence
            .iter()
            .take(EVIDENCE_LINES)
            .map(EvidenceLine::from)
            .collect();
        self.keep_evidence();
        self.captures = harmless(best);
        self.also = best.also.iter().filter_map(|id| TopicRef::of(library, *id)).collect();
        if matches!(self.standing, CaseStatus::Choosing | CaseStatus::Withdrawn) {
            self.standing = CaseStatus::Open;
            self.mark = None;
        }
    }

    /// What a long message was recognised by stays, although only its beginning does.
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

    /// What was found before stays what people work on; what was found now is named beside it.
    pub(in crate::bot) fn stay_with(&mut self, before: &Case) {
        let other = std::mem::replace(&mut self.found, before.found.clone());
        self.place.clone_from(&before.place);
        self.at = before.at;
        self.trail.clone_from(&before.trail);
        self.trail_at.clone_from(&before.trail_at);
        self.evidence.clone_from(&before.evidence);
        self.captures.clone_from(&before.captures);
        self.also.clone_from(&before.also);
        self.standing = before.standing;
        self.mark.clone_from(&before.mark);
        self.others.retain(|place| Some(place) != before.found.as_ref());
        if let Some(other) = other.filter(|other| !self.others.contains(other)) {
            self.others.insert(0, other);
        }
    }

    /// Whether it is about an error that was pasted, and not a list or a runbook that somebody asked for by its name.
    pub(in crate::bot) fn is_of_paste(&self) -> bool {
        self.found.is_some() || self.why == "near"
    }

    /// Whether a match of the same topic is the same error: one section may explain a hundred codes.
    pub(in crate::bot) fn is_same_error(&self, found: &Match) -> bool {
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
        // Words in common, such as the runbook's title, are in every error of it.
        let says = |line: &&EvidenceLine| line.kind != SignatureKind::Words;
        let told = |line: &EvidenceLine| {
            let mut own = self.evidence.iter().filter(says);
            own.any(|own| own.signature == line.signature)
        };
        self.evidence.iter().filter(says).count() == 0 || other.iter().filter(says).any(told)
    }

    /// Whether a match says no more than words of the runbook that people work on already, or names what stands in the very
    /// section: the field that a step asks for looks like the name of an alert.
    pub(in crate::bot) fn is_talk(&self, library: &Library, found: &Match) -> bool {
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

    /// The values of a match that contradict those of the case: it is about something else of the same kind.
    pub(in crate::bot) fn other_values(&self, found: &Match) -> Vec<(String, String)> {
        let values = harmless(found);
        let differ = values.iter().filter(|(name, values)| {
            let known = self.captures.get(*name);
            known.is_some_and(|known| values.iter().all(|value| !known.contains(value)))
        });
        differ
            .filter_map(|(name, values)| Some((name.clone(), values.first()?.clone())))
            .collect()
    }

    /// Whether somebody has begun to work on it.
    pub(in crate::bot) fn is_begun(&self) -> bool {
        !self.history.is_empty()
    }

    /// Remembers what happened.
    pub(in crate::bot) fn remember(&mut self, mark: &Actor, what: &str, detail: &str) {
        if self.history.len() >= HISTORY {
            self.history.remove(0);
        }
        self.history.push(Event {
            mark: mark.clone(),
            what: what.to_owned(),
            detail: detail.to_owned(),
        });
    }

    /// What people worked on, or what was found when they chose anew: whom to call is told by it.
    pub(in crate::bot) fn subject(&self) -> Option<&TopicRef> {
        self.place.as_ref().or(self.found.as_ref())
    }

    /// Every place at which steps are done, in the order in which people came there.
    pub(in crate::bot) fn worked_on(&self) -> Vec<(&TopicRef, &BTreeMap<String, Actor>)> {
        let places = self.found.iter().chain(&self.trail).chain(&self.place);
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for place in places.chain(&self.near).chain(&self.others) {
            if let Some(marks) = self.done.get(&place.name()).filter(|marks| !marks.is_empty())
                && seen.insert(place.name())
            {
                out.push((place, marks));
            }
        }
        out
    }

    /// The steps of the place that are done.
    pub(in crate::bot) fn done_here(&self) -> BTreeMap<String, Actor> {
        let place = self.place.as_ref().map(TopicRef::name);
        place
            .and_then(|place| self.done.get(&place))
            .cloned()
            .unwrap_or_default()
    }

    /// Goes on at another place, by itself.
    pub(in crate::bot) fn go_to(&mut self, place: &TopicRef, mark: &Actor) {
        if self.place.as_ref() == Some(place) {
            return;
        }
        self.leave();
        self.place = Some(place.clone());
        self.at = 0;
        self.remember(mark, "went", &place.name());
    }

    /// Sets how it stands. `false` when it stood so already.
    pub(in crate::bot) fn stand(&mut self, standing: CaseStatus, mark: Option<&Actor>) -> bool {
        if self.standing == standing {
            return false;
        }
        self.standing = standing;
        self.mark = mark.cloned();
        true
    }
}

/// The captured values that hold no secret, as far as the lines that they stand in tell.
pub(super) fn harmless(found: &Match) -> BTreeMap<String, Vec<String>> {
    let lines: Vec<(&str, String)> = found
        .evidence
        .iter()
        .map(|evidence| {
            (
                evidence.text.as_str(),
                crate::redact::redact(&evidence.text).into_owned(),
            )
        })
        .collect();
    let is_harmless = |value: &&String| {
        let in_context = |(raw, safe): &(&str, String)| !raw.contains(value.as_str()) || safe.contains(value.as_str());
        crate::redact::redact(value) == value.as_str() && lines.iter().all(in_context)
    };
    let values = found.captures.iter().map(|(name, values)| {
        let named = |value: &&String| crate::redact::redact(&format!("{name}: {value}")).contains(value.as_str());
        let kept: Vec<String> = values.iter().filter(is_harmless).filter(named).cloned().collect();
        (name.clone(), kept)
    });
    values.filter(|(_, values)| !values.is_empty()).collect()
}

impl CaseStatus {
    /// Whether people may still work on it: what somebody called fixed stays so.
    pub(in crate::bot) fn is_open(self) -> bool {
        !matches!(self, Self::Fixed | Self::Resolved | Self::Withdrawn)
    }

    /// As templates call it.
    pub(in crate::bot) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Choosing => "choosing",
            Self::Fixed => "fixed",
            Self::NotHelped => "not-helped",
            Self::Escalated => "escalated",
            Self::Resolved => "resolved",
            Self::Withdrawn => "withdrawn",
        }
    }
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
    /// As the matcher told it.
    pub(in crate::bot) fn evidence(&self) -> Evidence {
        Evidence {
            line: self.number,
            text: self.text.clone(),
            signature: self.signature.clone(),
            kind: self.kind,
        }
    }
}
