//! Codes and alert names of a library, each with the topics that explain or mention it.

use std::sync::Arc;

use super::part::{Named, Part};
use super::postings::Postings;
use super::words::Words;
use crate::runbook::TopicId;

/// Topics by name.
#[derive(Debug)]
pub(super) struct Names {
    /// All names that were ever taken; those without a topic are no names of the library.
    names: Arc<Words>,
    topics: Postings<TopicWeight>,
}

/// A topic, and 1 where the document is about the name, less where it only mentions it.
pub(super) type TopicWeight = (TopicId, f32);

impl Names {
    pub(super) fn new(names: &Arc<Words>, parts: &[Arc<Part>], of: impl Fn(&Part) -> &[Named]) -> Names {
        let mut runbooks = vec![0_u32; names.len()];
        for part in parts {
            let mut ids: Vec<u32> = of(part).iter().map(|named| named.id).collect();
            ids.sort_unstable();
            ids.dedup();
            for id in ids {
                if let Some(count) = runbooks.get_mut(id as usize) {
                    *count += 1;
                }
            }
        }
        // A name that many runbooks mention is left to those that are about it.
        let factor = |id: u32| match runbooks.get(id as usize).copied().unwrap_or(0) {
            0..=3 => 1.0,
            4..=5 => 0.6,
            _ => 0.3,
        };
        let topics = Postings::new(names.len(), |take| {
            for (runbook, part) in parts.iter().enumerate() {
                for named in of(part) {
                    let section = named.section as usize;
                    let factor = if named.strength < 1.0 { factor(named.id) } else { 1.0 };
                    take(named.id, (TopicId { runbook, section }, named.strength * factor));
                }
            }
        });
        Names {
            names: Arc::clone(names),
            topics,
        }
    }

    /// The topics of a name; none for one that the library does not know.
    pub(super) fn get(&self, name: &str) -> &[TopicWeight] {
        self.names.id(name).map_or(&[], |id| self.topics.of(id))
    }

    /// The topics of the only name that begins so; none where several do.
    pub(super) fn begun(&self, beginning: &str) -> &[TopicWeight] {
        let mut names = (0..self.names.len() as u32).filter(|id| self.names.get(*id).starts_with(beginning));
        let mut topics = names
            .by_ref()
            .map(|id| self.topics.of(id))
            .filter(|topics| !topics.is_empty());
        match (topics.next(), topics.next()) {
            (Some(only), None) => only,
            _ => &[],
        }
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// The name of a number.
    pub(super) fn name(&self, id: u32) -> &str {
        self.names.get(id)
    }

    /// Every name.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let ids = 0..self.names.len() as u32;
        ids.filter(|id| !self.topics.of(*id).is_empty())
            .map(|id| self.names.get(id))
    }
}
