//! Shadow answers in SQLite.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite as Engine, Transaction};

use super::Sqlite;
use crate::store::shadow::{ShadowAnswers, ShadowLookup, ShadowQuery, ShadowRow, ShadowVisitor};
use crate::store::{Error, rows};

const BETWEEN: &str = "SELECT * FROM shadow_answers WHERE message BETWEEN ? AND ? ORDER BY message";
const BY_THREAD: &str = "
    SELECT * FROM shadow_answers WHERE channel = ? AND thread_ts = ? AND kind = 'answer' ORDER BY at DESC, message";
const BY_FINGERPRINT: &str = "
    SELECT * FROM shadow_answers WHERE channel = ? AND fingerprint = ? AND at >= ? AND kind = 'answer'
    ORDER BY at DESC, message";
const BY_GROUP: &str = "
    SELECT * FROM shadow_answers WHERE channel = ? AND fingerprint >= ? AND fingerprint < ? AND at >= ?
    AND kind = 'answer' ORDER BY fingerprint, at DESC";
const SINCE: &str = "
    SELECT message, channel, thread_ts, author, fingerprint, kind, runbook, section, nth, confidence, evidence, link,
           CASE WHEN ?3 THEN texts ELSE '[]' END AS texts, post, verdict, verdict_by, verdict_name, verdict_at, version,
           '' AS body, at
    FROM shadow_answers WHERE at >= ?1 AND (?2 IS NULL OR channel = ?2) ORDER BY at, message";

#[async_trait]
impl ShadowAnswers for Sqlite {
    async fn shadow_answer(&self, message: &str) -> Result<Option<ShadowRow>, Error> {
        self.told(self.readers().shadow_answer(message).await)
    }

    async fn shadow_answers_between(&self, first: &str, last: &str) -> Result<Vec<ShadowRow>, Error> {
        self.told(self.readers().shadow_answers_between(first, last).await)
    }

    async fn visit_shadow_answers(
        &self,
        channel: &str,
        lookup: ShadowLookup<'_>,
        visit: &mut ShadowVisitor<'_>,
    ) -> Result<(), Error> {
        self.told(self.readers().visit_shadow_answers(channel, lookup, visit).await)
    }

    async fn list_shadow_answers(&self, query: &ShadowQuery, visit: &mut ShadowVisitor<'_>) -> Result<(), Error> {
        self.told(self.readers().list_shadow_answers(query, visit).await)
    }
}

/// Queries that need only a pool of readers.
#[async_trait]
impl ShadowAnswers for SqlitePool {
    async fn shadow_answer(&self, message: &str) -> Result<Option<ShadowRow>, Error> {
        let row = sqlx::query("SELECT * FROM shadow_answers WHERE message = ?")
            .bind(message)
            .fetch_optional(self)
            .await?;
        Ok(row.as_ref().map(rows::shadow_answer).transpose()?)
    }

    async fn shadow_answers_between(&self, first: &str, last: &str) -> Result<Vec<ShadowRow>, Error> {
        let rows = sqlx::query(BETWEEN).bind(first).bind(last).fetch_all(self).await?;
        Ok(rows.iter().map(rows::shadow_answer).collect::<Result<_, _>>()?)
    }

    async fn visit_shadow_answers(
        &self,
        channel: &str,
        lookup: ShadowLookup<'_>,
        visit: &mut ShadowVisitor<'_>,
    ) -> Result<(), Error> {
        let query = match lookup {
            ShadowLookup::Thread(thread_ts) => sqlx::query(BY_THREAD).bind(channel).bind(thread_ts),
            ShadowLookup::Fingerprint { fingerprint, since } => sqlx::query(BY_FINGERPRINT)
                .bind(channel)
                .bind(fingerprint)
                .bind(since.as_millisecond()),
            ShadowLookup::Group { prefix, since } => sqlx::query(BY_GROUP)
                .bind(channel)
                .bind(prefix)
                .bind(format!("{prefix}{}", char::MAX))
                .bind(since.as_millisecond()),
        };
        let mut rows = query.fetch(self);
        while let Some(row) = rows.try_next().await? {
            if visit(rows::shadow_answer(&row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    async fn list_shadow_answers(&self, query: &ShadowQuery, visit: &mut ShadowVisitor<'_>) -> Result<(), Error> {
        let since = query.since.map_or(i64::MIN, Timestamp::as_millisecond);
        let mut rows = sqlx::query(SINCE)
            .bind(since)
            .bind(&query.channel)
            .bind(query.texts)
            .fetch(self);
        while let Some(row) = rows.try_next().await? {
            if visit(rows::shadow_answer(&row)?).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Writes a shadow answer. `false` when somebody else changed it since it was read.
pub(super) async fn write(
    transaction: &mut Transaction<'static, Engine>,
    row: &ShadowRow,
) -> Result<bool, sqlx::Error> {
    let query = if row.version == 0 {
        sqlx::query(
            "INSERT INTO shadow_answers (channel, thread_ts, author, fingerprint, kind, runbook, section, nth, confidence,
             evidence, link, texts, post, verdict, verdict_by, verdict_name, verdict_at, body, at, version, message)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING",
        )
    } else {
        sqlx::query(
            "UPDATE shadow_answers SET channel = ?, thread_ts = ?, author = ?, fingerprint = ?, kind = ?, runbook = ?,
             section = ?, nth = ?, confidence = ?, evidence = ?, link = ?, texts = ?, post = ?, verdict = ?, verdict_by = ?,
             verdict_name = ?, verdict_at = ?, body = ?, at = ?, version = version + 1 WHERE message = ? AND version = ?",
        )
    };
    let judged = row.judged.as_ref();
    let texts = serde_json::to_string(&row.texts).map_err(|cause| sqlx::Error::Encode(Box::new(cause)))?;
    let written = query
        .bind(&row.channel)
        .bind(&row.thread_ts)
        .bind(&row.author)
        .bind(&row.fingerprint)
        .bind(row.kind.as_str())
        .bind(&row.runbook)
        .bind(&row.section)
        .bind(i64::try_from(row.nth).unwrap_or(i64::MAX))
        .bind(row.confidence)
        .bind(&row.evidence)
        .bind(&row.link)
        .bind(texts)
        .bind(&row.post)
        .bind(judged.map(|judged| judged.verdict.as_str()))
        .bind(judged.map(|judged| judged.by.as_str()))
        .bind(judged.map(|judged| judged.name.as_str()))
        .bind(judged.map(|judged| judged.at.as_millisecond()))
        .bind(&row.body)
        .bind(row.at.as_millisecond())
        .bind(&row.message);
    let written = if row.version == 0 {
        written
    } else {
        written.bind(row.version)
    };
    Ok(written.execute(&mut **transaction).await?.rows_affected() > 0)
}

/// Deletes the shadow answer to a message.
pub(super) async fn delete(transaction: &mut Transaction<'static, Engine>, message: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM shadow_answers WHERE message = ?")
        .bind(message)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    #[tokio::test]
    async fn every_lookup_of_shadow_answers_uses_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("signpost.db")).await.unwrap();
        for (statement, parameters) in [
            (BETWEEN, 2),
            (BY_THREAD, 2),
            (BY_FINGERPRINT, 3),
            (BY_GROUP, 4),
            (SINCE, 3),
        ] {
            let explain = format!("EXPLAIN QUERY PLAN {statement}");
            let mut query = sqlx::query(sqlx::AssertSqlSafe(explain));
            for _ in 0..parameters {
                query = query.bind("1");
            }
            for step in query.fetch_all(&store.readers()).await.unwrap() {
                let step: String = step.try_get("detail").unwrap();
                assert!(!step.starts_with("SCAN"), "{statement}: {step}");
            }
        }
    }
}
