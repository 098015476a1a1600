//! Content of `config/jobs.toml`, as plain data.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::checks::Check;
use super::{Transform, ValuePattern};

/// All registered servers and jobs. Jobs that are not registered are never run.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Registry {
    /// The servers.
    pub jenkins: Vec<Jenkins>,
    /// The jobs.
    pub jobs: Vec<Job>,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }
    };
}

id!(
    /// Name by which jobs refer to a Jenkins server.
    JenkinsId
);
id!(
    /// Name by which people refer to a job.
    JobId
);

/// A Jenkins server and how to reach it. The token is not part of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jenkins {
    /// Id in the registry.
    pub id: JenkinsId,
    /// Address, with its context path when it has one.
    pub url: Base,
    /// Other addresses by which runbooks link to it. No requests are sent there.
    #[serde(default)]
    pub aliases: Vec<Base>,
    /// User whose token is used; the cause of every build.
    pub user: String,
    /// Environment variable that holds the API token.
    #[serde(default)]
    pub token_variable: Option<String>,
    /// File that holds the API token.
    #[serde(default)]
    pub token_file: Option<String>,
    /// Files of additional certificate authorities, PEM.
    #[serde(default)]
    pub ca_files: Vec<String>,
    /// Time limit of a request, in seconds.
    #[serde(default = "ten")]
    pub request_timeout: u32,
    /// Hosts (`host` or `host:port`) to which Jenkins may redirect for artifacts. The token is never sent there.
    #[serde(default)]
    pub artifact_hosts: Vec<String>,
}

/// A job that people may run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Id in the registry.
    pub id: JobId,
    /// Jenkins server that has the job.
    pub jenkins: JenkinsId,
    /// Folders and name in Jenkins.
    pub path: JobPath,
    /// Title shown to people; the id is shown when it is empty.
    #[serde(default)]
    pub title: String,
    /// Description of what the job does, in a sentence or two.
    #[serde(default)]
    pub about: String,
    /// Users and user groups that may run it; empty: nobody.
    #[serde(default)]
    pub run_by: Vec<String>,
    /// Channels in which it may be run; empty: nowhere.
    #[serde(default)]
    pub channels: Vec<String>,
    /// Users and user groups of which another than the requester must approve; empty: no approval is needed.
    #[serde(default)]
    pub approve_by: Vec<String>,
    /// Minutes after which a request that nobody approved is void.
    #[serde(default = "half_an_hour")]
    pub approval_minutes: u32,
    /// Maximum number of simultaneous runs.
    #[serde(default = "one")]
    pub concurrency: u32,
    /// Minutes after which a run is no longer followed.
    #[serde(default = "an_hour")]
    pub time_limit_minutes: u32,
    /// Relative paths of the artifacts that may be read.
    #[serde(default)]
    pub artifacts: Vec<String>,
    /// Size limit of an artifact that is read, in KiB.
    #[serde(default = "most_kib")]
    pub artifact_kib: u32,
    /// Parameter that takes an id of the run, where the job declares one; it settles what became of a lost trigger.
    #[serde(default)]
    pub run_id: Option<String>,
    /// Parameters that the form asks for.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// Checks that interpret its artifacts.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Section to follow when every check passed.
    #[serde(default)]
    pub passed: Option<String>,
}

/// A parameter of a job.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Name in Jenkins.
    pub name: String,
    /// Title shown to people; the name is shown when it is empty.
    #[serde(default)]
    pub title: String,
    /// Help text that says what to write there.
    #[serde(default)]
    pub help: String,
    /// True when the parameter must have a value.
    #[serde(default)]
    pub required: bool,
    /// Value when there is no other; without a default, Jenkins uses its own.
    #[serde(default)]
    pub default: Option<String>,
    /// Allowed values; empty: any that matches.
    #[serde(default)]
    pub choices: Vec<String>,
    /// Pattern that the whole value must match.
    #[serde(default)]
    pub pattern: Option<ValuePattern>,
    /// True when the value must never be shown.
    #[serde(default)]
    pub secret: bool,
    /// Sources of the value; the first that has one gives it.
    #[serde(default)]
    pub from: Vec<ParameterSource>,
    /// Transforms to apply to the value.
    #[serde(default)]
    pub transform: Vec<Transform>,
}

/// Source of a value: `capture:cluster_id`, `thread:ActualDatacenterCluster`, `runbook:BRANCH`, `constant:Master`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ParameterSource {
    /// A placeholder that the paste filled.
    Capture(String),
    /// The newest line `NAME: value` in the thread.
    Thread(String),
    /// The runbook's own "fill in the form" list.
    Runbook(String),
    /// A constant value.
    Constant(String),
}

/// Address of a Jenkins server; ends with `/`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Base(Url);

/// Folders and name of a job, in order; none of them empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct JobPath(Vec<String>);

fn ten() -> u32 {
    10
}

fn half_an_hour() -> u32 {
    30
}

fn an_hour() -> u32 {
    60
}

fn one() -> u32 {
    1
}

fn most_kib() -> u32 {
    256
}

impl Registry {
    /// Returns a job by its id.
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id.0 == id)
    }

    /// Returns a Jenkins server by its id.
    pub fn jenkins(&self, id: &str) -> Option<&Jenkins> {
        self.jenkins.iter().find(|jenkins| jenkins.id.0 == id)
    }
}

impl Job {
    /// Returns the title shown to people, or the id without one.
    pub fn shown(&self) -> &str {
        if self.title.is_empty() { &self.id.0 } else { &self.title }
    }

    /// Returns a parameter by its name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

impl Parameter {
    /// Returns the title shown to people, or the name without one.
    pub fn shown(&self) -> &str {
        if self.title.is_empty() { &self.name } else { &self.title }
    }

    /// Returns true when the value must never be shown: it is marked as secret, or its name suggests it.
    pub fn is_secret(&self) -> bool {
        self.secret || super::masks::secret_like(&self.name)
    }
}

impl Base {
    /// Returns the address.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl TryFrom<String> for Base {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!(
                "\"{text}\" {what}; write the address of Jenkins' start page, such as \"https://jenkins.example.com\""
            )
        };
        let mut url = Url::parse(text.trim()).map_err(|_| wrong("is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("is not a URL"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // Not quoted: it may hold a password.
            return Err("contains a user or a password; set them with `user` and `token_variable`".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has a `?` or a `#`"));
        }
        if url.path().contains("/job/") {
            return Err(wrong("is the address of a job"));
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self(url))
    }
}

impl JobPath {
    /// Returns folders and name, in order.
    pub fn segments(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for JobPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

impl TryFrom<String> for JobPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let segments: Vec<String> = text.trim().trim_matches('/').split('/').map(str::to_owned).collect();
        let bad = |segment: &String| {
            matches!(segment.as_str(), "" | "." | "..") || segment.contains(|c: char| c.is_control() || c == '\\')
        };
        if segments.iter().any(bad) || text.contains("://") || segments.first().is_some_and(|first| first == "job") {
            return Err(format!(
                "\"{text}\" is not a job path; write folders and the name without `job/`, such as \"Team/Tools/get-info\""
            ));
        }
        Ok(Self(segments))
    }
}

impl TryFrom<String> for ParameterSource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (kind, name) = text.split_once(':').unwrap_or((text.as_str(), ""));
        let name = name.trim().to_owned();
        match kind.trim() {
            _ if name.is_empty() => {}
            "capture" => return Ok(Self::Capture(name)),
            "thread" => return Ok(Self::Thread(name)),
            "runbook" => return Ok(Self::Runbook(name)),
            "constant" => return Ok(Self::Constant(name)),
            _ => {}
        }
        Err(format!(
            "`{text}` is not a source of a value; write `capture:NAME`, `thread:NAME`, `runbook:NAME` or `constant:VALUE`"
        ))
    }
}
