//! The message of a run in Slack: its content and its updates.

use jiff::Timestamp;
use serde_json::Value;

use super::Runner;
use super::progress::{self, spoken};
use super::run::{End, Run, Stage, notice_of, post_of};
use crate::bot::cases::rows;
use crate::bot::escalations::with_mention;
use crate::jenkins::LogPosition;
use crate::jobs::Job;
use crate::respond::RunCard;
use crate::slack::sender::Body;
use crate::store::{self, Action, AuditEntry, Changes, NewPost, RunRow};
use crate::traces::{self, TraceSpan};

/// Maximum number of people and groups who are mentioned for an approval.
const APPROVERS: usize = 10;

/// The state of a run that is kept only while it is followed.
#[derive(Debug, Default)]
pub(super) struct FollowState {
    /// The version of the row that was shown last, and its message.
    pub(super) version: i64,
    pub(super) shown: Option<Body>,
    /// The last lines of the build's log, masked.
    pub(super) log: Vec<String>,
    /// Position in the build's log up to which it was read.
    pub(super) log_read: LogPosition,
    /// The end of the log as Jenkins sent it, to continue from.
    pub(super) log_end: String,
    /// Jenkins' estimate of the build's duration, in seconds.
    pub(super) estimate: Option<i64>,
    /// Look-ups in this stage.
    pub(super) looks: u32,
    /// Failed look-ups in a row.
    pub(super) failures: u32,
}

impl Runner {
    /// The message of a run.
    pub(super) fn body(&self, run: &Run, live: &FollowState) -> Body {
        let body = Body::of(&self.ctx.responder.run(&self.card(run, live)));
        match (&run.stage, self.job(run)) {
            (Stage::Approval { .. }, Some(job)) => with_mention(body, &approvers(job, run)),
            _ => body,
        }
    }

    /// The update of a run's message.
    pub(super) fn update_of(&self, run: &Run, live: &FollowState) -> Option<NewPost> {
        self.change(run, &self.body(run, live))
    }

    fn change(&self, run: &Run, shown: &Body) -> Option<NewPost> {
        if run.silent {
            return None;
        }
        let key = self.memory.update_key(&run.id);
        let post = rows::post(&key, &run.channel, run.thread_ts.clone(), shown)?;
        Some(NewPost {
            action: Action::Update { of: post_of(&run.id) },
            ..post
        })
    }

    /// Saves a run, with its message and audit entries. Returns false when it changed since it was read.
    pub(super) async fn save(
        &self,
        row: &RunRow,
        run: &Run,
        live: &mut FollowState,
        audit: Vec<AuditEntry>,
    ) -> Result<bool, store::Error> {
        let done = Changes {
            audit,
            ..Changes::default()
        };
        self.save_with(row, run, live, done).await
    }

    /// Saves a run together with other changes that belong to it.
    pub(super) async fn save_with(
        &self,
        row: &RunRow,
        run: &Run,
        live: &mut FollowState,
        mut done: Changes,
    ) -> Result<bool, store::Error> {
        let Some(new) = run.row(row.version, row.fingerprint.clone(), row.created_at) else {
            return Ok(true);
        };
        done.runs.push(new);
        // The update comes first: posts that follow from it come below.
        let shown = self.body(run, live);
        if let Some(update) = self.change(run, &shown) {
            done.posts.insert(0, update);
        }
        let saved = self.ctx.store.commit(&done, None, self.ctx.clock.now()).await?;
        if saved {
            trace_stage(row, run);
            live.version = row.version + 1;
            live.shown = Some(shown);
            live.looks = 0;
            self.ctx.outbox.notify_one();
            self.ctx.home_visitors.changed_for(&run.by.by);
            if !run.is_live() {
                self.memory.forget(&run.id);
                let end = run.ended().map_or_else(
                    || run.stage_name().as_str().to_owned(),
                    |ended| ended.result.to_string(),
                );
                metrics::counter!("signpost_runs_total", "job" => run.job.clone(), "end" => end).increment(1);
            }
            self.memory.wake.notify_one();
        }
        Ok(saved)
    }

    /// A reply in the thread of a run that was not approved, since an update of its message notifies nobody. `None`
    /// when the thread is not known, or when the run is silent.
    pub(super) async fn notice(&self, run: &Run, until: Option<Timestamp>) -> Result<Option<NewPost>, store::Error> {
        if run.silent {
            return Ok(None);
        }
        let title = self.job(run).map_or(&*run.job, Job::shown);
        let declined = run.declined.as_ref().map(|mark| mark.name.as_str());
        let expired = until.is_some();
        let until = until.map(spoken_moment);
        let said = self
            .ctx
            .responder
            .run_notice(title, &run.by.name, declined, until.as_deref());
        let key = notice_of(&run.id);
        let mut body = Body::of(&said);
        if expired {
            body = with_mention(body, std::slice::from_ref(&run.by.by));
        }
        self.reply(run, &key, &body).await
    }

    /// A reply to a run's message: in the thread where it was requested, or below its own message; in a conversation
    /// with the bot alone it stands beside that. `None` while the run's message is not posted.
    pub(super) async fn reply(&self, run: &Run, key: &str, body: &Body) -> Result<Option<NewPost>, store::Error> {
        let thread = self.thread_of(run).await?;
        if thread.is_none() && !run.is_in_conversation() {
            return Ok(None);
        }
        Ok(rows::post(key, &run.channel, thread, body))
    }

    /// The thread of a run: where it was requested, or below its own message. `None` while that is not posted, and in a
    /// conversation with the bot alone.
    pub(super) async fn thread_of(&self, run: &Run) -> Result<Option<String>, store::Error> {
        Ok(match &run.thread_ts {
            Some(thread) => Some(thread.clone()),
            None if run.is_in_conversation() => None,
            None => self.ctx.store.posted(&post_of(&run.id)).await?.map(|place| place.ts),
        })
    }

    /// Updates a run's message when its progress has changed.
    pub(super) async fn show(&self, run: &Run, live: &mut FollowState) -> Result<(), store::Error> {
        let shown = self.body(run, live);
        if live.shown.as_ref() == Some(&shown) {
            return Ok(());
        }
        // Somebody changed the run since it was read, and showed that: the next look takes it up.
        let row = self.ctx.store.run(&run.id).await?;
        if row.is_none_or(|row| row.version != live.version) {
            return Ok(());
        }
        if let Some(update) = self.change(run, &shown) {
            self.ctx.store.enqueue(&[update], self.ctx.clock.now()).await?;
            self.ctx.outbox.notify_one();
        }
        live.shown = Some(shown);
        Ok(())
    }

    fn card(&self, run: &Run, live: &FollowState) -> RunCard {
        let job = self.job(run);
        let name = |mark: &Option<crate::bot::cases::Actor>| mark.as_ref().map(|mark| mark.name.clone());
        let mut card = RunCard {
            run: run.id.clone(),
            title: job.map_or(&*run.job, Job::shown).to_owned(),
            job: run.job.clone(),
            case: run.case.clone().unwrap_or_default(),
            by: run.by.name.clone(),
            also: run.also.iter().map(|mark| mark.name.clone()).collect(),
            parameters: self.parameters(run),
            stage: run.stage_name(),
            url: job.and_then(|job| self.page(job, run.number)),
            number: run.number,
            joined: run.joined,
            trouble: run.trouble.clone(),
            approved_by: name(&run.approved),
            declined_by: name(&run.declined),
            cancelled_by: name(&run.cancel),
            cancelling: run.cancel.is_some() && run.is_live(),
            ..RunCard::default()
        };
        match &run.stage {
            Stage::Approval { until } => card.until = Some(spoken_moment(*until)),
            Stage::Ready { behind } => card.behind = *behind,
            Stage::Queued { why, .. } => card.why.clone_from(why),
            Stage::Running { .. } => {
                let seconds = self.ctx.clock.now().duration_since(run.since).as_secs();
                card.percent = live.estimate.and_then(|estimate| progress::percent(seconds, estimate));
                card.took = Some(spoken(progress::coarse(seconds)));
                card.usual = live.estimate.map(spoken);
                card.log.clone_from(&live.log);
            }
            Stage::Over { end } => match &**end {
                End::Invalid { faults } => card.faults.clone_from(faults),
                End::Done(ended) => {
                    card.result = Some(ended.result.to_string());
                    card.took = ended.seconds.map(spoken);
                    card.has_checks = ended.has_checks;
                    card.findings.clone_from(&ended.findings);
                    card.missing.clone_from(&ended.missing);
                    card.section.clone_from(&ended.section);
                    card.reason.clone_from(&ended.reason);
                    card.is_shown = ended.is_shown;
                    card.found.clone_from(&ended.found);
                }
                _ => {}
            },
            Stage::Triggering | Stage::Reading { .. } => {}
        }
        card
    }

    /// The parameters in the order of the registry, with secrets masked.
    fn parameters(&self, run: &Run) -> Vec<(String, String)> {
        let mut shown = self.shown(run);
        let job = self.job(run);
        let order = job.into_iter().flat_map(|job| &job.parameters);
        let mut list: Vec<(String, String)> = order
            .filter_map(|parameter| shown.remove_entry(&parameter.name))
            .collect();
        list.extend(shown);
        list
    }

    /// The page of the build, or of the job while there is none.
    fn page(&self, job: &Job, number: Option<u64>) -> Option<String> {
        let client = self.client(job)?;
        Some(match number {
            Some(number) => client.build_page(&job.path, number).to_string(),
            None => client.job_page(&job.path).to_string(),
        })
    }

    /// The audit's details of an error of Jenkins.
    pub(super) fn told(trouble: &crate::respond::Trouble) -> [(&'static str, Value); 2] {
        [
            ("class", Value::from(trouble.class.clone())),
            ("error", Value::from(trouble.words.clone())),
        ]
    }
}

/// The people and groups who are asked to approve a run. An update that repeats a mention notifies nobody again.
pub(super) fn approvers(job: &Job, run: &Run) -> Vec<String> {
    let others = job.approve_by.iter().filter(|id| **id != run.by.by);
    others.take(APPROVERS).cloned().collect()
}

/// Traces the stage that a run has left for another one, from when the run entered it.
fn trace_stage(row: &RunRow, run: &Run) {
    if !traces::is_on() {
        return;
    }
    let left = Run::read(row).filter(|left| left.stage_name().as_str() != run.stage_name().as_str());
    if let Some(left) = left {
        let mut span = TraceSpan::since("run", run.traced_as(), left.since);
        span.set("signpost.run", &run.id);
        span.set("signpost.job", &run.job);
        span.set("signpost.stage", left.stage_name().as_str());
        span.set("signpost.next", run.stage_name().as_str());
    }
}

/// A moment as people read it: `1 May 06:41 UTC`.
pub(super) fn spoken_moment(at: Timestamp) -> String {
    crate::respond::moment(at)
}
