//! Shadow answers in PostgreSQL.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::postgres::PgPool;

use super::{Postgres, Tx, clean, limited};
use crate::store::shadow::{ShadowAnswers, ShadowLookup, ShadowQuery, ShadowRow, ShadowVisitor};
use crate::store::{Error, rows};

/// The columns of a shadow answer. Named, as a newer version may add some: a prepared `SELECT *` would then fail.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT message, channel, thread_ts, author, fingerprint, kind, runbook, section, nth, confidence, evidence,
             link, texts, post, verdict, verdict_by, verdict_name, verdict_at, version, body, at FROM shadow_answers ",
            $rest
        )
    };
}

const ONE: &str = select!("WHERE message = $1");
const BETWEEN: &str = select!("WHERE message BETWEEN $1 AND $2 ORDER BY message");
const BY_THREAD: &str = select!("WHERE channel = $1 AND thread_ts = $2 AND kind = 'answer' ORDER BY at DESC, message");
const BY_FINGERPRINT: &str =
    select!("WHERE channel = $1 AND fingerprint = $2 AND at >= $3 AND kind = 'answer' ORDER BY at DESC, message");
const BY_GROUP: &str = select!(
    "WHERE channel = $1 AND fingerprint >= $2 AND fingerprint < $3 AND at >= $4 AND kind = 'answer'
     ORDER BY fingerprint, at DESC"
);
const SINCE: &str = "
    SELECT message, channel, thread_ts, author, fingerprint, kind, runbook, section, nth, confidence, evidence, link,
           CASE WHEN $3::BOOLEAN THEN texts ELSE '[]' END AS texts, post, verdict, verdict_by, verdict_name, verdict_at,
           version, '' AS body, at
    FROM shadow_answers WHERE at >= $1 AND ($2::TEXT IS NULL OR channel = $2) ORDER BY at, message";

#[async_trait]
impl ShadowAnswers for Postgres {
    async fn shadow_answer(&self, message: &str) -> Result<Option<ShadowRow>, Error> {
        limited(self.readers.shadow_answer(message)).await
    }

    async fn shadow_answers_between(&self, first: &str, last: &str) -> Result<Vec<ShadowRow>, Error> {
        limited(self.readers.shadow_answers_between(first, last)).await
    }

    async fn visit_shadow_answers(
        &self,
        channel: &str,
        lookup: ShadowLookup<'_>,
        visit: &mut ShadowVisitor<'_>,
    ) -> Result<(), Error> {
        limited(self.readers.visit_shadow_answers(channel, lookup, visit)).await
    }

    async fn list_shadow_answers(&self, query: &ShadowQuery, visit: &mut ShadowVisitor<'_>) -> Result<(), Error> {
        limited(self.readers.list_shadow_answers(query, visit)).await
    }
}

/// Queries that need only a pool of readers.
#[async_trait]
impl ShadowAnswers for PgPool {
    async fn shadow_answer(&self, message: &str) -> Result<Option<ShadowRow>, Error> {
        let row = sqlx::query(ONE).bind(clean(message)).fetch_optional(self).await?;
        Ok(row.as_ref().map(rows::shadow_answer).transpose()?)
    }

    async fn shadow_answers_between(&self, first: &str, last: &str) -> Result<Vec<ShadowRow>, Error> {
        let rows = sqlx::query(BETWEEN)
            .bind(clean(first))
            .bind(clean(last))
            .fetch_all(self)
            .await?;
        Ok(rows.iter().map(rows::shadow_answer).collect::<Result<_, _>>()?)
    }

    async fn visit_shadow_answers(
        &self,
        channel: &str,
        lookup: ShadowLookup<'_>,
        visit: &mut ShadowVisitor<'_>,
    ) -> Result<(), Error> {
        let query = match lookup {
            ShadowLookup::Thread(thread_ts) => sqlx::query(BY_THREAD).bind(clean(channel)).bind(clean(thread_ts)),
            ShadowLookup::Fingerprint { fingerprint, since } => sqlx::query(BY_FINGERPRINT)
                .bind(clean(channel))
                .bind(clean(fingerprint))
                .bind(since.as_millisecond()),
            ShadowLookup::Group { prefix, since } => sqlx::query(BY_GROUP)
                .bind(clean(channel))
                .bind(clean(prefix))
                .bind(format!("{}{}", clean(prefix), char::MAX))
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
            .bind(query.channel.as_deref().map(clean))
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
pub(super) async fn write(transaction: &mut Tx, row: &ShadowRow) -> Result<bool, sqlx::Error> {
    let query = if row.version == 0 {
        sqlx::query(
            "INSERT INTO shadow_answers (channel, thread_ts, author, fingerprint, kind, runbook, section, nth, confidence,
             evidence, link, texts, post, verdict, verdict_by, verdict_name, verdict_at, body, at, version, message)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 1, $20) ON CONFLICT DO NOTHING",
        )
    } else {
        sqlx::query(
            "UPDATE shadow_answers SET channel = $1, thread_ts = $2, author = $3, fingerprint = $4, kind = $5, runbook = $6,
             section = $7, nth = $8, confidence = $9, evidence = $10, link = $11, texts = $12, post = $13, verdict = $14, verdict_by = $15,
             verdict_name = $16, verdict_at = $17, body = $18, at = $19, version = version + 1 WHERE message = $20 AND version = $21",
        )
    };
    let judged = row.judged.as_ref();
    let texts = serde_json::to_string(&row.texts).map_err(|cause| sqlx::Error::Encode(Box::new(cause)))?;
    let written = query
        .bind(clean(&row.channel))
        .bind(clean(&row.thread_ts))
        .bind(row.author.as_deref().map(clean))
        .bind(clean(&row.fingerprint))
        .bind(row.kind.as_str())
        .bind(clean(&row.runbook))
        .bind(row.section.as_deref().map(clean))
        .bind(i64::try_from(row.nth).unwrap_or(i64::MAX))
        .bind(row.confidence)
        .bind(clean(&row.evidence))
        .bind(row.link.as_deref().map(clean))
        .bind(texts)
        .bind(row.post.as_deref().map(clean))
        .bind(judged.map(|judged| judged.verdict.as_str()))
        .bind(judged.map(|judged| clean(&judged.by)))
        .bind(judged.map(|judged| clean(&judged.name)))
        .bind(judged.map(|judged| judged.at.as_millisecond()))
        .bind(clean(&row.body))
        .bind(row.at.as_millisecond())
        .bind(clean(&row.message));
    let written = if row.version == 0 {
        written
    } else {
        written.bind(row.version)
    };
    Ok(written.execute(&mut **transaction).await?.rows_affected() > 0)
}

/// Deletes the shadow answer to a message.
pub(super) async fn delete(transaction: &mut Tx, message: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM shadow_answers WHERE message = $1")
        .bind(clean(message))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
