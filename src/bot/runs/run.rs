//! A run: one execution of a job that somebody asked for. Plain data and its transitions.
//!
//! ```text
//! approval ─► ready ─► triggering ─► queued ─► running ─► reading ─► over
//!     └─────────┴───────────┴──────────┴──────────┴──────────────────► over (refused, unknown, cancelled, …)
//! ```
//!
//! `triggering` is saved before anything is sent, and is left only with Jenkins' answer or with a look-up of the run
//! there: whatever ends the bot in between, nothing is sent twice.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::error;

use crate::bot::cases::{Actor, is_conversation};
use crate::jobs::BuildResult;
use crate::jobs::checks::CheckFinding;
use crate::respond::{FoundError, RunStage, Trouble};
use crate::store::RunRow;

/// A run. Holds no secret values: those are kept in memory only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Id, unique for ever.
    pub(crate) id: String,
    /// The job, as `config/jobs.toml` calls it.
    pub(crate) job: String,
    /// Workspace, channel and thread; without a thread, the run's message begins one.
    pub(crate) team: String,
    pub(crate) channel: String,
    pub(crate) thread_ts: Option<String>,
    /// The person who asked for the run.
    pub(crate) by: Actor,
    /// Other people who asked for the same run meanwhile.
    #[serde(default)]
    pub(crate) also: Vec<Actor>,
    /// Id of the case that the run gathers facts for.
    #[serde(default)]
    pub(crate) case: Option<String>,
    /// Path of the runbook that says what the artifacts mean.
    #[serde(default)]
    pub(crate) runbook: Option<String>,
    /// Values captured from the paste, for checks to compare with.
    #[serde(default)]
    pub(crate) captures: BTreeMap<String, Vec<String>>,
    /// The parameters that are sent, without secret values.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Names of the parameters whose values are kept in memory only.
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
    /// The stage, and the time at which the run entered it.
    pub(crate) stage: Stage,
    pub(crate) since: Timestamp,
    /// Time at which the run was sent.
    #[serde(default)]
    pub(crate) triggered_at: Option<Timestamp>,
    /// Time at which the run that this one repeats was sent, when its outcome is unknown: it is looked for first.
    #[serde(default)]
    pub(crate) lost_at: Option<Timestamp>,
    /// The people who approved, declined or cancelled the run.
    #[serde(default)]
    pub(crate) approved: Option<Actor>,
    #[serde(default)]
    pub(crate) declined: Option<Actor>,
    #[serde(default)]
    pub(crate) cancel: Option<Actor>,
    /// True once Jenkins was asked to cancel the run.
    #[serde(default)]
    pub(crate) cancel_sent: bool,
    /// True when somebody's equal request was in Jenkins' queue: it is not ours to cancel.
    #[serde(default)]
    pub(crate) joined: bool,
    /// Number in Jenkins' queue, by which the build is recognised.
    #[serde(default)]
    pub(crate) queue_id: Option<u64>,
    /// Number of the build, once it is known.
    #[serde(default)]
    pub(crate) number: Option<u64>,
    /// The latest problem.
    #[serde(default)]
    pub(crate) trouble: Option<Trouble>,
    /// True when the message that asked for the run is deleted: nothing more is posted.
    #[serde(default)]
    pub(crate) silent: bool,
}

/// The stage of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "kebab-case")]
pub(crate) enum Stage {
    /// Waits for the approval of a second person, until a time limit.
    Approval { until: Timestamp },
    /// Waits to be sent until `behind` other runs of its job have ended.
    Ready { behind: usize },
    /// The run may have been sent: it is looked up before anything is reported.
    Triggering,
    /// The run waits in Jenkins' queue, if it is still there.
    Queued {
        queue_id: u64,
        why: Option<String>,
        missing_since: Option<Timestamp>,
    },
    /// The build runs.
    Running { number: u64, waits_for_input: bool },
    /// The build has ended; its artifacts are being read.
    Reading {
        number: u64,
        result: BuildResult,
        seconds: Option<i64>,
    },
    /// The run is over, and changes no more.
    Over { end: Box<End> },
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub(crate) enum End {
    /// The build ran to its end.
    Done(Ended),
    /// The run was certainly not started.
    Refused,
    /// The values do not fit the job.
    Invalid { faults: Vec<String> },
    /// Nobody knows whether the run was started.
    Unknown,
    /// The run was cancelled.
    Cancelled,
    /// The run was declined.
    Declined,
    /// The run was not approved in time.
    Expired,
    /// The run takes longer than runs are followed.
    GaveUp,
    /// The run is gone from Jenkins.
    Gone,
}

/// The outcome of a run that ran to its end. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) result: BuildResult,
    pub(crate) seconds: Option<i64>,
    /// True when there were checks.
    pub(crate) has_checks: bool,
    pub(crate) findings: Vec<CheckFinding>,
    /// Reasons why there is no verdict; empty when there is a plain one.
    pub(crate) missing: Vec<String>,
    /// The section that follows; `is_shown` is true when it is shown.
    pub(crate) section: Option<String>,
    /// The runbook's words before it leads to that section; none in a run of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) is_shown: bool,
    /// Known errors in the artifacts.
    pub(crate) found: Vec<FoundError>,
}

/// Key of a run's message in the outbox.
pub(crate) fn post_of(run: &str) -> String {
    format!("run:{run}")
}

/// Key of the reply about a run that was not approved.
pub(crate) fn notice_of(run: &str) -> String {
    format!("notice:{run}")
}

impl Stage {
    /// The stage of a run that has entered the queue.
    pub(crate) fn queued(queue_id: u64) -> Self {
        Self::Queued {
            queue_id,
            why: None,
            missing_since: None,
        }
    }

    /// The stage of a run that has become a build.
    pub(crate) fn running(number: u64) -> Self {
        Self::Running {
            number,
            waits_for_input: false,
        }
    }
}

impl Run {
    /// Returns true when the run was requested in a conversation with the bot alone, outside any thread.
    pub(crate) fn is_in_conversation(&self) -> bool {
        self.thread_ts.is_none() && is_conversation(&self.channel)
    }

    /// Reads a saved run. Returns `None` when it cannot be read, which is logged.
    pub(crate) fn read(row: &RunRow) -> Option<Run> {
        serde_json::from_str(&row.body)
            .inspect_err(|cause| error!(%cause, run = row.id, "a run in the store cannot be read"))
            .ok()
    }

    /// The row to save. `version` is that of the row as it was read, 0 for a new one.
    pub(crate) fn row(&self, version: i64, fingerprint: Option<String>, created_at: Timestamp) -> Option<RunRow> {
        let erased = self.erased();
        let body = serde_json::to_string(erased.as_ref().unwrap_or(self))
            .inspect_err(|cause| error!(%cause, run = self.id, "a run cannot be saved"))
            .ok()?;
        Some(RunRow {
            id: self.id.clone(),
            job: self.job.clone(),
            user: self.by.by.clone(),
            channel: self.channel.clone(),
            thread_ts: self.thread_ts.clone(),
            case: self.case.clone(),
            // Runs that have ended are not compared; a person who joined a silent one would never see its outcome.
            fingerprint: fingerprint.filter(|_| !self.silent && self.is_live()),
            live: self.is_live(),
            version,
            body,
            created_at,
            updated_at: created_at,
        })
    }

    /// The run without the values that people gave it, once it has ended and is silent; while it is under way it needs
    /// them. `None` when nothing is to be erased.
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

    /// Silences the run after the message that asked for it is deleted: if it was sent it goes on in silence, else it
    /// never is.
    pub(crate) fn silence(&mut self, now: Timestamp) {
        self.silent = true;
        self.captures.clear();
        if matches!(self.stage, Stage::Approval { .. } | Stage::Ready { .. }) {
            self.end(End::Cancelled, now);
        }
    }

    /// Continues to follow the build or queue item that another run gave up: it still runs, and is not started again.
    pub(crate) fn take_up(&mut self, old: &Run, now: Timestamp) {
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

    pub(crate) fn is_live(&self) -> bool {
        !matches!(self.stage, Stage::Over { .. })
    }

    /// Returns true when the run takes one of the places that its job has at the same time.
    pub(crate) fn takes_place(&self) -> bool {
        matches!(
            self.stage,
            Stage::Triggering | Stage::Queued { .. } | Stage::Running { .. } | Stage::Reading { .. }
        )
    }

    /// The key of the trace that the run belongs to: that of its case, if it has one.
    pub(crate) fn traced_as(&self) -> &str {
        self.case.as_deref().unwrap_or(&self.id)
    }

    /// Enters a stage.
    pub(crate) fn go(&mut self, stage: Stage, now: Timestamp) {
        if std::mem::discriminant(&self.stage) != std::mem::discriminant(&stage) {
            self.since = now;
        }
        self.stage = stage;
    }

    /// Ends the run.
    pub(crate) fn end(&mut self, end: End, now: Timestamp) {
        self.go(Stage::Over { end: Box::new(end) }, now);
    }

    /// Records whether the section that follows is shown, once the run ran to its end.
    pub(super) fn set_shown(&mut self, is_shown: bool) {
        if let Stage::Over { end } = &mut self.stage
            && let End::Done(ended) = &mut **end
        {
            ended.is_shown = is_shown;
        }
    }

    /// The outcome of the run, once it ran to its end.
    pub(crate) fn ended(&self) -> Option<&Ended> {
        match &self.stage {
            Stage::Over { end } => match &**end {
                End::Done(ended) => Some(ended),
                _ => None,
            },
            _ => None,
        }
    }

    /// The result, in a word or two.
    pub(crate) fn result(&self) -> Option<String> {
        let ended = self.ended()?;
        Some(if ended.missing.is_empty() {
            ended.result.to_string()
        } else {
            format!("{}, inconclusive", ended.result)
        })
    }

    /// The name of the stage in templates.
    pub(crate) fn stage_name(&self) -> RunStage {
        match &self.stage {
            Stage::Approval { .. } => RunStage::Approval,
            Stage::Ready { .. } => RunStage::Ready,
            Stage::Triggering => RunStage::Triggering,
            Stage::Queued { .. } => RunStage::Queued,
            Stage::Running {
                waits_for_input: true, ..
            } => RunStage::Input,
            Stage::Running { .. } => RunStage::Running,
            Stage::Reading { .. } => RunStage::Reading,
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
