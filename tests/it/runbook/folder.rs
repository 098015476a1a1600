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
fn of_a_page_in_several_languages_the_english_one_is_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let page = |word: &str| format!("<h1>{word}</h1><p>The queue says <code>queue 7 is full</code> here.</p>");
    write(dir.path(), "queue.html", "# made by a script\n\nURI: queue.html.en\n");
    write(dir.path(), "queue.html.en", page("Queue"));
    write(dir.path(), "queue.html.de", page("Schlange"));
    let latin = [
        b"<meta charset=iso-8859-1><h1>Gr\xf6\xdfe</h1><p>".as_slice(),
        b"Text.</p>",
    ]
    .concat();
    write(dir.path(), "size.html", latin);
    let links = "<li><a href=a.html>Queue full</a></li>".repeat(9);
    write(dir.path(), "toc.html", format!("<ul>{links}</ul>"));
    let library = load(dir.path(), None);
    assert_eq!(paths(&library), ["queue.html.en", "size.html"]);
    assert_eq!(library.runbooks[1].title, "Größe");
    let skipped = library.skipped.iter();
    let skipped: Vec<String> = skipped
        .map(|skipped| format!("{}: {}", skipped.path, skipped.reason))
        .collect();
    insta::assert_snapshot!(
        skipped.join("\n"),
        @r"
    queue.html: this file is a type map, which only names the translations of a page; it is left out
    queue.html.de: a translation of queue.html.en
    toc.html: this page holds only links or a redirect, no text of its own; it is left out
    "
    );
    assert!(
        library.diagnostics.iter().all(|found| found.level == Level::Info),
        "{:?}",
        library.diagnostics
    );
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
        ..Options::default()
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
    assert!(err.contains("1 document read, 0 errors, 1 warning"), "{err}");
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

fn link(dir: &Path, path: &str, target: impl AsRef<Path>) {
    std::os::unix::fs::symlink(target, dir.join(path)).expect("a link is made");
}

fn skipped(library: &Library) -> Vec<(&str, &str)> {
    let skipped = library.skipped.iter();
    skipped.map(|one| (one.path.as_str(), one.reason.as_str())).collect()
}

fn following() -> Options {
    Options {
        follow_links: true,
        ..Options::default()
    }
}

/// A folder with links to a file, a folder and data that lie outside it.
fn with_links_outside() -> (tempfile::TempDir, tempfile::TempDir) {
    let (dir, other) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    write(dir.path(), "a.md", "# A\n");
    write(other.path(), "secret.md", "# Secret\n");
    write(other.path(), "more/deep.md", "# Deep\n");
    write(other.path(), "_data/teams.yml", "ops:\n  name: Outsiders\n");
    link(dir.path(), "b.md", other.path().join("secret.md"));
    link(dir.path(), "c", other.path().join("more"));
    link(dir.path(), "_data", other.path().join("_data"));
    link(dir.path(), "nowhere.md", "gone.md");
    link(dir.path(), "self.md", "self.md");
    (dir, other)
}

#[test]
fn nothing_outside_the_folder_is_read() {
    let (dir, _other) = with_links_outside();
    let library = load(dir.path(), None);
    assert_eq!(paths(&library), ["a.md"]);
    assert!(library.teams.is_empty());
    assert_eq!(
        codes(&library),
        ["_data", "b.md", "c"].map(|path| (path, "link-outside", Level::Warning))
    );
    assert_eq!(
        skipped(&library),
        [
            ("_data", "a link that leads out of the folder"),
            ("b.md", "a link that leads out of the folder"),
            ("c", "a link that leads out of the folder"),
            ("nowhere.md", "a link that leads nowhere"),
            ("self.md", "a link that leads nowhere"),
        ]
    );
}

#[test]
fn links_are_followed_outside_when_the_options_say_so() {
    let (dir, _other) = with_links_outside();
    let library = files::load(dir.path(), &following(), None, &|_, _| {}).expect("the folder loads");
    assert_eq!(paths(&library), ["a.md", "b.md", "c/deep.md"]);
    assert_eq!(library.teams["ops"].name.as_deref(), Some("Outsiders"));
    assert!(library.diagnostics.is_empty(), "{:?}", library.diagnostics);
}

#[test]
fn links_in_a_circle_end_and_a_linked_folder_is_read_once() {
    for options in [Options::default(), following()] {
        let dir = tempfile::tempdir().expect("a folder");
        write(dir.path(), "a/x.md", "# X\n");
        write(dir.path(), "b/y.md", "# Y\n");
        link(dir.path(), "a/up", "..");
        link(dir.path(), "b/to-a", "../a");
        link(dir.path(), "a/to-b", "../b");
        let library = files::load(dir.path(), &options, None, &|_, _| {}).expect("the folder loads");
        assert_eq!(paths(&library), ["a/x.md", "b/y.md"]);
        let told = "a link to a folder that is read under another name";
        assert_eq!(skipped(&library), [("a/to-b", told), ("a/up", told), ("b/to-a", told)]);
    }
}

#[test]
fn a_folder_that_is_left_out_and_read_over_a_link_is_called_left_out() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), ".version/sub/a.md", "# A\n");
    link(dir.path(), "sub", ".version/sub");
    let library = load(dir.path(), None);
    assert_eq!(paths(&library), ["sub/a.md"]);
    assert_eq!(skipped(&library), [(".version/sub", "left out by runbooks.ignore")]);
}

#[test]
fn a_link_to_the_root_of_the_disk_ends_at_the_limit_of_entries() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "a.md", "# A\n");
    link(dir.path(), "all", "/");
    let options = Options {
        max_entries: 60,
        max_bytes: 100,
        ..following()
    };
    let library = files::load(dir.path(), &options, None, &|_, _| {}).expect("the folder loads");
    assert!(paths(&library).contains(&"a.md"));
    assert!(codes(&library).contains(&("", "too-many", Level::Error)));
}

/// What Kubernetes mounts for a ConfigMap: every file is a link to a link to a folder of this version.
fn config_map(dir: &Path, version: &str, title: &str) {
    let files = dir.join(format!("..{version}"));
    write(&files, "x.md", format!("# {title}\n"));
    write(&files, "sub/y.md", format!("# {title} below\n"));
    write(&files, "_data/teams.yml", format!("ops:\n  name: {title}\n"));
    link(dir, "..next", format!("..{version}"));
    fs::rename(dir.join("..next"), dir.join("..data")).expect("the link is swapped");
}

#[test]
fn a_mounted_config_map_is_read_and_so_is_its_next_version() {
    let dir = tempfile::tempdir().expect("a folder");
    config_map(dir.path(), "2026_01", "One");
    for name in ["x.md", "sub", "_data"] {
        link(dir.path(), name, format!("..data/{name}"));
    }
    let read = |previous: Option<&Library>| {
        let library = load(dir.path(), previous);
        assert_eq!(paths(&library), ["sub/y.md", "x.md"]);
        assert!(library.diagnostics.is_empty(), "{:?}", library.diagnostics);
        library
    };
    let first = read(None);
    assert_eq!(
        (first.runbooks[1].title.as_str(), first.teams["ops"].name.as_deref()),
        ("One", Some("One"))
    );
    config_map(dir.path(), "2026_02", "Two");
    fs::remove_dir_all(dir.path().join("..2026_01")).expect("the old version is removed");
    let second = read(Some(&first));
    assert_eq!(second.runbooks[1].title, "Two");
    assert_eq!(second.runbooks[0].title, "Two below");
    assert_eq!(second.teams["ops"].name.as_deref(), Some("Two"));
}

#[test]
fn what_is_no_file_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "a.md", "# A\n");
    let fifo = |path: &str| {
        let made = Command::new("mkfifo").arg(dir.path().join(path)).status();
        assert!(made.expect("mkfifo runs").success());
    };
    fifo("pipe.md");
    fs::create_dir(dir.path().join("_data")).expect("a folder is made");
    fifo("_data/teams.yml");
    link(dir.path(), "zero.md", "/dev/zero");
    link(dir.path(), "to-pipe.md", "pipe.md");
    let socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket"));
    for options in [Options::default(), following()] {
        let library = files::load(dir.path(), &options, None, &|_, _| {}).expect("the folder loads");
        assert_eq!(paths(&library), ["a.md"]);
        let names: Vec<&str> = library.skipped.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(names, ["_data/teams.yml", "pipe.md", "socket", "to-pipe.md", "zero.md"]);
        assert!(library.skipped.iter().all(|one| one.reason == "not a regular file"));
    }
    drop(socket);
}

#[test]
fn a_file_that_becomes_a_link_out_of_the_folder_is_not_read_any_more() {
    let dir = tempfile::tempdir().expect("a folder");
    let other = tempfile::tempdir().expect("a folder");
    write(other.path(), "secret.md", "# Secret\n");
    write(dir.path(), "a.md", "# A\n");
    write(dir.path(), "b.md", "# B\n");
    let before = load(dir.path(), None);
    fs::remove_file(dir.path().join("b.md")).expect("the file is removed");
    link(dir.path(), "b.md", other.path().join("secret.md"));
    let after = load(dir.path(), Some(&before));
    assert_eq!(paths(&after), ["a.md"]);
    assert_eq!(codes(&after), [("b.md", "link-outside", Level::Warning)]);
}

#[test]
fn limits_of_entries_depth_and_data_are_told() {
    let dir = tempfile::tempdir().expect("a folder");
    for number in 0..20 {
        write(dir.path(), &format!("{number:02}.md"), "# X\n");
    }
    let options = Options {
        max_entries: 10,
        ..Options::default()
    };
    let library = files::load(dir.path(), &options, None, &|_, _| {}).expect("the folder loads");
    assert_eq!(
        (library.runbooks.len(), codes(&library)),
        (10, vec![("", "too-many", Level::Error)])
    );

    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "1/2/two.md", "# Two\n");
    write(dir.path(), "1/2/3/three.md", "# Three\n");
    write(dir.path(), "_data/a.yml", "x: 1\n");
    write(dir.path(), "_data/b.yml", format!("x: {}\n", "y".repeat(300)));
    write(dir.path(), "_data/c.yml", format!("x: {}\n", "y".repeat(800)));
    let options = Options {
        max_depth: 2,
        max_bytes: 600,
        max_data_bytes: 200,
        ..Options::default()
    };
    let library = files::load(dir.path(), &options, None, &|_, _| {}).expect("the folder loads");
    assert_eq!(paths(&library), ["1/2/two.md"]);
    assert_eq!(
        codes(&library),
        [
            ("1/2/3", "too-deep", Level::Error),
            ("_data/b.yml", "data", Level::Error),
            ("_data/c.yml", "data", Level::Error)
        ]
    );
    assert!(
        library.diagnostics[1].message.contains("200 bytes"),
        "{:?}",
        library.diagnostics
    );
    assert_eq!(library.data.keys().collect::<Vec<_>>(), ["a"]);
}
