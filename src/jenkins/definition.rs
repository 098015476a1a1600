//! Definitions of jobs, and the identity of the bot's Jenkins user.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::request::version;
use super::{Client, Error, tree};
use crate::jobs::{Declared, JobDefinition, JobPath, Kind};

/// The bot's identity in Jenkins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// The user's name.
    pub name: String,
    /// True when Jenkins treats the requests as anonymous.
    pub anonymous: bool,
}

/// State of the Jenkins server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Server {
    /// Version, from the `X-Jenkins` header.
    pub version: Option<String>,
    /// True when Jenkins prepares to shut down: builds wait.
    pub quieting_down: bool,
}

#[derive(Deserialize)]
struct Root {
    #[serde(default, rename = "quietingDown")]
    quieting_down: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireJob {
    #[serde(default)]
    full_name: Option<String>,
    #[serde(default)]
    buildable: bool,
    #[serde(default)]
    property: Vec<Option<WireProperty>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProperty {
    #[serde(default)]
    parameter_definitions: Vec<WireParameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireParameter {
    name: String,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    choices: Option<Vec<String>>,
    #[serde(default)]
    default_parameter_value: Option<WireDefault>,
}

#[derive(Deserialize)]
struct WireDefault {
    #[serde(default)]
    value: Value,
}

impl Client {
    /// Fetches the identity that Jenkins assigns to the bot.
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    pub async fn who_am_i(&self) -> Result<Identity, Error> {
        let url = tree(self.at(&["whoAmI", "api", "json"]), "name,anonymous");
        Ok(self.get_json(&url).await?.0)
    }

    /// Fetches the version and state of the server.
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    pub async fn server(&self) -> Result<Server, Error> {
        let url = tree(self.at(&["api", "json"]), "quietingDown");
        let (root, headers) = self.get_json::<Root>(&url).await?;
        Ok(Server {
            version: version(&headers),
            quieting_down: root.quieting_down,
        })
    }

    /// Fetches a job's definition.
    ///
    /// # Errors
    ///
    /// Any [`Error`]; [`Error::NotFound`] for a job that the user may not see.
    pub async fn definition(&self, job: &JobPath) -> Result<JobDefinition, Error> {
        const TREE: &str = "name,fullName,buildable,\
            property[parameterDefinitions[name,type,description,choices,defaultParameterValue[value]]]";
        let (job, _) = self
            .get_json::<WireJob>(&tree(self.job(job, &["api", "json"]), TREE))
            .await?;
        let parameters = job
            .property
            .into_iter()
            .flatten()
            .flat_map(|property| property.parameter_definitions);
        Ok(JobDefinition {
            full_name: job.full_name.unwrap_or_default(),
            buildable: job.buildable,
            parameters: parameters.map(declared).collect(),
        })
    }

    /// Checks the user's permission to build a job without starting it: a build request without its form is a bad
    /// request for users with the permission, and forbidden for others. The check needs a job with parameters; `false`
    /// for one without, where only starting it can tell.
    ///
    /// # Errors
    ///
    /// [`Error::NoPermission`] when the user lacks the permission; otherwise any [`Error`].
    pub async fn may_build(&self, job: &JobPath, definition: &JobDefinition) -> Result<bool, Error> {
        if definition.parameters.is_empty() {
            return Ok(false);
        }
        let answer = self.post(&self.job(job, &["build"]), &[]).await?;
        match answer.status {
            // The answer is known to come from Jenkins: it has served the job's definition.
            StatusCode::BAD_REQUEST => Ok(true),
            status if status.is_redirection() => Err(self.not_jenkins()),
            StatusCode::FORBIDDEN if answer.page.contains("crumb") => Err(Error::CrumbNeeded),
            status => Err(Error::of_status(status, answer.permission())),
        }
    }
}

fn declared(parameter: WireParameter) -> Declared {
    let kind = parameter.kind.as_deref().map(Kind::of).unwrap_or_default();
    let default = parameter
        .default_parameter_value
        .and_then(|default| match default.value {
            Value::String(text) => Some(text),
            Value::Null => None,
            other => Some(other.to_string()),
        });
    Declared {
        name: parameter.name,
        // Parameter types of plug-ins may have choices, too.
        kind: if kind == Kind::Text && parameter.choices.is_some() {
            Kind::Choice
        } else {
            kind
        },
        choices: parameter.choices.unwrap_or_default(),
        description: parameter.description.filter(|text| !text.trim().is_empty()),
        default: default.filter(|_| kind != Kind::Password),
    }
}
