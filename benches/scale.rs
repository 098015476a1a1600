//! How loading grows: so many runbooks, one of them changed, and what it holds in memory: `cargo bench --bench scale`.
//!
//! The runbooks are those of the real corpus (`$SIGNPOST_CORPUS`, or `../shared/corpus`) where it is at hand, else of the
//! sample pack, each again and again with some words swapped, digits changed and new words put in. Machines are noisy:
//! compare figures of one run.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that prints a table for a person, and stops at what it does not expect"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use signpost::clock::SystemClock;
use signpost::files::{Folder, Options};
use signpost::malloc;
use signpost::matching::{self, Index, SignatureCache};
use signpost::runbook::Library;

const SIZES: [usize; 3] = [1_000, 10_000, 20_000];
/// So many times a file is changed; the median is shown.
const CHANGES: usize = 7;
/// Of a thousand words so many are swapped for another one, or are new.
const SWAPPED: u64 = 300;
const NEW: u64 = 3;

fn main() {
    // `cargo test --benches` only compiles it.
    if std::env::args().all(|argument| argument != "--bench") {
        return;
    }
    let own = own();
    println!(
        "{:<20} {:>10} {:>11} {:>10} {:>6} {:>8} {:>12} {:>10} {:>6} {:>8}",
        "runbooks", "signatures", "load, index", "CPU", "MB", "peak MB", "one changed", "CPU", "MB", "peak MB"
    );
    measure("as they are", &own, 0);
    for size in SIZES {
        measure("with variants", &own, size);
    }
}

/// One row: a folder of so many runbooks, loaded, and changed.
fn measure(what: &str, own: &[(String, String)], size: usize) {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), own, size.max(own.len()));
    malloc::trim();
    forget_peak();
    let signatures = SignatureCache::default();
    let mut folder = Folder::new(dir.path(), Options::default(), Arc::new(SystemClock));
    let (begun, cpu) = (Instant::now(), cpu());
    let mut known = read(&mut folder, &signatures);
    let (loaded, used) = (begun.elapsed(), self::cpu().saturating_sub(cpu));
    let peak = memory_of("VmHWM:");
    malloc::trim();
    let held = memory_of("VmRSS:");
    let (library, index) = &known;
    print!(
        "{:<20} {:>10} {:>11} {:>10} {:>6} {:>8}",
        format!("{} {what}", library.runbooks.len()),
        index.signatures(),
        show(loaded),
        show(used),
        held,
        peak
    );
    forget_peak();
    let cpu = self::cpu();
    let mut times: Vec<Duration> = (0..CHANGES)
        .map(|turn| change(dir.path(), turn, &mut folder, &signatures, &mut known))
        .collect();
    let used = self::cpu().saturating_sub(cpu) / CHANGES as u32;
    times.sort_unstable();
    let peak = memory_of("VmHWM:");
    malloc::trim();
    let held = memory_of("VmRSS:");
    println!(
        " {:>12} {:>10} {:>6} {:>8}",
        show(times[CHANGES / 2]),
        show(used),
        held,
        peak
    );
}

/// Changes a file and reads the folder again; what was known before answers until then.
fn change(
    dir: &Path,
    turn: usize,
    folder: &mut Folder,
    signatures: &SignatureCache,
    known: &mut (Library, Index),
) -> Duration {
    let path = dir.join(&known.0.runbooks[known.0.runbooks.len() / 2].path);
    let mut text = fs::read_to_string(&path).unwrap();
    text = format!("{text}\n# Change {turn}\n");
    fs::write(&path, text).unwrap();
    let begun = Instant::now();
    let now = read(folder, signatures);
    let time = begun.elapsed();
    *known = now;
    time
}

fn read(folder: &mut Folder, signatures: &SignatureCache) -> (Library, Index) {
    let library = folder
        .read(&|_, _| {}, &|document, runbook| signatures.take(document, runbook))
        .unwrap();
    let index = signatures.index(&library, &matching::IndexOptions::default());
    (library, index)
}

/// The documents that there are, as path and text.
fn own() -> Vec<(String, String)> {
    let named = std::env::vars()
        .find(|(key, _)| key == "SIGNPOST_CORPUS")
        .map(|(_, value)| PathBuf::from(value));
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let corpus = named.unwrap_or_else(|| root.join("../shared/corpus"));
    let dir = if corpus.join("cases-dev.jsonl").is_file() {
        corpus
    } else {
        root.join("responses/runbooks")
    };
    let library = signpost::files::load(&dir, &Options::default(), None, &|_, _| {}).unwrap();
    let documents = library.runbooks.iter();
    documents
        .map(|document| (document.path.clone(), document.text().unwrap().to_owned()))
        .collect()
}

/// Writes the documents as they are, and then variants of them.
fn fill(dir: &Path, own: &[(String, String)], size: usize) {
    let mut words: Vec<&str> = own.iter().flat_map(|(_, text)| text.split_whitespace()).collect();
    words.retain(|word| word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let mut random = Random(0x5eed_5eed_5eed_5eed);
    for number in 0..size {
        let (path, text) = &own[number % own.len()];
        let round = number / own.len();
        let path = dir.join(format!("{round:03}")).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = if round == 0 {
            text.clone()
        } else {
            variant(
                text,
                signpost::runbook::Format::of_path(&path.to_string_lossy()) == Some(signpost::runbook::Format::Yaml),
                &words,
                &mut random,
            )
        };
        fs::write(path, text).unwrap();
    }
}

/// The text with some words swapped and other digits. Keys before the text, and YAML, keep their words.
fn variant(text: &str, yaml: bool, words: &[&str], random: &mut Random) -> String {
    let front = text
        .strip_prefix("---\n")
        .and_then(|rest| rest.find("\n---"))
        .map_or(0, |at| at + 8);
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for piece in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let letters = word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        match random.next() % 1_000 {
            draw if yaml || at < front || !letters || draw >= SWAPPED + NEW => {
                out.extend(word.chars().map(|c| match c {
                    '0'..='9' if !yaml => char::from(b'0' + (random.next() % 10) as u8),
                    other => other,
                }));
            }
            draw if draw < NEW => {
                for _ in 0..3 {
                    out.push(char::from(b"bdfgklmnprstvz"[(random.next() % 14) as usize]));
                    out.push(char::from(b"aeiou"[(random.next() % 5) as usize]));
                }
            }
            _ => out.push_str(words[random.next() as usize % words.len()]),
        }
        out.push_str(&piece[word.len()..]);
        at += piece.len();
    }
    out
}

/// The same numbers on every run (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 8
    }
}

/// What the kernel says about this process, in MB; 0 where it does not say (only Linux does).
fn memory_of(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}

/// What all threads of this process have worked together, in steps of 10 ms: where others share the machine, time tells
/// less. Nothing where the kernel does not say.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// From now on the peak is counted anew.
fn forget_peak() {
    drop(fs::write("/proc/self/clear_refs", "5"));
}

fn show(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
