//! What is said about jobs: which there are, why one was not run, and their buttons on a card.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;
use signpost::jobs::arguments::{UnreadableArguments, read};
use signpost::jobs::parameters::{DEFAULT_PATTERN, Fault, FieldFault};
use signpost::jobs::{Denied, Job, Registry};
use signpost::respond::{
    Audience, ButtonPress, Card, CardAction, CardJob, JobsFacts, Reply, Responder, ResponderOptions, RunLine,
    RunRefusal, RunStage, Wanted, labels, to_text,
};
use signpost::runbook::{BlockKind, Document, Library, TopicId, parse};
use signpost::slack::blocks;

fn responder() -> Responder {
    Responder::new(None, ResponderOptions::default()).unwrap()
}

fn registry() -> Registry {
    let jobs = json!({"jobs": [
        {
            "id": "gate-info", "jenkins": "main", "path": "Gates/gate-info", "title": "Gate info",
            "about": "Collects what a gate knows of itself.", "approve_by": ["U1"],
            "parameters": [
                {"name": "GATE", "required": true},
                {"name": "BRANCH", "required": true, "default": "main"},
                {"name": "NOTE"},
                {"name": "TOKEN", "required": true, "secret": true},
            ],
        },
        {"id": "oil", "jenkins": "main", "path": "Gates/oil"},
    ]});
    serde_json::from_value(jobs).unwrap()
}

fn now() -> Timestamp {
    "2026-05-01T03:10:00Z".parse().unwrap()
}

fn line(stage: RunStage, result: Option<&str>) -> RunLine {
    RunLine {
        title: "Gate info".into(),
        stage,
        result: result.map(Into::into),
        by: "Ada".into(),
        at: "2026-05-01T03:01:00Z".parse().unwrap(),
        url: Some("https://work.example.com/archives/C1/p1".into()),
    }
}

fn lists() -> Vec<(&'static str, Reply)> {
    let (responder, registry) = (responder(), registry());
    let facts = JobsFacts {
        configured: true,
        now: now(),
        jobs: registry.jobs.iter().collect(),
        others: 1,
        runs: vec![
            line(RunStage::Running, None),
            line(RunStage::Reading, Some("SUCCESS")),
            line(RunStage::Done, Some("UNSTABLE")),
            line(RunStage::Unknown, None),
        ],
        ..JobsFacts::default()
    };
    let elsewhere = JobsFacts {
        jobs: Vec::new(),
        runs: Vec::new(),
        others: 2,
        ..facts.clone()
    };
    vec![
        ("jobs", responder.jobs(&facts)),
        ("jobs, none of them here", responder.jobs(&elsewhere)),
        ("jobs, none at all", responder.jobs(&JobsFacts::default())),
        (
            "joined",
            responder.run_joined("Gate info", "Ada", Some("https://work.example.com/archives/C1/p1")),
        ),
        ("joined, no link", responder.run_joined("Gate info", "Ada", None)),
        (
            "started",
            responder.run_started("Gate info", Some("https://work.example.com/archives/C1/p1")),
        ),
        ("started, no link", responder.run_started("Gate info", None)),
        (
            "not approved",
            responder.run_notice("Gate info", "Ada", None, Some("1 May 06:41 UTC")),
        ),
        (
            "declined",
            responder.run_notice("Gate info", "Ada", Some("Grace"), None),
        ),
        ("moved down", responder.moved_down("Gate is shut", "Gate info")),
    ]
}

fn refusal(job: Option<&Job>, wanted: Wanted, reason: Denied) -> Reply {
    refusal_naming(&[], job, wanted, reason)
}

fn refusal_naming(channels: &[&str], job: Option<&Job>, wanted: Wanted, reason: Denied) -> Reply {
    responder().run_refused(&RunRefusal {
        wanted,
        job,
        channels: channels.iter().map(|name| (*name).to_owned()).collect(),
        case: "c1",
        line: Some(7),
        given: BTreeMap::new(),
        reason,
    })
}

fn fault(fault: Fault) -> FieldFault {
    FieldFault {
        name: "GATE".into(),
        fault,
    }
}

fn faults() -> Vec<FieldFault> {
    let near = || Some("GATE".to_owned());
    let list = [
        Fault::Missing,
        Fault::Unregistered {
            nearest: near(),
            known: vec!["GATE".into()],
        },
        Fault::Unregistered {
            nearest: None,
            known: vec!["GATE".into(), "NOTE".into()],
        },
        Fault::Undeclared { nearest: near() },
        Fault::Control,
        Fault::Dash,
        Fault::TooLong { length: 2_000 },
        Fault::Pattern {
            pattern: "^[a-z]{2}`?$".into(),
        },
        Fault::Pattern {
            pattern: DEFAULT_PATTERN.into(),
        },
        Fault::Choice {
            choices: (1..=30).map(|number| format!("gate-{number}")).collect(),
        },
        Fault::Boolean,
        Fault::File,
    ];
    list.map(fault).to_vec()
}

fn refusals() -> Vec<(&'static str, Reply)> {
    let registry = registry();
    let job = registry.job("gate-info");
    let run = |reason| refusal(job, Wanted::Run, reason);
    let unknown = |words: &str, nearest: Option<&str>| {
        let reason = Denied::UnknownJob {
            words: words.into(),
            nearest: nearest.map(Into::into),
            known: vec!["gate-info".into(), "oil".into()],
        };
        refusal(None, Wanted::Run, reason)
    };
    let not_here = |channels, wanted| refusal_naming(channels, job, wanted, Denied::NotHere);
    let unreadable = |text: &str| refusal(None, Wanted::Run, Denied::Unreadable(read(text).unwrap_err()));
    vec![
        ("no jobs", refusal(None, Wanted::Run, Denied::NoJobs)),
        ("unknown job, near", unknown("gate-inf", Some("gate-info"))),
        ("unknown job", unknown("dance", None)),
        ("unknown job, its button", unknown("", None)),
        (
            "several jobs",
            refusal(
                None,
                Wanted::Run,
                Denied::AmbiguousJob {
                    words: "gate".into(),
                    candidates: vec![
                        ("gate-info".into(), "Gate info".into()),
                        ("oil".into(), "Gate oil".into()),
                    ],
                },
            ),
        ),
        ("stranger", run(Denied::External)),
        ("bot", run(Denied::Bot)),
        ("not here", not_here(&["#gates", "#night"], Wanted::Run)),
        ("not here, nowhere", not_here(&[], Wanted::Run)),
        ("not here, to approve", not_here(&[], Wanted::Approve)),
        ("not member", run(Denied::NotMember)),
        ("not listed", run(Denied::NotListed)),
        (
            "not listed, to approve",
            refusal(job, Wanted::Approve, Denied::NotListed),
        ),
        ("not listed, to cancel", refusal(job, Wanted::Cancel, Denied::NotListed)),
        ("requester", refusal(job, Wanted::Approve, Denied::OwnRun)),
        ("too old", refusal(None, Wanted::Cancel, Denied::TooOld)),
        ("busy", run(Denied::Busy)),
        ("full", run(Denied::Full)),
        ("no job named", unreadable("")),
        ("open quotation", unreadable("gate-info NOTE=\"a")),
        ("no value", unreadable("gate-info north")),
        ("twice", unreadable("gate-info A=1 A=2")),
        ("faults", run(Denied::Faults(faults()))),
        (
            "a name that is not repeated",
            run(Denied::Faults(vec![FieldFault {
                name: String::new(),
                fault: Fault::Unregistered {
                    nearest: None,
                    known: vec!["GATE".into()],
                },
            }])),
        ),
        ("secret", run(Denied::Secret(vec!["TOKEN".into()]))),
        ("a secret without a name", run(Denied::Secret(Vec::new()))),
        ("secrets", run(Denied::Secret(vec!["TOKEN".into(), "PIN".into()]))),
    ]
}

fn told(replies: &[(&'static str, Reply)]) -> String {
    let told = replies
        .iter()
        .map(|(name, reply)| format!("== {name}\n{}\n", to_text(reply)));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_jobs_are_listed_with_what_runs() {
    insta::assert_snapshot!(told(&lists()));
}

#[test]
fn a_refusal_says_why_and_what_can_be_done() {
    insta::assert_snapshot!(told(&refusals()));
}

#[test]
fn everything_about_jobs_is_one_valid_message() {
    for (name, reply) in [lists(), refusals()].concat() {
        let messages = blocks::render(&reply);
        super::blocks::check(&messages);
        assert_eq!(messages.len(), 1, "{name}");
        let text = &messages[0].text;
        assert!(!text.contains("{{") && !text.contains("  "), "{name}: {text}");
    }
}

#[test]
fn a_fault_is_a_plain_line_in_the_form() {
    let registry = registry();
    let job = registry.job("gate-info").unwrap();
    let said: Vec<String> = faults()
        .iter()
        .map(|fault| responder().field_fault(job, fault))
        .collect();
    for line in &said {
        let is_named = line.starts_with("GATE ")
            || line.starts_with("This job has no parameter GATE.")
            || line.starts_with("The job in Jenkins has no parameter GATE.");
        assert!(is_named && !line.contains(['\n', '\\']), "{line}");
    }
    assert_eq!(said[0], "GATE needs a value.");
    assert_eq!(said[7], "GATE isn’t valid. It must match ^[a-z]{2}`?$.");
    assert_eq!(
        said[8],
        "GATE isn’t valid. Use only letters, digits and . _ / - (max. 128), starting with a letter or digit."
    );
}

#[test]
fn names_of_jobs_and_what_people_write_are_no_markup() {
    let hostile = "<!channel> *x* [y](https://evil.example.com) {{ z }} \u{202E}q\u{1F600}";
    let mut registry = registry();
    for job in &mut registry.jobs {
        job.title = hostile.into();
        job.about = hostile.into();
    }
    let job = registry.jobs.first();
    let unknown = Denied::UnknownJob {
        words: hostile.into(),
        nearest: None,
        known: vec![hostile.into()],
    };
    let word = || UnreadableArguments::NoValue { word: hostile.into() };
    let named = FieldFault {
        name: hostile.into(),
        fault: Fault::Unregistered {
            nearest: Some(hostile.into()),
            known: vec![hostile.into()],
        },
    };
    let facts = JobsFacts {
        configured: true,
        jobs: registry.jobs.iter().collect(),
        runs: vec![RunLine {
            title: hostile.into(),
            by: hostile.into(),
            ..line(RunStage::Done, Some(hostile))
        }],
        ..JobsFacts::default()
    };
    let replies = [
        responder().jobs(&facts),
        refusal(job, Wanted::Run, unknown),
        refusal(
            None,
            Wanted::Run,
            Denied::AmbiguousJob {
                words: hostile.into(),
                candidates: vec![("gate-info".into(), hostile.into())],
            },
        ),
        responder().run_notice(hostile, hostile, Some(hostile), Some("then")),
        refusal(job, Wanted::Run, Denied::NotListed),
        refusal(job, Wanted::Run, Denied::Unreadable(word())),
        refusal(job, Wanted::Run, Denied::Faults(vec![named])),
        refusal(job, Wanted::Run, Denied::Secret(vec![hostile.into()])),
        responder().run_joined(hostile, hostile, Some("javascript:alert(1)")),
        responder().run_started(hostile, Some(hostile)),
        responder().moved_down(hostile, hostile),
    ];
    for reply in replies {
        let message = blocks::render_one(&reply);
        super::blocks::check_harmless(&message);
        assert!(!message.text.contains("javascript:"), "{}", message.text);
    }
}

#[test]
fn long_lists_keep_the_limits() {
    let mut registry = registry();
    let job = registry.jobs[0].clone();
    let long = |job: &Job| {
        let mut job = job.clone();
        job.title = "<&>".repeat(500);
        job.about = "<&>".repeat(500);
        job
    };
    registry.jobs = (0..80).map(|_| long(&job)).collect();
    let facts = JobsFacts {
        configured: true,
        jobs: registry.jobs.iter().collect(),
        runs: vec![line(RunStage::Done, None); 200],
        ..JobsFacts::default()
    };
    let message = blocks::render_one(&responder().jobs(&facts));
    super::blocks::check(std::slice::from_ref(&message));
    assert_eq!(message.blocks.last().unwrap()["type"], "actions");
    let many: Vec<FieldFault> = (0..500)
        .map(|_| FieldFault {
            name: "X".repeat(4_000),
            fault: Fault::Pattern {
                pattern: "&".repeat(4_000),
            },
        })
        .collect();
    let message = blocks::render_one(&refusal(registry.jobs.first(), Wanted::Run, Denied::Faults(many)));
    super::blocks::check(std::slice::from_ref(&message));
    assert_eq!(message.blocks.last().unwrap()["type"], "actions");
}

#[test]
fn hints_and_titles_of_the_form_fit() {
    let responder = responder();
    let labels = responder.labels();
    assert!(labels.titles.run.len() <= labels::TITLE && labels.titles.run_submit.len() <= labels::TITLE);
    let hint = labels::filled_hint(&labels.fields.run_several, "values", "north-7, south-8");
    assert!(hint.ends_with("north-7, south-8"), "{hint}");
    let long = labels::filled_hint(&labels.fields.run_several, "values", &"gate ".repeat(900));
    assert!(
        long.encode_utf16().count() <= labels::HINT && long.ends_with('…'),
        "{long}"
    );
}

const STEPS: &str = "\
# Gate is shut

1. Look at it.
2. Run [the job](https://jenkins.example.com/job/Gates/job/gate-info/build).
3. Wait.
4. Wait.
5. Wait.
6. Run [the other](https://jenkins.example.com/job/Gates/job/oil/build).
";

fn library() -> Library {
    let runbook = parse("gate/shut.md", STEPS, &BTreeMap::new()).0.map(Document::from);
    Library {
        runbooks: runbook.into_iter().collect(),
        ..Library::default()
    }
}

fn offered(job: &str, line: u32) -> CardJob {
    CardJob {
        job: job.into(),
        title: format!("The {job}"),
        line,
    }
}

/// Labels and acts of each row of buttons of a card.
fn rows(card: &Card<'_>) -> Vec<Vec<(String, CardAction)>> {
    let reply = responder().card(&library(), card);
    let mut actions = Vec::new();
    let rows = reply.blocks.iter().filter_map(|block| match &block.kind {
        BlockKind::Buttons(row) => Some(row.clone()),
        _ => None,
    });
    let rows: Vec<Vec<(String, CardAction)>> = rows
        .map(|row| {
            actions.extend(row.iter().map(|button| button.action.clone()));
            let plain = row.into_iter().filter(|button| button.menu.is_none());
            let read = plain.map(|button| (button.label, ButtonPress::read(&button.value).unwrap().act));
            read.collect()
        })
        .collect();
    let forms = || actions.iter().filter(|action| action.starts_with("signpost_form"));
    let mut distinct: Vec<_> = forms().collect();
    distinct.dedup();
    assert_eq!(distinct.len(), forms().count(), "{actions:?}");
    rows
}

fn forms(row: &[(String, CardAction)]) -> Vec<&str> {
    let forms = row.iter().filter(|(_, act)| matches!(act, CardAction::Form { .. }));
    forms.map(|(label, _)| label.as_str()).collect()
}

fn shut<'a>(at: usize) -> Card<'a> {
    let section = library().runbooks[0].topics[0].section;
    Card {
        case: "c1",
        topic: Some(TopicId { runbook: 0, section }),
        standing: "open",
        at,
        jobs: vec![offered("gate-info", 4), offered("oil", 8), offered("whole", 0)],
        ..Card::default()
    }
}

#[test]
fn a_job_has_its_button_at_its_step_and_in_the_first_reply() {
    let first = rows(&shut(0));
    assert_eq!(
        forms(&first[0]),
        ["Run: The gate-info", "Run: The oil", "Run: The whole"],
        "{first:?}"
    );
    assert_eq!(first.iter().map(|row| forms(row).len()).sum::<usize>(), 3);
    let form = first[0].iter().find(|(label, _)| label == "Run: The gate-info");
    let act = CardAction::Form {
        job: "gate-info".into(),
        line: Some(4),
        given: BTreeMap::new(),
    };
    assert_eq!(form.map(|(_, act)| act), Some(&act));

    let second = rows(&shut(5));
    assert_eq!(forms(&second[0]), ["Run: The oil"], "{second:?}");
    assert_eq!(second.iter().map(|row| forms(row).len()).sum::<usize>(), 1);
}

#[test]
fn another_error_of_the_message_has_its_button() {
    let mut card = shut(0);
    let others = [(TopicId { runbook: 0, section: 0 }, Some(3))];
    card.others = &others;
    let labels: Vec<String> = rows(&card).into_iter().flatten().map(|(label, _)| label).collect();
    assert!(labels.iter().any(|label| label.starts_with("Show ")), "{labels:?}");
    // Blocks are marked by private characters until they stand in their places.
    let reply = responder().card(&library(), &card);
    assert!(
        !format!("{:?}", reply.blocks).contains("\\u{f000"),
        "{:?}",
        reply.blocks
    );
}

#[test]
fn the_button_of_a_job_stays_when_its_step_is_done() {
    let mut card = shut(0);
    for step in responder().steps(&library(), card.topic.unwrap()) {
        card.done.insert(step.key, ("Ada".into(), "03:10 UTC".into()));
    }
    assert_eq!(
        forms(&rows(&card)[0]),
        ["Run: The gate-info", "Run: The oil", "Run: The whole"]
    );
    card.standing = "fixed";
    for expanded in [false, true] {
        card.expanded = expanded;
        let fixed = rows(&card);
        assert!(fixed.iter().all(|row| forms(row).is_empty()), "{fixed:?}");
    }
}

#[test]
fn a_card_shows_the_next_action_first_and_shrinks_when_it_is_over() {
    let mut card = shut(0);
    let mut shown = Vec::new();
    for (standing, expanded) in [
        ("open", false),
        ("not-helped", false),
        ("escalated", false),
        ("fixed", false),
        ("fixed", true),
        ("resolved", false),
    ] {
        card.standing = standing;
        card.expanded = expanded;
        card.mark = (standing != "open").then(|| ("Ada".to_owned(), "03:10 UTC".to_owned()));
        let reply = responder().card(&library(), &card);
        let notice = reply.notice.clone().unwrap_or_default();
        shown.push(format!("== {standing}\n{notice}\n\n{}\n", to_text(&reply)));
    }
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn people_of_other_organisations_are_offered_no_jobs() {
    let card = Card {
        audience: Audience::External,
        ..shut(0)
    };
    assert!(rows(&card).iter().all(|row| forms(row).is_empty()));
}

#[test]
fn a_fault_in_the_form_uses_the_label_and_the_help_of_its_field() {
    let jobs = json!({"jobs": [{
        "id": "gate-info", "jenkins": "main", "path": "Gates/gate-info",
        "parameters": [{
            "name": "GATE_NAME", "title": "Gate", "required": true, "pattern": "[a-z]{2}", "help": "Two letters, such as ab."
        }],
    }]});
    let registry: Registry = serde_json::from_value(jobs).unwrap();
    let job = registry.job("gate-info").unwrap();
    let said = |fault: Fault| {
        let name = "GATE_NAME".to_owned();
        responder().field_fault(job, &FieldFault { name, fault })
    };
    assert_eq!(said(Fault::Missing), "Gate needs a value.");
    let pattern = "[a-z]{2}".to_owned();
    assert_eq!(
        said(Fault::Pattern { pattern }),
        "Gate isn’t valid. Two letters, such as ab."
    );
}
