//! `signpost match`: one paste → the reply as a terminal shows it, or JSON.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::{explain, knowledge};
use crate::matching::Match;
use crate::respond::{self, Responder};
use crate::runbook::{self, Library};

/// Match one paste against the runbooks.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder of runbooks; without it, the sample pack.
    #[arg(long, value_name = "DIR")]
    runbooks: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Say why: the evidence of each candidate and its weight, the runner-up and its distance, what was missing.
    #[arg(long)]
    explain: bool,
    /// Rank as for somebody who asks, not as for a message that nobody asked about.
    #[arg(long)]
    asked: bool,
    /// A file with the paste; `-` or nothing reads standard input.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let text = paste(arguments.file.as_ref())?;
    let (library, index) = knowledge::indexed(arguments.runbooks.as_deref())?;
    let outcome = if arguments.asked {
        index.search(&text)
    } else {
        index.find(&text)
    };
    let explanation = arguments.explain.then(|| index.explain(&text, arguments.asked));
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let list = |matches: &[Match]| matches.iter().map(|m| as_json(&library, m)).collect::<Vec<_>>();
        let mut said = json!({ "matches": list(&outcome.matches), "near": list(&outcome.near) });
        if let (Some(explanation), Some(said)) = (&explanation, said.as_object_mut()) {
            said.insert("explanation".to_owned(), explain::as_json(&library, explanation));
        }
        writeln!(out, "{said}")?;
    } else if let Some(explanation) = &explanation {
        write!(out, "{}", explain::as_text(&library, explanation))?;
    } else {
        let responder = Responder::new(None, respond::Options::default())?;
        let reply = responder
            .answer(&library, &outcome, true)
            .unwrap_or_else(|| responder.nothing_found());
        writeln!(out, "{}", respond::to_text(&reply).trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The paste; bytes that are no text are replaced, for a paste with a stray byte is still an error to recognise.
fn paste(file: Option<&PathBuf>) -> anyhow::Result<String> {
    let bytes = match file {
        Some(path) if path.as_os_str() != "-" => {
            std::fs::read(path).with_context(|| format!("cannot read the paste {}", path.display()))?
        }
        _ => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .context("cannot read the paste from standard input")?;
            bytes
        }
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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
    })
}
