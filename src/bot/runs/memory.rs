//! Data about runs that is kept in memory only: secret values, definitions, and the wake-ups of their tasks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use crate::jobs::{JobDefinition, JobId};

/// Lifetime of a definition; the trigger asks again.
const HOLDS: Duration = Duration::from_mins(1);
/// Lifetime of secret values whose run is not in the store yet.
const RESERVED: Duration = Duration::from_mins(1);

/// Values by the names of their parameters.
type Values = BTreeMap<String, String>;

/// Data about runs that lasts as long as the bot's process.
#[derive(Debug)]
pub(crate) struct RunSecrets {
    /// Wakes the task that looks for runs to follow.
    pub(super) wake: Notify,
    nudges: Mutex<HashMap<String, Arc<Notify>>>,
    secrets: Mutex<HashMap<String, (Instant, Values)>>,
    definitions: Cache<JobId, JobDefinition>,
    session: String,
    updates: AtomicU64,
}

impl Default for RunSecrets {
    fn default() -> Self {
        Self {
            wake: Notify::new(),
            nudges: Mutex::default(),
            secrets: Mutex::default(),
            definitions: Cache::builder().time_to_live(HOLDS).build(),
            session: Uuid::new_v4().simple().to_string(),
            updates: AtomicU64::new(0),
        }
    }
}

impl RunSecrets {
    /// The notification that wakes the task of a run.
    pub(super) fn nudge(&self, run: &str) -> Arc<Notify> {
        Arc::clone(self.nudges.lock().entry(run.to_owned()).or_default())
    }

    /// Wakes the tasks of all runs.
    pub(super) fn nudge_all(&self) {
        for nudge in self.nudges.lock().values() {
            nudge.notify_one();
        }
    }

    /// The secret values of a run; `None` when the bot was restarted since.
    pub(super) fn secrets(&self, run: &str) -> Option<BTreeMap<String, String>> {
        self.secrets.lock().get(run).map(|(_, values)| values.clone())
    }

    /// Keeps secret values until [`Self::forget`]. Returns false, and keeps nothing, when those of `most` other runs
    /// are kept.
    pub(super) fn keep(&self, run: &str, values: &BTreeMap<String, String>, most: usize) -> bool {
        let mut secrets = self.secrets.lock();
        let is_room = values.is_empty() || secrets.len() < most || secrets.contains_key(run);
        if is_room && !values.is_empty() {
            secrets.insert(run.to_owned(), (Instant::now(), values.clone()));
        }
        is_room
    }

    /// Drops the values of runs that were never saved because their request failed.
    pub(super) fn keep_only(&self, live: &HashSet<String>) {
        self.secrets
            .lock()
            .retain(|run, (since, _)| live.contains(run) || since.elapsed() < RESERVED);
    }

    /// Drops the data of a run that has ended.
    pub(super) fn forget(&self, run: &str) {
        self.secrets.lock().remove(run);
        self.nudges.lock().remove(run);
    }

    /// A definition that was fetched lately.
    pub(super) fn definition(&self, job: &JobId) -> Option<JobDefinition> {
        self.definitions.get(job)
    }

    pub(super) fn define(&self, job: &JobId, definition: &JobDefinition) {
        self.definitions.insert(job.clone(), definition.clone());
    }

    /// A key that no update of a message ever had.
    pub(super) fn update_key(&self, run: &str) -> String {
        let count = self.updates.fetch_add(1, Ordering::Relaxed);
        format!("update:run:{run}:{}:{count}", self.session)
    }
}
