//! How plain text is understood.

use insta::assert_snapshot;

use super::outline;

#[test]
fn capitals_and_labels_make_sections() {
    let text = "\
QUEUE DOES NOT DRAIN

Symptoms:
The broker writes:
    E_STUCK: consumer <name> is gone
    after 10 s

Procedure:
1) Look at broker-1.
2) Restart it:  sudo systemctl restart broker
3) Watch the log:

    broker --tail

Owner: Messaging
Contact: queue desk, phone 4711

DISK OF THE BROKER FULL
  Delete old segments.

FATAL: this is a line of a log
";
    assert_snapshot!(outline::of("queue.txt", text), @r#"
    1: [QUEUE DOES NOT DRAIN]
    3: #####[Symptoms]
      4: The broker writes:
      5: code() "E_STUCK: consumer <name> is gone\nafter 10 s"
    8: #####[Procedure]
      9: list from 1
      - 9
          9: Look at broker-1.
      - 10
          10: Restart it:  sudo systemctl restart broker
      - 11
          11: Watch the log:
          13: code() "broker --tail"
    15: #####[Owner]
      15: Messaging
    16: #####[Contact]
      16: queue desk, phone 4711
    18: ##[DISK OF THE BROKER FULL]
      19: Delete old segments.
      21: FATAL: this is a line of a log
    "#);
}

#[test]
fn underlined_titles_make_sections() {
    let text = "\
=============
Queue manual
=============

Queue is full
-------------
Error: no space left

Queue is gone
-------------
Run the following:
  drain --all

- one
- two
";
    assert_snapshot!(outline::of("queue.txt", text), @r#"
    2: [Queue manual]
    5: ##[Queue is full]
      7: Error: no space left
    9: ##[Queue is gone]
      11: Run the following:
      12: code() "drain --all"
      14: list
      - 14
          14: one
      - 15
          15: two
    "#);
}

#[test]
fn titles_and_lists_of_wikis_are_read() {
    let text = "\
== Queue is full ==

# Count it
# Drain it
## gently

h2. Queue is gone

* Make it again
";
    assert_snapshot!(outline::of("queue.wiki", text), @r#"
    1: [queue]
    1: ##[Queue is full]
      3: list from 1
      - 3
          3: Count it
      - 4
          4: Drain it
          5: list from 1
          - 5
              5: gently
    7: ##[Queue is gone]
      9: list
      - 9
          9: Make it again
    "#);
}

#[test]
fn a_text_in_markdown_is_read_as_such() {
    let text = "# Queue\n\n## Full\n\n```\nE_QUOTA\n```\n";
    assert_snapshot!(outline::of("queue.txt", text), @r#"
    1: [Queue]
    3: ##[Full]
      5: code() "E_QUOTA"
    "#);
}

#[test]
fn what_stands_between_lines_to_cut_along_is_code() {
    let text = "\
Lost parcels

The sorter prints this in the log file:

---%<----------------
Error: lane 7: parcel lost
  at the gate
---%<----------------

Or:
  -- 8< --
  Symptoms: none
  -- >8 --

---%<---
Never closed.
";
    assert_snapshot!(outline::of("parcels.txt", text), @r#"
    1: [parcels]
      1: Lost parcels
      3: The sorter prints this in the log file:
      6: code() "Error: lane 7: parcel lost\n  at the gate"
      10: Or:
      12: code() "Symptoms: none"
      16: Never closed.
    "#);
}

#[test]
fn long_and_many_lines_are_read() {
    for text in [
        "A\n".repeat(30_000),
        "A:\n  b\n".repeat(30_000),
        "text:\n\n  b\n".repeat(30_000),
        "DISK FULL\n\n".repeat(20_000),
        "Cause: x\n\n".repeat(20_000),
        "a\n====\n".repeat(20_000),
        "<a ".repeat(80_000),
        "--8<--\n".repeat(30_001),
        " ".repeat(1 << 18),
    ] {
        assert!(!outline::of("a.txt", &text).is_empty());
        assert!(!outline::of("a.wiki", &text).is_empty());
    }
}
