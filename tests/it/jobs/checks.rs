//! Verdicts: the Satellite case in all its outcomes, and every way in which nothing can be said.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use signpost::jobs::checks::{Artifact, CheckEvidence, CheckVerdict, Checks, verdict};
use signpost::jobs::masks::Masks;
use signpost::jobs::{BuildResult, Values};

use super::satellite;

const MISSING: &str = "Resolving missing ConfigMap";
const REGION: &str = "Resolving improper region config";
const KEY: &str = "Resolving bad IAM key";

fn canary() -> String {
    ["Can", "ary-77", "xyz"].concat()
}

fn packed(toml: &str) -> String {
    format!("apiVersion: v1\ndata:\n  slclient.toml: {}\n", STANDARD.encode(toml))
}

fn with_key() -> String {
    packed(&format!("endpoint = \"x\"\niam_api_key = \"{}\"\n", canary()))
}

/// Result, key artifact, config artifact (`None`: missing), tugboat.
struct Run {
    result: &'static str,
    key: Option<String>,
    config: Option<String>,
    tugboat: &'static str,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            result: "SUCCESS",
            key: Some(with_key()),
            config: Some("name: c1\nregion: us-east\n".to_owned()),
            tugboat: "prod-wdc04-carrier107",
        }
    }
}

impl Run {
    fn verdict(&self) -> CheckVerdict {
        let artifact = |text: &Option<String>| match text {
            Some(text) => Artifact::Read(text.clone().into_bytes()),
            None => Artifact::NotRead("does not exist".to_owned()),
        };
        let artifacts = BTreeMap::from([
            ("key.log".to_owned(), artifact(&self.key)),
            ("config.log".to_owned(), artifact(&self.config)),
        ]);
        let data = BTreeMap::from([(
            "regions".to_owned(),
            json!({"us-south": {"datacenters": ["dal10"]}, "us-east": {"datacenters": ["wdc04", "wdc06"]}}),
        )]);
        let registry = satellite();
        let checks = Checks::of(registry.job("ha-master-info").unwrap());
        assert_eq!(checks.artifacts().len(), 2);
        let verdict = verdict(
            &checks,
            &CheckEvidence {
                result: &self.result.into(),
                artifacts: &artifacts,
                known: Values {
                    parameters: &BTreeMap::from([("TUGBOAT".to_owned(), self.tugboat.to_owned())]),
                    captures: &BTreeMap::new(),
                    data: &data,
                },
                masks: Masks::default(),
            },
        );
        let said = serde_json::to_string(&verdict).unwrap();
        for secret in [canary(), STANDARD.encode(canary())] {
            assert!(!said.contains(&secret), "{said}");
        }
        verdict
    }

    fn section(&self) -> Option<String> {
        match self.verdict() {
            CheckVerdict::Plain { section, .. } => section,
            CheckVerdict::Inconclusive { missing, .. } => panic!("{missing:?}"),
        }
    }

    fn missing(&self) -> Vec<String> {
        match self.verdict() {
            CheckVerdict::Inconclusive { missing, .. } => missing.iter().map(ToString::to_string).collect(),
            plain @ CheckVerdict::Plain { .. } => panic!("{plain:?}"),
        }
    }
}

#[test]
fn each_outcome_of_the_satellite_case_leads_to_its_section() {
    let of_key = |toml: &str| Run {
        key: Some(packed(toml)),
        ..Run::default()
    };
    let wrong_region = || Some("region: us-south\n".to_owned());
    for (run, section) in [
        (Run::default(), KEY),
        (of_key("endpoint = \"x\""), MISSING),
        (of_key("iam_api_key = \"\""), MISSING),
        (
            Run {
                key: Some("error: no such ConfigMap".to_owned()),
                ..Run::default()
            },
            MISSING,
        ),
        (
            Run {
                config: wrong_region(),
                ..Run::default()
            },
            REGION,
        ),
        (
            Run {
                tugboat: "prod-dal10-carrier1",
                ..Run::default()
            },
            REGION,
        ),
        // Both wrong: the first check wins.
        (
            Run {
                config: wrong_region(),
                ..of_key("endpoint = \"x\"")
            },
            MISSING,
        ),
    ] {
        assert_eq!(run.section().as_deref(), Some(section));
    }
}

#[test]
fn the_verdict_quotes_what_was_seen() {
    let run = Run {
        config: Some("region: us-south\n".to_owned()),
        ..Run::default()
    };
    let CheckVerdict::Plain { findings, .. } = run.verdict() else {
        panic!("inconclusive");
    };
    assert_eq!(
        (findings[0].passed, findings[0].seen.as_deref()),
        (true, Some("[masked]"))
    );
    let second = &findings[1];
    assert_eq!(
        (second.seen.as_deref(), second.expected.as_deref()),
        (Some("us-south"), Some("us-east"))
    );
}

/// Runs that are as they should be but for one thing, each with the sentence that names it.
fn says(cases: &[(Run, &str)]) {
    for (run, said) in cases {
        let missing = run.missing();
        assert!(missing.len() == 1 && missing[0].contains(said), "{said}: {missing:?}");
    }
}

fn ended(result: &'static str) -> Run {
    Run {
        result,
        ..Run::default()
    }
}

fn key(text: &str) -> Run {
    Run {
        key: Some(text.to_owned()),
        ..Run::default()
    }
}

fn config(text: &str) -> Run {
    Run {
        config: Some(text.to_owned()),
        ..Run::default()
    }
}

fn tugboat(tugboat: &'static str) -> Run {
    Run {
        tugboat,
        ..Run::default()
    }
}

#[test]
fn without_success_or_an_artifact_it_stays_open() {
    let without = |key, config| Run {
        key,
        config,
        ..Run::default()
    };
    says(&[
        (ended("UNSTABLE"), "the build ended UNSTABLE, not SUCCESS"),
        (ended("FAILURE"), "ended FAILURE"),
        (ended("ABORTED"), "ended ABORTED"),
        (ended("WEIRD"), "ended WEIRD"),
        (without(None, Run::default().config), "`key.log` does not exist"),
        (without(Some(with_key()), None), "`config.log` does not exist"),
        (config(" \n"), "`config.log` is empty"),
    ]);
    let run = Run {
        result: "UNSTABLE",
        ..without(None, None)
    };
    assert_eq!(run.missing().len(), 3, "all of it is named");
}

#[test]
fn what_cannot_be_read_or_compared_leaves_it_open() {
    let binary = format!("slclient.toml: {}", STANDARD.encode([0xff, 0xfe, 1]));
    says(&[
        (key("slclient.toml: <none>"), "is not base64"),
        (key(&packed("= not toml")), "is not TOML"),
        (key(&binary), "is not text"),
        (config("nothing here"), "`config.log` does not contain it"),
        (config("region:\n"), "does not contain it"),
        (config("region: us-east\nregion: us-south"), "contains it twice"),
        (
            tugboat("prod-xyz99-carrier1"),
            "TUGBOAT in _data/regions.yml is not known",
        ),
        (tugboat("carrier1"), "TUGBOAT is not known"),
        (tugboat(""), "TUGBOAT is not known"),
    ]);
}

/// What becomes of a check, written as in front matter, of one artifact: `+` passed, `-` failed, `?` open.
fn outcome(artifact: &str, check: &str) -> char {
    let mut entry: Value = serde_json::from_str(check).unwrap();
    entry["title"] = json!("T");
    entry["artifact"] = json!("a.log");
    let checks = Checks::read(&Value::Array(vec![entry])).unwrap_or_else(|problems| panic!("{problems:?}"));
    let artifacts = BTreeMap::from([("a.log".to_owned(), Artifact::Read(artifact.as_bytes().to_vec()))]);
    let captures = BTreeMap::from([
        ("q".to_owned(), vec!["q".to_owned()]),
        ("two".to_owned(), vec!["1".to_owned(), "2".to_owned()]),
    ]);
    let (parameters, data) = (BTreeMap::new(), BTreeMap::new());
    let evidence = CheckEvidence {
        result: &BuildResult::Success,
        artifacts: &artifacts,
        known: Values {
            parameters: &parameters,
            captures: &captures,
            data: &data,
        },
        masks: Masks::default(),
    };
    match verdict(&checks, &evidence) {
        CheckVerdict::Plain { findings, .. } if findings[0].passed => '+',
        CheckVerdict::Plain { .. } => '-',
        CheckVerdict::Inconclusive { .. } => '?',
    }
}

#[test]
fn values_are_picked_and_tested() {
    let one = r#"{"pick": ["key a"], "test": {"equals": {"value": "1"}}}"#;
    let there = r#"{"pick": ["key a"], "test": "present"}"#;
    let state = r#"{"pick": ["line ^state=(\\w+)$"], "test": {"one-of": ["up", "ready"]}}"#;
    let block = r#"{"pick": ["key a"], "test": {"matches": "one\ntwo"}}"#;
    let yaml = r#"{"pick": ["yaml data.\"a.b\""], "test": {"equals": {"capture": "q"}}}"#;
    let two = r#"{"pick": ["key a"], "test": {"equals": {"capture": "two"}}}"#;
    let other = r#"{"pick": ["key a"], "test": {"differs-from": {"value": "2"}}}"#;
    let whole = r#"{"holds": "^END$", "pick": ["key a"], "test": "present"}"#;
    for (artifact, check, expected) in [
        ("a: 1", one, '+'),
        ("  \"a\" : \"1\",", one, '+'),
        ("a = 2", one, '-'),
        ("ab: 2", one, '?'),
        ("ab: 2", there, '-'),
        ("a: |\n  one\n  two\nb: 3", block, '+'),
        ("x\nstate=up\ny", state, '+'),
        ("state=down", state, '-'),
        ("no state", state, '?'),
        ("data:\n  a.b: q", yaml, '+'),
        ("data: [", yaml, '?'),
        ("a: 1", two, '?'),
        ("a: 1", other, '+'),
        ("a: 2", other, '-'),
        ("a: 1", whole, '?'),
        ("a: 1\nEND", whole, '+'),
    ] {
        assert_eq!(outcome(artifact, check), expected, "{artifact} {check}");
    }
}

#[test]
fn values_are_unpacked_within_limits() {
    let packed = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(bytes).unwrap();
        STANDARD.encode(packed.finish().unwrap())
    };
    let json = packed(br#"{"a": {"b.c": [1, "x"]}}"#);
    let nested = r#"{"pick": ["base64", "gzip", "json a.\"b.c\".1"], "test": {"equals": {"value": "x"}}}"#;
    let there = r#"{"pick": ["base64", "gzip"], "test": "present"}"#;
    assert_eq!(outcome(&json, nested), '+');
    assert_eq!(
        outcome(&json, r#"{"pick": ["base64", "json a"], "test": "present"}"#),
        '?'
    );
    assert_eq!(outcome(&json[..20], there), '?');
    assert_eq!(outcome(&packed(&vec![b'a'; 3 << 20]), there), '?', "a bomb");
}

#[test]
fn without_checks_no_section_is_followed() {
    let (artifacts, parameters, captures, data) = Default::default();
    let evidence = CheckEvidence {
        result: &BuildResult::Success,
        artifacts: &artifacts,
        known: Values {
            parameters: &parameters,
            captures: &captures,
            data: &data,
        },
        masks: Masks::default(),
    };
    let checks = Checks {
        passed: Some("X".to_owned()),
        ..Checks::default()
    };
    assert!(matches!(
        verdict(&checks, &evidence),
        CheckVerdict::Plain { section: None, .. }
    ));
}
