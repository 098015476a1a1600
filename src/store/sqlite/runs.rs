//! Runs and the audit in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite as Engine, Transaction};

use super::Sqlite;
use crate::store::runs::{AuditEntry, AuditQuery, RunRow, Runs};
use crate::store::{Error, rows};

#[async_trait]
impl Runs for Sqlite {
    async fn run(&self, id: &str) -> Result<Option<RunRow>, Error> {
        self.told(self.readers().run(id).await)
    }

    async fn live_runs(&self) -> Result<Vec<RunRow>, Error> {
        self.told(self.readers().live_runs().await)
    }

    async fn fingerprint(&self, of: &str) -> Result<String, Error> {
        self.told(self.readers().fingerprint(of).await)
    }

    async fn same_run(&self, fingerprint: &str) -> Result<Option<RunRow>, Error> {
        self.told(self.readers().same_run(fingerprint).await)
    }

    async fn latest_runs(&self, user: Option<&str>, limit: u32) -> Result<Vec<RunRow>, Error> {
        self.told(self.readers().latest_runs(user, limit).await)
    }

    async fn runs_to_list(&self, user: &str, jobs: &[&str], limit: u32) -> Result<Vec<RunRow>, Error> {
        self.told(self.readers().runs_to_list(user, jobs, limit).await)
    }

    async fn runs_of_job(&self, job: &str, since: Timestamp) -> Result<Vec<RunRow>, Error> {
        self.told(self.readers().runs_of_job(job, since).await)
    }

    async fn runs_of_case(&self, case: &str) -> Result<Vec<RunRow>, Error> {
        self.told(self.readers().runs_of_case(case).await)
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>, Error> {
        self.told(self.readers().audit(query).await)
    }
}

/// Queries that need only a pool of readers.
#[async_trait]
impl Runs for SqlitePool {
    async fn run(&self, id: &str) -> Result<Option<RunRow>, Error> {
        let row = sqlx::query("SELECT * FROM runs WHERE id = ?")
            .bind(id)
            .fetch_optional(self)
            .await?;
        Ok(row.as_ref().map(rows::run).transpose()?)
    }

    async fn live_runs(&self) -> Result<Vec<RunRow>, Error> {
        let rows = sqlx::query("SELECT * FROM runs WHERE live = 1 ORDER BY created_at, id")
            .fetch_all(self)
            .await?;
        Ok(rows.iter().map(rows::run).collect::<Result<_, _>>()?)
    }

    async fn fingerprint(&self, of: &str) -> Result<String, Error> {
        let key: Vec<u8> = sqlx::query_scalar("SELECT key FROM keys WHERE name = 'runs'")
            .fetch_one(self)
            .await?;
        Ok(rows::keyed(&key, of))
    }

    async fn same_run(&self, fingerprint: &str) -> Result<Option<RunRow>, Error> {
        let row = sqlx::query("SELECT * FROM runs WHERE live = 1 AND fingerprint = ?")
            .bind(fingerprint)
            .fetch_optional(self)
            .await?;
        Ok(row.as_ref().map(rows::run).transpose()?)
    }

    async fn latest_runs(&self, user: Option<&str>, limit: u32) -> Result<Vec<RunRow>, Error> {
        let rows =
            sqlx::query("SELECT * FROM runs WHERE ?1 IS NULL OR user = ?1 ORDER BY created_at DESC, id LIMIT ?2")
                .bind(user)
                .bind(limit)
                .fetch_all(self)
                .await?;
        Ok(rows.iter().map(rows::run).collect::<Result<_, _>>()?)
    }

    async fn runs_to_list(&self, user: &str, jobs: &[&str], limit: u32) -> Result<Vec<RunRow>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM runs WHERE user = ? OR job IN (SELECT value FROM json_each(?))
             ORDER BY created_at DESC, id LIMIT ?",
        )
        .bind(user)
        .bind(Value::from(jobs).to_string())
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.iter().map(rows::run).collect::<Result<_, _>>()?)
    }

    async fn runs_of_job(&self, job: &str, since: Timestamp) -> Result<Vec<RunRow>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM runs WHERE job = ?1 AND updated_at >= ?2
             UNION SELECT * FROM runs WHERE job = ?1 AND live = 1 ORDER BY created_at, id",
        )
        .bind(job)
        .bind(since.as_millisecond())
        .fetch_all(self)
        .await?;
        Ok(rows.iter().map(rows::run).collect::<Result<_, _>>()?)
    }

    async fn runs_of_case(&self, case: &str) -> Result<Vec<RunRow>, Error> {
        let rows = sqlx::query("SELECT * FROM runs WHERE case_id = ? ORDER BY created_at, id")
            .bind(case)
            .fetch_all(self)
            .await?;
        Ok(rows.iter().map(rows::run).collect::<Result<_, _>>()?)
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM (SELECT * FROM audit WHERE (?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR run = ?2)
             AND (?3 IS NULL OR job = ?3) AND (?4 IS NULL OR user = ?4) ORDER BY seq DESC LIMIT ?5) ORDER BY seq",
        )
        .bind(query.since.map(Timestamp::as_millisecond))
        .bind(&query.run)
        .bind(&query.job)
        .bind(&query.user)
        .bind(query.limit)
        .fetch_all(self)
        .await?;
        Ok(rows.iter().map(rows::audit_entry).collect::<Result<_, _>>()?)
    }
}

/// Replaces fingerprints in the format of versions before 0006, which contained raw values: runs that have not ended
/// get the keyed hash of theirs, the others are not compared any more. Nothing of the old fingerprints stays in the
/// file or, once that is emptied, its log.
pub(super) async fn seal(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut transaction = writer.begin_with(super::BEGIN).await?;
    let key: Vec<u8> = sqlx::query_scalar("SELECT key FROM keys WHERE name = 'runs'")
        .fetch_one(&mut *transaction)
        .await?;
    let raw: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT id, fingerprint, live FROM runs WHERE fingerprint IS NOT NULL AND substr(fingerprint, 1, 5) <> ?",
    )
    .bind(rows::KEYED)
    .fetch_all(&mut *transaction)
    .await?;
    if raw.is_empty() {
        return transaction.rollback().await;
    }
    for (id, fingerprint, live) in raw {
        sqlx::query("UPDATE runs SET fingerprint = ? WHERE id = ?")
            .bind(live.then(|| rows::keyed(&key, &fingerprint)))
            .bind(id)
            .execute(&mut *transaction)
            .await?;
    }
    // The caller, which opens the store, empties the log next: it still contains the raw values.
    transaction.commit().await
}

/// Writes a run. `false` when somebody else changed it since it was read, or when an equal run is live.
pub(super) async fn write(
    transaction: &mut Transaction<'static, Engine>,
    run: &RunRow,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let query = if run.version == 0 {
        sqlx::query(
            "INSERT INTO runs (job, user, channel, thread_ts, case_id, fingerprint, live, version, body, created_at,
             updated_at, id) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
    } else {
        sqlx::query(
            "UPDATE OR IGNORE runs SET job = ?, user = ?, channel = ?, thread_ts = ?, case_id = ?, fingerprint = ?, live = ?,
             version = version + 1, body = ?, created_at = ?, updated_at = ? WHERE id = ? AND version = ?",
        )
    };
    let written = query
        .bind(&run.job)
        .bind(&run.user)
        .bind(&run.channel)
        .bind(&run.thread_ts)
        .bind(&run.case)
        .bind(&run.fingerprint)
        .bind(run.live)
        .bind(&run.body)
        .bind(run.created_at.as_millisecond())
        .bind(now.as_millisecond())
        .bind(&run.id);
    let written = if run.version == 0 {
        written
    } else {
        written.bind(run.version)
    };
    Ok(written.execute(&mut **transaction).await?.rows_affected() > 0)
}

/// Adds an entry to the audit.
pub(super) async fn record(
    transaction: &mut Transaction<'static, Engine>,
    entry: &AuditEntry,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO audit (at, what, run, job, user, name, channel, thread_ts, parameters, detail)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(entry.at.as_millisecond())
    .bind(&entry.what)
    .bind(&entry.run)
    .bind(&entry.job)
    .bind(&entry.user)
    .bind(&entry.name)
    .bind(&entry.channel)
    .bind(&entry.thread_ts)
    .bind(Value::Object(entry.parameters.clone()).to_string())
    .bind(Value::Object(entry.detail.clone()).to_string())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
