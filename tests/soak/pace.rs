//! Posts that wait for Slack's pace: the bot needs little of the processor meanwhile. The share is printed and never judged,
//! because it depends on the machine and on how the program was built.

use std::time::{Duration, Instant};

use super::process::Process;
use super::setup::{Setup, poll};
use super::trial::{Counts, Trial, run};

#[test]
fn posts_that_wait_for_slacks_pace() {
    run("posts_that_wait_for_slacks_pace", wait);
}

async fn wait(trial: Trial) -> Counts {
    let setup = Setup::new(trial).await;
    let channels = setup.channels(trial.size(4, 40)).await;
    let mut process = setup.start();
    process.ready().await;
    // More than wait at the end of the measurement: each channel takes one post a second.
    let said = setup.pastes(trial.size(40, 6_000), &channels);
    setup.acknowledged(&mut process).await;
    let handled = poll(Duration::from_mins(5), async || {
        process.assert_running();
        let left = "SELECT count(*) FROM inbox WHERE state NOT IN ('handled', 'set_aside')";
        (setup.deployment.number(left).await == Some(0)).then_some(())
    });
    assert!(
        handled.await.is_some(),
        "the messages are not handled:\n{}",
        process.log()
    );
    let waiting = "SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'uncertain')";
    let waiting = setup.deployment.number(waiting).await.unwrap_or_default();
    let (before, begun) = (processor_time(&process), Instant::now());
    tokio::time::sleep(Duration::from_secs(if trial.is_long { 20 } else { 3 })).await;
    let (used, took) = (processor_time(&process).saturating_sub(before), begun.elapsed());
    let share = (used.as_secs_f64() / took.as_secs_f64() * 100.0).round();
    let figures = vec![
        ("waiting", u64::try_from(waiting).unwrap_or_default()),
        ("processor_percent", share as u64),
    ];
    let mut counts = if trial.is_long {
        // Sending all of them would take minutes, and other trials count what arrives.
        Counts::default()
    } else {
        setup.counts(process, &said, Duration::from_mins(1)).await
    };
    counts.more.extend(figures);
    counts
}

/// The processor time that a process has used, in steps of 10 ms.
fn processor_time(process: &Process) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap_or_default();
    // The name of the program may hold blanks; user and system time are the 14th and 15th field.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
