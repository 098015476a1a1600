//! `signpost match`

use std::process::ExitCode;

use clap::Args;

/// Match one paste against the runbooks.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
