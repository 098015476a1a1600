//! Whatever a run holds, its message keeps Slack's limits, its buttons, and nothing in it is markup.

use signpost::jobs::checks::CheckFinding;
use signpost::respond::{ButtonPress, CardAction, FoundError, Reply, RunCard, RunStage, Trouble};
use signpost::runbook::{BlockKind, Button};
use signpost::slack::blocks;

use super::super::blocks::{check, check_harmless};
use super::{card, done, finding, found, responder, running, trouble};

const STAGES: [RunStage; 16] = [
    RunStage::Approval,
    RunStage::Ready,
    RunStage::Triggering,
    RunStage::Queued,
    RunStage::Running,
    RunStage::Input,
    RunStage::Reading,
    RunStage::Done,
    RunStage::Refused,
    RunStage::Invalid,
    RunStage::Unknown,
    RunStage::Cancelled,
    RunStage::Declined,
    RunStage::Expired,
    RunStage::GaveUp,
    RunStage::Gone,
];

fn buttons(reply: &Reply) -> Vec<Button> {
    let rows = reply.blocks.iter().filter_map(|block| match &block.kind {
        BlockKind::Buttons(row) => Some(row.clone()),
        _ => None,
    });
    rows.flatten().collect()
}

fn acts(card: &RunCard) -> Vec<&'static str> {
    let buttons = buttons(&responder().run(card));
    let acts = buttons.iter().map(|button| {
        let press = ButtonPress::read(&button.value).unwrap();
        let about = if press.act.name() == "form" { "c1" } else { "r1" };
        assert_eq!(press.case, about);
        assert!(button.action.starts_with("signpost_"), "{}", button.action);
        assert_eq!(button.primary, press.act == CardAction::Approve, "{button:?}");
        press.act.name()
    });
    acts.collect()
}

#[test]
fn each_stage_has_the_buttons_that_make_sense() {
    for stage in STAGES {
        let expected: &[&str] = match stage {
            RunStage::Approval => &["approve", "decline", "cancel"],
            RunStage::Reading => &[],
            RunStage::Invalid => &["form", "retry"],
            stage if stage.is_over() => &["retry"],
            _ => &["cancel"],
        };
        assert_eq!(acts(&card(stage)), expected, "{stage:?}");
    }
    for (result, expected) in [("SUCCESS", &[][..]), ("UNSTABLE", &["retry"]), ("ABORTED", &["retry"])] {
        assert_eq!(acts(&done(result)), expected, "{result}");
    }
    let lost = RunCard {
        trouble: Some(trouble("secret-lost", None)),
        ..card(RunStage::Refused)
    };
    assert_eq!(acts(&lost), ["form", "retry"]);
    let inconclusive = RunCard {
        missing: vec!["it".into()],
        ..done("SUCCESS")
    };
    assert_eq!(acts(&inconclusive), ["retry"]);
    let cancelling = RunCard {
        cancelling: true,
        ..running(1)
    };
    assert!(acts(&cancelling).is_empty());
}

#[test]
fn at_most_three_known_errors_are_offered() {
    let card = RunCard {
        found: vec![found(); 5],
        ..done("SUCCESS")
    };
    assert_eq!(acts(&card), ["follow"; 3]);
    let pressed = ButtonPress::read(&buttons(&responder().run(&card))[0].value).unwrap();
    assert_eq!(
        pressed.act,
        CardAction::Follow {
            runbook: "gate/tokens.md".into(),
            section: Some("G0007".into()),
            nth: 0
        }
    );
}

/// Every text of a card is this.
fn filled_with(stage: RunStage, text: &str, many: usize) -> RunCard {
    let words = || text.to_owned();
    let list = || vec![words(); many];
    let finding = CheckFinding {
        artifact: words(),
        ..finding(text, false, Some(text), Some("another"))
    };
    RunCard {
        run: "r1".into(),
        title: words(),
        job: "gate-info".into(),
        case: "c1".into(),
        by: words(),
        also: list(),
        parameters: vec![(words(), words()); many],
        stage,
        url: Some(format!("https://jenkins.example.com/{text}")),
        number: Some(u64::MAX),
        until: Some(words()),
        behind: usize::MAX,
        why: Some(words()),
        joined: true,
        percent: Some(u8::MAX),
        took: Some(words()),
        usual: Some(words()),
        log: list(),
        result: Some(words()),
        trouble: Some(Trouble {
            class: words(),
            words: words(),
            about: Some(words()),
        }),
        faults: list(),
        approved_by: Some(words()),
        declined_by: Some(words()),
        cancelled_by: Some(words()),
        cancelling: false,
        has_checks: true,
        findings: vec![finding; many],
        missing: list(),
        section: Some(words()),
        reason: Some(words()),
        is_shown: true,
        found: vec![
            FoundError {
                title: words(),
                line: words(),
                place: words(),
                ..found()
            };
            many
        ],
    }
}

#[test]
fn whatever_stands_in_a_run_is_no_markup() {
    let hostile = "<!channel> *x* `y` ```z``` [l](https://evil.example.com) <@U1> {{ q }} \u{202E}txt\u{1F600} ## h";
    for stage in STAGES {
        let reply = responder().run(&filled_with(stage, hostile, 2));
        let message = blocks::render_one(&reply);
        check(std::slice::from_ref(&message));
        check_harmless(&message);
    }
}

#[test]
fn whatever_its_size_a_run_is_one_message_with_its_buttons() {
    let wide = "<&>".repeat(3_000);
    for (text, many) in [
        ("word ".repeat(1_000), 60),
        (wide, 60),
        ("x".repeat(9_000), 3),
        ("\u{1F600}".repeat(3_000), 60),
    ] {
        for stage in STAGES {
            let card = RunCard {
                url: Some("https://jenkins.example.com/job/x/".into()),
                ..filled_with(stage, &text, many)
            };
            let message = blocks::render_one(&responder().run(&card));
            check(std::slice::from_ref(&message));
            let last = message.blocks.last().unwrap();
            assert_eq!(last["type"], "actions", "{stage:?}: {last}");
        }
    }
}
