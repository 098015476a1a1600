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
        // The reader of our output has seen enough (`| head`): that is no failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("signpost: {error:#}");
            ExitCode::from(signpost::cli::BAD_INPUT)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}
