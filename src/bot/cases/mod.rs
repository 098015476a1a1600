//! Cases: the errors that people work on, each in a thread of its own.

mod actions;
mod card;
mod case;
mod escalation;
mod identity;
mod issue;
mod kept;
mod matches;
mod press;
pub(crate) mod rows;
mod status;
#[cfg(test)]
mod stored;

pub(crate) use case::{Actor, Case, EvidenceLine, HistoryEntry, TopicRef, is_conversation};
pub(crate) use escalation::{CaseEscalation, CasePage};
pub(crate) use identity::of_match as identity_of;
pub(crate) use issue::CaseIssue;
pub(crate) use matches::{NEAR_FLOOR, OtherError};
pub(crate) use status::{CaseRequest, CaseStatus};
