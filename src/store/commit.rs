//! The order in which changes are written, the same for both engines.

use async_trait::async_trait;

use super::{Answered, AuditEntry, CaseRow, Changes, NewMissed, RunRow, ShadowRow};

/// Writers for the parts of changes, in one transaction.
#[async_trait]
pub(super) trait ChangeWriter: Send {
    /// Writes a case. Returns false when it changed since it was read.
    async fn case(&mut self, case: &CaseRow) -> Result<bool, sqlx::Error>;
    /// Writes a run. Returns false when it changed since it was read.
    async fn run(&mut self, run: &RunRow) -> Result<bool, sqlx::Error>;
    /// Deletes the shadow answer of a message.
    async fn unshadow(&mut self, message: &str) -> Result<(), sqlx::Error>;
    /// Writes a shadow answer. Returns false when it changed since it was read.
    async fn shadow(&mut self, answer: &ShadowRow) -> Result<bool, sqlx::Error>;
    /// Adds an entry to the audit.
    async fn audit(&mut self, entry: &AuditEntry) -> Result<(), sqlx::Error>;
    /// Marks a message as answered.
    async fn answered(&mut self, answered: &Answered) -> Result<(), sqlx::Error>;
    /// Writes pages, issues, their outcomes, timers and watches.
    async fn escalations(&mut self, done: &Changes) -> Result<(), sqlx::Error>;
    /// Deletes a case with everything that belongs to it.
    async fn forget(&mut self, case: &str) -> Result<(), sqlx::Error>;
    /// Marks a message as not answered.
    async fn unanswer(&mut self, message: &str) -> Result<(), sqlx::Error>;
    /// Counts a message that was too old.
    async fn missed(&mut self, missed: &NewMissed) -> Result<(), sqlx::Error>;
    /// Adds the posts to the outbox.
    async fn posts(&mut self, done: &Changes) -> Result<(), sqlx::Error>;
}

/// Writes changes. Returns false when something changed since it was read; the transaction must then be rolled back.
///
/// First comes what may have changed, so that a conflict is found early. Deletions come after what they delete, and posts
/// last: an update finds the message that it belongs to.
pub(super) async fn commit(writer: &mut impl ChangeWriter, done: &Changes) -> Result<bool, sqlx::Error> {
    for case in &done.cases {
        if !writer.case(case).await? {
            return Ok(false);
        }
    }
    for run in &done.runs {
        if !writer.run(run).await? {
            return Ok(false);
        }
    }
    for message in &done.unshadow {
        writer.unshadow(message).await?;
    }
    for answer in &done.shadow {
        if !writer.shadow(answer).await? {
            return Ok(false);
        }
    }
    for entry in &done.audit {
        writer.audit(entry).await?;
    }
    for answered in &done.answered {
        writer.answered(answered).await?;
    }
    writer.escalations(done).await?;
    for case in &done.forget {
        writer.forget(case).await?;
    }
    for message in &done.unanswer {
        writer.unanswer(message).await?;
    }
    if let Some(missed) = &done.missed {
        writer.missed(missed).await?;
    }
    writer.posts(done).await?;
    Ok(true)
}
