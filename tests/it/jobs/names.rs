//! Jobs by the names that people give them.

use signpost::jobs::{Named, Registry};

const JOBS: &str = r#"
[[jenkins]]
id = "main"
url = "https://jenkins.example.com/ci"
user = "signpost"
token_variable = "JENKINS_TOKEN"
[[jobs]]
id = "collect"
jenkins = "main"
path = "Team/Tools/collect-logs"
title = "Collect the team's logs"
[[jobs]]
id = "collect-other"
jenkins = "main"
path = "Other/Tools/collect-logs"
title = "Collect logs"
[[jobs]]
id = "logs"
jenkins = "main"
path = "Frankfurt am Main/collect"
title = "Collect logs"
"#;

fn found(named: &Named<'_>) -> String {
    match named {
        Named::One(job) => job.id.0.clone(),
        Named::Several(jobs) => jobs.iter().map(|job| job.id.0.as_str()).collect::<Vec<_>>().join("|"),
        Named::Nothing { nearest, is_slip } => {
            let nearest = nearest.map_or("none", |job| job.id.0.as_str());
            format!("{}{nearest}", if *is_slip { "slip of " } else { "near " })
        }
    }
}

#[test]
fn a_name_means_a_job_several_or_none() {
    let registry = Registry::read(JOBS).unwrap();
    for (name, expected) in [
        // The id goes before the end of a path.
        ("collect", "collect"),
        ("COLLECT", "collect"),
        ("Collect the team’s logs", "collect"),
        ("“Collect the team's logs”", "collect"),
        ("collect logs", "collect-other|logs"),
        ("collect-logs", "collect|collect-other"),
        ("Tools/collect-logs", "collect|collect-other"),
        ("Team/Tools/collect-logs", "collect"),
        ("/team/tools/COLLECT-LOGS/", "collect"),
        ("job/Team/job/Tools/job/collect-logs", "collect"),
        ("Team » Tools » collect-logs", "collect"),
        (
            "https://jenkins.example.com/ci/job/Other/job/Tools/job/collect-logs/",
            "collect-other",
        ),
        ("Frankfurt am Main/collect", "logs"),
        ("Team/Tool/collect-logs", "slip of collect"),
        ("Collect the teams logs", "slip of collect"),
        ("xylophone", "near none"),
        ("", "near none"),
    ] {
        assert_eq!(found(&registry.named(name)), expected, "{name:?}");
    }
}

#[test]
fn a_name_with_blanks_ends_where_the_values_begin() {
    let registry = Registry::read(JOBS).unwrap();
    for (text, expected, values) in [
        ("Frankfurt am Main/collect", "logs", ""),
        ("collect the team's logs A=1 B=\"x y\"", "collect", "A=1 B=\"x y\""),
        ("collect A=1", "collect", "A=1"),
        ("collect logs  A=1", "collect-other|logs", "A=1"),
    ] {
        let (named, rest) = registry.leading(text).unwrap();
        assert_eq!((found(&named).as_str(), rest), (expected, values), "{text:?}");
    }
    assert_eq!(registry.leading("A=1"), None);
    assert_eq!(registry.leading("collect\nlogs"), None);
    assert_eq!(registry.leading(&"word ".repeat(40)), None);
}
