//! How fast runbooks load and pastes are recognised, and what a running bot weighs: `cargo bench`; to work on it,
//! `cargo bench -- alone` leaves out what it is compared with.
//!
//! On the real corpus (`$SIGNPOST_CORPUS`, or `../shared/corpus`) where it is at hand, else on the sample pack. Machines
//! are noisy: compare figures of one run.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that prints a table for a person, and stops at what it does not expect"
)]

mod logs;
mod resident;
mod rivals;
mod variants;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use signpost::files;
use signpost::matching::{Index, IndexOptions};
use signpost::redact;
use signpost::runbook::{Library, plain_block};

use variants::Variants;

/// As many signatures as the library has, and so many.
const SIZES: &[usize] = &[10_000, 50_000, 100_000];
/// Characters of the long messages.
const LENGTHS: &[usize] = &[10_000, 20_000, 40_000, 80_000, 160_000];

fn main() {
    // `cargo test --benches` only compiles it.
    if std::env::args().all(|argument| argument != "--bench") {
        return;
    }
    let corpus = corpus();
    let load = || match &corpus {
        Some(folder) => files::load(folder, &files::Options::default(), None, &|_, _| {}).unwrap(),
        None => files::load_embedded(),
    };
    let library = load();
    let mut loads: Vec<Duration> = (0..5)
        .map(|_| time(|| drop(Index::build(&load(), &IndexOptions::default()))))
        .collect();
    loads.sort_unstable();
    let index = Index::build(&library, &IndexOptions::default());
    let pastes = pastes(corpus.as_ref(), &library);
    println!(
        "{} runbooks, {} signatures, {} pastes",
        library.runbooks.len(),
        index.signatures(),
        pastes.len()
    );
    println!("{:<58} {:>10} {:>10} {:>10}", "", "median", "p99", "worst");
    row("load and index the runbooks", &loads);

    println!("\none paste: normalise, redact, match, rank");
    against(&library, &index, &pastes);
    let mut variants = Variants::new(&library);
    for size in SIZES {
        let runbooks = (library.runbooks.len() * size).div_ceil(index.signatures());
        let grown = variants.library(&library, runbooks);
        against(&grown, &Index::build(&grown, &IndexOptions::default()), &pastes);
    }

    println!("\nlong messages, by their length in characters (median of ten)");
    let words = distinct_words(&library);
    table_row("", LENGTHS.iter().map(usize::to_string));
    for kind in logs::KINDS {
        let cost = |length: &usize| long(&index, &logs::log(kind, *length, &pastes, &words));
        table_row(kind, LENGTHS.iter().map(cost).map(show));
    }
    let signs = long(&index, &"<".repeat(1_000_000));
    println!("{:<32} {:>10}", "a million less-than signs", show(signs));

    if let Some(resident) = resident::of_serve(corpus.as_ref()) {
        println!(
            "\nresident memory of `signpost serve`, connected and ready: {} MB",
            resident / 1024
        );
    }
}

/// The whole path on every paste, and the same with what other bots do on as many signatures.
fn against(library: &Library, index: &Index, pastes: &[String]) {
    let size = index.signatures();
    for paste in pastes {
        index.find(paste);
    }
    let times = (0..5).flat_map(|_| {
        pastes
            .iter()
            .map(|paste| time(|| drop(index.find(&redact::redact(paste)))))
    });
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let own = row(&format!("{size} signatures, signpost"), &times);
    let compare = |what: &str, times: &[Duration]| {
        let other = row(&format!("{size} signatures, {what}"), times);
        println!("{:>58} {:>9.0}×", "", other.as_secs_f64() / own.as_secs_f64());
    };
    if std::env::args().any(|argument| argument == "alone") {
        return;
    }
    let expressions = rivals::expressions(library, size);
    compare(
        &format!("a loop over {} of regex::Regex", expressions.len()),
        &rivals::in_a_loop(&expressions, pastes),
    );
    match rivals::in_a_set(&expressions, pastes) {
        Ok(times) => compare("one RegexSet", &times),
        Err(error) => println!("{size} signatures, one RegexSet: none can be built, {error}"),
    }
}

fn long(index: &Index, message: &str) -> Duration {
    let mut times: Vec<Duration> = (0..10)
        .map(|_| time(|| drop(index.find(&redact::redact(message)))))
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// The words of a library, each once, in no telling order.
fn distinct_words(library: &Library) -> Vec<String> {
    let blocks = library
        .runbooks
        .iter()
        .flat_map(|runbook| &runbook.sections)
        .flat_map(|section| &section.blocks);
    let mut words = std::collections::HashSet::new();
    let mut ordered = Vec::new();
    for block in blocks {
        for word in plain_block(block).split(|c: char| !c.is_alphanumeric()) {
            if word.len() >= 4 && words.insert(word.to_lowercase()) {
                ordered.push(word.to_owned());
            }
        }
    }
    ordered
}

fn corpus() -> Option<PathBuf> {
    let named = std::env::vars()
        .find(|(key, _)| key == "SIGNPOST_CORPUS")
        .map(|(_, value)| PathBuf::from(value));
    let folder = named.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    folder.join("cases-dev.jsonl").is_file().then_some(folder)
}

/// The pastes of the labelled set, or else every example of the sample pack.
fn pastes(corpus: Option<&PathBuf>, library: &Library) -> Vec<String> {
    let Some(folder) = corpus else {
        let topics = library.runbooks.iter().flat_map(|runbook| &runbook.topics);
        return topics
            .flat_map(|topic| &topic.symptoms)
            .map(|symptom| symptom.text.clone())
            .collect();
    };
    let cases = std::fs::read_to_string(folder.join("cases-dev.jsonl")).unwrap();
    let text = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    cases.lines().map(text).collect()
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn row(what: &str, sorted: &[Duration]) -> Duration {
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (median, p99, worst) = (show(at(0.5)), show(at(0.99)), show(at(1.0)));
    println!("{what:<58} {median:>10} {p99:>10} {worst:>10}");
    at(0.5)
}

fn table_row(what: &str, cells: impl Iterator<Item = String>) {
    print!("{what:<32}");
    for cell in cells {
        print!(" {cell:>10}");
    }
    println!();
}

fn show(time: Duration) -> String {
    if time >= Duration::from_millis(1) {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else {
        format!("{} µs", time.as_micros())
    }
}
