//! Prints what `redact` alters: `cargo run --release -p signpost-core --example redactions -- FILE…`.
//!
//! A file ending in `.jsonl` holds an object with a `text` in each line, of any other file each line is a text of its
//! own. With `--rewrite` as the first argument the objects are printed with their texts redacted instead, for
//! `signpost eval`; with `--time` the time that each text takes.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that prints a table for a person, and stops at what it does not expect"
)]

use std::time::Instant;

use signpost_core::redact::redact;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mode = arguments.first().filter(|first| first.starts_with("--")).cloned();
    if mode.is_some() {
        arguments.remove(0);
    }
    let (mut texts, mut lines, mut altered_texts, mut altered_lines) = (0, 0, 0, 0);
    let mut times = Vec::new();
    for file in &arguments {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let mut object: serde_json::Value = if std::path::Path::new(file)
                .extension()
                .is_some_and(|ending| ending == "jsonl")
            {
                serde_json::from_str(line).unwrap()
            } else {
                serde_json::json!({ "text": line })
            };
            let text = object["text"].as_str().unwrap_or_default().to_owned();
            let start = Instant::now();
            let clean = redact(&text);
            times.push((start.elapsed(), text.len()));
            if mode.as_deref() == Some("--rewrite") {
                object["text"] = clean.into_owned().into();
                println!("{object}");
                continue;
            }
            texts += 1;
            lines += text.lines().count();
            altered_texts += usize::from(clean != text);
            for (before, after) in text
                .lines()
                .zip(clean.lines())
                .filter(|(before, after)| before != after)
            {
                altered_lines += 1;
                if mode.is_none() {
                    println!("{file}\n  - {before}\n  + {after}");
                }
            }
        }
    }
    if mode.as_deref() == Some("--time") {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 1_000];
        println!(
            "median {:?}, p99 {:?}, worst {:?} (time, bytes)",
            at(500),
            at(990),
            at(1_000)
        );
    }
    if mode.as_deref() != Some("--rewrite") {
        println!("altered: {altered_texts} of {texts} texts, {altered_lines} of {lines} lines");
    }
}
