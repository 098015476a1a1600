//! Forms: where values come from, what is taken, and what is said of the rest.

use std::collections::BTreeMap;

use signpost::jobs::arguments::{self, UnreadableArguments};
use signpost::jobs::attach::{Hint, Written};
use signpost::jobs::parameters::{self, Sources, ValueOrigin};
use signpost::jobs::{Declared, JobDefinition, Kind, Registry, Transform, consistency};
use signpost::runbook;

use super::satellite;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn lists(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    let own = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    pairs
        .iter()
        .map(|(name, values)| ((*name).to_owned(), own(values)))
        .collect()
}

#[test]
fn transforms_rewrite_values() {
    for (transform, value, expected) in [
        ("kebab-case", "prod-wdc04.carrier107", Some("prod-wdc04-carrier107")),
        ("kebab-case", "Prod_WDC04..Carrier 107", Some("prod-wdc04-carrier-107")),
        ("lower-case", "ÄB", Some("äb")),
        ("upper-case", "ab", Some("AB")),
        ("replace . -", "a.b.c", Some("a-b-c")),
        ("replace .", "a.b", Some("ab")),
        ("extract -([a-z]{3}[0-9]{2})-", "prod-wdc04-carrier107", Some("wdc04")),
        ("extract [0-9]+$", "carrier107", Some("107")),
        ("extract [0-9]+", "none", None),
    ] {
        let transform = Transform::try_from(transform.to_owned()).unwrap();
        assert_eq!(transform.apply(value).as_deref(), expected, "{transform:?}");
    }
}

#[test]
fn the_form_is_filled_from_paste_thread_runbook_and_registry() {
    let registry = satellite();
    let job = registry.job("ha-master-info").unwrap();
    let thread = [
        "ActualDatacenterCluster: prod-dal10.carrier1".to_owned(),
        "Name: x\n• *ActualDatacenterCluster*: `prod-wdc04.carrier107`\nmore".to_owned(),
        "thanks".to_owned(),
    ];
    let hints = [Hint {
        parameter: "ENV_Branch".to_owned(),
        value: Written::Constant("Master".to_owned()),
        transform: Vec::new(),
    }];
    let given = map(&[("CARRIER_NAME", " carrier7 ")]);
    let captures = lists(&[("cluster_id", &["c1a2", "c1a2"])]);
    let sources = Sources {
        given: &given,
        captures: &captures,
        thread: &thread,
        hints: &hints,
    };
    let fields = parameters::resolve(job, &sources);
    let found: Vec<_> = fields
        .iter()
        .map(|field| (field.name.as_str(), field.value.as_deref().unwrap_or("?"), field.origin))
        .collect();
    assert_eq!(
        found,
        [
            ("CLUSTERID", "c1a2", ValueOrigin::Capture),
            ("TUGBOAT", "prod-wdc04-carrier107", ValueOrigin::Thread),
            ("CARRIER_NAME", "carrier7", ValueOrigin::Given),
            ("BRANCH", "Master", ValueOrigin::Registry),
            ("ENV_Branch", "Master", ValueOrigin::Runbook),
            ("DEPLOY_TOKEN", "?", ValueOrigin::Nowhere),
        ]
    );
    assert!(parameters::check(job, &parameters::values(&fields)).is_empty());
}

#[test]
fn two_values_in_one_paste_are_a_person_s_choice_and_a_bad_one_is_none() {
    let registry = satellite();
    let job = registry.job("ha-master-info").unwrap();
    let captures = lists(&[("location_id", &["c2", "c1"]), ("tugboat_name", &["$(reboot)\u{7}"])]);
    let given = map(&[]);
    let sources = Sources {
        given: &given,
        captures: &captures,
        thread: &[],
        hints: &[],
    };
    let fields = parameters::resolve(job, &sources);
    assert_eq!(
        (fields[0].value.as_deref(), fields[0].several.as_slice()),
        (None, &["c1".to_owned(), "c2".to_owned()][..])
    );
    assert_eq!(
        fields[1].value.as_deref(),
        Some("reboot"),
        "kebab case takes out what shells would see"
    );
}

#[test]
fn every_bad_value_has_its_sentence() {
    let registry = satellite();
    let job = registry.job("ha-master-info").unwrap();
    let good = map(&[("CLUSTERID", "c1"), ("TUGBOAT", "t")]);
    assert!(parameters::check(job, &good).is_empty());
    for (name, value, sentence) in [
        ("CLUSTERID", "", "CLUSTERID needs a value."),
        ("CLUSTERID", "-rf", "CLUSTERID must not start with `-`."),
        (
            "CLUSTERID",
            "a\nb",
            "CLUSTERID contains a line break or another control character.",
        ),
        (
            "CLUSTERID",
            "a;reboot",
            "must match `^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$`",
        ),
        ("CLUSTERID", "a b", "must match"),
        ("CLUSTERID", "ключ", "must match"),
        ("CLUSTERID", "x\n", "control character"),
        ("DEPLOY_TOKEN", "Abc", "must match `[a-z0-9]+`"),
        ("BRANCH", "Main", "BRANCH must be one of: Master, Next."),
        (
            "TUGBOT",
            "t",
            "This job has no parameter TUGBOT (did you mean TUGBOAT?).",
        ),
        ("X", "t", "This job has no parameter X; it has CLUSTERID, TUGBOAT"),
    ] {
        let mut values = good.clone();
        values.insert(name.to_owned(), value.to_owned());
        let faults: Vec<String> = parameters::check(job, &values)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            faults.len() == 1 && faults[0].contains(sentence),
            "{name}={value:?}: {faults:?}"
        );
    }
    let long = map(&[
        ("CLUSTERID", &"x".repeat(129)),
        ("TUGBOAT", "t"),
        ("DEPLOY_TOKEN", &"x".repeat(1_001)),
    ]);
    assert_eq!(parameters::check(job, &long).len(), 2);
}

#[test]
fn the_job_s_own_definition_has_the_last_word() {
    let declared = |name: &str, kind, choices: &[&str]| Declared {
        name: name.to_owned(),
        kind,
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        ..Declared::default()
    };
    let definition = JobDefinition {
        parameters: vec![
            declared("BRANCH", Kind::Choice, &["main", "next"]),
            declared("DRY", Kind::Boolean, &[]),
            declared("CLUSTERID", Kind::Text, &[]),
            declared("PACK", Kind::File, &[]),
        ],
        ..JobDefinition::default()
    };
    for (name, value, sentence) in [
        (
            "CLUSTER_ID",
            "x",
            "CLUSTER_ID is not known to the job in Jenkins (did you mean CLUSTERID?)",
        ),
        ("BRANCH", "Master", "BRANCH must be one of: main, next."),
        ("DRY", "yes", "DRY must be true or false."),
        ("PACK", "x", "takes a file"),
        ("BRANCH", "main", ""),
        ("DRY", "true", ""),
    ] {
        let faults = parameters::against(&definition, &map(&[(name, value)]));
        let said: String = faults.iter().map(ToString::to_string).collect();
        assert!(
            said.contains(sentence) && said.is_empty() == sentence.is_empty(),
            "{name}={value}: {said}"
        );
    }
}

#[test]
fn secrets_are_shown_to_nobody() {
    let registry = satellite();
    let job = registry.job("ha-master-info").unwrap();
    let definition = JobDefinition {
        parameters: vec![Declared {
            name: "CARRIER_NAME".to_owned(),
            kind: Kind::Password,
            ..Declared::default()
        }],
        ..JobDefinition::default()
    };
    let values = map(&[
        ("DEPLOY_TOKEN", "canary1"),
        ("CARRIER_NAME", "canary2"),
        ("CLUSTERID", "x-canary1"),
    ]);
    let shown = parameters::shown(job, Some(&definition), &values);
    assert!(!format!("{shown:?}").contains("canary"), "{shown:?}");
}

#[test]
fn run_arguments_are_read_with_the_quotes_that_phones_make() {
    let asked = arguments::read("  info CLUSTERID=c1 NAME=\"two words\" “B=a b” C=‘it’ D=don't E=a=b F= ").unwrap();
    assert_eq!(asked.job, "info");
    let expected = [
        ("B", "a b"),
        ("C", "it"),
        ("CLUSTERID", "c1"),
        ("D", "don't"),
        ("E", "a=b"),
        ("F", ""),
        ("NAME", "two words"),
    ];
    assert_eq!(asked.values, map(&expected));
    assert_eq!(arguments::read(" "), Err(UnreadableArguments::NoJob));
    assert_eq!(arguments::read("j A=\"x"), Err(UnreadableArguments::OpenQuote));
    assert!(matches!(
        arguments::read("j A=1 loose"),
        Err(UnreadableArguments::NoValue { .. })
    ));
    assert!(matches!(
        arguments::read("j A=1 A=2"),
        Err(UnreadableArguments::Twice { .. })
    ));
    assert_eq!(arguments::read("\"my job\" A=1").unwrap().job, "my job");
}

#[test]
fn a_runbook_s_link_and_form_attach_the_job_to_its_step() {
    let library = signpost::files::load_embedded();
    let path = "satellite-link/satellite-link-connector-deploy-cannot-get-iam-token-from-iam-server.md";
    let runbook = library.runbooks.iter().find(|document| document.path == path).unwrap();
    let text = r#"
[[jenkins]]
id = "main"
url = "http://127.0.0.1:9/jenkins"
aliases = ["https://jenkins.example.com"]
user = "signpost"
[[jobs]]
id = "info"
jenkins = "main"
path = "Containers-Runtime/armada-cruiser-automated-recovery/armada-ha-master-get-info"
parameters = [{name = "BRANCH"}, {name = "ENV_Branch"}, {name = "CLUSTERID"}, {name = "TUGBOAT"}, {name = "CARRIER_NAME"}]
"#;
    let registry = Registry::read(text).unwrap();
    let topic = runbook
        .topics
        .iter()
        .find(|topic| topic.title.starts_with("Find out which"))
        .or(runbook.topics.first())
        .unwrap();
    let attached = registry.attached(&topic.steps);
    assert_eq!(attached.len(), 1, "{attached:?}");
    assert_eq!((attached[0].number.as_str(), attached[0].job.0.as_str()), ("2", "info"));
    let captures = lists(&[("location_id", &["c9"]), ("tugboat_name", &["prod-wdc04.carrier107"])]);
    let given = map(&[]);
    let sources = Sources {
        given: &given,
        captures: &captures,
        thread: &[],
        hints: &attached[0].hints,
    };
    let values = parameters::values(&parameters::resolve(registry.job("info").unwrap(), &sources));
    let expected = [
        ("BRANCH", "Master"),
        ("CLUSTERID", "c9"),
        ("ENV_Branch", "Master"),
        ("TUGBOAT", "prod-wdc04-carrier107"),
    ];
    assert_eq!(values, map(&expected));
}

#[test]
fn checks_in_front_matter_are_kept_and_their_faults_are_told() {
    let text = "---\nsignpost:\n  jobs: info\n  checks:\n    - title: There\n      artifact: a.log\n      pick: [key x]\n      test: present\n      failed: B\n    - passed: C\n---\n# A\n";
    let (read, diagnostics) = runbook::parse("a.md", text, &BTreeMap::new());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let keys = read.unwrap().front.signpost;
    let checks = signpost::jobs::checks::Checks::read(&keys.checks).unwrap();
    assert_eq!(
        (keys.jobs.as_slice(), checks.list.len(), checks.passed.as_deref()),
        (&["info".to_owned()][..], 1, Some("C"))
    );
    let toml = "+++\n[[signpost.checks]]\nartifact = \"a.log\"\npik = [\"key x\"]\n+++\n# A\n";
    for faulty in [
        &text.replace("pick:", "pik:"),
        &text.replace("checks:", "\"checks\" :").replace("pick:", "pik:"),
        toml,
    ] {
        let library = crate::matching::library(&[("a.md", faulty)]);
        let said: Vec<String> = consistency::unusable_checks(&library)
            .iter()
            .map(|found| found.message.clone())
            .collect();
        assert!(
            said.iter()
                .any(|message| message.contains("`checks[1].pik`") && message.contains("`pick`")),
            "{faulty}: {said:?}"
        );
    }
}

#[test]
fn a_name_that_somebody_typed_is_repeated_only_when_it_looks_like_a_name() {
    for name in [
        "FOO",
        "cluster_id",
        "_x",
        "ActualDatacenterCluster",
        "API_TOKEN",
        "a.b-c",
        "REGION2",
    ] {
        assert!(parameters::is_repeatable(name), "{name}");
    }
    let secret = ["ghp_", "abcdefghijABCDEFGHIJ0123456789abcdef"].concat();
    let long = "x".repeat(42);
    for name in ["", "1x", "-x", "a b", "naïve", "x8Kd92jfLsP0qWz7", &secret, &long] {
        assert!(!parameters::is_repeatable(name), "{name}");
    }
}
