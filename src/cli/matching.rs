//! `signpost match`: one paste → the reply as a terminal shows it, or JSON.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::knowledge::ChosenRunbooks;
use super::terminal::{redact_json, redacted};
use super::{explain, input, knowledge};
use crate::addresses::{self, Addresses};
use crate::matching::{Match, Occurrence, Outcome};
use crate::respond::{self, Responder};
use crate::runbook::{self, Library};

/// Match one paste against the runbooks.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The runbook folder [default: the sample pack].
    #[arg(long, value_name = "DIR")]
    runbooks: Option<PathBuf>,
    /// Follow links in the folder, even to places outside it.
    #[arg(long, requires = "runbooks")]
    follow_links: bool,
    /// Folder with `local.toml`: use the runbooks from all sources in its settings.
    #[arg(long, value_name = "DIR", conflicts_with = "runbooks")]
    config: Option<PathBuf>,
    /// Address at which the folder is published, to find its runbooks by links [default: that of the settings].
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Explain the result: the evidence of each candidate and its weight, the runner-up and its distance, and what was missing.
    #[arg(long)]
    explain: bool,
    /// Rank as if the bot was mentioned.
    #[arg(long)]
    asked: bool,
    /// Show secrets as they are, instead of marks such as `[redacted: password]`.
    #[arg(long)]
    show_secrets: bool,
    /// A file with the paste; `-` or no file reads standard input. Only the first MiB is used.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let text = input::paste(arguments.file.as_deref())?;
    let chosen = ChosenRunbooks::of(
        arguments.runbooks.as_deref(),
        arguments.follow_links,
        arguments.config.as_deref(),
    )?;
    let base_url = arguments.base_url.clone().or_else(|| chosen.base_url());
    let (library, index) = knowledge::indexed(chosen)?;
    let addresses = Addresses::of(&library, base_url.as_deref());
    let search = || {
        let mut outcome = index.search(&text);
        addresses.asked(&library, &text, &mut outcome);
        outcome
    };
    let outcome = if arguments.asked {
        search()
    } else {
        let mut outcome = index.find(&text);
        // A paste may be the text of an alert bot, whose links to runbooks are certain.
        addresses.lead(&library, &text, false, &mut outcome);
        outcome
    };
    let harmless = |outcome: Outcome| {
        let list = |matches: Vec<Match>| matches.into_iter().map(Match::with_harmless_values).collect();
        match outcome {
            outcome if arguments.show_secrets => outcome,
            Outcome { matches, near } => Outcome {
                matches: list(matches),
                near: list(near),
            },
        }
    };
    let outcome = harmless(outcome);
    let explanation = arguments.explain.then(|| index.explain(&text, arguments.asked));
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let list = |matches: &[Match]| matches.iter().map(|m| as_json(&library, m)).collect::<Vec<_>>();
        let mut said = json!({ "matches": list(&outcome.matches), "near": list(&outcome.near) });
        if let (Some(explanation), Some(said)) = (&explanation, said.as_object_mut()) {
            said.insert("explanation".to_owned(), explain::as_json(&library, explanation));
        }
        redact_json(&mut said, arguments.show_secrets);
        writeln!(out, "{said}")?;
    } else if let Some(explanation) = &explanation {
        if let Some(found) = outcome.matches.first().filter(|found| addresses::is_linked(found)) {
            let runbook = library.runbook(found.topic).map_or("", |runbook| &runbook.path);
            writeln!(
                out,
                "The text links to {runbook}, so that is the answer, whatever else the text says.\n"
            )?;
        }
        let text = explain::as_text(&library, explanation);
        write!(out, "{}", redacted(&text, arguments.show_secrets))?;
    } else {
        let responder = Responder::new(
            None,
            respond::ResponderOptions {
                // Among several sources, each gives its documents their addresses.
                base_url: base_url.filter(|_| library.sources.is_empty()),
                ..respond::ResponderOptions::default()
            },
        )?;
        let is_silent = !arguments.asked && outcome.matches.is_empty();
        let outcome = if is_silent { harmless(search()) } else { outcome };
        if is_silent {
            writeln!(
                out,
                "The bot would not answer in a channel. If mentioned, it would reply:\n"
            )?;
        }
        let reply = responder
            .answer(&library, &outcome, true)
            .unwrap_or_else(|| responder.nothing_found());
        let text = respond::to_text(&reply);
        writeln!(out, "{}", redacted(text.trim_end(), arguments.show_secrets))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A match as programs read it; the shape is a contract (docs/design.md).
fn as_json(library: &Library, found: &Match) -> Value {
    json!({
        "runbook": library.runbook(found.topic).map(|runbook| &runbook.path),
        "section": library.section(found.topic).map(runbook::Section::name),
        "confidence": (f64::from(found.confidence) * 1000.0).round() / 1000.0,
        "answered": found.answered,
        "evidence": found.evidence,
        "captures": found.captures,
        "occurrences": found.occurrences.iter().map(occurrence_as_json).collect::<Vec<_>>(),
    })
}

/// One of several places that show the same error: its line, and its own values in the form of the match's `captures`.
fn occurrence_as_json(occurrence: &Occurrence) -> Value {
    let mut captures: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in &occurrence.values {
        captures.entry(name).or_default().push(value);
    }
    json!({ "line": occurrence.line, "captures": captures })
}
