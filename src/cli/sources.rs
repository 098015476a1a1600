//! The `signpost sources` command: the sources of the runbooks that are fetched, and what an operator does with them.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};

use crate::bot::{self, FetchedSource, GuardedFetch};
use crate::clock::SystemClock;
use crate::settings;

/// List the git repositories and wikis that runbooks come from, fetch them, or accept a change that was held back.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder with `local.toml` [default: ./config, if it exists].
    #[arg(long, value_name = "DIR", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<SourcesCommand>,
}

#[derive(Debug, Subcommand)]
enum SourcesCommand {
    /// List the sources with their versions. The default.
    List,
    /// Fetch all sources now, as the bot does at intervals. Exits with 1 if a fetch fails or a change is held back.
    Fetch,
    /// Accept the version of a source that was held back because it removes too many documents. The next fetch uses it.
    Accept {
        /// Id of the source.
        id: String,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let settings = match arguments.command {
        Some(SourcesCommand::Fetch) => settings::load_for_runbooks(arguments.config.as_deref())?,
        _ => settings::load_without_secrets(arguments.config.as_deref())?,
    };
    let sources = bot::fetched_sources(&settings);
    if sources.is_empty() {
        bail!("the settings name no git repository and no wiki; add one as [[runbooks.sources]] in local.toml");
    }
    match &arguments.command {
        None | Some(SourcesCommand::List) => list(&sources),
        Some(SourcesCommand::Fetch) => fetch(&sources),
        Some(SourcesCommand::Accept { id }) => accept(&sources, id),
    }
}

fn list(sources: &[Arc<FetchedSource>]) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for source in sources {
        match source.state().current() {
            Some(current) => writeln!(out, "{}: {} of {}", source.id, current.version, current.at)?,
            None => writeln!(out, "{}: not fetched yet", source.id)?,
        }
        if let Some(held) = source.state().held() {
            writeln!(
                out,
                "{}: {} has been held back since {}: it removes {} of {} documents",
                source.id, held.version, held.since, held.removed, held.documents
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn fetch(sources: &[Arc<FetchedSource>]) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut is_well = true;
    for source in sources {
        let mut out = std::io::stdout().lock();
        match runtime.block_on(source.fetch(&SystemClock)) {
            Ok(GuardedFetch::Unchanged(now)) => writeln!(out, "{}: unchanged at {}", source.id, now.version)?,
            Ok(GuardedFetch::Adopted(now)) => writeln!(out, "{}: now at {}", source.id, now.version)?,
            Ok(GuardedFetch::Held(held)) => {
                is_well = false;
                writeln!(
                    out,
                    "{}: {} is held back because it removes {} of {} documents; run `signpost sources accept {}` to accept it",
                    source.id, held.version, held.removed, held.documents, source.id
                )?;
            }
            Err(cause) => {
                is_well = false;
                writeln!(out, "{}: cannot be fetched: {cause}", source.id)?;
            }
        }
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn accept(sources: &[Arc<FetchedSource>], id: &str) -> anyhow::Result<ExitCode> {
    let Some(source) = sources.iter().find(|source| source.id == id) else {
        let ids: Vec<&str> = sources.iter().map(|source| source.id.as_str()).collect();
        bail!("there is no source `{id}`; the settings have {}", ids.join(", "));
    };
    let Some(held) = source.state().accept()? else {
        bail!("no change of `{id}` is held back");
    };
    writeln!(
        std::io::stdout().lock(),
        "{id}: {} is accepted; the next fetch uses it",
        held.version
    )?;
    Ok(ExitCode::SUCCESS)
}
