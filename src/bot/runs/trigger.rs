//! Starting a job at most once: saved before it is sent, looked up when the answer is lost, never sent again.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tracing::{info, warn};

use super::Runner;
use super::advance::{Asking, answered, trouble};
use super::follow::Next;
use super::run::{End, Run, Stage};
use super::show::FollowState;
use crate::jenkins::{Error, Found, Lost, Triggered};
use crate::jobs::{JobDefinition, parameters};
use crate::respond::Trouble;
use crate::store;

/// Time for which a lost request is looked for while Jenkins does not answer.
const SEARCH: SignedDuration = SignedDuration::from_mins(10);
/// Suffix of the id of a run that repeats another one.
pub(super) const AGAIN: char = '+';
/// Age up to which a run with an unknown outcome is looked for when somebody asks for an equal one.
const LATELY: SignedDuration = SignedDuration::from_mins(15);
/// Margin before a trigger within which other runs of the job are checked too: the clock may have been set.
const EARLIER: SignedDuration = SignedDuration::from_hours(1);

impl Runner {
    /// Starts a run as soon as its job has a free place.
    pub(super) async fn start(
        &self,
        asking: &Asking<'_>,
        mut run: Run,
        live: &mut FollowState,
    ) -> Result<Next, store::Error> {
        let now = self.ctx.clock.now();
        let Some(values) = self.values(&run) else {
            run.trouble = Some(Trouble {
                class: "secret-lost".to_owned(),
                words: "its secret values are kept in memory only, and Signpost was restarted since".to_owned(),
                about: None,
            });
            run.end(End::Refused, now);
            return self.written(asking.row, &run, live, "refused").await;
        };
        let definition = match asking.client.definition(&asking.job.path).await {
            Ok(definition) => definition,
            // A run that was approved, or has waited for its turn, does not lose it to a restart of Jenkins.
            Err(error) if error.is_passing() && self.has_waited(&run) => {
                return self.unanswered(asking, run, live, &error).await;
            }
            Err(error) => return self.refused_by(asking, run, live, &error).await,
        };
        self.memory.define(&asking.job.id, &definition);
        self.reveal(asking.job, &definition, &mut run);
        answered(&mut run, live);
        let faults = parameters::against(&definition, &values);
        if !faults.is_empty() {
            let faults = faults.iter().map(ToString::to_string).collect();
            run.end(End::Invalid { faults }, now);
            return self.written(asking.row, &run, live, "refused").await;
        }
        if !definition.buildable {
            return self.refused_by(asking, run, live, &Error::NotBuildable).await;
        }
        if run.lost_at.is_none() {
            run.lost_at = self.lost_before(&run).await?;
        }
        if run.lost_at.is_some()
            && let Some(next) = self.found_again(asking, &mut run, live).await?
        {
            return Ok(next);
        }
        // One at a time: two runs must not take the last place.
        let place = self.places.lock().await;
        let behind = self.before(&run, asking).await?;
        if behind > 0 {
            drop(place);
            if run.stage != (Stage::Ready { behind }) {
                run.stage = Stage::Ready { behind };
                self.save(asking.row, &run, live, Vec::new()).await?;
            }
            return Ok(Next::Wait(self.pace.queue));
        }
        let now = self.ctx.clock.now();
        run.triggered_at = Some(now);
        run.go(Stage::Triggering, now);
        let audit = vec![self.entry(&run, "triggered", None, &[])];
        let saved = self.save(asking.row, &run, live, audit).await?;
        drop(place);
        if !saved {
            return Ok(Next::Again);
        }
        self.send(asking, &run, &definition, values, live).await
    }

    fn has_waited(&self, run: &Run) -> bool {
        let waited = run.approved.is_some() || !matches!(run.stage, Stage::Ready { behind: 0 });
        waited && self.ctx.clock.now().duration_since(run.since) < SEARCH
    }

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

    /// The number of runs of the job that must end before this one has its place.
    async fn before(&self, run: &Run, asking: &Asking<'_>) -> Result<usize, store::Error> {
        let rows = self.ctx.store.live_runs().await?;
        let others = rows.iter().filter(|row| row.job == run.job && row.id != run.id);
        let mut taken = 0;
        for row in others {
            let Some(other) = Run::read(row) else { continue };
            let is_earlier = (row.created_at, &row.id) < (asking.row.created_at, &run.id);
            if other.takes_place() || is_earlier && matches!(other.stage, Stage::Ready { .. }) {
                taken += 1;
            }
        }
        let places = usize::try_from(asking.job.concurrency.max(1)).unwrap_or(usize::MAX);
        Ok((taken + 1_usize).saturating_sub(places))
    }

    /// Sends the run. The saved row says already that it may have been sent.
    async fn send(
        &self,
        asking: &Asking<'_>,
        run: &Run,
        definition: &JobDefinition,
        mut values: std::collections::BTreeMap<String, String>,
        live: &mut FollowState,
    ) -> Result<Next, store::Error> {
        if let Some(name) = run_id_name(asking, definition) {
            values.insert(name.to_owned(), run_id(&run.id));
        }
        info!(run = run.id, job = run.job, "a job is started");
        let triggered = asking.client.trigger(&asking.job.path, definition, &values).await;
        // Somebody may have pressed Cancel meanwhile.
        loop {
            let Some((row, mut run)) = self.read(&run.id).await? else {
                return Ok(Next::Over);
            };
            if run.stage != Stage::Triggering {
                return Ok(Next::Again);
            }
            let now = self.ctx.clock.now();
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
                    let detail = Self::told(&told).to_vec();
                    run.trouble = Some(told);
                    run.end(End::Refused, now);
                    ("refused", detail)
                }
                Triggered::Unknown(error) => {
                    warn!(%error, run = run.id, "it is not known whether a job was started; it is looked up");
                    let told = trouble(error, error.class());
                    let detail = Self::told(&told).to_vec();
                    run.trouble = Some(told);
                    ("answer-lost", detail)
                }
            };
            let audit = vec![self.entry(&run, what, None, &detail)];
            if self.save(&row, &run, live, audit).await? {
                return Ok(Next::Again);
            }
        }
    }

    async fn refused_by(
        &self,
        asking: &Asking<'_>,
        mut run: Run,
        live: &mut FollowState,
        error: &Error,
    ) -> Result<Next, store::Error> {
        run.trouble = Some(trouble(error, error.class()));
        run.end(End::Refused, self.ctx.clock.now());
        self.written(asking.row, &run, live, "refused").await
    }

    // --- what became of a lost request ----------------------------------------------------------------------------

    /// Looks up a run that may have been sent, and goes on with what is found in Jenkins.
    pub(super) async fn look_up(
        &self,
        asking: &Asking<'_>,
        mut run: Run,
        live: &mut FollowState,
    ) -> Result<Next, store::Error> {
        let now = self.ctx.clock.now();
        let since = run.triggered_at.unwrap_or(run.since);
        let found = match self.looked_up(asking, &run).await {
            Ok(found) => found,
            Err(error) if error.is_passing() && now.duration_since(since) < SEARCH => {
                return self.unanswered(asking, run, live, &error).await;
            }
            Err(error) => {
                run.trouble = Some(trouble(&error, error.class()));
                Found::Several
            }
        };
        match found {
            Found::Waiting { queue_id, ours } => {
                answered(&mut run, live);
                run.queue_id = Some(queue_id);
                run.joined = !ours;
                run.go(Stage::queued(queue_id), now);
                self.written(asking.row, &run, live, "found").await
            }
            Found::Build { number, queue_id } => {
                answered(&mut run, live);
                run.queue_id = queue_id;
                run.number = Some(number);
                let stage = Stage::running(number);
                run.go(stage, now);
                self.written(asking.row, &run, live, "found").await
            }
            Found::Nothing if now.duration_since(since) < self.certain_after(asking) => Ok(Next::Wait(self.pace.queue)),
            Found::Nothing | Found::Several => {
                if run.trouble.is_none() {
                    run.trouble = Some(Trouble {
                        class: if found == Found::Several {
                            "several"
                        } else {
                            "not-found-again"
                        }
                        .to_owned(),
                        words: "Signpost ended while it asked Jenkins, and what is there does not settle it".to_owned(),
                        about: None,
                    });
                }
                run.end(End::Unknown, now);
                self.written(asking.row, &run, live, "unknown").await
            }
        }
    }

    /// The time after sending by which Jenkins must have a request, if it ever will.
    fn certain_after(&self, asking: &Asking<'_>) -> SignedDuration {
        let jenkins = self.registry().jenkins(&asking.job.jenkins.0);
        let timeout = SignedDuration::from_secs(jenkins.map_or(10, |jenkins| i64::from(jenkins.request_timeout)));
        let arrival = SignedDuration::try_from(self.pace.arrival).unwrap_or(SignedDuration::ZERO);
        timeout.saturating_add(arrival)
    }

    /// Looks up, in Jenkins, a run that was sent, or may have been. A build of another run does not count.
    pub(super) async fn looked_up(&self, asking: &Asking<'_>, run: &Run) -> Result<Found, Error> {
        let known = self.memory.definition(&asking.job.id);
        let definition = match known {
            Some(definition) => definition,
            None => asking.client.definition(&asking.job.path).await?,
        };
        let id = run_id(&run.id);
        let name = run_id_name(asking, &definition);
        // Jenkins does not report secret values anyway.
        let lost = Lost {
            parameters: &run.parameters,
            since: run.triggered_at.unwrap_or(run.since),
            run_id: name.map(|name| (name, id.as_str())),
        };
        let found = asking
            .client
            .look_up(&asking.job.path, &lost, self.ctx.clock.as_ref())
            .await?;
        Ok(if self.is_of_another(run, &found, "").await.unwrap_or(true) {
            Found::Nothing
        } else {
            found
        })
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

    /// Looks for the first try of a run that is repeated because the outcome of that try was unknown: it may have
    /// turned up since.
    async fn found_again(
        &self,
        asking: &Asking<'_>,
        run: &mut Run,
        live: &mut FollowState,
    ) -> Result<Option<Next>, store::Error> {
        let now = self.ctx.clock.now();
        let since = run.lost_at.unwrap_or(run.since);
        // The run id of the first try is not known here: its parameters have to do.
        let parameters = Lost {
            parameters: &run.parameters,
            since,
            run_id: None,
        };
        let found = asking
            .client
            .look_up(&asking.job.path, &parameters, self.ctx.clock.as_ref())
            .await;
        if let Ok(found) = &found
            && self.is_of_another(run, found, &run.id).await?
        {
            run.lost_at = None;
            return Ok(None);
        }
        let stage = match found {
            Ok(Found::Waiting { queue_id, ours }) => {
                run.joined = !ours;
                run.queue_id = Some(queue_id);
                Stage::queued(queue_id)
            }
            Ok(Found::Build { number, queue_id }) => {
                run.queue_id = queue_id;
                run.number = Some(number);
                Stage::running(number)
            }
            Ok(Found::Several) => {
                run.trouble = Some(Trouble {
                    class: "several".to_owned(),
                    words: "there is more than one build that it could be".to_owned(),
                    about: None,
                });
                run.end(End::Unknown, now);
                return self.written(asking.row, run, live, "unknown").await.map(Some);
            }
            Ok(_) => {
                run.lost_at = None;
                return Ok(None);
            }
            // The run stays lost, to be looked for when somebody asks again.
            Err(error) => {
                run.trouble = Some(trouble(&error, error.class()));
                run.end(End::Refused, now);
                return self.written(asking.row, run, live, "refused").await.map(Some);
            }
        };
        run.triggered_at = run.lost_at.take();
        run.go(stage, now);
        self.written(asking.row, run, live, "found").await.map(Some)
    }
}

/// The parameter that takes the run's id, where the job has it.
fn run_id_name<'a>(asking: &Asking<'a>, definition: &JobDefinition) -> Option<&'a str> {
    let name = asking.job.run_id.as_deref()?;
    definition.parameter(name).map(|_| name)
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
