//! Several errors in one message.

use std::fmt::Write as _;

use super::{find, library, place};

const CODES: &str = "\
# Depot refusals

Each refusal has the same shape:

```
<message> (<code>)
Trace ID: <trace_id>
```

## Codes

### D0007

The badge has run out.

```
The depot refused the badge. (D0007)
Trace ID: <trace_id>
```

1. Look for `<trace_id>` in the log.

### D0012

The badge belongs to another depot.

```
<message> (D0012)
Trace ID: <trace_id>
```

1. Ask the gate crew about `<trace_id>`.

### D0031

The badge is worn. The steps are those of D0007.

```
<message> (D0031)
Trace ID: <trace_id>
```

1. Print it again.
";

const CRASH: &str = "\
# Gripper jams

```
GripperJammedError: gripper 'B' jammed at shelf <shelf>
Trace ID: <trace_id>
```

1. Free it at `<shelf>`, see `<trace_id>`.
";

/// Every match of a message with its trace ids and the line that shows it.
fn told(message: &str) -> String {
    let library = library(&[("refusals.md", CODES), ("gripper.md", CRASH)]);
    let mut out = String::new();
    for found in find(&library, message).matches {
        let line = found.evidence.first().map_or(0, |evidence| evidence.line);
        let ids = found
            .captures
            .get("trace_id")
            .map_or(String::new(), |ids| ids.join(", "));
        let _ = writeln!(out, "{} line {line} [{ids}]", place(&library, &found));
    }
    out
}

#[test]
fn codes_of_one_runbook_are_told_apart_and_have_their_own_values() {
    let message = "The depot refused the badge. (D0007)\nTrace ID: aa-11\nnot here (D0012)\nTrace ID: bb-22\n\
                   worn (D0031)\nTrace ID: cc-33\nGripperJammedError: gripper 'B' jammed at shelf 4\nTrace ID: dd-44";
    insta::assert_snapshot!(told(message), @r"
    refusals.md#D0031 line 5 [cc-33]
    gripper.md#Gripper jams line 7 [dd-44]
    refusals.md#D0007 line 1 [aa-11]
    refusals.md#D0012 line 3 [bb-22]
    ");
}

#[test]
fn one_error_with_its_value_is_one_match() {
    insta::assert_snapshot!(told("The depot refused the badge. (D0007)\nTrace ID: aa-11"), @"refusals.md#D0007 line 1 [aa-11]");
    insta::assert_snapshot!(told("it says: worn (D0031)\nTrace ID: cc-33"), @"refusals.md#D0031 line 1 [cc-33]");
}

#[test]
fn what_stands_before_all_errors_belongs_to_each() {
    insta::assert_snapshot!(told("Trace ID: aa-11\nrefused (D0007)\nrefused (D0012)"), @r"
    refusals.md#D0007 line 2 [aa-11]
    refusals.md#D0012 line 3 [aa-11]
    ");
}

#[test]
fn errors_on_one_line_and_in_blocks_keep_their_values_apart() {
    insta::assert_snapshot!(told("error (D0007) Trace ID: aa-11; error (D0012) Trace ID: bb-22"), @r"
    refusals.md#D0007 line 1 [aa-11]
    refusals.md#D0012 line 1 [bb-22]
    ");
    insta::assert_snapshot!(told("gate one\nTrace ID: aa-11\nerror (D0007)\n\ngate two\nTrace ID: bb-22\nerror (D0012)"), @r"
    refusals.md#D0012 line 7 [bb-22]
    refusals.md#D0007 line 3 [aa-11]
    ");
}

/// A line of a template, and lines of details that tell little by themselves.
const GRIPPER: &str = "\
# Gripper stops

```
PUMP-7 gripper <gripper> stopped at shelf <shelf>
Trace ID: <trace_id>
```

1. Look at `<gripper>`, then for `<trace_id>`.
";

/// The occurrences of the first match: the line and the values of each. Then all captures.
fn occurrences(document: &str, message: &str) -> String {
    let library = library(&[("gripper.md", document)]);
    let outcome = find(&library, message);
    let found = outcome.matches.first().expect("a match");
    let mut out = String::new();
    for occurrence in &found.occurrences {
        let values = occurrence.values.iter().map(|(name, value)| format!("{name}={value}"));
        let _ = writeln!(out, "{}: {}", occurrence.line, values.collect::<Vec<_>>().join(" "));
    }
    let _ = write!(out, "{:?}", found.captures);
    out
}

#[test]
fn each_occurrence_of_an_error_has_its_own_values() {
    let of = |message: &str| occurrences(GRIPPER, message);
    let once = "PUMP-7 gripper g-5 stopped at shelf 7\nTrace ID: aa-11";
    insta::assert_snapshot!(of(once), @r#"{"gripper": ["g-5"], "shelf": ["7"], "trace_id": ["aa-11"]}"#);
    // One after the other, with text before them and a fence around them.
    insta::assert_snapshot!(of(&format!(
        "please look\n```\n{once}\nPUMP-7 gripper g-9 stopped at shelf 3\nTrace ID: bb-22\n```"
    )), @r#"
    3: gripper=g-5 shelf=7 trace_id=aa-11
    5: gripper=g-9 shelf=3 trace_id=bb-22
    {"gripper": ["g-5", "g-9"], "shelf": ["7", "3"], "trace_id": ["aa-11", "bb-22"]}
    "#);
    // The second one lacks a line.
    insta::assert_snapshot!(of(&format!("{once}\nPUMP-7 gripper g-9 stopped at shelf 3")), @r#"
    1: gripper=g-5 shelf=7 trace_id=aa-11
    3: gripper=g-9 shelf=3
    {"gripper": ["g-5", "g-9"], "shelf": ["7", "3"], "trace_id": ["aa-11"]}
    "#);
}

#[test]
fn values_before_an_occurrence_are_not_taken_for_those_of_the_one_above() {
    let of = |message: &str| occurrences(GRIPPER, message);
    let (first, second) = (
        "Trace ID: aa-11\nPUMP-7 gripper g-5 stopped at shelf 7",
        "Trace ID: bb-22\nPUMP-7 gripper g-9 stopped at shelf 3",
    );
    // Without a mark between the two, nobody can tell whose line the second id is.
    insta::assert_snapshot!(of(&format!("{first}\n{second}")), @r#"
    2: gripper=g-5 shelf=7
    4: gripper=g-9 shelf=3
    {"gripper": ["g-5", "g-9"], "shelf": ["7", "3"], "trace_id": ["aa-11", "bb-22"]}
    "#);
    insta::assert_snapshot!(of(&format!("{first}\n\n{second}")), @r#"
    2: trace_id=aa-11 gripper=g-5 shelf=7
    5: trace_id=bb-22 gripper=g-9 shelf=3
    {"gripper": ["g-5", "g-9"], "shelf": ["7", "3"], "trace_id": ["aa-11", "bb-22"]}
    "#);
}

#[test]
fn lines_that_are_equal_but_for_their_details_are_occurrences_of_one_error() {
    let message = "The depot refused the badge. (D0007)\nTrace ID: aa-11\nThe depot refused the badge. (D0007)\n\
                   Trace ID: bb-22";
    insta::assert_snapshot!(occurrences(CODES, message), @r#"
    1: trace_id=aa-11
    3: trace_id=bb-22
    {"trace_id": ["aa-11", "bb-22"]}
    "#);
}

#[test]
fn an_error_that_comes_back_after_another_one_keeps_its_values() {
    let message = "worn (D0031)\nTrace ID: aa-11\nnot here (D0012)\nTrace ID: bb-22\nworn (D0031)\nTrace ID: cc-33";
    insta::assert_snapshot!(told(message), @r"
    refusals.md#D0031 line 1 [aa-11, cc-33]
    refusals.md#D0012 line 3 [bb-22]
    ");
}

#[test]
fn groups_of_an_expression_belong_to_their_occurrence() {
    let document = "---\nsignpost:\n  signatures:\n    - regex: \"beam (?P<dock>d-[0-9]+) let go of (?P<load>[a-z]+)\"\n---\n\
                    # Beam lets go\n\n1. Look at `<dock>`.\n";
    let message = "beam d-4 let go of steel\nbeam d-8 let go of grain";
    insta::assert_snapshot!(occurrences(document, message), @r#"
    1: dock=d-4 load=steel
    2: dock=d-8 load=grain
    {"dock": ["d-4", "d-8"], "load": ["steel", "grain"]}
    "#);
}
