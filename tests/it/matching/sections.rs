//! Sections of a page that share most of their words: which of them an error belongs to.

use super::{find, library, place};

/// A page with two problems whose parts have the same headings, listed at its top.
const PARTS: &str = "\
# Problems of the sorter

- [A parcel jams the gate](#a-parcel-jams-the-gate)
  - [Example](#example)
  - [Symptoms](#symptoms)
- [The scale has drifted](#the-scale-has-drifted)
  - [Example](#example-1)
  - [Symptoms](#symptoms-1)

## A parcel jams the gate

### Example

```
[W sorter base:1402] gate 7 refused to close: parcel in the way
```

### Symptoms

- The alert `SorterGateBlockedTooLong` fires.

### What helps

1. Push the parcel back.

## The scale has drifted

### Example

```
[W sorter scale:88] weight of 31 g does not match the label
```

### Symptoms

- The alert `SorterScaleOutOfRange` fires.

### What helps

1. Calibrate the scale.
";

#[test]
fn a_heading_that_several_problems_have_is_a_part_of_each() {
    let library = library(&[("sorter.md", PARTS)]);
    for (error, section) in [
        (
            "[W sorter base:1409] gate 12 refused to close: parcel in the way",
            "A parcel jams the gate",
        ),
        (
            "[W sorter scale:88] weight of 250 g does not match the label",
            "The scale has drifted",
        ),
        ("SorterGateBlockedTooLong (hall-4 critical)", "A parcel jams the gate"),
        ("SorterScaleOutOfRange (hall-4 critical)", "The scale has drifted"),
    ] {
        let outcome = find(&library, error);
        let found = outcome.matches.first().expect("the error is answered");
        assert_eq!(place(&library, found), format!("sorter.md#{section}"), "{error}");
        let topic = library.topic(found.topic).expect("it has a topic");
        assert_eq!(topic.steps.len(), 1, "the sample is no step: {:?}", topic.steps);
    }
}

/// A page whose sections show the same error with another cause each, on several lines.
const WRAPPED: &str = "\
# Problems of the label printer

## Error: `paper tray is open`

```text
Job of the dispatcher failed (PrinterError): labels of pallet \"12\" are lost:
  calling printer \"printer.depot.example\" failed: no label was printed:
    Print \"https://printer.depot.example:9443/labels?timeout=10s\":
      paper tray is open
```

1. Close the tray.

## Error: `ribbon is torn`

```text
Job of the dispatcher failed (PrinterError): labels of pallet \"15\" are lost:
  calling printer \"printer.depot.example\" failed: no label was printed:
    Print \"https://printer.depot.example:9443/labels?timeout=10s\":
      ribbon is torn
```

1. Change the ribbon.

## Error: `head is too hot`

```text
Job of the dispatcher failed (PrinterError): \\
labels of pallet \"15\" are lost: calling printer \"printer.depot.example\" failed: \\
no label was printed: Print \"https://printer.depot.exa\\
mple:9443/labels?timeout=10s\": head is too hot
```

1. Let it cool down.
";

#[test]
fn a_message_on_several_lines_of_a_runbook_is_one_message() {
    let library = library(&[("printer.md", WRAPPED)]);
    for cause in ["paper tray is open", "ribbon is torn", "head is too hot"] {
        let error = format!(
            "Job of the dispatcher failed (PrinterError): labels of pallet \"88\" are lost: calling printer \
             \"printer.depot.example\" failed: no label was printed: Print \
             \"https://printer.depot.example:9443/labels?timeout=10s\": {cause}"
        );
        let outcome = find(&library, &error);
        let found = outcome.matches.first().expect("the error is answered");
        assert_eq!(place(&library, found), format!("printer.md#Error: {cause}"), "{error}");
    }
}

#[test]
fn the_whole_code_leads_to_its_section_and_a_longer_one_to_its_own() {
    let page = "# Codes of the depot\n\n## err-depot-max-pallets-per-row\n\nA row holds too many pallets.\n\n1. Move some.\n\n\
                ## err-depot-max-pallets-per-cold-row\n\nA cold row holds too many pallets. The limit keeps the row cold.\n\n1. Open \
                another row.\n";
    let library = library(&[("depot.md", page)]);
    for code in ["err-depot-max-pallets-per-row", "err-depot-max-pallets-per-cold-row"] {
        let outcome = find(
            &library,
            &format!("the row exceeds the limit of pallets, a cold row holds 34 ({code})"),
        );
        let found = outcome.matches.first().expect("the code is answered");
        assert_eq!(place(&library, found), format!("depot.md#{code}"));
    }
}

#[test]
fn problems_that_are_only_numbered_are_told_apart() {
    let page = "# The archive cannot be reached\n\n## Symptom 1\n\n```\narchive 4: shelf /north/9 refused: no such shelf\n```\n\n\
                ### Possible reason\n\nThe shelf was moved.\n\n### Solution\n\n1. Correct the name of the shelf.\n\n## Symptom 2\n\n\
                ```\narchive 4: shelf /north/9 refused: key of the keeper is blunt\n```\n\n### Solution\n\n1. Sharpen the key.\n";
    let library = library(&[("archive.md", page)]);
    for (cause, section) in [
        ("no such shelf", "Symptom 1"),
        ("key of the keeper is blunt", "Symptom 2"),
    ] {
        let outcome = find(&library, &format!("archive 7: shelf /south/2 refused: {cause}"));
        let found = outcome.matches.first().expect("the error is answered");
        assert_eq!(place(&library, found), format!("archive.md#{section}"));
        let topic = library.topic(found.topic).expect("it has a topic");
        assert_eq!(topic.steps.len(), 1, "its own solution: {:?}", topic.steps);
    }
}

#[test]
fn commands_that_wait_for_a_text_without_end_are_read_in_linear_time() {
    let lines: Vec<String> = (0..60_000).map(|n| format!("cat <<END{n}x")).collect();
    let page = format!("# Cats\n\n```\n{}\n```\n", lines.join("\n"));
    let library = library(&[("cats.md", &page)]);
    let outcome = find(&library, "cat <<END7x");
    assert!(outcome.matches.is_empty());
}

#[test]
fn a_numbered_list_below_a_label_that_says_its_text_holds_steps() {
    for label in [
        "Alert: `DepotGateIsShut`",
        "Error: the gate of the depot is shut for good",
        "Symptom: the gate of the depot is shut for good",
        "Severity: critical",
        "Owner: #team-gates",
        "**Cause:** the gate of the depot is shut for good",
    ] {
        let page = format!("# DepotGateIsShut\n\n{label}\n\n1. Look for the key.\n2. Open the gate.\n");
        let library = library(&[("gate.md", &page)]);
        let outcome = find(&library, "[FIRING:1] DepotGateIsShut (hall-4 critical)");
        let found = outcome.matches.first().expect("the alert is answered");
        let topic = library.topic(found.topic).expect("it has a topic");
        assert_eq!(topic.steps.len(), 2, "{label}: {:?}", topic.steps);
    }
    let causes = "# DepotGateIsShut\n\n**Causes:**\n\n1. The key is lost.\n2. It is night.\n\n**Steps:**\n\n1. Wait.\n";
    let library = library(&[("gate.md", causes)]);
    let outcome = find(&library, "[FIRING:1] DepotGateIsShut (hall-4 critical)");
    let found = outcome.matches.first().expect("the alert is answered");
    let topic = library.topic(found.topic).expect("it has a topic");
    assert_eq!(topic.steps.len(), 1, "{:?}", topic.steps);
}
