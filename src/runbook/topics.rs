//! What an answer shows, gathered from a section and the ones nested in it.

use super::liquid::TeamUse;
use super::{Dialect, FrontMatter, Section, Topic, places, steps, symptoms};

/// The topics of a document, in order; the first is the whole document.
pub(super) fn gather(sections: &[Section], front: &FrontMatter, dialect: Dialect, teams: &[TeamUse]) -> Vec<Topic> {
    let _ = (front, dialect, teams);
    (0..sections.len())
        .filter(|at| *at == 0 || sections[*at].role == super::Role::Other)
        .map(|at| Topic {
            section: at,
            title: sections[at].heading.clone(),
            symptoms: symptoms::gather(sections, &[at]),
            causes: Vec::new(),
            steps: steps::gather(sections, &[at]),
            branches: Vec::new(),
            contacts: Vec::new(),
            places: places::gather(sections, &[at]),
        })
        .collect()
}
