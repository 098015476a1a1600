//! States of paged alerts: services are asked at bounded intervals while their escalations are open, and PagerDuty's
//! webhooks report changes at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::reports::AlertReport;
use super::worker::EscalationWorker;
use crate::bot::context::Context;
use crate::http::HookCall;
use crate::oncall::{self, AlertEvent, AlertStage, PagedAlert};
use crate::store::{self, Changes, DueEscalation, DueWatch, PageWatch};

/// Interval between rounds. Of each pager only one page is looked up in a round.
const ROUND: Duration = Duration::from_secs(2);
/// Most pages read for a round.
const MOST: u32 = 100;
/// Interval of the look-ups of a page: in the first minutes, in the first half hour, and later.
pub(super) const OFTEN: SignedDuration = SignedDuration::from_secs(10);
const SELDOM: SignedDuration = SignedDuration::from_secs(30);
const RARELY: SignedDuration = SignedDuration::from_mins(2);
/// Ages of a page at which the interval changes.
const NEW: SignedDuration = SignedDuration::from_mins(5);
const RECENT: SignedDuration = SignedDuration::from_mins(30);
/// Age from which a page is no longer looked up.
const OLD: SignedDuration = SignedDuration::from_hours(24);
/// Longest wait after faults.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);
/// Time limit of the look-up right before the next person is called.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks services what became of pages.
#[derive(Debug)]
pub(crate) struct AlertWatcher {
    worker: EscalationWorker,
    /// Times until which the service of a pager asked to be left alone.
    paused: Mutex<HashMap<String, Timestamp>>,
}

/// The outcome of a look-up.
struct LookedUp {
    /// Faults in a row.
    faults: u32,
    /// Time of the next look-up; `None` ends them.
    next_at: Option<Timestamp>,
}

impl AlertWatcher {
    pub(crate) fn new(ctx: &Arc<Context>) -> Self {
        Self {
            worker: EscalationWorker { ctx: Arc::clone(ctx) },
            paused: Mutex::default(),
        }
    }

    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            if let Err(cause) = self.round().await {
                error!(%cause, "pages that may be acknowledged cannot be read or written; retrying");
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(ROUND) => {}
            }
        }
    }

    async fn round(&self) -> Result<(), store::Error> {
        let ctx = &self.worker.ctx;
        let due = ctx.store.due_watches(ctx.clock.now(), MOST).await?;
        let mut first: Vec<&DueWatch> = Vec::new();
        for one in &due {
            if !first.iter().any(|other| other.pager == one.pager) {
                first.push(one);
            }
        }
        // Side by side: a slow service holds up no other one.
        for looked in join_all(first.into_iter().map(|due| self.look_up(due))).await {
            looked?;
        }
        Ok(())
    }

    /// Looks a page up, and saves the time of the next look-up.
    async fn look_up(&self, due: &DueWatch) -> Result<(), store::Error> {
        let looked = self.ask(due).await?;
        let done = Changes {
            watches: vec![PageWatch {
                key: due.key.clone(),
                case: due.case.clone(),
                pager: due.pager.clone(),
                next_at: looked.next_at,
                faults: looked.faults,
            }],
            ..Changes::default()
        };
        self.worker.commit(&done).await.map(|_| ())
    }

    async fn ask(&self, due: &DueWatch) -> Result<LookedUp, store::Error> {
        let ctx = &self.worker.ctx;
        let now = ctx.clock.now();
        let age = now.duration_since(due.created_at);
        let end = Ok(LookedUp {
            faults: 0,
            next_at: None,
        });
        let case = self.worker.read(&due.case).await?.map(|(_, case)| case);
        let Some(case) = case.filter(|case| !case.status.is_over() && age < OLD) else {
            return end;
        };
        let of = |one: &&crate::bot::cases::CaseEscalation| {
            one.page
                .as_ref()
                .is_some_and(|page| page.dedup_key == due.key && page.resolved.is_none())
        };
        let (Some(escalation), Some(service)) = (case.escalations.iter().find(of), ctx.on_call.alerts(&due.pager))
        else {
            return end;
        };
        let paused = self.paused.lock().get(&due.pager).copied().filter(|until| now < *until);
        if paused.is_some() {
            return Ok(LookedUp {
                faults: due.faults,
                next_at: paused,
            });
        }
        let interval = match age {
            _ if case.is_acknowledged(&escalation.first) => RARELY,
            age if age < NEW => OFTEN,
            age if age < RECENT => SELDOM,
            _ => RARELY,
        };
        let answer = service.alert(&due.key).await;
        count(&due.pager, &answer);
        match answer {
            Ok(state) => {
                let is_over = state.as_ref().is_some_and(|state| state.stage == AlertStage::Resolved);
                if let Some(state) = &state {
                    self.worker
                        .learn(report(due, std::slice::from_ref(&due.pager), state))
                        .await?;
                }
                let next_at = now.checked_add(interval).ok().filter(|_| !is_over);
                Ok(LookedUp { faults: 0, next_at })
            }
            Err(cause) => {
                let faults = due.faults.saturating_add(1);
                if faults.is_power_of_two() {
                    warn!(%cause, faults, pager = due.pager, "cannot look up whether a page was acknowledged");
                }
                let next_at = now.checked_add(after_fault(&cause, interval, faults)).ok();
                if let (oncall::Error::RateLimited { .. }, Some(until)) = (&cause, next_at) {
                    self.paused.lock().insert(due.pager.clone(), until);
                }
                Ok(LookedUp { faults, next_at })
            }
        }
    }
}

impl EscalationWorker {
    /// Looks up the pages of an escalation right before the next person is called: somebody may have acknowledged one
    /// since the last look-up. A fault changes nothing; it is better to call one person too many.
    pub(super) async fn look_up_before_step(&self, due: &DueEscalation) -> Result<(), store::Error> {
        let Some((_, case)) = self.read(&due.case).await? else {
            return Ok(());
        };
        if case.status.is_over() || case.is_acknowledged(&due.escalation) {
            return Ok(());
        }
        let pages = case.steps_of(&due.escalation).filter_map(|step| step.page.as_ref());
        let pages: Vec<_> = pages.filter(|page| page.sent).cloned().collect();
        let asked = pages.iter().map(|page| async move {
            let service = self.ctx.on_call.alerts(&page.pager)?;
            let answer = tokio::time::timeout(PATIENCE, service.alert(&page.dedup_key))
                .await
                .ok()?;
            count(&page.pager, &answer);
            answer.ok().flatten()
        });
        for (page, state) in pages.iter().zip(join_all(asked).await) {
            let Some(state) = state else { continue };
            self.learn(AlertReport {
                case: &due.case,
                key: &page.dedup_key,
                pagers: std::slice::from_ref(&page.pager),
                state: &state,
                way: "poll",
            })
            .await?;
        }
        Ok(())
    }
}

fn report<'a>(due: &'a DueWatch, pagers: &'a [String], state: &'a PagedAlert) -> AlertReport<'a> {
    AlertReport {
        case: &due.case,
        key: &due.key,
        pagers,
        state,
        way: "poll",
    }
}

fn count(pager: &str, answer: &Result<Option<PagedAlert>, oncall::Error>) {
    let outcome = answer.as_ref().err().map_or("ok", oncall::Error::class);
    metrics::counter!("signpost_page_lookups_total", "pager" => pager.to_owned(), "outcome" => outcome).increment(1);
}

/// The wait after a number of faults in a row: as the service says, else longer each time. What does not pass by itself,
/// such as a wrong key, waits longest at once.
fn after_fault(cause: &oncall::Error, interval: SignedDuration, faults: u32) -> SignedDuration {
    let wait = interval.saturating_mul(1 << faults.min(6)).min(LONGEST_WAIT);
    match cause {
        oncall::Error::RateLimited { after, .. } => {
            let after = SignedDuration::try_from(*after).unwrap_or(LONGEST_WAIT);
            after.max(wait)
        }
        cause if cause.is_passing() => wait,
        _ => LONGEST_WAIT,
    }
}

/// Takes the calls of webhooks.
#[derive(Debug)]
pub(crate) struct AlertHookReceiver {
    worker: EscalationWorker,
    calls: tokio::sync::Mutex<mpsc::Receiver<HookCall>>,
}

impl AlertHookReceiver {
    pub(crate) fn new(ctx: &Arc<Context>, calls: mpsc::Receiver<HookCall>) -> Self {
        Self {
            worker: EscalationWorker { ctx: Arc::clone(ctx) },
            calls: tokio::sync::Mutex::new(calls),
        }
    }

    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut calls = self.calls.lock().await;
        loop {
            let call = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                call = calls.recv() => call,
            };
            let Some(call) = call else { return };
            let taken = self.take(&call).await;
            if let Err(cause) = &taken {
                error!(%cause, "a webhook cannot be saved; the sender has to repeat it");
            }
            // The sender may have given up waiting.
            let _ = call.done.send(taken.is_ok());
        }
    }

    async fn take(&self, call: &HookCall) -> Result<(), store::Error> {
        let Some(event) = AlertEvent::read(&call.body) else {
            return Ok(());
        };
        let Some(key) = &event.dedup_key else { return Ok(()) };
        // Incidents of others have keys of their own.
        let case = key.strip_prefix("signpost:").and_then(|rest| rest.rsplit_once(':'));
        let Some((case, _)) = case else { return Ok(()) };
        self.worker
            .learn(AlertReport {
                case,
                key,
                pagers: &call.pagers,
                state: &event.state,
                way: "webhook",
            })
            .await
    }
}
