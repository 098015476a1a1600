//! Cases, answers and mutes in SQLite.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite as Engine, Transaction};

use super::{Sqlite, escalations, inbox, outbox, runs, shadow};
use crate::store::cases::{Answered, CaseLookup, CaseRow, CaseVisitor, Cases, Mute};
use crate::store::commit::{self, ChangeWriter};
use crate::store::{AuditEntry, Changes, Error, NewMissed, RunRow, ShadowRow, rows};

const BY_THREAD: &str = "
    SELECT * FROM cases WHERE channel = ?1 AND thread_ts = ?2
    UNION ALL
    SELECT cases.* FROM outbox CROSS JOIN cases ON cases.post = outbox.key
    WHERE outbox.channel = ?1 AND outbox.posted_ts = ?2 AND outbox.action = 'post' AND outbox.state = 'sent'
    AND cases.channel = ?1 AND cases.thread_ts IS NULL
    ORDER BY created_at DESC, id";
const BY_FINGERPRINT: &str = "
    SELECT * FROM cases WHERE channel = ?1 AND fingerprint = ?2 AND updated_at >= ?3 ORDER BY updated_at DESC, id";
const BY_IDENTITY: &str = "
    SELECT * FROM cases WHERE channel = ?1 AND fingerprint = ?2 AND updated_at >= ?3 AND identity = ?4
    ORDER BY updated_at DESC, id";
const OPEN: &str = "
    SELECT * FROM cases WHERE channel = ?1 AND open = 1 AND fingerprint >= ?2 AND fingerprint < ?3
    ORDER BY fingerprint";
const BY_AUTHOR: &str = "
    SELECT * FROM cases WHERE channel = ?1 AND author = ?2 AND updated_at >= ?3 ORDER BY updated_at DESC, id";
const OF_PERSON: &str = "
    SELECT * FROM cases WHERE id IN (SELECT case_id FROM case_people WHERE user = ?)
    ORDER BY updated_at DESC, id LIMIT ?";

#[async_trait]
impl Cases for Sqlite {
    async fn answer(&self, message: &str) -> Result<Option<Answered>, Error> {
        let row = sqlx::query("SELECT message, about, post, case_id FROM answers WHERE message = ?")
            .bind(message)
            .fetch_optional(&self.readers())
            .await;
        let row = self.told(row)?;
        Ok(row.as_ref().map(rows::answered).transpose()?)
    }

    async fn answers_of_case(&self, case: &str) -> Result<Vec<Answered>, Error> {
        let rows = sqlx::query("SELECT message, about, post, case_id FROM answers WHERE case_id = ? ORDER BY message")
            .bind(case)
            .fetch_all(&self.readers())
            .await;
        let rows = self.told(rows)?;
        Ok(rows.iter().map(rows::answered).collect::<Result<_, _>>()?)
    }

    async fn case(&self, id: &str) -> Result<Option<CaseRow>, Error> {
        let row = sqlx::query("SELECT * FROM cases WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.readers())
            .await;
        let row = self.told(row)?;
        Ok(row.as_ref().map(rows::case).transpose()?)
    }

    async fn visit_cases(
        &self,
        channel: &str,
        lookup: CaseLookup<'_>,
        visit: &mut CaseVisitor<'_>,
    ) -> Result<(), Error> {
        let query = match lookup {
            CaseLookup::Thread(thread_ts) => sqlx::query(BY_THREAD).bind(channel).bind(thread_ts),
            CaseLookup::Fingerprint {
                fingerprint,
                identity: Some(identity),
                since,
            } => sqlx::query(BY_IDENTITY)
                .bind(channel)
                .bind(fingerprint)
                .bind(since.as_millisecond())
                .bind(identity),
            CaseLookup::Fingerprint {
                fingerprint,
                identity: None,
                since,
            } => sqlx::query(BY_FINGERPRINT)
                .bind(channel)
                .bind(fingerprint)
                .bind(since.as_millisecond()),
            CaseLookup::Open(prefix) => sqlx::query(OPEN)
                .bind(channel)
                .bind(prefix)
                .bind(format!("{prefix}{}", char::MAX)),
            CaseLookup::Author { author, since } => sqlx::query(BY_AUTHOR)
                .bind(channel)
                .bind(author)
                .bind(since.as_millisecond()),
        };
        let readers = self.readers();
        let mut rows = query.fetch(&readers);
        while let Some(row) = self.told(rows.try_next().await)? {
            if visit(rows::case(&row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    async fn cases_of(&self, user: &str, limit: u32) -> Result<Vec<CaseRow>, Error> {
        let rows = sqlx::query(OF_PERSON)
            .bind(user)
            .bind(limit)
            .fetch_all(&self.readers())
            .await;
        let rows = self.told(rows)?;
        Ok(rows.iter().map(rows::case).collect::<Result<_, _>>()?)
    }

    async fn mute(&self, channel: &str, mute: Option<&Mute>, now: Timestamp) -> Result<(), Error> {
        let query = match mute {
            Some(mute) => sqlx::query(
                "INSERT INTO mutes (channel, muted_by, until, at) VALUES (?, ?, ?, ?)
                 ON CONFLICT (channel) DO UPDATE SET muted_by = excluded.muted_by, until = excluded.until, at = excluded.at",
            )
            .bind(channel)
            .bind(&mute.by)
            .bind(mute.until.map(Timestamp::as_millisecond))
            .bind(now.as_millisecond()),
            None => sqlx::query("DELETE FROM mutes WHERE channel = ?").bind(channel),
        };
        let mut transaction = self.begin().await?;
        self.told(query.execute(&mut *transaction).await)?;
        self.end_transaction(transaction).await?;
        Ok(())
    }

    async fn muted(&self, channel: &str, now: Timestamp) -> Result<Option<Mute>, Error> {
        let row = sqlx::query("SELECT muted_by, until FROM mutes WHERE channel = ? AND (until IS NULL OR until > ?)")
            .bind(channel)
            .bind(now.as_millisecond())
            .fetch_optional(&self.readers())
            .await;
        let row = self.told(row)?;
        Ok(row.as_ref().map(rows::mute).transpose()?)
    }
}

/// Writes down what something led to. `false` when somebody else changed a part of it since it was read.
pub(super) async fn commit(
    transaction: &mut Transaction<'static, Engine>,
    done: &Changes,
    user: Option<&str>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let mut writer = SqliteWriter { transaction, user, now };
    commit::commit(&mut writer, done).await
}

/// A transaction that changes are written in.
struct SqliteWriter<'a> {
    transaction: &'a mut Transaction<'static, Engine>,
    /// The person involved in the cases.
    user: Option<&'a str>,
    now: Timestamp,
}

#[async_trait]
impl ChangeWriter for SqliteWriter<'_> {
    async fn case(&mut self, case: &CaseRow) -> Result<bool, sqlx::Error> {
        write(self.transaction, case, self.user, self.now).await
    }

    async fn run(&mut self, run: &RunRow) -> Result<bool, sqlx::Error> {
        runs::write(self.transaction, run, self.now).await
    }

    async fn unshadow(&mut self, message: &str) -> Result<(), sqlx::Error> {
        shadow::delete(self.transaction, message).await
    }

    async fn shadow(&mut self, answer: &ShadowRow) -> Result<bool, sqlx::Error> {
        shadow::write(self.transaction, answer).await
    }

    async fn audit(&mut self, entry: &AuditEntry) -> Result<(), sqlx::Error> {
        runs::record(self.transaction, entry).await
    }

    async fn answered(&mut self, answered: &Answered) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO answers (message, about, answered_at, post, case_id) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (message) DO UPDATE SET about = excluded.about, post = excluded.post,
             case_id = excluded.case_id",
        )
        .bind(&answered.message)
        .bind(answered.kind.as_str())
        .bind(self.now.as_millisecond())
        .bind(&answered.post)
        .bind(&answered.case)
        .execute(&mut **self.transaction)
        .await?;
        Ok(())
    }

    async fn escalations(&mut self, done: &Changes) -> Result<(), sqlx::Error> {
        escalations::write(self.transaction, done, self.now).await?;
        escalations::write_issues(self.transaction, done, self.now).await
    }

    async fn forget(&mut self, case: &str) -> Result<(), sqlx::Error> {
        forget(self.transaction, case).await
    }

    async fn unanswer(&mut self, message: &str) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM answers WHERE message = ?")
            .bind(message)
            .execute(&mut **self.transaction)
            .await?;
        Ok(())
    }

    async fn missed(&mut self, missed: &NewMissed) -> Result<(), sqlx::Error> {
        inbox::miss(self.transaction, missed).await
    }

    async fn posts(&mut self, done: &Changes) -> Result<(), sqlx::Error> {
        outbox::add(self.transaction, &done.posts, done.expiry, self.now).await
    }
}

/// Writes one case down. A new one takes the place of whatever had its id.
async fn write(
    transaction: &mut Transaction<'static, Engine>,
    case: &CaseRow,
    user: Option<&str>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let query = if case.version == 0 {
        sqlx::query(
            "INSERT INTO cases
             (channel, thread_ts, author, fingerprint, identity, open, post, version, body, created_at, updated_at, id)
             VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET channel = excluded.channel,
             thread_ts = excluded.thread_ts, author = excluded.author, fingerprint = excluded.fingerprint,
             identity = excluded.identity, open = excluded.open, post = excluded.post, version = version + 1,
             body = excluded.body, updated_at = excluded.updated_at",
        )
    } else {
        sqlx::query(
            "UPDATE cases SET channel = ?, thread_ts = ?, author = ?, fingerprint = ?, identity = ?, open = ?, post = ?,
             version = version + 1, body = ?, created_at = ?, updated_at = ? WHERE id = ? AND version = ?",
        )
    };
    let written = query
        .bind(&case.channel)
        .bind(&case.thread_ts)
        .bind(&case.author)
        .bind(&case.fingerprint)
        .bind(&case.identity)
        .bind(case.open)
        .bind(&case.post)
        .bind(&case.body)
        .bind(case.created_at.as_millisecond())
        .bind(now.as_millisecond())
        .bind(&case.id);
    let written = if case.version == 0 {
        written
    } else {
        written.bind(case.version)
    };
    if written.execute(&mut **transaction).await?.rows_affected() == 0 {
        return Ok(false);
    }
    for user in user
        .into_iter()
        .chain(case.author.as_deref().filter(|_| case.version == 0))
    {
        sqlx::query(
            "INSERT INTO case_people (user, case_id, at) VALUES (?, ?, ?)
             ON CONFLICT (user, case_id) DO UPDATE SET at = excluded.at",
        )
        .bind(user)
        .bind(&case.id)
        .bind(now.as_millisecond())
        .execute(&mut **transaction)
        .await?;
    }
    Ok(true)
}

/// A case by its id, or the newest of a thread (channel and `ts`), which its card may begin.
pub(super) async fn one(
    readers: &SqlitePool,
    id: &str,
    thread: Option<(&str, &str)>,
) -> Result<Option<CaseRow>, sqlx::Error> {
    let (channel, ts) = thread.unzip();
    let row = sqlx::query(
        "SELECT * FROM cases WHERE id = ?1 OR (channel = ?2 AND thread_ts = ?3)
         OR (channel = ?2 AND thread_ts IS NULL AND post IN (
             SELECT key FROM outbox WHERE channel = ?2 AND posted_ts = ?3 AND action = 'post' AND state = 'sent'))
         ORDER BY created_at DESC LIMIT 1",
    )
    .bind(id)
    .bind(channel)
    .bind(ts)
    .fetch_optional(readers)
    .await?;
    row.as_ref().map(rows::case).transpose()
}

/// Forgets a case and that its messages were answered: nothing of a deleted message stays.
pub(super) async fn forget(transaction: &mut Transaction<'static, Engine>, case: &str) -> Result<(), sqlx::Error> {
    for statement in [
        "DELETE FROM cases WHERE id = ?",
        "DELETE FROM case_people WHERE case_id = ?",
        "DELETE FROM answers WHERE case_id = ?",
        "DELETE FROM pages WHERE case_id = ?",
        "DELETE FROM escalation_timers WHERE case_id = ?",
        "DELETE FROM page_watches WHERE case_id = ?",
        "DELETE FROM case_issues WHERE case_id = ?",
    ] {
        sqlx::query(statement).bind(case).execute(&mut **transaction).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::super::Sqlite;
    use super::*;

    #[tokio::test]
    async fn every_lookup_of_cases_uses_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("signpost.db")).await.unwrap();
        let mut plans = Vec::new();
        for (statement, parameters) in [
            (BY_THREAD, 2),
            (BY_FINGERPRINT, 3),
            (BY_IDENTITY, 4),
            (OPEN, 3),
            (BY_AUTHOR, 3),
            (OF_PERSON, 2),
        ] {
            let explain = format!("EXPLAIN QUERY PLAN {statement}");
            let mut query = sqlx::query(sqlx::AssertSqlSafe(explain));
            for _ in 0..parameters {
                query = query.bind("1");
            }
            for step in query.fetch_all(&store.readers()).await.unwrap() {
                let step: String = step.try_get("detail").unwrap();
                assert!(!step.starts_with("SCAN"), "{statement}: {step}");
                plans.push(step);
            }
        }
        for index in [
            "cases_by_thread (channel=? AND thread_ts=?)",
            "outbox_by_place (channel=? AND posted_ts=?)",
            "cases_by_post (post=?)",
            "cases_by_fingerprint (channel=? AND fingerprint=? AND updated_at>?)",
            "cases_by_identity (channel=? AND fingerprint=? AND identity=? AND updated_at>?)",
            "cases_open (channel=? AND fingerprint>? AND fingerprint<?)",
            "cases_by_author (channel=? AND author=? AND updated_at>?)",
        ] {
            assert!(plans.iter().any(|step| step.contains(index)), "{index}: {plans:#?}");
        }
    }
}
