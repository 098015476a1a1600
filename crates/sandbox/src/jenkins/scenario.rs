//! Steps and result of a build: by the job's kind, and for the Satellite Link job by a scenario.
//!
//! The latest matching request to `/sandbox/jenkins/scenario` sets the scenario, else the prefix of CLUSTERID; the
//! default is `both_right`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::log;
use super::model::{Artifact, Content, Given, Job, Kind, Outcome, Step};

/// Names of the scenarios, each with the prefix of CLUSTERID that selects it.
pub(super) const NAMES: [(&str, &str); 10] = [
    ("both_right", ""),
    ("key_missing", "nokey"),
    ("key_empty", "emptykey"),
    ("region_wrong", "region"),
    ("key_artifact_missing", "noapikey"),
    ("artifact_missing", "noart"),
    ("garbled", "garbled"),
    ("unstable", "unstable"),
    ("failure", "fail"),
    ("not_built", "notbuilt"),
];

/// A scenario chosen for future builds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Wish {
    pub(super) scenario: String,
    /// Full name of the job it applies to; any job when absent.
    pub(super) job: Option<String>,
    /// Prefix of CLUSTERID it applies to; any value when empty.
    pub(super) cluster: String,
    /// API key to plant.
    pub(super) key: Option<String>,
    /// Region to plant.
    pub(super) region: Option<String>,
}

impl Wish {
    /// Parses `{scenario, job?, cluster?, key?, region?}`.
    pub(super) fn read(given: &Value) -> Result<Self, String> {
        let text = |key: &str| given[key].as_str().map(str::to_owned);
        let scenario = text("scenario").ok_or("`scenario` is missing")?;
        if !NAMES.iter().any(|(name, _)| *name == scenario) {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            return Err(format!("the scenario {scenario:?} is not one of {}", names.join(", ")));
        }
        Ok(Self {
            scenario,
            job: text("job"),
            cluster: text("cluster").unwrap_or_default(),
            key: text("key"),
            region: text("region"),
        })
    }
}

/// Plans the next build of a job: its steps and its outcome.
pub(super) fn plan(job: &Job, number: u64, values: &[Given], wishes: &[Wish]) -> (Vec<Step>, Outcome) {
    let value = |name: &str| {
        let found = values.iter().find(|given| given.name == name);
        found.map_or("", |given| given.value.as_str())
    };
    let name = job.path.join("/");
    let wish = wishes.iter().rev().find(|wish| {
        wish.job.as_ref().is_none_or(|wanted| *wanted == name) && value("CLUSTERID").starts_with(&wish.cluster)
    });
    let scenario = wish.map_or_else(
        || {
            let mut known = NAMES.iter().filter(|(_, prefix)| !prefix.is_empty());
            known
                .find(|(_, prefix)| value("CLUSTERID").starts_with(prefix))
                .map_or("both_right", |(name, _)| name)
        },
        |wish| wish.scenario.as_str(),
    );
    let (steps, artifacts) = match job.kind {
        Kind::GetInfo => get_info(scenario, number, value, wish),
        Kind::Plain => (plain(&[&["Looking around"], &["Found all that was there"]]), Vec::new()),
        Kind::Input => {
            let choice = format!("{}Proceed or {}Abort", log::note("Proceed"), log::note("Abort"));
            let mut steps = plain(&[&["Prepared the release"], &["Release it?", &choice], &["Released"]]);
            if let Some(step) = steps.get_mut(1) {
                step.pauses = true;
            }
            (steps, Vec::new())
        }
        Kind::ManyFiles => (plain(&[&["Collecting"], &["Packing"]]), many_files()),
    };
    let result = match scenario {
        "unstable" => "UNSTABLE",
        "failure" => "FAILURE",
        "not_built" => "NOT_BUILT",
        _ => "SUCCESS",
    };
    let outcome = Outcome {
        result: result.to_owned(),
        artifacts,
    };
    (steps, outcome)
}

fn plain(parts: &[&[&str]]) -> Vec<Step> {
    let step = |lines: &&[&str]| Step {
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        pauses: false,
    };
    parts.iter().map(step).collect()
}

fn get_info<'a>(
    scenario: &str,
    number: u64,
    value: impl Fn(&str) -> &'a str,
    wish: Option<&Wish>,
) -> (Vec<Step>, Vec<Artifact>) {
    let (cluster, tugboat, carrier) = (value("CLUSTERID"), value("TUGBOAT"), value("CARRIER_NAME"));
    let (branch, env_branch) = (value("BRANCH"), value("ENV_Branch"));
    let steps = vec![
        vec![
            format!("Running on {}", if carrier.is_empty() { "carrier-1" } else { carrier }),
            format!("Checking out {branch}, environment {env_branch}"),
        ],
        vec![
            "[Pipeline] stage".to_owned(),
            format!("\u{1b}[32mSigned in\u{1b}[0m to {tugboat} with ****"),
        ],
        vec![
            format!("Looking for the master of {cluster}"),
            "found: 3 pods, 3 ready".to_owned(),
        ],
        vec!["Collecting the connector's API key".to_owned()],
        vec!["Collecting the connector's ConfigMap".to_owned()],
        last_words(scenario, number),
    ];
    let steps = steps.into_iter().map(|lines| Step { lines, pauses: false }).collect();
    let region = region_of(tugboat);
    let planted = wish.and_then(|wish| wish.region.as_deref());
    let shown = match (planted, scenario) {
        (Some(planted), _) => planted,
        (None, "region_wrong") if region == "us-south" => "eu-de",
        (None, "region_wrong") => "us-south",
        _ => region,
    };
    let key = wish
        .and_then(|wish| wish.key.clone())
        .unwrap_or_else(|| sample_key(number));
    let key_line = match scenario {
        "key_missing" => String::new(),
        "key_empty" => "iam_api_key = \"\"\n".to_owned(),
        _ => format!("iam_api_key = \"{key}\"\n"),
    };
    let toml =
        format!("location_id = \"{cluster}\"\niam_url = \"https://iam.example.com\"\n{key_line}log_level = \"info\"\n");
    let mut encoded = STANDARD.encode(toml);
    if scenario == "garbled" {
        encoded.insert_str(encoded.len() / 2, "%%%");
    }
    let mut artifacts = Vec::new();
    if !matches!(scenario, "key_artifact_missing" | "failure" | "not_built") {
        let text = format!(
            "apiVersion: v1\ndata:\n  slclient.toml: {encoded}\nkind: Secret\nmetadata:\n  name: connector-config\n"
        );
        artifacts.push(Artifact::text("connector_getConnectorAPIKey.log", text));
    }
    if !matches!(scenario, "artifact_missing" | "failure" | "not_built") {
        let text = format!(
            "apiVersion: v1\ndata:\n  location: {cluster}\n  region: {shown}\nkind: ConfigMap\nmetadata:\n  name: sl-config\n"
        );
        artifacts.push(Artifact::text("connector_sl_configMap.log", text));
    }
    (steps, artifacts)
}

fn last_words(scenario: &str, number: u64) -> Vec<String> {
    let lines: &[&str] = match scenario {
        // armada-api's answer without a login: a topic of the sample pack.
        "failure" => &[
            "+ bx cs clusters",
            "Listing clusters...",
            "FAILED",
            "Not authorized. Log in to Bluemix and try again. (E0003)",
        ],
        "unstable" => &["1 of 3 pods did not answer; what was collected may be old"],
        "not_built" => &["Nothing to collect: another stage said so"],
        _ => &["Archiving artifacts"],
    };
    let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    if scenario == "failure" {
        lines.push(format!("Incident ID: 00000000-0000-4000-8000-{number:012x}"));
    }
    lines
}

/// Returns the region of the data centre in a name such as `prod-wdc04-carrier107`.
fn region_of(tugboat: &str) -> &'static str {
    let centre = tugboat.split(['-', '.']).nth(1).unwrap_or_default();
    match centre.get(..3).unwrap_or_default() {
        "wdc" => "us-east",
        "fra" => "eu-de",
        "lon" => "eu-gb",
        "tok" => "jp-tok",
        "syd" => "au-syd",
        _ => "us-south",
    }
}

/// Returns a worthless key, as long and as random as a real one.
fn sample_key(number: u64) -> String {
    let digest = digest(&SHA256, format!("a key of the sandbox, build {number}").as_bytes());
    format!("{}s", URL_SAFE_NO_PAD.encode(digest))
}

fn many_files() -> Vec<Artifact> {
    let mut files: Vec<Artifact> = (1..=20)
        .map(|number| Artifact::text(&format!("facts/part-{number:02}.log"), format!("part {number}\n")))
        .collect();
    files.push(Artifact::text("facts/größe 100% #1.txt", "odd names are read too\n"));
    files.push(Artifact {
        path: "facts/blob.bin".to_owned(),
        content: Content::Bytes((0..=255).collect()),
    });
    files.push(Artifact {
        path: "facts/large.log".to_owned(),
        content: Content::Filler(64 * 1024 * 1024),
    });
    files
}
