//! Texts of a runbook read as they are written: what is a paragraph, a label or a condition stays one.

use std::collections::BTreeMap;

use serde_json::json;
use signpost::respond::{Audience, Card, Reply, Responder, ResponderOptions, to_text};
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
    to_text(&card_at(&library(), at))
}

fn card_at(library: &Library, at: usize) -> Reply {
    let card = Card {
        case: "c",
        topic: Some(TopicId::default()),
        at,
        standing: "open",
        ..Card::default()
    };
    let responder = Responder::new(None, ResponderOptions::default()).unwrap();
    responder.card(library, &card)
}

/// The card of a runbook's only topic.
fn card_of(path: &str, text: &str) -> Reply {
    let runbook = parse(path, text, &BTreeMap::new()).0;
    let library = Library {
        runbooks: runbook.map(Document::from).into_iter().collect(),
        ..Library::default()
    };
    card_at(&library, 0)
}

#[test]
fn a_short_warning_in_bold_is_not_taken_for_a_label() {
    let text =
        "# Crane drifts\n\n## Symptoms\n\nThe hook moves.\n\n**Never cut the cable**\n\n## Fix\n\n1. Look at it.\n";
    let runbook = parse("drift.md", text, &BTreeMap::new()).0;
    let library = Library {
        runbooks: runbook.map(Document::from).into_iter().collect(),
        ..Library::default()
    };
    let responder = Responder::new(None, ResponderOptions::default()).unwrap();
    let shown = to_text(&responder.show(&library, TopicId::default()));
    assert!(shown.contains("Never cut the cable"), "{shown}");
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
fn a_step_that_the_runbook_no_longer_has_leads_to_the_last_ones() {
    assert_eq!(card(900), card(5));
}

#[test]
fn a_card_without_steps_has_no_way_back_from_its_only_page() {
    let text = "# Crane hums\n\n## Cause\n\nThe motor is warm.\n\n## Symptoms\n\nThe lamps of the dock flicker.\n";
    let shown = to_text(&card_of("hum.md", text));
    assert!(shown.contains("The lamps of the dock flicker."), "{shown}");
    assert!(!shown.contains("Back"), "{shown}");
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
fn code_that_differs_in_case_and_marks_alone_is_not_taken_for_shown() {
    let text = "# Crane drifts\n\n## Symptoms\n\n    crane-ctl state -A\n\n    * * * * *\n\n## Fix\n\n1. Look:\n\n       crane-ctl state -a\n";
    let runbook = parse("drift.md", text, &BTreeMap::new()).0;
    let library = Library {
        runbooks: runbook.map(Document::from).into_iter().collect(),
        ..Library::default()
    };
    let responder = Responder::new(None, ResponderOptions::default()).unwrap();
    let shown = to_text(&responder.show(&library, TopicId::default()));
    for code in ["crane-ctl state -A", "crane-ctl state -a", "* * * * *"] {
        assert!(shown.contains(code), "{code}: {shown}");
    }
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
    let rest = card(1_000_000);
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

const PUMP: &str = "# Pump\n\nOwner: team Shop, Slack #pumps\nStatus: live\n\n## Fix\n\n1. Start it.\n";

#[test]
fn people_of_other_organisations_see_no_contacts_in_what_the_card_leaves_out() {
    let shop = json!({"shop": {"name": "Team Shop", "comm": {"name": "#shop", "link": "https://chat.example/shop"}}});
    let runbook = parse("pump.md", PUMP, &BTreeMap::from([("teams".to_owned(), shop)])).0;
    let library = Library {
        runbooks: runbook.map(Document::from).into_iter().collect(),
        ..Library::default()
    };
    let responder = Responder::new(None, ResponderOptions::default()).unwrap();
    let rest = |audience| {
        let card = Card {
            case: "c",
            topic: Some(TopicId::default()),
            at: 1_000_000,
            standing: "open",
            audience,
            ..Card::default()
        };
        to_text(&responder.card(&library, &card))
    };
    let own = rest(Audience::Internal);
    assert!(own.contains("Owner: team Shop, Slack #pumps"), "{own}");
    let theirs = rest(Audience::External);
    assert!(!theirs.contains("#pumps"), "{theirs}");
}

#[test]
fn a_notification_has_the_first_sentence_of_the_first_step() {
    let text =
        "# Crane hums\n\n## Fix\n\n1. Ask the driver for the crane's number. It stands on the cabin.\n2. Stop it.\n";
    let notice = card_of("hum.md", text).notice.unwrap();
    insta::assert_snapshot!(notice, @"Crane hums – Ask the driver for the crane's number (step 1 of 2).");
}
