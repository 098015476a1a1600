//! `GET /sandbox/jenkins/shown`: the data of the pages for people, in one answer.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::faults::Fault;
use super::model::{Build, Given, Job, Parameter, ParameterKind, QueueItem, Stage};
use super::state::State;
use super::{log, routes, scenario, seed};

/// Maximum number of the newest builds listed, of a job and of all jobs.
const OF_JOB: usize = 30;
const OF_ALL: usize = 8;

/// Subject of a page; without a job, the whole Jenkins.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    job: Option<String>,
    /// A build's number, or a permalink such as `lastBuild`.
    number: Option<String>,
}

/// Returns the overview, and the requested job and build if they exist.
pub(super) fn shown(state: &State, wanted: &Wanted) -> Value {
    let job = wanted.job.as_ref().and_then(|name| state.jobs.get_key_value(name));
    let build = job.and_then(|(name, job)| {
        let build = routes::build_called(job, wanted.number.as_deref()?)?;
        Some(whole_build(state, name, build))
    });
    let mut recent: Vec<(&str, &Build)> = state
        .jobs
        .iter()
        .flat_map(|(name, job)| job.builds.iter().map(|build| (name.as_str(), build)))
        .filter(|(_, build)| !build.is_building())
        .collect();
    recent.sort_by_key(|(_, build)| std::cmp::Reverse((build.timestamp, build.number)));
    let options = &state.options;
    json!({
        "ok": true,
        "now": options.clock.now().as_millisecond(),
        "down": state.is_down(),
        "quieting_down": state.quieting_down,
        "held": options.is_held,
        "quiet_period_ms": millis(options.quiet_period),
        "build_ms": millis(options.build_time),
        "queue": state.waiting().map(|item| queue_item(state, item)).collect::<Vec<_>>(),
        "running": state.running().map(|(name, one)| short_build(state, name, one)).collect::<Vec<_>>(),
        "recent": recent.iter().take(OF_ALL).map(|(name, one)| short_build(state, name, one)).collect::<Vec<_>>(),
        "jobs": state.jobs.iter().map(|(name, job)| short_job(name, job)).collect::<Vec<_>>(),
        "job": job.map(|(name, job)| whole_job(state, name, job)),
        "build": build,
        "scenario": chosen(state),
        "scenarios": scenario::NAMES.iter().map(|(name, cluster)| json!({"name": name, "cluster": cluster})).collect::<Vec<_>>(),
        "faults": state.faults.iter().map(Fault::to_json).collect::<Vec<_>>(),
    })
}

/// Returns the scenario chosen for all future builds of [`seed::GET_INFO`], if any.
fn chosen(state: &State) -> Option<&str> {
    let wish = state
        .wishes
        .iter()
        .rev()
        .find(|wish| wish.cluster.is_empty() && wish.job.as_deref().is_none_or(|job| job == seed::GET_INFO))?;
    Some(&wish.scenario)
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn names(state: &State, causes: &[String]) -> Vec<String> {
    let name = |id: &String| state.user(id).map_or(id.clone(), |user| user.full_name.clone());
    causes.iter().map(name).collect()
}

fn values(given: &[Given]) -> Vec<Value> {
    let value = |one: &Given| match one.kind {
        ParameterKind::Password => json!({"name": one.name, "value": "********"}),
        _ => json!({"name": one.name, "value": one.value}),
    };
    given.iter().map(value).collect()
}

fn queue_item(state: &State, item: &QueueItem) -> Value {
    let left = item.due.saturating_duration_since(Instant::now());
    let why = match item.stage {
        Stage::Waiting => Some("In the quiet period".to_owned()),
        _ => item.why.clone(),
    };
    json!({
        "id": item.id, "job": item.job, "why": why, "by": names(state, &item.causes),
        "waits_ms": millis(left), "parameters": values(&item.parameters),
    })
}

fn short_build(state: &State, name: &str, build: &Build) -> Value {
    json!({
        "job": name, "number": build.number, "result": build.result, "paused": build.is_paused,
        "by": names(state, &build.causes), "began": build.timestamp.as_millisecond(), "duration": build.duration,
        "estimated": build.estimated, "log_size": build.log.len(),
    })
}

fn whole_build(state: &State, name: &str, build: &Build) -> Value {
    let mut value = short_build(state, name, build);
    let artifacts = build.artifacts.iter();
    value["parameters"] = values(&build.parameters).into();
    value["artifacts"] = artifacts
        .map(|one| json!({"path": one.path, "size": one.size()}))
        .collect::<Vec<_>>()
        .into();
    value["log"] = log::without_notes(&build.log).into();
    value
}

fn short_job(name: &str, job: &Job) -> Value {
    let last = job.builds.last();
    json!({
        "name": name, "path": job.path, "description": job.description, "disabled": job.is_disabled,
        "last": last.map(|build| json!({"number": build.number, "result": build.result})),
    })
}

fn whole_job(state: &State, name: &str, job: &Job) -> Value {
    let definition = |one: &Parameter| {
        json!({
            "name": one.name, "type": one.kind.name(), "description": one.description, "choices": one.choices,
            "default": if one.kind == ParameterKind::Password { None } else { one.default.as_deref() },
        })
    };
    let newest = job.builds.iter().rev().take(OF_JOB);
    let mut value = short_job(name, job);
    value["parameters"] = job.parameters.iter().map(definition).collect::<Vec<_>>().into();
    value["builds"] = newest
        .map(|build| short_build(state, name, build))
        .collect::<Vec<_>>()
        .into();
    value
}
