//! Time from a message to its answer, how fast a flood is worked through, and the memory that both take: `signpost serve`
//! beside the local workspace, over the real wire.
//!
//! ```sh
//! cargo bench --bench answer
//! SIGNPOST_OTHER=/path/to/another/signpost cargo bench --bench answer   # both in one run, with their ratio
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench ends at the first problem, prints its figures, and reads which other program to measure"
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use signpost::sandbox::{ADA, Options, SIGNPOST, SIGNPOST_APP_TOKEN, SIGNPOST_TOKEN, SUPPORT, Workspace};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Messages whose answers are timed.
const ASKED: usize = 40;
/// Between them: Slack takes one message a second in a channel.
const PAUSE: Duration = Duration::from_millis(1_100);
/// Messages of the flood.
const FLOOD: i64 = 5_000;
/// An error of the sample pack.
const PASTE: &str = "deploy failed: E0003: registry quota of project armada exceeded";

struct Figures {
    median: Duration,
    worst: Duration,
    flood: Duration,
    resident: u64,
}

fn main() {
    // `cargo test --benches` only compiles it.
    if std::env::args().all(|argument| argument != "--bench") {
        return;
    }
    let own = measure(Path::new(env!("CARGO_BIN_EXE_signpost")));
    print("this signpost", &own);
    if let Some(other) = std::env::var_os("SIGNPOST_OTHER").map(PathBuf::from) {
        let other = measure(&other);
        print("the other", &other);
        let ratio = |own: Duration, other: Duration| own.as_secs_f64() / other.as_secs_f64();
        println!(
            "ratios: median {:.2}, flood {:.2}, memory {:.2}",
            ratio(own.median, other.median),
            ratio(own.flood, other.flood),
            own.resident as f64 / other.resident as f64
        );
    }
}

fn print(name: &str, figures: &Figures) {
    println!(
        "{name}: event → post {:.1} ms median, {:.1} ms worst of {ASKED}; flood of {FLOOD} handled in {:.2} s; {:.1} MB at most",
        figures.median.as_secs_f64() * 1e3,
        figures.worst.as_secs_f64() * 1e3,
        figures.flood.as_secs_f64(),
        figures.resident as f64 / 1024.0
    );
}

fn measure(binary: &Path) -> Figures {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = CancellationToken::new();
        let workspace = Workspace::start(listener, Options::default(), shutdown.clone());
        let folder = tempfile::tempdir().unwrap();
        let mut serve = start(binary, &workspace.api_url(), folder.path());
        let mut times = Vec::new();
        for number in 0..ASKED {
            let begun = Instant::now();
            let text = format!("<@{SIGNPOST}> {PASTE} {number}");
            let ts = workspace.say(ADA, SUPPORT, &text).unwrap();
            let answered = workspace.wait_for(|state| (!state.replies(SUPPORT, &ts).is_empty()).then_some(()));
            answered.await.unwrap();
            times.push(begun.elapsed());
            tokio::time::sleep(PAUSE).await;
        }
        times.sort();
        let flood = flood(&workspace, &folder.path().join("signpost.db")).await;
        let resident = peak(&serve);
        serve.kill().unwrap();
        serve.wait().unwrap();
        shutdown.cancel();
        Figures {
            median: *times.get(ASKED / 2).unwrap(),
            worst: *times.last().unwrap(),
            flood,
            resident,
        }
    })
}

/// How long it takes until messages that come in all at once are handled.
async fn flood(workspace: &Workspace, store: &Path) -> Duration {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(store)
        .read_only(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let handled = async || -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM inbox WHERE state = 'handled'");
        count.fetch_one(&pool).await.unwrap()
    };
    let before = handled().await;
    let begun = Instant::now();
    for number in 0..FLOOD {
        let text = format!("message {number} of many, which no runbook knows");
        workspace.say(ADA, SUPPORT, &text).unwrap();
    }
    while handled().await - before < FLOOD {
        assert!(
            begun.elapsed() < Duration::from_mins(2),
            "the flood is not worked through"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}

fn start(binary: &Path, api_url: &str, folder: &Path) -> Child {
    let mut serve = Command::new(binary)
        .arg("serve")
        .current_dir(folder)
        .env("SIGNPOST__SLACK__API_URL", api_url)
        .env("SIGNPOST__SLACK__BOT_TOKEN", SIGNPOST_TOKEN)
        .env("SIGNPOST__SLACK__APP_TOKEN", SIGNPOST_APP_TOKEN)
        .env("SIGNPOST__HTTP__LISTEN", "")
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(serve.stderr.take().unwrap()).lines();
    let is_ready = lines.by_ref().map_while(Result::ok).any(|line| line.ends_with("ready"));
    assert!(is_ready, "{} did not start", binary.display());
    // Whatever else it logs must not fill the pipe.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    serve
}

/// The most memory that a process ever had resident, in KiB.
fn peak(process: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}
