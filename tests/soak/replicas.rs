//! Three replicas on one PostgreSQL server, which are killed or paused for longer than their leases last, while the server is
//! restarted and a fourth one is cut off from the server and from Slack. They answer pastes, follow runs of jobs, and page.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::deployment::Deployment;
use super::process::Process;
use super::proxy::{Proxy, Upstream};
use super::setup::{Said, Setup, poll};
use super::trial::{Counts, Random, Trial, run, variable};
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

/// The `signpost` of an older version, for a trial of an upgrade: every other replica is one.
const OLDER: &str = "SIGNPOST_SOAK_OLDER";

/// One more replica of the installation: with a port of its own, and with one connection, as those of a dead one count for
/// a while. The first one, and every other one, is of the older version if there is one.
fn start(setup: &Setup, number: usize) -> Process {
    let mut command = match variable(OLDER).filter(|_| number.is_multiple_of(2)) {
        Some(older) => setup.deployment.serve_with(&older),
        None => setup.deployment.serve(),
    };
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

/// Errors are pasted in every channel.
async fn pastes(setup: &Setup, channels: &[String], count: usize, mut random: Random) -> Vec<Said> {
    let mut said = Vec::new();
    while said.len() < count {
        for _ in 0..random.within(1..10) {
            let channel: &String = random.choose(channels);
            said.push(setup.paste(channel, said.len()));
        }
        tokio::time::sleep(random.milliseconds(20..200)).await;
    }
    said
}

/// Runs of jobs are asked for.
async fn requests(setup: &Setup, count: usize, mut random: Random) -> Vec<Said> {
    let mut asked = Vec::new();
    for number in 0..count {
        asked.push(jobs::ask(setup, number));
        tokio::time::sleep(random.milliseconds(500..3_000)).await;
    }
    asked
}

/// Cards are escalated, one after the other.
async fn calls(setup: &Setup, channels: &[String], count: usize) -> (Vec<Said>, Vec<String>) {
    let (mut escalated, mut problems) = (Vec::new(), Vec::new());
    for (number, channel) in channels.iter().cycle().take(count).enumerate() {
        let (said, problem) = escalations::escalate(setup, channel, number).await;
        escalated.push(said);
        problems.extend(problem);
    }
    (escalated, problems)
}

/// A replica is paused for longer than its leases last: others have its channels then.
async fn pauses(paused: &Process, count: usize) {
    for _ in 0..count {
        paused.signal("STOP");
        tokio::time::sleep(PAUSE).await;
        paused.signal("CONT");
        tokio::time::sleep(BETWEEN_PAUSES).await;
    }
}

/// A replica is cut off from the database, from both, and from Slack, for as long.
async fn cuts((database, slack): (&Proxy, &Proxy), count: usize) {
    for (is_database_cut, is_slack_cut) in [(true, false), (true, true), (false, true)]
        .into_iter()
        .cycle()
        .take(count)
    {
        database.cut(is_database_cut);
        slack.cut(is_slack_cut);
        tokio::time::sleep(PAUSE).await;
        database.cut(false);
        slack.cut(false);
        tokio::time::sleep(BETWEEN_PAUSES).await;
    }
}

async fn replicas(trial: Trial) -> Counts {
    let mut random = trial.random();
    let (kills, restarts) = (trial.size(6, 100), trial.size(2, 10));
    let (pauses_of_one, cuts_of_one) = (trial.size(1, 8), trial.size(2, 9));
    let moments = if trial.is_long { 1_000..4_000 } else { 300..1_500 };
    let (mut server, url) = Server::start();
    let setup = Setup::of(Deployment::new(trial).with_database(&url)).await;
    setup
        .deployment
        .register(&jobs::registry(&setup.workspace.jenkins_url()));
    setup.deployment.register_team(&setup.workspace.oncall_url());
    let channels = setup.channels(trial.size(8, 30)).await;
    let mut processes = Vec::new();
    for number in 0..3 {
        let mut process = start(&setup, number);
        process.ready().await;
        processes.push(process);
    }
    let mut paused = start(&setup, 1);
    paused.ready().await;
    let slack = setup.workspace.url().trim_start_matches("http://").to_owned();
    let database = Proxy::to(Upstream::Unix(socket_of(&url))).await;
    let slack = Proxy::to(Upstream::Tcp(slack)).await;
    let mut behind = start_behind(&setup, (&database, &slack));
    behind.ready().await;

    let (of_pastes, of_requests) = (random.clone(), random.clone());
    let killed = async {
        for number in 0..kills {
            tokio::time::sleep(random.milliseconds(moments.clone())).await;
            let victim = usize::try_from(random.within(0..3)).unwrap();
            let next = start(&setup, number);
            std::mem::replace(&mut processes[victim], next).kill();
            if number % (kills / restarts) == 1 {
                server.restart();
            }
        }
    };
    let (said, asked, (escalated, mut problems), (), (), ()) = tokio::join!(
        pastes(&setup, &channels, trial.size(150, 3_000), of_pastes),
        requests(&setup, trial.size(3, 60), of_requests),
        calls(&setup, &channels, trial.size(2, 15)),
        killed,
        pauses(&paused, pauses_of_one),
        cuts((&database, &slack), cuts_of_one),
    );
    let limit = Duration::from_secs(if trial.is_long { 600 } else { 100 });
    let mut last = processes.pop().unwrap();
    problems.extend(over(&setup, &mut last, limit).await.err());
    for process in processes.into_iter().chain([paused, behind]) {
        process.stop().await;
    }
    let mut counts = setup.counts_after(problems, last, &said, limit).await;
    let builds = jobs::judge(&setup, &asked, &mut counts);
    counts.messages += asked.len();
    escalations::judge(&setup, &escalated, &mut counts);
    counts.kills = kills;
    counts.more = [
        ("restarts", restarts),
        ("pauses", pauses_of_one),
        ("cuts", cuts_of_one),
        ("runs", asked.len()),
        ("builds", builds),
        ("escalations", escalated.len()),
    ]
    .map(|(name, count)| (name, count as u64))
    .to_vec();
    counts
}

/// Waits until everything is handled and sent, and no run is under way.
async fn over(setup: &Setup, process: &mut Process, limit: Duration) -> Result<(), String> {
    setup.settled(process, limit).await?;
    let over = poll(limit, async || {
        let live = setup.deployment.number("SELECT count(*) FROM runs WHERE live").await;
        (live == Some(0)).then_some(())
    });
    over.await.ok_or_else(|| "runs are not over".to_owned())?;
    setup.settled(process, limit).await
}
