//! Acknowledged messages that wait while the bot is ended again and again: each is answered exactly once.

use std::time::Duration;

use super::process::Process;
use super::setup::Setup;
use super::trial::{Counts, Trial, run};

/// The signal that ends the bot: SIGKILL or SIGTERM.
#[derive(Debug, Clone, Copy)]
enum End {
    Kill,
    Stop,
}

#[test]
fn a_backlog_outlasts_kills() {
    run("a_backlog_outlasts_kills", |trial| {
        restarts(trial, End::Kill, trial.size(240, 3_000), 6)
    });
}

#[test]
fn a_backlog_outlasts_graceful_stops() {
    run("a_backlog_outlasts_graceful_stops", |trial| {
        restarts(trial, End::Stop, trial.size(240, 2_000), 5)
    });
}

async fn restarts(trial: Trial, end: End, messages: usize, ends: usize) -> Counts {
    let mut random = trial.random();
    let setup = Setup::new(trial).await;
    // Few, because a post that a kill leaves uncertain has to be looked up, and Slack allows fifty look-ups a minute. Not
    // too few, because it takes one message a second in a channel.
    let channels = setup.channels(trial.size(10, 40)).await;
    let said = setup.backlog(messages, &channels).await;
    for round in 0..ends {
        let mut process = Process::start(&setup.deployment);
        // How long a start takes depends on the machine: every second time counts from when it is over.
        if round % 2 == 1 {
            process.ready().await;
        }
        tokio::time::sleep(random.milliseconds(300..500)).await;
        match end {
            End::Kill => process.kill(),
            End::Stop => process.stop().await,
        }
    }
    let process = setup.start();
    let limit = Duration::from_secs(if trial.is_long { 600 } else { 50 });
    Counts {
        kills: ends,
        ..setup.counts(process, &said, limit).await
    }
}
