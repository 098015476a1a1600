//! The mark of a row whose turn it is, by which a crash is blamed on it.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::store::{self, Store, Waiting};

/// A row's turn. While it is begun, the row is marked as running in the store, and a row during which the process ended
/// before is begun alone. A row that waits for Slack is paused: it brings nothing down, and nobody waits for it.
pub(super) struct Running<'a> {
    store: &'a dyn Store,
    suspects: &'a RwLock<()>,
    row: &'a Waiting,
    held: Option<Held<'a>>,
}

/// Keeps others away while one row is begun alone.
#[derive(Default)]
struct Held<'a> {
    _alone: Option<RwLockWriteGuard<'a, ()>>,
    _beside_others: Option<RwLockReadGuard<'a, ()>>,
}

impl<'a> Running<'a> {
    pub(super) fn new(store: &'a dyn Store, suspects: &'a RwLock<()>, row: &'a Waiting) -> Self {
        Self {
            store,
            suspects,
            row,
            held: None,
        }
    }

    /// Begins the turn, or goes on with it after a pause. `false` when the row does not wait any more.
    pub(super) async fn begin(&mut self) -> Result<bool, store::Error> {
        let held = if self.row.attempts > 0 {
            Held {
                _alone: Some(self.suspects.write().await),
                ..Held::default()
            }
        } else {
            Held {
                _beside_others: Some(self.suspects.read().await),
                ..Held::default()
            }
        };
        self.held = Some(held);
        self.store.begin(self.row.seq).await
    }

    /// Lets others go on for now.
    pub(super) async fn pause(&mut self) -> Result<(), store::Error> {
        self.store.release(Some(self.row.seq)).await?;
        self.held = None;
        Ok(())
    }
}
