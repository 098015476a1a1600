//! `jobs`: the list of jobs that can be run, and of runs.

use std::time::Duration;

use futures_util::future::join_all;

use super::jobs::About;
use super::{Question, QuestionHandler};
use crate::bot::runs::{Origin, Run};
use crate::jobs::{Denied, Job};
use crate::respond::{JobsFacts, Reply, RunLine};
use crate::store;

/// Maximum number of runs that are listed.
const RUNS: u32 = 10;
/// Time limit for the links to the runs of a list.
const LINKS: Duration = Duration::from_millis(500);

impl QuestionHandler {
    /// Lists the jobs that this person may run here, and the latest runs.
    pub(super) async fn jobs(&self, asked: &Question) -> Result<Reply, store::Error> {
        let origin = self.origin(asked).await?;
        if origin.external && self.runner.is_configured() {
            return Ok(self.refusal(About::default(), &origin, Denied::External).await);
        }
        let jobs = self.allowed(&origin).await;
        let facts = JobsFacts {
            configured: self.runner.is_configured(),
            case: origin.case.as_deref().unwrap_or_default(),
            now: self.ctx.clock.now(),
            others: self.runner.registry().jobs.len().saturating_sub(jobs.len()),
            runs: self.runs(&origin, &jobs).await?,
            jobs,
        };
        Ok(self.ctx.responder.jobs(&facts))
    }

    /// The jobs that the person may run there.
    pub(super) async fn allowed(&self, origin: &Origin) -> Vec<&Job> {
        let jobs = self.runner.registry().jobs.iter();
        let here = jobs.filter(|job| job.channels.contains(&origin.channel));
        let asked = here.map(|job| async move { self.runner.may(job, origin).await.is_ok().then_some(job) });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// The latest runs of these jobs, and those that this person asked for.
    async fn runs(&self, origin: &Origin, jobs: &[&Job]) -> Result<Vec<RunLine>, store::Error> {
        let ids: Vec<&str> = jobs.iter().map(|job| job.id.0.as_str()).collect();
        let rows = self.ctx.store.runs_to_list(&origin.user, &ids, RUNS).await?;
        let lines = rows.iter().map(async |row| {
            let run = Run::read(row)?;
            let url = tokio::time::timeout(LINKS, self.runner.permalink(&run)).await;
            let job = self.runner.registry().job(&run.job);
            Some(RunLine {
                title: job.map_or(run.job.as_str(), Job::shown).to_owned(),
                stage: run.stage_name(),
                result: run.result(),
                by: run.by.name.clone(),
                at: row.created_at,
                url: url.ok().and_then(Result::ok).flatten(),
            })
        });
        Ok(join_all(lines).await.into_iter().flatten().collect())
    }
}
