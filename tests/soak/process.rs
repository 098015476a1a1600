//! `signpost serve` as a child process.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use super::deployment::Deployment;
use super::setup::poll;

/// The longest that a start or a graceful stop may take.
const LIMIT: Duration = Duration::from_secs(40);
const SIGTERM: i32 = 15;

/// A running bot. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
    ready: watch::Receiver<bool>,
}

impl Process {
    pub(super) fn start(deployment: &Deployment) -> Self {
        Self::spawn(deployment.serve())
    }

    /// Starts a command whose standard error is piped.
    pub(super) fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, ready) = watch::channel(false);
        let (kept, lines) = (Arc::clone(&log), BufReader::new(child.stderr.take().unwrap()));
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
                drop(log);
                if line.ends_with(" ready") {
                    sender.send_replace(true);
                }
            }
        });
        Self { child, log, ready }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The last lines of its log.
    pub(super) fn log(&self) -> String {
        let log = self.log.lock().unwrap();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Fails when the process has ended by itself: no trial gives it a reason to.
    pub(super) fn assert_running(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("signpost ended by itself, {status}:\n{}", self.log());
        }
    }

    /// Waits until it logs that it is ready.
    pub(super) async fn ready(&mut self) {
        let is_ready = self.ready.clone();
        let waited = poll(LIMIT, async || {
            self.assert_running();
            (*is_ready.borrow()).then_some(())
        });
        assert!(
            waited.await.is_some(),
            "signpost is not ready after {LIMIT:?}:\n{}",
            self.log()
        );
    }

    /// Ends it with SIGKILL.
    pub(super) fn kill(mut self) {
        self.assert_running();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it a signal, such as `TERM`.
    pub(super) fn signal(&self, name: &str) {
        let (option, id) = (format!("-{name}"), self.id().to_string());
        let sent = Command::new("kill").args([&option, &id]).status().unwrap();
        assert!(sent.success(), "SIG{name} could not be sent");
    }

    /// Ends it with SIGTERM and waits until it has ended.
    pub(super) async fn stop(mut self) {
        self.assert_running();
        self.signal("TERM");
        let ended = poll(LIMIT, async || self.child.try_wait().unwrap()).await;
        let Some(status) = ended else {
            panic!("signpost has not ended {LIMIT:?} after SIGTERM:\n{}", self.log());
        };
        assert!(is_graceful(status), "after SIGTERM, {status}:\n{}", self.log());
    }
}

/// In the first milliseconds, before the program handles signals, SIGTERM ends it as it ends any process.
fn is_graceful(status: ExitStatus) -> bool {
    status.success() || status.signal() == Some(SIGTERM)
}

impl Drop for Process {
    fn drop(&mut self) {
        // A trial that failed leaves no process behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
