//! The task that sends pages and goes on with escalations that nobody acknowledges.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::submit::{dedup_key, page, timer};
use crate::bot::cases::{Case, CaseEscalation, CasePage, CaseStatus, rows};
use crate::bot::context::Context;
use crate::bot::on_call::TeamOnCall;
use crate::oncall::{self, Page};
use crate::runbook::{EscalationStep, Team};
use crate::store::{self, CaseRow, Changes, DuePage, PageAction, PageOutcome, PageState};

/// Interval between looks at the store when nothing wakes the task.
const LOOK: Duration = Duration::from_secs(1);
/// Most pages and escalations of one round.
const ROUND: u32 = 20;
/// Age from which a page that could not be sent is given up, and people are told.
const GIVE_UP: SignedDuration = SignedDuration::from_mins(15);
/// Longest wait between two attempts.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(60);
/// Tries of a change that conflicts with a person's change of the same case.
const TRIES: usize = 20;

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
        for case in self.ctx.store.due_escalations(now, ROUND).await? {
            self.go_on(&case).await?;
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
        let found = self.read(&page.case).await?;
        let is_needed = found.is_some_and(|(_, case)| case.needs_page(&request.dedup_key));
        if page.action == PageAction::Trigger && !is_needed {
            return self.record(due, PageState::Dropped, None).await;
        }
        let Some(pager) = self.ctx.on_call.pager(&page.pager) else {
            let fault = format!("oncall.toml has no pager \"{}\"", page.pager);
            return self.record(due, PageState::Failed, Some(fault)).await;
        };
        let sent = match page.action {
            PageAction::Trigger => pager.trigger(&request).await,
            PageAction::Acknowledge => pager.acknowledge(&request.dedup_key).await,
        };
        let outcome = sent.as_ref().err().map_or("ok", oncall::Error::class);
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
        let is_shown = due.page.action == PageAction::Trigger && matches!(state, PageState::Sent | PageState::Failed);
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
                        page.sent = state == PageState::Sent;
                        page.fault.clone_from(&fault);
                    }
                    let escalation = escalation.clone();
                    let what = if fault.is_none() { "paged" } else { "page-failed" };
                    let detail = [("pager", json!(due.page.pager)), ("error", json!(fault))];
                    done.audit
                        .push(self.ctx.escalation_entry(what, &case, &escalation, None, &detail));
                    self.show(&row, &case, &escalation, &mut done);
                }
            }
            if self.commit(&done).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes the next step of an escalation that nobody has acknowledged.
    async fn go_on(&self, id: &str) -> Result<(), store::Error> {
        for _ in 0..TRIES {
            let now = self.ctx.clock.now();
            let mut done = Changes {
                timers: vec![timer(id, None, now)],
                ..Changes::default()
            };
            if let Some((row, mut case)) = self.read(id).await?
                && !case.is_acknowledged()
                && matches!(case.status, CaseStatus::Escalated(_))
                && !case.external
                && let Some(first) = case.current_escalation().first().cloned()
            {
                self.step(&row, &mut case, &first, now, &mut done);
            }
            if self.commit(&done).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Adds the next step to a case, and what follows from it to `done`.
    fn step(&self, row: &CaseRow, case: &mut Case, first: &CaseEscalation, now: Timestamp, done: &mut Changes) {
        let known = self.ctx.knowledge.get();
        let steps = known
            .library
            .teams
            .get(&first.team)
            .map(|team| team.routing.escalation.as_slice());
        let steps = steps.unwrap_or_default();
        let taken = case.escalations.last().map_or(1, |last| last.step);
        let Some(step) = steps.get(taken - 1) else { return };
        let escalation = self.next(case, first, step, taken + 1);
        case.escalate(escalation.clone());
        let message = self.ctx.team_message(case, &escalation);
        // Below the first message where the channel is the same, which is known once that one is posted.
        done.posts
            .extend(rows::post(&escalation.post, &escalation.channel, None, &message));
        done.pages = page(case, &escalation, PageAction::Trigger);
        done.timers = vec![timer(&case.id, steps.get(taken).map(|step| step.after), now)];
        let detail = [("step", json!(escalation.step)), ("mentions", json!(escalation.pings))];
        done.audit.push(
            self.ctx
                .escalation_entry("escalation-step", case, &escalation, None, &detail),
        );
        metrics::counter!("signpost_escalations_total", "team" => escalation.team.clone()).increment(1);
        self.show(row, case, &escalation, done);
        // The message itself is new.
        done.posts
            .retain(|post| !post.key.starts_with(&format!("update:{}", escalation.post)));
    }

    fn next(&self, case: &Case, first: &CaseEscalation, step: &EscalationStep, number: usize) -> CaseEscalation {
        let known = self.ctx.knowledge.get();
        let team = known.library.teams.get(step.team.as_ref().unwrap_or(&first.team));
        let routing = team.map(|team| &team.routing);
        let on_call = team.and_then(|team| self.ctx.on_call.known(team, self.ctx.clock.now()));
        let people = on_call.as_ref().map(TeamOnCall::people).unwrap_or_default();
        let people = match &step.mention {
            Some(person) => vec![person.clone()],
            None => people,
        };
        let mut pings: Vec<String> = people.iter().filter_map(|person| person.slack.clone()).collect();
        if pings.is_empty() {
            pings.extend(routing.and_then(|routing| routing.group.clone()));
        }
        let names: Vec<String> = people.into_iter().map(|person| person.name).collect();
        let key = team.map_or(&first.team, |team| &team.key);
        let pager = routing.and_then(|routing| routing.page.as_ref()).filter(|_| step.page);
        CaseEscalation {
            id: format!("{}-{number}", first.id),
            team: key.clone(),
            team_name: team.map_or(&*first.team_name, Team::shown).to_owned(),
            channel: routing
                .and_then(|routing| routing.channel.clone())
                .unwrap_or_else(|| first.channel.clone()),
            post: format!("escalate:{}:{}-{number}", case.id, first.id),
            pings,
            person: Some(names.join(", ")).filter(|names| !names.is_empty()),
            step: number,
            page: pager.map(|rule| CasePage {
                pager: rule.pager.clone(),
                dedup_key: dedup_key(&case.id, &format!("{}-{number}", first.id)),
                ..CasePage::default()
            }),
            ..first.clone()
        }
    }

    /// Adds the changed case, its card and the team's message.
    fn show(&self, row: &CaseRow, case: &Case, escalation: &CaseEscalation, done: &mut Changes) {
        let shown = self.ctx.card(&self.ctx.knowledge.get(), case);
        done.posts.extend(rows::update(case, row.version, &shown));
        done.posts
            .extend(self.ctx.team_message_update(case, escalation, row.version));
        let new = rows::row(case, row.version, self.ctx.clock.now());
        done.cases.extend(new.map(|new| CaseRow {
            created_at: row.created_at,
            ..new
        }));
    }

    async fn read(&self, id: &str) -> Result<Option<(CaseRow, Case)>, store::Error> {
        let row = self.ctx.store.case(id).await?;
        Ok(row.and_then(|row| rows::read(&row).map(|case| (row, case))))
    }

    async fn commit(&self, done: &Changes) -> Result<bool, store::Error> {
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
fn later(cause: &oncall::Error, attempts: u32, now: Timestamp) -> Timestamp {
    let wait = match cause {
        oncall::Error::RateLimited { after, .. } => SignedDuration::try_from(*after).unwrap_or(LONGEST_WAIT),
        _ => SignedDuration::from_secs(1_i64 << attempts.min(6)),
    };
    now.checked_add(wait.min(LONGEST_WAIT)).unwrap_or(now)
}
