//! `signpost doctor`

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::{bot, settings};

/// Check settings, runbooks, tokens, the connection to Slack, and Jenkins with its jobs. Exits with 1 when something is missing.
///
/// Starts no job, and posts nothing unless --probe names a channel.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder with `local.toml` and `jobs.toml` [default: ./config, if it exists].
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Post a message in this channel (an id: C…), look it up as after a crash, and delete it.
    #[arg(long, value_name = "CHANNEL")]
    probe: Option<String>,
    /// Print one JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let settings = settings::load(arguments.config.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let checks = runtime.block_on(bot::examine(&settings, arguments.probe.as_deref()));
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or_default()
        .max(8);
    let mut out = std::io::stdout().lock();
    for check in &checks {
        if arguments.json {
            writeln!(out, "{}", serde_json::to_string(check)?)?;
        } else {
            writeln!(
                out,
                "{:<8} {:<width$} {}",
                if check.ok { "ok" } else { "FAILED" },
                check.name,
                check.found
            )?;
        }
    }
    let healthy = checks.iter().all(|check| check.ok);
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
