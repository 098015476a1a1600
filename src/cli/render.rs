//! The `signpost render` command: the Slack messages that topics render to, for people and for validators.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::knowledge::{self, ChosenRunbooks};
use super::terminal::{redact_json, redacted};
use super::understood;
use crate::command::{Resolution, resolve};
use crate::respond::{Responder, show_command, to_text};
use crate::runbook::{Library, TopicId};
use crate::slack::blocks::{self, RenderedMessage};

/// Maximum number of names offered when none fits.
const OFFERED: usize = 5;

/// Show the Slack messages that topics render to.
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
    /// Render every topic.
    #[arg(long, conflicts_with_all = ["runbook", "section"])]
    all: bool,
    /// Print one JSON object per line: `{"runbook", "section", "messages": [{"blocks", "text", "plain_blocks"}]}`. A workspace
    /// that refuses a kind of block gets `plain_blocks`.
    #[arg(long)]
    json: bool,
    /// Write a page to this file that shows how documents were understood, beside their source: every document, or the one
    /// that RUNBOOK names.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "section"])]
    html: Option<PathBuf>,
    /// Show secrets as they are, instead of marks such as `[redacted: password]`.
    #[arg(long)]
    show_secrets: bool,
    /// Path, file name, name or title of a runbook.
    #[arg(value_name = "RUNBOOK")]
    runbook: Option<String>,
    /// Heading of a section.
    #[arg(value_name = "SECTION")]
    section: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.runbook.is_none() && !arguments.all && arguments.html.is_none() {
        anyhow::bail!(
            "render needs a runbook: `signpost render RUNBOOK [SECTION]` shows one, `signpost render --all` shows every one; \
             `signpost render --html FILE` writes a page that shows how they were understood; RUNBOOK is a path, a file name, a \
             name or a title, such as armada-api-login"
        );
    }
    let library = knowledge::library(ChosenRunbooks::of(
        arguments.runbooks.as_deref(),
        arguments.follow_links,
        arguments.config.as_deref(),
    )?)?;
    let responder = Responder::new(None, crate::respond::ResponderOptions::default())?;
    if let Some(file) = &arguments.html {
        return understood_page(arguments, file, &library, &responder);
    }
    let topics = match &arguments.runbook {
        Some(runbook) => vec![one(&library, runbook, arguments.section.as_deref())?],
        None => every(&library),
    };
    let bar = knowledge::progress("topics rendered");
    bar.set_length(topics.len() as u64);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for id in topics {
        let (Some(runbook), Some(section)) = (library.runbook(id), library.section(id)) else {
            continue;
        };
        let reply = responder.show(&library, id);
        let written = if arguments.json {
            let messages: Vec<Value> = blocks::render(&reply).iter().map(both_forms).collect();
            let mut line = json!({ "runbook": runbook.path, "section": section.name(), "messages": messages });
            redact_json(&mut line, arguments.show_secrets);
            writeln!(out, "{line}")
        } else {
            let border = if arguments.all { "\n========\n\n" } else { "\n" };
            let text = to_text(&reply);
            write!(out, "{}{border}", redacted(&text, arguments.show_secrets))
        };
        match written {
            // `signpost render --all | head` closes the pipe early, which is not an error.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            other => other?,
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    match out.flush() {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Writes the page of `--html`.
fn understood_page(
    arguments: &Arguments,
    file: &Path,
    library: &Library,
    responder: &Responder,
) -> anyhow::Result<ExitCode> {
    let documents: Vec<usize> = match &arguments.runbook {
        Some(runbook) => vec![one(library, runbook, None)?.runbook],
        None => (0..library.runbooks.len()).collect(),
    };
    let unwritable = || format!("{} cannot be written", file.display());
    let mut page = std::io::BufWriter::new(std::fs::File::create(file).with_context(unwritable)?);
    understood::page(library, responder, &documents, arguments.show_secrets, &mut page)?;
    page.flush().with_context(unwritable)?;
    let count = documents.len();
    let documents = if count == 1 { "document" } else { "documents" };
    writeln!(std::io::stdout().lock(), "{count} {documents}: {}", file.display())?;
    Ok(ExitCode::SUCCESS)
}

/// A message in Slack's own shapes, and in the form for workspaces that refuse them.
fn both_forms(message: &RenderedMessage) -> Value {
    let shaped = blocks::shaped(&message.blocks, &message.shapes, |_| false);
    json!({"blocks": shaped, "text": message.text, "plain_blocks": message.blocks})
}

fn every(library: &Library) -> Vec<TopicId> {
    let runbooks = library.runbooks.iter().enumerate();
    runbooks
        .flat_map(|(index, runbook)| {
            runbook.titles().map(move |(section, _)| TopicId {
                runbook: index,
                section,
            })
        })
        .collect()
}

fn one(library: &Library, runbook: &str, section: Option<&str>) -> anyhow::Result<TopicId> {
    let asked = section.map_or_else(|| runbook.to_owned(), |section| format!("{runbook} {section}"));
    match resolve(library, runbook, section) {
        Resolution::Found(id) => Ok(id),
        Resolution::Ambiguous(ids) => {
            let names = ids.iter().take(OFFERED * 2).map(|id| command(library, *id));
            anyhow::bail!("`{asked}` matches {} topics; choose one:\n{}", ids.len(), list(names))
        }
        Resolution::Nothing => match resolve(library, runbook, None) {
            Resolution::Found(id) if section.is_some() => {
                let ids = every(library)
                    .into_iter()
                    .filter(|other| other.runbook == id.runbook && other.section != 0);
                let near = nearest(section.unwrap_or_default(), ids.map(|id| (name(library, id), id)));
                anyhow::bail!(
                    "no section `{}` in {}; the closest:\n{}",
                    section.unwrap_or_default(),
                    library.runbook(id).map_or("the runbook", |runbook| &runbook.path),
                    list(near.into_iter().map(|id| command(library, id)))
                )
            }
            _ => {
                let books = library.runbooks.iter().enumerate();
                let names = books.flat_map(|(index, book)| {
                    let id = TopicId {
                        runbook: index,
                        section: 0,
                    };
                    let file = book.path.rsplit('/').next().unwrap_or(&book.path);
                    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
                    [(stem.to_owned(), id), (book.path.clone(), id), (book.title.clone(), id)]
                });
                let near = nearest(runbook, names);
                anyhow::bail!(
                    "no runbook `{runbook}`; the closest:\n{}",
                    list(near.into_iter().map(|id| command(library, id)))
                )
            }
        },
    }
}

fn name(library: &Library, id: TopicId) -> String {
    library
        .section(id)
        .map(|section| section.heading.clone())
        .unwrap_or_default()
}

/// Arguments of `signpost render` that name the topic: `RUNBOOK [SECTION]`.
fn command(library: &Library, id: TopicId) -> String {
    show_command(library, id).replacen("show ", "", 1)
}

fn list(names: impl Iterator<Item = String>) -> String {
    names.map(|name| format!("  {name}")).collect::<Vec<_>>().join("\n")
}

fn nearest(asked: &str, names: impl Iterator<Item = (String, TopicId)>) -> Vec<TopicId> {
    let asked = asked.to_lowercase();
    let mut ranked: Vec<(bool, f64, TopicId)> = names
        .map(|(name, id)| {
            let name = name.to_lowercase();
            (name.contains(&asked), strsim::jaro_winkler(&asked, &name), id)
        })
        .collect();
    ranked.sort_by(|left, right| right.0.cmp(&left.0).then(right.1.total_cmp(&left.1)));
    let mut out: Vec<TopicId> = Vec::new();
    for (_, _, id) in ranked {
        if !out.contains(&id) {
            out.push(id);
        }
        if out.len() == OFFERED {
            break;
        }
    }
    out
}
