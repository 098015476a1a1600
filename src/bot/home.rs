//! The Home tab, published when somebody opens it and again when its content changes.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::cases::rows;
use super::context::Context;
use super::modals;
use super::runs::{Run, post_of};
use crate::bot::cases::{Case, CaseStatus};
use crate::jobs::Job;
use crate::respond::{Ending, HomeFacts, Problems, RECENT, RecentMatch, RunLine};
use crate::runbook::{Button, Library};
use crate::slack::sender::Body;
use crate::slack::web::Error;
use crate::store::{self, CaseRow};

/// Time after opening the tab within which a user's tab is kept up to date.
const WATCHES: Duration = Duration::from_hours(24);
/// Pause between two rounds of updates. Changes come in bursts: one click on a case follows another.
const SETTLE: Duration = Duration::from_millis(300);
/// Longest pause when Slack limits the rate of calls.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Maximum number of users whose tabs are updated after a change for all; the others see it when they open the tab
/// again.
const MOST: usize = 200;
/// Maximum number of blocks in a Home tab (Slack's limit).
const BLOCKS: usize = 100;
/// Action id of the button that refreshes the tab.
pub(super) const REFRESH: &str = "signpost_home_refresh";

/// Publishes the Home tabs and keeps them up to date.
#[derive(Debug)]
pub(super) struct Home {
    ctx: Arc<Context>,
    visitors: Visitors,
}

/// Users who opened the tab lately, and those whose tab is out of date.
#[derive(Debug, Default)]
struct Visitors {
    opened: Mutex<HashMap<String, Instant>>,
    stale: Mutex<BTreeSet<String>>,
    wake: Notify,
}

impl Visitors {
    /// Records that a user opened the tab, and marks it as out of date.
    fn open(&self, user: &str) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|_, at| at.elapsed() < WATCHES);
        if opened.len() < 10 * MOST {
            opened.insert(user.to_owned(), Instant::now());
        }
        drop(opened);
        self.mark(user);
    }

    /// Marks a user's tab as out of date, if they opened it lately.
    fn change(&self, user: &str) {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let watches = opened.get(user).is_some_and(|at| at.elapsed() < WATCHES);
        drop(opened);
        if watches {
            self.mark(user);
        }
    }

    fn change_all(&self) {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest: Vec<(Instant, String)> = opened.iter().map(|(user, at)| (*at, user.clone())).collect();
        drop(opened);
        latest.sort();
        for (_, user) in latest.into_iter().rev().take(MOST) {
            self.mark(&user);
        }
    }

    fn mark(&self, user: &str) {
        let mut stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        stale.insert(user.to_owned());
        drop(stale);
        self.wake.notify_one();
    }

    fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.stale.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Home {
    pub(super) fn new(ctx: &Arc<Context>) -> Self {
        Self {
            ctx: Arc::clone(ctx),
            visitors: Visitors::default(),
        }
    }

    /// Handles a user opening or refreshing the tab.
    pub(super) fn opened(&self, user: &str) {
        self.visitors.open(user);
    }

    /// Updates a user's tab after a change to one of their cases or runs.
    pub(super) fn changed_for(&self, user: &str) {
        self.visitors.change(user);
    }

    /// Updates the tabs of recent visitors after the runbooks changed.
    pub(super) fn changed(&self) {
        self.visitors.change_all();
    }

    /// Publishes tabs that are out of date, until told to stop.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.visitors.wake.notified() => {}
            }
            // A tab can be published again later: a shutdown waits for no call and for no pause.
            let pause = tokio::select! {
                () = stop.cancelled() => return,
                pause = self.publish_all() => pause,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause.max(SETTLE)) => {}
            }
        }
    }

    /// Publishes all tabs that are out of date. Returns the pause that Slack asks for, zero when it asks for none.
    async fn publish_all(&self) -> Duration {
        let mut stale = self.visitors.take().into_iter();
        while let Some(user) = stale.next() {
            if let Some(after) = self.publish(&user).await {
                for user in std::iter::once(user).chain(stale) {
                    self.visitors.mark(&user);
                }
                return after;
            }
        }
        Duration::ZERO
    }

    /// Publishes a user's tab. Returns the time to wait when Slack limits the rate of calls.
    async fn publish(&self, user: &str) -> Option<Duration> {
        let view = match self.view(user).await {
            Ok(view) => view,
            Err(cause) => {
                warn!(%cause, "a Home tab cannot be put together");
                return None;
            }
        };
        match self.ctx.sender.publish_view(user, view).await {
            Ok(_) => debug!(user, "a Home tab is shown"),
            Err(Error::RateLimited { after, .. }) => return Some(after.min(LONGEST_PAUSE)),
            Err(error) => warn!(%error, user, "a Home tab cannot be shown"),
        }
        None
    }

    async fn view(&self, user: &str) -> Result<serde_json::Value, store::Error> {
        let known = self.ctx.knowledge.get();
        let rows = self.ctx.store.cases_of(user, RECENT as u32).await?;
        let labels = &self.ctx.responder.labels().buttons;
        let button = |label: &str, action: &str, primary| Button {
            label: label.to_owned(),
            action: action.to_owned(),
            value: "{}".to_owned(),
            primary,
        };
        let facts = HomeFacts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now: self.ctx.clock.now(),
            runbooks: known.library.runbooks.len(),
            loaded_at: Some(known.read_at),
            reload_failed: self.ctx.knowledge.reload_failed(),
            problems: Problems::of(&known.library.diagnostics),
            matches: join_all(rows.iter().map(|row| self.found(&known.library, row)))
                .await
                .into_iter()
                .flatten()
                .collect(),
            runs: self.runs(user).await?,
            buttons: vec![
                button(&labels.paste, modals::OPEN_PASTE, true),
                button(&labels.refresh, REFRESH, false),
            ],
        };
        let mut blocks = Body::of(&self.ctx.responder.home(&facts)).blocks;
        blocks.truncate(BLOCKS);
        Ok(json!({"type": "home", "callback_id": "home", "blocks": blocks}))
    }

    /// A user's latest runs; `None` where no jobs are registered.
    async fn runs(&self, user: &str) -> Result<Option<Vec<RunLine>>, store::Error> {
        if self.ctx.registry().jobs.is_empty() {
            return Ok(None);
        }
        let rows = self.ctx.store.latest_runs(Some(user), RECENT as u32).await?;
        let runs = rows.iter().filter_map(Run::read).collect::<Vec<_>>();
        Ok(Some(join_all(runs.iter().map(|run| self.line(run))).await))
    }

    async fn line(&self, run: &Run) -> RunLine {
        let job = self.ctx.registry().job(&run.job);
        let place = self.ctx.store.posted(&post_of(&run.id)).await.ok().flatten();
        let url = match place {
            Some(place) => self.ctx.reading.permalink(&place.channel, &place.ts).await,
            None => None,
        };
        RunLine {
            title: job.map_or(&*run.job, Job::shown).to_owned(),
            stage: run.stage_name(),
            result: run.result(),
            by: run.by.name.clone(),
            at: run.by.at,
            url,
        }
    }

    async fn found(&self, library: &Library, row: &CaseRow) -> Option<RecentMatch> {
        let case: Case = rows::read(row)?;
        let place = case.place.as_ref().or(case.found.as_ref())?;
        let title = match (place.find(library), &place.section) {
            (_, Some(section)) => section.clone(),
            (Some(id), None) => library.runbook(id)?.title.clone(),
            (None, None) => place.runbook.clone(),
        };
        let url = match (&case.post, &case.thread_ts) {
            (Some(_), Some(thread)) => self.ctx.reading.permalink(&case.channel, thread).await,
            _ => None,
        };
        Some(RecentMatch {
            title,
            channel: self.ctx.people.channel(&case.channel).await,
            at: row.updated_at,
            ending: match case.status {
                CaseStatus::Open | CaseStatus::Choosing(_) | CaseStatus::Withdrawn => Ending::Open,
                CaseStatus::Fixed(_) | CaseStatus::Resolved(_) => Ending::Fixed,
                CaseStatus::NotHelped(_) => Ending::NotHelped,
                CaseStatus::Escalated(_) => Ending::Escalated,
            },
            url,
        })
    }
}
