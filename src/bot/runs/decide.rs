//! People's decisions about a run: approve, decline, cancel, ask again, go on to the next section.

use serde_json::json;

use super::run::{End, Run, Stage};
use super::show::FollowState;
use super::trigger::AGAIN;
use super::{Origin, Request, Requested, Runner};
use crate::bot::cases::{Actor, TopicRef};
use crate::jobs::parameters::{Fault, FieldFault};
use crate::jobs::{Denied, Job, JobId};
use crate::policy;
use crate::store::{self, Changes};

/// Tries of a click that conflicts with another person's click on the same run.
const TRIES: usize = 20;

/// The outcome of a decision: nothing, or the reason why it is denied.
type Decided = Result<Result<(), Denied>, store::Error>;

/// The decision on a run, once its latest version is known.
enum RunChange {
    /// Saves the run together with other changes.
    Save(Box<(Run, Changes)>),
    /// Leaves the run as it is.
    Leave(Result<(), Denied>),
    /// Denies the decision, with an entry of this name in the audit.
    Deny(Box<Run>, &'static str, Denied),
}

impl Runner {
    /// Changes a run on behalf of a person. `change` gets the latest version of the run; it is called again when somebody
    /// else changed the run meanwhile.
    async fn update<F>(&self, id: &str, mark: &Actor, mut change: impl FnMut(Run) -> F + Send) -> Decided
    where
        F: Future<Output = Result<RunChange, store::Error>> + Send,
    {
        for _ in 0..TRIES {
            let Some((row, run)) = self.read(id).await? else {
                return Ok(Err(Denied::TooOld));
            };
            match change(run).await? {
                RunChange::Leave(decided) => return Ok(decided),
                RunChange::Deny(run, what, denied) => {
                    let detail = [("why", json!(denied.class()))];
                    let done = Changes {
                        audit: vec![self.entry(&run, what, Some(mark), &detail)],
                        ..Changes::default()
                    };
                    self.ctx.store.commit(&done, None, self.ctx.clock.now()).await?;
                    return Ok(Err(denied));
                }
                RunChange::Save(saved) => {
                    let (run, done) = *saved;
                    if self.save_with(&row, &run, &mut FollowState::default(), done).await? {
                        self.memory.nudge(id).notify_one();
                        return Ok(Ok(()));
                    }
                }
            }
        }
        Ok(Err(Denied::Busy))
    }

    /// Approves a run, or declines it, on behalf of a second person.
    pub(crate) async fn judge(&self, id: &str, origin: &Origin, yes: bool) -> Decided {
        let mark = &self.mark(origin).await;
        let judged = self.update(id, mark, |mut run| async move {
            let Some(job) = self.job(&run) else {
                return Ok(RunChange::Leave(Err(Denied::TooOld)));
            };
            let Stage::Approval { until } = run.stage else {
                // Somebody else was faster, or the button was pressed twice.
                let decided = if yes { &run.approved } else { &run.declined };
                return Ok(RunChange::Leave(decided.as_ref().map(|_| ()).ok_or(Denied::TooOld)));
            };
            let now = self.ctx.clock.now();
            if now >= until {
                self.memory.nudge(id).notify_one();
                return Ok(RunChange::Leave(Err(Denied::TooOld)));
            }
            if let Err(denied) = self.may_judge(job, &run, origin).await {
                return Ok(RunChange::Deny(Box::new(run), "approval-refused", denied));
            }
            let mut done = Changes::default();
            let what = if yes {
                run.approved = Some(mark.clone());
                run.go(Stage::Ready { behind: 0 }, now);
                "approved"
            } else {
                run.declined = Some(mark.clone());
                run.end(End::Declined, now);
                done.posts.extend(self.notice(&run, None).await?);
                "declined"
            };
            done.audit.push(self.entry(&run, what, Some(mark), &[]));
            Ok(RunChange::Save(Box::new((run, done))))
        });
        judged.await
    }

    async fn may_judge(&self, job: &Job, run: &Run, origin: &Origin) -> Result<(), Denied> {
        let here = Origin {
            channel: run.channel.clone(),
            ..origin.clone()
        };
        let asked = |mark: &Actor| mark.by == origin.user;
        let who = policy::JobActor {
            asked_for_it: asked(&run.by) || run.also.iter().any(asked),
            ..self.who(job, &here, &job.approve_by).await
        };
        policy::may_approve(who)?;
        // Another organisation may have joined the channel since the request.
        let has_externals = self.ctx.reading.channel_info(&run.channel).await.has_externals;
        if has_externals { Err(Denied::External) } else { Ok(()) }
    }

    /// Cancels a run. Allowed to the person who asked for it, and to those who may run or approve it.
    pub(crate) async fn cancel(&self, id: &str, origin: &Origin) -> Decided {
        let mark = &self.mark(origin).await;
        let cancelled = self.update(id, mark, |mut run| async move {
            if !run.is_live() || run.cancel.is_some() {
                return Ok(RunChange::Leave(Ok(())));
            }
            if let Err(denied) = self.may_cancel(&run, origin).await {
                return Ok(RunChange::Deny(Box::new(run), "cancel-refused", denied));
            }
            run.cancel = Some(mark.clone());
            let audit = vec![self.entry(&run, "cancel", Some(mark), &[])];
            if matches!(run.stage, Stage::Approval { .. } | Stage::Ready { .. }) {
                run.end(End::Cancelled, self.ctx.clock.now());
            }
            let done = Changes {
                audit,
                ..Changes::default()
            };
            Ok(RunChange::Save(Box::new((run, done))))
        });
        cancelled.await
    }

    async fn may_cancel(&self, run: &Run, origin: &Origin) -> Result<(), Denied> {
        if run.by.by == origin.user {
            return Ok(());
        }
        let job = self.job(run).ok_or(Denied::NotListed)?;
        let here = Origin {
            channel: run.channel.clone(),
            ..origin.clone()
        };
        if policy::may_run(self.who(job, &here, &job.run_by).await).is_ok() {
            return Ok(());
        }
        policy::may_run(self.who(job, &here, &job.approve_by).await)
    }

    /// Asks for the same run again. If the outcome of the old one is unknown, that is looked for first.
    pub(crate) async fn retry(&self, id: &str, origin: &Origin) -> Result<Requested, store::Error> {
        let Some((_, old)) = self.read(id).await? else {
            return Ok(Requested::Refused(Denied::TooOld));
        };
        if old.is_live() {
            return Ok(Requested::Refused(Denied::TooOld));
        }
        if !old.secrets.is_empty() {
            let missing = old.secrets.iter().map(|name| FieldFault {
                name: name.clone(),
                fault: Fault::Missing,
            });
            return Ok(Requested::Refused(Denied::Faults(missing.collect())));
        }
        let request = Request {
            // Two clicks make one run.
            id: format!("{id}{AGAIN}"),
            job: JobId(old.job.clone()),
            values: old.parameters.clone(),
            origin: Origin {
                channel: old.channel.clone(),
                thread_ts: old.thread_ts.clone(),
                case: old.case.clone(),
                ..origin.clone()
            },
        };
        let mut requested = self.request(request).await?;
        if let Requested::New { done, .. } = &mut requested {
            let is_unknown = matches!(&old.stage, Stage::Over { end } if **end == End::Unknown);
            for entry in &mut done.audit {
                "retried".clone_into(&mut entry.what);
                entry.detail.insert("of".to_owned(), json!(id));
            }
            for row in &mut done.runs {
                if let Some(mut run) = Run::read(row) {
                    // A lost run stays lost while no try got as far as looking for it.
                    run.lost_at = old.lost_at.or(old.triggered_at.filter(|_| is_unknown));
                    run.take_up(&old, self.ctx.clock.now());
                    run.runbook = run.runbook.or_else(|| old.runbook.clone());
                    if let Some(new) = run.row(0, row.fingerprint.clone(), row.created_at) {
                        *row = new;
                    }
                }
            }
        }
        Ok(requested)
    }

    /// Shows the section that a run leads to, below the run.
    pub(crate) async fn follow(&self, id: &str, place: TopicRef, origin: &Origin) -> Decided {
        let Some((_, run)) = self.read(id).await? else {
            return Ok(Err(Denied::TooOld));
        };
        if origin.external || self.ctx.reading.channel_info(&run.channel).await.has_externals {
            return Ok(Err(Denied::External));
        }
        let mark = self.mark(origin).await;
        let key = format!("follow:{id}:{}", place.name());
        for _ in 0..TRIES {
            let done = self.move_case(&run, &place, &key, &mark).await?;
            if done.posts.is_empty() {
                return Ok(Err(Denied::TooOld));
            }
            if self
                .ctx
                .store
                .commit(&done, Some(&mark.by), self.ctx.clock.now())
                .await?
            {
                self.ctx.outbox.notify_one();
                self.ctx.home_visitors.changed_for(&mark.by);
                return Ok(Ok(()));
            }
        }
        Ok(Err(Denied::Busy))
    }
}
