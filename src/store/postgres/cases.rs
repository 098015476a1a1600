//! Cases, answers and mutes in PostgreSQL.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::postgres::PgPool;

use super::leases::Replica;
use super::{DURABLE, Postgres, Tx, clean, escalations, inbox, limited, outbox, runs, shadow};
use crate::store::cases::{Answered, CaseLookup, CaseRow, CaseVisitor, Cases, Mute};
use crate::store::commit::{self, ChangeWriter};
use crate::store::{AuditEntry, Changes, Error, NewMissed, RunRow, ShadowRow, rows};

/// The columns of a case. Named, as a newer version may add some: a prepared `SELECT *` would then fail.
macro_rules! columns {
    () => {
        "id, cases.channel, cases.thread_ts, author, fingerprint, identity, open, post, version, cases.body,
         cases.created_at, updated_at"
    };
}

const BY_THREAD: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases WHERE channel = $1 AND thread_ts = $2
      UNION ALL
      SELECT ",
    columns!(),
    " FROM outbox JOIN cases ON cases.post = outbox.key
      WHERE outbox.channel = $1 AND outbox.posted_ts = $2 AND outbox.action = 'post' AND outbox.state = 'sent'
      AND cases.channel = $1 AND cases.thread_ts IS NULL
      ORDER BY created_at DESC, id"
);
const BY_FINGERPRINT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases WHERE channel = $1 AND fingerprint = $2 AND updated_at >= $3 ORDER BY updated_at DESC, id"
);
const BY_IDENTITY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases WHERE channel = $1 AND fingerprint = $2 AND updated_at >= $3 AND identity = $4
      ORDER BY updated_at DESC, id"
);
const OPEN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases WHERE channel = $1 AND open AND fingerprint >= $2 AND fingerprint < $3 ORDER BY fingerprint"
);
const BY_AUTHOR: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases WHERE channel = $1 AND author = $2 AND updated_at >= $3 ORDER BY updated_at DESC, id"
);
const OF_PERSON: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases WHERE id IN (SELECT case_id FROM case_people WHERE \"user\" = $1)
      ORDER BY updated_at DESC, id LIMIT $2"
);
const ONE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases WHERE id = $1 OR (channel = $2 AND thread_ts = $3)
      OR (channel = $2 AND thread_ts IS NULL AND post IN (
          SELECT key FROM outbox WHERE channel = $2 AND posted_ts = $3 AND action = 'post' AND state = 'sent'))
      ORDER BY created_at DESC LIMIT 1"
);
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM cases WHERE id = $1");

#[async_trait]
impl Cases for Postgres {
    async fn answer(&self, message: &str) -> Result<Option<Answered>, Error> {
        let row = limited(
            sqlx::query("SELECT message, about, post, case_id FROM answers WHERE message = $1")
                .bind(clean(message))
                .fetch_optional(&self.readers),
        )
        .await?;
        Ok(row.as_ref().map(rows::answered).transpose()?)
    }

    async fn answers_of_case(&self, case: &str) -> Result<Vec<Answered>, Error> {
        let rows = limited(
            sqlx::query("SELECT message, about, post, case_id FROM answers WHERE case_id = $1 ORDER BY message")
                .bind(clean(case))
                .fetch_all(&self.readers),
        )
        .await?;
        Ok(rows.iter().map(rows::answered).collect::<Result<_, _>>()?)
    }

    async fn case(&self, id: &str) -> Result<Option<CaseRow>, Error> {
        let row = limited(sqlx::query(BY_ID).bind(clean(id)).fetch_optional(&self.readers)).await?;
        Ok(row.as_ref().map(rows::case).transpose()?)
    }

    async fn visit_cases(
        &self,
        channel: &str,
        lookup: CaseLookup<'_>,
        visit: &mut CaseVisitor<'_>,
    ) -> Result<(), Error> {
        let channel = clean(channel);
        let query = match lookup {
            CaseLookup::Thread(thread_ts) => sqlx::query(BY_THREAD).bind(channel).bind(clean(thread_ts)),
            CaseLookup::Fingerprint {
                fingerprint,
                identity: Some(identity),
                since,
            } => sqlx::query(BY_IDENTITY)
                .bind(channel)
                .bind(clean(fingerprint))
                .bind(since.as_millisecond())
                .bind(clean(identity)),
            CaseLookup::Fingerprint {
                fingerprint,
                identity: None,
                since,
            } => sqlx::query(BY_FINGERPRINT)
                .bind(channel)
                .bind(clean(fingerprint))
                .bind(since.as_millisecond()),
            CaseLookup::Open(prefix) => {
                sqlx::query(OPEN)
                    .bind(channel)
                    .bind(clean(prefix))
                    .bind(format!("{}{}", clean(prefix), char::MAX))
            }
            CaseLookup::Author { author, since } => sqlx::query(BY_AUTHOR)
                .bind(channel)
                .bind(clean(author))
                .bind(since.as_millisecond()),
        };
        let mut rows = query.fetch(&self.readers);
        while let Some(row) = limited(rows.try_next()).await? {
            if visit(rows::case(&row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    async fn cases_of(&self, user: &str, limit: u32) -> Result<Vec<CaseRow>, Error> {
        let rows = limited(
            sqlx::query(OF_PERSON)
                .bind(clean(user))
                .bind(i64::from(limit))
                .fetch_all(&self.readers),
        )
        .await?;
        Ok(rows.iter().map(rows::case).collect::<Result<_, _>>()?)
    }

    async fn mute(&self, channel: &str, mute: Option<&Mute>, now: Timestamp) -> Result<(), Error> {
        transaction!(self, DURABLE, transaction => {
            let query = match mute {
                Some(mute) => sqlx::query(
                    "INSERT INTO mutes (channel, muted_by, until, at) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (channel) DO UPDATE SET muted_by = excluded.muted_by, until = excluded.until,
                     at = excluded.at",
                )
                .bind(clean(channel))
                .bind(clean(&mute.by))
                .bind(mute.until.map(Timestamp::as_millisecond))
                .bind(now.as_millisecond()),
                None => sqlx::query("DELETE FROM mutes WHERE channel = $1").bind(clean(channel)),
            };
            query.execute(&mut *transaction).await?;
        })
    }

    async fn muted(&self, channel: &str, now: Timestamp) -> Result<Option<Mute>, Error> {
        let row = limited(
            sqlx::query("SELECT muted_by, until FROM mutes WHERE channel = $1 AND (until IS NULL OR until > $2)")
                .bind(clean(channel))
                .bind(now.as_millisecond())
                .fetch_optional(&self.readers),
        )
        .await?;
        Ok(row.as_ref().map(rows::mute).transpose()?)
    }
}

/// Writes down what something led to. `false` when somebody else changed a part of it since it was read.
pub(super) async fn commit(
    transaction: &mut Tx,
    us: &Replica,
    done: &Changes,
    user: Option<&str>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let mut writer = PostgresWriter {
        transaction,
        us,
        user,
        now,
    };
    commit::commit(&mut writer, done).await
}

/// A transaction that changes are written in.
struct PostgresWriter<'a> {
    transaction: &'a mut Tx,
    us: &'a Replica,
    /// The person involved in the cases.
    user: Option<&'a str>,
    now: Timestamp,
}

#[async_trait]
impl ChangeWriter for PostgresWriter<'_> {
    async fn case(&mut self, case: &CaseRow) -> Result<bool, sqlx::Error> {
        write(self.transaction, case, self.user, self.now).await
    }

    async fn run(&mut self, run: &RunRow) -> Result<bool, sqlx::Error> {
        runs::write(self.transaction, self.us, run, self.now).await
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
            "INSERT INTO answers (message, about, answered_at, post, case_id) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (message) DO UPDATE SET about = excluded.about, post = excluded.post,
             case_id = excluded.case_id",
        )
        .bind(clean(&answered.message))
        .bind(clean(answered.kind.as_str()))
        .bind(self.now.as_millisecond())
        .bind(answered.post.as_deref().map(clean))
        .bind(answered.case.as_deref().map(clean))
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
        sqlx::query("DELETE FROM answers WHERE message = $1")
            .bind(clean(message))
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
async fn write(transaction: &mut Tx, case: &CaseRow, user: Option<&str>, now: Timestamp) -> Result<bool, sqlx::Error> {
    let query = if case.version == 0 {
        sqlx::query(
            "INSERT INTO cases
             (channel, thread_ts, author, fingerprint, identity, open, post, version, body, created_at, updated_at, id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10, $11) ON CONFLICT (id) DO UPDATE SET channel = excluded.channel,
             thread_ts = excluded.thread_ts, author = excluded.author, fingerprint = excluded.fingerprint,
             identity = excluded.identity, open = excluded.open, post = excluded.post, version = cases.version + 1,
             body = excluded.body, updated_at = excluded.updated_at",
        )
    } else {
        sqlx::query(
            "UPDATE cases SET channel = $1, thread_ts = $2, author = $3, fingerprint = $4, identity = $5, open = $6, post = $7,
             version = version + 1, body = $8, created_at = $9, updated_at = $10 WHERE id = $11 AND version = $12",
        )
    };
    let written = query
        .bind(clean(&case.channel))
        .bind(case.thread_ts.as_deref().map(clean))
        .bind(case.author.as_deref().map(clean))
        .bind(clean(&case.fingerprint))
        .bind(case.identity.as_deref().map(clean))
        .bind(case.open)
        .bind(case.post.as_deref().map(clean))
        .bind(clean(&case.body))
        .bind(case.created_at.as_millisecond())
        .bind(now.as_millisecond())
        .bind(clean(&case.id));
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
            "INSERT INTO case_people (\"user\", case_id, at) VALUES ($1, $2, $3)
             ON CONFLICT (\"user\", case_id) DO UPDATE SET at = excluded.at",
        )
        .bind(clean(user))
        .bind(clean(&case.id))
        .bind(now.as_millisecond())
        .execute(&mut **transaction)
        .await?;
    }
    Ok(true)
}

/// A case by its id, or the newest of a thread (channel and `ts`), which its card may begin.
pub(super) async fn one(
    readers: &PgPool,
    id: &str,
    thread: Option<(&str, &str)>,
) -> Result<Option<CaseRow>, sqlx::Error> {
    let (channel, ts) = thread.unzip();
    let row = sqlx::query(ONE)
        .bind(clean(id))
        .bind(channel.map(clean))
        .bind(ts.map(clean))
        .fetch_optional(readers)
        .await?;
    row.as_ref().map(rows::case).transpose()
}

/// Forgets a case and that its messages were answered: nothing of a deleted message stays.
pub(super) async fn forget(transaction: &mut Tx, case: &str) -> Result<(), sqlx::Error> {
    for statement in [
        "DELETE FROM cases WHERE id = $1",
        "DELETE FROM case_people WHERE case_id = $1",
        "DELETE FROM answers WHERE case_id = $1",
        "DELETE FROM pages WHERE case_id = $1",
        "DELETE FROM escalation_timers WHERE case_id = $1",
        "DELETE FROM page_watches WHERE case_id = $1",
        "DELETE FROM case_issues WHERE case_id = $1",
    ] {
        sqlx::query(statement)
            .bind(clean(case))
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}
