//! `signpost render`

use std::process::ExitCode;

use clap::Args;

/// Show the Slack messages that topics render to.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
