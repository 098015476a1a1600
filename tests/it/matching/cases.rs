//! One line a case: a paste, and where it leads.

use super::{find, library, place};

const LOGIN: &str = "\
# Signing in to the depot

## Example errors

```
The depot refused the badge of <user>. (D0007)
Trace ID: <trace_id>
```

### D0007

The badge has run out.

1. Renew it with `depot badge renew --user <user>`.

### D0012

The badge belongs to another depot. Ask the gate crew.
";

const ALERT: &str = "\
# DepotConveyorStalled

## Meaning

The conveyor has not moved for ten minutes.

## Mitigation

Restart the conveyor motor controller.
";

const NHC: &str = "\
# Lift checks

## LFT006: cabin one

```
LFT006   Lift   Warning   The counterweight of the cabin is out of balance.
```

Level it.

## LFT007: cabin two

```
LFT007   Lift   Warning   The counterweight of the cabin is out of balance.
```

Call the maker.
";

const TRACE: &str = "\
# Picker crashes

You see this:

```
Traceback (most recent call last):
  File \"picker.py\", line 3, in <module>
GripperJammedError: gripper 'A' jammed at shelf 12
```

Open the gripper by hand.
";

const DOCUMENTS: &[(&str, &str)] = &[
    ("login.md", LOGIN),
    ("alerts/conveyor.md", ALERT),
    ("lift.md", NHC),
    ("picker.md", TRACE),
];

#[test]
fn a_paste_leads_to_its_section_or_nowhere() {
    let library = library(DOCUMENTS);
    let cases: &[(&str, Option<&str>)] = &[
        // Codes.
        ("getting D0007 since lunch", Some("login.md#D0007")),
        ("d0012?", Some("login.md#D0012")),
        ("The depot refused the badge of ada. (D0007)", Some("login.md#D0007")),
        ("meet me in room D0007", None),
        ("error[D0007]: cannot borrow", None),
        ("D0099 is not a code of ours", None),
        ("pods on host D0007.rack.example.com", None),
        // Templates, also wrapped, escaped, in fences, cut off and mistyped.
        (
            "```\nThe depot refused\nthe badge of <mailto:ada@example.com|ada@example.com>.\n```",
            Some("login.md#D0007"),
        ),
        (
            "\u{1b}[31mThe depot refused the badge of 'ada'\u{1b}[0m",
            Some("login.md#D0007"),
        ),
        ("...depot refused the badge of gra", Some("login.md#D0007")),
        ("the depot refussed the badge of grace", Some("login.md#D0007")),
        // Alerts.
        (
            "[FIRING:1] DepotConveyorStalled (belt 3)",
            Some("alerts/conveyor.md#DepotConveyorStalled"),
        ),
        (
            "{\"alertname\":\"DepotConveyorStalled\",\"severity\":\"page\"}",
            Some("alerts/conveyor.md#DepotConveyorStalled"),
        ),
        ("alertname = DepotConveyorBroken", None),
        // The same sentence under two codes.
        (
            "LFT006   Lift   Warning   The counterweight of the cabin is out of balance.",
            Some("lift.md#LFT006: cabin one"),
        ),
        (
            "LFT007   Lift   Warning   The counterweight of the cabin is out of balance.",
            Some("lift.md#LFT007: cabin two"),
        ),
        // What every log has is worth nothing.
        (
            "Traceback (most recent call last):\n  File \"x.py\", line 9, in <module>\nKeyError: 'b'",
            None,
        ),
        (
            "GripperJammedError: gripper 'C' jammed at shelf 3",
            Some("picker.md#Picker crashes"),
        ),
        ("", None),
        ("good morning, how was the weekend?", None),
    ];
    for (message, expected) in cases {
        let outcome = find(&library, message);
        let found = outcome.matches.first().map(|found| place(&library, found));
        let near = outcome
            .near
            .first()
            .map(|found| (place(&library, found), found.confidence));
        assert_eq!(found.as_deref(), *expected, "{message:?}; near: {near:?}");
    }
}

#[test]
fn evidence_quotes_the_line_as_it_came_in() {
    let library = library(DOCUMENTS);
    let outcome = find(
        &library,
        "hi\n```\nThe depot refused the badge of &lt;ada&gt;. (D0007)\n```",
    );
    let evidence = &outcome.matches[0].evidence[0];
    assert_eq!(
        (evidence.line, evidence.text.as_str()),
        (3, "The depot refused the badge of <ada>. (D0007)")
    );
}

#[test]
fn values_are_captured_by_the_name_of_their_placeholder() {
    let library = library(DOCUMENTS);
    let outcome = find(
        &library,
        "The depot refused the badge of ada-7. (D0007)\nTrace ID: 5f2e-11",
    );
    let captures = &outcome.matches[0].captures;
    assert_eq!(captures["user"], ["ada-7"]);
    assert_eq!(captures["trace_id"], ["5f2e-11"]);
}

#[test]
fn the_best_of_two_errors_leads_and_the_second_is_told() {
    let library = library(DOCUMENTS);
    let outcome = find(
        &library,
        "D0012 at the gate\nand also GripperJammedError: gripper 'B' jammed at shelf 4",
    );
    let places: Vec<String> = outcome.matches.iter().map(|found| place(&library, found)).collect();
    assert_eq!(places.len(), 2, "{places:?}");
    assert!(places.contains(&"login.md#D0012".to_owned()) && places.contains(&"picker.md#Picker crashes".to_owned()));
}

#[test]
fn a_draft_never_answers() {
    let library = library(&[("draft.md", "---\ndraft: true\n---\n# DepotDoorOpen\n\nTODO\n")]);
    assert!(find(&library, "DepotDoorOpen is firing").matches.is_empty());
}

const EXPLICIT: &str = "\
---
signpost:
  signatures:
    - regex: 'sorter (?P<sorter_id>s-[0-9]+) shed [0-9]+ parcels'
      section: Shedding
    - regex: 'failed'
    - 'belt tension of <belt> under the mark'
    - code: SRT9
    - alert: SorterJam
  not: ['this is a drill']
---
# Sorter

What the sorter does.

## Shedding

1. Slow it down.
";

#[test]
fn explicit_signatures_of_front_matter_are_honoured() {
    let library = library(&[("sorter.md", EXPLICIT)]);
    let cases: &[(&str, Option<&str>)] = &[
        ("09:12 sorter s-14 shed 9 parcels", Some("sorter.md#Shedding")),
        ("belt tension of b-7 under the mark", Some("sorter.md#Sorter")),
        ("we see SRT9", Some("sorter.md#Sorter")),
        ("SorterJam is firing", Some("sorter.md#Sorter")),
        ("the build failed", None),
        ("sorter s-14 shed 9 parcels, but this is a drill", None),
    ];
    for (message, expected) in cases {
        let outcome = find(&library, message);
        let found = outcome.matches.first().map(|found| place(&library, found));
        assert_eq!(
            found.as_deref(),
            *expected,
            "{message}; near: {:?}",
            outcome.near.first()
        );
    }
    let captures = &find(&library, "sorter s-14 shed 9 parcels").matches[0].captures;
    assert_eq!(captures["sorter_id"], ["s-14"]);
}
