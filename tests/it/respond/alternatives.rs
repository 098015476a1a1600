//! Runbooks of which a reader follows one of several parts: the question first, then only the steps that were chosen.

use std::collections::BTreeMap;

use signpost::respond::{Card, Responder, ResponderOptions, to_text};
use signpost::runbook::{Document, Library, Topic, TopicId, parse};
use signpost::slack::blocks;

const GATE: &str = "# The gate refuses you\n\nThe gate does not know who you are.\n\n## Resolution\n\n\
    Renew your own session first.\n\n### You own the gate\n\nYou made it, so you are always let in.\n\n\
    1. Ask for your name: `gate whoami`.\n2. Renew it: `gate renew`.\n\n### You don't own the gate\n\n\
    1. Ask the owner to add you: `gate add NAME`.\n\n### Check it\n\n1. Open the gate: `gate open`.\n";

fn library(text: &str) -> Library {
    let runbook = parse("gate.md", text, &BTreeMap::new()).0.unwrap();
    Library {
        runbooks: vec![Document::from(runbook)],
        ..Library::default()
    }
}

fn topic(library: &Library) -> &Topic {
    library.topic(TopicId::default()).unwrap()
}

/// The conditions that a runbook offers, in their order.
fn offered(text: &str) -> Vec<String> {
    let library = library(text);
    let found = topic(&library).alternatives.iter();
    found
        .flat_map(|found| &found.list)
        .map(|one| one.label.clone())
        .collect()
}

/// The card with the answer of this key.
fn card(library: &Library, key: Option<&str>) -> signpost::respond::Reply {
    let card = Card {
        case: "T1:C1:1.2",
        topic: Some(TopicId::default()),
        standing: "open",
        chosen: key.map(|key| (key.to_owned(), "Ada".to_owned())),
        ..Card::default()
    };
    Responder::new(None, ResponderOptions::default())
        .unwrap()
        .card(library, &card)
}

/// The keys of the answers, as the buttons of the question send them.
fn keys(library: &Library) -> Vec<String> {
    let written = serde_json::to_string(&blocks::render_one(&card(library, None)).blocks).unwrap();
    let found = written.match_indices(r#"alternative\",\"key\":\""#).map(|(at, found)| {
        let rest = &written[at + found.len()..];
        rest[..rest.find('\\').unwrap()].to_owned()
    });
    found.collect()
}

/// A heading with a step, and text around them.
fn page(headings: &[&str]) -> String {
    let sections = headings
        .iter()
        .map(|heading| format!("### {heading}\n\n1. Do what helps in {heading}\n"));
    format!(
        "# The mill stands\n\n## What to do\n\n{}",
        sections.collect::<Vec<_>>().join("\n")
    )
}

#[test]
fn neighbours_that_name_a_condition_are_alternatives() {
    for headings in [
        ["You own it", "You’re not its owner"],
        ["If the wheel turns", "If the wheel stands"],
        ["Cause 1: no water", "Cause 2: no grain"],
        ["Option A", "Option B (slow)"],
        ["For the old mill:", "For the new mill:"],
        ["Using the lever", "Using the crank"],
        ["When the sluice is open", "When the sluice is shut"],
    ] {
        let expected = headings.map(|heading| heading.trim_end_matches(':').to_owned());
        assert_eq!(offered(&page(&headings)), expected, "{headings:?}");
    }
}

#[test]
fn what_is_not_surely_a_choice_is_shown_as_before() {
    for headings in [
        // Only one condition, conditions of two forms, a question, what follows when nothing helped.
        vec!["If the wheel turns", "Oil the wheel"],
        vec!["If the wheel turns", "Option A"],
        vec!["When does the wheel turn?", "When is it oiled?"],
        vec!["If the wheel turns", "If that does not help"],
        // Phases that follow each other.
        vec!["When you start the mill", "When the wheel turns again"],
        // The same tool for two purposes.
        vec!["Using the crank to look inside", "Using the crank to stop it"],
        // Parted by another section.
        vec!["Cause 1", "Look at the wheel", "Cause 2"],
    ] {
        assert_eq!(offered(&page(&headings)), Vec::<String>::new(), "{headings:?}");
    }
    // A small part of a long procedure, and two choices in one.
    let long = format!(
        "{}\n### Then\n\n{}",
        page(&["Option A", "Option B"]),
        "1. Wait.\n".repeat(9)
    );
    assert_eq!(offered(&long), Vec::<String>::new());
    let twice = "# T\n\n## Steps\n\n### First\n\n#### Option A\n\n1. a\n\n#### Option B\n\n1. b\n\n\
        ### Second\n\n#### Case 1\n\n1. c\n\n#### Case 2\n\n1. d\n";
    assert_eq!(offered(twice), Vec::<String>::new());
}

#[test]
fn bold_lines_and_items_of_a_list_are_alternatives_when_they_have_steps_of_their_own() {
    let bold = "# T\n\n## What to do\n\n**Option A: by hand**\n\n1. Turn it.\n2. Stop it.\n\n\
        **Option B: by the job**\n\n1. Run it.\n";
    assert_eq!(offered(bold), ["Option A: by hand", "Option B: by the job"]);
    // What follows them is for everybody, whatever was chosen.
    let finally = library(&format!("{bold}\nFinally, grease the axle.\n"));
    let shown = to_text(&card(&finally, Some(&keys(&finally)[0])));
    assert!(
        shown.contains("Turn it") && shown.contains("grease the axle") && !shown.contains("Run it"),
        "{shown}"
    );
    let items = "# T\n\n## What to do\n\nDo one of the following:\n\n- If the wheel turns:\n  1. Stop it.\n  2. Wait.\n\
        - If it stands:\n  1. Free it.\n";
    assert_eq!(offered(items), ["If the wheel turns", "If it stands"]);
    let lines = "# T\n\n## What to do\n\nOne of these:\n\n- If the wheel turns, stop it.\n- If it stands, free it.\n";
    assert_eq!(
        offered(lines),
        Vec::<String>::new(),
        "short enough to be read at a glance"
    );
}

#[test]
fn the_question_comes_first_and_then_only_what_was_chosen() {
    let library = library(GATE);
    let keys = keys(&library);
    let [own, other, all] = keys.as_slice() else {
        panic!("{keys:?}")
    };
    assert_eq!(all, "all");
    let mut shown = Vec::new();
    for (name, key) in [
        ("nobody has chosen", None),
        ("the owner", Some(own.as_str())),
        ("not the owner", Some(other.as_str())),
        ("all", Some("all")),
        ("an alternative that the runbook had before", Some("0123456789abcdef")),
    ] {
        let reply = card(&library, key);
        shown.push(format!(
            "== {name}\n{}\n\n{}\n",
            reply.notice.clone().unwrap_or_default(),
            to_text(&reply)
        ));
    }
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn the_question_stands_on_buttons_with_the_runbooks_own_words() {
    let message = blocks::render_one(&card(&library(GATE), None));
    insta::assert_snapshot!(serde_json::to_string_pretty(&message.blocks).unwrap());
}
