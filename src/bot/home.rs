//! The Home tab, published when somebody opens it and again when its content changes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::cases::rows;
use super::context::Context;
use super::modals;
use super::runs::{Run, post_of};
use crate::bot::cases::{Case, CaseStatus};
use crate::jobs::Job;
use crate::respond::{Ending, HomeFacts, OnCallLine, Problems, RECENT, RecentMatch, RunLine};
use crate::runbook::{Button, Library};
use crate::slack::sender::Body;
use crate::slack::web::Error;
use crate::store::{self, CaseRow};

/// Most teams whose people on call are listed.
const TEAMS: usize = 10;
/// Pause between two rounds of updates. Changes come in bursts: one click on a case follows another.
const SETTLE: Duration = Duration::from_millis(300);
/// Longest pause when Slack limits the rate of calls.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Maximum number of blocks in a Home tab (Slack's limit).
const BLOCKS: usize = 100;
/// Action id of the button that refreshes the tab.
pub(super) const REFRESH: &str = "signpost_home_refresh";

/// Publishes the Home tabs and keeps them up to date.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) ctx: Arc<Context>,
}

impl Home {
    /// Publishes tabs that are out of date, until told to stop.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.ctx.home_visitors.outdated() => {}
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
        let mut stale = self.ctx.home_visitors.take().into_iter();
        while let Some(user) = stale.next() {
            if let Some(after) = self.publish(&user).await {
                for user in std::iter::once(user).chain(stale) {
                    self.ctx.home_visitors.mark(&user);
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
                warn!(%cause, "a Home tab cannot be rendered");
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
            url: None,
            primary,
            menu: None,
        };
        let facts = HomeFacts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now: self.ctx.clock.now(),
            runbooks: known.library.runbooks.len(),
            skipped: known.library.skipped.len(),
            loaded_at: Some(known.read_at),
            reload_failed: self.ctx.knowledge.reload_failed(),
            problems: Problems::of(&known.library.diagnostics),
            matches: join_all(rows.iter().map(|row| self.found(&known.library, row)))
                .await
                .into_iter()
                .flatten()
                .collect(),
            runs: self.runs(user).await?,
            on_call: self.on_call(&known.library),
            buttons: vec![
                button(&labels.paste, modals::OPEN_PASTE, true),
                button(&labels.refresh, REFRESH, false),
            ],
        };
        let mut blocks = Body::of(&self.ctx.responder.home(&facts)).drawn();
        blocks.truncate(BLOCKS);
        Ok(json!({"type": "home", "callback_id": "home", "blocks": blocks}))
    }

    /// The people on call for the first teams that have a source, as far as they are known without asking.
    fn on_call(&self, library: &Library) -> Vec<OnCallLine> {
        let teams = library.teams.values().filter(|team| team.routing.on_call.is_some());
        self.ctx.on_call_lines(teams.take(TEAMS).map(|team| team.key.as_str()))
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
        let title = place.title(library);
        let thread = rows::thread_of(self.ctx.store.as_ref(), &case).await.ok().flatten();
        let url = match thread {
            Some(thread) => self.ctx.reading.permalink(&case.channel, &thread).await,
            None => None,
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
