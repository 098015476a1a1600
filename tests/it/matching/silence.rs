//! Messages that hold words of a runbook and are not about its error.

use signpost::matching::{Index, IndexOptions, Silence};

use super::library;

const DOCUMENTS: &[(&str, &str)] = &[
    (
        "BeltStopped.md",
        "# BeltStopped\n\nThe alert `BeltStopped` fires when a belt has not moved for five minutes.\n\n## Mitigation\n\n1. Look at the motor.\n",
    ),
    (
        "ledger.md",
        "# Errors of the ledger\n\n## LED-17\n\nThe ledger is out of balance.\n\n1. Run the nightly check again.\n",
    ),
    (
        "oven.md",
        "# The oven loses its thermostat\n\n## Symptoms\n\n```\nfatal: oven 4 has lost its thermostat: probe unreachable\n```\n\n\
         ## Diagnosis\n\n```\novenctl thermostat describe --probe kiln-north\n```\n\n```yaml\nthermostat-probe: kiln-north\n```\n\n\
         ```\nPROBE        KILN         STATE    AGE\nkiln-north   thermostat   steady   77d\n```\n",
    ),
    (
        "kiln.md",
        "# Kilns fail in the role BareMetal\n\n## The state of a kiln\n\n```\nGET/PUT http://oven.example:<port>/v1/thermostats/<kiln>/state\n```\n",
    ),
    (
        "schema.md",
        "# Upload fails: 'Assert-CrateSchema' is not recognized\n\n## Symptoms\n\n```\nUpload stopped: the term 'Assert-CrateSchema' is not \
         recognized by the uploader's shell\n```\n\nInstall the crate module.\n",
    ),
];

fn index() -> Index {
    Index::build(&library(DOCUMENTS), &IndexOptions::default())
}

#[test]
fn talk_about_an_error_is_not_answered_and_the_error_is() {
    let index = index();
    for talk in [
        "we fixed the LED-17 thing yesterday, thanks all",
        "can we add a panel that counts BeltStopped per week?",
        "let's rename BeltStopped to something nicer",
        "[RESOLVED] BeltStopped (hall-4 critical)",
        "Resolved: BeltStopped in hall 4",
    ] {
        assert!(index.find(talk).matches.is_empty(), "{talk}");
        assert!(index.find(talk).best().is_some(), "it stays a near miss: {talk}");
    }
    for error in [
        "ERROR LED-17",
        "the nightly run ends with LED-17, what now?",
        "[FIRING:1] BeltStopped (hall-4 critical)",
        "BeltStopped is firing in hall 4",
    ] {
        assert!(!index.find(error).matches.is_empty(), "{error}");
    }
    let why = index.explain("we fixed the LED-17 thing yesterday, thanks all", false);
    assert_eq!(why.candidates[0].silence, Some(Silence::Talk));
}

#[test]
fn commands_settings_and_listings_of_a_runbook_are_no_symptoms() {
    let index = index();
    for part in [
        "ovenctl thermostat describe --probe kiln-north",
        "$ ovenctl thermostat describe --probe kiln-south",
        "thermostat-probe: kiln-north",
        "kiln-north   thermostat   steady   77d",
        "kiln-north   thermostat   steady   <none>",
        "curl http://oven.example:3600/v1/thermostats/kiln-south/state",
        "we keep the new kilns on bare metal",
    ] {
        assert!(index.find(part).matches.is_empty(), "{part}");
    }
    let error = "fatal: oven 9 has lost its thermostat: probe unreachable";
    assert!(!index.find(error).matches.is_empty(), "{error}");
}

#[test]
fn a_command_on_several_lines_and_a_field_of_an_object_are_no_symptoms() {
    let documents: &[(&str, &str)] = &[
        (
            "gate.md",
            "# The gate stays shut\n\n## Symptoms\n\n```\nfatal: gate 4 has no key for lane 9\n```\n\n## Solution\n\n```sh\nhelm install \\\n  crane-controller oci://yard.example/charts/crane-controller \
             \\\n  --namespace cranes\n```\n\n```sh\nkubectl apply -f - <<EOF\nyard refuses all cranes but crane seven\nEOF\n```\n",
        ),
        (
            "hoist.md",
            "# The hoist restarts\n\n## Symptoms\n\n```\nfatal: hoist 3 lost its rope sensor\n```\n\n```\nContainer State:    \
             Terminated\nHoist Phase:        Failed\n```\n",
        ),
    ];
    let index = Index::build(&library(documents), &IndexOptions::default());
    for other in [
        "Error: unable to install crane-controller from oci://yard.example/charts/crane-controller: unknown kind Crane",
        "the yard refuses all cranes but crane seven",
        "Container State:    Terminated",
        "Hoist Phase:        Failed",
    ] {
        assert!(index.find(other).matches.is_empty(), "{other}");
    }
    for own in [
        "fatal: gate 7 has no key for lane 2",
        "fatal: hoist 8 lost its rope sensor",
    ] {
        assert!(!index.find(own).matches.is_empty(), "{own}");
    }
}

#[test]
fn a_heading_that_says_what_to_do_is_no_error() {
    let documents: &[(&str, &str)] = &[
        (
            "rotate-crane-tokens.md",
            "# Rotate the tokens of the cranes\n\nEvery quarter.\n\n1. Create new tokens.\n",
        ),
        (
            "restore.md",
            "# Nightly restore of the yard takes very long\n\n1. Look at the crane.\n",
        ),
    ];
    let index = Index::build(&library(documents), &IndexOptions::default());
    let reminder = "reminder: rotate your crane tokens before friday";
    assert!(index.find(reminder).matches.is_empty());
    let alert = "Alertmanager: \u{201c}Nightly restore of the yard takes very long\u{201d} (hall-4)";
    assert!(
        !index.find(alert).matches.is_empty(),
        "an alert may have it as its title"
    );
}

#[test]
fn what_already_is_in_the_way_is_an_error() {
    let documents: &[(&str, &str)] = &[(
        "berth.md",
        "# Berths\n\n## Diagnosis\n\n```\nThe berth name \"/north/quay/4\" is already in use by ship 14935b714aee\n```\n\n1. Free \
         the berth.\n",
    )];
    let index = Index::build(&library(documents), &IndexOptions::default());
    let error = "The berth name \"/south/quay/9\" is already in use by ship 77aa5b714aee";
    assert!(!index.find(error).matches.is_empty());
}

#[test]
fn words_that_many_programs_print_are_no_codes() {
    let documents: &[(&str, &str)] = &[(
        "settings.md",
        "# Settings of the oven\n\n## CONFIG oven.plugins STRING PLUGIN\n\nNames the plugin of the oven.\n\n\
         ## Certificates\n\nThe oven takes certificates of the form X509.\n\n## ERRKILNX\n\nThe kiln is too cold.\n",
    )];
    let index = Index::build(&library(documents), &IndexOptions::default());
    for other in [
        r#""error": "plugin 'kiln-panel' has no signature","#,
        "x509: certificate signed by unknown authority",
    ] {
        assert!(index.find(other).matches.is_empty(), "{other}");
    }
    assert!(!index.find("kilnctl: error ERRKILNX").matches.is_empty());
}

#[test]
fn a_name_that_many_programs_have_tells_nothing_alone() {
    let documents: &[(&str, &str)] = &[
        (
            "tunnel.md",
            "# The tunnel loses its clients\n\n## Symptoms\n\n```\ntunnel-north flowlog: ECONNREFUSED from the toll gate, \
             4 barriers lost\n```\n\n1. Restart the tunnel.\n",
        ),
        (
            "oven.md",
            "# The oven loses its thermostat\n\n## Symptoms\n\n```\nfatal: oven 4 has lost its thermostat\n```\n",
        ),
    ];
    let index = Index::build(&library(documents), &IndexOptions::default());
    let other = "WARNING: Failed to connect to kiln-4: ECONNREFUSED";
    assert!(index.find(other).matches.is_empty());
    let own = "tunnel-south flowlog: ECONNREFUSED from the toll gate, 9 barriers lost";
    assert!(!index.find(own).matches.is_empty());
}

#[test]
fn the_time_before_a_sample_does_not_explain_what_stands_before_it_in_a_message() {
    let documents: &[(&str, &str)] = &[(
        "shelf.md",
        "# Crates are not stacked\n\n## Symptoms\n\n```\nE0416 08:49:27.567704 1 stacker.go:143] Stacking failed: shelf \
         status 32\n```\n",
    )];
    let index = Index::build(&library(documents), &IndexOptions::default());
    let explained = |message: &str| {
        let why = index.explain(message, false);
        let features = why.candidates.first().map(|candidate| candidate.features.clone());
        let named = |name: &str| {
            features
                .iter()
                .flatten()
                .find(|feature| feature.name == name)
                .map(|found| found.value)
        };
        named("explained")
    };
    let own = "E0417 09:00:00.000001 1 stacker.go:143] Stacking failed: shelf status 32";
    assert_eq!(explained(own), Some(1.0));
    let other = "crate 7 was refused, the bay accepts pine: Stacking failed: shelf status 32";
    assert!(
        explained(other).is_some_and(|share| share < 0.9),
        "{:?}",
        explained(other)
    );
}

#[test]
fn the_key_of_a_field_is_no_code() {
    let documents: &[(&str, &str)] = &[(
        "kiln.md",
        "# Faults of the kiln\n\n## kiln_fault_reason\n\nThe kiln names no reason.\n\n1. Look at the kiln.\n",
    )];
    let index = Index::build(&library(documents), &IndexOptions::default());
    let name = |message: &str| {
        let why = index.explain(message, false);
        let features = why.candidates.first().map(|candidate| candidate.features.clone());
        features
            .iter()
            .flatten()
            .find(|feature| feature.name == "name")
            .map(|found| found.value)
    };
    for key in [
        r#"{"error":"cold","kiln_fault_reason":"the oven was opened"}"#,
        "level=error oven=4 kiln_fault_reason=opened",
    ] {
        assert!(name(key).is_none_or(|strength| strength <= 0.0), "{key}");
    }
    assert!(name("kiln 4 stops: kiln_fault_reason").is_some_and(|strength| strength > 0.5));
}

#[test]
fn a_request_in_an_access_log_is_no_error() {
    let documents: &[(&str, &str)] = &[(
        "hub.md",
        "# Ovens do not start after a restart of the hub\n\n## Symptoms\n\n```\n\
         oven north has no key for the hub: key store is locked\n\
         200 GET /hub/api/authorizations/cookie/[secret] (@10.0.1.4) 6.10ms\n```\n",
    )];
    let index = Index::build(&library(documents), &IndexOptions::default());
    let request = "200 GET /hub/api/authorizations/cookie/nadia (nadia@10.0.1.4) 6.10ms";
    assert!(index.find(request).matches.is_empty());
    let error = "oven south has no key for the hub: key store is locked";
    assert!(!index.find(error).matches.is_empty());
}

#[test]
fn the_same_sentence_about_another_object_is_another_error() {
    let index = index();
    let shown = "Upload stopped: the term 'Assert-CrateSchema' is not recognized by the uploader's shell";
    assert!(!index.find(shown).matches.is_empty());
    assert!(
        index
            .find(&shown.replace("Assert-CrateSchema", "Get-Pallet"))
            .matches
            .is_empty()
    );
}

#[test]
fn a_candidate_tells_what_each_fact_adds() {
    let index = index();
    let why = index.explain("fatal: oven 9 has lost its thermostat: probe unreachable", false);
    let features = &why.candidates[0].features;
    let named = |name: &str| features.iter().find(|feature| feature.name == name);
    assert!(
        named("explained").is_some_and(|feature| feature.value > 0.9),
        "{features:?}"
    );
    assert!(
        features.iter().all(|feature| feature.gain <= feature.most),
        "{features:?}"
    );
    let asked = index.explain("fatal: oven 9 has lost its thermostat: probe unreachable", true);
    assert!(
        asked.candidates[0].features.is_empty(),
        "a question is ranked, not judged"
    );
}
