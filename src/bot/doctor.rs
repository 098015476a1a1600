//! Checks for an operator before and after a change: everything that the bot needs.

mod jobs;
mod people;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;
use tokio::net::TcpListener;

use super::{Error, knowledge, probe, skew, sources, start};
use crate::clock::SystemClock;
use crate::files;
use crate::jobs::consistency;
use crate::runbook::{Level, Library};
use crate::settings::Settings;
use crate::slack::http_events;
use crate::slack::web::Web;
use crate::store::StoreLocation;
use crate::store::postgres::Postgres;
use crate::store::sqlite::is_database;

/// Result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoctorCheck {
    /// Name of the check.
    pub name: &'static str,
    /// True when the bot can work with what was found.
    pub ok: bool,
    /// The finding, and the remedy if there is one.
    pub found: String,
}

impl DoctorCheck {
    fn new(name: &'static str, result: Result<String, String>) -> DoctorCheck {
        let ok = result.is_ok();
        DoctorCheck {
            name,
            ok,
            found: result.unwrap_or_else(|problem| problem),
        }
    }
}

/// Checks the runbooks, the store's location, the tokens, Slack and Jenkins. Changes nothing, starts nothing, and posts
/// nothing unless a channel is given for a probe.
pub async fn examine(settings: &Settings, probe: Option<&str>) -> Vec<DoctorCheck> {
    let (mut checks, jobs) = tokio::join!(
        ours(settings, probe),
        jobs::examine(&settings.jobs, &settings.net.ca_files)
    );
    checks.extend(jobs);
    checks
}

/// Returns a sentence for each unusable Jenkins, with the reason. For the log at the start: none of them keeps the bot
/// from starting.
pub async fn unwell(settings: &Settings) -> Vec<String> {
    jobs::unwell(&settings.jobs, &settings.net.ca_files).await
}

async fn ours(settings: &Settings, probe: Option<&str>) -> Vec<DoctorCheck> {
    let (mut checks, library) = runbooks(settings);
    if let Some(library) = &library {
        checks.extend(people::services(settings, library).await);
    }
    checks.push(DoctorCheck::new("store", store(settings).await));
    let tokens = start::tokens(settings).map_err(|error| error.to_string());
    checks.push(DoctorCheck::new(
        "tokens",
        tokens
            .as_ref()
            .map(|tokens| tokens.describe().to_owned())
            .map_err(Clone::clone),
    ));
    if let Ok(tokens) = tokens {
        if let Some(address) = settings.slack.address() {
            checks.push(DoctorCheck::new("requests", requests(address).await));
        }
        match start::SlackAccess::new(settings, &tokens, Arc::new(SystemClock)) {
            Ok(reach) => {
                checks.extend(slack(&reach, settings, probe).await);
                if let Some(library) = library.filter(|_| checks.iter().any(|one| one.name == "scopes")) {
                    checks.extend(people::in_slack(&reach.web, &library).await);
                }
            }
            Err(error) => checks.push(DoctorCheck::new("slack", Err(error.to_string()))),
        }
    }
    checks
}

/// Calls Slack once, without the bot's retries.
async fn slack(reach: &start::SlackAccess, settings: &Settings, probe: Option<&str>) -> Vec<DoctorCheck> {
    let known = async {
        let us = reach.identity().await?;
        reach.open().await?;
        Ok::<_, Error>(us)
    };
    let us = match known.await {
        Ok(us) => us,
        Err(error) => return vec![DoctorCheck::new("slack", Err(error.to_string()))],
    };
    let how = match reach.way {
        start::InboundMode::Socket { .. } => " and can open connections",
        start::InboundMode::Http { .. } => "; the signing secret is checked with the first request",
    };
    let found = format!("Slack knows the bot as {} in workspace {}{how}", us.user_id, us.team_id);
    let mut checks = vec![
        DoctorCheck::new("slack", Ok(found)),
        DoctorCheck::new("scopes", Ok(scopes(&reach.web))),
        DoctorCheck::new("clock", clock(&reach.web)),
    ];
    if let Some(channel) = settings.answers.shadow_channel() {
        let found = own_channel(&reach.web, "answers.shadow_channel", channel).await;
        checks.push(DoctorCheck::new("shadow channel", found));
    }
    if let Some(channel) = settings.admin.channel() {
        let found = own_channel(&reach.web, "admin.channel", channel).await;
        checks.push(DoctorCheck::new("admin channel", found));
    }
    if let Some(channel) = probe {
        checks.push(DoctorCheck::new("probe", probe::probe(&reach.web, &us, channel).await));
    }
    checks
}

/// Checks that the bot can post to a channel of the settings, which only this organisation may read. `key`: the setting.
async fn own_channel(web: &Web, key: &str, id: &str) -> Result<String, String> {
    match web.conversation_info(id).await {
        Ok(channel) if channel.is_archived => Err(format!("{key}: {id} is archived; use another channel")),
        Ok(channel) if !channel.is_member => Err(format!("{key}: the bot is not a member of {id}; invite it there")),
        Ok(channel) if channel.is_ext_shared => Err(format!(
            "{key}: {id} is shared with another organisation, which would read lines from your channels; \
             name another channel"
        )),
        Ok(_) => Ok(format!("the bot is a member of {id}")),
        Err(error) => Err(format!("{key}: cannot look up {id}: {error}")),
    }
}

/// Compares this machine's clock with Slack's.
fn clock(web: &Web) -> Result<String, String> {
    match web.time().skew() {
        None => Ok("Slack sent no time".to_owned()),
        Some(skew) if skew.seconds.unsigned_abs() >= skew::MATTERS => Err(skew::sentence(skew.seconds)),
        Some(skew) => Ok(format!("differs from Slack's by {} s", skew.seconds.unsigned_abs())),
    }
}

/// Lists missing scopes. Those the bot cannot work without are an error of `slack`; the others are only reported.
fn scopes(web: &Web) -> String {
    match start::missing_scopes(web) {
        None => "Slack did not list them".to_owned(),
        Some(missing) if missing.is_empty() => "all required scopes".to_owned(),
        Some(missing) => format!(
            "the bot token lacks {}; features that need them do not work",
            missing.join(", ")
        ),
    }
}

/// Checks the address for Slack's requests: the port is free, or a running bot serves it.
async fn requests(address: SocketAddr) -> Result<String, String> {
    match TcpListener::bind(address).await {
        Ok(_) => return Ok(format!("{address} is free")),
        Err(cause) if cause.kind() == ErrorKind::AddrInUse => {}
        Err(cause) => return Err(format!("slack.listen: {address} cannot be used: {cause}")),
    }
    if http_events::is_served(address).await {
        Ok(format!("{address} is served by a running signpost"))
    } else {
        Err(format!(
            "slack.listen: {address} is used by another program; stop it, or set another address"
        ))
    }
}

fn runbooks(settings: &Settings) -> (Vec<DoctorCheck>, Option<Library>) {
    let mut source = knowledge::KnowledgeSource::new(settings, &sources::fetched_sources(settings));
    let library = match source.read(None) {
        Ok(library) => library,
        Err(error) => return (vec![DoctorCheck::new("runbooks", Err(error.to_string()))], None),
    };
    let mut checks = vec![DoctorCheck::new("runbooks", read(&source, &library))];
    if !settings.jobs.registry.jobs.is_empty() {
        checks.push(DoctorCheck::new("runbooks and jobs", fitting(&library)));
    }
    (checks, Some(library))
}

fn read(source: &knowledge::KnowledgeSource, library: &Library) -> Result<String, String> {
    let errors = library
        .diagnostics
        .iter()
        .filter(|found| found.level == Level::Error && !found.code.starts_with(consistency::CODES))
        .count();
    let read = files::counted(library.runbooks.len(), library.skipped.len());
    match (library.runbooks.len(), errors) {
        (0, _) => Err(source.nothing_to_read(library)),
        (_, 0) => Ok(read),
        _ => Err(format!("{read}, {errors} with errors; `signpost lint` lists them")),
    }
}

/// Checks that the runbooks fit the registered jobs.
fn fitting(library: &Library) -> Result<String, String> {
    let found = library
        .diagnostics
        .iter()
        .filter(|found| found.code.starts_with(consistency::CODES));
    let said: Vec<String> = found
        .map(|found| format!("{}:{}: {}", found.path, found.line, found.message))
        .collect();
    match said.split_first() {
        None => Ok("jobs, checks and sections in the runbooks match jobs.toml".to_owned()),
        Some((first, [])) => Err(first.clone()),
        Some((first, more)) => Err(format!(
            "{first} (and {} more; `signpost lint --config` lists them)",
            more.len()
        )),
    }
}

async fn store(settings: &Settings) -> Result<String, String> {
    let path = match StoreLocation::from(&settings.store) {
        StoreLocation::Database(url) => return Postgres::examine(&url).await.map_err(|error| error.to_string()),
        StoreLocation::File(path) => path,
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Err(format!(
            "the folder {} of store.path does not exist; create it",
            folder.display()
        )),
        _ if path.is_dir() => Err(format!(
            "store.path: {} is a folder; give the path of a file in it",
            path.display()
        )),
        _ if path.exists() => match is_database(&path) {
            Ok(true) => Ok(format!("{} is there", path.display())),
            Ok(false) => Err(format!(
                "store.path: {} is not an SQLite database; set another path, or move the file",
                path.display()
            )),
            Err(cause) => Err(format!("store.path: {} cannot be read: {cause}", path.display())),
        },
        _ => Ok(format!("{} will be created", path.display())),
    }
}
