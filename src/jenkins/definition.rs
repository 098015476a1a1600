//! What a job takes, and who we are.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::request::version;
use super::{Client, Error, tree};
use crate::jobs::{Declared, Definition, JobPath, Kind};

/// Who we are to Jenkins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// The user.
    pub name: String,
    /// It took us for nobody.
    pub anonymous: bool,
}

/// How Jenkins is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Server {
    /// Its version.
    pub version: Option<String>,
    /// It prepares to shut down: builds wait.
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
    /// Who Jenkins thinks we are.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn who_am_i(&self) -> Result<Identity, Error> {
        let url = tree(self.at(&["whoAmI", "api", "json"]), "name,anonymous");
        Ok(self.get_json(&url).await?.0)
    }

    /// How Jenkins is.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn server(&self) -> Result<Server, Error> {
        let url = tree(self.at(&["api", "json"]), "quietingDown");
        let (root, headers) = self.get_json::<Root>(&url).await?;
        Ok(Server {
            version: version(&headers),
            quieting_down: root.quieting_down,
        })
    }

    /// What a job takes.
    ///
    /// # Errors
    ///
    /// See [`Error`]; a job that the user may not see is [`Error::NotFound`].
    pub async fn definition(&self, job: &JobPath) -> Result<Definition, Error> {
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
        Ok(Definition {
            full_name: job.full_name.unwrap_or_default(),
            buildable: job.buildable,
            parameters: parameters.map(declared).collect(),
        })
    }

    /// Whether the user may build a job, asked without starting it: a build that lacks its form is a bad request to those
    /// who may, and forbidden to the others. Only a job with parameters can be asked so; `false` for one without, where
    /// Jenkins tells when it is started.
    ///
    /// # Errors
    ///
    /// [`Error::NoPermission`] when it may not; else see [`Error`].
    pub async fn may_build(&self, job: &JobPath, definition: &Definition) -> Result<bool, Error> {
        if definition.parameters.is_empty() {
            return Ok(false);
        }
        let answer = self.post(&self.job(job, &["build"]), &[]).await?;
        match answer.status {
            // That it is Jenkins who says so its definition of the job has shown.
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
        // A plug-in's own type may have choices, too.
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
