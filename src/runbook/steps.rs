//! What to do, in order.

use super::{Section, Step};

/// Steps of a topic.
pub(super) fn gather(sections: &[Section], own: &[usize]) -> Vec<Step> {
    let _ = (sections, own);
    Vec::new()
}
