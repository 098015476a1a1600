//! Checks of Jenkins: it is reachable, it accepts the bot's user, and its jobs fit the registry. Starts nothing.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use tokio::time::timeout;

use super::DoctorCheck;
use crate::jenkins::{Client, Error};
use crate::jobs::{Jenkins, Job, consistency};
use crate::net::Net;
use crate::settings::jobs::Jobs;

/// Time limit of one answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Time limit of all requests to greet a Jenkins, or of those for one job.
const PATIENCE: Duration = Duration::from_secs(10);
/// Maximum number of jobs of a Jenkins checked concurrently.
const AT_ONCE: usize = 8;

/// Checks each Jenkins and its jobs, all Jenkins concurrently.
pub(super) async fn examine(jobs: &Jobs, ca_files: &[PathBuf]) -> Vec<DoctorCheck> {
    let registry = &jobs.registry;
    if registry.jobs.is_empty() && registry.jenkins.is_empty() {
        return vec![DoctorCheck::new(
            "jobs",
            Ok("none are registered (config/jobs.toml)".to_owned()),
        )];
    }
    let count = format!(
        "{} registered, on {} Jenkins",
        registry.jobs.len(),
        registry.jenkins.len()
    );
    let asked = registry.jenkins.iter().map(|jenkins| look_at(jobs, jenkins, ca_files));
    let mut checks = vec![DoctorCheck::new("jobs", Ok(count))];
    checks.extend(join_all(asked).await.into_iter().flatten());
    checks
}

/// Returns a sentence for each unusable Jenkins, with the reason.
pub(super) async fn unwell(jobs: &Jobs, ca_files: &[PathBuf]) -> Vec<String> {
    let asked = jobs.registry.jenkins.iter().map(|jenkins| async {
        let client = client(jobs, jenkins, ca_files)?;
        greet(&client, jenkins).await
    });
    let answers = join_all(asked).await;
    answers.into_iter().filter_map(Result::err).collect()
}

async fn look_at(jobs: &Jobs, jenkins: &Jenkins, ca_files: &[PathBuf]) -> Vec<DoctorCheck> {
    let own: Vec<&Job> = jobs
        .registry
        .jobs
        .iter()
        .filter(|job| job.jenkins == jenkins.id)
        .collect();
    let client = match client(jobs, jenkins, ca_files) {
        Ok(client) => client,
        Err(problem) => return vec![DoctorCheck::new("jenkins", Err(problem))],
    };
    let greeting = greet(&client, jenkins).await;
    if let Err(problem) = greeting {
        let unseen = match own.len() {
            0 => String::new(),
            count => format!(" (jobs not checked: {count})"),
        };
        return vec![DoctorCheck::new("jenkins", Err(format!("{problem}{unseen}")))];
    }
    let asked = own.iter().map(|job| async {
        let looked = timeout(PATIENCE, look_at_job(&client, job)).await;
        let key = format!("jobs[{}]", job.id);
        DoctorCheck::new(
            "job",
            looked.unwrap_or_else(|_| Err(format!("{key}: {}", Error::TimedOut))),
        )
    });
    let mut checks = vec![DoctorCheck::new("jenkins", greeting)];
    checks.extend(stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await);
    checks
}

fn client(jobs: &Jobs, jenkins: &Jenkins, ca_files: &[PathBuf]) -> Result<Client, String> {
    let problem = |what: String| format!("jenkins[{}]: {what}", jenkins.id);
    let token = jobs
        .tokens
        .get(&jenkins.id)
        .ok_or_else(|| problem("has no token".to_owned()))?;
    let mut authorities = ca_files.to_vec();
    authorities.extend(jenkins.ca_files.iter().map(PathBuf::from));
    let patience = Duration::from_secs(jenkins.request_timeout.into()).min(ANSWER);
    let http = Net::new(&authorities, patience).and_then(|net| net.client());
    let http = http.map_err(|error| problem(error.to_string()))?;
    Ok(Client::new(http, jenkins, token.clone()))
}

/// Checks that Jenkins is reachable, and which user the token belongs to.
async fn greet(client: &Client, jenkins: &Jenkins) -> Result<String, String> {
    let asked = async { Ok((client.server().await?, client.who_am_i().await?)) };
    let answer = timeout(PATIENCE, asked).await.unwrap_or(Err(Error::TimedOut));
    let key = format!("jenkins[{}]", jenkins.id);
    let (server, identity) = answer.map_err(|error| {
        let remedy = remedy(&error, jenkins);
        format!("{key} at {}: {error}{remedy}", jenkins.url)
    })?;
    if identity.anonymous || !identity.name.eq_ignore_ascii_case(&jenkins.user) {
        let taken = if identity.anonymous {
            "nobody (anonymous)"
        } else {
            &identity.name
        };
        return Err(format!(
            "{key} at {} identifies the bot as {taken}, not as {}; correct `user`, or the token in {}",
            jenkins.url,
            jenkins.user,
            token_place(jenkins)
        ));
    }
    let version = server.version.as_deref().unwrap_or("of an unknown version");
    let quiet = if server.quieting_down {
        "; it is preparing to shut down, so builds wait"
    } else {
        ""
    };
    Ok(format!(
        "{key}: Jenkins {version} at {} knows the bot as {}{quiet}",
        jenkins.url, identity.name
    ))
}

fn remedy(error: &Error, jenkins: &Jenkins) -> String {
    match error {
        Error::BadCredentials => format!(
            "; check `user` ({}) and the token in {}",
            jenkins.user,
            token_place(jenkins)
        ),
        Error::Forbidden | Error::NoPermission { .. } => {
            format!("; give the user {} Overall/Read in Jenkins", jenkins.user)
        }
        Error::Unreachable { .. } | Error::TimedOut | Error::Broken { .. } => {
            "; check `url`, and whether this machine can reach it".to_owned()
        }
        Error::NotFound | Error::Odd { .. } | Error::Unreadable { .. } => {
            "; check `url`: it must be the address of Jenkins' start page, including its context path".to_owned()
        }
        _ => String::new(),
    }
}

fn token_place(jenkins: &Jenkins) -> String {
    let places = [&jenkins.token_variable, &jenkins.token_file];
    let named: Vec<&str> = places.into_iter().flatten().map(String::as_str).collect();
    named.join(" or ")
}

async fn look_at_job(client: &Client, job: &Job) -> Result<String, String> {
    let key = format!("jobs[{}]", job.id);
    let definition = match client.definition(&job.path).await {
        Ok(definition) => definition,
        Err(Error::NotFound) => {
            return Err(format!(
                "{key}: Jenkins does not have {}, or the user cannot see it; correct `path`, or give the user Job/Read",
                job.path
            ));
        }
        Err(error) => return Err(format!("{key}: {error}")),
    };
    let mut problems: Vec<String> = consistency::unfit(job, &definition)
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut may = String::new();
    if definition.buildable {
        match client.may_build(&job.path, &definition).await {
            Ok(true) => "; the user may build it".clone_into(&mut may),
            Ok(false) => {
                "; permission to build it is checked only when it is started, because it has no parameters"
                    .clone_into(&mut may);
            }
            Err(error @ Error::NoPermission { .. }) => problems.push(format!("{error}: give it Job/Build in Jenkins")),
            Err(error) => problems.push(format!("cannot tell whether the user may build it: {error}")),
        }
    } else {
        problems.push("it is disabled in Jenkins, or cannot be built right now".to_owned());
    }
    if !problems.is_empty() {
        return Err(format!("{key}: {}", problems.join("; ")));
    }
    let nobody = match (job.run_by.is_empty(), job.channels.is_empty()) {
        (false, false) => "",
        (true, _) => "; nobody can run it: `run_by` is empty",
        (false, true) => "; it cannot be run anywhere: `channels` is empty",
    };
    let parameters = definition.parameters.len();
    Ok(format!(
        "{key}: {}, declared parameters: {parameters}{may}{nobody}",
        job.path
    ))
}
