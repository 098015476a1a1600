//! `signpost lint`

use std::process::ExitCode;

use clap::Args;

/// Report what is wrong in a runbook folder.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
