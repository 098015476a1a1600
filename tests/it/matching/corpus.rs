//! The real corpus, where it is at hand: `$SIGNPOST_CORPUS`, or `../shared/corpus`.

use std::path::PathBuf;
use std::process::Command;

fn corpus() -> Option<PathBuf> {
    let named = std::env::vars()
        .find(|(key, _)| key == "SIGNPOST_CORPUS")
        .map(|(_, value)| PathBuf::from(value));
    let folder = named.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    if folder.join("cases-dev.jsonl").is_file() {
        return Some(folder);
    }
    println!("SKIPPED: no corpus at {}", folder.display());
    None
}

#[test]
fn the_corpus_is_recognised_and_chat_is_left_alone() {
    let Some(corpus) = corpus() else { return };
    let output = Command::new(env!("CARGO_BIN_EXE_signpost"))
        .args([
            "eval",
            "--json",
            "--fail-under",
            "answered_correct=0.84",
            "--fail-under",
            "top1=0.95",
            "--fail-under",
            "top3=0.98",
            "--fail-under",
            "section_correct=0.92",
        ])
        .args(["--fail-over", "false_answers=2", "--fail-over", "answered_wrong=4"])
        .arg("--runbooks")
        .arg(&corpus)
        .arg("--cases")
        .arg(corpus.join("cases-dev.jsonl"))
        .output()
        .expect("signpost eval runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["documents"], 638);
    assert_eq!(report["positives"], 325);
    assert_eq!(report["negatives"], 123);
}
