//! Tests of sources of runbooks: folders, git repositories and wikis, through `signpost sources`, `lint`, `match` and `render`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod damage;
mod fetching;
mod guarding;
mod hostile;
mod notion;
mod notion_server;
mod over_http;
mod owners;
mod several;
pub(super) mod web;
mod wiki;
pub(super) mod wiki_server;

/// A git repository that sources are fetched from.
pub(super) struct Origin {
    pub(super) folder: PathBuf,
}

impl Origin {
    /// Creates an empty repository with the branch `main`.
    pub(super) fn new(folder: &Path) -> Origin {
        std::fs::create_dir_all(folder).unwrap();
        let origin = Origin {
            folder: folder.to_owned(),
        };
        origin.git(&["init", "--quiet", "--initial-branch=main"]);
        origin
    }

    pub(super) fn url(&self) -> String {
        format!("file://{}", self.folder.display())
    }

    /// Runs git in the repository, without the user's configuration, and returns what it printed.
    pub(super) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.com")])
            .envs([
                ("GIT_COMMITTER_NAME", "Ada"),
                ("GIT_COMMITTER_EMAIL", "ada@example.com"),
            ])
            .env("GIT_COMMITTER_DATE", "2026-11-30T12:05:00Z")
            .output()
            .expect("git is installed");
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let file = self.folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Commits everything, and returns the commit.
    pub(super) fn commit(&self) -> String {
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Writes files of `names` with an error of their own each, and commits them.
    pub(super) fn documents(&self, names: impl IntoIterator<Item = usize>) -> String {
        for number in names {
            self.write(&format!("kiln-{number}.md"), &document(number));
        }
        self.commit()
    }
}

pub(super) fn document(number: usize) -> String {
    format!(
        "# Kiln {number}\n\n```\nKX{number:04}: kiln door <DOOR> jammed at station <STATION>\n```\n\n## What to do\n\n\
         1. Mend door {number}.\n"
    )
}

/// A config folder beside an empty store.
struct Setup {
    folder: tempfile::TempDir,
    /// Variables of the environment.
    environment: Vec<(&'static str, String)>,
}

impl Setup {
    fn new() -> Setup {
        Setup {
            folder: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn origin(&self) -> Origin {
        Origin::new(&self.path("origin"))
    }

    /// Writes `local.toml`: `[runbooks]` with these lines.
    fn runbooks(&self, lines: &str) {
        let store = self.path("state/signpost.db");
        std::fs::create_dir_all(store.parent().unwrap()).unwrap();
        let mut text = format!("[store]\npath = {:?}\n[runbooks]\n", store.display().to_string());
        let _ = writeln!(text, "{lines}");
        std::fs::create_dir_all(self.path("config")).unwrap();
        std::fs::write(self.path("config/local.toml"), text).unwrap();
    }

    /// One source `kilns` of git.
    fn kilns(&self, origin: &Origin, lines: &str) {
        self.runbooks(&format!(
            "[[runbooks.sources]]\nid = \"kilns\"\ngit = {:?}\n{lines}",
            origin.url()
        ));
    }

    /// The folder in which the source `kilns` is kept.
    fn state(&self) -> PathBuf {
        self.path("state/signpost-sources/kilns")
    }

    fn signpost(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
        command
            .args(arguments)
            .args(["--config", self.path("config").to_str().unwrap()])
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path());
        command.output().unwrap()
    }

    /// Runs `signpost sources fetch`: the exit code, and what it printed.
    fn fetch(&self) -> (i32, String) {
        let output = self.signpost(&["sources", "fetch"]);
        (output.status.code().unwrap(), said(&output))
    }

    /// The paths of all documents.
    fn documents(&self) -> Vec<String> {
        let output = self.signpost(&["render", "--all", "--json"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut paths: Vec<String> = text
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["runbook"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        paths.dedup();
        paths
    }

    fn lint(&self) -> String {
        said(&self.signpost(&["lint"]))
    }
}

/// Standard output, then standard error.
fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&text).into_owned()
}
