//! The command line: arguments in, an exit code out. A command a file.

mod audit;
mod case;
mod doctor;
mod eval;
#[cfg(feature = "sandbox")]
mod examples;
mod explain;
mod inbox;
mod input;
mod knowledge;
mod lint;
mod listing;
mod manifest;
mod matching;
mod render;
mod replay;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod shadow;
mod sources;
mod store;
mod terminal;
mod understood;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Exit code for bad use or bad input.
pub const BAD_INPUT: u8 = 2;

/// Recognises pasted errors in your team's own runbooks and answers in the thread.
#[derive(Debug, Parser)]
#[command(name = "signpost", version, about)]
pub struct Arguments {
    #[command(subcommand)]
    command: CliCommand,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    Serve(serve::Arguments),
    Doctor(doctor::Arguments),
    Audit(audit::Arguments),
    Case(case::Arguments),
    Inbox(inbox::Arguments),
    Shadow(shadow::Arguments),
    Store(store::Arguments),
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Arguments),
    Match(matching::Arguments),
    Render(render::Arguments),
    Eval(eval::Arguments),
    Replay(replay::Arguments),
    Lint(lint::Arguments),
    Sources(sources::Arguments),
    Manifest(manifest::Arguments),
}

/// Runs the command that the arguments name.
///
/// # Errors
///
/// Whatever kept the command from running; printed by `main` with exit code 2.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        CliCommand::Serve(arguments) => serve::run(&arguments),
        CliCommand::Audit(arguments) => audit::run(&arguments),
        CliCommand::Case(arguments) => case::run(&arguments),
        CliCommand::Inbox(arguments) => inbox::run(&arguments),
        CliCommand::Shadow(arguments) => shadow::run(&arguments),
        CliCommand::Store(arguments) => store::run(&arguments),
        CliCommand::Doctor(arguments) => doctor::run(&arguments),
        #[cfg(feature = "sandbox")]
        CliCommand::Sandbox(arguments) => sandbox::run(&arguments),
        CliCommand::Match(arguments) => matching::run(&arguments),
        CliCommand::Render(arguments) => render::run(&arguments),
        CliCommand::Eval(arguments) => eval::run(&arguments),
        CliCommand::Replay(arguments) => replay::run(&arguments),
        CliCommand::Lint(arguments) => lint::run(&arguments),
        CliCommand::Sources(arguments) => sources::run(&arguments),
        CliCommand::Manifest(arguments) => manifest::run(&arguments),
    }
}
