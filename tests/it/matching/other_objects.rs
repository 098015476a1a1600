//! The same words about another object, and what only looks like an error: what a page shows beside its errors.

use signpost::matching::{Index, IndexOptions, Silence};

use super::{find, library, place};

fn answers(documents: &[(&str, &str)], message: &str) -> bool {
    let index = Index::build(&library(documents), &IndexOptions::default());
    !index.find(message).matches.is_empty()
}

fn silence(documents: &[(&str, &str)], message: &str) -> Option<Silence> {
    let index = Index::build(&library(documents), &IndexOptions::default());
    index
        .explain(message, false)
        .candidates
        .first()
        .and_then(|candidate| candidate.silence)
}

#[test]
fn a_sibling_of_the_name_in_the_page_is_another_error() {
    let documents = &[
        (
            "no-such-belt.md",
            "# No such belt\n\n## Problem\n\n```\nSorterNotFound: refused with 404 NO_SUCH_BELT - belt 'north-7' was not \
             found by the sorter\n```\n\n1. Add the belt.\n",
        ),
        (
            "account.md",
            "# Accounts of the depot\n\n## Symptoms\n\n```\nCannot open the account at the depot: 400 \
             urn:depot:params:gate:error:invalidBadge: the badge is not valid\n```\n\n1. Print a new badge.\n",
        ),
    ];
    for own in [
        "SorterNotFound: refused with 404 NO_SUCH_BELT - belt 'south-2' was not found by the sorter",
        "Cannot open the account at the depot: 400 urn:depot:params:gate:error:invalidBadge: the badge is not valid",
        // Cut off where the terminal ends.
        "Cannot open the account at the depot: 400 urn:depot:params:gate:error:invalidBad",
    ] {
        assert!(answers(documents, own), "{own}");
    }
    for other in [
        "SorterNotFound: refused with 404 NO_SUCH_CHUTE - chute 'south-2' was not found by the sorter",
        "Cannot open the account at the depot: 400 urn:depot:params:gate:error:tooManyVisits: come back later",
    ] {
        assert!(!answers(documents, other), "{other}");
    }
    let why = silence(
        documents,
        "SorterNotFound: refused with 404 NO_SUCH_CHUTE - chute 'south-2' was not found by the sorter",
    );
    assert_eq!(why, Some(Silence::OtherObject));
}

#[test]
fn the_number_in_a_title_is_part_of_the_error() {
    let documents = &[(
        "hoist-52.md",
        "# The hoist does not find its name server (error code 52)\n\n## Symptoms\n\n```\nHoisting stopped: the hoist's start \
         script ended with exit status=52\n```\n\n1. Look at the name server.\n",
    )];
    assert!(answers(
        documents,
        "Hoisting stopped: the hoist's start script ended with exit status=52"
    ));
    assert!(!answers(
        documents,
        "Hoisting stopped: the hoist's start script ended with exit status=51"
    ));
}

#[test]
fn another_code_of_the_family_is_another_error() {
    let documents = &[
        (
            "kln006.md",
            "# KLN006: several kilns cannot be reached\n\n## Symptoms\n\n```\nKLN006   Kilns   Warning   One or more \
             chimneys of the kilns are not reachable from some halls.\n```\n\n1. Open the flap.\n",
        ),
        (
            "kln009.md",
            "# KLN009: the kiln is cold\n\nKLN010 says the same of the oven.\n\n## Symptoms\n\n```\nThe temperature of the \
             kiln has fallen below the limit of the depot.\n```\n\n1. Light it.\n",
        ),
    ];
    let chimneys = |code: &str| {
        format!("{code}   Kilns   Warning   One or more chimneys of the kilns are not reachable from some halls.")
    };
    assert!(answers(documents, &chimneys("KLN006")));
    assert!(!answers(documents, &chimneys("KLN007")));
    let cold = |code: &str| format!("{code}: The temperature of the kiln has fallen below the limit of the depot.");
    assert!(answers(documents, &cold("KLN010")), "the page knows it");
    assert!(!answers(documents, &cold("KLN012")));
}

#[test]
fn another_state_of_things_is_another_error() {
    let documents = &[(
        "badges.md",
        "# Badges of the keepers\n\n## Symptoms\n\n```\ngated[15918]: error: decoding the badge of the keeper: Expired \
         credential of the depot\n```\n\n1. Print a new badge.\n",
    )];
    let error =
        |state: &str| format!("gated[7]: error: decoding the badge of the keeper: {state} credential of the depot");
    assert!(answers(documents, &error("Expired")));
    assert!(!answers(documents, &error("Revoked")));
}

#[test]
fn of_a_list_of_values_one_has_to_be_there() {
    let documents = &[(
        "upgrade.md",
        "# Upgrading the sorter\n\n## Common problems\n\n- `Unknown instruction 'Lane', perhaps part of a module that the sorter \
         does not have` – load `mod_lane`\n- `Unknown instruction 'Weigh', perhaps part of a module that the sorter does not have` \
         – load `mod_scale`\n- `Unknown instruction 'Stamp', perhaps part of a module that the sorter does not have` – load \
         `mod_stamp`\n",
    )];
    let error =
        |name: &str| format!("Unknown instruction '{name}', perhaps part of a module that the sorter does not have");
    assert!(answers(documents, &error("Weigh")));
    assert!(!answers(documents, &error("Waigh")));
}

#[test]
fn outputs_of_success_and_settings_are_no_symptoms() {
    let documents = &[
        (
            "badges.md",
            "# Badges are not accepted\n\n## Symptoms\n\n```\nbadgectl: critical: badge of keeper 7 is not signed by the depot\n\
             ```\n\n## Check a badge\n\n```\n$ badgectl verify keeper-7\ninformation/badgectl: OK: Badge of keeper 'keeper-7.depot' \
             is signed by the depot.\n```\n\n```\nbadgectl: Granted admission to hall 1721\n```\n\nThe parameter \
             `KeepersPerShift` says how many keepers a shift has.\n",
        ),
        (
            "postmaster.md",
            "# The postmaster asks the gate\n\n## Configuration\n\n```\nobject PostWriter \"post\" {\n  gate_socket_path = \
             private/gate\n  port = 2003\n}\n```\n\n```\nlane 7 -o gate_socket_path=private/gate\n  -o gate_socket_kind=depot\n```\n",
        ),
        (
            "writers.md",
            "# Kinds of writers\n\n## PostWriter\n\nWrites letters to the post. The post listens at a socket of the host.\n",
        ),
    ];
    assert!(answers(
        documents,
        "badgectl: critical: badge of keeper 9 is not signed by the depot"
    ));
    for other in [
        "information/badgectl: OK: Badge of keeper 'keeper-9.depot' is signed by the depot.",
        "sorting/gated[220]: warning: connecting to private/gate failed: No such file or directory",
        "badgectl: Granted admission to hall 65537",
        "Hall=north KeepersPerShift=2 State=IDLE",
        "warning/PostWriter: Cannot connect to a TCP socket on host '10.2.0.8' port '2003'.",
    ] {
        assert!(!answers(documents, other), "{other}");
    }
}

#[test]
fn no_errors_is_good_news_and_a_mark_of_failure_is_an_error() {
    let documents = &[
        (
            "recount.md",
            "# Recounting the pallets\n\nThe commands \"depotctl pallets recount\" and \"depotctl resync\" mend the counts.\n\n\
             ```\ndepotctl pallets recount\n```\n",
        ),
        (
            "checks.md",
            "# Checks of the depot\n\n## Every hall has a keeper\n\n```\n× every hall of the depot has a keeper on all floors\n\
             ```\n\n1. Name a keeper.\n",
        ),
    ];
    assert!(!answers(
        documents,
        "depotctl pallets recount finished for all 412 halls, no errors"
    ));
    assert!(answers(
        documents,
        "× every hall of the depot has a keeper on all floors"
    ));
}

#[test]
fn a_folder_names_its_own_page() {
    let documents = &[
        (
            "codes/dep0104/index.md",
            "# GatePortIsClosed\n\nThe gate refers to a port that is closed.\n\n1. Open it.\n",
        ),
        (
            "codes/dep0162/README.md",
            "# GatePortIsUnknown\n\nThe gate refers to a port of no hall.\n\n1. Name the hall.\n",
        ),
    ];
    let library = library(documents);
    for (message, path) in [
        (
            "what does DEP0104 mean? the gate prints it all day",
            "codes/dep0104/index.md",
        ),
        (
            "Warning [DEP0162] (Gate hall-4) port 9443 belongs to no hall",
            "codes/dep0162/README.md",
        ),
    ] {
        let outcome = find(&library, message);
        let found = outcome.matches.first().expect("the code is answered");
        assert!(place(&library, found).starts_with(path), "{message}");
    }
}

#[test]
fn a_column_of_messages_is_read_as_messages() {
    let documents = &[(
        "messages.md",
        "# Messages of the sorter\n\n| Log file | Signature | Meaning |\n|---|---|---|\n| sorter.log | sorterd: mkdir \"/lane....failed: \
         no such shelf in the rack.... | The rack is gone |\n| sorter.log | hall ... belt ... stands still | It is night |\n",
    )];
    assert!(answers(
        documents,
        "Feb 27 03:00:09 hall-7 sorterd[771]: mkdir \"/lane9/objects/2199\" (in rack) failed: no such shelf in the rack (2)"
    ));
}

#[test]
fn the_time_and_the_host_of_a_sample_are_values() {
    let documents = &[(
        "belt.md",
        "# A belt hangs\n\n## Symptoms\n\n```\nJul 16 06:25:46 depot-4.north sorterd[17303]: belt sensor lost\n```\n\n\
         ## Also\n\n```\n[Fri Sep 17 18:43:16 2010] [alert] [lane 7] Escalator not allowed here\n```\n",
    )];
    for error in [
        "Nov  2 23:01:00 hall-9.south sorterd[9]: belt sensor lost",
        "[Mon Jan 05 01:02:03 2026] [alert] [lane 9] Escalator not allowed here",
    ] {
        assert!(answers(documents, error), "{error}");
    }
}

#[test]
fn the_beginning_of_an_alert_name_is_enough_where_one_alert_begins_so() {
    let documents = &[
        (
            "a.md",
            "# DepotNorthGateRefusesEveryKeeper\n\nThe gate refuses all keepers.\n\n1. Look at the gate.\n",
        ),
        (
            "b.md",
            "# DepotNorthBeltStandsStillTooLong\n\nThe belt stands still.\n\n1. Look at the belt.\n",
        ),
        (
            "c.md",
            "# DepotNorthBeltStandsStillAtNight\n\nThe belt sleeps.\n\n1. Let it sleep.\n",
        ),
    ];
    assert!(answers(documents, "…DepotNorthGateRefusesEveryKee"));
    assert!(!answers(documents, "…DepotNorthBeltStandsSti"));
}
