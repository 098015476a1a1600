//! The program itself, `signpost serve`, beside a workspace and a Jenkins of the test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use signpost::sandbox::jenkins::token_of;
use tokio::sync::watch;

use crate::bot::*;

/// A running `signpost serve`.
pub(in crate::bot) struct Program {
    child: Child,
    log: Arc<Mutex<String>>,
    ready: watch::Receiver<bool>,
}

/// Its config folder, and what it is to reach Slack at.
pub(in crate::bot) fn configure(world: &World, api_url: &str, jobs: &str, level: &str) {
    let folder = world.folder.path();
    let local = format!(
        "[slack]\napi_url = \"{api_url}\"\nrequest_timeout = 2\nlookup_wait = 1\n[runbooks]\ndir = {:?}\n\
         [store]\npath = {:?}\n[http]\nlisten = \"\"\n[log]\nlevel = \"{level}\"\n",
        world.runbooks(),
        world.store(),
    );
    std::fs::write(folder.join("local.toml"), local).unwrap();
    std::fs::write(folder.join("jobs.toml"), jobs).unwrap();
}

/// `signpost` with the secrets of the sandbox and nothing else of the environment that concerns it.
pub(in crate::bot) fn signpost(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
    command.args(arguments).arg("--config").arg(world.folder.path());
    command.env("SIGNPOST__SLACK__BOT_TOKEN", SIGNPOST_TOKEN);
    command.env("SIGNPOST__SLACK__APP_TOKEN", SIGNPOST_APP_TOKEN);
    command.env("JENKINS_TOKEN", token_of("signpost"));
    command.env("NO_PROXY", "127.0.0.1").current_dir(world.folder.path());
    command.stdin(Stdio::null());
    command
}

impl Program {
    pub(in crate::bot) fn start(world: &World) -> Self {
        let mut command = signpost(world, &["serve"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (tell, ready) = watch::channel(false);
        let (kept, lines) = (Arc::clone(&log), BufReader::new(child.stderr.take().unwrap()));
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let is_ready = line.ends_with(" ready");
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
                drop(log);
                if is_ready {
                    tell.send_replace(true);
                }
            }
        });
        Self { child, log, ready }
    }

    /// Waits until it says that it is ready.
    pub(in crate::bot) async fn ready(&mut self) {
        let told = tokio::time::timeout(Duration::from_secs(20), self.ready.wait_for(|ready| *ready)).await;
        let is_ready = told.is_ok_and(|told| told.is_ok());
        assert!(is_ready, "it is not ready: {}", self.log());
    }

    /// What it logged so far.
    pub(in crate::bot) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The process's id.
    pub(in crate::bot) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended.
    pub(in crate::bot) fn ended(mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }

    /// `kill -9`
    pub(in crate::bot) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
