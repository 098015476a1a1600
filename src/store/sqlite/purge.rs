//! The steps of purging old data.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Sqlite as Engine, Transaction};

use super::{Sqlite, inbox};
use crate::store::purge::{AgedTable, CHUNK, PurgeSteps};
use crate::store::{Error, SetAsideReason, rows};

/// SQLite's function for the place of a text in another one.
const POSITION: &str = "instr";

#[async_trait]
impl PurgeSteps for Sqlite {
    async fn gives_up(&self, before: i64, now: Timestamp) -> Result<bool, Error> {
        let waits = sqlx::query_scalar(
            "SELECT EXISTS (
                 SELECT 1 FROM inbox WHERE payload IS NOT NULL AND received_at < ? AND state = 'waiting')",
        )
        .bind(before)
        .fetch_one(&self.readers())
        .await?;
        Ok(self.overdue.is_over(waits, now))
    }

    async fn erase_some(&self, now: Timestamp, day: i64, gives_up: bool) -> Result<(u64, u64), Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        let unhandled = if gives_up {
            give_up(&mut transaction, now, day).await?
        } else {
            0
        };
        let erased = sqlx::query(
            "UPDATE inbox SET payload = NULL WHERE seq IN (
                 SELECT seq FROM inbox WHERE payload IS NOT NULL AND received_at < ? AND state <> 'waiting' LIMIT ?)",
        )
        .bind(day)
        .bind(CHUNK)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        self.end_transaction(transaction).await?;
        Ok((unhandled, erased))
    }

    async fn forget_some(&self, table: &AgedTable, from: i64, old: i64) -> Result<Option<(i64, u64)>, Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        let Some(to) = end_of_chunk(&mut transaction, table, from, old).await? else {
            return Ok(None);
        };
        let deleted = delete(&mut transaction, table, from, to).await?;
        self.end_transaction(transaction).await?;
        Ok(Some((to, deleted)))
    }
}

/// Sets rows aside that waited for a day. Channels where the bot was asked are told; whether the other messages were
/// errors is not known.
async fn give_up(transaction: &mut Transaction<'static, Engine>, now: Timestamp, day: i64) -> Result<u64, sqlx::Error> {
    let rows = sqlx::query(
        "UPDATE inbox SET state = 'set_aside', running = 0, reason = ?, handled_at = ? WHERE seq IN (
             SELECT seq FROM inbox WHERE payload IS NOT NULL AND received_at < ? AND state = 'waiting' LIMIT ?)
         RETURNING key, lane, mentioned, received_at",
    )
    .bind(SetAsideReason::TooOld.as_str())
    .bind(now.as_millisecond())
    .bind(day)
    .bind(CHUNK)
    .fetch_all(&mut **transaction)
    .await?;
    for row in &rows {
        if let Some(missed) = rows::asked(row)? {
            inbox::miss(transaction, &missed).await?;
        }
    }
    Ok(rows.len() as u64)
}

/// The latest time in the age column of the next [`CHUNK`] rows from `from` on; `None` when none is older than `old`.
async fn end_of_chunk(
    transaction: &mut Transaction<'static, Engine>,
    table: &AgedTable,
    from: i64,
    old: i64,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(AssertSqlSafe(table.end_of_chunk()))
        .bind(from)
        .bind(old)
        .bind(CHUNK)
        .fetch_one(&mut **transaction)
        .await
}

async fn delete(
    transaction: &mut Transaction<'static, Engine>,
    table: &AgedTable,
    from: i64,
    to: i64,
) -> Result<u64, sqlx::Error> {
    let mut deleted = 0;
    for statement in table.deletions(POSITION) {
        deleted += sqlx::query(AssertSqlSafe(statement))
            .bind(from)
            .bind(to)
            .execute(&mut **transaction)
            .await?
            .rows_affected();
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;
    use crate::store::purge::{AUDIT, TABLES};

    #[tokio::test]
    async fn no_table_is_read_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("signpost.db")).await.unwrap();
        for table in TABLES.iter().chain([&AUDIT]) {
            for statement in table.deletions(POSITION).into_iter().chain([table.end_of_chunk()]) {
                let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
                    .fetch_all(&store.readers())
                    .await
                    .unwrap();
                for step in plan {
                    let step: String = step.get("detail");
                    let derived = step.starts_with("SCAN (subquery");
                    assert!(derived || !step.contains("SCAN"), "{step} in {statement}");
                }
            }
        }
    }
}
