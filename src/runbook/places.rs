//! Dashboards, Jenkins jobs and other places to look at.

use super::{Place, Section};

/// Places that a topic's sections link to.
pub(super) fn gather(sections: &[Section], own: &[usize]) -> Vec<Place> {
    let _ = (sections, own);
    Vec::new()
}
