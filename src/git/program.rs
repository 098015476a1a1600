//! The `git` program: started without the user's configuration, bounded, and ended with all that it started.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use super::GitError;

/// Most bytes that are read of a command's output: more than the names of 100,000 files take.
const MOST_OUTPUT: u64 = 64 * 1024 * 1024;
/// Most bytes that are read of a command's messages.
const MOST_MESSAGES: u64 = 64 * 1024;
/// Most characters of a message that are shown.
const SHOWN: usize = 300;
/// Folders with programs, where the environment names none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A way to call git.
#[derive(Debug)]
pub(super) struct Program {
    /// The whole environment of the program.
    environment: Vec<(String, String)>,
}

impl Program {
    /// Prepares calls. `config` are settings of git; they travel in the environment, so that none shows in the list of
    /// processes. `home` holds no settings.
    pub(super) fn new(passed_on: &[(String, String)], config: Vec<(String, String)>, home: &Path) -> Program {
        let fixed = [
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            // Messages are read, so they must be the ones that this code knows.
            ("LC_ALL", "C.UTF-8"),
            ("LANGUAGE", "en"),
        ];
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut environment: Vec<(String, String)> = passed_on.to_vec();
        if !environment.iter().any(|(name, _)| name == "PATH") {
            environment.push(own(("PATH", PATH)));
        }
        environment.extend(fixed.map(own));
        environment.push(("HOME".to_owned(), home.display().to_string()));
        environment.push(("XDG_CONFIG_HOME".to_owned(), home.display().to_string()));
        environment.push(("GIT_CONFIG_COUNT".to_owned(), config.len().to_string()));
        for (at, (key, value)) in config.into_iter().enumerate() {
            environment.push((format!("GIT_CONFIG_KEY_{at}"), key));
            environment.push((format!("GIT_CONFIG_VALUE_{at}"), value));
        }
        Program { environment }
    }

    /// Adds a variable.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.environment.push((name.to_owned(), value));
    }

    /// Runs a command in a folder and returns its output. The process and all that it started end when the future is
    /// dropped.
    pub(super) async fn run<A: AsRef<OsStr>>(
        &self,
        step: &'static str,
        folder: &Path,
        arguments: impl IntoIterator<Item = A>,
        more: &[(&str, &Path)],
    ) -> Result<Vec<u8>, GitError> {
        let mut command = Command::new("git");
        command
            .arg(step)
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(more.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(GitError::NoProgram)?;
        let mut group = Group::of(&child);
        let (output, messages) = tokio::join!(
            read(child.stdout.take(), MOST_OUTPUT),
            read(child.stderr.take(), MOST_MESSAGES)
        );
        let status = child.wait().await.map_err(|cause| GitError::Failed {
            step,
            detail: cause.to_string(),
        })?;
        group.0 = None;
        if status.success() {
            Ok(output)
        } else {
            Err(explained(step, &String::from_utf8_lossy(&messages)))
        }
    }
}

/// Reads up to a number of bytes. A program that writes more gets a broken pipe and fails.
async fn read(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What was read before a failure is enough to explain it.
        let _ = pipe.take(most).read_to_end(&mut bytes).await;
    }
    bytes
}

/// The processes of a command: git and its helpers. They are ended unless the command ended by itself.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Group {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Group(id.and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended meanwhile.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Explains a failure by what git said.
fn explained(step: &'static str, said: &str) -> GitError {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let fatal = lines().find_map(|line| line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: ")));
    let detail = clean(
        fatal
            .or_else(|| lines().next_back())
            .unwrap_or("failed without a message"),
    );
    let lower = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&[
        "redirect",
        "returned error: 301",
        "returned error: 302",
        "returned error: 307",
        "returned error: 308",
    ]) {
        GitError::Redirected
    } else if has(&[
        "could not read username",
        "could not read password",
        "authentication failed",
        "permission denied",
        "returned error: 401",
        "returned error: 403",
        "returned error: 404",
        "repository not found",
        "not found",
        "does not appear to be a git repository",
        "host key verification failed",
    ]) && !has(&["remote ref"])
    {
        GitError::Refused(detail)
    } else {
        GitError::Failed { step, detail }
    }
}

/// Makes text of a server fit to be shown: one line, without control characters, shortened.
fn clean(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    crate::redact::redact(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_explained_and_show_no_control_characters() {
        let told = |said: &str| explained("fetch", said).to_string();
        for (said, expected) in [
            (
                "fatal: could not read Username for 'https://x.example': terminal prompts disabled",
                "access is refused",
            ),
            (
                "remote: Repository not found.\nfatal: repository 'https://x/' not found",
                "access is refused",
            ),
            (
                "fatal: unable to access 'https://x/': Could not resolve host: x",
                "git fetch: unable to access 'https://x/': Could not resolve host: x",
            ),
            ("", "git fetch: failed without a message"),
        ] {
            assert!(told(said).contains(expected), "{said}: {}", told(said));
        }
        assert!(!told("fatal: \u{1b}[31mred").contains('\u{1b}'));
    }
}
