//! A run: one execution of a job that somebody asked for. Plain data, and what can happen to it.
//!
//! ```text
//! approval ─► ready ─► triggering ─► queued ─► running ─► reading ─► over
//!     └─────────┴───────────┴──────────┴──────────┴──────────────────► over (refused, unknown, cancelled, …)
//! ```
//!
//! `triggering` is written down before anything is sent, and is left only with what Jenkins said or what was found there:
//! whatever ends the bot in between, nothing is sent twice.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::error;

use crate::bot::cases::Actor;
use crate::jobs::BuildResult;
use crate::jobs::checks::Finding;
use crate::respond::{FoundError, RunStage, Trouble};
use crate::store::RunRow;

/// A run. Holds no secret values: those live in memory only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::bot) struct Run {
    /// Unique for ever.
    pub(in crate::bot) id: String,
    /// The job, as `config/jobs.toml` calls it.
    pub(in crate::bot) job: String,
    /// Workspace, channel and thread; no thread: its message begins one.
    pub(in crate::bot) team: String,
    pub(in crate::bot) channel: String,
    pub(in crate::bot) thread_ts: Option<String>,
    /// Who asked for it.
    pub(in crate::bot) by: Actor,
    /// Who asked for the same meanwhile.
    #[serde(default)]
    pub(in crate::bot) also: Vec<Actor>,
    /// The case that it gathers facts for.
    #[serde(default)]
    pub(in crate::bot) case: Option<String>,
    /// Path of the runbook that says what its artifacts mean.
    #[serde(default)]
    pub(in crate::bot) runbook: Option<String>,
    /// What the paste filled, for checks to compare with.
    #[serde(default)]
    pub(in crate::bot) captures: BTreeMap<String, Vec<String>>,
    /// What is sent, without secret values.
    pub(in crate::bot) parameters: BTreeMap<String, String>,
    /// Names of the parameters whose values are kept in memory only.
    #[serde(default)]
    pub(in crate::bot) secrets: Vec<String>,
    /// Where it is, and since when.
    pub(in crate::bot) stage: Stage,
    pub(in crate::bot) since: Timestamp,
    /// When it was sent.
    #[serde(default)]
    pub(in crate::bot) triggered_at: Option<Timestamp>,
    /// When the run that this one repeats was sent, of which nobody knows what became: it is looked for first.
    #[serde(default)]
    pub(in crate::bot) lost_at: Option<Timestamp>,
    /// Who decided what.
    #[serde(default)]
    pub(in crate::bot) approved: Option<Actor>,
    #[serde(default)]
    pub(in crate::bot) declined: Option<Actor>,
    #[serde(default)]
    pub(in crate::bot) cancel: Option<Actor>,
    /// Jenkins was asked to cancel it.
    #[serde(default)]
    pub(in crate::bot) cancel_sent: bool,
    /// Somebody's same request was in the queue: it is not ours to cancel.
    #[serde(default)]
    pub(in crate::bot) joined: bool,
    /// Its number in the queue, by which its build is known again.
    #[serde(default)]
    pub(in crate::bot) queue_id: Option<u64>,
    /// Number of the build, once it is known.
    #[serde(default)]
    pub(in crate::bot) number: Option<u64>,
    /// What went wrong.
    #[serde(default)]
    pub(in crate::bot) trouble: Option<Trouble>,
    /// The message that it was asked for with is deleted: nothing more is posted.
    #[serde(default)]
    pub(in crate::bot) silent: bool,
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "kebab-case")]
pub(in crate::bot) enum Stage {
    /// Somebody else must approve it in time.
    Approval { until: Timestamp },
    /// To be sent, once so many others of its job have ended.
    Ready { behind: usize },
    /// It may have been sent: looked up before anything is said.
    Triggering,
    /// It waits in Jenkins' queue, if it is still there.
    Queued {
        queue_id: u64,
        why: Option<String>,
        missing_since: Option<Timestamp>,
    },
    /// It runs.
    Running { number: u64, waits_for_input: bool },
    /// It has ended; what it left behind is being read.
    MessageReader {
        number: u64,
        result: BuildResult,
        seconds: Option<i64>,
    },
    /// Nothing more happens.
    Over { end: Box<End> },
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub(in crate::bot) enum End {
    /// It ran to its end.
    Done(Ended),
    /// It was not started, for certain.
    Refused,
    /// What was filled in does not fit the job.
    Invalid { faults: Vec<String> },
    /// Nobody knows whether it was started.
    Unknown,
    /// Nobody wants it any more.
    Cancelled,
    /// It was not approved.
    Declined,
    /// It was not approved in time.
    Expired,
    /// It takes longer than it is followed.
    GaveUp,
    /// It is gone from Jenkins.
    Gone,
}

/// What came of a run that ran to its end. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::bot) struct Ended {
    pub(in crate::bot) result: BuildResult,
    pub(in crate::bot) seconds: Option<i64>,
    /// Whether there were checks.
    pub(in crate::bot) has_checks: bool,
    pub(in crate::bot) findings: Vec<Finding>,
    /// Why nothing can be said; empty for a plain verdict.
    pub(in crate::bot) missing: Vec<String>,
    /// The section that follows, and whether it is shown.
    pub(in crate::bot) section: Option<String>,
    pub(in crate::bot) is_shown: bool,
    /// Known errors in what it left behind.
    pub(in crate::bot) found: Vec<FoundError>,
}

/// Key of a run's message in the outbox.
pub(in crate::bot) fn post_of(run: &str) -> String {
    format!("run:{run}")
}

/// Key of the reply about a run that was not approved.
pub(in crate::bot) fn notice_of(run: &str) -> String {
    format!("notice:{run}")
}

impl Stage {
    /// It came into the queue.
    pub(in crate::bot) fn queued(queue_id: u64) -> Self {
        Self::Queued {
            queue_id,
            why: None,
            missing_since: None,
        }
    }

    /// It became a build.
    pub(in crate::bot) fn running(number: u64) -> Self {
        Self::Running {
            number,
            waits_for_input: false,
        }
    }
}

impl Run {
    /// A run as it was kept. `None` when it cannot be read, which is logged.
    pub(in crate::bot) fn read(row: &RunRow) -> Option<Run> {
        serde_json::from_str(&row.body)
            .inspect_err(|cause| error!(%cause, run = row.id, "a run in the store cannot be read"))
            .ok()
    }

    /// As it is kept. `version` as it was read, 0 for a new one.
    pub(in crate::bot) fn row(
        &self,
        version: i64,
        fingerprint: Option<String>,
        created_at: Timestamp,
    ) -> Option<RunRow> {
        let erased = self.erased();
        let body = serde_json::to_string(erased.as_ref().unwrap_or(self))
            .inspect_err(|cause| error!(%cause, run = self.id, "a run cannot be written down"))
            .ok()?;
        Some(RunRow {
            id: self.id.clone(),
            job: self.job.clone(),
            user: self.by.by.clone(),
            channel: self.channel.clone(),
            thread_ts: self.thread_ts.clone(),
            case: self.case.clone(),
            // What has ended is not compared; who asks for the same as a silent one would never see what comes of it.
            fingerprint: fingerprint.filter(|_| !self.silent && self.is_live()),
            live: self.is_live(),
            version,
            body,
            created_at,
            updated_at: created_at,
        })
    }

    /// Without what people gave it, once it has ended and nobody shall see it any more; what is under way needs it.
    fn erased(&self) -> Option<Run> {
        if !self.silent || self.is_live() {
            return None;
        }
        let mut run = self.clone();
        run.captures.clear();
        run.parameters.clear();
        if let Stage::Over { end } = &mut run.stage {
            match &mut **end {
                End::Done(ended) => {
                    ended.findings.clear();
                    ended.missing.clear();
                    ended.found.clear();
                }
                End::Invalid { faults } => faults.clear(),
                _ => {}
            }
        }
        Some(run)
    }

    /// The message that it was asked for with is deleted: what was sent goes on in silence, what was not never is.
    pub(in crate::bot) fn silence(&mut self, now: Timestamp) {
        self.silent = true;
        self.captures.clear();
        if matches!(self.stage, Stage::Approval { .. } | Stage::Ready { .. }) {
            self.end(End::Cancelled, now);
        }
    }

    /// Goes on with what another run was followed to: it still runs, and is not started once more.
    pub(in crate::bot) fn take_up(&mut self, old: &Run, now: Timestamp) {
        let gave_up = matches!(&old.stage, Stage::Over { end } if **end == End::GaveUp);
        let stage = match (old.number, old.queue_id) {
            (Some(number), _) => Stage::running(number),
            (None, Some(queue_id)) => Stage::queued(queue_id),
            (None, None) => return,
        };
        if gave_up {
            self.go(stage, now);
            self.number = old.number;
            self.queue_id = old.queue_id;
            self.joined = old.joined;
            self.triggered_at = Some(now);
        }
    }

    pub(in crate::bot) fn is_live(&self) -> bool {
        !matches!(self.stage, Stage::Over { .. })
    }

    /// Whether it takes one of the places that its job has at the same time.
    pub(in crate::bot) fn takes_place(&self) -> bool {
        matches!(
            self.stage,
            Stage::Triggering | Stage::Queued { .. } | Stage::Running { .. } | Stage::MessageReader { .. }
        )
    }

    /// Goes on to another stage.
    pub(in crate::bot) fn go(&mut self, stage: Stage, now: Timestamp) {
        if std::mem::discriminant(&self.stage) != std::mem::discriminant(&stage) {
            self.since = now;
        }
        self.stage = stage;
    }

    /// Ends.
    pub(in crate::bot) fn end(&mut self, end: End, now: Timestamp) {
        self.go(Stage::Over { end: Box::new(end) }, now);
    }

    /// What came of it, once it ran to its end.
    pub(in crate::bot) fn ended(&self) -> Option<&Ended> {
        match &self.stage {
            Stage::Over { end } => match &**end {
                End::Done(ended) => Some(ended),
                _ => None,
            },
            _ => None,
        }
    }

    /// How it ended, in a word or two.
    pub(in crate::bot) fn result(&self) -> Option<String> {
        let ended = self.ended()?;
        Some(if ended.missing.is_empty() {
            ended.result.to_string()
        } else {
            format!("{}, inconclusive", ended.result)
        })
    }

    /// Where it is, as templates call it.
    pub(in crate::bot) fn stage_name(&self) -> RunStage {
        match &self.stage {
            Stage::Approval { .. } => RunStage::Approval,
            Stage::Ready { .. } => RunStage::Ready,
            Stage::Triggering => RunStage::Triggering,
            Stage::Queued { .. } => RunStage::Queued,
            Stage::Running {
                waits_for_input: true, ..
            } => RunStage::Input,
            Stage::Running { .. } => RunStage::Running,
            Stage::MessageReader { .. } => RunStage::Reading,
            Stage::Over { end } => match &**end {
                End::Done(_) => RunStage::Done,
                End::Refused => RunStage::Refused,
                End::Invalid { .. } => RunStage::Invalid,
                End::Unknown => RunStage::Unknown,
                End::Cancelled => RunStage::Cancelled,
                End::Declined => RunStage::Declined,
                End::Expired => RunStage::Expired,
                End::GaveUp => RunStage::GaveUp,
                End::Gone => RunStage::Gone,
            },
        }
    }
}
