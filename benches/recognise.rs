//! How fast runbooks load and pastes are recognised, and what a running bot weighs: `cargo bench`.
//!
//! On the real corpus (`$SIGNPOST_CORPUS`, or `../shared/corpus`) where it is at hand, else on the sample pack. Machines
//! are noisy: compare figures of one run.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that prints a table for a person, and stops at what it does not expect"
)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use signpost::files;
use signpost::matching::{Index, Options};
use signpost::redact;
use signpost::runbook::Library;

fn main() {
    let corpus = corpus();
    let load = || match &corpus {
        Some(folder) => files::load(folder, &files::Options::default(), None, &|_, _| {}).unwrap(),
        None => files::load_embedded(),
    };
    let library = load();
    let mut loads: Vec<Duration> = (0..9)
        .map(|_| time(|| drop(Index::build(&load(), &Options::default()))))
        .collect();
    loads.sort_unstable();
    let index = Index::build(&library, &Options::default());
    let pastes = pastes(corpus.as_ref(), &library);
    println!(
        "{} runbooks, {} signatures, {} pastes",
        library.runbooks.len(),
        index.signatures(),
        pastes.len()
    );
    println!("{:<44} {:>10} {:>10} {:>10}", "", "median", "p99", "worst");
    row("load and index the runbooks", &loads);

    for paste in &pastes {
        index.find(paste);
    }
    let mut times: Vec<Duration> = (0..5)
        .flat_map(|_| {
            pastes
                .iter()
                .map(|paste| time(|| drop(index.find(&redact::redact(paste)))))
                .collect::<Vec<_>>()
        })
        .collect();
    times.sort_unstable();
    row("recognise a paste (redact, find)", &times);

    let log = pastes.join("\n").chars().cycle().take(40_000).collect::<String>();
    let mut times: Vec<Duration> = (0..50).map(|_| time(|| drop(index.find(&log)))).collect();
    times.sort_unstable();
    row("a log of 40,000 characters", &times);

    if let Some(resident) = resident_of_serve(corpus.as_ref()) {
        println!(
            "resident memory of `signpost serve`, connected and ready: {} MB",
            resident / 1024
        );
    }
}

/// Starts the bot against the local workspace and asks the kernel what it holds in memory, in kB (Linux).
fn resident_of_serve(corpus: Option<&PathBuf>) -> Option<u64> {
    let signpost = env!("CARGO_BIN_EXE_signpost");
    let folder = tempfile::tempdir().ok()?;
    let mut sandbox = Command::new(signpost)
        .args(["sandbox", "--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let url = BufReader::new(sandbox.stdout.take()?).lines().next()?.ok()?;
    let mut serve = Command::new(signpost)
        .arg("serve")
        .env("SIGNPOST__SLACK__API_URL", format!("{url}/api"))
        .env("SIGNPOST__SLACK__BOT_TOKEN", "xoxb-sandbox-echo")
        .env("SIGNPOST__SLACK__APP_TOKEN", "xapp-sandbox-echo")
        .env(
            "SIGNPOST__RUNBOOKS__DIR",
            corpus.map_or_else(String::new, |folder| folder.display().to_string()),
        )
        .env("SIGNPOST__STORE__PATH", folder.path().join("bench.db"))
        .env("SIGNPOST__HTTP__LISTEN", "")
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut log = BufReader::new(serve.stderr.take()?).lines();
    let ready = log.any(|line| line.is_ok_and(|line| line.ends_with("ready")));
    let status = std::fs::read_to_string(format!("/proc/{}/status", serve.id()));
    for child in [&mut serve, &mut sandbox] {
        child.kill().and_then(|()| child.wait()).ok()?;
    }
    let resident = |line: &str| {
        line.strip_prefix("VmRSS:")?
            .trim()
            .strip_suffix("kB")?
            .trim()
            .parse()
            .ok()
    };
    status.ok().filter(|_| ready)?.lines().find_map(resident)
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

fn row(what: &str, sorted: &[Duration]) {
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    println!(
        "{what:<44} {:>10} {:>10} {:>10}",
        show(at(0.5)),
        show(at(0.99)),
        show(at(1.0))
    );
}

fn show(time: Duration) -> String {
    if time >= Duration::from_millis(1) {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else {
        format!("{} µs", time.as_micros())
    }
}
