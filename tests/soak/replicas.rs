//! Three replicas on one PostgreSQL server, which are killed or paused for longer than their leases last, while the server is
//! restarted and a fourth one is cut off from the server and from Slack. They answer pastes, follow runs of jobs, and page.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::deployment::Deployment;
use super::process::Process;
use super::proxy::{Proxy, Upstream};
use super::setup::{Setup, poll};
use super::trial::{Counts, Trial, run};
use super::{escalations, jobs};

/// Pause of a replica: longer than a lease is held (15 s).
const PAUSE: Duration = Duration::from_secs(18);
/// Time between its pauses, in which it takes channels again.
const BETWEEN_PAUSES: Duration = Duration::from_secs(7);

/// A PostgreSQL server of the trial's own. It ends with the script behind it, whose standard input is closed when this is
/// dropped.
struct Server {
    script: Child,
    commands: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Server {
    fn start() -> (Self, String) {
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = script.stdin.take();
        let mut answers = BufReader::new(script.stdout.take().unwrap()).lines();
        let url = answers.next().unwrap().unwrap();
        assert!(url.starts_with("postgres://"), "tests/postgres: {url}");
        let server = Self {
            script,
            commands,
            answers,
        };
        (server, url)
    }

    /// Ends the server as a crash does, and starts it again.
    fn restart(&mut self) {
        writeln!(self.commands.as_mut().unwrap(), "restart").unwrap();
        assert_eq!(self.answers.next().unwrap().unwrap(), "restarted");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.commands = None;
        let _ = self.script.wait();
    }
}

#[test]
fn replicas_outlast_kills_and_restarts_of_the_database() {
    run("replicas_outlast_kills_and_restarts_of_the_database", replicas);
}

/// One more replica of the installation: with a port of its own, and with one connection, as those of a dead one count for
/// a while.
fn start(setup: &Setup) -> Process {
    let mut command = setup.deployment.serve();
    command
        .env("SIGNPOST__HTTP__LISTEN", "127.0.0.1:0")
        .env("SIGNPOST__SLACK__CONNECTIONS", "1")
        .env("SIGNPOST__SLACK__FLEET_CONNECTIONS", "3");
    Process::spawn(command)
}

/// One more replica, which reaches the database and Slack through networks that can be cut.
fn start_behind(setup: &Setup, (database, slack): (&Proxy, &Proxy)) -> Process {
    let mut command = setup.deployment.serve();
    let database = format!(
        "postgres://signpost@127.0.0.1:{}/postgres?sslmode=disable",
        database.port()
    );
    command
        .env("SIGNPOST__HTTP__LISTEN", "127.0.0.1:0")
        .env("SIGNPOST__SLACK__CONNECTIONS", "1")
        .env("SIGNPOST__SLACK__FLEET_CONNECTIONS", "3")
        .env(
            "SIGNPOST__SLACK__API_URL",
            format!("http://127.0.0.1:{}/api", slack.port()),
        )
        .env("SIGNPOST__STORE__URL", database);
    Process::spawn(command)
}

/// The socket of the server, in the folder that its URL names.
fn socket_of(url: &str) -> PathBuf {
    let folder = url.split_once("?host=").unwrap().1;
    PathBuf::from(folder).join(".s.PGSQL.5432")
}

async fn replicas(trial: Trial) -> Counts {
    let mut random = trial.random();
    let kills = trial.size(6, 100);
    let restarts = trial.size(2, 10);
    let pauses = if trial.is_long { 1_000..4_000 } else { 300..1_500 };
    let (mut server, url) = Server::start();
    let setup = Setup::of(Deployment::new(trial).with_database(&url)).await;
    setup
        .deployment
        .register(&jobs::registry(&setup.workspace.jenkins_url()));
    setup.deployment.register_team(&setup.workspace.oncall_url());
    let channels = setup.channels(trial.size(8, 30)).await;
    let mut processes: Vec<Process> = (0..3).map(|_| start(&setup)).collect();
    for process in &mut processes {
        process.ready().await;
    }

    let messages = trial.size(150, 3_000);
    let mut moments = random.clone();
    let people = async {
        let mut said = Vec::new();
        while said.len() < messages {
            for _ in 0..moments.within(1..10) {
                let channel: &String = moments.choose(&channels);
                said.push(setup.paste(channel, said.len()));
            }
            tokio::time::sleep(moments.milliseconds(20..200)).await;
        }
        said
    };
    let mut moments = random.clone();
    let requests = async {
        let mut asked = Vec::new();
        for number in 0..trial.size(3, 60) {
            asked.push(jobs::ask(&setup, number));
            tokio::time::sleep(moments.milliseconds(500..3_000)).await;
        }
        asked
    };
    let calls = async {
        let (mut escalated, mut problems) = (Vec::new(), Vec::new());
        for number in 0..trial.size(2, 15) {
            let channel = channels.get(number % channels.len()).unwrap();
            let (said, problem) = escalations::escalate(&setup, channel, number).await;
            escalated.push(said);
            problems.extend(problem);
        }
        (escalated, problems)
    };
    let killed = async {
        for number in 0..kills {
            tokio::time::sleep(random.milliseconds(pauses.clone())).await;
            let victim = usize::try_from(random.within(0..3)).unwrap();
            let next = start(&setup);
            std::mem::replace(&mut processes[victim], next).kill();
            if number % (kills / restarts) == 1 {
                server.restart();
            }
        }
    };
    // One more replica goes on after a pause that outlasts its leases: others have its channels then.
    let mut paused = start(&setup);
    paused.ready().await;
    let pauses_of_one = trial.size(1, 8);
    let stopped = async {
        for _ in 0..pauses_of_one {
            paused.signal("STOP");
            tokio::time::sleep(PAUSE).await;
            paused.signal("CONT");
            tokio::time::sleep(BETWEEN_PAUSES).await;
        }
    };
    // Another one is cut off from the database, from Slack, and from both for as long.
    let slack = setup.workspace.url().trim_start_matches("http://").to_owned();
    let networks = (
        Proxy::to(Upstream::Unix(socket_of(&url))).await,
        Proxy::to(Upstream::Tcp(slack)).await,
    );
    let mut behind = start_behind(&setup, (&networks.0, &networks.1));
    behind.ready().await;
    let cuts = trial.size(2, 9);
    let partitioned = async {
        for number in 0..cuts {
            let (database, slack) = [(true, false), (true, true), (false, true)][number % 3];
            networks.0.cut(database);
            networks.1.cut(slack);
            tokio::time::sleep(PAUSE).await;
            networks.0.cut(false);
            networks.1.cut(false);
            tokio::time::sleep(BETWEEN_PAUSES).await;
        }
    };
    let (said, asked, (escalated, mut problems), (), (), ()) =
        tokio::join!(people, requests, calls, killed, stopped, partitioned);
    let limit = Duration::from_secs(if trial.is_long { 600 } else { 100 });
    let mut last = processes.pop().unwrap();
    problems.extend(setup.settled(&mut last, limit).await.err());
    let over = poll(limit, async || {
        let live = setup.deployment.number("SELECT count(*) FROM runs WHERE live").await;
        (live == Some(0)).then_some(())
    });
    if over.await.is_none() {
        problems.push("runs are not over".to_owned());
    }
    for process in processes.into_iter().chain([paused, behind]) {
        process.stop().await;
    }
    let mut counts = Counts {
        kills,
        ..setup.counts_after(problems, last, &said, limit).await
    };
    let builds = jobs::judge(&setup, &asked, &mut counts);
    counts.messages += asked.len();
    escalations::judge(&setup, &escalated, &mut counts);
    counts.more = vec![
        ("restarts", restarts as u64),
        ("pauses", pauses_of_one as u64),
        ("cuts", cuts as u64),
        ("runs", asked.len() as u64),
        ("builds", builds as u64),
        ("escalations", escalated.len() as u64),
    ];
    counts
}
