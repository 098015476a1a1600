//! One person who fills thread after thread with large files that no runbook covers: memory stays bounded.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use signpost::sandbox::{ADA, RANDOM, SUPPORT};

use super::process::Process;
use super::setup::{Setup, poll};
use super::trial::{Counts, Trial, run};

/// The limit in deploy/signpost.service, in kB.
const MOST: u64 = 256 * 1024;
/// Threads that show what the bot needs in any case, and those after which it may need no more than two thirds of their
/// text on top of that: the short form, for a debug build takes seconds for each.
const WARM_UP: usize = 2;
const SHORT: usize = 8;
const FILES: usize = 3;
/// Bytes of each file, the most that the bot reads.
const SIZE: usize = 1024 * 1024;

#[test]
fn large_files_in_many_threads_leave_memory_bounded() {
    run("large_files_in_many_threads_leave_memory_bounded", fill);
}

async fn fill(trial: Trial) -> Counts {
    let mut random = trial.random();
    let setup = Setup::new(trial).await;
    let mut ids = Vec::new();
    for number in 0..FILES {
        let mut text = String::new();
        while text.len() < SIZE - 100 {
            let (worker, request, time) = (random.within(0..40), random.within(0..99_999), random.within(1..900));
            writeln!(text, "worker {worker} served request {request} in {time} ms").unwrap();
        }
        let file = json!({"channel": RANDOM, "name": format!("served-{number}.log"), "content": text});
        let uploaded = setup.control("upload", file).await;
        ids.push(json!({"id": uploaded["file_id"]}));
    }
    let mut process = setup.start();
    process.ready().await;
    let mut memory = Memory {
        setup,
        process,
        files: ids,
        threads: 0,
    };
    let mut counts = Counts::default();
    let limit = if trial.is_long {
        MOST
    } else {
        let needed = memory.fill(WARM_UP, MOST, &mut counts).await;
        needed + u64::try_from((SHORT - WARM_UP) * FILES * SIZE * 2 / 3 / 1024).unwrap()
    };
    let peak = memory.fill(trial.size(SHORT, 150), limit, &mut counts).await;
    if peak > limit {
        counts.problems.push(format!("{peak} kB were used, more than {limit}"));
    }
    memory.process.kill();
    counts.more.push(("threads", memory.threads as u64));
    counts.more.push(("peak_kb", peak));
    counts.more.push(("limit_kb", limit));
    counts
}

struct Memory {
    setup: Setup,
    process: Process,
    files: Vec<Value>,
    threads: usize,
}

impl Memory {
    /// Shares the files in threads until there are so many; returns the bot's peak memory in kB, early when it is above
    /// the limit.
    async fn fill(&mut self, threads: usize, limit: u64, counts: &mut Counts) -> u64 {
        while self.threads < threads {
            self.threads += 1;
            let number = self.threads;
            let root = format!("look at number {number}");
            let root = self.setup.workspace.say(ADA, SUPPORT, &root).unwrap();
            let shared = json!({
                "files": self.files, "channel_id": SUPPORT, "thread_ts": root,
                "initial_comment": format!("logs of {number}"),
            });
            let workspace = &self.setup.workspace;
            workspace.call(ADA, "files.completeUploadExternal", &shared).unwrap();
        }
        // A root and a reply of each thread, and the uploads.
        let all = i64::try_from(2 * threads + FILES).unwrap();
        let mut handled = None;
        let mut peak = 0;
        // A debug build takes seconds for three files.
        let over = poll(Duration::from_secs(20 + 10 * threads as u64), async || {
            self.process.assert_running();
            peak = peak.max(peak_memory(self.process.id()));
            let query = "SELECT count(*) FROM inbox WHERE state = 'handled'";
            handled = self.setup.deployment.number(query).await;
            (handled == Some(all) || peak > limit).then_some(())
        });
        if over.await.is_none() {
            counts
                .problems
                .push(format!("{handled:?} of {all} messages are handled"));
        }
        peak
    }
}

/// The most memory that a process has had resident, in kB.
fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}
