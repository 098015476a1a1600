//! The health of each source, for `/ready`, `status` and metrics.

use std::collections::BTreeMap;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

use crate::fetched::{FetchedVersion, HeldVersion};
use crate::respond::SourceFacts;
use crate::runbook::{LibrarySource, SourceKind};

/// The health of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SourceHealth {
    /// Number of documents that are in use.
    pub documents: usize,
    /// Number of files that were not read.
    pub skipped: usize,
    /// Kind of the source; `None` for a folder.
    pub kind: Option<SourceKind>,
    /// The version in use: a commit, or a digest of the pages; `None` for a folder, or before the first fetch.
    pub version: Option<String>,
    /// Time of that commit, or of the latest change.
    pub changed_at: Option<Timestamp>,
    /// Time of the last successful fetch since the start.
    pub fetched_at: Option<Timestamp>,
    /// The reason why the last fetch failed.
    pub problem: Option<String>,
    /// A version that is held back, because it removes too many documents.
    pub held: Option<HeldVersion>,
}

/// The health of all sources, by id; empty where there is only one folder.
#[derive(Debug, Default)]
pub(in crate::bot) struct SourceBoard(Mutex<BTreeMap<String, SourceHealth>>);

impl SourceBoard {
    /// Returns all sources.
    pub(in crate::bot) fn all(&self) -> BTreeMap<String, SourceHealth> {
        self.0.lock().clone()
    }

    /// Returns all sources, for people.
    pub(in crate::bot) fn facts(&self) -> Vec<SourceFacts> {
        let short = |version: &str| version.get(..7).unwrap_or(version).to_owned();
        let sources = self.all().into_iter();
        sources
            .map(|(id, health)| SourceFacts {
                id,
                documents: health.documents,
                kind: health.kind.unwrap_or_default(),
                version: health.version.as_deref().map(short).zip(health.changed_at),
                fetched_at: health.fetched_at,
                problem: health.problem,
                held: health.held.map(|held| (short(&held.version), held.removed)),
            })
            .collect()
    }

    /// Records what was read.
    pub(in crate::bot) fn read(&self, sources: &[LibrarySource]) {
        for source in sources {
            self.change(&source.id, |health| {
                health.documents = source.documents;
                health.skipped = source.skipped;
                if let Some(version) = &source.version {
                    health.kind = Some(version.kind);
                    health.version = Some(version.id.clone());
                    health.changed_at = Some(version.at);
                }
            });
            let documents = source.documents as f64;
            metrics::gauge!("signpost_source_documents", "source" => source.id.clone()).set(documents);
            if let Some(version) = &source.version {
                let seconds = version.at.as_second() as f64;
                metrics::gauge!("signpost_source_changed_timestamp_seconds", "source" => source.id.clone())
                    .set(seconds);
            }
        }
    }

    /// Records a successful fetch.
    pub(in crate::bot) fn fetched(&self, id: &str, kind: SourceKind, fetched: &FetchedVersion, now: Timestamp) {
        self.change(id, |health| {
            health.kind = Some(kind);
            health.version = Some(fetched.version.clone());
            health.changed_at = Some(fetched.at);
            health.fetched_at = Some(now);
            health.problem = None;
            health.held = None;
        });
        tell_fetched(id, now);
    }

    /// Records a fetch whose version is held back.
    pub(in crate::bot) fn held(&self, id: &str, held: &HeldVersion, now: Timestamp) {
        self.change(id, |health| {
            health.fetched_at = Some(now);
            health.problem = None;
            health.held = Some(held.clone());
        });
        tell_fetched(id, now);
    }

    /// Records a fetch that failed.
    pub(in crate::bot) fn failed(&self, id: &str, why: &str) {
        self.change(id, |health| health.problem = Some(why.to_owned()));
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut SourceHealth)) {
        change(self.0.lock().entry(id.to_owned()).or_default());
    }
}

fn tell_fetched(id: &str, now: Timestamp) {
    let seconds = now.as_second() as f64;
    metrics::gauge!("signpost_source_fetched_timestamp_seconds", "source" => id.to_owned()).set(seconds);
}
