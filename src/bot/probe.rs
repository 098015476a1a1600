//! `signpost doctor --probe CHANNEL`: a test that the bot can find its own posts there again.
//!
//! After a crash the bot looks an answer up by its metadata before it sends it again. It is not documented clearly that
//! Slack returns the metadata to a bot in every kind of channel, so this tries it.

use std::time::Duration;

use uuid::Uuid;

use crate::clock::Clock as _;
use crate::slack::decode::Identity;
use crate::slack::web::{Error, Outgoing, Web};

/// Text of the test messages, which people see for a moment.
const TEXT: &str = "Signpost is checking whether it can find its own messages. This message is deleted right away.";
/// Look-ups, a second apart: a message may take a moment until it can be read.
const LOOKS: u32 = 3;
/// Seconds before the start of the probe from which messages are read.
const BEFORE: i64 = 60;

/// Posts a message and a reply, looks for both, deletes both, and reports the result.
pub(super) async fn probe(web: &Web, us: &Identity, channel: &str) -> Result<String, String> {
    let oldest = web.time().now().as_second() - BEFORE;
    let slack = ProbedWorkspace { web, us };
    let root = post(&slack, channel, None, oldest).await?;
    let reply = post(&slack, channel, Some(&root.ts), oldest).await;
    let mut left = Vec::new();
    for ts in reply.iter().map(|reply| &reply.ts).chain([&root.ts]) {
        if let Err(cause) = slack.web.delete_message(channel, ts).await {
            left.push(format!(
                "the probe {ts} could not be deleted ({cause}); delete it manually"
            ));
        }
    }
    let mut faults: Vec<String> = Vec::new();
    faults.extend(root.fault);
    match reply {
        Ok(reply) => faults.extend(reply.fault),
        Err(fault) => faults.push(fault),
    }
    faults.extend(left);
    if faults.is_empty() {
        return Ok(format!(
            "messages and replies in {channel} can be found by their metadata and deleted"
        ));
    }
    Err(faults.join("; "))
}

/// The workspace, and the bot in it.
struct ProbedWorkspace<'a> {
    web: &'a Web,
    us: &'a Identity,
}

/// A posted message, and the reason why it could not be found again.
struct Posted {
    ts: String,
    fault: Option<String>,
}

async fn post(
    slack: &ProbedWorkspace<'_>,
    channel: &str,
    thread_ts: Option<&str>,
    oldest: i64,
) -> Result<Posted, String> {
    let key = format!("probe:{}", Uuid::new_v4());
    let message = Outgoing {
        channel,
        thread_ts,
        text: TEXT,
        blocks: &[],
        key: &key,
    };
    let posted = slack.web.post_message(&message).await;
    let ts = posted.map_err(|cause| format!("nothing could be posted in {channel}: {cause}"))?;
    let (what, method) = match thread_ts {
        None => ("message", "conversations.history"),
        Some(_) => ("reply", "conversations.replies"),
    };
    let risk = "after a crash, answers there cannot be looked up, so they are reported and not sent again";
    let mut fault = None;
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let found = slack.web.find_posted(slack.us, channel, thread_ts, &key, oldest).await;
        fault = match found {
            Ok(Some(found)) if found == ts => None,
            Ok(_) => Some(format!("{method} does not return the metadata of a {what}: {risk}")),
            Err(Error::RateLimited { .. }) => Some(format!("{method} is rate limited, try again later")),
            Err(cause) => Some(format!("a {what} cannot be looked up ({cause}): {risk}")),
        };
        if fault.is_none() {
            break;
        }
    }
    Ok(Posted { ts, fault })
}
