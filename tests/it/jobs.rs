//! Tests of `jobs`: registry, forms, links and verdicts, by tables.

mod checks;
mod consistency;
mod forms;
mod logs;
mod masks;
mod names;
mod registry;

use signpost::jobs::Registry;

/// A job as the Satellite runbook needs it.
pub(crate) const SATELLITE: &str = r#"
[[jenkins]]
id = "main"
url = "https://jenkins.example.com/ci"
aliases = ["https://old-jenkins.example.com"]
user = "signpost"
token_variable = "JENKINS_TOKEN"

[[jobs]]
id = "ha-master-info"
jenkins = "main"
path = "Containers/auto recovery/ha-master-info"
title = "Collect the connector's configuration"
run_by = ["S0123456789"]
channels = ["C0123456789"]
artifacts = ["key.log", "config.log"]
passed = "Resolving bad IAM key"

[[jobs.parameters]]
name = "CLUSTERID"
required = true
from = ["capture:location_id", "capture:cluster_id"]
[[jobs.parameters]]
name = "TUGBOAT"
required = true
from = ["thread:ActualDatacenterCluster", "capture:tugboat_name"]
transform = ["kebab-case"]
[[jobs.parameters]]
name = "CARRIER_NAME"
[[jobs.parameters]]
name = "BRANCH"
default = "Master"
choices = ["Master", "Next"]
[[jobs.parameters]]
name = "ENV_Branch"
from = ["runbook:ENV_Branch"]
[[jobs.parameters]]
name = "DEPLOY_TOKEN"
pattern = "[a-z0-9]+"

[[jobs.checks]]
title = "The API key is there"
artifact = "key.log"
pick = ["key slclient.toml", "base64", "toml iam_api_key"]
test = "not-empty"
failed = "Resolving missing ConfigMap"
[[jobs.checks]]
title = "The region is the tugboat's"
artifact = "config.log"
pick = ["key region"]
test = { equals = { parameter = "TUGBOAT", transform = ["extract -([a-z]{3}[0-9]{2})-"], lookup = { data = "regions", field = "datacenters" } } }
failed = "Resolving improper region config"
"#;

pub(crate) fn satellite() -> Registry {
    Registry::read(SATELLITE).unwrap()
}
