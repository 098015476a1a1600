//! One installation of the bot: the folder with its settings, its runbooks and its store.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use signpost::sandbox::jenkins::token_of;
use signpost::sandbox::{GRACE, RANDOM, ROUTING_KEY, SIGNPOST_APP_TOKEN, SIGNPOST_TOKEN};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use super::trial::Trial;

const RUNBOOK: &str = "# Flux capacitor errors\n\n\
    ## QX4711\n\n```\nQX4711: the flux capacitor of node <NODE> is empty\n```\n\n### What to do\n\n\
    1. Fill it: `fluxctl fill <NODE>`.\n2. Look whether it holds.\n";

/// An error whose team can be called.
const ENGINE: &str = "---\nsignpost:\n  team: engines\n---\n# Warp engine stalls\n\n\
    ```\nWX100: the warp engine of node <NODE> stalls\n```\n\n## What to do\n\n1. Look at the gauge: `gauge <NODE>`.\n";

/// The folder of the bot's files, and the port of its health checks.
#[derive(Debug)]
pub(super) struct Deployment {
    folder: tempfile::TempDir,
    store: PathBuf,
    /// URL of a PostgreSQL database that takes the place of the file.
    database: Option<String>,
    port: u16,
}

impl Deployment {
    pub(super) fn new(trial: Trial) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("runbooks")).unwrap();
        std::fs::write(folder.path().join("runbooks/flux.md"), RUNBOOK).unwrap();
        std::fs::write(folder.path().join("jobs.toml"), "").unwrap();
        Self {
            store: folder.path().join("signpost.db"),
            database: None,
            folder,
            port: free_port(trial.seed),
        }
    }

    /// Keeps the store elsewhere.
    pub(super) fn with_store(self, store: PathBuf) -> Self {
        Self { store, ..self }
    }

    /// Keeps the store in a PostgreSQL database.
    pub(super) fn with_database(self, url: &str) -> Self {
        Self {
            database: Some(url.to_owned()),
            ..self
        }
    }

    /// Writes the settings.
    pub(super) fn configure(&self, api_url: &str) {
        let local = format!(
            "[slack]\napi_url = \"{api_url}\"\nrequest_timeout = 2\nlookup_wait = 1\n[runbooks]\ndir = {:?}\n\
             [answers]\nrepeat_minutes = 0\n[store]\n{}\n[http]\nlisten = \"127.0.0.1:{}\"\n",
            self.folder.path().join("runbooks"),
            match &self.database {
                Some(url) => format!("url = {url:?}"),
                None => format!("path = {:?}", self.store),
            },
            self.port,
        );
        std::fs::write(self.folder.path().join("local.toml"), local).unwrap();
    }

    /// Writes the registry of jobs.
    pub(super) fn register(&self, jobs: &str) {
        std::fs::write(self.folder.path().join("jobs.toml"), jobs).unwrap();
    }

    /// Adds a runbook whose team is called over this on-call service.
    pub(super) fn register_team(&self, oncall: &str) {
        let data = self.runbooks().join("_data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(self.runbooks().join("engine.md"), ENGINE).unwrap();
        let teams = format!(
            "engines:\n  name: Engines\n  slack: {{channel: {RANDOM}}}\n  oncall:\n    first: 2026-01-05\n    \
             people: [{{name: Grace, slack: {GRACE}}}]\n  page: local\n"
        );
        std::fs::write(data.join("teams.yml"), teams).unwrap();
        let pagers = format!(
            "[[pagers]]\nid = \"local\"\nkind = \"pagerduty\"\nurl = \"{oncall}/events\"\ntoken_variable = \"PAGER_KEY\"\n"
        );
        std::fs::write(self.folder.path().join("oncall.toml"), pagers).unwrap();
    }

    pub(super) fn runbooks(&self) -> PathBuf {
        self.folder.path().join("runbooks")
    }

    pub(super) fn store(&self) -> &Path {
        &self.store
    }

    /// A file beside the store: `-wal`, `-shm`, or one of a trial's own.
    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.store.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    }

    /// The port of `/live` and `/ready`.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The address of `/live` and `/ready`.
    pub(super) fn health(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// The command line of `signpost serve` in this installation.
    pub(super) fn serve(&self) -> Command {
        let given = super::trial::variable("SIGNPOST_SOAK_PROGRAM");
        self.serve_with(given.as_deref().unwrap_or(env!("CARGO_BIN_EXE_signpost")))
    }

    /// The command line of `serve` of another `signpost`.
    pub(super) fn serve_with(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["serve", "--config"]).arg(self.folder.path());
        self.with_environment(&mut command);
        command
    }

    /// The secrets of the local workspace and nothing else that concerns the bot.
    pub(super) fn with_environment(&self, command: &mut Command) {
        command.env("SIGNPOST__SLACK__BOT_TOKEN", SIGNPOST_TOKEN);
        command.env("SIGNPOST__SLACK__APP_TOKEN", SIGNPOST_APP_TOKEN);
        command.env("JENKINS_TOKEN", token_of("signpost"));
        command.env("PAGER_KEY", ROUTING_KEY);
        command.env("NO_PROXY", "127.0.0.1").current_dir(self.folder.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
    }

    /// One number from the store; `None` while it cannot be read.
    pub(super) async fn number(&self, query: &str) -> Option<i64> {
        if let Some(url) = &self.database {
            let mut connection = PgConnection::connect(url).await.ok()?;
            let number = sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
                .fetch_one(&mut connection)
                .await
                .ok();
            let _ = connection.close().await;
            return number;
        }
        let options = SqliteConnectOptions::new().filename(&self.store).read_only(true);
        let mut connection = options.connect().await.ok()?;
        let number = sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
            .fetch_one(&mut connection)
            .await
            .ok();
        let _ = connection.close().await;
        number
    }

    /// Rows of the inbox and of the outbox with work left to do; `None` while the store cannot be read.
    pub(super) async fn unfinished(&self) -> Option<i64> {
        self.number(
            "SELECT (SELECT count(*) FROM inbox WHERE state NOT IN ('handled', 'set_aside'))
             + (SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'uncertain'))",
        )
        .await
    }

    /// Rows of the inbox that were given up.
    pub(super) async fn set_aside(&self) -> Option<i64> {
        self.number("SELECT count(*) FROM inbox WHERE state = 'set_aside'")
            .await
    }

    /// Moves everything from the write-ahead log to the main file, which then holds the whole store.
    pub(super) async fn checkpoint(&self) {
        let options = SqliteConnectOptions::new().filename(&self.store);
        let mut connection = options.connect().await.unwrap();
        let query = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        query.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// A port below the ones that the system gives to outgoing connections: it stays free between two starts of the bot.
fn free_port(seed: u64) -> u16 {
    // Trials may run side by side as processes or as threads.
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    let taken = TAKEN.fetch_add(1, Ordering::Relaxed).wrapping_mul(501);
    let first = u64::from(std::process::id())
        .wrapping_mul(97)
        .wrapping_add(seed.wrapping_add(taken))
        % 10_000;
    let mut ports = (0..10_000).map(|more| u16::try_from(20_000 + (first + more) % 10_000).unwrap());
    ports
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port between 20000 and 30000")
}
