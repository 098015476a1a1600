//! The steps of purging old data.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::{DURABLE, Postgres, Tx, inbox};
use crate::store::purge::{AgedTable, CHUNK, PurgeSteps};
use crate::store::{Error, SetAsideReason, rows};

/// PostgreSQL's function for the place of a text in another one.
const POSITION: &str = "strpos";

#[async_trait]
impl PurgeSteps for Postgres {
    async fn gives_up(&self, before: i64, now: Timestamp) -> Result<bool, Error> {
        let waits = sqlx::query_scalar(
            "SELECT EXISTS (
                 SELECT 1 FROM inbox WHERE payload IS NOT NULL AND received_at < $1 AND state = 'waiting')",
        )
        .bind(before)
        .fetch_one(&self.readers)
        .await?;
        Ok(self.overdue.is_over(waits, now))
    }

    async fn erase_some(&self, now: Timestamp, day: i64, gives_up: bool) -> Result<(u64, u64), Error> {
        let _behind = self.behind().await;
        transaction!(self, DURABLE, transaction => {
            let unhandled = if gives_up {
                give_up(&mut transaction, now, day).await?
            } else {
                0
            };
            let erased = sqlx::query(
                "UPDATE inbox SET payload = NULL WHERE seq IN (
                     SELECT seq FROM inbox WHERE payload IS NOT NULL AND received_at < $1 AND state <> 'waiting'
                     LIMIT $2 FOR UPDATE)",
            )
            .bind(day)
            .bind(i64::from(CHUNK))
            .execute(&mut *transaction)
            .await?;
            (unhandled, erased.rows_affected())
        })
    }

    async fn forget_some(&self, table: &AgedTable, from: i64, old: i64) -> Result<Option<(i64, u64)>, Error> {
        let _behind = self.behind().await;
        transaction!(self, DURABLE, transaction => {
            match end_of_chunk(&mut transaction, table, from, old).await? {
                Some(to) => Some((to, delete(&mut transaction, table, from, to).await?)),
                None => None,
            }
        })
    }
}

/// Sets rows aside that waited for a day. Channels where the bot was asked are told; whether the other messages were
/// errors is not known.
async fn give_up(transaction: &mut Tx, now: Timestamp, day: i64) -> Result<u64, sqlx::Error> {
    let rows = sqlx::query(
        "UPDATE inbox SET state = 'set_aside', running = false, owner = NULL, reason = $1, handled_at = $2 WHERE seq IN (
             SELECT seq FROM inbox WHERE payload IS NOT NULL AND received_at < $3 AND state = 'waiting' LIMIT $4 FOR UPDATE)
         RETURNING key, lane, mentioned, received_at",
    )
    .bind(SetAsideReason::TooOld.as_str())
    .bind(now.as_millisecond())
    .bind(day)
    .bind(i64::from(CHUNK))
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
    transaction: &mut Tx,
    table: &AgedTable,
    from: i64,
    old: i64,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(AssertSqlSafe(table.end_of_chunk()))
        .bind(from)
        .bind(old)
        .bind(i64::from(CHUNK))
        .fetch_one(&mut **transaction)
        .await
}

async fn delete(transaction: &mut Tx, table: &AgedTable, from: i64, to: i64) -> Result<u64, sqlx::Error> {
    let mut deleted = 0;
    // Locked first, so that a case that somebody changes meanwhile keeps both its people and itself.
    sqlx::query(AssertSqlSafe(table.lock()))
        .bind(from)
        .bind(to)
        .execute(&mut **transaction)
        .await?;
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
