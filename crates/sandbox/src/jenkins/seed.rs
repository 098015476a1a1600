//! Contents of a fresh Jenkins.

use std::collections::BTreeMap;

use super::model::{Job, Kind, Parameter, ParameterKind, User};

/// The job that the Satellite Link runbook links to.
pub const GET_INFO: &str = "Containers-Runtime/armada-cruiser-automated-recovery/armada-ha-master-get-info";
/// A job without parameters, one build at a time.
pub const NIGHTLY: &str = "nightly-report";
/// A disabled job.
pub const RETIRED: &str = "retired-report";
/// A job with every type of parameter.
pub const CHOOSE: &str = "Tools/choose-a-mirror";
/// A job that waits for a person.
pub const APPROVAL: &str = "Tools/release-with-approval";
/// A job whose label no node has.
pub const NOWHERE: &str = "Tools/needs-a-gpu";
/// A job deep in folders, with many artifacts.
pub const FACTS: &str = "Platform/Europe/Frankfurt am Main/collect-node-facts";
/// A job that only Ada sees.
pub const HIDDEN: &str = "Tools/rotate-keys";

/// Returns the API token of a seeded user.
#[must_use]
pub fn token_of(user: &str) -> String {
    format!("sandbox-{user}-token")
}

/// Returns the password of a seeded user.
#[must_use]
pub fn password_of(user: &str) -> String {
    format!("sandbox-{user}-password")
}

pub(super) fn users() -> Vec<User> {
    let user = |id: &str, full_name: &str, may: bool| User {
        id: id.to_owned(),
        full_name: full_name.to_owned(),
        token: token_of(id),
        password: password_of(id),
        can_read: true,
        can_build: may,
        can_cancel: may,
    };
    vec![
        user("signpost", "Signpost", true),
        user("ada", "Ada", true),
        user("grace", "Grace", true),
        user("readonly", "Read Only", false),
    ]
}

pub(super) fn jobs() -> BTreeMap<String, Job> {
    let master = |name: &str, text: &str| parameter(name, ParameterKind::String, text, Some("Master"));
    let text = |name: &str, text: &str| parameter(name, ParameterKind::String, text, Some(""));
    let get_info = vec![
        master("BRANCH", "Branch of the collecting scripts"),
        master("ENV_Branch", "Branch of the environment files"),
        text("CLUSTERID", "The cluster or location to look at"),
        text("TUGBOAT", "Where its master runs, as in prod-wdc04-carrier107"),
        Parameter {
            description: None,
            ..text("CARRIER_NAME", "")
        },
    ];
    let kinds = vec![
        Parameter {
            choices: ["eu-de", "us-east", "us-south"].map(str::to_owned).to_vec(),
            ..parameter("REGION", ParameterKind::Choice, "Which mirror", Some("eu-de"))
        },
        parameter("DRY_RUN", ParameterKind::Boolean, "Change nothing", Some("true")),
        parameter("NOTES", ParameterKind::Text, "Why", Some("")),
        parameter("PASSPHRASE", ParameterKind::Password, "Never shown", None),
        text("RUN_ID", "Who asked, so that a run is found again"),
    ];
    let mut jobs = vec![
        Job {
            parameters: get_info,
            is_concurrent: true,
            kind: Kind::GetInfo,
            ..job(GET_INFO, "Collects the configuration of a location. Changes nothing.")
        },
        job(NIGHTLY, "Sums up the day"),
        Job {
            is_disabled: true,
            ..job(RETIRED, "Nobody needs it any more")
        },
        Job {
            parameters: kinds,
            ..job(CHOOSE, "Points clients at a mirror")
        },
        Job {
            kind: Kind::Input,
            ..job(APPROVAL, "Releases once somebody has said yes")
        },
        Job {
            label: Some("gpu".to_owned()),
            ..job(NOWHERE, "Wants a node that is not there")
        },
        Job {
            parameters: vec![text("NODE", "The node")],
            kind: Kind::ManyFiles,
            ..job(FACTS, "Collects what there is to know about a node")
        },
        Job {
            readers: vec!["ada".to_owned()],
            ..job(HIDDEN, "Not for everybody")
        },
    ];
    jobs.drain(..).map(|job| (job.path.join("/"), job)).collect()
}

fn job(path: &str, description: &str) -> Job {
    Job {
        path: path.split('/').map(str::to_owned).collect(),
        description: description.to_owned(),
        parameters: Vec::new(),
        is_disabled: false,
        is_vetoed: false,
        is_concurrent: false,
        label: None,
        readers: Vec::new(),
        kind: Kind::Plain,
        builds: Vec::new(),
        next_number: 1,
    }
}

fn parameter(name: &str, kind: ParameterKind, description: &str, default: Option<&str>) -> Parameter {
    Parameter {
        name: name.to_owned(),
        kind,
        description: Some(description.to_owned()),
        default: default.map(str::to_owned),
        choices: Vec::new(),
    }
}
