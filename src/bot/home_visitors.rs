//! Visitors of the Home tab, and changes to what it shows.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Time after opening the tab within which a user's tab is kept up to date.
const WATCHES: Duration = Duration::from_hours(24);
/// Maximum number of users whose tabs are updated after a change for all; the others see it when they open the tab
/// again.
const MOST: usize = 200;

/// Users who opened the tab lately, and those whose tab is out of date. Other parts of the bot announce changes here.
#[derive(Debug, Default)]
pub(super) struct HomeVisitors {
    opened: Mutex<HashMap<String, Instant>>,
    stale: Mutex<BTreeSet<String>>,
    wake: Notify,
}

impl HomeVisitors {
    /// Records that a user opened or refreshed the tab, and marks it as out of date.
    pub(super) fn opened(&self, user: &str) {
        let mut opened = self.opened.lock();
        opened.retain(|_, at| at.elapsed() < WATCHES);
        if opened.len() < 10 * MOST {
            opened.insert(user.to_owned(), Instant::now());
        }
        drop(opened);
        self.mark(user);
    }

    /// Marks a user's tab as out of date after a change to one of their cases or runs, if they opened it lately.
    pub(super) fn changed_for(&self, user: &str) {
        let opened = self.opened.lock();
        let watches = opened.get(user).is_some_and(|at| at.elapsed() < WATCHES);
        drop(opened);
        if watches {
            self.mark(user);
        }
    }

    /// Marks the tabs of recent visitors as out of date after the runbooks changed.
    pub(super) fn changed(&self) {
        let opened = self.opened.lock();
        let mut latest: Vec<(Instant, String)> = opened.iter().map(|(user, at)| (*at, user.clone())).collect();
        drop(opened);
        latest.sort();
        for (_, user) in latest.into_iter().rev().take(MOST) {
            self.mark(&user);
        }
    }

    /// Marks a user's tab as out of date.
    pub(super) fn mark(&self, user: &str) {
        let mut stale = self.stale.lock();
        stale.insert(user.to_owned());
        drop(stale);
        self.wake.notify_one();
    }

    /// Waits until a tab is out of date.
    pub(super) async fn outdated(&self) {
        self.wake.notified().await;
    }

    /// Takes the users whose tabs are out of date.
    pub(super) fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.stale.lock())
    }
}
