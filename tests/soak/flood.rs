//! Messages that come in while the bot is killed at seeded moments.

use std::time::Duration;

use super::setup::Setup;
use super::trial::{Counts, Trial, run};

#[test]
fn a_flood_outlasts_kills() {
    run("a_flood_outlasts_kills", flood);
}

async fn flood(trial: Trial) -> Counts {
    let mut random = trial.random();
    let messages = trial.size(150, 2_000);
    let kills = trial.size(6, 30);
    let setup = Setup::new(trial).await;
    let channels = setup.channels(trial.size(10, 40)).await;
    let mut process = setup.start();
    process.ready().await;

    let mut pauses = random.clone();
    let people = async {
        let mut said = Vec::new();
        while said.len() < messages {
            for _ in 0..pauses.within(1..20) {
                let channel: &String = pauses.choose(&channels);
                said.push(setup.paste(channel, said.len()));
            }
            tokio::time::sleep(pauses.milliseconds(10..120)).await;
        }
        said
    };
    let killed = async {
        for _ in 0..kills {
            tokio::time::sleep(random.milliseconds(50..900)).await;
            process.kill();
            process = setup.start();
        }
        process
    };
    let (said, process) = tokio::join!(people, killed);
    let limit = Duration::from_secs(if trial.is_long { 600 } else { 50 });
    Counts {
        kills,
        ..setup.counts(process, &said, limit).await
    }
}
