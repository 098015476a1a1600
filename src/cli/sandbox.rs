//! `signpost sandbox`

use std::process::ExitCode;

use clap::Args;

/// Try the bot in the built-in local workspace: no account, no token, no network.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
