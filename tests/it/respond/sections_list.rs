//! The list of a runbook's other sections on the card, and the line about those for which it has no room.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use signpost::respond::{Card, Responder, ResponderOptions, to_text};
use signpost::runbook::{Block, BlockKind, Document, Library, Menu, TopicId, parse};

/// The options of the list and what stands below it, on the card of a runbook with this many more sections.
fn list(count: usize, title: impl Fn(usize) -> String, base_url: Option<&str>) -> String {
    let mut text = "# Crane stops\n\n## Hoist locked\n\n1. Look at the rope.\n".to_owned();
    for number in 1..=count {
        let _ = write!(text, "\n## {}\n\n1. Turn bolt {number}.\n", title(number));
    }
    let library = Library {
        runbooks: parse("dock/crane stops.md", &text, &BTreeMap::new())
            .0
            .map(Document::from)
            .into_iter()
            .collect(),
        ..Library::default()
    };
    let options = ResponderOptions {
        base_url: base_url.map(str::to_owned),
        ..ResponderOptions::default()
    };
    let card = Card {
        case: "c",
        topic: Some(TopicId { runbook: 0, section: 1 }),
        standing: "open",
        ..Card::default()
    };
    let reply = Responder::new(None, options).unwrap().card(&library, &card);
    let menu = |block: &Block| {
        let BlockKind::Buttons(buttons) = &block.kind else {
            return None;
        };
        let mut menus = buttons.iter().filter(|button| button.action == "signpost_sections");
        match menus.next()?.menu.as_ref()? {
            Menu::Select(options) => Some(options.iter().map(|option| option.label.clone()).collect()),
            Menu::Overflow(_) => None,
        }
    };
    let labels: Vec<String> = reply.blocks.iter().find_map(menu).unwrap_or_default();
    let shown = to_text(&reply);
    let after = shown
        .lines()
        .skip_while(|line| !line.contains("[Other sections…"))
        .skip(1);
    let after: Vec<&str> = after.filter(|line| !line.trim().is_empty()).collect();
    let (first, last) = (labels.first(), labels.last());
    let ends = first.zip(last).map(|(first, last)| format!("{first} … {last}"));
    format!("{}: {}\n{}", labels.len(), ends.unwrap_or_default(), after.join("\n"))
}

fn long(number: usize) -> String {
    format!("Bolt {number} of the lower gearbox is loose after a night with a strong wind from the sea")
}

#[test]
fn a_list_without_room_for_all_sections_says_how_many_it_leaves_out() {
    insta::assert_snapshot!(list(60, long, None), @r#"
    25: Crane stops … Bolt 24 of the lower gearbox is loose after a night with a strong win…
    36 more sections aren’t in this list. Use `show "crane stops" "Heading"` to open any section.
    "#);
    insta::assert_snapshot!(list(60, long, Some("https://docs.example.com/runbooks/")), @r#"
    25: Crane stops … Bolt 24 of the lower gearbox is loose after a night with a strong win…
    36 more sections aren’t in this list. See the full runbook (https://docs.example.com/runbooks/dock/crane%20stops.md), or use `show "crane stops" "Heading"` to open any section.
    "#);
}

#[test]
fn so_does_a_list_of_more_short_sections_than_slack_takes() {
    insta::assert_snapshot!(list(130, |number| format!("B{number}"), None), @r#"
    82: Crane stops … B81
    49 more sections aren’t in this list. Use `show "crane stops" "Heading"` to open any section.
    "#);
}

#[test]
fn one_section_that_is_left_out_is_told_in_the_singular_and_none_not_at_all() {
    let fits = list(20, long, None);
    insta::assert_snapshot!(fits, @"21: Crane stops … Bolt 20 of the lower gearbox is loose after a night with a strong win…");
    let mut count = 20;
    while !list(count, long, None).contains("more section") {
        count += 1;
    }
    insta::assert_snapshot!(list(count, long, None), @r#"
    25: Crane stops … Bolt 24 of the lower gearbox is loose after a night with a strong win…
    1 more section isn’t in this list. Use `show "crane stops" "Heading"` to open any section.
    "#);
}
