//! What is registered, and every way to write it wrong.

use std::collections::HashMap;

use secrecy::ExposeSecret as _;
use signpost::jobs::{Registry, schema};
use signpost::settings::jobs;

use super::{SATELLITE, satellite};

/// The sample with its keys in force.
fn sample() -> String {
    let key =
        |line: &&str| line.starts_with('#') && line.chars().nth(1).is_some_and(|c| c.is_ascii_lowercase() || c == '[');
    let lines: Vec<&str> = jobs::DEFAULT.lines().filter(key).map(|line| &line[1..]).collect();
    lines.join("\n")
}

#[test]
fn the_sample_registers_nothing_and_would_be_valid() {
    assert_eq!(Registry::read(jobs::DEFAULT).unwrap(), Registry::default());
    let registry = Registry::read(&sample()).unwrap();
    assert_eq!((registry.jenkins.len(), registry.jobs.len()), (1, 1));
    for (table, key) in schema::all() {
        let forms = [format!("{key} = "), format!("[[{table}.{key}]]")];
        let shown = jobs::DEFAULT.lines().any(|line| {
            let line = line.trim_start_matches('#');
            forms.iter().any(|form| line.starts_with(form))
        });
        assert!(shown, "config/jobs.toml does not show {table}.{key}");
    }
}

#[test]
fn what_is_left_out_means_nobody_nowhere() {
    let text = "[[jenkins]]\nid = \"m\"\nurl = \"http://127.0.0.1:8080\"\nuser = \"u\"\n[[jobs]]\nid = \"j\"\njenkins = \"m\"\npath = \"A/B\"";
    let registry = Registry::read(text).unwrap();
    let job = registry.job("j").unwrap();
    assert!(job.run_by.is_empty() && job.channels.is_empty() && job.artifacts.is_empty());
    assert_eq!((job.concurrency, job.time_limit_minutes, job.shown()), (1, 60, "j"));
    assert_eq!(registry.jenkins("m").unwrap().url.to_string(), "http://127.0.0.1:8080/");
}

/// What is replaced in the good registry, by what, and what the sentence must hold.
const WRONG: &[(&str, &str, &[&str])] = &[
    (
        "title = \"Collect",
        "tittle = \"Collect",
        &["`jobs[ha-master-info].tittle`", "did you mean `title`"],
    ),
    (
        "[[jobs.parameters]]\nname = \"BRANCH\"",
        "[[jobs.parameters]]\nname = \"BRANCH\"\nhelpp = \"\"",
        &["parameters[BRANCH].helpp", "`help`"],
    ),
    ("user = \"signpost\"", "user = \"a:b\"", &["jenkins[main].user", "a:b"]),
    ("user = \"signpost\"", "", &["jenkins[0]", "user"]),
    (
        "https://jenkins.example.com/ci",
        "jenkins.example.com",
        &["jenkins[0].url", "not a URL"],
    ),
    (
        "https://jenkins.example.com/ci",
        "https://me:pw1234@jenkins.example.com",
        &["jenkins[0].url", "token_variable"],
    ),
    (
        "\"JENKINS_TOKEN\"",
        "\"11aa-secret\"",
        &["token_variable", "never the token itself"],
    ),
    (
        "\"JENKINS_TOKEN\"",
        "\"SIGNPOST__JENKINS__TOKEN\"",
        &["token_variable", "not SIGNPOST__"],
    ),
    (
        "jenkins = \"main\"",
        "jenkins = \"mian\"",
        &["jobs[ha-master-info].jenkins", "mian", "main"],
    ),
    (
        "Containers/auto recovery",
        "job/Containers",
        &["jobs[0].path", "without `job/`"],
    ),
    (
        "Containers/auto recovery",
        "Containers/../x",
        &["jobs[0].path", "not a job path"],
    ),
    (
        "S0123456789",
        "@oncall",
        &["jobs[ha-master-info].run_by", "@oncall", "not names"],
    ),
    (
        "C0123456789",
        "#support",
        &["jobs[ha-master-info].channels", "#support"],
    ),
    (
        "artifacts = [\"key.log\", ",
        "artifacts = [",
        &["key.log", "artifacts", "only listed"],
    ),
    (
        "artifacts = [\"key.log\", ",
        "artifacts = [\"../key.log\", ",
        &["artifacts", "../key.log"],
    ),
    (
        "transform = [\"kebab-case\"]",
        "transform = [\"kebap\"]",
        &["kebap", "kebab-case"],
    ),
    (
        "\"capture:cluster_id\"",
        "\"clusterid\"",
        &["clusterid", "capture:NAME"],
    ),
    (
        "default = \"Master\"",
        "default = \"Main\"",
        &["parameters[BRANCH].default", "Main", "Master"],
    ),
    (
        "pattern = \"[a-z0-9]+\"",
        "pattern = \"[a-z\"",
        &["parameters[5].pattern", "[a-z"],
    ),
    ("\"base64\", \"toml iam_api_key\"", "\"base46\"", &["base46", "base64"]),
    (
        "parameter = \"TUGBOAT\", transform",
        "parameter = \"TUGBOT\", transform",
        &["TUGBOT", "TUGBOAT"],
    ),
    (
        "parameter = \"TUGBOAT\", transform",
        "transform",
        &["checks[The region is the tugboat's].test", "`parameter`"],
    ),
    (
        "test = \"not-empty\"",
        "test = \"filled\"",
        &["jobs[0].checks[0].test", "filled"],
    ),
    (
        "title = \"Collect",
        "concurrency = 0\ntitle = \"Collect",
        &["concurrency", "is 0", "1 to 50"],
    ),
    (
        "title = \"Collect",
        "concurrency = \"two\"\ntitle = \"Collect",
        &["jobs[0].concurrency", "two"],
    ),
    (
        "title = \"Collect",
        "run_id = \"BRANCH\"\ntitle = \"Collect",
        &["run_id", "takes it out"],
    ),
    ("[[jenkins]]", "[[jenkins]", &["line 2", "not valid TOML"]),
];

#[test]
fn wrong_registries_are_told_where_what_and_what_to_do() {
    for (good, bad, expected) in WRONG {
        assert!(SATELLITE.contains(good), "{good}");
        let text = SATELLITE.replacen(good, bad, 1);
        let message = Registry::read(&text).map(|_| ()).expect_err(bad).to_string();
        for part in *expected {
            let part = part.replace("takes it out", "remove it");
            assert!(message.contains(&part), "{bad}: {part:?} is missing in {message:?}");
        }
        assert!(
            !message.contains("pw1234") && !message.contains("11aa-secret"),
            "{message}"
        );
    }
}

#[test]
fn tokens_come_from_a_variable_or_a_file_and_are_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), SATELLITE).unwrap();
    let load = |environment: &[(&str, &str)]| {
        let environment: HashMap<String, String> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        jobs::load_from(Some(folder.path()), &environment)
    };
    let loaded = load(&[("JENKINS_TOKEN", " 11-canary \n")]).unwrap();
    assert_eq!(loaded.tokens.get("main").unwrap().expose_secret(), "11-canary");
    assert!(!format!("{loaded:?}").contains("canary"));

    let message = load(&[]).unwrap_err().to_string();
    assert!(
        message.contains("jobs.toml") && message.contains("JENKINS_TOKEN, which is not set"),
        "{message}"
    );

    let file = folder.path().join("token");
    std::fs::write(&file, "11-filed\n").unwrap();
    let text = SATELLITE.replace(
        "token_variable = \"JENKINS_TOKEN\"",
        &format!("token_file = \"{}\"", file.display()),
    );
    std::fs::write(folder.path().join("jobs.toml"), text).unwrap();
    assert_eq!(
        load(&[]).unwrap().tokens.get("main").unwrap().expose_secret(),
        "11-filed"
    );
    std::fs::write(&file, "\n").unwrap();
    assert!(load(&[]).unwrap_err().to_string().contains("which is empty"));

    let empty = tempfile::tempdir().unwrap();
    assert_eq!(
        jobs::load_from(Some(empty.path()), &HashMap::new()).unwrap().registry,
        std::sync::Arc::default()
    );
}

#[test]
fn links_of_runbooks_lead_to_registered_jobs() {
    let registry = satellite();
    let job = "job/Containers/job/auto%20recovery/job/ha-master-info";
    for url in [
        format!("https://jenkins.example.com/ci/{job}/build?delay=0sec"),
        format!("https://jenkins.example.com/ci/{job}/"),
        format!("https://JENKINS.example.com:443/ci/{job}/buildWithParameters"),
        format!("http://jenkins.example.com/ci/view/all/{job}/build"),
        format!("https://old-jenkins.example.com/{job}/parambuild/?x=1#y"),
    ] {
        assert_eq!(
            registry.linked(&url).map(ToString::to_string).as_deref(),
            Some("ha-master-info"),
            "{url}"
        );
    }
    for url in [
        format!("https://jenkins.example.com/{job}/build"),
        format!("https://jenkins.example.com.evil.example/ci/{job}/build"),
        format!("https://jenkins.example.com:8443/ci/{job}/build"),
        format!("https://jenkins.example.com/ci/{job}/17/console"),
        format!("https://jenkins.example.com/ci/{job}/configure"),
        format!("https://jenkins.example.com/ci/{job}/job/inner/build"),
        format!("https://jenkins.example.com/ci/{}/build", job.replace("%20", "%zz")),
        "https://jenkins.example.com/ci/job/Containers/build".to_owned(),
        "not an address".to_owned(),
    ] {
        assert_eq!(registry.linked(&url), None, "{url}");
    }
}
