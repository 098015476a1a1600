//! One line a case: what speaks for a page, and what only seems to.

use std::fmt::Write as _;

use super::{find, library, place};

const CATALOGUE: &str = "\
# Alert catalogue

| Alert | Level | What to do |
|---|---|---|
| `SorterMotorOverheats` | page | Stop the sorter and open the vents. |
| `BeltSpeedProbeFailed` | ticket | Look at the probe of the belt yourself. |
";

const GATEWAY: &str = "\
# The gateway sheds parcels

If it answers `429 {\"error\":\"GATEWAY_SHEDDING\"}` there are more parcels than arms. Add arms.
";

const CODES: &str = "\
# Arm controller: what the codes mean

- `0x4b` – the arm lost its bearings. Home it.
- `frame_too_wide`: the parcel does not fit. Turn it.
- exit code 141 – the pipe to the arm broke. Restart the arm.

## Error 5772: no route to the arm

Lay a new cable.

## Erreur 2107 : bras bloqué

Débloquer le bras à la main.
";

const PYTHON: &str = "\
# Wrong module in the picker

```
LookupError: module 'foo' offers no grip 'bar'
```

Install the module that has the grip.

## org.depot.picker.errors.GripTooWideException

Use the small grip.
";

const HOSTS: &str = "\
# Why can my arm not join with `H0029`?

```
join-arm.sh[812]: {\"incident\":\"f9-11\",\"code\":\"H0029\",\"said\":\"The key of the arm ran out.\"}
```

Make a new key.
";

const EKS: &str = "\
# The EKS gateway wants you to sign in

```
error: the depot gateway asks you to sign in first (Unbadged)
```

1. Map your role to a badge.
";

const LINKS: &str = "\
# Moving day

The depot moves in May.

## Next steps

- [BeltQuotaExhausted error code](https://example.com/quota)
";

const CLOCK: &str = "\
# Watchdog

The alert that always fires.
";

const DOCUMENTS: &[(&str, &str)] = &[
    ("catalogue.md", CATALOGUE),
    ("gateway.md", GATEWAY),
    ("codes.md", CODES),
    ("python.md", PYTHON),
    ("hosts.md", HOSTS),
    ("eks.md", EKS),
    ("links.md", LINKS),
    ("clock.md", CLOCK),
];

#[test]
fn what_names_an_error_leads_to_the_page_that_explains_it() {
    let cases: &[(&str, &str)] = &[
        (
            "{\"labels\":{\"alertname\":\"SorterMotorOverheats\",\"hall\":\"2\"}}",
            "catalogue.md",
        ),
        ("belt speed probe failed again in hall 4", "catalogue.md"),
        ("PagerDuty says *Watchdog* is firing, is that an outage?", "clock.md"),
        (
            "parcels come back, body is {\"error\":\"GATEWAY_SHEDDING\"}, is it sick?",
            "gateway.md",
        ),
        ("arm 12 sends fault 0x4B since noon", "codes.md"),
        ("[error] terminate, reason: {shutdown,frame_too_wide}", "codes.md"),
        (
            "{\"level\":\"error\",\"msg\":\"probe failed\",\"status\":5772}",
            "codes.md",
        ),
        ("bonjour, erreur 2107 sur les deux bras", "codes.md"),
        ("LookupError: module 'gripper' offers no grip 'Claw9'", "python.md"),
        ("LookupError: module “gripper” offers no grip “Claw9”", "python.md"),
        (
            "org.depot.picker.errors.GripTooWideException: 14 cm\n\tat org.depot.picker.Main.run(Main.java:7)",
            "python.md",
        ),
        (
            "on our EKS: error: the depot gateway asks you to sign in first (Unbadged)",
            "eks.md",
        ),
    ];
    let library = library(DOCUMENTS);
    for (message, expected) in cases {
        let outcome = find(&library, message);
        let found = outcome.matches.first().map(|found| place(&library, found));
        let page = found.as_deref().and_then(|place| place.split('#').next());
        assert_eq!(page, Some(*expected), "{message:?}; near: {:?}", outcome.near.first());
    }
}

#[test]
fn what_only_looks_like_it_is_left_alone() {
    let cases: &[&str] = &[
        // Another code of the family, another exception of the package, another product, another alert.
        "join-arm.sh[77]: {\"incident\":\"a0-2\",\"code\":\"H0031\",\"said\":\"The arm is being taken down.\"}",
        "org.depot.picker.errors.QueueEmptyException: nothing to do",
        "on our AKS: error: the depot gateway asks you to sign in first (Unbadged)",
        "[FIRING:1] SorterLampBroken (hall 2)",
        // Rooms and flights, however far away the word is.
        "The gate for the flight to AMS changed to H0029, see you there",
        // A link to a page elsewhere, the names of fields, one word of a heading.
        "we saw BeltQuotaExhausted yesterday on another belt",
        "{\"severity\":\"ticket\",\"level\":\"page\",\"alert\":\"none\"}",
        "is the catalogue of alerts up to date?",
    ];
    let library = library(DOCUMENTS);
    for message in cases {
        let outcome = find(&library, message);
        let found = outcome.matches.first().map(|found| place(&library, found));
        assert_eq!(found, None, "{message:?}");
    }
}

#[test]
fn an_alert_may_carry_an_error_that_is_known() {
    let library = library(DOCUMENTS);
    let outcome = find(
        &library,
        "[FIRING:1] PickerProbe (hall=2)\nsummary: LookupError: module 'claws' offers no grip 'left'",
    );
    let found = outcome.matches.first().map(|found| place(&library, found));
    assert_eq!(found.as_deref(), Some("python.md#Wrong module in the picker"));
}

#[test]
fn a_page_that_lists_ranks_behind_the_page_that_explains() {
    let mut rows = String::new();
    for n in 10..40 {
        let _ = writeln!(rows, "| D00{n} | broken belt {n} | [page](d{n}.md) |");
    }
    let listing = format!("# All codes\n\n| Code | Meaning | Page |\n|---|---|---|\n{rows}");
    let page = "# D0012: broken belt 12\n\nThe belt in hall 12 tore.\n\n1. Sew it.\n";
    let library = library(&[("all.md", &listing), ("d12.md", page)]);
    for (message, expected) in [("we get D0012: broken belt 12", "d12.md"), ("we get D0023", "all.md")] {
        let outcome = find(&library, message);
        let found = outcome
            .matches
            .first()
            .map(|found| place(&library, found))
            .unwrap_or_default();
        assert_eq!(found.split('#').next(), Some(expected), "{message}");
    }
}
