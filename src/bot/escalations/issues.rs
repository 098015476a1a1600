//! The task that creates the issue of a case in its team's tracker: once, whatever happens in between.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::worker::{EscalationWorker, TRIES, later};
use crate::bot::cases::{Case, CaseEscalation, CaseIssue};
use crate::bot::context::Context;
use crate::bot::trackers::TeamRepository;
use crate::oncall::{self, Issue, IssueText, IssueTracker, marker};
use crate::redact::redact;
use crate::store::{self, Changes, DueIssue, IssueOutcome, NewIssue, PageState};

/// Interval between looks at the store when nothing wakes the task.
const LOOK: Duration = Duration::from_secs(1);
/// Most issues of one round.
const ROUND: u32 = 20;
/// Attempts after which an issue is given up: after some 15 minutes.
const ATTEMPTS: u32 = 20;
/// Wait after a request whose outcome is not known: the tracker may still carry it out, and then shows the issue.
const UNCERTAIN: SignedDuration = SignedDuration::from_secs(15);

/// The request for an issue, as the store keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct IssueRequest {
    repository: String,
    #[serde(flatten)]
    text: IssueText,
}

/// The outcome of an attempt.
enum Filed {
    /// The issue exists; `true` when it was there already.
    Exists(Issue, bool),
    /// The next attempt follows at this time.
    Later(Timestamp, String),
    /// The issue is given up.
    Failed(String),
    /// The case is gone.
    Dropped,
}

/// Creates issues.
#[derive(Debug)]
pub(crate) struct IssueWorker {
    worker: EscalationWorker,
}

/// Returns true when a case has an issue, or will have one.
pub(super) fn has_issue(case: &Case) -> bool {
    case.issue.as_ref().is_some_and(|issue| !issue.failed)
}

impl Context {
    /// Notes in a case that an issue is asked for. Returns the request, to be saved together with the case.
    pub(super) fn ask_for_issue(
        &self,
        case: &mut Case,
        of: &TeamRepository,
        escalation: &CaseEscalation,
    ) -> Option<NewIssue> {
        let service = self.trackers.tracker(&of.tracker)?.service();
        let (by, team, severity) = (&escalation.by.name, &escalation.team_name, &escalation.severity);
        let head = redact(&format!("Escalated by {by} to {team}, severity {severity}")).into_owned();
        let (title, summary) = (redact(&escalation.title), redact(&escalation.summary));
        let text = IssueText::new(&title, (&head, &summary), escalation.link.as_deref(), &case.id);
        let request = IssueRequest {
            repository: of.repository.clone(),
            text,
        };
        case.issue = Some(Box::new(CaseIssue {
            tracker: of.tracker.clone(),
            service: service.to_owned(),
            repository: of.repository.clone(),
            by: escalation.by.clone(),
            form: escalation.issue.clone(),
            ..CaseIssue::default()
        }));
        Some(NewIssue {
            case: case.id.clone(),
            tracker: of.tracker.clone(),
            body: serde_json::to_string(&request).ok()?,
        })
    }
}

impl IssueWorker {
    pub(crate) fn new(ctx: &Arc<Context>) -> Self {
        Self {
            worker: EscalationWorker { ctx: Arc::clone(ctx) },
        }
    }

    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            if let Err(cause) = self.round().await {
                error!(%cause, "issues cannot be read or written; retrying");
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.worker.ctx.issues.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn round(&self) -> Result<(), store::Error> {
        let ctx = &self.worker.ctx;
        let due = ctx.store.due_issues(ctx.clock.now(), ROUND).await?;
        // Side by side: a slow tracker holds up no other one.
        let filed = due
            .iter()
            .map(|due| async move { self.record(due, self.file(due).await?).await });
        for filed in futures_util::future::join_all(filed).await {
            filed?;
        }
        Ok(())
    }

    /// Finds the issue of a case, or creates it.
    async fn file(&self, due: &DueIssue) -> Result<Filed, store::Error> {
        let ctx = &self.worker.ctx;
        if ctx.store.case(&due.issue.case).await?.is_none() {
            return Ok(Filed::Dropped);
        }
        let Ok(request) = serde_json::from_str::<IssueRequest>(&due.issue.body) else {
            return Ok(Filed::Failed("the request cannot be read".to_owned()));
        };
        let Some(tracker) = ctx.trackers.tracker(&due.issue.tracker) else {
            return Ok(Filed::Failed(format!(
                "oncall.toml has no tracker \"{}\"",
                due.issue.tracker
            )));
        };
        let answer = self.find_or_create(tracker.as_ref(), due, &request).await?;
        let outcome = answer.as_ref().err().map_or("ok", oncall::Error::class);
        metrics::counter!("signpost_issues_total", "tracker" => due.issue.tracker.clone(), "outcome" => outcome)
            .increment(1);
        Ok(match answer {
            Ok((issue, was_there)) => {
                info!(
                    case = due.issue.case,
                    tracker = due.issue.tracker,
                    was_there,
                    "the issue of a case exists"
                );
                Filed::Exists(issue, was_there)
            }
            Err(cause) => {
                warn!(%cause, case = due.issue.case, tracker = due.issue.tracker, "an issue was not created");
                let now = ctx.clock.now();
                let next_at = match &cause {
                    cause if !cause.is_passing() || due.attempts + 1 >= ATTEMPTS => None,
                    // A gateway fails with 5xx, too, while the tracker behind it goes on.
                    oncall::Error::Timeout { .. }
                    | oncall::Error::Unreachable { .. }
                    | oncall::Error::Server { .. } => {
                        let next_at = later(&cause, due.attempts, now);
                        Some(now.checked_add(UNCERTAIN).map_or(next_at, |at| at.max(next_at)))
                    }
                    cause => Some(later(cause, due.attempts, now)),
                };
                match next_at {
                    Some(next_at) => Filed::Later(next_at, cause.to_string()),
                    None => Filed::Failed(cause.to_string()),
                }
            }
        })
    }

    /// Looks for the issue of a case before it creates one: an earlier attempt may have created it, and then ended before that
    /// was written down.
    async fn find_or_create(
        &self,
        tracker: &dyn IssueTracker,
        due: &DueIssue,
        request: &IssueRequest,
    ) -> Result<Result<(Issue, bool), oncall::Error>, store::Error> {
        let marker = marker(&due.issue.case);
        match tracker.find(&request.repository, &marker, due.created_at).await {
            Ok(Some(found)) => return Ok(Ok((found, true))),
            Ok(None) => {}
            Err(cause) => return Ok(Err(cause)),
        }
        self.begin(due).await?;
        let created = tracker.create(&request.repository, &request.text).await;
        Ok(created.map(|created| (created, false)))
    }

    /// Puts off the next attempt before an issue is created: if this process ends during the request, nobody may look for the
    /// issue, and then create another one, while the tracker is still at it.
    async fn begin(&self, due: &DueIssue) -> Result<(), store::Error> {
        let now = self.worker.ctx.clock.now();
        let begun = Changes {
            filed: vec![IssueOutcome {
                case: due.issue.case.clone(),
                state: PageState::Pending(now.checked_add(UNCERTAIN).unwrap_or(now)),
                error: None,
            }],
            ..Changes::default()
        };
        self.worker.commit(&begun).await.map(|_| ())
    }

    /// Saves the outcome of an attempt together with what people see of it.
    async fn record(&self, due: &DueIssue, filed: Filed) -> Result<(), store::Error> {
        let (state, fault) = match &filed {
            Filed::Exists(..) => (PageState::Sent, None),
            Filed::Later(next_at, fault) => (PageState::Pending(*next_at), Some(fault.clone())),
            Filed::Failed(fault) => (PageState::Failed, Some(fault.clone())),
            Filed::Dropped => (PageState::Dropped, None),
        };
        for _ in 0..TRIES {
            let mut done = Changes {
                filed: vec![IssueOutcome {
                    case: due.issue.case.clone(),
                    state,
                    error: fault.clone(),
                }],
                ..Changes::default()
            };
            if let Some((row, mut case)) = self.worker.read(&due.issue.case).await?
                && self.learn(&mut case, &filed, &mut done)
            {
                let messages = case.escalations.iter();
                let messages = messages.filter_map(|one| self.worker.ctx.team_message_update(&case, one, row.version));
                done.posts.extend(messages);
                self.worker.show_card(&row, &case, &mut done);
            }
            if self.worker.commit(&done).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Notes the outcome in the case, and for the audit. Returns false when people see nothing of it: every fault after the
    /// first one until the issue is there or given up.
    fn learn(&self, case: &mut Case, filed: &Filed, done: &mut Changes) -> bool {
        let ctx = &self.worker.ctx;
        let Some(issue) = &mut case.issue else { return false };
        let (what, detail) = match filed {
            Filed::Exists(found, was_there) => {
                issue.number = found.number;
                issue.url = Some(redact(&found.url).into_owned()).filter(|url| !url.is_empty());
                issue.created = Some(ctx.clock.now());
                issue.fault = None;
                let detail = vec![("url", json!(issue.url)), ("existed", json!(was_there))];
                ("issue-created", detail)
            }
            Filed::Later(_, fault) => {
                let is_new = issue.fault.is_none();
                issue.fault = Some(fault.clone());
                return is_new;
            }
            Filed::Failed(fault) => {
                issue.fault = Some(fault.clone());
                issue.failed = true;
                ("issue-failed", vec![("error", json!(fault))])
            }
            Filed::Dropped => return false,
        };
        let mut all = vec![
            ("tracker", json!(issue.tracker)),
            ("repository", json!(issue.repository)),
        ];
        all.extend(detail);
        let team = case.escalations.last().map(|one| one.team.clone()).unwrap_or_default();
        done.audit.push(ctx.escalation_entry(what, case, &team, None, &all));
        true
    }
}
