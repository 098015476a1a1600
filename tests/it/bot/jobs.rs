//! Runs of Jenkins jobs, over both wires: Slack's and Jenkins'.

mod asking;
mod between;
mod canaries;
mod deciding;
mod faults;
mod forms;
pub(super) mod ground;
mod killing;
mod losing;
pub(super) mod program;
mod running;
mod without;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use signpost::bot::{JobTiming, Parts};
use signpost::jobs::{JenkinsId, Registry};
use signpost::sandbox::jenkins::{self, APPROVAL, Build, CHOOSE, GET_INFO, NIGHTLY, token_of};
use signpost::sandbox::{ADA, GRACE, Options, RANDOM, SUPPORT};
use signpost::settings::Settings;
use signpost::settings::jobs::Jobs;

use super::{Bot, World, quick, with_options};

/// What stands in the thread once somebody has looked it up.
pub(super) const LOOKED_UP: &str = "ActualDatacenterCluster: prod-wdc04.carrier107";
/// Recognised by the runbook that [`World::with_jobs`] writes.
pub(super) const ALERT: &str = "SL100: the link of location loc-4711 is down";

/// A Jenkins and a Slack that answer at once.
pub(super) fn options() -> Options {
    Options {
        jenkins: jenkins::Options::quick(),
        ..quick()
    }
}

impl World {
    /// Jobs of the local Jenkins: one that the runbook of [`ALERT`] starts, one without parameters, one with every kind of
    /// parameter that a second person must approve, and one for another channel.
    fn registry(&self) -> Registry {
        let jenkins = self.workspace.jenkins_url();
        let text = format!(
            r#"
[[jenkins]]
id = "local"
url = "{jenkins}"
user = "signpost"
token_variable = "JENKINS_TOKEN"

[[jobs]]
id = "get-info"
jenkins = "local"
path = "{GET_INFO}"
title = "Collect the facts"
about = "Changes nothing."
run_by = ["{ADA}"]
channels = ["{SUPPORT}"]
[[jobs.parameters]]
name = "CLUSTERID"
title = "Cluster"
required = true
from = ["capture:location_id"]
[[jobs.parameters]]
name = "TUGBOAT"
help = "Where its master runs."
required = true
from = ["thread:ActualDatacenterCluster"]
transform = ["kebab-case"]
[[jobs.parameters]]
name = "CARRIER_NAME"
[[jobs.parameters]]
name = "BRANCH"
default = "Master"
choices = ["Master", "Next"]

[[jobs]]
id = "nightly-report"
jenkins = "local"
path = "{NIGHTLY}"
title = "Sum up the day"
run_by = ["{ADA}", "{GRACE}"]
channels = ["{SUPPORT}"]

[[jobs]]
id = "choose-mirror"
jenkins = "local"
path = "{CHOOSE}"
title = "Choose a mirror"
run_by = ["{ADA}"]
approve_by = ["{ADA}", "{GRACE}"]
channels = ["{SUPPORT}"]
[[jobs.parameters]]
name = "REGION"
required = true
[[jobs.parameters]]
name = "DRY_RUN"
default = "true"
[[jobs.parameters]]
name = "PASSPHRASE"

[[jobs]]
id = "elsewhere"
jenkins = "local"
path = "{APPROVAL}"
title = "Sum up elsewhere"
run_by = ["{ADA}"]
channels = ["{RANDOM}"]
"#
        );
        Registry::read(&text).unwrap()
    }

    /// A runbook that starts a job, and settings with the jobs.
    pub(super) fn with_jobs(&self) -> Settings {
        let url = self.workspace.jenkins_url();
        let job = GET_INFO.replace('/', "/job/");
        self.write(
            "link.md",
            &format!(
                "# Satellite link\n\n## SL100\n\n```\nSL100: the link of location <LOCATION ID> is down\n```\n\n### What to do\n\n\
                 1. Look up where it runs.\n\
                 2. Start [the job]({url}/job/{job}/build?delay=0sec) and fill in the form:\n    \
                 - CLUSTERID: `<LOCATION ID>`\n    - CARRIER_NAME: `carrier107`\n\
                 3. Read what it says.\n"
            ),
        );
        let token = (JenkinsId::from("local"), token_of("signpost").into());
        let mut settings = self.settings();
        settings.jobs = Jobs {
            registry: std::sync::Arc::new(self.registry()),
            tokens: BTreeMap::from([token]),
        };
        settings
    }

    /// A bot that knows the jobs.
    async fn bot_with_jobs(&self) -> Bot {
        self.bot_with(self.with_jobs(), soon()).await
    }

    /// The parameters of the builds of a job that the bot started, once there are so many.
    async fn builds(&self, job: &str, count: usize) -> Vec<BTreeMap<String, String>> {
        let found = self.workspace.jenkins().wait_for(|state| {
            let builds = state.jobs.get(job)?.builds.iter().filter(is_ours);
            let parameters = builds.map(|build| {
                let given = build.parameters.iter();
                given.map(|given| (given.name.clone(), given.value.clone())).collect()
            });
            let parameters: Vec<_> = parameters.collect();
            (parameters.len() >= count).then_some(parameters)
        });
        found.await.unwrap()
    }

    /// How many builds of a job the bot has started by now.
    fn build_count(&self, job: &str) -> usize {
        self.workspace.jenkins().read(|state| {
            let jobs = state.jobs.get(job).into_iter();
            jobs.flat_map(|job| &job.builds).filter(is_ours).count()
        })
    }

    /// The form of a job that a person sees, filled in.
    async fn form_of(&self, who: &str) -> Value {
        let found = self.workspace.wait_for(|state| {
            let mut views = state.views.values();
            views
                .find(|view| view["user_id"] == who && view["type"] == "modal" && !view["submit"].is_null())
                .cloned()
        });
        found.await.unwrap()
    }

    /// A form is submitted with these values.
    async fn fill_in(&self, who: &str, view: &Value, values: &[(&str, &str)]) -> Value {
        let blocks = values
            .iter()
            .map(|(name, value)| (format!("p:{name}"), json!({"value": value})));
        let values: serde_json::Map<String, Value> = blocks.collect();
        let sent = json!({"user": who, "view_id": view["id"], "values": values});
        self.control("submit", sent).await
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "filters hand it over so")]
fn is_ours(build: &&Build) -> bool {
    build.causes.iter().any(|cause| cause == "signpost")
}

/// Jenkins is asked often.
fn soon() -> Parts {
    Parts {
        jobs: JobTiming {
            queue: Duration::from_millis(20),
            build: Duration::from_millis(20),
            ..JobTiming::default()
        },
        ..Parts::default()
    }
}

/// A field of a form.
fn field<'a>(view: &'a Value, name: &str) -> &'a Value {
    let block = format!("p:{name}");
    let blocks = view["blocks"].as_array().unwrap();
    blocks.iter().find(|one| one["block_id"] == block.as_str()).unwrap()
}
