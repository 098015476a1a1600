//! What of runbooks and of Jenkins does not fit the registry is told before anybody runs a job.

use std::path::Path;
use std::process::Command;

use signpost::files::{self, Options};
use signpost::jobs::consistency::{misfits, unfit};
use signpost::jobs::{Declared, JobDefinition, Kind};

use super::{SATELLITE, satellite};

const LINK: &str =
    "https://jenkins.example.com/ci/job/Containers/job/auto%20recovery/job/ha-master-info/build?delay=0sec";

/// A runbook with this front matter, a step with the job's link, and a few sections.
fn runbook(front: &str) -> String {
    format!(
        "---\ntitle: Connector\n{front}---\n# Connector\n\n```\nthe connector of <LOCATION> gets no token\n```\n\n## What to do\n\n\
         1. Start [the job]({LINK}).\n2. Read its artifacts.\n\n## Resolving missing ConfigMap\n\n1. Look for it.\n\n\
         ## Resolving improper region config\n\n1. Mend it.\n\n## Resolving bad IAM key\n\n1. Ask for another.\n"
    )
}

/// What is said of a folder with this one runbook.
fn said(text: &str, with_data: bool) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), text, with_data);
    let library = files::load(folder.path(), &Options::default(), None, &|_, _| {}).unwrap();
    assert_eq!(library.runbooks.len(), 1);
    let found = misfits(&satellite(), &library);
    found
        .iter()
        .map(|found| format!("{}:{} {}: {}", found.path, found.line, found.code, found.message))
        .collect()
}

fn write(folder: &Path, text: &str, with_data: bool) {
    std::fs::write(folder.join("connector.md"), text).unwrap();
    if with_data {
        std::fs::create_dir(folder.join("_data")).unwrap();
        std::fs::write(folder.join("_data/regions.yml"), "us-east:\n  datacenters: [wdc04]\n").unwrap();
    }
}

#[test]
fn a_runbook_whose_link_and_sections_fit_is_left_alone() {
    assert_eq!(said(&runbook(""), true), Vec::<String>::new());
    // Nothing to do with the job: its sections are nobody's business.
    assert_eq!(
        said("# Belts\n\n```\nthe belt of hall <n> is torn\n```\n", false),
        Vec::<String>::new()
    );
}

/// Front matter, a replacement in the text, and what is said.
const WRONG: &[(&str, (&str, &str), &[&str])] = &[
    (
        "signpost:\n  jobs: [ha-master-inof]\n",
        ("", ""),
        &[
            "connector.md:4 jobs-unknown: `signpost: jobs:` names the job \"ha-master-inof\"",
            "did you mean \"ha-master-info\"?",
        ],
    ),
    (
        "",
        ("## Resolving missing ConfigMap", "## Resolving a missing ConfigMap"),
        &[
            "connector.md:12 jobs-section: jobs[ha-master-info] of jobs.toml leads to the section \"Resolving missing ConfigMap\"",
            "did you mean \"Resolving a missing ConfigMap\"?",
        ],
    ),
    (
        "signpost:\n  checks:\n    - title: The key is there\n      artifact: other.log\n      test: not-empty\n      failed: Resolving missing ConfigMap\n",
        ("", ""),
        &[
            "connector.md:4 jobs-check: the check \"The key is there\" of the job \"ha-master-info\" is \"other.log\", which the job's `artifacts` do not list",
        ],
    ),
    (
        "signpost:\n  checks:\n    - title: The key is there\n      artifact: key.log\n      test: not-empty\n      failed: Resolving everything\n    - passed: Done\n",
        ("", ""),
        &[
            "`signpost: checks:` leads to the section \"Resolving everything\"",
            "leads to the section \"Done\"",
        ],
    ),
    (
        "signpost:\n  checks:\n    - title: The key is there\n      job: get-infos\n      artifact: key.log\n      test: not-empty\n",
        ("", ""),
        &[
            "the check \"The key is there\" is about the job \"get-infos\", which is not registered; registered are: ha-master-info",
        ],
    ),
    (
        "signpost:\n  checks:\n    - title: The tugboat is named\n      artifact: key.log\n      test: { equals: { parameter: TUGBOT } }\n",
        ("", ""),
        &["\"TUGBOT\", which is not a parameter of the job; did you mean \"TUGBOAT\"?"],
    ),
    (
        "signpost:\n  checks:\n    - title: The key is there\n      artifact: key.log\n      test: not-empty\n",
        ("jenkins.example.com", "ci.example.org"),
        &["the check \"The key is there\" belongs to no job of this runbook"],
    ),
];

#[test]
fn what_does_not_fit_is_told_where_and_what_to_do() {
    for (front, (good, bad), expected) in WRONG {
        let text = runbook(front);
        assert!(text.contains(good));
        let text = if good.is_empty() { text } else { text.replace(good, bad) };
        let told = said(&text, true).join("\n");
        for part in *expected {
            assert!(told.contains(part), "{part:?} is missing in {told:?}");
        }
    }
    let told = said(&runbook(""), false).join("\n");
    assert!(
        told.contains("jobs-data") && told.contains("_data/regions.yml"),
        "{told}"
    );
}

#[test]
fn lint_tells_it_when_it_is_shown_the_registry() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &runbook("signpost:\n  jobs: [nothing]\n"), true);
    let config = tempfile::tempdir().unwrap();
    let lint = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
        let output = command.arg("lint").arg(folder.path()).args(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    assert_eq!(lint(&[]).0, Some(0), "without the registry nobody can know");
    let with_config = ["--config", config.path().to_str().unwrap()];
    let (code, told) = lint(&with_config);
    assert!(code == Some(2) && told.contains("there is no jobs.toml in"), "{told}");
    // No token is needed.
    std::fs::write(config.path().join("jobs.toml"), SATELLITE).unwrap();
    let (code, told) = lint(&with_config);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("connector.md:4: error[jobs-unknown]: "), "{told}");
}

#[test]
fn what_jenkins_declares_otherwise_is_told_by_its_key() {
    let registry = satellite();
    let job = registry.job("ha-master-info").unwrap();
    let declared = |name: &str| Declared {
        name: name.to_owned(),
        ..Declared::default()
    };
    let names = [
        "CLUSTERID",
        "TUGBOAT",
        "CARRIER_NAME",
        "BRANCH",
        "ENV_Branch",
        "DEPLOY_TOKEN",
    ];
    let mut definition = JobDefinition {
        parameters: names.map(declared).to_vec(),
        ..JobDefinition::default()
    };
    assert_eq!(unfit(job, &definition), []);
    definition.parameters[3].kind = Kind::Choice;
    definition.parameters[3].choices = vec!["Master".to_owned()];
    definition.parameters[4].kind = Kind::File;
    definition.parameters[5].name = "DEPLOYTOKEN".to_owned();
    let told: Vec<String> = unfit(job, &definition).iter().map(ToString::to_string).collect();
    let expected = [
        [
            "parameters[BRANCH].choices",
            "\"Next\", which Jenkins would reject",
            "must be one of: Master",
        ],
        ["parameters[ENV_Branch]", "takes a file", "remove it"],
        [
            "parameters[DEPLOY_TOKEN].name",
            "does not declare",
            "did you mean \"DEPLOYTOKEN\"?",
        ],
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, parts) in told.iter().zip(expected) {
        assert!(parts.iter().all(|part| told.contains(part)), "{parts:?}: {told}");
    }
}
