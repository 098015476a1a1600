//! The sample pack, asked through the command line: does a paste get the right page, section, evidence and values?

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use base64::Engine as _;
use serde_json::Value;
use signpost::jobs::checks::{Artifact, CheckEvidence, CheckVerdict, Checks, verdict};
use signpost::jobs::parameters::{self, Sources};
use signpost::jobs::{BuildResult, Values, consistency};
use signpost::runbook::Library;
use signpost::sandbox::jenkins::token_of;
use signpost::sandbox::{ADA, ALERTS, GRACE, ONCALL, SUPPORT};
use signpost::settings::jobs::{self, Jobs};

const API: &str = "armada/armada-api-login.md";
const CARTOGRAPHER: &str = "armada/armada-fluentd-cartographer-token-failure.md";
const CREDENTIALS: &str = "cloud/ts-perms-creds.md";
const EKS: &str = "eks/eks-api-server-unauthorized-error.txt";
const LINK: &str = "satellite-link/satellite-link-connector-deploy-cannot-get-iam-token-from-iam-server.md";

#[test]
fn the_labelled_pastes_are_answered_and_chat_is_left_alone() {
    let report = eval();
    let figure = |name: &str| {
        report[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no `{name}` in {report}"))
    };
    let positives = figure("positives");
    assert_eq!(figure("documents"), 5, "{report}");
    assert!(
        figure("answered_correct") * 100 >= positives * 80,
        "too few right answers: {report}"
    );
    assert!(figure("answered_wrong") <= 1, "wrong answers: {report}");
    assert!(
        figure("section_correct") * 100 >= figure("sections") * 80,
        "wrong sections: {report}"
    );
    assert!(figure("top3") * 100 >= positives * 95, "not found when asked: {report}");
    assert!(figure("false_answers") <= 1, "answered what is none of ours: {report}");
}

#[test]
fn match_explains_what_it_does_and_does_not_answer() {
    let paste = "Not authorized. Log in and try again. (E0003)";
    let text = stdout(&signpost(&["match", "--explain"], paste));
    for said in [
        "answered: confidence",
        "bits of evidence",
        "E0003",
        "bits behind the best",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let text = stdout(&signpost(
        &["match", "--explain"],
        "the token exchange did not work out for me",
    ));
    assert!(
        text.contains("silent: confidence") && text.contains("missing: "),
        "{text}"
    );

    let json: Value = serde_json::from_str(&stdout(&signpost(&["match", "--json", "--explain"], paste))).unwrap();
    let best = &json["explanation"]["candidates"][0];
    assert_eq!(best["runbook"], json["matches"][0]["runbook"]);
    assert_eq!(best["silent"], Value::Null);
    assert!(
        best["bits"].as_f64() >= best["needed"].as_f64() && best["reasons"][0]["bits"].is_number(),
        "{best}"
    );
    let plain: Value = serde_json::from_str(&stdout(&signpost(&["match", "--json"], paste))).unwrap();
    assert_eq!(plain.as_object().unwrap().len(), 2, "the contract: matches and near");
}

#[test]
fn match_tells_what_of_the_runbooks_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let text = "---\nsignpost:\n  signatures:\n    - regex: 'belt (torn'\n---\n# Belt\n\n```\nthe belt of hall <n> tore off its rollers\n```\n";
    std::fs::write(folder.path().join("belt.md"), text).unwrap();
    let arguments = ["match", "--json", "--runbooks", folder.path().to_str().unwrap()];
    let output = signpost(&arguments, "the belt of hall 7 tore off its rollers");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with("belt.md:4: error["), "{told}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["matches"][0]["runbook"], "belt.md");
}

/// What `match` says about a text, with a folder that is published at `https://books.example`.
fn matched_in(books: &Path, text: &str, more: &[&str]) -> String {
    let books = [
        "match",
        "--base-url",
        "https://books.example",
        "--runbooks",
        books.to_str().unwrap(),
    ];
    stdout(&signpost(&[&books, more].concat(), text))
}

#[test]
fn match_follows_the_link_of_an_alert_as_the_bot_does() {
    let folder = tempfile::tempdir().unwrap();
    let belt = "# Belt stands still\n\n1. Oil it.\n\n## After the oil\n\n1. Wipe the floor.\n";
    std::fs::write(folder.path().join("belt.md"), belt).unwrap();
    std::fs::write(folder.path().join("lamp.md"), "# Lamp is dark\n\n1. Change it.\n").unwrap();
    let link = "https://books.example/belt.html#after-the-oil";
    let alert = format!("[FIRING:1] HallSeven (critical)\nrunbook_url: {link}\n");
    let json = |text: &str, more: &[&str]| -> Value {
        let said = matched_in(folder.path(), text, &[&["--json"], more].concat());
        serde_json::from_str(&said).unwrap()
    };

    let best = json(&alert, &[])["matches"][0].clone();
    assert_eq!(
        (text(&best, "runbook"), text(&best, "section")),
        ("belt.md", "After the oil")
    );
    assert_eq!(best["answered"], true);
    assert_eq!(text(&best["evidence"][0], "signature"), link);
    let shown = matched_in(folder.path(), &alert, &[]);
    assert!(
        shown.contains("Wipe the floor.") && !shown.contains("would not answer"),
        "{shown}"
    );
    let explained = matched_in(folder.path(), &alert, &["--explain"]);
    assert!(explained.starts_with("The text links to belt.md"), "{explained}");

    // Talk about a link is no alert; whoever asks about one gets its page.
    assert_eq!(
        json(&format!("have you read {link} yet?"), &[])["matches"],
        serde_json::json!([])
    );
    assert_eq!(
        text(&json(link, &["--asked"])["matches"][0], "section"),
        "After the oil"
    );
    let over = format!("[RESOLVED] HallSeven\nrunbook_url: {link}\n");
    assert_eq!(json(&over, &[])["matches"], serde_json::json!([]));
}

#[test]
fn every_error_code_leads_to_its_section() {
    for code in ["E0003", "E0015", "E0018", "E0031", "E0057"] {
        let found = best(&format!("we get {code} since noon"));
        assert_eq!((text(&found, "runbook"), text(&found, "section")), (API, code));
        assert_eq!(kinds(&found)[0], "code", "{found}");
    }
}

#[test]
fn every_alert_name_leads_to_its_runbook() {
    let cases = [
        ("SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer", LINK),
        ("CartographerIAMTokenExchangeErrors", CARTOGRAPHER),
        ("CartographerMetricsServiceTokenExchangeErrors", CARTOGRAPHER),
        ("CartographerLoggingServiceTokenExchangeErrors", CARTOGRAPHER),
    ];
    for (alert, runbook) in cases {
        let found = best(&format!("[FIRING:1] {alert} (critical)"));
        assert_eq!(text(&found, "runbook"), runbook);
        assert_eq!(found["evidence"][0]["signature"], alert);
        assert!(kinds(&found).contains(&"alert"), "{found}");
    }
}

#[test]
fn every_message_of_the_cloud_page_is_known_with_other_values() {
    let cases = [
        "The infrastructure authentication credentials are not authorized for the request.",
        "We were unable to connect to your Softlayer account.",
        "'Item' must be ordered with permission.",
        "The worker node instance '77120' can't be found. Review 'classic' infrastructure user permissions.",
        "The worker node instance can't be found. Review 'vpc-gen2' infrastructure user permissions.",
        "The worker node instance can't be identified. Review 'vpc-gen2' infrastructure user permissions.",
        "The IAM token exchange request failed with the message: key is locked",
        "IAM token exchange request failed: key is locked",
        "The cluster could not be configured with the registry. Make sure that you have the Administrator role for \
         Container Registry.",
        "No credentials set for resource group tools.: The user credentials could not be found. (E0051)",
    ];
    for message in cases {
        let found = best(message);
        assert_eq!(text(&found, "runbook"), CREDENTIALS, "{message}");
        assert_eq!(
            text(&found, "section"),
            "Resolving permission and credential errors",
            "{message}"
        );
    }
    let found = best("Error: SoftLayer_Exception_User_Customer_Unauthorized: Invalid API key");
    assert_eq!(
        (text(&found, "runbook"), text(&found, "section")),
        (CREDENTIALS, "Invalid API key")
    );
}

#[test]
fn the_authenticators_lines_lead_to_the_tips() {
    let cases = [
        r#"level=warning msg="access denied" arn="arn:aws:iam::222233334444:role/x" client="127.0.0.1:1" error="ARN is not mapped" method=POST"#,
        r#"error="sts getCallerIdentity failed: error from AWS (expected 200, got 403)""#,
    ];
    for line in cases {
        let found = best(line);
        assert_eq!(
            (text(&found, "runbook"), text(&found, "section")),
            (EKS, "Additional troubleshooting tips"),
            "{line}"
        );
    }
    assert_eq!(
        text(
            &best("error: You must be logged in to the server (Unauthorized)"),
            "runbook"
        ),
        EKS
    );
}

#[test]
fn the_evidence_names_the_line_and_the_values_of_the_paste() {
    let found = best(
        "any idea?\n```\n$ bx cs clusters\nFAILED\n\nNot authorized. Log in to Bluemix and try again. (E0003)\n\
         Incident ID: 3e9a1c70-55d4-4b8e-8f0a-2b7d6c1e9f42\n```",
    );
    assert!(
        found["evidence"]
            .as_array()
            .unwrap()
            .iter()
            .any(|evidence| evidence["line"] == 6),
        "{found}"
    );
    assert_eq!(
        found["captures"]["incident_id"][0], "3e9a1c70-55d4-4b8e-8f0a-2b7d6c1e9f42",
        "{found}"
    );

    let found =
        best("hi\nThe worker node instance '77120' can't be found. Review 'classic' infrastructure user permissions.");
    assert_eq!(found["evidence"][0]["line"], 2, "{found}");
    assert_eq!(found["captures"]["id"][0], "77120", "{found}");
    assert_eq!(found["captures"]["provider"][0], "classic", "{found}");

    let found = best(
        "alertname = SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer\n - cluster_id = cq81h2nd0ab7t3m5x9zg",
    );
    assert_eq!(found["captures"]["location_id"][0], "cq81h2nd0ab7t3m5x9zg", "{found}");
}

#[test]
fn the_reply_on_a_terminal_holds_steps_values_and_people() {
    let reply = stdout(&signpost(
        &["match"],
        "Not authorized. Log in to Bluemix and try again. (E0003)\nIncident ID: 3e9a1c70-55d4-4b8e-8f0a-2b7d6c1e9f42",
    ));
    for part in [
        "E0003",
        "bx login -a <UAA endpoint>",
        "3e9a1c70-55d4-4b8e-8f0a-2b7d6c1e9f42",
        "#armada-api",
    ] {
        assert!(reply.contains(part), "no `{part}` in:\n{reply}");
    }
}

#[test]
fn the_neighbours_error_codes_are_none_of_ours() {
    let cases = [
        "error[E0015]: cannot call non-const fn in constants",
        "FAILED (E0099)",
        "meet me in room E0310",
    ];
    for message in cases {
        assert_eq!(matched(message)["matches"], Value::Array(Vec::new()), "{message}");
    }
}

#[test]
fn the_lookups_answer_in_the_thread_is_no_error() {
    for lookup in [
        "ActualDatacenterCluster: prod-wdc04.carrier107",
        "`ActualDatacenterCluster`: `prod-dal12.carrier3`\n",
    ] {
        assert_eq!(matched(lookup)["matches"], Value::Array(Vec::new()), "{lookup}");
    }
    let alert = "[FIRING:1] SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer\nActualDatacenterCluster: prod-wdc04.carrier107";
    assert_eq!(text(&best(alert), "runbook"), LINK);
}

#[test]
fn lint_finds_nothing_to_say_about_the_pack() {
    let folder = root().join("responses/runbooks");
    let output = signpost(&["lint", folder.to_str().unwrap()], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let said = stdout(&output);
    let complaints: Vec<_> = said
        .lines()
        .filter(|line| line.contains(": error[") || line.contains(": warning["))
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// The sample's jobs and the sample pack, as the sandbox has them.
fn sample() -> (Jobs, Library) {
    let jobs = jobs::sample("http://127.0.0.1:3030/jenkins", &token_of("signpost").into()).unwrap();
    (jobs, signpost::files::load_embedded())
}

#[test]
fn the_samples_jobs_fit_its_runbooks_and_the_local_workspace() {
    let (jobs, library) = sample();
    assert_eq!(consistency::misfits(&jobs.registry, &library), []);
    let ids = jobs
        .registry
        .jobs
        .iter()
        .flat_map(|job| job.run_by.iter().chain(&job.approve_by).chain(&job.channels));
    let known = [ADA, GRACE, ONCALL, SUPPORT, ALERTS];
    assert!(
        ids.clone().count() > 0 && ids.clone().all(|id| known.contains(&id.as_str())),
        "{:?}",
        ids.collect::<Vec<_>>()
    );
    assert!(jobs.registry.jobs.iter().any(|job| !job.approve_by.is_empty()));
    assert_eq!(jobs.tokens.len(), 1);
}

#[test]
fn the_samples_job_stands_at_step_2_with_the_form_of_step_3() {
    let (jobs, library) = sample();
    let document = library.runbooks.iter().find(|document| document.path == LINK).unwrap();
    let topic = document
        .topics
        .iter()
        .find(|topic| topic.title.starts_with("Find out which"))
        .unwrap();
    let attached = jobs.registry.attached(&topic.steps);
    assert_eq!(attached.len(), 1, "{attached:?}");
    assert_eq!(
        (attached[0].number.as_str(), attached[0].job.to_string()),
        ("2", "get-info".to_owned())
    );
    let hinted: Vec<&str> = attached[0].hints.iter().map(|hint| hint.parameter.as_str()).collect();
    assert_eq!(hinted, ["BRANCH", "ENV_Branch", "CLUSTERID", "TUGBOAT", "CARRIER_NAME"]);

    let captures = BTreeMap::from([
        ("cluster_id".to_owned(), vec!["cq81h2nd0ab7t3m5x9zg".to_owned()]),
        ("location_id".to_owned(), vec!["cq81h2nd0ab7t3m5x9zg".to_owned()]),
    ]);
    let thread = ["ActualDatacenterCluster: prod-wdc04.carrier107".to_owned()];
    let fields = parameters::resolve(
        jobs.registry.job("get-info").unwrap(),
        &Sources {
            given: &BTreeMap::new(),
            captures: &captures,
            thread: &thread,
            hints: &attached[0].hints,
        },
    );
    let filled: Vec<(&str, Option<&str>)> = fields
        .iter()
        .map(|field| (field.name.as_str(), field.value.as_deref()))
        .collect();
    let expected = [
        ("CLUSTERID", Some("cq81h2nd0ab7t3m5x9zg")),
        ("TUGBOAT", Some("prod-wdc04-carrier107")),
        ("CARRIER_NAME", None),
        ("BRANCH", Some("Master")),
        ("ENV_Branch", Some("Master")),
    ];
    assert_eq!(filled, expected);
}

#[test]
fn the_samples_checks_tell_the_three_causes_apart() {
    let (jobs, library) = sample();
    let job = jobs.registry.job("get-info").unwrap();
    let values = BTreeMap::from([("TUGBOAT".to_owned(), "prod-wdc04-carrier107".to_owned())]);
    let say = |result: BuildResult, toml: Option<&str>, region: &str| {
        let key = toml.map(|toml| {
            let encoded = base64::engine::general_purpose::STANDARD.encode(toml);
            Artifact::Read(format!("apiVersion: v1\ndata:\n  slclient.toml: {encoded}\nkind: Secret\n").into_bytes())
        });
        let map = Artifact::Read(format!("apiVersion: v1\ndata:\n  region: {region}\nkind: ConfigMap\n").into_bytes());
        let [key_log, map_log] = [&job.artifacts[0], &job.artifacts[1]];
        let missing = Artifact::NotRead("does not exist".to_owned());
        let artifacts = BTreeMap::from([(key_log.clone(), key.unwrap_or(missing)), (map_log.clone(), map)]);
        let known = Values {
            parameters: &values,
            captures: &BTreeMap::new(),
            data: &library.data,
        };
        let masks = parameters::masks(job, None, &values);
        let said = verdict(
            &Checks::of(job),
            &CheckEvidence {
                result: &result,
                artifacts: &artifacts,
                known,
                masks,
            },
        );
        match said {
            CheckVerdict::Plain { section, .. } => section,
            CheckVerdict::Inconclusive { .. } => None,
        }
    };
    let (good, empty) = (Some("iam_api_key = \"k3y-of-nobody\"\n"), Some("location = \"x\"\n"));
    let success = || BuildResult::Success;
    assert_eq!(
        say(success(), good, "us-east").as_deref(),
        Some("Resolving bad IAM key")
    );
    assert_eq!(
        say(success(), empty, "us-east").as_deref(),
        Some("Resolving missing ConfigMap")
    );
    assert_eq!(
        say(success(), good, "eu-de").as_deref(),
        Some("Resolving improper region config")
    );
    assert_eq!(say(success(), None, "us-east"), None);
    assert_eq!(say(BuildResult::Unstable, good, "us-east"), None);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the program from an empty folder, so that it finds only what is built in.
fn signpost(arguments: &[&str], input: &str) -> Output {
    let elsewhere = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_signpost"))
        .args(arguments)
        .current_dir(elsewhere.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(
        output.status.code().is_some_and(|code| code < 2),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn matched(message: &str) -> Value {
    serde_json::from_str(&stdout(&signpost(&["match", "--json"], message))).unwrap()
}

fn best(message: &str) -> Value {
    let found = matched(message);
    assert!(!found["matches"][0].is_null(), "no answer to {message:?}: {found}");
    found["matches"][0].clone()
}

fn eval() -> Value {
    let runbooks = root().join("responses/runbooks");
    let cases: PathBuf = root().join("tests/fixtures/pack/cases.jsonl");
    let arguments = [
        "eval",
        "--runbooks",
        runbooks.to_str().unwrap(),
        "--cases",
        cases.to_str().unwrap(),
        "--json",
    ];
    serde_json::from_str(&stdout(&signpost(&arguments, ""))).unwrap()
}

fn text<'a>(found: &'a Value, key: &str) -> &'a str {
    found[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {found}"))
}

fn kinds(found: &Value) -> Vec<&str> {
    found["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|evidence| text(evidence, "kind"))
        .collect()
}
