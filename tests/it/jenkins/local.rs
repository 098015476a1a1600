//! The client and the verdict, end to end against the local Jenkins, at both of its addresses.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use signpost::clock::{Clock as _, SystemClock};
use signpost::jenkins::{BuildState, Client, Found, LogPosition, Lost, QueueItem, Triggered};
use signpost::jobs::checks::{Artifact, CheckEvidence, CheckVerdict, Checks, verdict};
use signpost::jobs::{BuildResult, Registry, Values, parameters};
use signpost::net::Net;
use signpost::sandbox::jenkins::{GET_INFO, Jenkins, Options, token_of};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const JOB: &str = r#"
run_by = ["S1"]
artifacts = ["connector_getConnectorAPIKey.log", "connector_sl_configMap.log"]
passed = "Resolving bad IAM key"
parameters = [{name = "CLUSTERID"}, {name = "TUGBOAT"}]
[[jobs.checks]]
title = "The API key is there"
artifact = "connector_getConnectorAPIKey.log"
holds = "^kind: "
pick = ['yaml data."slclient.toml"', "base64", "toml iam_api_key"]
test = "not-empty"
failed = "Resolving missing ConfigMap"
[[jobs.checks]]
title = "The region is the tugboat's"
artifact = "connector_sl_configMap.log"
pick = ["yaml data.region"]
test = { equals = { parameter = "TUGBOAT", transform = ["extract -([a-z]{3}[0-9]{2})-"], lookup = { data = "regions", field = "datacenters" } } }
failed = "Resolving improper region config"
"#;

struct World {
    jenkins: Jenkins,
    client: Client,
    registry: Registry,
}

fn with_world<F: Future<Output = ()>>(options: &Options, test: impl Fn(World) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for has_context in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let shutdown = CancellationToken::new();
            let jenkins = Jenkins::start(listener, options.clone(), shutdown.clone());
            let url = if has_context { jenkins.context_url() } else { jenkins.url() };
            let text = format!(
                "[[jenkins]]\nid = \"m\"\nurl = \"{url}\"\nuser = \"signpost\"\n[[jobs]]\nid = \"j\"\njenkins = \"m\"\npath = \"{GET_INFO}\"\n{JOB}"
            );
            let registry = Registry::read(&text).unwrap();
            let http = Net::new(&[], Duration::from_secs(5)).unwrap().client().unwrap();
            let client = Client::new(http, &registry.jenkins[0], SecretString::from(token_of("signpost")));
            let world = World { jenkins: jenkins.clone(), client, registry };
            tokio::time::timeout(Duration::from_secs(30), test(world)).await.unwrap();
            shutdown.cancel();
            jenkins.stopped().await;
        }
    });
}

fn values() -> BTreeMap<String, String> {
    let values = [("CLUSTERID", "c1"), ("TUGBOAT", "prod-wdc04-carrier107")];
    values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl World {
    async fn trigger(&self) -> Triggered {
        let job = &self.registry.jobs[0];
        let definition = self.client.definition(&job.path).await.unwrap();
        assert!(parameters::against(&definition, &values()).is_empty());
        self.client.trigger(&job.path, &definition, &values()).await
    }

    /// Follows a request to its end.
    async fn follow(&self, queue_id: u64) -> (u64, BuildResult) {
        let path = &self.registry.jobs[0].path;
        let number = loop {
            match self.client.queue_item(path, queue_id).await.unwrap() {
                QueueItem::Started { number } => break number,
                QueueItem::Waiting { .. } | QueueItem::Starting => {}
                other => panic!("{other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!(
            self.client.find_build_by_queue_id(path, queue_id).await.unwrap(),
            Some(number)
        );
        loop {
            let build = self.client.build(path, number).await.unwrap();
            assert_eq!(build.queue_id, Some(queue_id));
            if let BuildState::Done(result) = build.state {
                return (number, result);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn verdict(&self, scenario: &str) -> CheckVerdict {
        self.jenkins
            .act("scenario", &json!({"job": GET_INFO, "scenario": scenario}))
            .unwrap();
        let Triggered::Queued { queue_id } = self.trigger().await else {
            panic!("{scenario}: not queued");
        };
        let job = &self.registry.jobs[0];
        let (number, result) = self.follow(queue_id).await;
        let mut position = LogPosition::default();
        let log = self.client.log(&job.path, number, &mut position).await.unwrap();
        assert!(
            !log.more && log.text.contains("Looking for the master of c1") && !log.text.contains('\u{1b}'),
            "{log:?}"
        );
        let checks = Checks::of(job);
        let mut artifacts = BTreeMap::new();
        for name in checks.artifacts() {
            let read = self.client.artifact(&job.path, number, name, 64 << 10).await;
            let artifact = read.map_or_else(|error| Artifact::NotRead(error.to_string()), Artifact::Read);
            artifacts.insert(name.to_owned(), artifact);
        }
        let data: BTreeMap<String, Value> = (*signpost::files::load_embedded().data).clone();
        let (values, captures) = (values(), BTreeMap::new());
        let known = Values {
            parameters: &values,
            captures: &captures,
            data: &data,
        };
        let masks = parameters::masks(job, None, &values);
        verdict(
            &checks,
            &CheckEvidence {
                result: &result,
                artifacts: &artifacts,
                known,
                masks,
            },
        )
    }
}

#[test]
fn the_satellite_case_ends_in_each_of_its_verdicts() {
    with_world(&Options::quick(), |world| async move {
        for (scenario, expected) in [
            ("both_right", Some("Resolving bad IAM key")),
            ("key_missing", Some("Resolving missing ConfigMap")),
            ("key_empty", Some("Resolving missing ConfigMap")),
            ("region_wrong", Some("Resolving improper region config")),
            ("artifact_missing", None),
            ("key_artifact_missing", None),
            ("unstable", None),
            ("garbled", None),
        ] {
            let said = world.verdict(scenario).await;
            let section = match &said {
                CheckVerdict::Plain { section, .. } => section.as_deref(),
                CheckVerdict::Inconclusive { .. } => None,
            };
            assert_eq!(section, expected, "{scenario}: {said:?}");
        }
    });
}

#[test]
fn a_lost_answer_is_found_and_the_same_request_is_joined() {
    let options = Options {
        quiet_period: Duration::from_mins(5),
        ..Options::quick()
    };
    with_world(&options, |world| async move {
        let path = &world.registry.jobs[0].path;
        assert_eq!(world.client.who_am_i().await.unwrap().name, "signpost");
        assert!(!world.client.server().await.unwrap().quieting_down);
        let since = SystemClock.now();
        world.jenkins.fault(&json!({"kind": "lost_answer"})).unwrap();
        let triggered = world.trigger().await;
        assert!(matches!(triggered, Triggered::Unknown(_)), "{triggered:?}");
        let values = values();
        let lost = Lost {
            parameters: &values,
            since,
            run_id: None,
        };
        let found = world.client.look_up(path, &lost, &SystemClock).await.unwrap();
        let Found::Waiting { queue_id, ours: true } = found else {
            panic!("{found:?}");
        };
        assert_eq!(world.trigger().await, Triggered::Joined { queue_id });
        world.client.cancel(queue_id).await.unwrap();
        assert_eq!(
            world
                .client
                .queue_item(&world.registry.jobs[0].path, queue_id)
                .await
                .unwrap(),
            QueueItem::Cancelled
        );
        assert_eq!(
            world.client.look_up(path, &lost, &SystemClock).await.unwrap(),
            Found::Nothing
        );
    });
}
