//! Shifts that a service lists, as an answer: who is on call at a time, until when, and who follows.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::schedule::{OnCall, OnCallPerson, Shift};

/// Most people on call at a time.
const PEOPLE: usize = 20;

/// A shift of a person.
#[derive(Debug, Clone)]
pub(super) struct ListedShift {
    /// Tells people apart: two may have the same name.
    pub(super) key: String,
    pub(super) person: OnCallPerson,
    /// `None`: since ever.
    pub(super) start: Option<Timestamp>,
    /// `None`: for ever.
    pub(super) end: Option<Timestamp>,
}

impl ListedShift {
    pub(super) fn covers(&self, at: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= at) && self.end.is_none_or(|end| at < end)
    }
}

/// The people on call at a time, and those of the first shifts after one of theirs ends, or after now when nobody is.
pub(super) fn on_call_among(shifts: Vec<ListedShift>, at: Timestamp) -> OnCall {
    let shifts = joined(shifts, at);
    let (now, later): (Vec<&ListedShift>, Vec<&ListedShift>) = shifts.iter().partition(|shift| shift.covers(at));
    let end = now.iter().filter_map(|shift| shift.end).min();
    let from = if now.is_empty() { Some(at) } else { end };
    let follows = |shift: &&&ListedShift| from.is_some_and(|from| shift.start.is_some_and(|start| from <= start));
    let first = later.iter().filter(follows).filter_map(|shift| shift.start).min();
    let next = later.iter().filter(|shift| first.is_some() && shift.start == first);
    OnCall {
        next: next.take(PEOPLE).map(|shift| shift.person.clone()).collect(),
        now: now
            .iter()
            .take(PEOPLE)
            .map(|shift| Shift {
                person: shift.person.clone(),
                until: shift.end,
            })
            .collect(),
    }
}

/// The shifts that end after a time, in the order of their starts. Those of a person that overlap or follow without a gap
/// are one: nobody takes over from themselves.
pub(super) fn joined(mut shifts: Vec<ListedShift>, at: Timestamp) -> Vec<ListedShift> {
    shifts.retain(|shift| shift.end.is_none_or(|end| at < end));
    shifts.sort_by_key(|shift| shift.start);
    let mut latest: HashMap<String, usize> = HashMap::new();
    let mut found: Vec<ListedShift> = Vec::new();
    for shift in shifts {
        let before = latest.get(&shift.key).and_then(|index| found.get_mut(*index));
        match before {
            Some(before)
                if before
                    .end
                    .is_none_or(|end| shift.start.is_none_or(|start| start <= end)) =>
            {
                before.end = match (before.end, shift.end) {
                    (Some(one), Some(other)) => Some(one.max(other)),
                    _ => None,
                };
            }
            _ => {
                latest.insert(shift.key.clone(), found.len());
                found.push(shift);
            }
        }
    }
    found
}
