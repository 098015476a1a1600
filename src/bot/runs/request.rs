//! Requests for runs: permission, the values to send, and equal runs under way.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tracing::info;

use super::hidden::is_hidden;
use super::run::{Run, Stage, post_of};
use super::{Origin, Request, Requested, Runner};
use crate::bot::cases::{Actor, Case, rows};
use crate::bot::inbox::cpu_permits::to_its_end;
use crate::jobs::masks::MASK;
use crate::jobs::parameters::{self, FieldFault};
use crate::jobs::{Denied, Job};
use crate::policy;
use crate::redact::redact;
use crate::store::{self, AuditEntry, Changes};
use crate::traces::TraceSpan;

impl Runner {
    /// Checks that somebody may run a job there.
    ///
    /// # Errors
    ///
    /// The reason why they may not.
    pub(crate) async fn may(&self, job: &Job, origin: &Origin) -> Result<(), Denied> {
        policy::may_run(self.who(job, origin, &job.run_by).await)?;
        let channel_info = self.ctx.reading.channel_info(&origin.channel).await;
        match () {
            () if !channel_info.is_member => Err(Denied::NotMember),
            () if channel_info.has_externals => Err(Denied::External),
            () => Ok(()),
        }
    }

    /// The facts about somebody that the policy needs.
    pub(super) async fn who(&self, job: &Job, origin: &Origin, list: &[String]) -> policy::JobActor {
        policy::JobActor {
            bot: origin.user.is_empty() || self.ctx.rules.is_us(&origin.user),
            external: origin.external,
            channel_listed: job.channels.contains(&origin.channel),
            // Here, an empty list names nobody.
            listed: !list.is_empty() && self.ctx.people.is_one_of(&origin.user, list).await,
            asked_for_it: false,
        }
    }

    /// Takes a request for a run; the caller saves the outcome. Refusals are audited.
    pub(crate) async fn request(&self, request: Request) -> Result<Requested, store::Error> {
        if self.ctx.store.run(&request.id).await?.is_some() {
            let post = post_of(&request.id);
            return Ok(Requested::Known { run: request.id, post });
        }
        let refusal = match self.checked(&request).await {
            Ok((job, values)) => match self.taken(&request, job, values).await? {
                Ok(requested) => return Ok(requested),
                Err(refusal) => refusal,
            },
            Err(refusal) => refusal,
        };
        if self.is_configured() {
            let done = Changes {
                audit: vec![self.refused(&request, &refusal)],
                ..Changes::default()
            };
            let (store, now) = (Arc::clone(&self.ctx.store), self.ctx.clock.now());
            let write = async move { store.commit(&done, None, now).await };
            to_its_end(&self.ctx.tracker, write).await?;
        }
        Ok(Requested::Refused(refusal))
    }

    /// Checks a request. Returns the job and the values to send.
    async fn checked(&self, request: &Request) -> Result<(&Job, BTreeMap<String, String>), Denied> {
        if !self.is_configured() {
            return Err(Denied::NoJobs);
        }
        let job = self.registry().job(&request.job.0).ok_or(Denied::TooOld)?;
        let (may, definition) = tokio::join!(self.may(job, &request.origin), self.definition(job));
        may?;
        let values = rewritten(job, &request.values);
        let mut faults = parameters::check(job, &values);
        // Jenkins' latest definition; the trigger fetches it again.
        if let Some(definition) = definition {
            let known = |fault: &FieldFault, faults: &[FieldFault]| faults.iter().any(|one| one.name == fault.name);
            for fault in parameters::against(&definition, &values) {
                if !known(&fault, &faults) {
                    faults.push(fault);
                }
            }
        }
        let mut told: Vec<FieldFault> = Vec::new();
        for fault in faults {
            let value = values.get(&fault.name).map_or("", String::as_str);
            let fault = fault.discreet(value);
            if !told.contains(&fault) {
                told.push(fault);
            }
        }
        let faults = told;
        if faults.is_empty() {
            Ok((job, values))
        } else {
            Err(Denied::Faults(faults))
        }
    }

    async fn taken(
        &self,
        request: &Request,
        job: &Job,
        values: BTreeMap<String, String>,
    ) -> Result<Result<Requested, Denied>, store::Error> {
        let definition = self.memory.definition(&job.id);
        let (secrets, plain): (BTreeMap<_, _>, BTreeMap<_, _>) = values
            .into_iter()
            .partition(|(name, value)| is_hidden(job, definition.as_ref(), name, value));
        // Runs with secrets cannot be compared: nothing of the secrets is saved.
        let fingerprint = if secrets.is_empty() {
            Some(
                self.ctx
                    .store
                    .fingerprint(&format!("{}\n{}", job.id, json!(plain)))
                    .await?,
            )
        } else {
            None
        };
        let mark = self.mark(&request.origin).await;
        if let Some(fingerprint) = &fingerprint
            && let Some(joined) = self.joined(request, fingerprint, &mark).await?
        {
            return Ok(Ok(joined));
        }
        let case = self.case_of(&request.origin).await?;
        let now = self.ctx.clock.now();
        let run = Run {
            id: request.id.clone(),
            job: job.id.0.clone(),
            team: request.origin.team.clone(),
            channel: request.origin.channel.clone(),
            thread_ts: request.origin.thread_ts.clone(),
            by: mark.clone(),
            also: Vec::new(),
            runbook: self.runbook_of(job, case.as_ref()),
            captures: case.as_ref().map(|case| case.values().clone()).unwrap_or_default(),
            case: case.map(|case| case.id),
            parameters: plain,
            secrets: secrets.keys().cloned().collect(),
            stage: first_stage(job, now),
            since: now,
            triggered_at: None,
            lost_at: None,
            approved: None,
            declined: None,
            cancel: None,
            cancel_sent: false,
            joined: false,
            queue_id: None,
            number: None,
            trouble: None,
            silent: false,
        };
        if !self.keep_secrets(&run.id, &secrets).await? {
            return Ok(Err(Denied::Full));
        }
        Ok(Ok(self.begun(&run, fingerprint, &mark, "requested")))
    }

    /// Keeps the secret values of a run in memory. Returns false when there is no room for more.
    async fn keep_secrets(&self, run: &str, secrets: &BTreeMap<String, String>) -> Result<bool, store::Error> {
        if self.memory.keep(run, secrets, self.pace.secrets) {
            return Ok(true);
        }
        let live = self.ctx.store.live_runs().await?;
        self.memory.keep_only(&live.into_iter().map(|row| row.id).collect());
        Ok(self.memory.keep(run, secrets, self.pace.secrets))
    }

    /// A new run with its message.
    pub(super) fn begun(&self, run: &Run, fingerprint: Option<String>, mark: &Actor, what: &str) -> Requested {
        let post = post_of(&run.id);
        let shown = self.body(run, &super::show::FollowState::default());
        let approval = matches!(run.stage, Stage::Approval { .. });
        let done = Changes {
            posts: rows::post(&post, &run.channel, run.thread_ts.clone(), &shown)
                .into_iter()
                .collect(),
            runs: run.row(0, fingerprint, self.ctx.clock.now()).into_iter().collect(),
            audit: vec![self.entry(run, what, Some(mark), &[("approval", json!(approval))])],
            ..Changes::default()
        };
        info!(run = run.id, job = run.job, user = mark.by, "a run is requested");
        let mut span = TraceSpan::new("request", run.traced_as());
        span.set("signpost.run", &run.id);
        span.set("signpost.job", &run.job);
        drop(span);
        Requested::New {
            done: Box::new(done),
            run: run.id.clone(),
            post,
        }
    }

    /// Joins an equal run that is under way: its message names the person who asks for it now.
    async fn joined(
        &self,
        request: &Request,
        fingerprint: &str,
        mark: &Actor,
    ) -> Result<Option<Requested>, store::Error> {
        let Some(row) = self.ctx.store.same_run(fingerprint).await? else {
            return Ok(None);
        };
        // The request was delivered twice at once, and the other delivery was faster.
        if row.id == request.id {
            let post = post_of(&row.id);
            return Ok(Some(Requested::Known { run: row.id, post }));
        }
        let Some(mut run) = Run::read(&row) else {
            // The run was saved by another version. It is under way all the same.
            let place = self.ctx.store.posted(&post_of(&row.id)).await?;
            return Ok(Some(Requested::Joined {
                done: Box::default(),
                url: match place {
                    Some(place) => self.ctx.reading.permalink(&place.channel, &place.ts).await,
                    None => None,
                },
                by: self.ctx.people.name(&row.user).await,
                run: row.id,
            }));
        };
        let by = run.by.name.clone();
        let mut done = Changes::default();
        // A person who joined a run that waits for approval could not approve it any more.
        let waits = matches!(run.stage, Stage::Approval { .. });
        if !waits && run.by.by != mark.by && run.also.iter().all(|other| other.by != mark.by) {
            run.also.push(mark.clone());
            done.posts
                .extend(self.update_of(&run, &super::show::FollowState::default()));
            done.runs
                .extend(run.row(row.version, row.fingerprint.clone(), row.created_at));
        }
        let asked_at = json!(request.origin.channel);
        done.audit
            .push(self.entry(&run, "joined", Some(mark), &[("asked_in", asked_at)]));
        Ok(Some(Requested::Joined {
            done: Box::new(done),
            url: self.permalink(&run).await?,
            run: run.id,
            by,
        }))
    }

    /// The permalink of a run's message.
    pub(crate) async fn permalink(&self, run: &Run) -> Result<Option<String>, store::Error> {
        Ok(match self.ctx.store.posted(&post_of(&run.id)).await? {
            Some(place) => self.ctx.reading.permalink(&place.channel, &place.ts).await,
            None => None,
        })
    }

    /// The path of the runbook whose checks and sections apply: the one that people work on, else the only one that
    /// starts the job.
    fn runbook_of(&self, job: &Job, case: Option<&Case>) -> Option<String> {
        let known = self.ctx.knowledge.get();
        let places = case.into_iter().flat_map(|case| case.place.iter().chain(&case.found));
        let mut places = places.chain(case.into_iter().flat_map(|case| case.trail.iter().rev()));
        let starts = places.find(|place| self.attached(&known, place).iter().any(|one| one.job == job.id));
        let home = || self.home_of(job).map(|place| place.runbook);
        let here = || {
            case.and_then(|case| case.place.as_ref())
                .map(|place| place.runbook.clone())
        };
        starts.map(|place| place.runbook.clone()).or_else(home).or_else(here)
    }

    /// The person who asks, with their public name; with a click, Slack sends only their handle.
    pub(super) async fn mark(&self, origin: &Origin) -> Actor {
        self.ctx.actor(&origin.user, Some(&origin.name)).await
    }

    fn refused(&self, request: &Request, refusal: &Denied) -> AuditEntry {
        let Origin {
            user,
            name,
            channel,
            thread_ts,
            ..
        } = request.origin.clone();
        let job = self.registry().job(&request.job.0);
        let definition = job.and_then(|job| self.memory.definition(&job.id));
        let known = job.into_iter().flat_map(|job| {
            let registered = request.values.iter().filter(|(name, _)| job.parameter(name).is_some());
            registered.map(move |(name, value)| (job, name, value))
        });
        let shown = known.map(|(job, name, value)| {
            let hidden = is_hidden(job, definition.as_ref(), name, value);
            (name.clone(), Value::from(if hidden { MASK } else { value.as_str() }))
        });
        let parameters = shown.collect();
        let faults = match refusal {
            Denied::Faults(faults) => faults.iter().map(|fault| json!(redact(&fault.to_string()))).collect(),
            _ => Vec::new(),
        };
        let mut detail = serde_json::Map::from_iter([("why".to_owned(), json!(refusal.class()))]);
        if !faults.is_empty() {
            detail.insert("faults".to_owned(), Value::Array(faults));
        }
        AuditEntry {
            at: self.ctx.clock.now(),
            what: "refused".to_owned(),
            run: None,
            job: redact(&request.job.0).into_owned(),
            user: Some(user),
            name: Some(name).filter(|name| !name.is_empty()),
            channel: Some(channel),
            thread_ts,
            parameters,
            detail,
        }
    }
}

fn first_stage(job: &Job, now: jiff::Timestamp) -> Stage {
    if job.approve_by.is_empty() {
        return Stage::Ready { behind: 0 };
    }
    let minutes = jiff::SignedDuration::from_mins(i64::from(job.approval_minutes));
    Stage::Approval {
        until: now.saturating_add(minutes).unwrap_or(now),
    }
}

/// The entered values, without empty ones, rewritten as the registry says where that makes sense.
fn rewritten(job: &Job, values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let given = values.iter().filter(|(_, value)| !value.trim().is_empty());
    given
        .map(|(name, value)| {
            let value = match job.parameter(name) {
                Some(parameter) => parameters::rewritten(parameter, value),
                None => value.trim().to_owned(),
            };
            (name.clone(), value)
        })
        .collect()
}
