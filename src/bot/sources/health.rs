//! The health of each source, for `/ready`, `status` and metrics.

use std::collections::BTreeMap;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

use crate::git::{Checkout, HeldCheckout};
use crate::respond::SourceFacts;
use crate::runbook::LibrarySource;

/// The health of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SourceHealth {
    /// Number of documents that are in use.
    pub documents: usize,
    /// Number of files that were not read.
    pub skipped: usize,
    /// The commit in use; `None` for a folder, or before the first fetch.
    pub commit: Option<String>,
    /// Time of that commit.
    pub committed_at: Option<Timestamp>,
    /// Time of the last successful fetch since the start.
    pub fetched_at: Option<Timestamp>,
    /// The reason why the last fetch failed.
    pub problem: Option<String>,
    /// A commit that is held back, because it removes too many documents.
    pub held: Option<HeldCheckout>,
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
        let short = |commit: &str| commit.get(..7).unwrap_or(commit).to_owned();
        let sources = self.all().into_iter();
        sources
            .map(|(id, health)| SourceFacts {
                id,
                documents: health.documents,
                version: health.commit.as_deref().map(short).zip(health.committed_at),
                fetched_at: health.fetched_at,
                problem: health.problem,
                held: health.held.map(|held| (short(&held.commit), held.removed)),
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
                    health.commit = Some(version.commit.clone());
                    health.committed_at = Some(version.at);
                }
            });
            let documents = source.documents as f64;
            metrics::gauge!("signpost_source_documents", "source" => source.id.clone()).set(documents);
            if let Some(version) = &source.version {
                let seconds = version.at.as_second() as f64;
                metrics::gauge!("signpost_source_commit_timestamp_seconds", "source" => source.id.clone()).set(seconds);
            }
        }
    }

    /// Records a successful fetch.
    pub(in crate::bot) fn fetched(&self, id: &str, checkout: &Checkout, now: Timestamp) {
        self.change(id, |health| {
            health.commit = Some(checkout.commit.clone());
            health.committed_at = Some(checkout.at);
            health.fetched_at = Some(now);
            health.problem = None;
            health.held = None;
        });
        tell_fetched(id, now);
    }

    /// Records a fetch whose commit is held back.
    pub(in crate::bot) fn held(&self, id: &str, held: &HeldCheckout, now: Timestamp) {
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
