//! A running build: its progress, its log, its waits for input, and its end.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::follow::Next;
use super::run::{End, Run, Stage};
use super::step::{GONE, RunStep, SLOWEST, Stepped};
use crate::jenkins::{Build, BuildState, Error};
use crate::jobs::log;
use crate::respond::Trouble;

/// Maximum number of log lines that are shown.
const LINES: usize = 5;
/// Maximum characters of a log line that is shown.
const LINE: usize = 160;
/// Characters of the log that are kept to find the last lines in.
const LOG: usize = 4_000;

impl RunStep<'_> {
    /// Looks up the build, and shows its progress.
    pub(super) async fn poll_build(mut self, number: u64) -> Stepped {
        let path = &self.job.path;
        if self.run.cancel.is_some() && self.run.joined {
            // Somebody else wants the build too: it goes on without this run.
            return self.end_run(End::Cancelled, "left").await;
        }
        if self.run.cancel.is_some() && !self.run.cancel_sent {
            return match self.client.stop(path, number).await {
                Ok(()) => {
                    self.run.cancel_sent = true;
                    self.save_as("cancel-sent").await
                }
                Err(error) => self.not_cancelled(&error).await,
            };
        }
        let build = match self.client.build(path, number).await {
            Ok(build) => build,
            Err(Error::NotFound) if self.live.failures >= GONE => {
                return self.end_run(End::Gone, "gone").await;
            }
            Err(error) => return self.retry_later(&error).await,
        };
        if build.queue_id.is_some() && self.run.queue_id.is_some() && build.queue_id != self.run.queue_id {
            // Jenkins restarts its numbering after some crashes: the number belongs to another request now.
            self.run.trouble = Some(Trouble::new(
                "another-build",
                "Jenkins returned a different build from the one requested",
            ));
            self.run.number = None;
            return self.end_run(End::Unknown, "unknown").await;
        }
        let had_trouble = self.run.trouble.is_some();
        self.clear_trouble();
        self.live.estimate = build
            .estimate
            .map(|estimate| estimate.as_secs())
            .filter(|estimate| *estimate > 0);
        if let BuildState::Done(result) = &build.state {
            self.run.go(
                Stage::Reading {
                    number,
                    result: result.clone(),
                    seconds: Some(seconds_of(&build, &self.run, self.now())),
                },
                self.now(),
            );
            let told = [("build", json!(number)), ("result", json!(result.to_string()))];
            let audit = vec![self.runner.entry(&self.run, "result", None, &told)];
            self.save(audit).await?;
            return Ok(Next::Again);
        }
        if let Some(next) = self.give_up_if_overdue().await? {
            return Ok(next);
        }
        self.read_log(number).await;
        let waits = build.state == BuildState::WaitsForInput || log::waits_for_input(&self.live.log_end);
        let Stage::Running { waits_for_input, .. } = &mut self.run.stage else {
            return Ok(Next::Again);
        };
        if *waits_for_input != waits || had_trouble {
            *waits_for_input = waits;
            self.save(Vec::new()).await?;
            // The changes were shown together with the row.
        } else {
            self.runner.show(&self.run, self.live).await?;
        }
        Ok(Next::Wait(self.slower(self.live.looks)))
    }

    /// Reads the last lines of a build's log. If that fails, the run is followed all the same.
    async fn read_log(&mut self, number: u64) {
        // Secret values that are not known any more cannot be masked.
        let Some(masks) = self.runner.masks(self.job, &self.run) else {
            return;
        };
        let Ok(more) = self.client.log(&self.job.path, number, &mut self.live.log_read).await else {
            return;
        };
        self.live.log_end.push_str(&more.text);
        let excess = self.live.log_end.chars().count().saturating_sub(LOG);
        if excess > 0 {
            // Whole lines only: half a secret could not be masked.
            let rest: String = self.live.log_end.chars().skip(excess).collect();
            rest.split_once('\n')
                .map_or("", |(_, rest)| rest)
                .clone_into(&mut self.live.log_end);
        }
        let whole = match self.live.log_end.rsplit_once('\n') {
            Some((whole, _)) if more.more => whole,
            None if more.more => "",
            _ => self.live.log_end.as_str(),
        };
        let masked = masks.mask(whole);
        let lines = log::tail(&masked, LINES).into_iter();
        self.live.log = lines.map(|line| line.chars().take(LINE).collect()).collect();
    }

    /// The interval between two look-ups of a build, which grows with their number.
    fn slower(&self, looks: u32) -> Duration {
        match looks {
            ..30 => self.runner.pace.build,
            30..120 => (self.runner.pace.build * 2).min(SLOWEST.max(self.runner.pace.build)),
            _ => (self.runner.pace.build * 6).min(SLOWEST.max(self.runner.pace.build)),
        }
    }
}

/// The duration of a build in seconds: as Jenkins reports it, else as the bot saw it.
fn seconds_of(build: &Build, run: &Run, now: Timestamp) -> i64 {
    let seen = now.duration_since(run.since);
    build.took.unwrap_or(seen).as_secs()
}
