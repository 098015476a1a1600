//! Runs of Jenkins jobs: requested, approved, started once, followed, read, and shown in one message.
//!
//! ```text
//! form, `run`, Retry ─► `request` ─► row + message + audit, in one transaction
//!                                        │ `woken`
//!                     `follow`: one task a live run ─► Jenkins ─► row + message + audit, at every step
//!                                                         └► `end`: artifacts ─► checks ─► the next section
//! ```

mod approval;
mod decide;
mod end;
mod fields;
mod follow;
mod forget;
mod hidden;
mod known_errors;
mod memory;
mod progress;
mod queued;
mod request;
mod run;
mod running;
mod show;
mod step;
mod trigger;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{Error, Knowledge};
use crate::bot::cases::{Actor, TopicRef};
use crate::bot::context::Context;
use crate::jenkins::Client;
use crate::jobs::attach::Attached;
use crate::jobs::{Denied, JenkinsId, Job, JobId, Registry, parameters};
use crate::net::Net;
use crate::settings::Settings;
use crate::store::{self, AuditEntry, Changes, RunRow};

pub(crate) use self::run::{Run, post_of};

pub(crate) use self::memory::RunSecrets;

/// Intervals and limits for following runs.
#[derive(Debug, Clone, Copy)]
pub struct JobTiming {
    /// Interval between look-ups of the queue.
    pub queue: Duration,
    /// Interval between look-ups of a build; grows while it runs long.
    pub build: Duration,
    /// Time that a request may be out of the queue and without a build before it counts as lost.
    pub vanished: Duration,
    /// Time, after the time-out of a lost request, until Jenkins must have the request, if it ever will.
    pub arrival: Duration,
    /// Maximum number of runs whose secret values are kept in memory at once; further ones are refused.
    pub secrets: usize,
}

impl Default for JobTiming {
    fn default() -> Self {
        Self {
            queue: Duration::from_secs(2),
            build: Duration::from_secs(5),
            vanished: Duration::from_mins(1),
            arrival: Duration::from_secs(5),
            secrets: 500,
        }
    }
}

/// The person who asks, and the place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    pub(crate) user: String,
    /// The person's name.
    pub(crate) name: String,
    pub(crate) team: String,
    pub(crate) channel: String,
    pub(crate) thread_ts: Option<String>,
    /// True when the person belongs to another organisation, and the channel is not allow-listed.
    pub(crate) external: bool,
    pub(crate) direct: bool,
    /// Id of the case that people work on there.
    pub(crate) case: Option<String>,
}

/// A request for a run.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Id of the action, the same however often Slack delivers it.
    pub(crate) id: String,
    pub(crate) job: JobId,
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) origin: Origin,
}

/// The outcome of a [`Request`].
#[derive(Debug)]
pub(crate) enum Requested {
    /// A new run: to be saved, then announced with [`Runner::wake`]. `post` is the key of its message.
    New {
        done: Box<Changes>,
        run: String,
        post: String,
    },
    /// An equal run that is under way; `done` adds the person who asks to it. `url` is the link to its message.
    Joined {
        done: Box<Changes>,
        run: String,
        by: String,
        url: Option<String>,
    },
    /// A run that the same request began before.
    Known { run: String, post: String },
    /// The request is refused.
    Refused(Denied),
}

/// Starts and follows runs of jobs.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) ctx: Arc<Context>,
    pub(crate) clients: HashMap<JenkinsId, Client>,
    pub(crate) pace: JobTiming,
    pub(crate) memory: RunSecrets,
    /// Held while a run takes one of its job's places.
    pub(crate) places: tokio::sync::Mutex<()>,
}

/// A client for each Jenkins.
///
/// # Errors
///
/// Fails when a file of certificate authorities cannot be used.
pub(crate) fn clients(settings: &Settings) -> Result<HashMap<JenkinsId, Client>, Error> {
    let mut clients = HashMap::new();
    for jenkins in &settings.jobs.registry.jenkins {
        let mut authorities = settings.net.ca_files.clone();
        authorities.extend(jenkins.ca_files.iter().map(Into::into));
        let timeout = Duration::from_secs(u64::from(jenkins.request_timeout));
        let http = Net::new(&authorities, timeout)?.client()?;
        let token = settings.jobs.tokens.get(&jenkins.id);
        let token = token.cloned().unwrap_or_else(|| SecretString::from(""));
        clients.insert(jenkins.id.clone(), Client::new(http, jenkins, token));
    }
    Ok(clients)
}

impl Runner {
    pub(crate) fn new(ctx: &Arc<Context>, clients: HashMap<JenkinsId, Client>, pace: JobTiming) -> Self {
        Self {
            ctx: Arc::clone(ctx),
            clients,
            pace,
            memory: RunSecrets::default(),
            places: tokio::sync::Mutex::default(),
        }
    }

    /// The registered jobs.
    pub(crate) fn registry(&self) -> &Registry {
        &self.ctx.rules.settings.jobs.registry
    }

    /// Returns true when there is a job to run.
    pub(crate) fn is_configured(&self) -> bool {
        !self.registry().jobs.is_empty()
    }

    /// The jobs at the steps of a topic, and those that its runbook names.
    pub(crate) fn attached(&self, known: &Knowledge, place: &TopicRef) -> Vec<Attached> {
        let topic = place.find(&known.library);
        let attached = topic.map(|topic| self.registry().attached_to(&known.library, topic));
        attached.unwrap_or_default()
    }

    /// Wakes the task that looks for runs to follow.
    pub(crate) fn wake(&self) {
        self.memory.wake.notify_one();
    }

    /// Wakes everything that follows runs: another replica began or changed some.
    pub(crate) fn wake_all(&self) {
        self.wake();
        self.memory.nudge_all();
    }

    fn job(&self, run: &Run) -> Option<&Job> {
        self.registry().job(&run.job)
    }

    fn client(&self, job: &Job) -> Option<&Client> {
        self.clients.get(&job.jenkins)
    }

    async fn read(&self, id: &str) -> Result<Option<(RunRow, Run)>, store::Error> {
        let row = self.ctx.store.run(id).await?;
        Ok(row.and_then(|row| {
            let run = Run::read(&row)?;
            Some((row, run))
        }))
    }

    /// All values that are sent to Jenkins for a run. `None` when the bot was restarted since it was given the secret
    /// ones.
    fn values(&self, run: &Run) -> Option<BTreeMap<String, String>> {
        let mut values = run.parameters.clone();
        if !run.secrets.is_empty() {
            values.extend(self.memory.secrets(&run.id)?);
        }
        Some(values)
    }

    /// An entry of the audit.
    fn entry(&self, run: &Run, what: &str, mark: Option<&Actor>, detail: &[(&str, Value)]) -> AuditEntry {
        let detail = detail.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        AuditEntry {
            at: self.ctx.clock.now(),
            what: what.to_owned(),
            run: Some(run.id.clone()),
            job: run.job.clone(),
            user: mark.map(|mark| mark.by.clone()),
            name: mark.map(|mark| mark.name.clone()),
            channel: Some(run.channel.clone()),
            thread_ts: run.thread_ts.clone(),
            parameters: self
                .shown(run)
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect(),
            detail: detail.collect::<Map<String, Value>>(),
        }
    }

    /// The parameters as anybody may see them, with secrets masked.
    fn shown(&self, run: &Run) -> BTreeMap<String, String> {
        let mut shown = match self.job(run) {
            Some(job) => parameters::shown(job, None, &run.parameters),
            None => crate::jobs::masks::all(&run.parameters),
        };
        for name in &run.secrets {
            shown.insert(name.clone(), crate::jobs::masks::MASK.to_owned());
        }
        shown
    }
}
