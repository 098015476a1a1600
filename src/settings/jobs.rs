//! `jobs.toml`: the Jenkins servers and the jobs that people may run. Its own file: it is long, and other people look
//! after it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::Error;
use crate::jobs::{Jenkins, JenkinsId, Problem, Registry};

/// The built-in `jobs.toml`: every key, commented out. Nothing is registered by it.
pub const DEFAULT: &str = include_str!("../../config/jobs.toml");

/// What is registered, with the tokens.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    /// Servers and jobs.
    pub registry: Registry,
    /// The API token of each Jenkins.
    pub tokens: BTreeMap<JenkinsId, SecretString>,
}

/// Reads `jobs.toml` of a config folder (without one: of `./config`, when it is there). Without the file nothing is
/// registered.
///
/// # Errors
///
/// The first thing that is wrong: where it stands, what it is and what to do.
pub fn load(config_dir: Option<&Path>) -> Result<Jobs, Error> {
    load_from(config_dir, &std::env::vars().collect())
}

/// Like [`load`], with the environment handed in.
///
/// # Errors
///
/// As for [`load`].
pub fn load_from(config_dir: Option<&Path>, environment: &HashMap<String, String>) -> Result<Jobs, Error> {
    let path = config_dir.unwrap_or(Path::new("config")).join("jobs.toml");
    if !path.exists() {
        return Ok(Jobs::default());
    }
    let text = std::fs::read_to_string(&path).map_err(|cause| Error::Unreadable {
        path: path.clone(),
        cause,
    })?;
    let place = path.display().to_string();
    let registry = Registry::read(&text).map_err(|problem| wrong(&place, problem))?;
    let mut tokens = BTreeMap::new();
    for jenkins in &registry.jenkins {
        tokens.insert(jenkins.id.clone(), token(jenkins, environment, &place)?);
    }
    Ok(Jobs { registry, tokens })
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
            return Err(lacks("token_variable", problem, "put the user's API token into it"));
        }
    }
    let Some(file) = &jenkins.token_file else {
        let remedy = "write the name of the variable that holds the user's API token, or of a file in `token_file`";
        return Err(lacks("token_variable", "is missing".to_owned(), remedy));
    };
    let text = std::fs::read_to_string(file).map_err(|cause| Error::Unreadable {
        path: PathBuf::from(file),
        cause,
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
