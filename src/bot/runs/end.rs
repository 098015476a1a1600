//! The end of a run: its artifacts are read, its checks evaluated, and the section that follows is shown.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::json;
use tracing::warn;

use super::Runner;
use super::follow::Next;
use super::known_errors::Left;
use super::run::{End, Ended, Run};
use super::step::{RunStep, Stepped};
use crate::bot::Knowledge;
use crate::bot::cases::{Actor, Case, CaseStatus, TopicRef, rows};
use crate::jenkins::Error;
use crate::jobs::checks::{self, Artifact, CheckEvidence, CheckVerdict, Checks};
use crate::jobs::{BuildResult, Job, Values, consistency};
use crate::respond::reason_for;
use crate::slack::sender::Body;
use crate::store::{self, Action, CaseRow, Changes, NewPost};

/// Maximum tries to read an artifact while Jenkins fails.
const TRIES: u32 = 3;
/// Time for which artifacts are waited for while Jenkins is down.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// Maximum tries of a step whose case changed meanwhile.
const AGAIN: usize = 20;

impl RunStep<'_> {
    /// Reads the artifacts of a run and says where to go on.
    pub(super) async fn read_results(mut self, number: u64, result: &BuildResult, seconds: Option<i64>) -> Stepped {
        let known = self.runner.ctx.knowledge.get();
        let (checks, unreadable) = checks_of(&known, self.job, &self.run);
        let artifacts = match self.artifacts(number, &checks).await {
            Ok(artifacts) => artifacts,
            // A restart of Jenkins must not cost the verdict.
            Err(error) if self.now().duration_since(self.run.since) < PATIENCE => {
                return self.retry_later(&error).await;
            }
            Err(error) => {
                let unread = |path: &String| (path.clone(), Artifact::NotRead(format!("cannot be read: {error}")));
                self.job.artifacts.iter().map(unread).collect()
            }
        };
        let values = self.runner.values(&self.run);
        let masks = self.runner.masks(self.job, &self.run).unwrap_or_default();
        let evidence = CheckEvidence {
            result,
            artifacts: &artifacts,
            known: Values {
                parameters: values.as_ref().unwrap_or(&self.run.parameters),
                captures: &self.run.captures,
                data: &known.library.data,
            },
            masks,
        };
        // The run was stopped: missing artifacts are no news.
        let is_stopped = self.run.cancel.is_some() && *result == BuildResult::Aborted;
        let none = Checks::default();
        let mut ended = judged(if is_stopped { &none } else { &checks }, &evidence, result, seconds);
        if ended.has_checks {
            ended.missing.extend(self.runner.changed_since(&self.run).await?);
        }
        ended.missing.extend(unreadable.into_iter().filter(|_| !is_stopped));
        if !ended.missing.is_empty() {
            ended.section = None;
        }
        ended.reason = ended
            .section
            .as_deref()
            .and_then(|section| self.reason(&known, section));
        // Values that cannot be masked must not be shown.
        if values.is_none() {
            for finding in &mut ended.findings {
                finding.seen = finding.seen.as_ref().map(|_| crate::jobs::masks::MASK.to_owned());
            }
        } else {
            let left = Left {
                number,
                result,
                artifacts: &artifacts,
                masks: &checks::masks(&checks, &evidence),
            };
            ended.found = self.known_errors(&known, &left).await;
        }
        self.run.trouble = None;
        self.run.end(End::Done(ended), self.now());
        self.commit(&known).await
    }

    /// The words of the run's runbook before it leads to a section.
    fn reason(&self, known: &Knowledge, section: &str) -> Option<String> {
        let path = self.run.runbook.as_deref()?;
        let document = known.library.runbooks.iter().find(|document| document.path == path)?;
        document.look(|opened| reason_for(opened, section))
    }

    /// Every artifact that the checks need, and others that may be read.
    async fn artifacts(&self, number: u64, checks: &Checks) -> Result<BTreeMap<String, Artifact>, Error> {
        let allowed = &self.job.artifacts;
        let most = usize::try_from(self.job.artifact_kib)
            .unwrap_or(usize::MAX)
            .saturating_mul(1024);
        let mut read = BTreeMap::new();
        for path in checks.artifacts() {
            if !allowed.iter().any(|one| one == path) {
                let why = "is not on the list of artifacts that may be read".to_owned();
                read.insert(path.to_owned(), Artifact::NotRead(why));
            }
        }
        for path in allowed {
            let mut tries = 0;
            let artifact = loop {
                tries += 1;
                match self.client.artifact(&self.job.path, number, path, most).await {
                    Ok(bytes) => break Artifact::Read(bytes),
                    // Jenkins itself is down.
                    Err(error @ (Error::Starting | Error::Unreachable { .. } | Error::Busy)) => return Err(error),
                    Err(error) if error.is_passing() && tries < TRIES => {
                        tokio::time::sleep(self.runner.pace.queue).await;
                    }
                    Err(Error::NotFound) => break Artifact::NotRead("does not exist".to_owned()),
                    // The text of these errors needs no addition.
                    Err(
                        error @ (Error::TooLarge { .. } | Error::Elsewhere { .. } | Error::Redirects | Error::Path),
                    ) => break Artifact::NotRead(error.to_string()),
                    Err(error) => break Artifact::NotRead(format!("cannot be read: {error}")),
                }
            };
            read.insert(path.clone(), artifact);
        }
        Ok(read)
    }

    /// Saves the end of a run together with the section that follows.
    async fn commit(mut self, known: &Knowledge) -> Stepped {
        let now = self.now();
        let section = self.run.ended().and_then(|ended| ended.section.clone());
        let place = section.and_then(|section| place_of(known, self.run.runbook.as_deref()?, &section));
        let result = self
            .run
            .ended()
            .map(|ended| ended.result.to_string())
            .unwrap_or_default();
        for _ in 0..AGAIN {
            let mark = Actor {
                by: String::new(),
                name: String::new(),
                at: now,
            };
            let moved = match &place {
                Some(place) if !self.run.silent => {
                    self.runner
                        .move_case(&self.run, place, &format!("verdict:{}", self.run.id), &mark)
                        .await?
                }
                _ => Changes::default(),
            };
            let is_shown = !moved.posts.is_empty();
            self.run.set_shown(is_shown);
            let ended = self.run.ended();
            let verdict = match ended {
                Some(ended) if ended.has_checks && ended.missing.is_empty() => "plain",
                Some(ended) if ended.has_checks => "inconclusive",
                _ => "none",
            };
            let detail = [
                ("build", json!(self.run.number)),
                ("result", json!(result)),
                ("verdict", json!(verdict)),
                ("section", json!(ended.and_then(|ended| ended.section.clone()))),
                (
                    "missing",
                    json!(ended.map(|ended| ended.missing.clone()).unwrap_or_default()),
                ),
            ];
            let audit = vec![self.runner.entry(&self.run, "verdict", None, &detail)];
            let done = Changes { audit, ..moved };
            if self.runner.save_with(self.row, &self.run, self.live, done).await? {
                return Ok(Next::Again);
            }
            // If the run itself changed, look at it again. If only a case did, build the changes again.
            match self.runner.ctx.store.run(&self.run.id).await? {
                Some(row) if row.version == self.row.version => {}
                _ => return Ok(Next::Again),
            }
        }
        warn!(
            run = self.run.id,
            "the case kept changing; the section that follows is not shown"
        );
        self.run.set_shown(false);
        self.save_as("verdict").await
    }
}

impl Runner {
    /// Sentences about captured values that were sent and that the edited message has since replaced: a verdict about
    /// the old ones is of no use.
    async fn changed_since(&self, run: &Run) -> Result<Vec<String>, store::Error> {
        let row = match &run.case {
            Some(id) => self.ctx.store.case(id).await?,
            None => None,
        };
        let case = row.as_ref().and_then(rows::read).unwrap_or_default();
        let sent = |values: &[String]| {
            values
                .iter()
                .any(|value| run.parameters.values().any(|sent| sent == value))
        };
        let changed = run.captures.iter().filter_map(|(name, before)| {
            let after = case.all_values(name);
            let differs = sent(before) && !before.iter().any(|value| after.contains(&value));
            differs.then(|| after.first().copied().cloned()).flatten()
        });
        let mut changed: Vec<String> = changed
            .map(|value| format!("the message has been edited since and is now about `{value}`"))
            .collect();
        changed.dedup();
        Ok(changed)
    }

    /// Moves the case of a run to another section, shown at the end of its thread, and returns the posts and rows to
    /// save. Without a case, a new one begins there.
    pub(super) async fn move_case(
        &self,
        run: &Run,
        place: &TopicRef,
        key: &str,
        mark: &Actor,
    ) -> Result<Changes, store::Error> {
        let known = self.ctx.knowledge.get();
        if place.find(&known.library).is_none() {
            return Ok(Changes::default());
        }
        let thread = self.thread_of(run).await?;
        let now = self.ctx.clock.now();
        let mut done = Changes::default();
        // A case that only one person sees stays theirs; the one that everybody is shown is another.
        let mut case = None;
        for id in run.case.iter().chain([&own_case(run)]) {
            let row = self.ctx.store.case(id).await?;
            case = case.or(row.and_then(|row| Some((rows::read(&row)?, row))));
            case = case.filter(|(case, _)| case.post.is_some());
        }
        let (mut case, version, created_at) = match case {
            Some((case, row)) => (case, row.version, row.created_at),
            None => (new_case(run, thread.clone()), 0, now),
        };
        if case.post.as_deref() == Some(key) {
            // The card was shown already: it is updated.
            case.go_to(place, mark);
            let shown = self.ctx.card(&known, &case);
            done.posts.extend(rows::update(&case, version, &shown));
        } else {
            if let Some(before) = case.post.replace(key.to_owned()) {
                let title = case.place.as_ref().unwrap_or(place);
                let title = title.title(&known.library);
                let job = self.job(run).map_or(&*run.job, Job::shown);
                let moved = Body::of(&self.ctx.responder.moved_down(&title, job));
                let update = rows::post(&format!("moved:{key}"), &case.channel, case.thread_ts.clone(), &moved);
                done.posts.extend(update.map(|post| NewPost {
                    action: Action::Update { of: before.clone() },
                    ..post
                }));
                case.earlier.push(before);
            }
            case.go_to(place, mark);
            let shown = self.ctx.card(&known, &case);
            done.posts.extend(rows::post(key, &case.channel, thread, &shown));
        }
        if matches!(case.status, CaseStatus::Choosing(_) | CaseStatus::NotHelped(_)) {
            case.set_status(CaseStatus::Open);
        }
        done.cases
            .extend(rows::row(&case, version, now).map(|row| CaseRow { created_at, ..row }));
        Ok(done)
    }
}

fn new_case(run: &Run, thread: Option<String>) -> Case {
    Case {
        id: own_case(run),
        team: run.team.clone(),
        channel: run.channel.clone(),
        thread_ts: thread,
        author: Some(run.by.by.clone()),
        asked: true,
        fingerprint: format!("run:{}", run.id),
        ..Case::default()
    }
}

/// The checks that apply to a run: the runbook's own, else the job's. None of them reads a file that is not on the
/// list.
fn checks_of(known: &Knowledge, job: &Job, run: &Run) -> (Checks, Vec<String>) {
    let runbooks = &known.library.runbooks;
    let runbook = run.runbook.as_ref();
    let runbook = runbook.and_then(|path| runbooks.iter().find(|runbook| runbook.path == *path));
    let own = runbook.map(|runbook| Checks::read(&runbook.front.signpost.checks));
    match own {
        Some(Ok(own)) => (own.for_job(job), Vec::new()),
        Some(Err(_)) => {
            let why = "the checks in the runbook cannot be read: `signpost lint` says why";
            (Checks::of(job), vec![why.to_owned()])
        }
        None => (Checks::of(job), Vec::new()),
    }
}

/// The verdict of the checks.
fn judged(checks: &Checks, evidence: &CheckEvidence<'_>, result: &BuildResult, seconds: Option<i64>) -> Ended {
    let mut ended = Ended {
        result: result.clone(),
        seconds,
        has_checks: !checks.list.is_empty(),
        findings: Vec::new(),
        missing: Vec::new(),
        section: None,
        reason: None,
        is_shown: false,
        found: Vec::new(),
    };
    if !ended.has_checks {
        return ended;
    }
    match checks::verdict(checks, evidence) {
        CheckVerdict::Plain { section, findings } => {
            ended.section = section;
            ended.findings = findings;
        }
        CheckVerdict::Inconclusive { missing, findings } => {
            ended.missing = missing.iter().map(ToString::to_string).collect();
            ended.findings = findings;
        }
    }
    ended
}

/// The section of a runbook, by its heading.
fn place_of(known: &Knowledge, runbook: &str, section: &str) -> Option<TopicRef> {
    let document = known
        .library
        .runbooks
        .iter()
        .find(|document| document.path == runbook)?;
    document.look(|opened| {
        let at = consistency::section(opened, section)?;
        Some(TopicRef {
            runbook: runbook.to_owned(),
            section: Some(opened.sections.get(at)?.heading.clone()),
            nth: opened.nth(at),
        })
    })
}

/// Id of the case that begins with a run.
fn own_case(run: &Run) -> String {
    format!("case:{}", run.id)
}
