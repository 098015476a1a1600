//! The suites that other languages run (`tests/conformance`, `tests/browser`) are what `tests/run` expects them to be.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

#[test]
fn each_suite_has_an_executable_entry() {
    for entry in ["tests/conformance/run", "tests/browser/run"] {
        let found = std::fs::metadata(Path::new(env!("CARGO_MANIFEST_DIR")).join(entry)).unwrap();
        assert_ne!(found.permissions().mode() & 0o111, 0, "{entry} is not executable");
    }
}

#[test]
fn what_the_suites_need_is_pinned() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let packages = std::fs::read_to_string(folder.join("package.json")).unwrap();
    let packages: serde_json::Value = serde_json::from_str(&packages).unwrap();
    let is_exact = |version: &str| version.split('.').all(|part| part.chars().all(|c| c.is_ascii_digit()));
    for (name, version) in packages["dependencies"].as_object().unwrap() {
        assert!(is_exact(version.as_str().unwrap()), "{name} is not pinned: {version}");
    }
    let requirements = std::fs::read_to_string(folder.join("requirements.txt")).unwrap();
    for line in requirements
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        assert!(
            line.split_once("==")
                .is_some_and(|(_, version)| is_exact(version.trim())),
            "not pinned: {line}"
        );
    }
}

#[test]
fn each_complaint_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/complaints.md")).unwrap();
    let mut named = 0;
    for proof in page
        .lines()
        .filter_map(|line| line.rsplit_once(" | ").map(|(_, proof)| proof))
    {
        for part in proof.split(';').filter(|part| part.trim().starts_with("tests/")) {
            let (file, names) = part.trim().split_once(": ").unwrap();
            let text = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            // Every second piece between backticks is a name.
            for name in names.split('`').skip(1).step_by(2) {
                assert!(text.contains(name), "{file} holds nothing named {name:?}");
                named += 1;
            }
        }
    }
    assert!(named > 40, "only {named} tests are named");
}

#[test]
fn what_was_not_tried_in_slack_says_so() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/real-workspace.md");
    let page = std::fs::read_to_string(page).unwrap();
    let points: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    assert!(points.len() >= 30);
    for (at, point) in points.iter().enumerate() {
        assert!(
            point.starts_with(&format!("| {} |", at + 1)),
            "numbered in order: {point}"
        );
        let status = point.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let known = ["not yet verified", "verified", "differs"];
        assert!(known.iter().any(|word| status.starts_with(word)), "{point}");
    }
}
