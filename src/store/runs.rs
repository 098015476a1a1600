//! Runs of Jenkins jobs, and the audit: who asked for what, who allowed it, and what came of it.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Error;

/// A run as it is kept. The store reads nothing of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Unique for ever.
    pub id: String,
    /// The job, as `config/jobs.toml` calls it.
    pub job: String,
    /// Who asked for it: a user id.
    pub user: String,
    /// Channel id.
    pub channel: String,
    /// The thread that it belongs to; `None`: its message begins one.
    pub thread_ts: Option<String>,
    /// The case that it gathers facts for.
    pub case: Option<String>,
    /// What makes two runs the same, as [`Runs::fingerprint`] gives it; of those that are live each is there once. `None`:
    /// it is not compared.
    pub fingerprint: Option<String>,
    /// Until it has ended.
    pub live: bool,
    /// 0 for one that is not stored yet; else as it was read.
    pub version: i64,
    /// What is known of it, as JSON, redacted.
    pub body: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An entry of the audit. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// What, in a word: docs/operators.md lists them.
    pub what: String,
    /// The run; `None` where none came of it.
    pub run: Option<String>,
    /// The job, as `config/jobs.toml` calls it, or as it was asked for.
    pub job: String,
    /// Who: a user id; `None` for what happened by itself.
    pub user: Option<String>,
    /// What people call them.
    pub name: Option<String>,
    /// Channel id.
    pub channel: Option<String>,
    /// The thread.
    pub thread_ts: Option<String>,
    /// The parameters, secrets masked.
    pub parameters: Map<String, Value>,
    /// What else there is to know: queue id, build, result, class of an error.
    pub detail: Map<String, Value>,
}

/// Which entries of the audit are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Of this run.
    pub run: Option<String>,
    /// Of this job.
    pub job: Option<String>,
    /// Of what this user did.
    pub user: Option<String>,
    /// At most so many, the newest.
    pub limit: u32,
}

/// Runs and the audit. Every method is one transaction. They are written by `Store::commit` and `Store::finish`.
#[async_trait]
pub trait Runs: Send + Sync + Debug + 'static {
    /// A run.
    async fn run(&self, id: &str) -> Result<Option<RunRow>, Error>;

    /// The runs that have not ended, the oldest first.
    async fn live_runs(&self) -> Result<Vec<RunRow>, Error>;

    /// A keyed hash of what makes two runs the same. The key is random and never leaves the store, so nothing can be told
    /// of values from it.
    async fn fingerprint(&self, of: &str) -> Result<String, Error>;

    /// The live run of a fingerprint.
    async fn same_run(&self, fingerprint: &str) -> Result<Option<RunRow>, Error>;

    /// The latest runs, those of one user alone when one is named, the newest first.
    async fn latest_runs(&self, user: Option<&str>, limit: u32) -> Result<Vec<RunRow>, Error>;

    /// The latest runs of these jobs and of this user, the newest first.
    async fn runs_to_list(&self, user: &str, jobs: &[&str], limit: u32) -> Result<Vec<RunRow>, Error>;

    /// The runs of a job that have not ended, and those that changed since; the oldest first.
    async fn runs_of_job(&self, job: &str, since: Timestamp) -> Result<Vec<RunRow>, Error>;

    /// The runs that gathered facts for a case.
    async fn runs_of_case(&self, case: &str) -> Result<Vec<RunRow>, Error>;

    /// Entries of the audit, the oldest first.
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>, Error>;
}
