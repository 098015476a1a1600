//! Cases: the errors that people work on, each in a thread of its own.

mod actions;
mod card;
mod case;
mod identity;
mod matches;
pub(in crate::bot) mod rows;
mod status;

pub(in crate::bot) use case::{Actor, Case, EvidenceLine, TopicRef};
pub(in crate::bot) use identity::of_match as identity_of;
pub(in crate::bot) use status::{CaseRequest, CaseStatus};
