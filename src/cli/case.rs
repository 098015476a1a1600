//! `signpost case`: a case with everything that happened, for hand-over.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::knowledge::{self, ChosenRunbooks};
use crate::bot::Handover;
use crate::runbook::Library;
use crate::settings;
use crate::store::{self, StoreLocation};

/// Print the history of a case for hand-over: the error, the runbook, and who did what. Works while the bot is running.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The case's id from `signpost audit`, or a link to a message in its thread.
    #[arg(value_name = "ID|LINK")]
    case: String,
    /// Folder with `local.toml` and `jobs.toml` [default: ./config, if it exists].
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Print Markdown (the default).
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let location = StoreLocation::from(&settings::load_store(arguments.config.as_deref())?);
    let registry = settings::jobs::registry(arguments.config.as_deref())?.unwrap_or_default();
    let thread = thread_of(&arguments.case);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = thread.as_ref().map(|(channel, ts)| (channel.as_str(), ts.as_str()));
    let found = runtime.block_on(store::case_with_runs(&location, &arguments.case, thread))?;
    let Some((case, runs)) = found else {
        bail!(
            "no case {} was found; it may have expired (store.retention_days), or its message was deleted",
            arguments.case
        );
    };
    let library = runbooks(arguments.config.as_deref());
    let handover = Handover::of(&case, &runs, &registry, library.as_ref())
        .context("the case was saved by a different version of signpost")?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&handover)?)?;
    } else {
        write!(out, "{}", handover.markdown())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The runbooks of the settings, for titles and steps. Without them the case is printed all the same.
fn runbooks(config: Option<&Path>) -> Option<Library> {
    let read = || {
        let settings = settings::load_without_secrets(config)?;
        knowledge::library(ChosenRunbooks::of_settings(&settings))
    };
    read()
        .inspect_err(|cause| {
            let mut out = std::io::stderr().lock();
            let _ = writeln!(
                out,
                "The runbooks can't be read, so steps are shown by number only: {cause:#}"
            );
        })
        .ok()
}

/// Channel and thread of a message's link: `…/archives/C0123/p1764500000000100?thread_ts=1764500000.000100`.
fn thread_of(link: &str) -> Option<(String, String)> {
    let (_, path) = link.split_once("/archives/")?;
    let (channel, rest) = path.split_once('/')?;
    let (message, query) = rest.split_once('?').unwrap_or((rest, ""));
    let thread = query.split('&').find_map(|pair| pair.strip_prefix("thread_ts="));
    if let Some(ts) = thread {
        return Some((channel.to_owned(), ts.to_owned()));
    }
    let digits = message.strip_prefix('p')?;
    let split = digits.len().checked_sub(6)?;
    let ts = format!("{}.{}", digits.get(..split)?, digits.get(split..)?);
    Some((channel.to_owned(), ts))
}

#[cfg(test)]
mod tests {
    use super::thread_of;

    #[test]
    fn links_name_a_thread() {
        for (link, expected) in [
            (
                "https://x.slack.com/archives/C1/p1764500000000100",
                Some(("C1", "1764500000.000100")),
            ),
            (
                "https://x.slack.com/archives/C1/p1764500000000200?thread_ts=1764500000.000100&cid=C1",
                Some(("C1", "1764500000.000100")),
            ),
            ("T1:C1:1764500000.000100", None),
            ("https://x.slack.com/archives/C1/pé", None),
        ] {
            let found = thread_of(link);
            let found = found.as_ref().map(|(channel, ts)| (channel.as_str(), ts.as_str()));
            assert_eq!(found, expected, "{link}");
        }
    }
}
