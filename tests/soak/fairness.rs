//! One channel with thousands of messages, or with files that never come: another channel's message has its turn after a
//! bounded number of the first one's.

use std::time::Duration;

use serde_json::{Value, json};
use signpost::sandbox::{ADA, RANDOM, SUPPORT};

use super::setup::Setup;
use super::trial::{Counts, Trial, run};

/// Limit of the first channel's messages that are handled between the arrival and the handling of the other channel's.
const BEFORE: i64 = 100;
/// Against a hang; the order is what counts.
const LIMIT: Duration = Duration::from_secs(40);

#[test]
fn a_channel_with_a_backlog_does_not_hold_up_another() {
    run("a_channel_with_a_backlog_does_not_hold_up_another", backlog);
}

#[test]
fn a_channel_whose_files_hang_does_not_hold_up_another() {
    run("a_channel_whose_files_hang_does_not_hold_up_another", files);
}

async fn backlog(trial: Trial) -> Counts {
    let setup = Setup::new(trial).await;
    let count = trial.size(1_400, 5_000);
    setup.backlog(count, &[SUPPORT.to_owned()]).await;
    other_is_answered(&setup, count).await
}

async fn files(trial: Trial) -> Counts {
    let setup = Setup::new(trial).await;
    let id = upload(&setup).await;
    let hang = json!({"kind": "slow", "ms": 600_000, "apply": false, "method": "url_private", "times": "always"});
    setup.workspace.fault(&hang).unwrap();
    let count = trial.size(1_200, 1_300);
    for number in 0..count {
        let shared = json!({
            "files": [{"id": id}], "channel_id": SUPPORT, "initial_comment": format!("log number {number}"),
        });
        setup
            .workspace
            .call(ADA, "files.completeUploadExternal", &shared)
            .unwrap();
    }
    let mut process = setup.start();
    setup.acknowledged(&mut process).await;
    process.kill();
    other_is_answered(&setup, count).await
}

/// A text file that Slack shows a part of, so that it has to be downloaded.
async fn upload(setup: &Setup) -> String {
    let text = "nothing to see here\n".repeat(1_000);
    let file = json!({"channel": RANDOM, "name": "big.log", "content": text});
    let uploaded: Value = setup.control("upload", file).await;
    uploaded["file_id"].as_str().unwrap().to_owned()
}

/// With everything else waiting in #support, the bot starts and a message comes in elsewhere.
async fn other_is_answered(setup: &Setup, waiting: usize) -> Counts {
    let mut process = setup.start();
    process.ready().await;
    let said = setup.paste(RANDOM, 1);
    let mut counts = Counts {
        messages: 1,
        ..Counts::default()
    };
    let answered = setup.answered(&said, &mut process, LIMIT).await;
    counts.answered = usize::from(answered.is_ok());
    counts.problems.extend(answered.err());
    let between = format!(
        "SELECT count(*) FROM inbox JOIN (
             SELECT received_at AS arrived, coalesce(handled_at, 9e15) AS handled FROM inbox WHERE key LIKE '%{ts}%'
         ) WHERE lane LIKE '%:{SUPPORT}' AND handled_at > arrived AND handled_at <= handled",
        ts = said.ts
    );
    let between = setup.deployment.number(&between).await;
    match between {
        Some(between) if between <= BEFORE => {}
        found => counts.problems.push(format!(
            "{found:?} messages of the other channel were handled first, more than {BEFORE}"
        )),
    }
    process.kill();
    counts.more.push(("waiting", waiting as u64));
    counts.more.push((
        "before",
        between.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
    ));
    counts
}
