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
