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
