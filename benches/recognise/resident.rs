//! What a running bot weighs.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Starts the bot against the local workspace and asks the kernel what it holds in memory, in kB (Linux).
pub(crate) fn of_serve(corpus: Option<&PathBuf>) -> Option<u64> {
    let signpost = env!("CARGO_BIN_EXE_signpost");
    let folder = tempfile::tempdir().ok()?;
    let mut sandbox = Command::new(signpost)
        .args(["sandbox", "--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let url = BufReader::new(sandbox.stdout.take()?).lines().next()?.ok()?;
    let mut serve = Command::new(signpost)
        .arg("serve")
        .env("SIGNPOST__SLACK__API_URL", format!("{url}/api"))
        .env("SIGNPOST__SLACK__BOT_TOKEN", "xoxb-sandbox-echo")
        .env("SIGNPOST__SLACK__APP_TOKEN", "xapp-sandbox-echo")
        .env(
            "SIGNPOST__RUNBOOKS__DIR",
            corpus.map_or_else(String::new, |folder| folder.display().to_string()),
        )
        .env("SIGNPOST__STORE__PATH", folder.path().join("bench.db"))
        .env("SIGNPOST__HTTP__LISTEN", "")
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut log = BufReader::new(serve.stderr.take()?).lines();
    let ready = log.any(|line| line.is_ok_and(|line| line.ends_with("ready")));
    let status = std::fs::read_to_string(format!("/proc/{}/status", serve.id()));
    for child in [&mut serve, &mut sandbox] {
        child.kill().and_then(|()| child.wait()).ok()?;
    }
    let resident = |line: &str| {
        line.strip_prefix("VmRSS:")?
            .trim()
            .strip_suffix("kB")?
            .trim()
            .parse()
            .ok()
    };
    status.ok().filter(|_| ready)?.lines().find_map(resident)
}
