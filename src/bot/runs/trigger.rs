//! Starting a job at most once: saved before it is sent, looked up when the answer is lost, never sent again.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tracing::{info, warn};

use super::Runner;
use super::follow::Next;
use super::run::{End, Run, Stage};
use super::step::{RunStep, Stepped, trouble};
use crate::jenkins::{Error, Found, Lost, Triggered};
use crate::jobs::{JobDefinition, parameters};
use crate::respond::Trouble;
use crate::store;

/// Time for which a lost request is looked for while Jenkins does not answer.
const SEARCH: SignedDuration = SignedDuration::from_mins(10);
/// Wait while another replica gives away the places of the job.
const OTHER_REPLICA: Duration = Duration::from_millis(200);
/// Suffix of the id of a run that repeats another one.
pub(super) const AGAIN: char = '+';
/// Age up to which a run with an unknown outcome is looked for when somebody asks for an equal one.
const LATELY: SignedDuration = SignedDuration::from_mins(15);
/// Margin before a trigger within which other runs of the job are checked too: the clock may have been set.
const EARLIER: SignedDuration = SignedDuration::from_hours(1);

impl<'a> RunStep<'a> {
    /// Starts a run as soon as its job has a free place.
    pub(super) async fn start(mut self) -> Stepped {
        let Some(values) = self.runner.values(&self.run) else {
            return self
                .fail_run(
                    Trouble::new(
                        "secret-lost",
                        "its secret values were only kept in memory, and Signpost has been restarted",
                    ),
                    End::Refused,
                    "refused",
                )
                .await;
        };
        let definition = match self.client.definition(&self.job.path).await {
            Ok(definition) => definition,
            // A run that was approved, or has waited for its turn, does not lose it to a restart of Jenkins.
            Err(error) if error.is_passing() && self.has_waited() => {
                return self.retry_later(&error).await;
            }
            Err(error) => return self.refused_by(&error).await,
        };
        self.runner.memory.define(&self.job.id, &definition);
        self.runner.reveal(self.job, &definition, &mut self.run);
        self.clear_trouble();
        let faults = parameters::against(&definition, &values);
        if !faults.is_empty() {
            let faults = faults.iter().map(ToString::to_string).collect();
            return self.end_run(End::Invalid { faults }, "refused").await;
        }
        if !definition.buildable {
            return self.refused_by(&Error::NotBuildable).await;
        }
        if self.run.lost_at.is_none() {
            self.run.lost_at = self.runner.lost_before(&self.run).await?;
        }
        if self.run.lost_at.is_some()
            && let Some(next) = self.found_again().await?
        {
            return Ok(next);
        }
        // One at a time: two runs must not take the last place.
        let place = self.runner.places.lock().await;
        if !self.runner.ctx.store.take_places(&self.run.job).await? {
            return Ok(Next::Wait(OTHER_REPLICA));
        }
        let saved = self.take_place().await;
        if let Err(cause) = self.runner.ctx.store.leave_places(&self.run.job).await {
            // It ends by itself. The run may be written down as triggering, so it must be sent now.
            warn!(%cause, run = self.run.id, "others wait for the job's places");
        }
        drop(place);
        match saved? {
            Some(next) => Ok(next),
            None => self.send(&definition, values).await,
        }
    }

    /// Saves that the run is sent now, if there is a place for it. Returns the next step otherwise.
    async fn take_place(&mut self) -> Result<Option<Next>, store::Error> {
        let behind = self.runs_before().await?;
        if behind > 0 {
            if self.run.stage != (Stage::Ready { behind }) {
                self.run.stage = Stage::Ready { behind };
                self.save(Vec::new()).await?;
            }
            return Ok(Some(Next::Wait(self.runner.pace.queue)));
        }
        let now = self.now();
        self.run.triggered_at = Some(now);
        self.run.go(Stage::Triggering, now);
        let audit = vec![self.runner.entry(&self.run, "triggered", None, &[])];
        let saved = self.save(audit).await?;
        Ok((!saved).then_some(Next::Again))
    }

    /// The number of runs of the job that must end before this one has its place.
    async fn runs_before(&self) -> Result<usize, store::Error> {
        let rows = self.runner.ctx.store.live_runs().await?;
        let others = rows
            .iter()
            .filter(|row| row.job == self.run.job && row.id != self.run.id);
        let mut taken = 0;
        for row in others {
            let Some(other) = Run::read(row) else { continue };
            let is_earlier = (row.created_at, &row.id) < (self.row.created_at, &self.run.id);
            if other.takes_place() || is_earlier && matches!(other.stage, Stage::Ready { .. }) {
                taken += 1;
            }
        }
        let places = usize::try_from(self.job.concurrency.max(1)).unwrap_or(usize::MAX);
        Ok((taken + 1_usize).saturating_sub(places))
    }

    /// Sends the run. The saved row says already that it may have been sent.
    async fn send(self, definition: &JobDefinition, mut values: BTreeMap<String, String>) -> Stepped {
        if let Some(name) = self.run_id_name(definition) {
            values.insert(name.to_owned(), run_id(&self.run.id));
        }
        info!(run = self.run.id, job = self.run.job, "a job is started");
        let triggered = self.client.trigger(&self.job.path, definition, &values).await;
        // Somebody may have pressed Cancel meanwhile.
        loop {
            let Some((row, mut run)) = self.runner.read(&self.run.id).await? else {
                return Ok(Next::Over);
            };
            if run.stage != Stage::Triggering {
                return Ok(Next::Again);
            }
            let now = self.now();
            let (what, detail) = match &triggered {
                Triggered::Queued { queue_id } | Triggered::Joined { queue_id } => {
                    run.joined = matches!(triggered, Triggered::Joined { .. });
                    run.queue_id = Some(*queue_id);
                    run.go(Stage::queued(*queue_id), now);
                    (
                        "queued",
                        vec![("queue_id", json!(queue_id)), ("joined", json!(run.joined))],
                    )
                }
                Triggered::Refused(error) => {
                    warn!(%error, run = run.id, "Jenkins does not start a job");
                    let told = trouble(error, error.class());
                    let detail = Runner::told(&told).to_vec();
                    run.trouble = Some(told);
                    run.end(End::Refused, now);
                    ("refused", detail)
                }
                Triggered::Unknown(error) => {
                    warn!(%error, run = run.id, "unclear whether a job was started; looking it up");
                    let told = trouble(error, error.class());
                    let detail = Runner::told(&told).to_vec();
                    run.trouble = Some(told);
                    ("answer-lost", detail)
                }
            };
            let audit = vec![self.runner.entry(&run, what, None, &detail)];
            if self.runner.save(&row, &run, self.live, audit).await? {
                return Ok(Next::Again);
            }
        }
    }

    async fn refused_by(mut self, error: &Error) -> Stepped {
        self.fail_run(trouble(error, error.class()), End::Refused, "refused")
            .await
    }

    /// Looks up a run that may have been sent, and goes on with what is found in Jenkins.
    pub(super) async fn look_up(mut self) -> Stepped {
        let now = self.now();
        let since = self.run.triggered_at.unwrap_or(self.run.since);
        let found = match self.looked_up().await {
            Ok(found) => found,
            Err(error) if error.is_passing() && now.duration_since(since) < SEARCH => {
                return self.retry_later(&error).await;
            }
            Err(error) => {
                self.run.trouble = Some(trouble(&error, error.class()));
                Found::Several
            }
        };
        match found {
            Found::Waiting { queue_id, ours } => {
                self.clear_trouble();
                self.run.queue_id = Some(queue_id);
                self.run.joined = !ours;
                self.run.go(Stage::queued(queue_id), now);
                self.save_as("found").await
            }
            Found::Build { number, queue_id } => {
                self.clear_trouble();
                self.run.queue_id = queue_id;
                self.run.number = Some(number);
                let stage = Stage::running(number);
                self.run.go(stage, now);
                self.save_as("found").await
            }
            Found::Nothing if now.duration_since(since) < self.certain_after() => {
                Ok(Next::Wait(self.runner.pace.queue))
            }
            Found::Nothing | Found::Several => {
                if self.run.trouble.is_none() {
                    let class = match found {
                        Found::Several => "several",
                        _ => "not-found-again",
                    };
                    let words = "Signpost stopped while it was calling Jenkins, and Jenkins does not show whether the job started";
                    self.run.trouble = Some(Trouble::new(class, words));
                }
                self.end_run(End::Unknown, "unknown").await
            }
        }
    }

    /// The time after sending by which Jenkins must have a request, if it ever will.
    fn certain_after(&self) -> SignedDuration {
        let jenkins = self.runner.registry().jenkins(&self.job.jenkins.0);
        let timeout = SignedDuration::from_secs(jenkins.map_or(10, |jenkins| i64::from(jenkins.request_timeout)));
        let arrival = SignedDuration::try_from(self.runner.pace.arrival).unwrap_or(SignedDuration::ZERO);
        timeout.saturating_add(arrival)
    }

    /// Looks up, in Jenkins, a run that was sent, or may have been. A build of another run does not count.
    pub(super) async fn looked_up(&self) -> Result<Found, Error> {
        let known = self.runner.memory.definition(&self.job.id);
        let definition = match known {
            Some(definition) => definition,
            None => self.client.definition(&self.job.path).await?,
        };
        let id = run_id(&self.run.id);
        let name = self.run_id_name(&definition);
        // Jenkins does not report secret values anyway.
        let lost = Lost {
            parameters: &self.run.parameters,
            since: self.run.triggered_at.unwrap_or(self.run.since),
            run_id: name.map(|name| (name, id.as_str())),
        };
        let found = self
            .client
            .look_up(&self.job.path, &lost, self.runner.ctx.clock.as_ref())
            .await?;
        Ok(
            if self.runner.is_of_another(&self.run, &found, "").await.unwrap_or(true) {
                Found::Nothing
            } else {
                found
            },
        )
    }

    /// Looks for the first try of a run that is repeated because the outcome of that try was unknown: it may have
    /// turned up since.
    async fn found_again(&mut self) -> Result<Option<Next>, store::Error> {
        let now = self.now();
        let since = self.run.lost_at.unwrap_or(self.run.since);
        // The run id of the first try is not known here: its parameters have to do.
        let parameters = Lost {
            parameters: &self.run.parameters,
            since,
            run_id: None,
        };
        let found = self
            .client
            .look_up(&self.job.path, &parameters, self.runner.ctx.clock.as_ref())
            .await;
        if let Ok(found) = &found
            && self.runner.is_of_another(&self.run, found, &self.run.id).await?
        {
            self.run.lost_at = None;
            return Ok(None);
        }
        let stage = match found {
            Ok(Found::Waiting { queue_id, ours }) => {
                self.run.joined = !ours;
                self.run.queue_id = Some(queue_id);
                Stage::queued(queue_id)
            }
            Ok(Found::Build { number, queue_id }) => {
                self.run.queue_id = queue_id;
                self.run.number = Some(number);
                Stage::running(number)
            }
            Ok(Found::Several) => {
                return self
                    .fail_run(
                        Trouble::new("several", "several builds could be this one"),
                        End::Unknown,
                        "unknown",
                    )
                    .await
                    .map(Some);
            }
            Ok(_) => {
                self.run.lost_at = None;
                return Ok(None);
            }
            // The run stays lost, to be looked for when somebody asks again.
            Err(error) => {
                return self
                    .fail_run(trouble(&error, error.class()), End::Refused, "refused")
                    .await
                    .map(Some);
            }
        };
        self.run.triggered_at = self.run.lost_at.take();
        self.run.go(stage, now);
        self.save_as("found").await.map(Some)
    }

    fn has_waited(&self) -> bool {
        let waited = self.run.approved.is_some() || !matches!(self.run.stage, Stage::Ready { behind: 0 });
        waited && self.now().duration_since(self.run.since) < SEARCH
    }

    /// The parameter that takes the run's id, where the job has it.
    fn run_id_name(&self, definition: &JobDefinition) -> Option<&'a str> {
        let name = self.job.run_id.as_deref()?;
        definition.parameter(name).map(|_| name)
    }
}

impl Runner {
    /// The time at which an equal run with an unknown outcome was sent a while ago, in whatever way people ask again.
    async fn lost_before(&self, run: &Run) -> Result<Option<Timestamp>, store::Error> {
        let now = self.ctx.clock.now();
        let since = now.saturating_sub(LATELY).unwrap_or(Timestamp::MIN);
        let rows = self.ctx.store.runs_of_job(&run.job, since).await?;
        let others = rows.iter().filter(|row| row.id != run.id);
        let lost = others.filter_map(Run::read).filter(|other| {
            let is_unknown = matches!(&other.stage, Stage::Over { end } if **end == End::Unknown);
            let is_same = other.parameters == run.parameters && other.secrets == run.secrets;
            is_unknown && is_same && now.duration_since(other.since) < LATELY
        });
        Ok(lost.filter_map(|other| other.triggered_at).min())
    }

    /// Returns true when the build or queue item found belongs to another run. `but` is the id of a run that does not
    /// count, nor do its repeats.
    async fn is_of_another(&self, run: &Run, found: &Found, but: &str) -> Result<bool, store::Error> {
        let first = |id: &str| id.trim_end_matches(AGAIN).to_owned();
        let but = first(but);
        let sent = run.lost_at.or(run.triggered_at).unwrap_or(run.since);
        let since = sent.saturating_sub(EARLIER).unwrap_or(Timestamp::MIN);
        let rows = self.ctx.store.runs_of_job(&run.job, since).await?;
        let others = rows.iter().filter(|row| row.id != run.id);
        let others = others.filter(|row| first(&row.id) != but);
        Ok(others.filter_map(Run::read).any(|other| match found {
            Found::Build { number, queue_id } => {
                other.number == Some(*number) || queue_id.is_some() && other.queue_id == *queue_id
            }
            Found::Waiting { queue_id, .. } => other.queue_id == Some(*queue_id),
            Found::Several | Found::Nothing => false,
        }))
    }
}

/// A run's id as a build parameter: at most 100 letters, digits, `.`, `-`, and `_` for anything else.
fn run_id(id: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
            c
        } else {
            '_'
        }
    };
    let plain: String = id.chars().map(plain).take(100).collect();
    format!("signpost-{plain}")
}
