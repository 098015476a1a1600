//! What a message says, with what is attached to it; and what Slack has to be asked about places.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::{info, warn};

use super::rules::Rules;
use crate::policy;
use crate::slack::decode::Message;
use crate::slack::text;
use crate::slack::web::Web;

/// How long an answer waits for a file; then what its preview shows has to do.
const FILE: Duration = Duration::from_secs(3);
/// How long an answer waits for a link or for what a channel is.
const LINK: Duration = Duration::from_millis(1_500);
/// Links that are remembered.
const LINKS: usize = 2_000;
/// Files of one message that are read.
const FILES: usize = 3;

/// Reads.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) web: Arc<Web>,
    pub(super) rules: Arc<Rules>,
    /// Links that Slack told; they stay what they are.
    pub(super) links: Mutex<HashMap<String, String>>,
}

impl Reading {
    /// The text of a message without the mention of the bot, with its files as far as they can be read in time.
    pub(super) async fn text(&self, message: &Message) -> String {
        let mut said = text::without_mention(&message.text, &self.rules.us.user_id);
        if self.rules.by_bot(message) {
            said = text::unmarked(&said);
        }
        for file in message.unread_files().take(FILES) {
            match tokio::time::timeout(FILE, self.web.download(file)).await {
                Ok(Ok(content)) => said = text::with_content(&said, file, &content.text),
                Ok(Err(error)) => info!(%error, file = file.id, "a file is not read; its preview has to do"),
                Err(_) => warn!(file = file.id, "a file did not come in time; its preview has to do"),
            }
        }
        said
    }

    /// What was said in a thread, the oldest first; nothing when Slack does not say in time.
    pub(super) async fn thread(&self, channel: &str, thread_ts: &str) -> Vec<String> {
        let asked = self.web.thread(&self.rules.us, channel, thread_ts);
        match tokio::time::timeout(LINK, asked).await {
            Ok(Ok(said)) => said,
            Ok(Err(error)) => {
                info!(%error, "a thread is not read for the values of a form");
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    /// Where people find a message; `None` when Slack does not say in time.
    pub(super) async fn permalink(&self, channel: &str, ts: &str) -> Option<String> {
        let key = format!("{channel}:{ts}");
        if let Some(link) = self.links.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(link.clone());
        }
        let asked = tokio::time::timeout(LINK, self.web.permalink(channel, ts)).await;
        let link = asked.ok()?.ok()?;
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= LINKS {
            links.clear();
        }
        links.insert(key, link.clone());
        Some(link)
    }

    /// What a channel is to the bot. When Slack does not say in time, posting tells whether it is in it, and whom to call
    /// is not shown: strangers might read it.
    pub(super) async fn spot(&self, channel: &str) -> Spot {
        let spot = match tokio::time::timeout(LINK, self.web.conversation_info(channel)).await {
            Ok(Ok(conversation)) => Spot {
                // Of direct messages Slack tells only those with the bot.
                is_member: conversation.is_member || conversation.is_im,
                strangers: conversation.is_ext_shared,
            },
            Ok(Err(error)) => Spot {
                is_member: !error
                    .code()
                    .is_some_and(|code| matches!(code, "channel_not_found" | "not_in_channel")),
                strangers: true,
            },
            Err(_) => Spot {
                is_member: true,
                strangers: true,
            },
        };
        Spot {
            strangers: policy::is_guarded(false, spot.strangers, self.rules.is_shared_allowed(channel)),
            ..spot
        }
    }
}

/// What a channel is to the bot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    /// The bot is in it and can post there.
    pub(super) is_member: bool,
    /// Another organisation reads it, and is not allowed to see everything.
    pub(super) strangers: bool,
}
