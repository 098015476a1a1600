//! `signpost serve`

use std::process::ExitCode;

use clap::Args;

/// Run the bot against Slack.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
