//! The `api/json` of jobs, builds and the queue, in Jenkins' format.

use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use super::model::{Build, Given, Job, Kind, Parameter, ParameterKind, QueueItem, Stage, User};
use super::state::State;

/// Number of the newest builds that a job lists unless all are requested.
const NEWEST: usize = 100;

/// A user's view of the state at an address: `base` has no trailing slash.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    pub(super) base: &'a str,
    /// Id of the user.
    pub(super) user: &'a str,
}

/// Returns `BASE/job/A/job/B/`, percent-encoded.
pub(super) fn job_url(base: &str, path: &[String]) -> String {
    let Ok(mut url) = Url::parse(base) else {
        return format!("{base}/");
    };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
        for name in path {
            segments.push("job").push(name);
        }
        segments.push("");
    }
    url.into()
}

impl View<'_> {
    /// Returns true when the user may see this job.
    pub(super) fn sees(&self, job: &Job) -> bool {
        let may_read = self.state.user(self.user).is_some_and(|user| user.can_read);
        may_read && (job.readers.is_empty() || job.readers.iter().any(|reader| reader == self.user))
    }

    pub(super) fn root(&self, depth: usize) -> Value {
        json!({
            "_class": "hudson.model.Hudson",
            "assignedLabels": [{"name": "built-in"}],
            "mode": "NORMAL",
            "nodeDescription": "the built-in node of the local Jenkins",
            "nodeName": "",
            "numExecutors": self.state.options.executors,
            "description": null,
            "jobs": self.children(&[], depth),
            "overallLoad": {},
            "primaryView": {"_class": "hudson.model.AllView", "name": "all", "url": format!("{}/", self.base)},
            "quietDownReason": self.state.quieting_down,
            "quietingDown": self.state.quieting_down.is_some(),
            "slaveAgentPort": -1,
            "unlabeledLoad": {"_class": "jenkins.model.UnlabeledLoadStatistics"},
            "url": format!("{}/", self.base),
            "useCrumbs": true,
            "useSecurity": true,
            "views": [{"_class": "hudson.model.AllView", "name": "all", "url": format!("{}/", self.base)}],
        })
    }

    /// Returns true when there is a folder at this path with a job that the user may see.
    pub(super) fn is_folder(&self, path: &[String]) -> bool {
        let inside = |job: &Job| job.path.len() > path.len() && job.path.starts_with(path);
        !path.is_empty() && self.state.jobs.values().any(|job| inside(job) && self.sees(job))
    }

    pub(super) fn folder(&self, path: &[String], depth: usize) -> Value {
        let name = path.last();
        json!({
            "_class": "com.cloudbees.hudson.plugin.folder.Folder",
            "actions": [{}],
            "description": "",
            "displayName": name,
            "fullDisplayName": path.join(" » "),
            "fullName": path.join("/"),
            "name": name,
            "url": job_url(self.base, path),
            "healthReport": [],
            "jobs": self.children(path, depth),
            "primaryView": {"_class": "hudson.model.AllView", "name": "All", "url": job_url(self.base, path)},
            "views": [{"_class": "hudson.model.AllView", "name": "All", "url": job_url(self.base, path)}],
        })
    }

    /// Returns the jobs and folders directly below a path.
    fn children(&self, path: &[String], depth: usize) -> Vec<Value> {
        let mut seen: Vec<&[String]> = Vec::new();
        let mut children = Vec::new();
        for job in self.state.jobs.values().filter(|job| self.sees(job)) {
            if job.path.len() <= path.len() || !job.path.starts_with(path) {
                continue;
            }
            let Some(child) = job.path.get(..=path.len()) else {
                continue;
            };
            if seen.contains(&child) {
                continue;
            }
            seen.push(child);
            let is_job = child.len() == job.path.len();
            children.push(match (depth, is_job) {
                (0, true) => self.job_stub(job),
                (0, false) => json!({
                    "_class": "com.cloudbees.hudson.plugin.folder.Folder", "name": child.last(),
                    "url": job_url(self.base, child),
                }),
                (_, true) => self.job(job, depth - 1),
                (_, false) => self.folder(child, depth - 1),
            });
        }
        children
    }

    fn job_stub(&self, job: &Job) -> Value {
        json!({
            "_class": job_class(job), "name": job.path.last(), "url": job_url(self.base, &job.path), "color": color(job),
        })
    }

    pub(super) fn job(&self, job: &Job, depth: usize) -> Value {
        let full_name = job.path.join("/");
        let one = |found: Option<&Build>| found.map_or(Value::Null, |build| self.build_at(job, build, depth));
        let last = |fits: &dyn Fn(&Build) -> bool| one(job.builds.iter().rev().find(|build| fits(build)));
        let ended = |results: &'static [&'static str]| {
            move |build: &Build| build.result.as_deref().is_some_and(|result| results.contains(&result))
        };
        let list = |count: usize| -> Vec<Value> {
            let newest = job.builds.iter().rev().take(count);
            newest.map(|build| self.build_at(job, build, depth)).collect()
        };
        let queued = self.state.waiting().find(|item| item.job == full_name);
        let definitions: Vec<Value> = job.parameters.iter().map(definition).collect();
        let mut property = vec![json!({"_class": "jenkins.model.BuildDiscarderProperty"})];
        let mut actions = vec![
            json!({}),
            json!({"_class": "com.cloudbees.plugins.credentials.ViewCredentialsAction"}),
        ];
        if !definitions.is_empty() {
            property.push(
                json!({"_class": "hudson.model.ParametersDefinitionProperty", "parameterDefinitions": definitions}),
            );
            actions.insert(
                0,
                json!({"_class": "hudson.model.ParametersDefinitionProperty", "parameterDefinitions": definitions}),
            );
        }
        let mut value = json!({
            "_class": job_class(job),
            "actions": actions,
            "description": job.description,
            "displayName": job.path.last(),
            "displayNameOrNull": null,
            "fullDisplayName": job.path.join(" » "),
            "fullName": full_name,
            "name": job.path.last(),
            "url": job_url(self.base, &job.path),
            "buildable": !job.is_disabled,
            "builds": list(NEWEST),
            "color": color(job),
            "firstBuild": one(job.builds.first()),
            "healthReport": [],
            "inQueue": queued.is_some(),
            "keepDependencies": false,
            "lastBuild": last(&|_| true),
            "lastCompletedBuild": last(&|build| !build.is_building()),
            "lastFailedBuild": last(&ended(&["FAILURE"])),
            "lastStableBuild": last(&ended(&["SUCCESS"])),
            "lastSuccessfulBuild": last(&ended(&["SUCCESS", "UNSTABLE"])),
            "lastUnstableBuild": last(&ended(&["UNSTABLE"])),
            "lastUnsuccessfulBuild": last(&ended(&["UNSTABLE", "FAILURE", "ABORTED", "NOT_BUILT"])),
            "nextBuildNumber": job.next_number,
            "property": property,
            "queueItem": queued.map(|item| self.queue_item(item)),
            "concurrentBuild": job.is_concurrent,
            "disabled": job.is_disabled,
            "inputs": [],
        });
        // Only a tree can request it.
        if depth > 1 {
            value["allBuilds"] = list(usize::MAX).into();
        }
        value
    }

    fn build_at(&self, job: &Job, build: &Build, depth: usize) -> Value {
        if depth == 0 {
            json!({"_class": build_class(job), "number": build.number, "url": self.build_url(job, build.number)})
        } else {
            self.build(job, build)
        }
    }

    pub(super) fn build_url(&self, job: &Job, number: u64) -> String {
        format!("{}{number}/", job_url(self.base, &job.path))
    }

    pub(super) fn build(&self, job: &Job, build: &Build) -> Value {
        let name = format!("#{}", build.number);
        // Jenkins computes display paths only for few artifacts.
        let shows_path = build.artifacts.len() <= 20;
        let artifacts: Vec<Value> = build
            .artifacts
            .iter()
            .map(|one| {
                json!({
                    "displayPath": shows_path.then(|| one.file_name()), "fileName": one.file_name(),
                    "relativePath": one.path,
                })
            })
            .collect();
        let neighbour = |number: Option<u64>| {
            let found = number.and_then(|number| job.builds.iter().find(|one| one.number == number));
            found.map_or(
                Value::Null,
                |one| json!({"number": one.number, "url": self.build_url(job, one.number)}),
            )
        };
        let mut actions = self.actions(&build.parameters, &build.causes);
        if build.is_paused {
            actions.push(json!({"_class": "org.jenkinsci.plugins.workflow.support.steps.input.InputAction"}));
        }
        actions.push(json!({}));
        json!({
            "_class": build_class(job),
            "actions": actions,
            "artifacts": artifacts,
            "building": build.is_building(),
            "description": null,
            "displayName": name,
            "duration": build.duration,
            "estimatedDuration": build.estimated,
            "executor": build.is_building().then(|| json!({"_class": "hudson.model.OneOffExecutor"})),
            "fullDisplayName": format!("{} {name}", job.path.join(" » ")),
            "id": build.number.to_string(),
            "inProgress": build.is_building(),
            "keepLog": false,
            "number": build.number,
            "queueId": build.queue_id,
            "result": build.result,
            "timestamp": build.timestamp.as_millisecond(),
            "url": self.build_url(job, build.number),
            "changeSets": [],
            "culprits": [],
            "nextBuild": neighbour(build.number.checked_add(1)),
            "previousBuild": neighbour(build.number.checked_sub(1)),
        })
    }

    fn actions(&self, parameters: &[Given], causes: &[String]) -> Vec<Value> {
        let mut actions = Vec::new();
        if !parameters.is_empty() {
            let values: Vec<Value> = parameters
                .iter()
                .map(|one| match one.kind {
                    ParameterKind::Password => json!({"_class": one.kind.value_class(), "name": one.name}),
                    ParameterKind::Boolean => {
                        json!({"_class": one.kind.value_class(), "name": one.name, "value": one.value == "true"})
                    }
                    _ => json!({"_class": one.kind.value_class(), "name": one.name, "value": one.value}),
                })
                .collect();
            actions.push(json!({"_class": "hudson.model.ParametersAction", "parameters": values}));
        }
        let causes: Vec<Value> = causes
            .iter()
            .map(|id| {
                let name = self.state.user(id).map_or(id, |user| &user.full_name);
                json!({
                    "_class": "hudson.model.Cause$UserIdCause", "shortDescription": format!("Started by user {name}"),
                    "userId": id, "userName": name,
                })
            })
            .collect();
        actions.push(json!({"_class": "hudson.model.CauseAction", "causes": causes}));
        actions
    }

    pub(super) fn queue(&self) -> Value {
        let items: Vec<Value> = self
            .state
            .waiting()
            .filter(|item| self.state.jobs.get(&item.job).is_some_and(|job| self.sees(job)))
            .map(|item| self.queue_item(item))
            .collect();
        json!({"_class": "hudson.model.Queue", "discoverableItems": [], "items": items})
    }

    pub(super) fn queue_item(&self, item: &QueueItem) -> Value {
        let class = match item.stage {
            Stage::Waiting => "WaitingItem",
            Stage::Blocked => "BlockedItem",
            Stage::Buildable => "BuildableItem",
            Stage::Left { .. } => "LeftItem",
        };
        let job = self.state.jobs.get(&item.job);
        let why = match item.stage {
            Stage::Waiting => {
                let left = item.due.saturating_duration_since(Instant::now());
                Some(format!("In the quiet period. Expires in {:.1} sec", left.as_secs_f64()))
            }
            _ => item.why.clone(),
        };
        let params: String = item
            .parameters
            .iter()
            .map(|one| match one.kind {
                ParameterKind::Password => format!("\n{}=", one.name),
                _ => format!("\n{}={}", one.name, one.value),
            })
            .collect();
        let mut value = json!({
            "_class": format!("hudson.model.Queue${class}"),
            "actions": self.actions(&item.parameters, &item.causes),
            "blocked": item.stage == Stage::Blocked,
            "buildable": item.stage == Stage::Buildable,
            "id": item.id,
            "inQueueSince": item.since.as_millisecond(),
            "params": params,
            "stuck": false,
            "task": job.map(|job| self.job_stub(job)),
            "url": format!("queue/item/{}/", item.id),
            "why": why,
        });
        match item.stage {
            Stage::Waiting => value["timestamp"] = item.since.as_millisecond().into(),
            Stage::Buildable => value["pending"] = false.into(),
            Stage::Blocked => {}
            Stage::Left { number, .. } => {
                value["cancelled"] = number.is_none().into();
                value["executable"] = match (number, job) {
                    (Some(number), Some(job)) => {
                        json!({"_class": build_class(job), "number": number, "url": self.build_url(job, number)})
                    }
                    _ => Value::Null,
                };
            }
        }
        value
    }

    pub(super) fn person(&self, user: &User) -> Value {
        json!({
            "_class": "hudson.model.User", "absoluteUrl": format!("{}/user/{}", self.base, user.id), "description": null,
            "fullName": user.full_name, "id": user.id, "property": [],
        })
    }
}

/// Returns the `wfapi/pendingInputActions` of a build.
pub(super) fn pending_inputs(build: &Build) -> Value {
    if !build.is_paused {
        return json!([]);
    }
    json!([{
        "id": "Release", "proceedText": "Proceed", "message": "Release it?", "inputs": [],
        "proceedUrl": "input/Release/proceedEmpty", "abortUrl": "input/Release/abort",
    }])
}

fn definition(parameter: &Parameter) -> Value {
    let type_name = format!("{}ParameterDefinition", parameter.kind.name());
    let default = match (parameter.kind, &parameter.default) {
        (_, None) => Value::Null,
        (ParameterKind::Boolean, Some(text)) => {
            json!({"_class": parameter.kind.value_class(), "name": parameter.name, "value": text == "true"})
        }
        (_, Some(text)) => json!({"_class": parameter.kind.value_class(), "name": parameter.name, "value": text}),
    };
    let default = match parameter.kind {
        ParameterKind::Password => json!({"_class": parameter.kind.value_class(), "name": parameter.name}),
        _ => default,
    };
    let mut value = json!({
        "_class": format!("hudson.model.{type_name}"),
        "defaultParameterValue": default,
        "description": parameter.description,
        "name": parameter.name,
        "type": type_name,
    });
    if parameter.kind == ParameterKind::Choice {
        value["choices"] = parameter.choices.clone().into();
    }
    value
}

fn job_class(job: &Job) -> &'static str {
    match job.kind {
        Kind::Plain => "hudson.model.FreeStyleProject",
        _ => "org.jenkinsci.plugins.workflow.job.WorkflowJob",
    }
}

fn build_class(job: &Job) -> &'static str {
    match job.kind {
        Kind::Plain => "hudson.model.FreeStyleBuild",
        _ => "org.jenkinsci.plugins.workflow.job.WorkflowRun",
    }
}

fn color(job: &Job) -> String {
    if job.is_disabled {
        return "disabled".to_owned();
    }
    let ended = job.builds.iter().rev().find_map(|build| build.result.as_deref());
    let color = match ended {
        None => "notbuilt",
        Some("SUCCESS") => "blue",
        Some("UNSTABLE") => "yellow",
        Some("FAILURE") => "red",
        Some(_) => "aborted",
    };
    let is_running = job.builds.last().is_some_and(Build::is_building);
    format!("{color}{}", if is_running { "_anime" } else { "" })
}
