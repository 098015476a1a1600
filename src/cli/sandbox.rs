//! The `signpost sandbox` command: the bot in a built-in local workspace.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::knowledge::ChosenRunbooks;
use super::{examples, knowledge, serve};
use crate::runbook::Library;
use crate::sandbox::{Example, Options, SIGNPOST_APP_TOKEN, SIGNPOST_TOKEN, Workspace};
use crate::settings::{self, LinkSettings, Settings};
use crate::{bot, files, malloc, sandbox};

/// Time limit of the bot's orderly shutdown, and then of the workspace's.
const PATIENCE: Duration = Duration::from_secs(5);

/// Try the bot in the built-in local workspace: no account, no token, no network.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Port of the page on 127.0.0.1; 0 picks a free port.
    #[arg(long, value_name = "N", default_value_t = 3030)]
    port: u16,
    /// The runbook folder [default: the sample pack].
    #[arg(long, value_name = "DIR")]
    runbooks: Option<PathBuf>,
    /// Follow links in the folder, even to places outside it.
    #[arg(long, requires = "runbooks")]
    follow_links: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(folder) = &arguments.runbooks {
        check_folder(folder)?;
    }
    let (channels, tried) = if arguments.runbooks.is_some() {
        let mut chosen = ChosenRunbooks::of(arguments.runbooks.as_deref(), arguments.follow_links, None)?;
        let (library, index) = knowledge::indexed_whole(&mut chosen)?;
        let tried = Tried {
            examples: Some(examples::of(&library, &index)),
            notice: Some(notice(&chosen, &library)),
            is_empty: library.runbooks.is_empty(),
        };
        (team_channels(&library), tried)
    } else {
        let library = knowledge::library(ChosenRunbooks::Sample)?;
        (team_channels(&library), Tried::default())
    };
    // The bot reads the runbooks for itself: what was read for the examples is dropped by now.
    malloc::trim();
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    let result = runtime.block_on(both(arguments, tried, channels));
    // Tasks that still wait for a socket or a file must not delay the exit.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

/// The statement of the page about the runbooks of a folder.
#[derive(Debug, Default)]
struct Tried {
    /// Errors that can be tried; `None` for those of the sample pack.
    examples: Option<Vec<Example>>,
    /// The number of documents that were read, or the reasons why there is none.
    notice: Option<String>,
    /// True when there is no document: the bot serves, and waits for one.
    is_empty: bool,
}

/// Tells how many documents of a folder were read and skipped, or why there is none.
fn notice(chosen: &ChosenRunbooks, library: &Library) -> String {
    if library.runbooks.is_empty() {
        let why = chosen.nothing_to_read(library);
        return format!("Signpost has nothing to answer with: {why}\nNew files are read without a restart.");
    }
    counted(library.runbooks.len(), library.skipped.len())
}

/// Tells how many documents were read and skipped, in the words of `lint`.
fn counted(documents: usize, skipped: usize) -> String {
    let why = if skipped == 0 {
        ""
    } else {
        " (`signpost lint` says why)"
    };
    format!("{}{why}.", files::counted(documents, skipped))
}

/// Keeps the page's notice up to date: the bot reads the runbooks again when files change.
async fn keep_notice(status: &bot::Status, workspace: &Workspace) {
    let counts = |now: bot::Snapshot| (now.runbooks, now.skipped);
    let mut known = counts(status.get());
    loop {
        status.wait_for(|now| counts(now) != known).await;
        known = counts(status.get());
        workspace.set_notice(counted(known.0, known.1));
    }
}

/// Most channels of teams in the workspace.
const CHANNELS: usize = 20;

/// The names of the teams' channels, so that Escalate can be tried.
fn team_channels(library: &Library) -> Vec<String> {
    let teams = library.teams.values().filter(|team| team.routing.channel.is_none());
    let names = teams.filter_map(|team| team.comm.as_ref()?.0.trim().strip_prefix('#'));
    let is_name = |name: &&str| {
        let is_allowed = |c: char| c.is_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        !name.is_empty() && name.len() <= 80 && name.chars().all(is_allowed)
    };
    let names: BTreeSet<&str> = names
        .filter(is_name)
        .filter(|name| !matches!(*name, "support" | "alerts" | "random"))
        .collect();
    names.into_iter().take(CHANNELS).map(str::to_owned).collect()
}

/// Source of the examples on the page.
#[derive(Debug, Clone, Copy)]
enum Try {
    Sample,
    Own,
    Nothing,
}

impl Try {
    fn of(own: Option<&[Example]>) -> Try {
        match own {
            None => Try::Sample,
            Some([]) => Try::Nothing,
            Some(_) => Try::Own,
        }
    }
}

fn check_folder(folder: &Path) -> anyhow::Result<()> {
    let shown = folder.display();
    match std::fs::read_dir(folder) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("there is no folder {shown}; use --runbooks with the folder that contains your runbooks")
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            bail!("{shown} is a file; use --runbooks with its folder")
        }
        Err(error) => Err(error).with_context(|| format!("the folder {shown} cannot be read")),
    }
}

/// Runs the workspace and the bot until a signal arrives or the bot ends.
async fn both(arguments: &Arguments, tried: Tried, channels: Vec<String>) -> anyhow::Result<ExitCode> {
    let listener = bind(arguments.port).await?;
    let folder = tempfile::Builder::new().prefix("signpost-sandbox-").tempdir();
    let folder = folder.context("cannot create a temporary folder for the bot's state")?;
    let (shutdown, bot_shutdown) = (CancellationToken::new(), CancellationToken::new());
    let try_out = Try::of(tried.examples.as_deref());
    let options = Options {
        examples: tried.examples,
        notice: tried.notice.clone(),
        channels,
        ..Options::default()
    };
    let workspace = Workspace::start(listener, options, shutdown.clone());
    // Jenkins is served below /jenkins on the page's port anyway; this address has no context path.
    workspace.jenkins().serve(bind(0).await?);
    let settings = settings_for(&workspace, arguments, folder.path())?;
    serve::log(&settings.log)?;
    let parts = bot::Parts::default();
    let (status, hard) = (Arc::clone(&parts.status), parts.hard.clone());
    let mut bot = std::pin::pin!(bot::run(settings, parts, bot_shutdown.clone()));
    let url = workspace.url();
    let until_asked = async {
        // One listener for both: a signal that arrives while the address is printed would reach neither of two.
        let mut asked_to_end = std::pin::pin!(asked_to_end());
        tokio::select! {
            () = status.wait_for(|now| now.ready() || tried.is_empty && now.sockets > 0 && now.store) => {
                announce(&url, try_out, tried.notice.as_deref())?;
            }
            () = &mut asked_to_end => return Ok(()),
        }
        tokio::select! {
            () = keep_notice(&status, &workspace), if tried.notice.is_some() => {}
            () = &mut asked_to_end => {}
        }
        anyhow::Ok(())
    };
    let ended = tokio::select! {
        result = &mut bot => result.context("cannot run the bot in the local workspace"),
        asked = until_asked => {
            bot_shutdown.cancel();
            tokio::select! {
                result = &mut bot => asked.and(result.context("the bot failed")),
                () = tokio::time::sleep(PATIENCE) => { hard.cancel(); asked }
                () = asked_to_end() => { hard.cancel(); asked }
            }
        }
    };
    shutdown.cancel();
    let _ = tokio::time::timeout(PATIENCE, workspace.stopped()).await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

async fn bind(port: u16) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "port {port} is in use by another program; choose another with --port N, or use --port 0 to pick a free port"
        ),
        Err(error) => Err(error).with_context(|| format!("cannot listen on {address}")),
    }
}

/// Returns the bot's settings: the built-in ones, pointed at the workspace. The bot cannot tell it from Slack.
fn settings_for(workspace: &Workspace, arguments: &Arguments, folder: &Path) -> anyhow::Result<Settings> {
    let mut settings = settings::built_in()?;
    settings.slack.api_url = workspace.api_url();
    settings.slack.bot_token = Some(SIGNPOST_TOKEN.into());
    settings.slack.app_token = Some(SIGNPOST_APP_TOKEN.into());
    settings.slack.allowed_bots = vec![sandbox::ALERTBOT.to_owned(), "B0ALERTBOT".to_owned()];
    settings.runbooks.follow_links = arguments.follow_links;
    match &arguments.runbooks {
        Some(runbooks) => runbooks.clone_into(&mut settings.runbooks.dir),
        None => settings.links = sample_links(),
    }
    // Independent of the runbooks: a link to one of the jobs becomes a button.
    let token = sandbox::jenkins::token_of("signpost");
    settings.jobs = settings::jobs::sample(&workspace.jenkins_url(), &token.into())?;
    settings.oncall = settings::oncall::local(&workspace.oncall_url(), sandbox::ONCALL_TOKEN, sandbox::ROUTING_KEY)?;
    // The sample teams have their trackers there.
    settings.oncall.trackers = settings::oncall::trackers::local(
        &workspace.tracker_url(),
        "https://git.example.com",
        sandbox::TRACKER_TOKEN,
    )?;
    settings.store.path = folder.join("signpost.db");
    settings.http.listen = String::new();
    // A newcomer sees problems, not the bot's routine log.
    "warn".clone_into(&mut settings.log.level);
    Ok(settings)
}

/// Links a team would configure for the sample pack, with placeholders for values captured from the paste.
fn sample_links() -> Vec<LinkSettings> {
    let link = |title: &str, url: &str| LinkSettings {
        title: title.to_owned(),
        url: url.to_owned(),
    };
    vec![
        link(
            "Logs of this incident",
            "https://logs.example.com/search?q={incident_id}",
        ),
        link(
            "Dashboard of this carrier",
            "https://grafana.example.com/d/armada-ice?var-carrier={carrier}",
        ),
        link(
            "This location in the cluster list",
            "https://clusters.example.com/locations/{location_id}",
        ),
    ]
}

/// Completes on Ctrl-C or when the system asks the process to end.
async fn asked_to_end() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// Prints the address to stdout, for programs, and what to try to stderr, for people.
#[expect(clippy::print_stderr, reason = "what a person who started it should try")]
fn announce(url: &str, try_out: Try, notice: Option<&str>) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{url}")
        .and_then(|()| out.flush())
        .context("cannot write the URL to stdout")?;
    let (examples, jobs) = match try_out {
        Try::Sample => (
            ", or try one of the examples there",
            "paste the Satellite Link alert, or say @signpost jobs",
        ),
        Try::Own => (", or try one of the examples from your runbooks", "say @signpost jobs"),
        Try::Nothing => (" that your runbooks cover", "say @signpost jobs"),
    };
    if let Some(notice) = notice {
        eprintln!("{notice}");
    }
    eprintln!(
        "Open {url} and paste an error into #support{examples}.\n\
         In a channel, the bot only answers when it is sure. Mention @signpost to always get an answer. Start with: @signpost help\n\
         Jobs run in a local Jenkins at {url}/jenkins: {jobs}\n\
         {url}/oncall shows who would have been paged; no one is actually paged\n\
         {url}/tracker shows the issues that Escalate creates\n\
         Slack clients can connect too, with the base URL {url}/api/. Ctrl-C ends it."
    );
    Ok(())
}
