//! Errors in other notations than the runbook's, and frames that many errors share.

use signpost::matching::{Index, IndexOptions, Silence};

use super::library;

const DOCUMENTS: &[(&str, &str)] = &[
    (
        "gates.md",
        "# Gates\n\nThe controller prints one of these.\n\n- GATE-6: the barrier is jammed. Clear the rail.\n- GATE-7: the \
         barrier is open. Close it.\n",
    ),
    (
        "codes.md",
        "# What the sorter returns\n\n| Code | Meaning |\n| --- | --- |\n| `code=30518` | The sorter lost its map. |\n| \
         `code=30519` | The sorter is locked. |\n",
    ),
    (
        "feeder.md",
        "# Feeder\n\n### None of the lanes open: \"Error lane X cannot be opened\"\n\nGive it an owner.\n\n### The feeder throws \
         `crate from * in * differs from crate *`\n\nRead the tray again.\n",
    ),
    (
        "disks.md",
        "# Disks fill up\n\nYou saw a message that says \"Hardly any room left on _path_ of _host_: _low number_%\".\n",
    ),
    (
        "states.md",
        "# Pods in KilnLoopBackOff\n\nThe kiln starts again and again.\n\n1. Read its log.\n",
    ),
    ("killed.md", "# OOMKilled\n\nRaise the limit.\n"),
    (
        "replica.md",
        "# Why does the replica report `ERROR 1947 (HY000): the sender has lost the log`?\n\nSet it up again.\n",
    ),
    (
        "store.md",
        "# Errors of the store\n\n## err-store-query-blocked\n\nAn operator blocked the query.\n\n## err-store-too-many-rows\n\n\
         Ask for less.\n",
    ),
    (
        "checks.md",
        "# Checks\n\n## √ halls share trust anchors {#k9-multihall-halls-share-anchors}\n\nRotate the anchors of each hall.\n",
    ),
    (
        "errors.md",
        "# Errors of the API\n\n| Code | Meaning |\n| --- | --- |\n| ERR_CRATE_GONE | The crate is not registered any more. |\n",
    ),
    (
        "reference.md",
        "# Crate API\n\n## Read the state of a crate\n\n```\ncurl http://localhost:3600/v1.0/crates/c7/state/speed\n```\n",
    ),
    (
        "sidecar.md",
        "# Sidecar trouble\n\n## My pod restarts\n\n```\n  Warning  Unhealthy  7m28s  warden  Readiness probe failed: Get \
         http://10.1.2.3:3500/v1.0/healthz: dial tcp 10.1.2.3:3500: connect: connection refused\n```\n\nRaise the delay.\n",
    ),
    (
        "depot.md",
        "# Depot\n\n## EVICT_FAILED\n\nThe lane is full.\n\n## exit-code 8012: ledger closed\n\nOpen it.\n\n\
         ## Error DPT-3: lamp stuck\n\nPull it.\n\n## Restart of the depot\n\nPress the button.\n\n\
         <a id=\"err-lane-max-crates\"></a>\n\n## Too many in one lane\n\nTake some out.\n",
    ),
    (
        "table.md",
        "# Alerts of the lanes\n\n| Alert | What to do |\n| --- | --- |\n| LaneBusy | Wait. |\n| LaneJammed | Clear it. |\n",
    ),
    (
        "places.md",
        "# Places\n\n| Place | Floor |\n| --- | --- |\n| DC-1 | the first hall |\n| SEV-1 | call everybody |\n\n\
         ## UTF-8 output is garbled\n\nSet the locale.\n",
    ),
    (
        "tracker.md",
        "# Setting up ErrorTracker\n\nHow to order a seat.\n\n1. Ask.\n",
    ),
    (
        "plantworks.md",
        "# PlantWorks\n\nHow to run PlantWorks.\n\n1. Start it.\n",
    ),
];

fn answered(index: &Index, message: &str) -> Option<String> {
    let outcome = index.find(message);
    let first = outcome.matches.first()?;
    let (path, _) = DOCUMENTS.get(first.topic.runbook)?;
    Some((*path).to_owned())
}

#[test]
fn an_error_is_known_in_another_notation() {
    let index = index();
    for (message, runbook) in [
        ("ERROR GATE-6", "gates.md"),
        ("we got GATE-7 on line 3 again, help", "gates.md"),
        (
            "{\"errors\": [{\"ErrCode\": 30518, \"Message\": \"run stopped\"}]}",
            "codes.md",
        ),
        ("sortd: error_code=30519", "codes.md"),
        ("Error lane north-4 cannot be opened", "feeder.md"),
        (
            "run paused: crate from tray-17 in /data/3ccc differs from crate &{Id:77}",
            "feeder.md",
        ),
        ("Hardly any room left on /var/lib of web-02: 3%", "disks.md"),
        ("web-5d8f-x   0/1   KilnLoopBackOff   12   40m", "states.md"),
        ("web-5d8f-x   0/1   OOMKilled   3   40m", "killed.md"),
        ("err-store-query-blocked: what is that?", "store.md"),
        ("{\"code\":\"EVICT_FAILED\",\"pod\":\"web-1\"}", "depot.md"),
        ("process ended with exit-code 8012", "depot.md"),
        ("ERROR DPT-3 in lane 3", "depot.md"),
        ("[FIRING:1] LaneBusy prod", "table.md"),
        ("FIRING: 2 alerts\nLaneBusy on node-3", "table.md"),
        (
            "the check failed, its hint says #k9-multihall-halls-share-anchors",
            "checks.md",
        ),
        (
            "curl http://localhost:3600/v1.0/crates/c9/state/load\n{\"errorCode\":\"ERR_CRATE_GONE\",\"message\":\"c9 is not known\"}",
            "errors.md",
        ),
    ] {
        assert_eq!(answered(&index, message).as_deref(), Some(runbook), "{message}");
    }
}

#[test]
fn what_many_errors_share_is_not_enough() {
    let index = index();
    for message in [
        "ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction",
        "err-store-compactor-out-of-order: what is that?",
        "dial tcp 10.3.0.9:5432: connect: connection refused",
        "deploying to DC-1 now",
        "deploying to dc-1 now",
        "SEV-1 declared for payments, joining the bridge",
        "we store everything as UTF-8 now",
        "the new PlantWorks alert rules are merged",
        "PlantWorks alerts are too noisy, anyone against muting?",
        "our ErrorTracker seats are used up",
        "docs moved: https://wiki.example/x/store#err-store-query-blocked",
        "how about PlantWorks? pretty easy to draw diagrams with it",
        "please save it as UTF-8",
        "the gate 6 is open",
    ] {
        assert_eq!(answered(&index, message), None, "{message}");
    }
    let tail = index.explain("dial tcp 10.3.0.9:5432: connect: connection refused", false);
    assert_eq!(tail.candidates[0].silence, Some(Silence::Fragment));
}

#[test]
fn an_anchor_above_a_heading_names_that_section() {
    let (library, index) = (library(DOCUMENTS), index());
    let outcome = index.find("HTTP 422 err-lane-max-crates");
    let section = outcome.matches.first().and_then(|found| library.section(found.topic));
    assert_eq!(
        section.map(|section| section.heading.as_str()),
        Some("Too many in one lane")
    );
}

#[test]
fn a_very_long_line_of_a_runbook_is_read_in_time_that_grows_with_it() {
    for unit in ["* ", "X <a_b> ", "AbCd ", "err-a-b-c "] {
        let text = format!("# Long {}\n\n```\n{}\n```\n", unit.repeat(2_000), unit.repeat(60_000));
        let index = Index::build(&library(&[("long.md", &text)]), &IndexOptions::default());
        assert_eq!(index.runbooks(), 1, "{unit}");
    }
}

/// Names with hyphens were looked up, and the address before them looked for, in the whole line for each of them.
#[test]
fn a_very_long_line_of_a_message_is_searched_in_time_that_grows_with_it() {
    let index = index();
    for unit in ["DC-1 ", "a-b-c.", "a-b-c/", "err-a-b-c "] {
        let text = unit.repeat(300_000 / unit.len());
        assert!(index.find(&text).matches.is_empty(), "{unit}");
    }
}

fn index() -> Index {
    Index::build(&library(DOCUMENTS), &IndexOptions::default())
}
