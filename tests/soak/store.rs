//! The store's file is taken away while the bot runs, or the disk is full: `/ready` fails, nothing acknowledged is lost, and
//! the bot works again without a restart when the fault is gone.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use signpost::sandbox::State;

use super::deployment::Deployment;
use super::process::Process;
use super::setup::{Said, Setup, app, poll};
use super::trial::{Counts, Trial, run};

/// Within this time the fault must be noticed, and its end.
const NOTICED: Duration = Duration::from_secs(20);
const SETTLED: Duration = Duration::from_secs(40);

#[test]
fn a_store_that_is_moved_away_and_back() {
    run("a_store_that_is_moved_away_and_back", |trial| {
        fault(
            trial,
            |deployment| rename(deployment, "", ".away"),
            |deployment| rename(deployment, ".away", ""),
        )
    });
}

#[test]
fn a_store_that_is_emptied_and_restored() {
    let empty = |deployment: &Deployment| {
        fs::copy(deployment.store(), deployment.beside(".copy")).unwrap();
        fs::write(deployment.store(), "").unwrap();
    };
    let restore = |deployment: &Deployment| {
        // The same file with the same contents, not another one in its place.
        fs::write(deployment.store(), fs::read(deployment.beside(".copy")).unwrap()).unwrap();
    };
    run("a_store_that_is_emptied_and_restored", |trial| {
        fault(trial, empty, restore)
    });
}

#[test]
fn a_store_that_is_replaced_and_put_back() {
    let replace = |deployment: &Deployment| {
        rename(deployment, "", ".away");
        fs::write(deployment.store(), "").unwrap();
        fs::set_permissions(deployment.store(), fs::Permissions::from_mode(0o600)).unwrap();
    };
    run("a_store_that_is_replaced_and_put_back", |trial| {
        fault(trial, replace, |deployment| rename(deployment, ".away", ""))
    });
}

#[test]
fn a_store_that_is_deleted_for_good() {
    run("a_store_that_is_deleted_for_good", deleted);
}

#[test]
fn a_full_disk() {
    run("a_full_disk", full);
}

fn rename(deployment: &Deployment, from: &str, to: &str) {
    fs::rename(deployment.beside(from), deployment.beside(to)).unwrap();
}

/// The bot at work, with everything answered so far and all of the store in its main file.
async fn at_work(trial: Trial, setup: &Setup) -> (Process, Vec<String>, Vec<Said>, Vec<String>) {
    let channels = setup.channels(trial.size(4, 40)).await;
    let mut process = setup.start();
    process.ready().await;
    let said = setup.pastes(trial.size(8, 80), &channels);
    let settled = setup.settled(&mut process, SETTLED).await;
    setup.deployment.checkpoint().await;
    (process, channels, said, settled.err().into_iter().collect())
}

/// Breaks the store, sees that the bot says so and takes nothing in, mends it, and counts the answers.
async fn fault(trial: Trial, break_it: impl Fn(&Deployment), mend_it: impl Fn(&Deployment)) -> Counts {
    let setup = Setup::new(trial).await;
    let (mut process, channels, mut said, mut problems) = at_work(trial, &setup).await;
    for round in 1..=trial.size(1, 4) {
        break_it(&setup.deployment);
        problems.extend(setup.health(200, 503, &mut process, NOTICED).await.err());
        let first = said.len();
        let more = channels.iter().enumerate();
        said.extend(more.map(|(number, channel)| setup.paste(channel, first + number)));
        if !is_left_unacknowledged(&setup, &mut process).await {
            problems.push(format!("round {round}: messages are acknowledged without a store"));
        }
        mend_it(&setup.deployment);
        if problems.is_empty() {
            problems.extend(setup.health(200, 200, &mut process, SETTLED).await.err());
        }
        if problems.is_empty() {
            problems.extend(setup.settled(&mut process, SETTLED).await.err());
        }
        if !problems.is_empty() {
            break;
        }
        setup.deployment.checkpoint().await;
    }
    setup.counts_after(problems, process, &said, SETTLED).await
}

/// Waits until events were sent again for want of an acknowledgement, or nobody is connected who could acknowledge them.
async fn is_left_unacknowledged(setup: &Setup, process: &mut Process) -> bool {
    let again = |state: &State| {
        let mut sent = state.delivered.iter().rev();
        app(state).connections() == 0 || sent.any(|sent| sent.attempt > 0 && !sent.acknowledged)
    };
    let decided = poll(NOTICED, async || {
        process.assert_running();
        (setup.unacknowledged() == 0 || setup.workspace.read(again)).then_some(())
    });
    decided.await.is_some() && setup.unacknowledged() > 0
}

/// Nobody brings this file back. What is acknowledged after that must be in a file that outlives the process.
async fn deleted(trial: Trial) -> Counts {
    let setup = Setup::new(trial).await;
    let (mut process, channels, mut said, problems) = at_work(trial, &setup).await;
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(setup.deployment.beside(suffix));
    }
    let first = said.len();
    let more = channels.iter().cycle().take(trial.size(40, 400)).enumerate();
    said.extend(more.map(|(number, channel)| setup.paste(channel, first + number)));
    // Whether the bot writes a new file or acknowledges nothing more: it must not take in what ends with the process.
    let _ = poll(NOTICED, async || {
        process.assert_running();
        (setup.unacknowledged() == 0).then_some(())
    })
    .await;
    process.kill();
    let process = setup.start();
    Counts {
        kills: 1,
        ..setup.counts_after(problems, process, &said, SETTLED).await
    }
}

// --- a full disk ------------------------------------------------------------------------------------------------------

/// A disk that can be filled.
#[derive(Debug)]
enum Disk {
    /// A file system of its own, which is filled with a file.
    Mounted { folder: tempfile::TempDir },
    /// A limit on the size of files, which stands for a full disk where nothing may be mounted.
    Limited,
}

impl Disk {
    /// Room for a write-ahead log, which SQLite lets grow to 4 MB.
    const SIZE: &str = "size=32m";

    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = succeeds(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", Self::SIZE, "tmpfs"])
                .arg(folder.path()),
        );
        if mounted {
            return Some(Self::Mounted { folder });
        }
        let can_be_limited = succeeds(Command::new("prlimit").arg("--version"));
        can_be_limited.then_some(Self::Limited)
    }

    fn deployment(&self, trial: Trial) -> Deployment {
        let deployment = Deployment::new(trial);
        match self {
            Self::Mounted { folder } => deployment.with_store(folder.path().join("signpost.db")),
            Self::Limited => deployment,
        }
    }

    fn start(&self, deployment: &Deployment) -> Process {
        match self {
            Self::Mounted { .. } => Process::start(deployment),
            Self::Limited => {
                // Without the trap a write beyond the limit would end the process.
                let script = "trap '' XFSZ; exec \"$0\" \"$@\"";
                let serve = deployment.serve();
                let mut command = Command::new("sh");
                command
                    .args(["-c", script])
                    .arg(serve.get_program())
                    .args(serve.get_args());
                deployment.with_environment(&mut command);
                Process::spawn(command)
            }
        }
    }

    /// Takes all the space that is left.
    fn fill(&self, process: &Process) {
        let Some(filler) = self.filler() else {
            limit(process, "4096");
            return;
        };
        let mut file = fs::File::create(filler).unwrap();
        for block in [1 << 16, 512] {
            while file.write_all(&vec![0; block]).is_ok() {}
        }
    }

    fn free(&self, process: &Process) {
        match self.filler() {
            Some(filler) => fs::remove_file(filler).unwrap(),
            None => limit(process, "unlimited"),
        }
    }

    fn filler(&self) -> Option<PathBuf> {
        match self {
            Self::Mounted { folder } => Some(folder.path().join("filler")),
            Self::Limited => None,
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Self::Mounted { folder } = self {
            unmount(folder.path());
        }
    }
}

/// Sets how long a file may get, in bytes.
fn limit(process: &Process, size: &str) {
    let id = process.id().to_string();
    let mut command = Command::new("prlimit");
    command.args([&format!("--fsize={size}:unlimited"), "--pid", &id]);
    assert!(succeeds(&mut command), "the limit on the size of files cannot be set");
}

fn unmount(folder: &Path) {
    succeeds(Command::new("umount").arg("--lazy").arg(folder));
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

async fn full(trial: Trial) -> Counts {
    let Some(disk) = Disk::new() else {
        println!("SKIPPED a full disk: neither mount nor prlimit can be used here");
        return Counts::default();
    };
    let setup = Setup::of(disk.deployment(trial)).await;
    let channels = setup.channels(60).await;
    let mut process = disk.start(&setup.deployment);
    process.ready().await;
    let mut said = setup.pastes(channels.len(), &channels);
    if let Err(problem) = setup.settled(&mut process, SETTLED).await {
        return setup.counts_after(vec![problem], process, &said, SETTLED).await;
    }
    let mut problems = Vec::new();
    disk.fill(&process);
    // Until the store has no room left: each message needs some of it.
    let mut is_full = false;
    for round in 1..=40 {
        let first = round * channels.len();
        let more = channels.iter().enumerate().take(20);
        said.extend(more.map(|(number, channel)| setup.long_paste(channel, first + number)));
        let decided = poll(NOTICED, async || {
            process.assert_running();
            is_full = setup.ready().await == Some(503);
            (is_full || setup.unacknowledged() == 0).then_some(())
        });
        if decided.await.is_none() || is_full {
            break;
        }
    }
    if !is_full {
        problems.push(format!("/ready does not fail with a full disk:\n{}", process.log()));
    }
    disk.free(&process);
    if problems.is_empty() {
        problems.extend(setup.health(200, 200, &mut process, NOTICED).await.err());
    }
    setup.counts_after(problems, process, &said, SETTLED).await
}
