//! Cases: the errors that people work on, each in a thread of its own.

mod actions;
mod case;
mod identity;
pub(in crate::bot) mod rows;

pub(in crate::bot) use case::{Actor, Case, CaseStatus, EvidenceLine, TopicRef};
pub(in crate::bot) use identity::of_match as identity_of;
