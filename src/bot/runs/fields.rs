//! The prefilled fields of a job's form: from the paste, the thread and the runbook.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Origin, Runner};
use crate::bot::cases::{Case, TopicRef, rows};
use crate::jobs::attach::Hint;
use crate::jobs::parameters::{self, Field, Sources};
use crate::jobs::{Job, JobDefinition};
use crate::runbook::Topic;
use crate::store;

/// Time limit for Jenkins' definition of a job.
const PATIENCE: Duration = Duration::from_millis(1_500);

impl Runner {
    /// The fields of a job's form. `line` is that of the step with the job.
    pub(crate) async fn fields(
        &self,
        job: &Job,
        origin: &Origin,
        line: Option<u32>,
        given: &BTreeMap<String, String>,
    ) -> Result<Vec<Field>, store::Error> {
        let case = self.case_of(origin).await?;
        let thread = match &origin.thread_ts {
            Some(thread) => self.ctx.reading.thread(&origin.channel, thread).await,
            None => Vec::new(),
        };
        let none = BTreeMap::new();
        let hints = self.hints(job, case.as_ref(), line);
        let sources = Sources {
            given,
            captures: case.as_ref().map_or(&none, Case::values),
            thread: &thread,
            hints: &hints,
        };
        Ok(parameters::resolve(job, &sources))
    }

    /// Jenkins' definition of a job; `None` when it does not answer in time. The trigger asks again.
    pub(crate) async fn definition(&self, job: &Job) -> Option<JobDefinition> {
        if let Some(known) = self.memory.definition(&job.id) {
            return Some(known);
        }
        let asked = self.client(job)?.definition(&job.path);
        let definition = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
        self.memory.define(&job.id, &definition);
        Some(definition)
    }

    /// The case that people work on there.
    pub(super) async fn case_of(&self, origin: &Origin) -> Result<Option<Case>, store::Error> {
        Ok(match &origin.case {
            Some(id) => self.ctx.store.case(id).await?.as_ref().and_then(rows::read),
            None => None,
        })
    }

    /// The runbook's hints for the values of the form.
    fn hints(&self, job: &Job, case: Option<&Case>, line: Option<u32>) -> Vec<Hint> {
        let known = self.ctx.knowledge.get();
        let at = |place: &TopicRef| {
            let mut attached = self.attached(&known, place);
            attached.retain(|attached| attached.job == job.id);
            let at_line = attached.iter().position(|attached| Some(attached.line) == line);
            (!attached.is_empty()).then(|| attached.swap_remove(at_line.unwrap_or(0)).hints)
        };
        let mut places = case.into_iter().flat_map(|case| case.place.iter().chain(&case.found));
        // Last, and only if the case gives no hint: this reads every runbook's text.
        let home = || self.home_of(job).as_ref().and_then(at);
        places.find_map(at).or_else(home).unwrap_or_default()
    }

    /// The section of the one runbook that starts a job; `None` when several do.
    pub(super) fn home_of(&self, job: &Job) -> Option<TopicRef> {
        let known = self.ctx.knowledge.get();
        // Opening every runbook would take long: only those that may name the job are opened.
        let name = job.path.segments().last().map_or("", String::as_str);
        let words = name.split(|c: char| !c.is_ascii_alphanumeric());
        let word = words.max_by_key(|word| word.len()).unwrap_or_default();
        let mut home = None;
        for document in &known.library.runbooks {
            if document
                .text()
                .is_some_and(|text| !text.contains(word) && !text.contains(&job.id.0))
            {
                continue;
            }
            let place = document.look(|runbook| {
                let starts = |topic: &&Topic| self.registry().attached(&topic.steps).iter().any(|at| at.job == job.id);
                let named = runbook.front.signpost.jobs.contains(&job.id.0).then_some(0);
                let section = runbook
                    .topics
                    .iter()
                    .find(starts)
                    .map(|topic| topic.section)
                    .or(named)?;
                let heading = runbook.sections.get(section).filter(|_| section != 0);
                Some(TopicRef {
                    runbook: runbook.path.clone(),
                    section: heading.map(|section| section.heading.clone()),
                    nth: heading.map_or(0, |_| runbook.nth(section)),
                })
            });
            match (&home, place) {
                (_, None) => {}
                (None, place) => home = place,
                (Some(_), Some(_)) => return None,
            }
        }
        home
    }
}
