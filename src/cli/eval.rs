//! `signpost eval`

use std::process::ExitCode;

use clap::Args;

/// Measure matching on a labelled set of pastes.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
