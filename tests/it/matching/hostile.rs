//! Pastes that mean harm, or only look like it: everything is read to its end, nothing panics.

use std::fmt::Write as _;

use proptest::prelude::{ProptestConfig, any, proptest};
use signpost::matching::{Index, IndexOptions};

use super::library;

fn index() -> Index {
    let text = "# Things break\n\n```\nerror <code> in 'box' at $PLACE: %v\n```\n\n## E0001\n\nFix it.\n";
    Index::build(
        &library(&[("a.md", text), ("b.md", &text.replace("box", "crate"))]),
        &IndexOptions::default(),
    )
}

#[test]
fn hostile_pastes_are_read_to_their_end() {
    let index = index();
    let pastes = [
        "<".repeat(1_000_000),
        "&lt;".repeat(250_000),
        "```\n".repeat(20_000),
        "a".repeat(40_000),
        "'\"".repeat(20_000),
        "\u{1b}[".repeat(20_000),
        "E0001 ".repeat(7_000),
        "error in box at ".repeat(2_500),
        "<https://".repeat(5_000),
        "- ".repeat(20_000),
        "\u{0}\u{fffd}\u{202e}".repeat(10_000),
        (0..40_000)
            .map(|i| char::from_u32(0x4e00 + i % 20_000).unwrap_or('x'))
            .collect(),
    ];
    for paste in &pastes {
        let outcome = index.find(paste);
        assert!(outcome.matches.len() <= 5);
        index.search(paste);
    }
}

#[test]
fn a_log_of_forty_thousand_characters_gives_up_its_one_error() {
    let index = index();
    let mut log = String::new();
    for i in 0..400 {
        let error = if i == 200 {
            "error 7 in 'box' at shelf-9: jammed E0001"
        } else {
            "INFO all quiet on this shard"
        };
        let _ = writeln!(
            log,
            "2026-01-01T00:00:{:02}Z worker {i} did its round of the hall, took {i} ms: {error}",
            i % 60
        );
    }
    let outcome = index.find(&log);
    assert_eq!(outcome.matches.len(), 1, "{:?}", outcome.near.first());
    assert!(outcome.matches[0].evidence[0].text.contains("E0001"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let index = index();
        index.find(&text);
        index.search(&text);
    }

    #[test]
    fn no_mark_up_panics(text in r"[<>&;|@#!`'\[\]0-9mEerobx \n\x1b{}$%.-]{0,300}") {
        let index = index();
        index.find(&text);
    }
}
