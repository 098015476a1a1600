//! What a runbook says stays where it is said: reasons, text below bullets, conditions, people.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use signpost::respond::{Responder, ResponderOptions, to_text};
use signpost::runbook::{Document, Library, TopicId};

/// The reply that shows a section of a document.
fn shown(text: &str, data: &Value, section: usize) -> String {
    let data: BTreeMap<String, Value> = serde_json::from_value(data.clone()).unwrap();
    let data = Arc::new(data);
    let (document, _) = Document::read("guide.md", text, &data).0.unwrap();
    let library = Library {
        runbooks: vec![document],
        teams: signpost::runbook::teams(&data),
        data,
        ..Library::default()
    };
    let responder = Responder::new(None, ResponderOptions::default()).unwrap();
    to_text(&responder.show(&library, TopicId { runbook: 0, section }))
}

#[test]
fn reasons_below_their_announcement_are_kept() {
    let text = "# Disk full\n\n## Cause\n\nThe volume is full.\n\nThere are several reasons for this.\n\n\
                - Old logs are kept.\n- A backup was not moved.\n\n## Fix\n\n1. Delete old logs.\n";
    let shown = shown(text, &json!({}), 0);
    for kept in [
        "The volume is full.",
        "several reasons",
        "- Old logs are kept.",
        "- A backup was not moved.",
    ] {
        assert!(shown.contains(kept), "{kept} is missing in\n{shown}");
    }
}

#[test]
fn text_below_bullets_is_no_bullet() {
    let text = "# Node down\n\n## Fix\n\n1. Do one of these:\n   - drain it\n   - reboot it\n\n   Then check it:\n\n   \
                ```\n   nodectl check\n   ```\n\n   -or-\n\n   ```\n   nodectl look\n   ```\n2. Close the alert.\n";
    insta::assert_snapshot!(shown(text, &json!({}), 0), @r"
    Node down

    What to do

    1. Do one of these:
       - drain it
       - reboot it
       Then check it:
           nodectl check
       -or-
           nodectl look
    2. Close the alert.
    ");
}

#[test]
fn labels_and_open_tasks_read_like_text() {
    let text = "# Feed is late\n\nWhat you see: a mail\n\nWhy: the sender renames the file late.\n\nWhat to do:\n\n\
                - [ ] log in\n- [x] look at the file\n";
    insta::assert_snapshot!(shown(text, &json!({}), 0), @r"
    Feed is late

    Summary

    The sender renames the file late.

    What to do

    - ☐ log in
    - ☑ look at the file

    More from this runbook

    What you see: a mail
    ");
}

#[test]
fn a_condition_before_a_lone_name_belongs_to_it() {
    let text = "# Tokens fail\n\n## Fix\n\n1. Look.\n\n## Escalation\n\n\
                - If the store is down, page its people. [Storage On Call](https://pagerduty.example/storage)\n\
                - If it is up, page the API. [API On Call](https://pagerduty.example/api)\n\
                - Open an issue [here](https://tracker.example/jira/browse/TOKENS)\n";
    insta::assert_snapshot!(shown(text, &json!({}), 0), @r"
    Tokens fail

    What to do

    1. Look.

    More from this runbook

    Escalation

    - Open an issue here (https://tracker.example/jira/browse/TOKENS)

    Escalate to

    - Pager: Storage On Call (https://pagerduty.example/storage) – If the store is down, page its people.
    - Pager: API On Call (https://pagerduty.example/api) – If it is up, page the API.
    - Issues: TOKENS (https://tracker.example/jira/browse/TOKENS)
    ");
}

#[test]
fn people_are_known_by_name() {
    let data = json!({ "teams": {
        "shop": { "name": "Team Shop", "comm": { "name": "#shop", "link": "https://chat.example/shop" } },
        "freight": { "name": "Freight", "aliases": ["Team Parcels"], "escalate": { "name": "Freight on call" } },
    }});
    let text = "---\nservice: shop\n---\n# Labels fail\n\n## Fix\n\n1. Print again.\n2. Escalate to Team Parcels.\n\n\
                ## Help\n\nContact the label-api squad.\n";
    insta::assert_snapshot!(shown(text, &data, 0), @r"
    Labels fail

    What to do

    1. Print again.
    2. Escalate to Team Parcels.

    Help

    Contact the label-api squad.

    Sections

    - Help: `show guide Help`

    Escalate to

    - Pager: Freight on call
    - label-api squad
    - Chat: #shop (https://chat.example/shop)
    ");
    let owner = "# Pump\n\nOwner: team Shop, Slack #pumps\nStatus: live\n\n## Fix\n\n1. Start it.\n";
    insta::assert_snapshot!(shown(owner, &data, 0), @r"
    Pump

    What to do

    1. Start it.

    More from this runbook

    Owner: team Shop, Slack #pumps Status: live

    Escalate to

    - Chat: #shop (https://chat.example/shop)
    - Chat: #pumps
    ");
    let written = "# Pump\n\n## Fix\n\n1. Start it.\n\nContact: the pump house, phone 4711\n";
    insta::assert_snapshot!(shown(written, &data, 0), @r"
    Pump

    What to do

    1. Start it.

    Contact: the pump house, phone 4711

    Escalate to

    - the pump house, phone 4711
    ");
}
