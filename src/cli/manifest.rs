//! `signpost manifest`

use std::io::Write as _;
use std::process::ExitCode;

use clap::Args;

const MANIFEST: &str = include_str!("../../deploy/slack-manifest.yaml");

/// Print the manifest to create the Slack app from.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments) -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(MANIFEST.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
