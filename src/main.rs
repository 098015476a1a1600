//! Arguments → a command → an exit code.

use std::process::ExitCode;

use clap::Parser as _;

#[expect(
    clippy::print_stderr,
    reason = "the last word to a person whose command could not run"
)]
fn main() -> ExitCode {
    match signpost::cli::run(signpost::cli::Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("signpost: {error:#}");
            ExitCode::from(signpost::cli::BAD_INPUT)
        }
    }
}
