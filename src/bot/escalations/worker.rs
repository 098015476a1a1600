//! The task that sends pages and goes on with escalations that nobody acknowledges.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::alerts::OFTEN;
use crate::bot::cases::{Case, CaseEscalation, rows};
use crate::bot::context::Context;
use crate::oncall::{self, Page};
use crate::store::{self, CaseRow, Changes, DuePage, PageAction, PageOutcome, PageState, PageWatch};
use crate::traces::TraceSpan;

/// Interval between looks at the store when nothing wakes the task.
const LOOK: Duration = Duration::from_secs(1);
/// Most pages and escalations of one round.
const ROUND: u32 = 20;
/// Age from which a page that could not be sent is given up, and people are told.
const GIVE_UP: SignedDuration = SignedDuration::from_mins(15);
/// Age from which a page is not sent any more: after hours offline, nobody is woken for what is over.
const STALE: SignedDuration = SignedDuration::from_hours(1);
/// Longest wait between two attempts.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(60);
/// Tries of a change that conflicts with a person's change of the same case.
pub(super) const TRIES: usize = 20;

/// Sends pages, and goes on with escalations.
#[derive(Debug)]
pub(crate) struct EscalationWorker {
    pub(crate) ctx: Arc<Context>,
}

impl EscalationWorker {
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            if let Err(cause) = self.round().await {
                error!(%cause, "pages and escalations cannot be read or written; retrying");
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.ctx.calls.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn round(&self) -> Result<(), store::Error> {
        let now = self.ctx.clock.now();
        let pages = self.ctx.store.due_pages(now, ROUND).await?;
        // Side by side: a slow service holds up no other one.
        let sent = pages.iter().map(|page| self.send(page));
        for sent in futures_util::future::join_all(sent).await {
            sent?;
        }
        let due = self.ctx.store.due_escalations(now, ROUND).await?;
        for taken in futures_util::future::join_all(due.iter().map(|due| self.go_on(due))).await {
            taken?;
        }
        Ok(())
    }

    /// Sends a page, and saves and shows the outcome. After a crash in between it is sent again with the same key, which
    /// the service takes for the same alert.
    async fn send(&self, due: &DuePage) -> Result<(), store::Error> {
        let (page, now) = (&due.page, self.ctx.clock.now());
        let Ok(request) = serde_json::from_str::<Page>(&page.body) else {
            return self
                .record(due, PageState::Failed, Some("the page cannot be read".to_owned()))
                .await;
        };
        if page.action == PageAction::Trigger {
            let row = self.ctx.store.case(&page.case).await?;
            let Some(case) = row.as_ref().map(rows::read) else {
                return self.record(due, PageState::Dropped, None).await;
            };
            let Some(case) = case else {
                error!(key = page.key, "a page is not sent: its case cannot be read");
                let fault = "its case cannot be read".to_owned();
                return self.record(due, PageState::Failed, Some(fault)).await;
            };
            if !case.needs_page(&request.dedup_key) {
                return self.record(due, PageState::Dropped, None).await;
            }
            if now.duration_since(due.created_at) > STALE {
                warn!(key = page.key, pager = page.pager, "a page is too old to be sent");
                let fault = "it was too old to send".to_owned();
                return self.record(due, PageState::Failed, Some(fault)).await;
            }
        }
        let Some(pager) = self.ctx.on_call.pager(&page.pager) else {
            let fault = format!("oncall.toml has no pager \"{}\"", page.pager);
            return self.record(due, PageState::Failed, Some(fault)).await;
        };
        let mut span = TraceSpan::new("page", &page.case);
        span.set("signpost.pager", &page.pager);
        span.set("signpost.action", page.action.as_str());
        let sent = match page.action {
            PageAction::Trigger => pager.trigger(&request).await,
            PageAction::Acknowledge => pager.acknowledge(&request.dedup_key).await,
        };
        let outcome = sent.as_ref().err().map_or("ok", oncall::Error::class);
        span.set("signpost.outcome", outcome);
        if sent.is_err() {
            span.fail(outcome);
        }
        drop(span);
        metrics::counter!("signpost_pages_total", "pager" => page.pager.clone(), "action" => page.action.as_str(), "outcome" => outcome)
            .increment(1);
        match sent {
            Ok(()) => {
                info!(key = page.key, pager = page.pager, "a page was sent");
                self.record(due, PageState::Sent, None).await
            }
            Err(cause) => {
                warn!(%cause, key = page.key, pager = page.pager, "a page was not sent");
                let is_over = now.duration_since(due.created_at) >= GIVE_UP;
                if !cause.is_passing() || is_over {
                    return self.record(due, PageState::Failed, Some(cause.to_string())).await;
                }
                self.record(
                    due,
                    PageState::Pending(later(&cause, due.attempts, now)),
                    Some(cause.to_string()),
                )
                .await
            }
        }
    }

    /// Saves the outcome of a page together with what people see of it.
    async fn record(&self, due: &DuePage, state: PageState, fault: Option<String>) -> Result<(), store::Error> {
        let outcome = PageOutcome {
            key: due.page.key.clone(),
            state,
            error: fault.clone(),
        };
        let what = match state {
            PageState::Sent => "paged",
            PageState::Failed => "page-failed",
            PageState::Dropped => "page-dropped",
            PageState::Pending(_) => "",
        };
        let is_shown = due.page.action == PageAction::Trigger && !what.is_empty();
        for _ in 0..TRIES {
            let mut done = Changes {
                paged: vec![outcome.clone()],
                ..Changes::default()
            };
            if is_shown && let Some((row, mut case)) = self.read(&due.page.case).await? {
                let key = due.page.key.split_once(':').map_or("", |(_, key)| key);
                let of = |one: &&mut CaseEscalation| one.page.as_ref().is_some_and(|page| page.dedup_key == key);
                if let Some(escalation) = case.escalations.iter_mut().find(of) {
                    if let Some(page) = &mut escalation.page {
                        self.ctx.on_call.service_name(&page.pager).clone_into(&mut page.service);
                        page.sent = state == PageState::Sent;
                        page.dropped = state == PageState::Dropped;
                        page.fault.clone_from(&fault);
                    }
                    if state == PageState::Sent && self.ctx.on_call.alerts(&due.page.pager).is_some() {
                        done.watches.push(PageWatch {
                            key: key.to_owned(),
                            case: due.page.case.clone(),
                            pager: due.page.pager.clone(),
                            next_at: self.ctx.clock.now().checked_add(OFTEN).ok(),
                            faults: 0,
                        });
                    }
                    let escalation = escalation.clone();
                    let detail = [("pager", json!(due.page.pager)), ("error", json!(fault))];
                    done.audit
                        .push(self.ctx.escalation_entry(what, &case, &escalation.team, None, &detail));
                    self.show(&row, &case, &escalation, &mut done);
                }
            }
            if self.commit(&done).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Adds the changed case, its card and the team's message.
    pub(super) fn show(&self, row: &CaseRow, case: &Case, escalation: &CaseEscalation, done: &mut Changes) {
        self.show_card(row, case, done);
        done.posts
            .extend(self.ctx.team_message_update(case, escalation, row.version));
    }

    /// Adds the changed case and its card.
    pub(super) fn show_card(&self, row: &CaseRow, case: &Case, done: &mut Changes) {
        let shown = self.ctx.card(&self.ctx.knowledge.get(), case);
        done.posts.extend(rows::update(case, row.version, &shown));
        let new = rows::row(case, row.version, self.ctx.clock.now());
        done.cases.extend(new.map(|new| CaseRow {
            created_at: row.created_at,
            ..new
        }));
    }

    pub(super) async fn read(&self, id: &str) -> Result<Option<(CaseRow, Case)>, store::Error> {
        let row = self.ctx.store.case(id).await?;
        Ok(row.and_then(|row| rows::read(&row).map(|case| (row, case))))
    }

    pub(super) async fn commit(&self, done: &Changes) -> Result<bool, store::Error> {
        let saved = self.ctx.store.commit(done, None, self.ctx.clock.now()).await?;
        if saved && !done.posts.is_empty() {
            self.ctx.outbox.notify_one();
        }
        if saved && !done.pages.is_empty() {
            self.ctx.calls.notify_one();
        }
        Ok(saved)
    }
}

/// The time of the next attempt: as the service says, else later from attempt to attempt.
pub(super) fn later(cause: &oncall::Error, attempts: u32, now: Timestamp) -> Timestamp {
    let wait = match cause {
        oncall::Error::RateLimited { after, .. } => SignedDuration::try_from(*after).unwrap_or(LONGEST_WAIT),
        _ => SignedDuration::from_secs(1_i64 << attempts.min(6)),
    };
    now.checked_add(wait.min(LONGEST_WAIT)).unwrap_or(now)
}
