//! A running build: its progress, its log, its waits for input, and its end.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::Runner;
use super::advance::{Asking, GONE, SLOWEST, answered};
use super::follow::Next;
use super::run::{End, Run, Stage};
use super::show::FollowState;
use crate::jenkins::{Build, BuildState, Error};
use crate::jobs::log;
use crate::respond::Trouble;
use crate::store::{self, AuditEntry};

/// Maximum number of log lines that are shown.
const LINES: usize = 5;
/// Maximum characters of a log line that is shown.
const LINE: usize = 160;
/// Characters of the log that are kept to find the last lines in.
const LOG: usize = 4_000;

impl Runner {
    /// Looks up the build, and shows its progress.
    pub(super) async fn running(
        &self,
        asking: &Asking<'_>,
        mut run: Run,
        number: u64,
        live: &mut FollowState,
    ) -> Result<Next, store::Error> {
        let path = &asking.job.path;
        if run.cancel.is_some() && run.joined {
            // Somebody else wants the build too: it goes on without this run.
            run.end(End::Cancelled, self.ctx.clock.now());
            return self.written(asking.row, &run, live, "left").await;
        }
        if run.cancel.is_some() && !run.cancel_sent {
            return match asking.client.stop(path, number).await {
                Ok(()) => {
                    run.cancel_sent = true;
                    self.written(asking.row, &run, live, "cancel-sent").await
                }
                Err(error) => self.not_cancelled(asking, run, live, &error).await,
            };
        }
        let build = match asking.client.build(path, number).await {
            Ok(build) => build,
            Err(Error::NotFound) if live.failures >= GONE => {
                run.end(End::Gone, self.ctx.clock.now());
                return self.written(asking.row, &run, live, "gone").await;
            }
            Err(error) => return self.unanswered(asking, run, live, &error).await,
        };
        if build.queue_id.is_some() && run.queue_id.is_some() && build.queue_id != run.queue_id {
            // Jenkins restarts its numbering after some crashes: the number belongs to another request now.
            run.trouble = Some(Trouble {
                class: "another-build".to_owned(),
                words: "the build that Jenkins names is not the one that was asked for".to_owned(),
                about: None,
            });
            run.number = None;
            run.end(End::Unknown, self.ctx.clock.now());
            return self.written(asking.row, &run, live, "unknown").await;
        }
        let had_trouble = run.trouble.is_some();
        answered(&mut run, live);
        live.estimate = build
            .estimate
            .map(|estimate| estimate.as_secs())
            .filter(|estimate| *estimate > 0);
        if let BuildState::Done(result) = &build.state {
            run.go(
                Stage::Reading {
                    number,
                    result: result.clone(),
                    seconds: Some(seconds_of(&build, &run, self.ctx.clock.now())),
                },
                self.ctx.clock.now(),
            );
            let told = [("build", json!(number)), ("result", json!(result.to_string()))];
            let audit: Vec<AuditEntry> = vec![self.entry(&run, "result", None, &told)];
            self.save(asking.row, &run, live, audit).await?;
            return Ok(Next::Again);
        }
        if let Some(next) = self.gave_up(asking, &run, live).await? {
            return Ok(next);
        }
        self.read_log(asking, &run, number, live).await;
        let waits = build.state == BuildState::WaitsForInput || log::waits_for_input(&live.log_end);
        let Stage::Running { waits_for_input, .. } = &mut run.stage else {
            return Ok(Next::Again);
        };
        if *waits_for_input != waits || had_trouble {
            *waits_for_input = waits;
            self.save(asking.row, &run, live, Vec::new()).await?;
            // The changes were shown together with the row.
        } else {
            self.show(&run, live).await?;
        }
        Ok(Next::Wait(self.slower(live.looks)))
    }

    /// The interval between two look-ups of a build, which grows with their number.
    fn slower(&self, looks: u32) -> Duration {
        match looks {
            ..30 => self.pace.build,
            30..120 => (self.pace.build * 2).min(SLOWEST.max(self.pace.build)),
            _ => (self.pace.build * 6).min(SLOWEST.max(self.pace.build)),
        }
    }

    /// Reads the last lines of a build's log. If that fails, the run is followed all the same.
    async fn read_log(&self, asking: &Asking<'_>, run: &Run, number: u64, live: &mut FollowState) {
        // Secret values that are not known any more cannot be masked.
        let Some(masks) = self.masks(asking.job, run) else {
            return;
        };
        let Ok(more) = asking.client.log(&asking.job.path, number, &mut live.log_read).await else {
            return;
        };
        live.log_end.push_str(&more.text);
        let excess = live.log_end.chars().count().saturating_sub(LOG);
        if excess > 0 {
            // Whole lines only: half a secret could not be masked.
            let rest: String = live.log_end.chars().skip(excess).collect();
            rest.split_once('\n')
                .map_or("", |(_, rest)| rest)
                .clone_into(&mut live.log_end);
        }
        let whole = match live.log_end.rsplit_once('\n') {
            Some((whole, _)) if more.more => whole,
            None if more.more => "",
            _ => live.log_end.as_str(),
        };
        let masked = masks.mask(whole);
        let lines = log::tail(&masked, LINES).into_iter();
        live.log = lines.map(|line| line.chars().take(LINE).collect()).collect();
    }
}

/// The duration of a build in seconds: as Jenkins reports it, else as the bot saw it.
fn seconds_of(build: &Build, run: &Run, now: Timestamp) -> i64 {
    let seen = now.duration_since(run.since);
    build.took.unwrap_or(seen).as_secs()
}
