//! `jobs.toml`: the Jenkins servers and the jobs that people may run. A file of its own, since it is long and often
//! maintained by other people.

use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use super::Error;
use crate::jobs::{Base, Jenkins, JenkinsId, Problem, Registry};

/// The built-in `jobs.toml`: every key, commented out. It registers nothing.
pub const DEFAULT: &str = include_str!("../../config/jobs.toml");

/// The jobs of the local Jenkins that belong to the sample pack.
pub const SAMPLE: &str = include_str!("../../config/sample-jobs.toml");

/// The registered servers and jobs, with the tokens.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    /// Servers and jobs.
    pub registry: Arc<Registry>,
    /// The API token of each Jenkins.
    pub tokens: BTreeMap<JenkinsId, SecretString>,
}

/// Reads `jobs.toml` of a config folder (`./config` by default, if it exists). Without the file, nothing is registered.
///
/// # Errors
///
/// The first problem: its place, its description and its remedy.
pub fn load(config_dir: Option<&Path>) -> Result<Jobs, Error> {
    load_from(config_dir, &std::env::vars().collect())
}

/// Reads `jobs.toml` like [`load`], with the given environment.
///
/// # Errors
///
/// As for [`load`].
pub fn load_from(config_dir: Option<&Path>, environment: &HashMap<String, String>) -> Result<Jobs, Error> {
    let path = place(config_dir);
    let Some(registry) = registry(config_dir)? else {
        return Ok(Jobs::default());
    };
    let place = path.display().to_string();
    let mut tokens = BTreeMap::new();
    for jenkins in &registry.jenkins {
        tokens.insert(jenkins.id.clone(), token(jenkins, environment, &place)?);
    }
    Ok(Jobs {
        registry: Arc::new(registry),
        tokens,
    })
}

/// Reads the `jobs.toml` of a config folder without the tokens; `None` when the file does not exist.
///
/// # Errors
///
/// The first problem: its place, its description and its remedy.
pub fn registry(config_dir: Option<&Path>) -> Result<Option<Registry>, Error> {
    let path = place(config_dir);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(Error::Unreadable { path, cause }),
    };
    let registry = Registry::read(&text).map_err(|problem| wrong(&path.display().to_string(), problem))?;
    Ok(Some(registry))
}

/// Returns the sample's jobs on the Jenkins at `url`, the local one.
///
/// # Errors
///
/// Only if the address or the built-in file is invalid.
pub fn sample(url: &str, token: &SecretString) -> Result<Jobs, Error> {
    const PLACE: &str = "the built-in sample-jobs.toml";
    let mut registry = Registry::read(SAMPLE).map_err(|problem| wrong(PLACE, problem))?;
    let base = Base::try_from(url.to_owned()).map_err(|problem| Error::Value {
        place: PLACE.to_owned(),
        key: "jenkins.url".to_owned(),
        problem,
        remedy: "correct it".to_owned(),
    })?;
    let mut tokens = BTreeMap::new();
    for jenkins in &mut registry.jenkins {
        jenkins.url = base.clone();
        tokens.insert(jenkins.id.clone(), token.clone());
    }
    Ok(Jobs {
        registry: Arc::new(registry),
        tokens,
    })
}

fn place(config_dir: Option<&Path>) -> PathBuf {
    config_dir.unwrap_or(Path::new("config")).join("jobs.toml")
}

fn wrong(place: &str, problem: Problem) -> Error {
    Error::Value {
        place: place.to_owned(),
        key: problem.key,
        problem: problem.problem,
        remedy: problem.remedy,
    }
}

fn token(jenkins: &Jenkins, environment: &HashMap<String, String>, place: &str) -> Result<SecretString, Error> {
    let lacks = |key: &str, problem: String, remedy: &str| Error::Value {
        place: place.to_owned(),
        key: format!("jenkins[{}].{key}", jenkins.id),
        problem,
        remedy: remedy.to_owned(),
    };
    if let Some(name) = &jenkins.token_variable {
        let value = environment
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty());
        if let Some(value) = value {
            return Ok(SecretString::from(value));
        }
        if jenkins.token_file.is_none() {
            let problem = format!("names {name}, which is not set");
            return Err(lacks("token_variable", problem, "set it to the user's API token"));
        }
    }
    let Some(file) = &jenkins.token_file else {
        let remedy = "set the name of the variable that contains the user's API token, or of a file in `token_file`";
        return Err(lacks("token_variable", "is missing".to_owned(), remedy));
    };
    let remedy = "set the path of the file that contains the user's API token, and make it readable for the bot";
    let text = std::fs::read_to_string(file).map_err(|cause| {
        lacks(
            "token_file",
            format!("names {file}, which cannot be read ({cause})"),
            remedy,
        )
    })?;
    match text.trim() {
        "" => Err(lacks(
            "token_file",
            format!("names {file}, which is empty"),
            "write the API token into that file",
        )),
        token => Ok(SecretString::from(token)),
    }
}
