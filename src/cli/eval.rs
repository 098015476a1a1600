//! `signpost eval`: the quality of matching, measured on a labelled set.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::knowledge::ChosenRunbooks;
use super::{input, knowledge};
use crate::matching::{Account, Index, IndexOptions, Match};
use crate::runbook::Library;

/// Measure matching on a labelled set of pastes.
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
    /// The labelled set: one JSON object per line with id, text, expect, expect_anchor and kind.
    #[arg(long, value_name = "FILE.jsonl")]
    cases: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write one line per case: the answer and the reason.
    #[arg(long, value_name = "OUT.jsonl")]
    details: Option<PathBuf>,
    /// Match each labelled error against the runbooks without those that it expects, and count every answer as false. The
    /// other cases are left out.
    #[arg(long)]
    without_expected: bool,
    /// Exit with 1 when a share falls below a number between 0 and 1: top1, top3 or answered_correct (of the positives),
    /// section_correct (of the sections). Can be repeated.
    #[arg(long, value_name = "NAME=SHARE")]
    fail_under: Vec<String>,
    /// Exit with 1 when a count rises above a number: answered_wrong, abstained, false_answers. Can be repeated.
    #[arg(long, value_name = "NAME=COUNT")]
    fail_over: Vec<String>,
}

/// A labelled paste.
#[derive(Debug, Deserialize)]
struct LabelledCase {
    id: String,
    text: String,
    #[serde(default)]
    expect: Expected,
    #[serde(default)]
    expect_anchor: Option<String>,
    #[serde(default)]
    kind: String,
}

/// The runbooks that are right for a paste; none for a paste that must not be answered.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Expected {
    #[default]
    Nothing,
    One(String),
    Any(Vec<String>),
}

impl Expected {
    fn is_nothing(&self) -> bool {
        matches!(self, Expected::Nothing) || matches!(self, Expected::Any(paths) if paths.is_empty())
    }

    fn holds(&self, path: &str) -> bool {
        match self {
            Expected::Nothing => false,
            Expected::One(one) => one == path,
            Expected::Any(any) => any.iter().any(|one| one == path),
        }
    }

    fn paths(&self) -> Vec<&str> {
        match self {
            Expected::Nothing => Vec::new(),
            Expected::One(one) => vec![one],
            Expected::Any(any) => any.iter().map(String::as_str).collect(),
        }
    }
}

/// Counts, for all cases and for each kind.
#[derive(Debug, Default, Clone, Serialize)]
struct Counts {
    positives: usize,
    top1: usize,
    top3: usize,
    answered_correct: usize,
    answered_wrong: usize,
    abstained: usize,
    section_correct: usize,
    sections: usize,
    negatives: usize,
    false_answers: usize,
}

#[derive(Debug, Serialize)]
struct Report {
    documents: usize,
    signatures: usize,
    #[serde(flatten)]
    counts: Counts,
    kinds: BTreeMap<String, Counts>,
    latency_us: Latency,
    load_ms: u64,
}

#[derive(Debug, Serialize)]
struct Latency {
    p50: u64,
    p99: u64,
}

/// The results for one case, with its time.
struct Judged {
    case: LabelledCase,
    /// The answers, best first, and the near misses.
    answered: Vec<Found>,
    near: Vec<Found>,
    /// All candidates as when somebody asks, best first.
    ranked: Vec<Found>,
    /// The best candidate with its runbook, when details are written; its silence is that of the rules alone, whatever
    /// its confidence.
    best: Option<(Option<String>, Account)>,
    time: Duration,
}

/// A match with the names of its place, which outlive its library.
struct Found {
    runbook: String,
    /// The section's heading as people read it, and as the document writes it.
    section: String,
    heading: String,
    matched: Match,
}

impl Found {
    fn all(library: &Library, found: Vec<Match>) -> Vec<Found> {
        let named = |found: Match| {
            let section = library.section(found.topic);
            Found {
                runbook: library
                    .runbook(found.topic)
                    .map_or_else(String::new, |runbook| runbook.path.clone()),
                section: section.map_or_else(String::new, |section| section.name().to_owned()),
                heading: section.map_or_else(String::new, |section| section.heading.clone()),
                matched: found,
            }
        };
        found.into_iter().map(named).collect()
    }

    /// The best place of each runbook, in order of rank.
    fn ranked(library: &Library, found: Vec<Match>) -> Vec<Found> {
        let mut seen = BTreeSet::new();
        let mut ranked = Self::all(library, found);
        ranked.retain(|found| seen.insert(found.matched.topic.runbook));
        ranked
    }

    /// Returns true when the section is the one that a label names.
    fn is_named(&self, anchor: &str) -> bool {
        [&self.section, &self.heading].iter().any(|name| *name == anchor.trim())
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let limits = Thresholds::parse(arguments)?;
    let cases = read_cases(&arguments.cases)?;
    let start = Instant::now();
    let chosen = ChosenRunbooks::of(
        arguments.runbooks.as_deref(),
        arguments.follow_links,
        arguments.config.as_deref(),
    )?;
    let (library, signatures) = knowledge::with_signatures(chosen)?;
    let index = signatures.index(&library, &IndexOptions::default());
    let load = start.elapsed();
    warn_of_unknown_paths(&library, &cases);

    let bar = knowledge::progress("cases");
    bar.set_length(cases.len() as u64);
    let unbound = |library: &Library| {
        let options = IndexOptions { answer: 0.0 };
        let details = arguments.details.is_some();
        details.then(|| signatures.index(library, &options))
    };
    let whole = unbound(&library);
    let mut judged = Vec::with_capacity(cases.len());
    for mut case in cases {
        if !arguments.without_expected {
            judged.push(Judged::new(&library, &index, whole.as_ref(), case));
        } else if !case.expect.is_nothing() {
            let others = without(&library, &case.expect);
            case.expect = Expected::Nothing;
            let index = signatures.index(&others, &IndexOptions::default());
            judged.push(Judged::new(&others, &index, unbound(&others).as_ref(), case));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();

    if let Some(path) = &arguments.details {
        write_details(path, &judged).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let report = report(&library, &index, &judged, load);
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        write!(out, "{}", table(&report))?;
    }
    Ok(limits.verdict(&report.counts))
}

/// The library without the runbooks that are right for a paste.
fn without(library: &Library, expect: &Expected) -> Library {
    let others = library.runbooks.iter().filter(|runbook| !expect.holds(&runbook.path));
    Library {
        runbooks: others.cloned().collect(),
        data: Arc::clone(&library.data),
        ..Library::default()
    }
}

fn read_cases(path: &Path) -> anyhow::Result<Vec<LabelledCase>> {
    let mut cases: Vec<LabelledCase> = Vec::new();
    input::lines(path, |number, line| {
        let mut case: LabelledCase = serde_json::from_str(line).with_context(|| {
            format!(
                "{}:{number}: not a case (an object with id, text, expect, kind)",
                path.display()
            )
        })?;
        if input::cut(&mut case.text) {
            input::note(&format!(
                "{}:{number}: only the first MiB of the text of case {} is used, as in the bot",
                path.display(),
                case.id
            ));
        }
        cases.push(case);
        Ok(())
    })?;
    if cases.is_empty() {
        bail!("{} contains no cases; write one JSON object per line", path.display());
    }
    Ok(cases)
}

#[expect(clippy::print_stderr, reason = "a warning beside the data on standard output")]
fn warn_of_unknown_paths(library: &Library, cases: &[LabelledCase]) {
    let known: std::collections::HashSet<&str> = library.runbooks.iter().map(|runbook| runbook.path.as_str()).collect();
    for case in cases {
        for path in case.expect.paths().into_iter().filter(|path| !known.contains(path)) {
            eprintln!(
                "warning: case {} expects {path}, which is not in the runbook folder",
                case.id
            );
        }
    }
}

impl Judged {
    /// Asks one case. `unbound`, when details are written, is the same index with a threshold of 0.
    fn new(library: &Library, index: &Index, unbound: Option<&Index>, case: LabelledCase) -> Judged {
        let start = Instant::now();
        let found = index.find(&case.text);
        let time = start.elapsed();
        let asked = index.search(&case.text);
        let best = unbound.map(|index| index.explain(&case.text, false).candidates.into_iter().next());
        let path = |account: &Account| library.runbook(account.topic).map(|runbook| runbook.path.clone());
        Judged {
            case,
            answered: Found::all(library, found.matches),
            near: Found::all(library, found.near),
            ranked: Found::ranked(library, asked.matches.into_iter().chain(asked.near).collect()),
            best: best.flatten().map(|account| (path(&account), account)),
            time,
        }
    }

    fn count(&self, counts: &mut Counts) {
        let answer = self.answered.first();
        if self.case.expect.is_nothing() {
            counts.negatives += 1;
            counts.false_answers += usize::from(answer.is_some());
            return;
        }
        counts.positives += 1;
        let right = |found: &Found| self.case.expect.holds(&found.runbook);
        match answer {
            None => counts.abstained += 1,
            Some(found) if right(found) => counts.answered_correct += 1,
            Some(_) => counts.answered_wrong += 1,
        }
        counts.top1 += usize::from(self.ranked.first().is_some_and(right));
        counts.top3 += usize::from(self.ranked.iter().take(3).any(right));
        if let Some(anchor) = &self.case.expect_anchor {
            counts.sections += 1;
            let same = |found: &Found| right(found) && found.is_named(anchor);
            counts.section_correct += usize::from(self.ranked.first().is_some_and(same));
        }
    }
}

fn report(library: &Library, index: &Index, judged: &[Judged], load: Duration) -> Report {
    let mut counts = Counts::default();
    let mut kinds: BTreeMap<String, Counts> = BTreeMap::new();
    for case in judged {
        case.count(&mut counts);
        case.count(kinds.entry(case.case.kind.clone()).or_default());
    }
    let mut times: Vec<Duration> = judged.iter().map(|case| case.time).collect();
    times.sort_unstable();
    let at = |share: f64| {
        let index = ((times.len() as f64 - 1.0) * share).round() as usize;
        times
            .get(index)
            .map_or(0, |time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
    };
    Report {
        documents: library.runbooks.len(),
        signatures: index.signatures(),
        counts,
        kinds,
        latency_us: Latency {
            p50: at(0.5),
            p99: at(0.99),
        },
        load_ms: u64::try_from(load.as_millis()).unwrap_or(u64::MAX),
    }
}

fn write_details(path: &Path, judged: &[Judged]) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
    let one = |found: &Found| {
        json!({
            "runbook": found.runbook,
            "section": found.section,
            "confidence": found.matched.confidence,
            "answered": found.matched.answered,
            "evidence": found.matched.evidence,
            "captures": found.matched.captures,
        })
    };
    let best = |(runbook, account): &(Option<String>, Account)| {
        let features = account.features.iter().map(|feature| (feature.name, feature.value));
        json!({
            "runbook": runbook,
            "signature": account.reasons.first().map(|reason| &reason.evidence.signature),
            "silenced": account.silence.is_some(),
            "features": features.collect::<BTreeMap<_, _>>(),
        })
    };
    for case in judged {
        let answer = case.answered.first();
        let line = json!({
            "id": case.case.id,
            "kind": case.case.kind,
            "expect": case.case.expect.paths(),
            "expect_anchor": case.case.expect_anchor,
            "answered": answer.map(|found| &found.runbook),
            "section": answer.map(|found| &found.section),
            "why": answer.map(|found| &found.matched.evidence),
            "matches": case.answered.iter().map(one).collect::<Vec<_>>(),
            "near": case.near.iter().take(3).map(one).collect::<Vec<_>>(),
            "best": case.best.as_ref().map(best),
            "ranked": case.ranked.iter().take(5).map(one).collect::<Vec<_>>(),
        });
        writeln!(out, "{line}")?;
    }
    out.flush()
}

fn table(report: &Report) -> String {
    let mut out = format!(
        "{} documents, {} signatures, loaded in {} ms; a paste takes {} µs (median), {} µs (p99)\n\n",
        report.documents, report.signatures, report.load_ms, report.latency_us.p50, report.latency_us.p99
    );
    let _ = writeln!(
        out,
        "{:<16} {:>9} {:>6} {:>6} {:>8} {:>6} {:>7} {:>9} {:>9} {:>6}",
        "kind", "positives", "top-1", "top-3", "correct", "wrong", "silent", "section", "negatives", "false"
    );
    for (kind, counts) in report
        .kinds
        .iter()
        .map(|(kind, counts)| (kind.as_str(), counts))
        .chain([("all", &report.counts)])
    {
        let _ = writeln!(
            out,
            "{kind:<16} {:>9} {:>6} {:>6} {:>8} {:>6} {:>7} {:>9} {:>9} {:>6}",
            counts.positives,
            counts.top1,
            counts.top3,
            counts.answered_correct,
            counts.answered_wrong,
            counts.abstained,
            format!("{}/{}", counts.section_correct, counts.sections),
            counts.negatives,
            counts.false_answers
        );
    }
    out
}

/// The bounds that decide the exit code.
struct Thresholds {
    under: Vec<(String, f64)>,
    over: Vec<(String, f64)>,
}

impl Thresholds {
    fn parse(arguments: &Arguments) -> anyhow::Result<Thresholds> {
        let parse = |option: &str, texts: &[String], names: &[&str]| {
            texts
                .iter()
                .map(|text| {
                    let (name, number) = text.split_once('=').unwrap_or((text, ""));
                    let number = number.parse::<f64>().ok().filter(|_| names.contains(&name));
                    number
                        .map(|number| (name.to_owned(), number))
                        .with_context(|| format!("{option} {text}: write NAME=NUMBER with one of {}", names.join(", ")))
                })
                .collect::<anyhow::Result<Vec<_>>>()
        };
        Ok(Thresholds {
            under: parse(
                "--fail-under",
                &arguments.fail_under,
                &["top1", "top3", "answered_correct", "section_correct"],
            )?,
            over: parse(
                "--fail-over",
                &arguments.fail_over,
                &["answered_wrong", "abstained", "false_answers"],
            )?,
        })
    }

    #[expect(
        clippy::print_stderr,
        reason = "the verdict's reason beside the data on standard output"
    )]
    fn verdict(&self, counts: &Counts) -> ExitCode {
        let mut failed = false;
        for (name, least) in &self.under {
            let (count, of) = match name.as_str() {
                "top1" => (counts.top1, counts.positives),
                "top3" => (counts.top3, counts.positives),
                "section_correct" => (counts.section_correct, counts.sections),
                _ => (counts.answered_correct, counts.positives),
            };
            let share = if of == 0 { 1.0 } else { count as f64 / of as f64 };
            if share < *least {
                eprintln!("{name} is {share:.3} ({count} of {of}), under {least}");
                failed = true;
            }
        }
        for (name, most) in &self.over {
            let count = match name.as_str() {
                "answered_wrong" => counts.answered_wrong,
                "abstained" => counts.abstained,
                _ => counts.false_answers,
            };
            if count as f64 > *most {
                eprintln!("{name} is {count}, over {most}");
                failed = true;
            }
        }
        if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
