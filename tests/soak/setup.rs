//! A local workspace with one installation of the bot.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use signpost::sandbox::jenkins;
use signpost::sandbox::{ADA, App, Options, SIGNPOST, State, Workspace};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::deployment::Deployment;
use super::process::Process;
use super::trial::{Counts, Trial};

/// Between two looks of [`poll`].
const LOOK: Duration = Duration::from_millis(20);

/// Asks again and again until there is an answer; `None` after `limit`. For processes, files and counts over thousands of
/// messages, which notify nobody or change too often.
pub(super) async fn poll<T>(limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let asked = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(limit, asked).await.ok()
}

/// A message of a person.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) channel: String,
    pub(super) ts: String,
}

/// A local workspace and the installation that is connected to it.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) workspace: Workspace,
    pub(super) deployment: Deployment,
    client: reqwest::Client,
    shutdown: CancellationToken,
}

/// Slack's limits are not what these trials are about, and an event is redelivered until it is acknowledged.
pub(super) fn options() -> Options {
    Options {
        ack_timeout: Duration::from_secs(1),
        retry_delays: vec![Duration::from_millis(100); 10_000],
        rate_limits: false,
        wait_limit: Duration::from_mins(1),
        jenkins: jenkins::Options {
            executors: 20,
            ..jenkins::Options::quick()
        },
        ..Options::default()
    }
}

impl Setup {
    pub(super) async fn new(trial: Trial) -> Self {
        Self::of(Deployment::new(trial)).await
    }

    pub(super) async fn of(deployment: Deployment) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::at(listener, deployment)
    }

    /// Serves the workspace there, for this installation.
    pub(super) fn at(listener: TcpListener, deployment: Deployment) -> Self {
        let shutdown = CancellationToken::new();
        let workspace = Workspace::start(listener, options(), shutdown.clone());
        deployment.configure(&workspace.api_url());
        Self {
            workspace,
            deployment,
            client: client(),
            shutdown,
        }
    }

    pub(super) fn start(&self) -> Process {
        Process::start(&self.deployment)
    }

    /// An action of `/sandbox/`.
    pub(super) async fn control(&self, action: &str, body: Value) -> Value {
        let url = format!("{}/sandbox/{action}", self.workspace.url());
        let sent = self.client.post(url).json(&body).send().await.unwrap();
        let answer: Value = sent.json().await.unwrap();
        assert_eq!(answer["ok"], true, "{action}: {answer}");
        answer
    }

    /// An action of `/sandbox/` that may fail, such as a click on what is gone.
    pub(super) async fn tries(&self, action: &str, body: Value) -> Value {
        let url = format!("{}/sandbox/{action}", self.workspace.url());
        let sent = self.client.post(url).json(&body).send().await.unwrap();
        sent.json().await.unwrap()
    }

    /// Creates channels; returns their ids.
    pub(super) async fn channels(&self, count: usize) -> Vec<String> {
        let mut channels = Vec::new();
        for number in 0..count {
            let made = self.control("channel", json!({"name": format!("team-{number}")})).await;
            channels.push(made["channel"].as_str().unwrap().to_owned());
        }
        channels
    }

    /// A person pastes an error that the runbook covers. The number makes it different from every other.
    pub(super) fn paste(&self, channel: &str, number: usize) -> Said {
        let text = format!("deploy failed: QX4711: the flux capacitor of node w-{number} is empty");
        let ts = self.workspace.say(ADA, channel, &text).unwrap();
        Said {
            channel: channel.to_owned(),
            ts,
        }
    }

    /// Pastes such an error below many other lines.
    pub(super) fn long_paste(&self, channel: &str, number: usize) -> Said {
        let lines = "worker 7 served a request in 12 ms\n".repeat(80);
        let text = format!("{lines}deploy failed: QX4711: the flux capacitor of node w-{number} is empty");
        let ts = self.workspace.say(ADA, channel, &text).unwrap();
        Said {
            channel: channel.to_owned(),
            ts,
        }
    }

    /// Pastes errors, spread over the channels.
    pub(super) fn pastes(&self, count: usize, channels: &[String]) -> Vec<Said> {
        let channels = channels.iter().cycle();
        let said = channels.take(count).enumerate();
        said.map(|(number, channel)| self.paste(channel, number)).collect()
    }

    /// Waits until the bot has acknowledged every event.
    pub(super) async fn acknowledged(&self, process: &mut Process) {
        let waited = poll(Duration::from_mins(1), async || {
            process.assert_running();
            (self.unacknowledged() == 0).then_some(())
        });
        if waited.await.is_none() {
            let left = self.unacknowledged();
            panic!("{left} events are not acknowledged after a minute:\n{}", process.log());
        }
    }

    pub(super) fn unacknowledged(&self) -> usize {
        self.workspace.read(|state| app(state).unacknowledged())
    }

    /// Errors that the bot has acknowledged and, for the most part, not handled; no bot is running.
    pub(super) async fn backlog(&self, count: usize, channels: &[String]) -> Vec<Said> {
        let mut process = self.start();
        process.ready().await;
        let said = self.pastes(count, channels);
        self.acknowledged(&mut process).await;
        process.kill();
        let waiting = self.deployment.unfinished().await;
        assert!(
            waiting.is_some_and(|waiting| usize::try_from(waiting).unwrap() >= count / 3),
            "only {waiting:?} of {count} were waiting: this trial shows nothing"
        );
        said
    }

    /// Waits until the bot has nothing left to do: all events are acknowledged, all rows handled, all answers sent.
    pub(super) async fn settled(&self, process: &mut Process, limit: Duration) -> Result<(), String> {
        let settled = poll(limit, async || {
            process.assert_running();
            let is_over = self.unacknowledged() == 0 && self.deployment.unfinished().await == Some(0);
            is_over.then_some(())
        });
        if settled.await.is_some() {
            return Ok(());
        }
        let (rows, unacknowledged) = (self.deployment.unfinished().await, self.unacknowledged());
        Err(format!(
            "after {limit:?}: {rows:?} rows of the store unfinished, {unacknowledged} events not acknowledged:\n{}",
            process.log()
        ))
    }

    /// Waits as [`Self::settled`] does, stops the bot, and counts the answers to each message.
    pub(super) async fn counts(&self, process: Process, said: &[Said], limit: Duration) -> Counts {
        self.counts_after(Vec::new(), process, said, limit).await
    }

    /// Counts as [`Self::counts`] does, without waiting when the trial has failed already.
    pub(super) async fn counts_after(
        &self,
        problems: Vec<String>,
        mut process: Process,
        said: &[Said],
        limit: Duration,
    ) -> Counts {
        let mut counts = Counts {
            problems,
            ..Counts::default()
        };
        if counts.problems.is_empty() {
            counts.problems.extend(self.settled(&mut process, limit).await.err());
        }
        match self.deployment.set_aside().await {
            Some(0) => {}
            found => counts.problems.push(format!("messages set aside: {found:?}")),
        }
        if counts.problems.is_empty() {
            process.stop().await;
        } else {
            drop(process);
        }
        let answers = self.answers();
        let times = |said: &Said| answers.get(&(said.channel.clone(), said.ts.clone())).copied();
        counts.messages = said.len();
        counts.answered = said.iter().filter(|said| times(said).is_some()).count();
        counts.doubled = said.iter().filter(|said| times(said) > Some(1)).count();
        counts
    }

    /// Counts the bot's messages in each thread, by channel and timestamp.
    pub(super) fn answers(&self) -> HashMap<(String, String), usize> {
        let mut answers = HashMap::new();
        self.workspace.read(|state| {
            for channel in &state.channels {
                let ours = channel.messages.values().filter(|message| message.user() == SIGNPOST);
                for thread in ours.filter_map(signpost::sandbox::Message::thread_ts) {
                    *answers.entry((channel.id.clone(), thread.to_owned())).or_insert(0) += 1;
                }
            }
        });
        answers
    }

    /// Waits until the bot has answered a message.
    pub(super) async fn answered(&self, said: &Said, process: &mut Process, limit: Duration) -> Result<(), String> {
        let found = poll(limit, async || {
            process.assert_running();
            let replies = self.workspace.replies(&said.channel, &said.ts);
            replies.iter().any(|reply| reply["user"] == SIGNPOST).then_some(())
        });
        found
            .await
            .ok_or_else(|| format!("a message is not answered within {limit:?}:\n{}", process.log()))
    }

    /// Waits until `/live` and `/ready` answer with these statuses.
    pub(super) async fn health(
        &self,
        live: u16,
        ready: u16,
        process: &mut Process,
        limit: Duration,
    ) -> Result<(), String> {
        health(&self.deployment, live, ready, process, limit).await
    }

    /// The status of `/ready` now.
    pub(super) async fn ready(&self) -> Option<u16> {
        status(&self.client, &self.deployment, "ready").await
    }
}

/// Does the same as [`Setup::health`] for an installation without a workspace.
pub(super) async fn health(
    deployment: &Deployment,
    live: u16,
    ready: u16,
    process: &mut Process,
    limit: Duration,
) -> Result<(), String> {
    let client = client();
    let mut last = (None, None);
    let found = poll(limit, async || {
        process.assert_running();
        last = (
            status(&client, deployment, "live").await,
            status(&client, deployment, "ready").await,
        );
        (last == (Some(live), Some(ready))).then_some(())
    });
    if found.await.is_some() {
        return Ok(());
    }
    Err(format!(
        "/live and /ready answer {last:?}, not {live} and {ready}, after {limit:?}:\n{}",
        process.log()
    ))
}

async fn status(client: &reqwest::Client, deployment: &Deployment, path: &str) -> Option<u16> {
    let sent = client.get(deployment.health(path)).send().await;
    sent.ok().map(|answer| answer.status().as_u16())
}

impl Drop for Setup {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30));
    builder.build().unwrap()
}

pub(super) fn app(state: &State) -> &App {
    state.apps.iter().find(|app| app.user_id == SIGNPOST).unwrap()
}
