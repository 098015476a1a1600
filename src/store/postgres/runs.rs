//! Runs and the audit in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::postgres::PgPool;

use super::leases::Replica;
use super::{Postgres, Tx, clean, limited};
use crate::store::runs::{AuditEntry, AuditQuery, RunRow, Runs};
use crate::store::{Error, rows};

/// The columns of a run. Named, as a newer version may add some: a prepared `SELECT *` would then fail.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, job, \"user\", channel, thread_ts, case_id, fingerprint, live, version, body, created_at,
             updated_at FROM runs ",
            $rest
        )
    };
}

/// Returns true when a live run has no replica that follows it.
pub(super) async fn any_unfollowed(readers: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM runs WHERE live AND NOT EXISTS (
             SELECT 1 FROM leases WHERE name = 'run:' || runs.id AND until > clock_timestamp()))",
    )
    .fetch_one(readers)
    .await
}

#[async_trait]
impl Runs for Postgres {
    async fn run(&self, id: &str) -> Result<Option<RunRow>, Error> {
        limited(self.readers.run(id)).await
    }

    async fn live_runs(&self) -> Result<Vec<RunRow>, Error> {
        limited(self.readers.live_runs()).await
    }

    async fn fingerprint(&self, of: &str) -> Result<String, Error> {
        limited(self.readers.fingerprint(of)).await
    }

    async fn same_run(&self, fingerprint: &str) -> Result<Option<RunRow>, Error> {
        limited(self.readers.same_run(fingerprint)).await
    }

    async fn latest_runs(&self, user: Option<&str>, limit: u32) -> Result<Vec<RunRow>, Error> {
        limited(self.readers.latest_runs(user, limit)).await
    }

    async fn runs_to_list(&self, user: &str, jobs: &[&str], limit: u32) -> Result<Vec<RunRow>, Error> {
        limited(self.readers.runs_to_list(user, jobs, limit)).await
    }

    async fn runs_of_job(&self, job: &str, since: Timestamp) -> Result<Vec<RunRow>, Error> {
        limited(self.readers.runs_of_job(job, since)).await
    }

    async fn runs_of_case(&self, case: &str) -> Result<Vec<RunRow>, Error> {
        limited(self.readers.runs_of_case(case)).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>, Error> {
        limited(self.readers.audit(query)).await
    }
}

/// Queries that need only a pool of readers.
#[async_trait]
impl Runs for PgPool {
    async fn run(&self, id: &str) -> Result<Option<RunRow>, Error> {
        let row = sqlx::query(select!("WHERE id = $1"))
            .bind(clean(id))
            .fetch_optional(self)
            .await?;
        Ok(row.as_ref().map(rows::run).transpose()?)
    }

    async fn live_runs(&self) -> Result<Vec<RunRow>, Error> {
        let rows = sqlx::query(select!("WHERE live ORDER BY created_at, id"))
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
        let row = sqlx::query(select!("WHERE live AND fingerprint = $1"))
            .bind(clean(fingerprint))
            .fetch_optional(self)
            .await?;
        Ok(row.as_ref().map(rows::run).transpose()?)
    }

    async fn latest_runs(&self, user: Option<&str>, limit: u32) -> Result<Vec<RunRow>, Error> {
        let rows = sqlx::query(select!(
            "WHERE $1::TEXT IS NULL OR \"user\" = $1 ORDER BY created_at DESC, id LIMIT $2"
        ))
        .bind(user.map(clean))
        .bind(i64::from(limit))
        .fetch_all(self)
        .await?;
        Ok(rows.iter().map(rows::run).collect::<Result<_, _>>()?)
    }

    async fn runs_to_list(&self, user: &str, jobs: &[&str], limit: u32) -> Result<Vec<RunRow>, Error> {
        let rows = sqlx::query(select!(
            "WHERE \"user\" = $1 OR job = ANY($2)
             ORDER BY created_at DESC, id LIMIT $3"
        ))
        .bind(clean(user))
        .bind(jobs)
        .bind(i64::from(limit))
        .fetch_all(self)
        .await?;
        Ok(rows.iter().map(rows::run).collect::<Result<_, _>>()?)
    }

    async fn runs_of_job(&self, job: &str, since: Timestamp) -> Result<Vec<RunRow>, Error> {
        let rows = sqlx::query(select!(
            "WHERE job = $1 AND (updated_at >= $2 OR live) ORDER BY created_at, id"
        ))
        .bind(clean(job))
        .bind(since.as_millisecond())
        .fetch_all(self)
        .await?;
        Ok(rows.iter().map(rows::run).collect::<Result<_, _>>()?)
    }

    async fn runs_of_case(&self, case: &str) -> Result<Vec<RunRow>, Error> {
        let rows = sqlx::query(select!("WHERE case_id = $1 ORDER BY created_at, id"))
            .bind(clean(case))
            .fetch_all(self)
            .await?;
        Ok(rows.iter().map(rows::run).collect::<Result<_, _>>()?)
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM (SELECT seq, at, what, run, job, \"user\", name, channel, thread_ts, parameters, detail FROM audit WHERE ($1::BIGINT IS NULL OR at >= $1) AND ($2::TEXT IS NULL OR run = $2)
             AND ($3::TEXT IS NULL OR job = $3) AND ($4::TEXT IS NULL OR \"user\" = $4) ORDER BY seq DESC LIMIT $5)
             AS newest ORDER BY seq",
        )
        .bind(query.since.map(Timestamp::as_millisecond))
        .bind(query.run.as_deref().map(clean))
        .bind(query.job.as_deref().map(clean))
        .bind(query.user.as_deref().map(clean))
        .bind(i64::from(query.limit))
        .fetch_all(self)
        .await?;
        Ok(rows.iter().map(rows::audit_entry).collect::<Result<_, _>>()?)
    }
}

/// The name of the lease of whoever follows a run.
pub(super) fn lease(run: &str) -> String {
    format!("run:{}", clean(run))
}

/// The name of the lease of whoever gives away a job's places.
pub(super) fn places_lease(job: &str) -> String {
    format!("places:{}", clean(job))
}

/// Writes a run. `false` when somebody else changed it since it was read, or when an equal run is live. A new run is
/// followed by this replica, which may be the only one that has its secret values.
pub(super) async fn write(
    transaction: &mut Tx,
    us: &Replica,
    run: &RunRow,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let query = if run.version == 0 {
        sqlx::query(
            "INSERT INTO runs (job, \"user\", channel, thread_ts, case_id, fingerprint, live, version, body, created_at,
             updated_at, id) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
        )
    } else {
        sqlx::query(
            "UPDATE runs SET job = $1, \"user\" = $2, channel = $3, thread_ts = $4, case_id = $5, fingerprint = $6,
             live = $7, version = version + 1, body = $8, created_at = $9, updated_at = $10
             WHERE id = $11 AND version = $12",
        )
    };
    let written = query
        .bind(clean(&run.job))
        .bind(clean(&run.user))
        .bind(clean(&run.channel))
        .bind(run.thread_ts.as_deref().map(clean))
        .bind(run.case.as_deref().map(clean))
        .bind(run.fingerprint.as_deref().map(clean))
        .bind(run.live)
        .bind(clean(&run.body))
        .bind(run.created_at.as_millisecond())
        .bind(now.as_millisecond())
        .bind(clean(&run.id));
    let written = if run.version == 0 {
        written
    } else {
        written.bind(run.version)
    };
    let written = match written.execute(&mut **transaction).await {
        Ok(written) => written.rows_affected() > 0,
        // An equal run is live. The transaction is over.
        Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => false,
        Err(cause) => return Err(cause),
    };
    if written && run.version == 0 && run.live {
        return us.hold(transaction, &lease(&run.id)).await;
    }
    Ok(written)
}

/// Adds an entry to the audit.
pub(super) async fn record(transaction: &mut Tx, entry: &AuditEntry) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO audit (at, what, run, job, \"user\", name, channel, thread_ts, parameters, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(entry.at.as_millisecond())
    .bind(clean(&entry.what))
    .bind(entry.run.as_deref().map(clean))
    .bind(clean(&entry.job))
    .bind(entry.user.as_deref().map(clean))
    .bind(entry.name.as_deref().map(clean))
    .bind(entry.channel.as_deref().map(clean))
    .bind(entry.thread_ts.as_deref().map(clean))
    .bind(Value::Object(entry.parameters.clone()).to_string())
    .bind(Value::Object(entry.detail.clone()).to_string())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
