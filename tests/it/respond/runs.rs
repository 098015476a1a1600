//! A run's message, from the request to the verdict.

mod limits;

use regex::Regex;
use signpost::jobs::checks::CheckFinding;
use signpost::respond::{FoundError, Responder, ResponderOptions, RunCard, RunStage, Trouble, to_text};

/// Classes of trouble that Jenkins did not tell of.
const OWN_CLASSES: [&str; 7] = [
    "unregistered",
    "vanished",
    "another-build",
    "several",
    "not-found-again",
    "secret-lost",
    "not-cancelled",
];

fn responder() -> Responder {
    Responder::new(None, ResponderOptions::default()).unwrap()
}

fn card(stage: RunStage) -> RunCard {
    RunCard {
        run: "r1".into(),
        title: "Gate info".into(),
        job: "gate-info".into(),
        case: "c1".into(),
        by: "Ada".into(),
        parameters: vec![("GATE".into(), "north-7".into()), ("NOTE".into(), String::new())],
        stage,
        url: Some("https://jenkins.example.com/job/Gates/job/gate-info/12/".into()),
        ..RunCard::default()
    }
}

fn running(percent: u8) -> RunCard {
    RunCard {
        number: Some(12),
        percent: Some(percent),
        took: Some("1 min 20 s".into()),
        usual: Some("3 min".into()),
        log: vec!["[gate] asking north-7".into(), "[gate] *42* bolts".into()],
        ..card(RunStage::Running)
    }
}

fn done(result: &str) -> RunCard {
    RunCard {
        number: Some(12),
        result: Some(result.into()),
        took: Some("2 min 5 s".into()),
        ..card(RunStage::Done)
    }
}

fn finding(title: &str, passed: bool, seen: Option<&str>, expected: Option<&str>) -> CheckFinding {
    CheckFinding {
        title: title.into(),
        artifact: "gate.log".into(),
        passed,
        seen: seen.map(Into::into),
        expected: expected.map(Into::into),
        section: Some("Oil the bolts".into()),
    }
}

fn found() -> FoundError {
    FoundError {
        place: "logs/gate.log".into(),
        title: "G0007".into(),
        runbook: "gate/tokens.md".into(),
        section: Some("G0007".into()),
        nth: 0,
        line: "G0007: unknown caller".into(),
    }
}

fn trouble(class: &str, about: Option<&str>) -> Trouble {
    Trouble {
        class: class.into(),
        words: "the words of the error, with `code`".into(),
        about: about.map(Into::into),
    }
}

fn before_the_build() -> Vec<(&'static str, RunCard)> {
    vec![
        (
            "approval",
            RunCard {
                until: Some("03:40 UTC".into()),
                ..card(RunStage::Approval)
            },
        ),
        ("ready", card(RunStage::Ready)),
        (
            "ready, behind one",
            RunCard {
                behind: 1,
                approved_by: Some("Grace".into()),
                ..card(RunStage::Ready)
            },
        ),
        (
            "ready, behind three",
            RunCard {
                behind: 3,
                ..card(RunStage::Ready)
            },
        ),
        ("triggering", card(RunStage::Triggering)),
        (
            "triggering, looked up",
            RunCard {
                trouble: Some(trouble("timed-out", None)),
                ..card(RunStage::Triggering)
            },
        ),
        (
            "queued",
            RunCard {
                why: Some("Build #11 is already in progress (ETA: 20 sec)".into()),
                ..card(RunStage::Queued)
            },
        ),
        (
            "queued, joined by others",
            RunCard {
                joined: true,
                also: vec!["Grace".into()],
                trouble: Some(trouble("server", Some("502"))),
                ..card(RunStage::Queued)
            },
        ),
        (
            "queued, being cancelled",
            RunCard {
                cancelling: true,
                ..card(RunStage::Queued)
            },
        ),
    ]
}

fn in_the_build() -> Vec<(&'static str, RunCard)> {
    vec![
        ("running", running(44)),
        ("running, longer than usual", running(100)),
        (
            "running, nothing known",
            RunCard {
                number: Some(12),
                ..card(RunStage::Running)
            },
        ),
        (
            "running, Jenkins restarts",
            RunCard {
                trouble: Some(trouble("starting", None)),
                ..running(50)
            },
        ),
        (
            "running, being cancelled",
            RunCard {
                cancelling: true,
                ..running(50)
            },
        ),
        (
            "running, not cancelled",
            RunCard {
                trouble: Some(trouble("not-cancelled", None)),
                ..running(50)
            },
        ),
        (
            "input",
            RunCard {
                stage: RunStage::Input,
                ..running(50)
            },
        ),
        (
            "reading",
            RunCard {
                stage: RunStage::Reading,
                ..done("SUCCESS")
            },
        ),
    ]
}

fn verdicts() -> Vec<(&'static str, RunCard)> {
    let checked = RunCard {
        has_checks: true,
        findings: vec![
            finding("The key is there", true, Some("[masked]"), None),
            finding("The bolts are right", false, Some("`rusty`"), Some("oiled")),
            finding("The region is right", true, Some("north"), Some("north")),
        ],
        ..done("SUCCESS")
    };
    vec![
        ("SUCCESS without checks", done("SUCCESS")),
        (
            "the verdict's section is below",
            RunCard {
                section: Some("Oil the bolts".into()),
                is_shown: true,
                ..checked.clone()
            },
        ),
        (
            "the verdict's section is gone",
            RunCard {
                section: Some("Oil the bolts".into()),
                ..checked.clone()
            },
        ),
        ("no section follows", checked.clone()),
        (
            "a check of what is not there",
            RunCard {
                findings: vec![
                    finding("The key is there", false, None, None),
                    finding("The note is there", false, Some(""), None),
                    finding("The token is right", false, Some("[masked]"), Some("[masked]")),
                    finding("It is another gate", true, Some("north"), Some("south")),
                ],
                ..checked.clone()
            },
        ),
        (
            "inconclusive",
            RunCard {
                missing: vec![
                    "the build ended UNSTABLE, not SUCCESS".into(),
                    "the artifact `gate.log` is not there".into(),
                ],
                section: Some("Oil the bolts".into()),
                result: Some("UNSTABLE".into()),
                ..checked
            },
        ),
        (
            "known errors",
            RunCard {
                log: vec!["G0007: unknown caller".into()],
                found: vec![
                    found(),
                    FoundError {
                        place: String::new(),
                        ..found()
                    },
                ],
                ..done("FAILURE")
            },
        ),
        ("UNSTABLE", done("UNSTABLE")),
        ("ABORTED", done("ABORTED")),
        (
            "ABORTED by somebody",
            RunCard {
                cancelled_by: Some("Grace".into()),
                ..done("ABORTED")
            },
        ),
        ("NOT_BUILT", done("NOT_BUILT")),
        ("another result", done("MELTED")),
    ]
}

fn without_a_result() -> Vec<(&'static str, RunCard)> {
    let by = Some("Grace".to_owned());
    vec![
        (
            "refused",
            RunCard {
                trouble: Some(trouble("no-permission", Some("hudson.model.Item.Build"))),
                ..card(RunStage::Refused)
            },
        ),
        (
            "invalid",
            RunCard {
                faults: vec!["GATE must be one of: a, b.".into(), "X must match `^[a-z]+$`.".into()],
                ..card(RunStage::Invalid)
            },
        ),
        (
            "unknown",
            RunCard {
                trouble: Some(trouble("timed-out", None)),
                ..card(RunStage::Unknown)
            },
        ),
        (
            "unknown, gone from the queue",
            RunCard {
                trouble: Some(trouble("vanished", None)),
                ..card(RunStage::Unknown)
            },
        ),
        (
            "cancelled",
            RunCard {
                cancelled_by: by.clone(),
                ..card(RunStage::Cancelled)
            },
        ),
        (
            "cancelled, but not its build",
            RunCard {
                cancelled_by: by.clone(),
                joined: true,
                ..card(RunStage::Cancelled)
            },
        ),
        (
            "declined",
            RunCard {
                declined_by: by,
                ..card(RunStage::Declined)
            },
        ),
        (
            "expired",
            RunCard {
                until: Some("03:40 UTC".into()),
                ..card(RunStage::Expired)
            },
        ),
        (
            "gave up",
            RunCard {
                stage: RunStage::GaveUp,
                ..running(100)
            },
        ),
        (
            "gone",
            RunCard {
                number: Some(12),
                ..card(RunStage::Gone)
            },
        ),
    ]
}

fn told(cards: &[(&'static str, RunCard)]) -> String {
    let responder = responder();
    let told = cards
        .iter()
        .map(|(name, card)| format!("== {name}\n{}\n", to_text(&responder.run(card))));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_run_tells_how_it_stands_before_its_build() {
    insta::assert_snapshot!(told(&before_the_build()));
}

#[test]
fn a_run_tells_how_far_its_build_is() {
    insta::assert_snapshot!(told(&in_the_build()));
}

#[test]
fn a_run_tells_how_it_ended_and_what_follows() {
    insta::assert_snapshot!(told(&verdicts()));
}

#[test]
fn a_run_without_a_result_tells_why_and_what_to_do() {
    insta::assert_snapshot!(told(&without_a_result()));
}

#[test]
fn each_class_of_error_has_its_own_sentence() {
    let source = include_str!("../../../src/jenkins/error.rs");
    let class = Regex::new(r#"=> "([a-z-]+)""#).unwrap();
    let mut classes: Vec<&str> = class
        .captures_iter(source)
        .map(|found| found.get(1).unwrap().as_str())
        .collect();
    assert!(classes.len() >= 25, "the pattern finds {}", classes.len());
    classes.extend(OWN_CLASSES);
    classes.push("a-class-of-tomorrow");
    let mut said = String::new();
    for class in &classes {
        for about in [None, Some("503")] {
            let card = RunCard {
                trouble: Some(trouble(class, about)),
                ..card(RunStage::Refused)
            };
            let text = to_text(&responder().run(&card));
            let sentence = text
                .lines()
                .find(|line| line.starts_with("It was not started."))
                .unwrap();
            assert!(sentence.len() > "It was not started. ".len() + 20, "{class}");
            assert_eq!(
                sentence.contains("the words of the error"),
                ["a-class-of-tomorrow", "not-cancelled"].contains(class),
                "{class}: {sentence}"
            );
            said += &[class, ": ", &sentence["It was not started. ".len()..], "\n"].concat();
        }
    }
    insta::assert_snapshot!(said);
}

#[test]
fn classes_of_trouble_that_the_bot_adds_are_known_here() {
    let class = Regex::new(r#"Trouble::new\(\s*"([a-z-]+)""#).unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bot/runs");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for found in class.captures_iter(&text) {
            seen += 1;
            let class = found.get(1).unwrap().as_str();
            assert!(
                OWN_CLASSES.contains(&class),
                "give {class} a sentence in jenkins_trouble.md"
            );
        }
    }
    assert!(seen >= 3, "the pattern finds {seen}");
}
