//! Actions of a card's buttons on its case.

use super::CaseStatus;
use super::case::{Actor, Case, ChosenAlternative, TRAIL, TopicRef};
use crate::respond::CardAction;

impl Case {
    /// Applies a button's action. `detail` is the step or place as shown to people. Returns false when nothing changed.
    pub(crate) fn act(&mut self, act: &CardAction, mark: &Actor, detail: &str) -> bool {
        let before = self.clone();
        let mut what = None;
        match act {
            CardAction::Page { at } if *at == self.at => {}
            CardAction::Page { at } => self.turn(*at, Some(mark.clone())),
            CardAction::Done { step } => {
                if let Some(place) = self.place.as_ref().map(TopicRef::name) {
                    let marks = self.done.entry(place).or_default();
                    if !marks.contains_key(step) {
                        marks.insert(step.clone(), mark.clone());
                        what = Some("done");
                    }
                }
            }
            CardAction::Undo { step } => {
                if let Some(place) = self.place.as_ref().map(TopicRef::name)
                    && self
                        .done
                        .get_mut(&place)
                        .is_some_and(|marks| marks.remove(step).is_some())
                {
                    what = Some("undone");
                }
            }
            CardAction::Go { runbook, section, nth } => {
                let to = TopicRef {
                    runbook: runbook.clone(),
                    section: section.clone(),
                    nth: *nth,
                };
                what = self.go(to);
            }
            CardAction::Return => {
                let was_rejected = matches!(self.status, CaseStatus::Choosing(Some(_)));
                what = (!self.trail.is_empty()).then_some(if was_rejected { "not_wrong" } else { "went" });
                self.back();
                if matches!(self.status, CaseStatus::Choosing(_)) && self.place.is_some() {
                    self.set_status(CaseStatus::Open);
                }
            }
            CardAction::Alternative { key } => what = self.choose(key, mark),
            CardAction::Fixed => what = self.marked(CaseStatus::Fixed(mark.clone()), "fixed"),
            CardAction::NotHelped => what = self.marked(CaseStatus::NotHelped(mark.clone()), "not_helped"),
            CardAction::Wrong => {
                if !matches!(self.status, CaseStatus::Choosing(_)) {
                    self.leave();
                    what = self.marked(CaseStatus::Choosing(Some(mark.clone())), "wrong");
                }
            }
            CardAction::Reopen => {
                // It may have been fixed without another runbook than the one that was wrong.
                if self.place.is_none() {
                    self.back();
                }
                what = self.marked(CaseStatus::Open, "reopened");
            }
            CardAction::Escalated => what = self.marked(CaseStatus::Escalated(mark.clone()), "escalated"),
            CardAction::ShowSteps => self.expanded = true,
            CardAction::HideSteps => self.expanded = false,
            CardAction::Section { .. }
            | CardAction::Open
            | CardAction::Escalate
            | CardAction::Share
            | CardAction::Export
            | CardAction::Run { .. }
            | CardAction::Form { .. }
            | CardAction::Cancel
            | CardAction::Approve
            | CardAction::Decline
            | CardAction::Retry
            | CardAction::Follow { .. }
            | CardAction::JudgeRight
            | CardAction::JudgeWrong
            | CardAction::JudgeSilent
            | CardAction::Acknowledge { .. }
            | CardAction::Unknown => {}
        }
        if let Some(what) = what {
            self.remember(mark, what, detail);
        }
        before != *self
    }

    /// Goes back to the latest place of the trail, and to the step that was shown there.
    fn back(&mut self) {
        if let Some(place) = self.trail.pop() {
            self.place = Some(place);
            let at = self.trail_at.pop().unwrap_or(0);
            self.turn(at, None);
        }
    }

    /// Moves to a topic. Returns what the case remembers of it.
    fn go(&mut self, to: TopicRef) -> Option<&'static str> {
        let moves = self.place.as_ref() != Some(&to);
        if moves {
            self.leave();
            self.place = Some(to);
            self.turn(0, None);
        }
        // Another error of a message, such as the one that an edit put there, is not fixed with the first.
        let is_other = self.status.is_over()
            && self
                .others
                .iter()
                .any(|other| Some(&other.place) == self.place.as_ref());
        if is_other || matches!(self.status, CaseStatus::Choosing(_) | CaseStatus::NotHelped(_)) {
            self.set_status(CaseStatus::Open);
        }
        moves.then_some("went")
    }

    /// Records the answer to the question of the current place. Returns what the case remembers of it.
    fn choose(&mut self, key: &str, mark: &Actor) -> Option<&'static str> {
        let place = self.place.as_ref().map(TopicRef::name)?;
        if self.chosen.get(&place).is_some_and(|chosen| chosen.key == key) {
            return None;
        }
        let (key, by) = (key.to_owned(), mark.clone());
        self.chosen.insert(place, ChosenAlternative { key, by });
        self.turn(0, None);
        Some("chose")
    }

    /// Sets the status. Returns the word for the history when it is new.
    fn marked(&mut self, status: CaseStatus, word: &'static str) -> Option<&'static str> {
        self.set_status(status).then_some(word)
    }

    /// Leaves the current place and adds it to the trail.
    pub(super) fn leave(&mut self) {
        if self.trail.len() >= TRAIL {
            self.trail.remove(0);
            self.trail_at.drain(..1.min(self.trail_at.len()));
        }
        if let Some(place) = self.place.take() {
            self.trail.push(place);
            // Cases from earlier versions may lack entries: one per place.
            self.trail_at.resize(self.trail.len() - 1, 0);
            self.trail_at.push(self.at);
        }
    }
}
