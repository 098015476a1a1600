//! The last success of each dependency, for `/ready`: how old it is tells more than whether a check failed.

use std::time::Instant;

use parking_lot::Mutex;
use serde_json::{Value, json};

/// A service or part that the bot works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dependency {
    /// An answer of Slack's Web API.
    Slack,
    /// A write to the store.
    Store,
    /// A look at the runbook folder.
    Runbooks,
    /// An answer of a Jenkins.
    Jenkins,
    /// An answer of a service that knows who is on call.
    OnCall,
}

impl Dependency {
    /// All dependencies, with their names in `/ready`.
    const ALL: [(Self, &'static str); 5] = [
        (Self::Slack, "slack"),
        (Self::Store, "store"),
        (Self::Runbooks, "runbooks"),
        (Self::Jenkins, "jenkins"),
        (Self::OnCall, "on_call"),
    ];
}

/// Times of the last successes.
#[derive(Debug, Default)]
pub(super) struct LastSuccesses(Mutex<[Option<Instant>; Dependency::ALL.len()]>);

impl LastSuccesses {
    /// Records a success; an earlier one than the last changes nothing.
    pub(super) fn record(&self, dependency: Dependency, at: Instant) {
        if let Some(last) = self.0.lock().get_mut(dependency as usize) {
            *last = Some(last.map_or(at, |last| last.max(at)));
        }
    }

    /// Adds `last_success_seconds` to the JSON body of `/ready`: the whole seconds since the last success of each
    /// dependency, `null` when there was none.
    pub(super) fn tell(&self, details: &mut Value) {
        let last = *self.0.lock();
        for ((_, name), last) in Dependency::ALL.into_iter().zip(last) {
            let Some(details) = details.as_object_mut() else { return };
            let part = details.entry(name).or_insert_with(|| json!({}));
            if let Some(part) = part.as_object_mut() {
                part.insert(
                    "last_success_seconds".to_owned(),
                    json!(last.map(|at| at.elapsed().as_secs())),
                );
            }
        }
    }
}
