//! The state of a Jenkins. One lock guards it; everything that changes it is synchronous.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::faults::Fault;
use super::model::{Build, Given, Job, QueueItem, Stage, User};
use super::options::Options;
use super::scenario::{self, Wish};
use super::seed;

/// Maximum number of requests in the log.
const REQUESTS: usize = 1000;

/// The state of a Jenkins.
#[derive(Debug)]
pub struct State {
    /// Options of this Jenkins.
    pub options: Options,
    /// Users who can sign in.
    pub users: Vec<User>,
    /// Jobs by full name.
    pub jobs: BTreeMap<String, Job>,
    /// Queue items, waiting or gone, by number.
    pub queue: BTreeMap<u64, QueueItem>,
    /// The last thousand requests: `method`, `path`, `status`, `user`, `what`, and whether they held `authorization`, a
    /// `cookie`, a `crumb`.
    pub requests: VecDeque<Value>,
    /// The reason for quieting down, when set: then no new builds start from the queue.
    pub quieting_down: Option<String>,
    pub(super) faults: Vec<Fault>,
    pub(super) wishes: Vec<Wish>,
    /// User ids by session id.
    pub(super) sessions: BTreeMap<String, String>,
    pub(super) down_until: Option<Instant>,
    /// Queue items that have no task yet.
    pub(super) to_run: Vec<u64>,
    next_queue_id: u64,
    next_session: u64,
}

/// Time of the next step of a queue item or its build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Never: the build has ended.
    Never,
    /// At this time.
    At(Instant),
    /// At the next change.
    OnChange,
}

impl State {
    pub(super) fn new(options: Options) -> Self {
        let mut state = Self {
            options,
            users: seed::users(),
            jobs: seed::jobs(),
            queue: BTreeMap::new(),
            requests: VecDeque::new(),
            quieting_down: None,
            faults: Vec::new(),
            wishes: Vec::new(),
            sessions: BTreeMap::new(),
            down_until: None,
            to_run: Vec::new(),
            next_queue_id: 41,
            next_session: 0,
        };
        state.write_history();
        state
    }

    /// Adds a few past builds, as the basis for an estimate.
    fn write_history(&mut self) {
        let now = self.options.clock.now();
        let duration = i64::try_from(self.options.build_time.as_millis()).unwrap_or(i64::MAX);
        let Some(job) = self.jobs.get_mut(seed::GET_INFO) else {
            return;
        };
        for number in 166..=168_u64 {
            let values: Vec<Given> = job
                .parameters
                .iter()
                .map(|one| Given {
                    name: one.name.clone(),
                    kind: one.kind,
                    value: one.default.clone().unwrap_or_default(),
                })
                .collect();
            let (steps, outcome) = scenario::plan(job, number, &values, &[]);
            let age = Duration::from_hours(24 * (169 - number));
            let mut build = Build {
                number,
                queue_id: number - 130,
                parameters: values,
                causes: vec!["grace".to_owned()],
                result: Some(outcome.result.clone()),
                timestamp: now.checked_sub(age).unwrap_or(now),
                duration,
                estimated: duration,
                log: started_by("Grace"),
                artifacts: outcome.artifacts.clone(),
                is_paused: false,
                plan: VecDeque::new(),
                outcome,
                step_millis: 0,
                due: Instant::now(),
            };
            for line in steps.iter().flat_map(|step| &step.lines) {
                build.say(line);
            }
            build.say("Finished: SUCCESS");
            job.builds.push(build);
        }
        job.next_number = 169;
    }

    /// Returns a user by id.
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Returns a build by the job's full name and the build's number.
    pub fn build(&self, job: &str, number: u64) -> Option<&Build> {
        self.jobs.get(job)?.builds.iter().find(|build| build.number == number)
    }

    pub(super) fn build_mut(&mut self, job: &str, number: u64) -> Option<&mut Build> {
        let builds = &mut self.jobs.get_mut(job)?.builds;
        builds.iter_mut().find(|build| build.number == number)
    }

    /// Returns the items in the queue, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &QueueItem> {
        self.queue.values().filter(|item| item.is_waiting())
    }

    /// Returns the number of builds of a job, seeded ones included.
    pub fn build_count(&self, job: &str) -> usize {
        self.jobs.get(job).map_or(0, |job| job.builds.len())
    }

    pub(super) fn is_down(&self) -> bool {
        self.down_until.is_some_and(|until| Instant::now() < until)
    }

    pub(super) fn remember(&mut self, request: Value) {
        if self.requests.len() >= REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    /// Opens a session for `user` and returns its id.
    pub(super) fn open_session(&mut self, user: &str) -> String {
        self.next_session += 1;
        let born = self.options.clock.now().as_microsecond();
        let id = format!("node0{born:x}{}.node0", self.next_session);
        self.sessions.insert(id.clone(), user.to_owned());
        id
    }

    /// Puts a build into the queue, or joins the waiting item with the same values. Returns the item's number, and true
    /// when it is new.
    pub(super) fn schedule(
        &mut self,
        job: &str,
        values: Vec<Given>,
        user: &str,
        delay: Option<Duration>,
    ) -> (u64, bool) {
        let same = self
            .queue
            .values_mut()
            .find(|item| item.is_waiting() && item.job == job && item.parameters == values);
        if let Some(item) = same {
            if !item.causes.iter().any(|cause| cause == user) {
                item.causes.push(user.to_owned());
            }
            return (item.id, false);
        }
        let id = self.next_queue_id;
        self.next_queue_id += 1;
        let item = QueueItem {
            id,
            job: job.to_owned(),
            parameters: values,
            causes: vec![user.to_owned()],
            stage: Stage::Waiting,
            why: None,
            since: self.options.clock.now(),
            due: Instant::now() + delay.unwrap_or(self.options.quiet_period),
        };
        self.queue.insert(id, item);
        self.to_run.push(id);
        (id, true)
    }

    /// Cancels an item that is in the queue. Returns false when it is not there.
    pub(super) fn cancel(&mut self, id: u64) -> bool {
        let now = self.options.clock.now();
        match self.queue.get_mut(&id).filter(|item| item.is_waiting()) {
            Some(item) => {
                item.stage = Stage::Left { at: now, number: None };
                item.why = None;
                true
            }
            None => false,
        }
    }

    /// Ends a build. Returns false when it was not running.
    pub(super) fn finish(&mut self, job: &str, number: u64, result: &str, artifacts: bool) -> bool {
        let now = self.options.clock.now();
        let Some(build) = self.build_mut(job, number).filter(|build| build.is_building()) else {
            return false;
        };
        if artifacts {
            build.artifacts.append(&mut build.outcome.artifacts);
        }
        if result == "ABORTED" {
            build.say("Aborted by a person");
        }
        build.say(&format!("Finished: {result}"));
        build.result = Some(result.to_owned());
        build.is_paused = false;
        build.duration = now.duration_since(build.timestamp).as_millis().try_into().unwrap_or(0);
        true
    }

    /// Restarts after `pause`. Sessions and items that have left the queue are lost; so are the queue and running
    /// builds, unless kept.
    pub(super) fn restart(&mut self, pause: Duration, keeps_queue: bool, keeps_builds: bool) {
        self.down_until = Some(Instant::now() + pause);
        self.sessions.clear();
        let running: Vec<(String, u64)> = self
            .running()
            .map(|(job, build)| (job.to_owned(), build.number))
            .collect();
        if !keeps_builds {
            for (job, number) in running {
                self.finish(&job, number, "ABORTED", false);
            }
        }
        self.queue.retain(|_, item| item.is_waiting() && keeps_queue);
    }

    pub(super) fn running(&self) -> impl Iterator<Item = (&str, &Build)> {
        self.jobs.iter().flat_map(|(name, job)| {
            let running = job.builds.iter().filter(|build| build.is_building());
            running.map(|build| (name.as_str(), build))
        })
    }

    /// Forgets items that left the queue longer ago than [`Options::left_life`].
    pub(super) fn forget_left(&mut self) {
        let (now, life) = (self.options.clock.now(), self.options.left_life);
        self.queue.retain(|_, item| match item.stage {
            Stage::Left { at, .. } => now.duration_since(at).unsigned_abs() < life,
            _ => true,
        });
    }

    /// Advances a queue item, or the build it has become, as far as possible now. Returns true when anything has
    /// changed.
    pub(super) fn step(&mut self, id: u64) -> (Next, bool) {
        if let Some(until) = self.down_until.filter(|until| Instant::now() < *until) {
            return (Next::At(until), false);
        }
        if self.queue.get(&id).is_some_and(QueueItem::is_waiting) {
            self.step_item(id)
        } else {
            self.step_build(id)
        }
    }

    fn step_item(&mut self, id: u64) -> (Next, bool) {
        let Some(item) = self.queue.get(&id) else {
            return (Next::Never, false);
        };
        if Instant::now() < item.due {
            return (Next::At(item.due), false);
        }
        if !self.jobs.contains_key(&item.job) {
            return (Next::Never, self.cancel(id));
        }
        if let Some((stage, why)) = self.hindrance(item) {
            let Some(item) = self.queue.get_mut(&id) else {
                return (Next::Never, false);
            };
            let is_new = item.stage != stage || item.why.as_ref() != Some(&why);
            item.stage = stage;
            item.why = Some(why);
            return (Next::OnChange, is_new);
        }
        self.start_build(id);
        let (next, _) = self.step_build(id);
        (next, true)
    }

    /// Returns the reason an item cannot start after its quiet period, in Jenkins' words.
    fn hindrance(&self, item: &QueueItem) -> Option<(Stage, String)> {
        let job = self.jobs.get(&item.job)?;
        if self.quieting_down.is_some() {
            return Some((Stage::Blocked, "Jenkins is about to shut down".to_owned()));
        }
        let running = job.builds.iter().rev().find(|build| build.is_building());
        if let Some(build) = running.filter(|_| !job.is_concurrent) {
            let left = match build.estimated {
                -1 => "N/A".to_owned(),
                estimated => {
                    let spent = self.options.clock.now().duration_since(build.timestamp).as_millis();
                    let left = i128::from(estimated).saturating_sub(spent).max(0);
                    format!("{} sec", left.div_euclid(1000))
                }
            };
            let why = format!("Build #{} is already in progress (ETA: {left})", build.number);
            return Some((Stage::Blocked, why));
        }
        if let Some(label) = &job.label {
            return Some((Stage::Buildable, format!("There are no nodes with the label ‘{label}’")));
        }
        (self.running().count() >= self.options.executors)
            .then(|| (Stage::Buildable, "Waiting for next available executor".to_owned()))
    }

    fn start_build(&mut self, id: u64) {
        let now = self.options.clock.now();
        let full_name = |id: &String| self.user(id).map_or(id.clone(), |user| user.full_name.clone());
        let Some(item) = self.queue.get(&id).cloned() else {
            return;
        };
        let names: Vec<String> = item.causes.iter().map(full_name).collect();
        let (wishes, total) = (self.wishes.clone(), self.options.build_time);
        let Some(job) = self.jobs.get_mut(&item.job) else {
            return;
        };
        let number = job.next_number;
        job.next_number += 1;
        let (steps, outcome) = scenario::plan(job, number, &item.parameters, &wishes);
        let step_millis = u64::try_from(total.as_millis()).unwrap_or(0) / (steps.len() as u64).max(1);
        let build = Build {
            number,
            queue_id: id,
            parameters: item.parameters,
            causes: item.causes,
            result: None,
            timestamp: now,
            duration: 0,
            estimated: estimate(job),
            log: names.iter().map(|name| started_by(name)).collect(),
            artifacts: Vec::new(),
            is_paused: false,
            plan: steps.into(),
            outcome,
            step_millis,
            due: Instant::now(),
        };
        job.builds.push(build);
        if let Some(item) = self.queue.get_mut(&id) {
            item.why = None;
            item.stage = Stage::Left {
                at: now,
                number: Some(number),
            };
        }
    }

    fn step_build(&mut self, queue_id: u64) -> (Next, bool) {
        let is_held = self.options.is_held;
        let found = self.jobs.iter_mut().find_map(|(name, job)| {
            let build = job.builds.iter_mut().rev().find(|build| build.queue_id == queue_id)?;
            Some((name.clone(), build))
        });
        let Some((job, build)) = found.filter(|(_, build)| build.is_building()) else {
            return (Next::Never, false);
        };
        let now = Instant::now();
        if is_held || build.is_paused {
            return (Next::OnChange, false);
        }
        if now < build.due {
            return (Next::At(build.due), false);
        }
        if let Some(step) = build.plan.pop_front() {
            for line in &step.lines {
                build.say(line);
            }
            build.is_paused = step.pauses;
            build.due = now + Duration::from_millis(build.step_millis);
            return (Next::At(build.due), true);
        }
        let (number, result) = (build.number, build.outcome.result.clone());
        (Next::Never, self.finish(&job, number, &result, true))
    }

    /// Returns the whole state, for `/sandbox/jenkins/state`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let values = |given: &[Given]| -> Value {
            let pairs = given.iter().map(|one| (one.name.clone(), json!(one.value)));
            Value::Object(pairs.collect())
        };
        let build = |build: &Build| {
            json!({
                "number": build.number, "queue_id": build.queue_id, "parameters": values(&build.parameters),
                "causes": build.causes, "result": build.result, "building": build.is_building(),
                "paused": build.is_paused,
                "artifacts": build.artifacts.iter().map(|one| json!({"path": one.path, "size": one.size()})).collect::<Vec<_>>(),
            })
        };
        let item = |item: &QueueItem| {
            let (stage, number) = match item.stage {
                Stage::Waiting => ("waiting", None),
                Stage::Blocked => ("blocked", None),
                Stage::Buildable => ("buildable", None),
                Stage::Left { number: None, .. } => ("cancelled", None),
                Stage::Left { number, .. } => ("left", number),
            };
            json!({
                "id": item.id, "job": item.job, "parameters": values(&item.parameters), "causes": item.causes,
                "stage": stage, "number": number, "why": item.why,
            })
        };
        json!({
            "ok": true,
            "users": self.users.iter().map(|user| json!({
                "id": user.id, "full_name": user.full_name, "token": user.token, "password": user.password,
                "read": user.can_read, "build": user.can_build, "cancel": user.can_cancel,
            })).collect::<Vec<_>>(),
            "jobs": self.jobs.iter().map(|(name, job)| json!({
                "name": name, "disabled": job.is_disabled, "vetoed": job.is_vetoed, "concurrent": job.is_concurrent,
                "parameters": job.parameters.iter().map(|one| &one.name).collect::<Vec<_>>(),
                "builds": job.builds.iter().map(build).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "queue": self.queue.values().map(item).collect::<Vec<_>>(),
            "quieting_down": self.quieting_down,
            "down": self.is_down(),
            "held": self.options.is_held,
            "scenarios": scenario::NAMES.iter().map(|(name, prefix)| json!({"name": name, "cluster": prefix})).collect::<Vec<_>>(),
            "faults": self.faults.iter().map(Fault::to_json).collect::<Vec<_>>(),
            "requests": self.requests,
        })
    }
}

/// Returns the first line of a log. On disk it holds a console note: people see the name as a link, and never the note.
fn started_by(name: &str) -> String {
    format!("{}Started by user {name}\n", super::log::note(name))
}

/// Returns the average duration of the last three successful builds, in milliseconds; -1 when there are none.
fn estimate(job: &Job) -> i64 {
    let good = job.builds.iter().rev().filter(|build| {
        let result = build.result.as_deref();
        matches!(result, Some("SUCCESS" | "UNSTABLE"))
    });
    let durations: Vec<i64> = good.take(3).map(|build| build.duration).collect();
    let count = i64::try_from(durations.len()).unwrap_or(i64::MAX);
    if count == 0 {
        -1
    } else {
        durations.into_iter().fold(0, i64::saturating_add) / count
    }
}
