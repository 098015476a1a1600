//! Changes of a case by a person: applied to its latest version, and saved unless somebody else was faster.

use super::InteractionHandler;
use crate::bot::cases::{Case, rows};
use crate::slack::decode::InteractionContext;
use crate::store::{self, CaseRow, Changes, NewPost};

/// Tries of a change that conflicts with another person's change of the same case or run.
pub(super) const TRIES: usize = 50;

/// The decision on a case, once its latest version is known.
pub(super) enum CaseChange<T> {
    /// Saves the case together with other changes.
    Save(Box<(Case, Changes)>, T),
    /// Leaves the case as it is.
    Leave(T),
}

/// The outcome of a change of a case.
pub(super) enum Updated<T> {
    /// The change was decided, and saved if it was to be.
    Done(T),
    /// The store has no such case, or one that cannot be read.
    Gone,
    /// Concurrent changes kept the case from being saved.
    Busy,
}

impl<T> CaseChange<T> {
    /// Saves the case together with posts.
    pub(super) fn save(case: Case, posts: impl IntoIterator<Item = NewPost>, outcome: T) -> Self {
        let more = Changes {
            posts: posts.into_iter().collect(),
            ..Changes::default()
        };
        Self::Save(Box::new((case, more)), outcome)
    }
}

impl InteractionHandler {
    /// Changes a case on behalf of a person. `change` gets the latest version of the case, and its number; it is called
    /// again when somebody else changed the case meanwhile.
    pub(super) async fn update<T, F>(
        &self,
        id: &str,
        interaction: &InteractionContext,
        mut change: impl FnMut(Case, i64) -> F + Send,
    ) -> Result<Updated<T>, store::Error>
    where
        T: Send,
        F: Future<Output = Result<CaseChange<T>, store::Error>> + Send,
    {
        for _ in 0..TRIES {
            let row = self.ctx.store.case(id).await?;
            let Some((row, case)) = row.and_then(|row| rows::read(&row).map(|case| (row, case))) else {
                return Ok(Updated::Gone);
            };
            let (saved, outcome) = match change(case, row.version).await? {
                CaseChange::Save(saved, outcome) => (saved, outcome),
                CaseChange::Leave(outcome) => return Ok(Updated::Done(outcome)),
            };
            let (case, mut done) = *saved;
            let Some(new) = rows::row(&case, row.version, self.ctx.clock.now()) else {
                return Ok(Updated::Done(outcome));
            };
            let created_at = row.created_at;
            done.cases.push(CaseRow { created_at, ..new });
            if self.commit(&done, &interaction.who.id).await? {
                return Ok(Updated::Done(outcome));
            }
        }
        Ok(Updated::Busy)
    }

    /// Saves the outcome of a user's action and wakes the workers that it concerns. Returns false when something
    /// changed meanwhile.
    pub(super) async fn commit(&self, done: &Changes, user: &str) -> Result<bool, store::Error> {
        let saved = self.ctx.store.commit(done, Some(user), self.ctx.clock.now()).await?;
        if saved {
            self.ctx.home_visitors.changed_for(user);
            if !done.posts.is_empty() {
                self.ctx.outbox.notify_one();
            }
            if !done.pages.is_empty() || !done.timers.is_empty() {
                self.ctx.calls.notify_one();
                self.ctx.issues.notify_one();
            }
            if !done.runs.is_empty() {
                self.runner.wake();
            }
        }
        Ok(saved)
    }
}
