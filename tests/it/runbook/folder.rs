//! Runbook folders: what is read, what is not, and what is said about it.

use std::fs;
use std::path::Path;
use std::process::Command;

use signpost::files::{self, LoadError, Options};
use signpost::runbook::{Level, Library};

fn write(dir: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let file = dir.join(path);
    fs::create_dir_all(file.parent().expect("a file has a folder")).expect("a folder is made");
    fs::write(file, bytes).expect("a file is written");
}

fn load(dir: &Path, previous: Option<&Library>) -> Library {
    files::load(dir, &Options::default(), previous, &|_, _| {}).expect("the folder loads")
}

fn paths(library: &Library) -> Vec<&str> {
    library.runbooks.iter().map(|runbook| runbook.path.as_str()).collect()
}

fn codes(library: &Library) -> Vec<(&str, &str, Level)> {
    library
        .diagnostics
        .iter()
        .map(|found| (found.path.as_str(), found.code, found.level))
        .collect()
}

#[test]
fn documents_are_read_and_everything_else_is_skipped_with_a_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    for (path, text) in [
        ("b.md", "# B\n"),
        ("a/README.md", "# Nested\n"),
        ("noext", "# N\n"),
        ("c.txt", "# C\n"),
        ("README.md", "# Root\n"),
        ("LICENSE", "text"),
        ("x/OWNERS", "text"),
        ("x/run.log", "log"),
        (".github/x.md", "# X\n"),
        ("values.yaml", "a: 1\n"),
        ("_data/teams.yml", "ops:\n  name: Ops\n"),
        ("cases.jsonl", "{}"),
    ] {
        write(dir.path(), path, text);
    }
    write(dir.path(), "image.png", [0x89, b'P', 0, 1]);
    write(dir.path(), "blob", [0, 1, 2, 3]);
    let library = load(dir.path(), None);
    assert_eq!(paths(&library), ["a/README.md", "b.md", "c.txt", "noext"]);
    let skipped: Vec<&str> = library.skipped.iter().map(|skipped| skipped.path.as_str()).collect();
    assert_eq!(
        skipped,
        [
            ".github/x.md",
            "LICENSE",
            "README.md",
            "blob",
            "cases.jsonl",
            "image.png",
            "values.yaml",
            "x/OWNERS",
            "x/run.log"
        ]
    );
    assert!(library.skipped.iter().all(|skipped| !skipped.reason.is_empty()));
    assert_eq!(library.teams["ops"].name.as_deref(), Some("Ops"));
    assert!(library.diagnostics.is_empty(), "{:?}", library.diagnostics);
}

#[test]
fn a_folder_that_cannot_be_read_is_a_clear_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let missing = dir.path().join("gone");
    let load = |path: &Path| files::load(path, &Options::default(), None, &|_, _| {});
    assert!(matches!(load(&missing), Err(LoadError::Missing(path)) if path == missing));
    write(dir.path(), "a.md", "# A\n");
    assert!(matches!(load(&dir.path().join("a.md")), Err(LoadError::NotAFolder(_))));
    let empty = tempfile::tempdir().expect("a folder");
    assert_eq!(
        codes(&load(empty.path()).expect("an empty folder loads")),
        [("", "no-runbooks", Level::Warning)]
    );
}

#[test]
fn a_file_that_breaks_keeps_its_old_version() {
    let dir = tempfile::tempdir().expect("a folder");
    let rule = "cre:\n  id: X-1\n  title: Old\nrule:\n  set:\n    match:\n      - value: boom\n";
    write(dir.path(), "rule.yaml", rule);
    write(dir.path(), "_data/teams.yml", "ops:\n  name: Ops\n");
    write(dir.path(), "a.md", "# A\n\nx\n");
    let before = load(dir.path(), None);
    write(dir.path(), "rule.yaml", rule.replace("match:", "match: ["));
    write(dir.path(), "_data/teams.yml", "ops: [\n");
    write(dir.path(), "a.md", b"# A\n\n\xff\n");
    let after = load(dir.path(), Some(&before));
    assert_eq!(paths(&after), ["a.md", "rule.yaml"]);
    assert_eq!(after.runbooks[1].title, "Old");
    assert_eq!(after.teams["ops"].name.as_deref(), Some("Ops"));
    assert_eq!(
        codes(&after),
        [
            ("_data/teams.yml", "data", Level::Error),
            ("a.md", "encoding", Level::Warning),
            ("rule.yaml", "yaml", Level::Error)
        ]
    );
}

#[test]
fn too_large_files_are_named_and_other_patterns_can_be_set() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "big.md", "x".repeat(3_000));
    write(dir.path(), "README.md", "# R\n");
    let options = Options {
        ignore: vec!["draft*".to_owned()],
        max_bytes: 1_000,
    };
    let library = files::load(dir.path(), &options, None, &|_, _| {}).expect("the folder loads");
    assert_eq!(paths(&library), ["README.md"]);
    assert_eq!(codes(&library), [("big.md", "too-large", Level::Warning)]);
}

#[test]
fn lint_prints_places_and_its_exit_code_is_the_verdict() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "a.md", "# A\n\n[x](#gone)\n");
    let lint = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_signpost"))
            .arg("lint")
            .args(arguments)
            .output()
            .expect("signpost runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let folder = dir.path().to_str().expect("a path of text");
    let (code, out, err) = lint(&[folder]);
    assert_eq!(code, Some(0));
    assert_eq!(
        out,
        "a.md:3: warning[anchor-unknown]: the link to `#gone` leads nowhere in this document\n"
    );
    assert!(err.contains("1 documents read, 0 errors, 1 warnings"), "{err}");
    write(dir.path(), "rule.yaml", "cre:\n  title: [\nrule: x\n");
    let (code, out, _) = lint(&[folder, "--json"]);
    assert_eq!(code, Some(1));
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["errors"], 1);
    let (code, _, err) = lint(&["/no/such/folder"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("/no/such/folder"), "{err}");
}

#[test]
fn the_sample_pack_loads_without_errors() {
    let library = files::load_embedded();
    assert!(
        library.diagnostics.iter().all(|found| found.level < Level::Error),
        "{:?}",
        library.diagnostics
    );
}
