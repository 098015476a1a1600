//! A repository: fetched into a shallow clone, checked out into a folder for each commit.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::GitError;
use super::program::Program;
use crate::fetched::{self, FetchedVersion, MEGABYTE, SourceLock, SourceState, StateError};
use crate::runbook::owners;

/// The reference that fetched commits get in the clone.
const FETCHED: &str = "refs/signpost/fetched";
/// Number of packs at which the clone is tidied up: each fetch adds one.
const MOST_PACKS: usize = 20;
/// Most bytes of a file above the folder that names owners; GitHub reads no longer one.
const OWNERS_BYTES: u64 = 3 * MEGABYTE;
/// Interval between looks at the size of the clone during a fetch.
const LOOK: Duration = Duration::from_millis(200);

/// A repository as the settings name it.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Address, without credentials: `https`, `ssh`, `file`, or `http` on this machine.
    pub url: Url,
    /// Branch, tag or commit; empty for the default branch.
    pub reference: String,
    /// Folder in the repository; empty for all of it.
    pub path: String,
    /// User that goes with the token; empty for the one that the host expects.
    pub user: String,
    /// Token for HTTPS.
    pub token: Option<SecretString>,
    /// File with the private key for SSH; empty for the user's own.
    pub ssh_key: PathBuf,
    /// File with the host keys for SSH; empty for the user's own.
    pub known_hosts: PathBuf,
    /// Certificate authorities in one file, instead of the system's.
    pub authorities: Option<PathBuf>,
    /// Variables of the environment that git needs, such as the proxy's.
    pub environment: Vec<(String, String)>,
}

/// Bounds of what is fetched.
#[derive(Debug, Clone, Copy)]
pub struct GitLimits {
    /// Time for a fetch with its checkout.
    pub timeout: Duration,
    /// Megabytes of the clone, and of the files of a commit.
    pub megabytes: u64,
    /// Number of files of a commit.
    pub files: usize,
}

/// A repository and its state folder.
#[derive(Debug)]
pub struct Repository {
    remote: Remote,
    limits: GitLimits,
    state: SourceState,
}

impl Repository {
    /// Creates a repository whose state is below `folder`. Nothing is read or written yet.
    pub fn new(remote: Remote, limits: GitLimits, folder: &Path) -> Repository {
        let Remote {
            url, reference, path, ..
        } = &remote;
        let from = format!("{url} {reference} {}", path.trim_matches('/'));
        let state = SourceState::new(folder, from);
        Repository { remote, limits, state }
    }

    /// Returns the state on disk.
    pub fn state(&self) -> &SourceState {
        &self.state
    }

    /// Fetches the present commit and checks it out beside the one in use. A damaged clone is made anew. Other processes
    /// neither fetch nor adopt until the lock is dropped, which is to be after the commit was adopted or held.
    ///
    /// # Errors
    ///
    /// The [`GitError`]. The commit in use stays as it is.
    pub async fn fetch(&self) -> Result<(FetchedVersion, SourceLock), GitError> {
        let lock = self.state.lock()?;
        let timeout = self.limits.timeout;
        let fetched = tokio::time::timeout(timeout, self.fetch_or_clone()).await;
        Ok((fetched.unwrap_or(Err(GitError::TimedOut(timeout)))?, lock))
    }

    fn clone_folder(&self) -> PathBuf {
        self.state.folder().join("repo.git")
    }

    async fn fetch_or_clone(&self) -> Result<FetchedVersion, GitError> {
        let program = self.program();
        let existed = self.clone_folder().join("HEAD").exists();
        let error = match self.fetch_once(&program).await {
            Err(error @ (GitError::Failed { .. } | GitError::State(_))) if existed => error,
            other => return other,
        };
        let is_sound = match &error {
            // The server's faults, too, end in a failed fetch.
            GitError::Failed { step: "fetch", .. } => self.is_sound(&program, Some("--connectivity-only")).await,
            // A full disk, or a name that is too long for it, ends in a failed checkout; so does a file that cannot be read
            // from the clone, for which every file is checked.
            GitError::Failed {
                step: "checkout-index", ..
            } => self.is_sound(&program, None).await,
            _ => false,
        };
        if is_sound {
            return Err(error);
        }
        tracing::warn!(%error, "the clone of a runbook repository is damaged; cloning it again");
        fetched::remove_folder(&self.clone_folder()).map_err(|cause| at(&self.clone_folder(), cause))?;
        self.fetch_once(&program).await
    }

    /// Returns true when git finds nothing wrong with the clone; with an argument that makes it look less closely.
    async fn is_sound(&self, program: &Program, less: Option<&'static str>) -> bool {
        let arguments = ["--no-dangling", "--no-progress"].into_iter().chain(less);
        let checked = program.run("fsck", &self.clone_folder(), arguments, &[]).await;
        checked.is_ok()
    }

    async fn fetch_once(&self, program: &Program) -> Result<FetchedVersion, GitError> {
        let clone = self.clone_folder();
        if clone.join("HEAD").exists() {
            tidy(&clone);
        } else {
            fetched::remove_folder(&clone).map_err(|cause| at(&clone, cause))?;
            let arguments = ["--bare", "--quiet", "--template=", "repo.git"];
            program.run("init", self.state.folder(), arguments, &[]).await?;
        }
        tokio::select! {
            fetched = self.fetch_commit(program, &clone) => fetched?,
            () = self.outgrown(&clone) => return Err(GitError::TooLarge(self.limits.megabytes)),
        }
        if fetched::size(&clone) > self.limits.megabytes * MEGABYTE {
            fetched::remove_folder(&clone).map_err(|cause| at(&clone, cause))?;
            return Err(GitError::TooLarge(self.limits.megabytes));
        }
        let commit = self
            .line(program, "rev-parse", &["--verify", &format!("{FETCHED}^{{commit}}")])
            .await?;
        let seconds = self.line(program, "show", &["-s", "--format=%ct", &commit]).await?;
        let at = seconds
            .parse()
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok());
        let dir = self.check_out(program, &commit).await?;
        self.collect(program).await;
        Ok(FetchedVersion {
            version: commit,
            at: at.unwrap_or_default(),
            dir,
        })
    }

    async fn fetch_commit(&self, program: &Program, clone: &Path) -> Result<(), GitError> {
        let reference = match self.remote.reference.as_str() {
            "" => "HEAD",
            name => name,
        };
        let arguments = [
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--no-write-fetch-head",
            "--update-shallow",
            "--",
            self.remote.url.as_str(),
            &format!("+{reference}:{FETCHED}"),
        ];
        let fetched = program.run("fetch", clone, arguments, &[]).await;
        fetched.map(drop).map_err(|error| match error {
            GitError::Failed { detail, .. } | GitError::Refused(detail) if detail.contains("remote ref") => {
                GitError::NoReference(reference.to_owned())
            }
            other => other,
        })
    }

    /// Completes when the clone is larger than allowed.
    async fn outgrown(&self, clone: &Path) {
        loop {
            tokio::time::sleep(LOOK).await;
            let folder = clone.to_owned();
            let size = tokio::task::spawn_blocking(move || fetched::size(&folder)).await;
            // Twice the size: a fetch may replace all that was there before.
            if size.is_ok_and(|size| size > 2 * self.limits.megabytes * MEGABYTE) {
                return;
            }
        }
    }

    /// Checks a commit out into a folder of its own, unless it is there.
    async fn check_out(&self, program: &Program, commit: &str) -> Result<PathBuf, GitError> {
        let path = self.remote.path.trim_matches('/');
        let trees = self.state.trees();
        let dir = trees.join(tree_name(commit, path));
        if dir.is_dir() {
            // Earlier versions of signpost checked out the folder alone.
            if !path.is_empty() && !fetched::has_owners_above(&dir) {
                self.add_owners(program, commit, path, &dir).await?;
            }
            return Ok(dir);
        }
        let spec = if path.is_empty() {
            format!("{commit}^{{tree}}")
        } else {
            format!("{commit}:{path}")
        };
        let no_folder = |_| GitError::NoFolder(path.to_owned());
        let tree = self.line(program, "rev-parse", &["--verify", "--quiet", &spec]).await;
        let tree = tree.map_err(no_folder)?;
        if self.line(program, "cat-file", &["-t", &tree]).await? != "tree" {
            return Err(GitError::NoFolder(path.to_owned()));
        }
        self.check_size(program, &tree).await?;
        let new = tempfile::Builder::new().prefix(".new-").tempdir_in(&trees);
        let new = new.map_err(|cause| at(&trees, cause))?;
        let (files, index) = (new.path().join("files"), new.path().join("index"));
        std::fs::create_dir(&files).map_err(|cause| at(&files, cause))?;
        let clone = self.clone_folder();
        let places: [(&str, &Path); 3] = [
            ("GIT_DIR", &clone),
            ("GIT_WORK_TREE", &files),
            ("GIT_INDEX_FILE", &index),
        ];
        program.run("read-tree", &files, [tree.as_str()], &places).await?;
        program
            .run("checkout-index", &files, ["--all", "--force", "--quiet"], &places)
            .await?;
        if !path.is_empty() {
            self.add_owners(program, commit, path, &files).await?;
        }
        std::fs::rename(&files, &dir).map_err(|cause| at(&dir, cause))?;
        Ok(dir)
    }

    /// Adds the owner files above the folder of a commit to its files: `CODEOWNERS` is in the root.
    async fn add_owners(&self, program: &Program, commit: &str, folder: &str, dir: &Path) -> Result<(), GitError> {
        let paths = owners::files_above(folder);
        let fixed = ["-l", "-z", "--full-tree", commit, "--"].map(str::to_owned);
        let arguments = fixed.into_iter().chain(paths.iter().cloned());
        let listed = program.run("ls-tree", &self.clone_folder(), arguments, &[]).await?;
        let mut found = Vec::new();
        for entry in listed.split(|byte| *byte == 0) {
            let entry = String::from_utf8_lossy(entry);
            let Some((facts, path)) = entry.split_once('\t') else {
                continue;
            };
            let facts: Vec<&str> = facts.split_whitespace().collect();
            let [mode, _, object, size] = facts.as_slice() else {
                continue;
            };
            // A link, a folder and a file that is too long name nobody.
            let is_file = mode.starts_with("100") && size.parse().is_ok_and(|size: u64| size <= OWNERS_BYTES);
            if is_file && paths.iter().any(|known| known == path) {
                let arguments = ["blob", *object];
                let text = program.run("cat-file", &self.clone_folder(), arguments, &[]).await?;
                found.push((path.to_owned(), String::from_utf8_lossy(&text).into_owned()));
            }
        }
        fetched::write_owners_above(dir, &found).map_err(|cause| at(dir, cause))
    }

    /// Refuses a tree whose files are too many or too large together.
    async fn check_size(&self, program: &Program, tree: &str) -> Result<(), GitError> {
        let arguments = ["-r", "-l", "-z", "--full-tree", tree];
        let listed = program.run("ls-tree", &self.clone_folder(), arguments, &[]).await?;
        let (mut files, mut bytes) = (0_usize, 0_u64);
        for entry in listed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            let facts = entry.split(|byte| *byte == b'\t').next().unwrap_or_default();
            let facts = String::from_utf8_lossy(facts);
            let size = facts
                .split_whitespace()
                .nth(3)
                .and_then(|size| size.parse::<u64>().ok());
            files += 1;
            bytes = bytes.saturating_add(size.unwrap_or(0));
        }
        if files > self.limits.files {
            return Err(GitError::TooManyFiles(self.limits.files));
        }
        if bytes > self.limits.megabytes * MEGABYTE {
            return Err(GitError::TooLarge(self.limits.megabytes));
        }
        Ok(())
    }

    /// Removes commits that are no longer used, once there are many packs.
    async fn collect(&self, program: &Program) {
        let packs = std::fs::read_dir(self.clone_folder().join("objects/pack"));
        let packs = packs.into_iter().flatten().flatten();
        let count = packs.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "pack"));
        if count.count() > MOST_PACKS {
            // Only disk space depends on it.
            let _ = program
                .run("gc", &self.clone_folder(), ["--quiet", "--prune=now"], &[])
                .await;
        }
    }

    /// The first line of a command's output.
    async fn line(&self, program: &Program, step: &'static str, arguments: &[&str]) -> Result<String, GitError> {
        let output = program.run(step, &self.clone_folder(), arguments, &[]).await?;
        let text = String::from_utf8_lossy(&output);
        Ok(text.lines().next().unwrap_or_default().trim().to_owned())
    }

    fn program(&self) -> Program {
        let remote = &self.remote;
        let scheme = remote.url.scheme();
        let mut config: Vec<(String, String)> = [
            ("core.hooksPath", "/dev/null"),
            ("core.fsmonitor", "false"),
            ("core.attributesFile", "/dev/null"),
            ("core.autocrlf", "false"),
            ("core.symlinks", "true"),
            ("credential.helper", ""),
            ("fetch.recurseSubmodules", "false"),
            ("submodule.recurse", "false"),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
            ("http.followRedirects", "false"),
            // A connection that stands still is given up.
            ("http.lowSpeedLimit", "1000"),
            ("http.lowSpeedTime", "30"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        if let Some(header) = self.authorization() {
            config.push((format!("http.{}/.extraHeader", origin(&remote.url)), header));
        }
        if let Some(file) = &remote.authorities {
            config.push(("http.sslCAInfo".to_owned(), file.display().to_string()));
        }
        let mut program = Program::new(&remote.environment, config, self.state.folder());
        program.set("GIT_ALLOW_PROTOCOL", scheme.to_owned());
        if scheme == "ssh" {
            program.set("GIT_SSH_COMMAND", self.ssh());
        }
        program
    }

    /// The header with the token, for HTTPS and for HTTP on this machine.
    fn authorization(&self) -> Option<String> {
        let token = self.remote.token.as_ref()?.expose_secret();
        if !matches!(self.remote.url.scheme(), "https" | "http") {
            return None;
        }
        let user = match (self.remote.user.as_str(), self.remote.url.host_str()) {
            ("", Some("gitlab.com")) => "oauth2",
            ("", Some("bitbucket.org")) => "x-token-auth",
            ("", _) => "x-access-token",
            (user, _) => user,
        };
        Some(format!(
            "Authorization: Basic {}",
            STANDARD.encode(format!("{user}:{token}"))
        ))
    }

    /// The command for SSH: it asks nobody, and connects to known hosts only.
    fn ssh(&self) -> String {
        let mut command = "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 \
                           -o ServerAliveInterval=10 -o ServerAliveCountMax=3 -o ClearAllForwardings=yes"
            .to_owned();
        let absolute = |file: &Path| std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        if !self.remote.ssh_key.as_os_str().is_empty() {
            command.push_str(" -o IdentitiesOnly=yes -i ");
            command.push_str(&quoted(&absolute(&self.remote.ssh_key)));
        }
        if !self.remote.known_hosts.as_os_str().is_empty() {
            let option = format!("UserKnownHostsFile={}", absolute(&self.remote.known_hosts).display());
            command.push_str(" -o ");
            command.push_str(&quoted(Path::new(&option)));
        }
        command
    }
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// Scheme, host and port of an address.
fn origin(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// Name of the folder with the files of a commit.
fn tree_name(commit: &str, path: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, path.as_bytes());
    let start = digest
        .as_ref()
        .first_chunk::<4>()
        .map_or(0, |start| u32::from_be_bytes(*start));
    format!("{commit}-{start:08x}")
}

/// Removes what a git that was killed left in a clone: locks that would stop the next one, and unfinished packs. The
/// state folder is locked, so that no git is at work.
fn tidy(clone: &Path) {
    for folder in ["", "refs", "refs/signpost", "objects/pack", "objects/info"] {
        for entry in std::fs::read_dir(clone.join(folder)).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".lock") || name.starts_with("tmp_") || name.starts_with(".tmp-") {
                // One that stays makes git fail, and say so.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

fn at(path: &Path, cause: std::io::Error) -> GitError {
    StateError::at(path, cause).into()
}
