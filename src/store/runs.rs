//! Runs of Jenkins jobs, and the audit: the requests, the people who made and approved them, and the results.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Error;

/// A run as stored. The store does not interpret its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The run's id, never reused.
    pub id: String,
    /// The job's name in `config/jobs.toml`.
    pub job: String,
    /// Id of the user who requested the run.
    pub user: String,
    /// Channel id.
    pub channel: String,
    /// The thread that the run belongs to; `None`: its message begins one.
    pub thread_ts: Option<String>,
    /// Id of the case that the run gathers facts for.
    pub case: Option<String>,
    /// Keyed hash that is equal in equal runs, from [`Runs::fingerprint`]; unique among live runs. `None`: the run is
    /// not compared.
    pub fingerprint: Option<String>,
    /// True until the run has ended.
    pub live: bool,
    /// 0 for a run that is not stored yet; else the version that was read.
    pub version: i64,
    /// The run's contents as JSON, redacted.
    pub body: String,
    /// Time at which the run began.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// An entry of the audit. Contains no secrets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditEntry {
    /// Time of the event.
    pub at: Timestamp,
    /// The event, in a word: docs/operators.md lists them.
    pub what: String,
    /// Id of the run; `None` where none was started.
    pub run: Option<String>,
    /// The job's name in `config/jobs.toml`, or the name that was asked for.
    pub job: String,
    /// Id of the user who acted; `None` for automatic events.
    pub user: Option<String>,
    /// The user's display name.
    pub name: Option<String>,
    /// Channel id.
    pub channel: Option<String>,
    /// The thread.
    pub thread_ts: Option<String>,
    /// The parameters, with secrets masked.
    pub parameters: Map<String, Value>,
    /// Further details: queue id, build, result, class of an error.
    pub detail: Map<String, Value>,
}

/// A filter for entries of the audit; a field that is `None` does not restrict it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Earliest time of the entries.
    pub since: Option<Timestamp>,
    /// Id of the run.
    pub run: Option<String>,
    /// The job's name.
    pub job: Option<String>,
    /// Id of the user who acted.
    pub user: Option<String>,
    /// Maximum number of entries; the newest are returned.
    pub limit: u32,
}

/// Runs and the audit. Every method is one transaction. `Store::commit` and `Store::finish` write them.
#[async_trait]
pub trait Runs: Send + Sync + Debug + 'static {
    /// A run by its id.
    async fn run(&self, id: &str) -> Result<Option<RunRow>, Error>;

    /// The runs that have not ended, the oldest first.
    async fn live_runs(&self) -> Result<Vec<RunRow>, Error>;

    /// A keyed hash of the data that makes two runs equal. The key is random and never leaves the store, so the hash
    /// reveals nothing about the values.
    async fn fingerprint(&self, of: &str) -> Result<String, Error>;

    /// The live run with a fingerprint.
    async fn same_run(&self, fingerprint: &str) -> Result<Option<RunRow>, Error>;

    /// The latest runs, the newest first; those of `user` only, if given.
    async fn latest_runs(&self, user: Option<&str>, limit: u32) -> Result<Vec<RunRow>, Error>;

    /// The latest runs of these jobs and of this user, the newest first.
    async fn runs_to_list(&self, user: &str, jobs: &[&str], limit: u32) -> Result<Vec<RunRow>, Error>;

    /// The runs of a job that have not ended or have changed since `since`; the oldest first.
    async fn runs_of_job(&self, job: &str, since: Timestamp) -> Result<Vec<RunRow>, Error>;

    /// The runs that gathered facts for a case.
    async fn runs_of_case(&self, case: &str) -> Result<Vec<RunRow>, Error>;

    /// Entries of the audit, the oldest first.
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>, Error>;
}
