//! What the tests of jobs stand on: jobs of the local Jenkins, a runbook that their results lead through, a quick bot.

use std::collections::BTreeMap;

use super::super::*;

use signpost::bot::JobTiming;
use signpost::jobs::Registry;
use signpost::sandbox::GRACE;
use signpost::sandbox::jenkins::{self, APPROVAL, CHOOSE, FACTS, GET_INFO, HIDDEN, Jenkins, NIGHTLY, NOWHERE, RETIRED};
use signpost::settings::jobs::Jobs;

/// An error whose runbook starts `get-info`.
pub(in crate::bot) const STARVED: &str = "deploy failed: QX5100: the connector of cluster c-17 gets no token";
/// What is written in the thread to run it.
pub(in crate::bot) const GET: &str = "run get-info CLUSTERID=c-17 TUGBOAT=prod-wdc04-carrier107";
/// What stands in the message of a run, and in no other.
pub(in crate::bot) const RUN: &str = "Requested by";

const CONNECTOR: &str = "# Connector without a token\n\n## QX5100\n\n\
    ```\nQX5100: the connector of cluster <CLUSTER_ID> gets no token\n```\n\n### What to do\n\n\
    1. Ask for the tugboat.\n2. Start [get-info](https://jenkins.example.com/job/Containers-Runtime/job/\
    armada-cruiser-automated-recovery/job/armada-ha-master-get-info/build?delay=0sec).\n\n\
    ## Restoring the map\n\n1. Restart `map-writer`.\n\n## Mending the region\n\n1. Restart `region-writer`.\n\n\
    ## Replacing the key\n\n1. Ask the owner for another key.\n";
const REGIONS: &str = "east:\n  name: us-east\n  centres: [wdc04, wdc06]\nmiddle:\n  name: eu-de\n  centres: [fra02]\n";

/// Everybody may run these in #support.
pub(in crate::bot) fn registry(url: &str) -> String {
    let head = format!(
        "[[jenkins]]\nid = \"main\"\nurl = \"{url}\"\naliases = [\"https://jenkins.example.com\"]\nuser = \"signpost\"\n\
         token_variable = \"JENKINS_TOKEN\"\nrequest_timeout = 1\n"
    );
    let job = |id: &str, path: &str, title: &str, more: &str| {
        format!(
            "\n[[jobs]]\nid = \"{id}\"\njenkins = \"main\"\npath = \"{path}\"\ntitle = \"{title}\"\n\
             run_by = [\"{ADA}\", \"{GRACE}\"]\nchannels = [\"{SUPPORT}\"]\n{more}\n"
        )
    };
    let jobs = [
        job("get-info", GET_INFO, "Collect the configuration", GET_INFO_REST),
        job("nightly", NIGHTLY, "Sum up the day", ""),
        job("retired", RETIRED, "The retired report", ""),
        job("hidden", HIDDEN, "Rotate the keys", ""),
        job("gpu", NOWHERE, "Wants a gpu", ""),
        job("release", APPROVAL, "Release it", ""),
        job(
            "facts",
            FACTS,
            "Collect facts",
            &format!("approve_by = [\"{GRACE}\"]\n[[jobs.parameters]]\nname = \"NODE\"\n"),
        ),
        job(
            "mirror",
            CHOOSE,
            "Choose a mirror",
            "concurrency = 5\n[[jobs.parameters]]\nname = \"REGION\"\n[[jobs.parameters]]\nname = \"PASSPHRASE\"\n\
             [[jobs.parameters]]\nname = \"NOTES\"\nsecret = true\n[[jobs.parameters]]\nname = \"DRY_RUN\"\n",
        ),
    ];
    format!("{head}{}", jobs.concat())
}

const GET_INFO_REST: &str = r#"
concurrency = 5
artifacts = ["connector_getConnectorAPIKey.log", "connector_sl_configMap.log"]
passed = "Replacing the key"
[[jobs.parameters]]
name = "CLUSTERID"
required = true
from = ["capture:cluster_id"]
[[jobs.parameters]]
name = "TUGBOAT"
required = true
from = ["thread:ActualDatacenterCluster"]
transform = ["kebab-case"]
[[jobs.checks]]
title = "The key is there"
artifact = "connector_getConnectorAPIKey.log"
holds = "^kind: "
pick = ['yaml data."slclient.toml"', "base64", "toml iam_api_key"]
test = "not-empty"
failed = "Restoring the map"
[[jobs.checks]]
title = "The region is the tugboat's"
artifact = "connector_sl_configMap.log"
holds = "^kind: "
pick = ["yaml data.region"]
test = { equals = { parameter = "TUGBOAT", transform = ["extract -([a-z]{3}[0-9]{2})-"], lookup = { data = "regions", field = "centres", give = "name" } } }
failed = "Mending the region"
"#;

/// A Jenkins whose builds take a moment.
fn quick_jenkins() -> Options {
    Options {
        jenkins: jenkins::Options {
            executors: 20,
            wait_limit: Duration::from_secs(20),
            ..jenkins::Options::quick()
        },
        ..quick()
    }
}

/// Runs a test in a world with jobs.
pub(in crate::bot) fn with_jobs<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    with_options(quick_jenkins(), |world| {
        world.write("connector.md", CONNECTOR);
        std::fs::create_dir_all(world.runbooks().join("_data")).unwrap();
        world.write("_data/regions.yml", REGIONS);
        test(world)
    });
}

/// What a registry means, with the token of the bot's user.
pub(in crate::bot) fn jobs_of(registry: &str) -> Jobs {
    let registry = Registry::read(registry).unwrap_or_else(|problem| panic!("{problem:?}"));
    let token = |jenkins: &signpost::jobs::Jenkins| (jenkins.id.clone(), jenkins::token_of("signpost").into());
    let tokens: BTreeMap<_, _> = registry.jenkins.iter().map(token).collect();
    Jobs {
        registry: Arc::new(registry),
        tokens,
    }
}

/// Everything at once: the local workspace and Jenkins are patient.
pub(in crate::bot) fn hasty() -> Parts {
    Parts {
        jobs: JobTiming {
            queue: Duration::from_millis(15),
            build: Duration::from_millis(20),
            vanished: Duration::from_millis(100),
            arrival: Duration::from_millis(200),
            ..JobTiming::default()
        },
        ..Parts::default()
    }
}

impl World {
    pub(in crate::bot) fn jenkins(&self) -> &Jenkins {
        self.workspace.jenkins()
    }

    /// Tells the local Jenkins something.
    pub(in crate::bot) fn jenkins_does(&self, action: &str, given: &Value) -> Value {
        self.jenkins().act(action, given).unwrap()
    }

    /// Settings with these jobs.
    pub(in crate::bot) fn settings_with(&self, registry: &str) -> Settings {
        let mut settings = self.settings();
        settings.jobs = jobs_of(registry);
        // The same error comes again and again here.
        settings.answers.repeat_minutes = 0;
        settings
    }

    /// A bot that may run the jobs of [`registry`].
    pub(in crate::bot) async fn worker(&self) -> Bot {
        self.worker_with(&registry(&self.workspace.jenkins_url()), hasty())
            .await
    }

    pub(in crate::bot) async fn worker_with(&self, registry: &str, parts: Parts) -> Bot {
        self.bot_with(self.settings_with(registry), parts).await
    }

    /// Somebody asks for a run, at the beginning of a thread.
    pub(in crate::bot) fn asks(&self, who: &str, command: &str) -> String {
        let text = format!("<@{SIGNPOST}> {command}");
        self.workspace.say(who, SUPPORT, &text).unwrap()
    }

    /// Somebody asks for a run in a thread.
    pub(in crate::bot) fn asks_in(&self, who: &str, thread: &str, command: &str) -> String {
        let text = format!("<@{SIGNPOST}> {command}");
        self.workspace.reply(who, SUPPORT, thread, &text).unwrap()
    }

    /// The message of the run in a thread, as soon as it says all of this.
    pub(in crate::bot) async fn run_saying(&self, ts: &str, what: &[&str]) -> Value {
        let all: Vec<&str> = what.iter().copied().chain([RUN]).collect();
        self.saying(ts, &all).await
    }

    /// The messages of runs in a thread.
    pub(in crate::bot) fn runs_in(&self, ts: &str) -> Vec<Value> {
        let mut replies = ours(self.workspace.replies(SUPPORT, ts));
        replies.retain(|reply| words(reply).contains(RUN));
        replies
    }

    /// Waits until the local Jenkins has a build of a job that runs; tells its number.
    pub(in crate::bot) async fn running(&self, job: &str) -> u64 {
        let found = self.jenkins().wait_for(|state| {
            let builds = state.jobs.get(job).into_iter().flat_map(|job| job.builds.iter());
            builds
                .into_iter()
                .find(|build| build.is_building())
                .map(|build| build.number)
        });
        found.await.unwrap()
    }

    /// How often jobs were asked for in Jenkins.
    pub(in crate::bot) fn triggers(&self) -> usize {
        self.jenkins().read(|state| {
            let sent = |request: &&Value| request["what"] == "trigger" && request["method"] == "POST";
            state.requests.iter().filter(sent).count()
        })
    }

    /// Requests that Jenkins has, waiting or built, and those that it was asked for and whose answer is out.
    pub(in crate::bot) fn asked_for(&self) -> usize {
        self.triggers() + self.made_of("Master")
    }

    /// What Jenkins has, waiting or built, of requests with this value.
    pub(in crate::bot) fn made_of(&self, value: &str) -> usize {
        self.jenkins().read(|state| {
            let has = |given: &[jenkins::Given]| given.iter().any(|given| given.value == value);
            let built = state.jobs.values().flat_map(|job| &job.builds);
            let built = built.filter(|build| has(&build.parameters)).count();
            built + state.waiting().filter(|item| has(&item.parameters)).count()
        })
    }

    /// What the audit has of this, the oldest first: `what` and `detail`.
    pub(in crate::bot) async fn audited(&self) -> Vec<(String, String)> {
        let pool = self.look_into_store().await;
        sqlx::query_as("SELECT what, detail || ' ' || parameters FROM audit ORDER BY seq")
            .fetch_all(&pool)
            .await
            .unwrap()
    }

    /// How many runs there are, and how many of them have not ended.
    pub(in crate::bot) async fn rows(&self) -> (i64, i64) {
        let pool = self.look_into_store().await;
        sqlx::query_as("SELECT count(*), coalesce(sum(live), 0) FROM runs")
            .fetch_one(&pool)
            .await
            .unwrap()
    }
}

impl World {
    /// Waits until no run is under way. The store tells no one, so it is asked again and again.
    pub(in crate::bot) async fn wait_until_over(&self) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while self.rows().await.1 > 0 {
            assert!(tokio::time::Instant::now() < deadline, "a run does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
