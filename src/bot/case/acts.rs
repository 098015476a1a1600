//! What a press on a card does to its case.

use super::{Case, Mark, Place, Standing, TRAIL};
use crate::respond::Act;

impl Case {
    /// Does what a button says. `detail`: the step or place, as people read it. `false` when nothing changed.
    pub(in crate::bot) fn act(&mut self, act: &Act, mark: &Mark, detail: &str) -> bool {
        let before = (self.standing, self.at, self.place.clone(), self.done.clone());
        let mut what = None;
        match act {
            Act::Page { at } => self.at = *at,
            Act::Done { step } => {
                if let Some(place) = self.place.as_ref().map(Place::name) {
                    let marks = self.done.entry(place).or_default();
                    if !marks.contains_key(step) {
                        marks.insert(step.clone(), mark.clone());
                        what = Some("done");
                    }
                }
            }
            Act::Undo { step } => {
                if let Some(place) = self.place.as_ref().map(Place::name)
                    && self
                        .done
                        .get_mut(&place)
                        .is_some_and(|marks| marks.remove(step).is_some())
                {
                    what = Some("undone");
                }
            }
            Act::Go { runbook, section, nth } => {
                let to = Place {
                    runbook: runbook.clone(),
                    section: section.clone(),
                    nth: *nth,
                };
                if self.place.as_ref() != Some(&to) {
                    self.leave();
                    self.place = Some(to);
                    self.at = 0;
                    what = Some("went");
                }
                if matches!(self.standing, Standing::Choosing | Standing::NotHelped) {
                    self.stand(Standing::Open, None);
                }
            }
            Act::Return => {
                if let Some(place) = self.trail.pop() {
                    self.place = Some(place);
                    self.at = self.trail_at.pop().unwrap_or(0);
                }
                if self.standing == Standing::Choosing && self.place.is_some() {
                    self.stand(Standing::Open, None);
                }
            }
            Act::Fixed => what = self.stand(Standing::Fixed, Some(mark)).then_some("fixed"),
            Act::NotHelped => what = self.stand(Standing::NotHelped, Some(mark)).then_some("not_helped"),
            Act::Wrong => {
                if self.standing != Standing::Choosing {
                    self.leave();
                    what = self.stand(Standing::Choosing, Some(mark)).then_some("wrong");
                }
            }
            Act::Reopen => what = self.stand(Standing::Open, None).then_some("reopened"),
            Act::Escalated => what = self.stand(Standing::Escalated, Some(mark)).then_some("escalated"),
            Act::Escalate
            | Act::Share
            | Act::Run { .. }
            | Act::Form { .. }
            | Act::Cancel
            | Act::Approve
            | Act::Decline
            | Act::Retry
            | Act::Follow { .. }
            | Act::Unknown => {}
        }
        if let Some(what) = what {
            self.remember(mark, what, detail);
        }
        before != (self.standing, self.at, self.place.clone(), self.done.clone())
    }

    /// Goes away from the place, to come back to it.
    pub(super) fn leave(&mut self) {
        if self.trail.len() >= TRAIL {
            self.trail.remove(0);
            self.trail_at.drain(..1.min(self.trail_at.len()));
        }
        if let Some(place) = self.place.take() {
            self.trail.push(place);
            // As many as there are places, also in cases of before.
            self.trail_at.resize(self.trail.len() - 1, 0);
            self.trail_at.push(self.at);
        }
    }
}
