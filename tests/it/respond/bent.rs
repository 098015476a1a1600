//! Texts of a runbook read as they are written: what is a paragraph, a label or a condition stays one.

use std::collections::BTreeMap;

use signpost::respond::{Card, Responder, ResponderOptions, to_text};
use signpost::runbook::{Document, Library, TopicId, parse};

const RUNBOOK: &str = "\
# Crane stops over the dock

## Symptoms

    crane 7: hoist locked

> The same line is printed during the monthly drill.

## Reasons

There are multiple reasons why the hoist can lock.

- The cable is worn.
- The wind is too strong. In that case the anemometer blinks.

## What to do

Look at the anemometer on the roof.

Read the crane's logbook.

- Ask the driver whether the load swings.
- Lower the load by hand.

Note: never cut the cable.

-or-

    crane-ctl release 7

If nothing helps, call the people below.

## Escalation

- `hoist`: Escalate with [Hoist engineers](https://pager.example.com/pagerduty/hoist)
- If the wind is too strong, page [Harbour master](https://pager.example.com/pagerduty/harbour)

See the [drawing of the crane](crane-drawing.md), or ask [#dock](https://chat.example.com/dock).
";

fn library() -> Library {
    let runbook = parse("crane.md", RUNBOOK, &BTreeMap::new()).0;
    Library {
        runbooks: runbook.map(Document::from).into_iter().collect(),
        ..Library::default()
    }
}

fn card(at: usize) -> String {
    let card = Card {
        case: "c",
        topic: Some(TopicId::default()),
        at,
        standing: "open",
        ..Card::default()
    };
    let responder = Responder::new(None, ResponderOptions::default()).unwrap();
    to_text(&responder.card(&library(), &card))
}

#[test]
fn paragraphs_are_no_bullets_and_bullets_are_no_paragraphs() {
    let shown = format!("{}\n{}", card(0), card(5));
    for line in [
        "Look at the anemometer on the roof.",
        "Read the crane's logbook.",
        "Note: never cut the cable.",
        "-or-",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    for line in ["- Ask the driver whether the load swings.", "- Lower the load by hand."] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
}

#[test]
fn each_contact_has_its_condition_and_other_documents_are_none() {
    let shown = card(0);
    assert!(
        shown.contains("Hoist engineers") && shown.contains(" – hoist: Escalate with Hoist engineers"),
        "{shown}"
    );
    assert!(
        shown.contains(" – If the wind is too strong, page Harbour master"),
        "{shown}"
    );
    let contacts = shown.split_once("Escalate to").unwrap().1;
    assert!(!contacts.contains("drawing of the crane"), "{shown}");
    assert!(
        contacts.contains("Chat: #dock (https://chat.example.com/dock)"),
        "{shown}"
    );
    assert_eq!(contacts.matches("#dock").count(), 1, "{shown}");
}

#[test]
fn what_the_card_leaves_out_is_one_entry_of_its_list() {
    let first = card(0);
    assert!(first.contains("[Other sections… More from this runbook"), "{first}");
    assert!(
        first.contains("There are multiple reasons") && first.contains("The cable is worn."),
        "{first}"
    );
    assert!(!first.contains("monthly drill"), "{first}");
    let rest = card(1_000);
    assert!(
        rest.contains("More from this runbook") && rest.contains("hoist locked"),
        "{rest}"
    );
    assert!(
        rest.contains("The same line is printed during the monthly drill."),
        "{rest}"
    );
    assert!(
        !rest.contains("Look at the anemometer on the roof.\n") && !rest.contains("[Other sections…"),
        "{rest}"
    );
}
